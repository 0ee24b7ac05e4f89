//! Platforms of images, and their names in wheels.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An operating system and an architecture, such as `linux/arm64`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Platform {
    /// The operating system.
    pub os: String,
    /// The architecture, as Go names it.
    pub architecture: String,
    /// Its variant, such as `v8`, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub variant: String,
}

/// Not a platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an image platform")]
pub struct PlatformError(pub String);

impl FromStr for Platform {
    type Err = PlatformError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<_> = text.split('/').collect();
        let (os, architecture, variant) = match parts.as_slice() {
            [os, architecture] => (*os, *architecture, ""),
            [os, architecture, variant] => (*os, *architecture, *variant),
            _ => return Err(PlatformError(text.to_owned())),
        };
        if os.is_empty() || architecture.is_empty() {
            return Err(PlatformError(text.to_owned()));
        }
        let [os, architecture, variant] = [os, architecture, variant].map(ToOwned::to_owned);
        Ok(Self { os, architecture, variant })
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.os, self.architecture)?;
        if self.variant.is_empty() { Ok(()) } else { write!(out, "/{}", self.variant) }
    }
}

impl Platform {
    /// This machine's platform for containers, which is always Linux.
    #[must_use]
    pub fn host() -> Self {
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "powerpc64" => "ppc64le",
            other => other,
        };
        Self { os: "linux".to_owned(), architecture: architecture.to_owned(), variant: String::new() }
    }

    /// Whether images for `other` run here; an unspecified variant is no obstacle.
    #[must_use]
    pub fn runs(&self, other: &Self) -> bool {
        let same_variant = [&self.variant, &other.variant].iter().any(|variant| variant.is_empty());
        self.os == other.os
            && self.architecture == other.architecture
            && (same_variant || self.variant == other.variant)
    }

    /// The architecture in wheel tags.
    #[must_use]
    pub fn machine(&self) -> Option<&'static str> {
        match (self.architecture.as_str(), self.os.as_str()) {
            ("amd64", "linux") => Some("x86_64"),
            ("arm64", "linux") => Some("aarch64"),
            _ => None,
        }
    }
}

/// The C library of a base image: wheels are built against one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Libc {
    /// The GNU C library, 2.x.
    Glibc(u32),
    /// musl, 1.x.
    Musl(u32),
}

impl Libc {
    /// What every base image of recent years has: the version of Red Hat's UBI 8.
    pub const USUAL: Self = Self::Glibc(28);

    /// The newest of uv's named versions that isn't newer than this one.
    #[must_use]
    pub fn uv_name(self, machine: &str) -> String {
        match self {
            Self::Glibc(version @ 31..) => format!("{machine}-manylinux_2_{}", version.min(40)),
            Self::Glibc(28..) => format!("{machine}-manylinux_2_28"),
            Self::Glibc(_) => format!("{machine}-manylinux2014"),
            Self::Musl(_) => format!("{machine}-unknown-linux-musl"),
        }
    }

    /// The tags of all wheels that run here, newest first, as pip expects them.
    #[must_use]
    pub fn tags(self, machine: &str) -> Vec<String> {
        let (name, major, newest, oldest) = match self {
            Self::Glibc(version) => ("manylinux", 2, version, 17),
            Self::Musl(version) => ("musllinux", 1, version, 0),
        };
        let versions = (oldest..=newest).rev().map(|minor| format!("{name}_{major}_{minor}_{machine}"));
        let legacy = matches!(self, Self::Glibc(_)).then(|| format!("manylinux2014_{machine}"));
        versions.chain(legacy).chain([format!("linux_{machine}")]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn platform(text: &str) -> Platform {
        text.parse().unwrap()
    }

    #[test]
    fn platforms_round_trip() {
        for text in ["linux/amd64", "linux/arm/v7"] {
            assert_eq!(platform(text).to_string(), text);
        }
        for text in ["", "linux", "linux/", "/amd64", "a/b/c/d"] {
            assert!(text.parse::<Platform>().is_err(), "{text}");
        }
    }

    #[test]
    fn variants_matter_only_if_both_platforms_have_one() {
        assert!(platform("linux/arm64").runs(&platform("linux/arm64/v8")));
        assert!(platform("linux/arm64/v8").runs(&platform("linux/arm64")));
        assert!(!platform("linux/arm/v6").runs(&platform("linux/arm/v7")));
        assert!(!platform("linux/amd64").runs(&platform("linux/arm64")));
    }

    #[test]
    fn wheel_tags_match_the_c_library() {
        assert_eq!(Libc::USUAL.uv_name("x86_64"), "x86_64-manylinux_2_28");
        assert_eq!(Libc::Glibc(36).uv_name("aarch64"), "aarch64-manylinux_2_36");
        assert_eq!(Libc::Glibc(30).uv_name("x86_64"), "x86_64-manylinux_2_28");
        assert_eq!(Libc::Glibc(99).uv_name("x86_64"), "x86_64-manylinux_2_40");
        assert_eq!(Libc::Glibc(17).uv_name("x86_64"), "x86_64-manylinux2014");
        assert_eq!(Libc::Musl(2).uv_name("x86_64"), "x86_64-unknown-linux-musl");
        let tags = Libc::Glibc(18).tags("x86_64");
        assert_eq!(
            tags,
            ["manylinux_2_18_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64", "linux_x86_64"]
        );
    }
}
