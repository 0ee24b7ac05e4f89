//! Mirrors: other places to pull images from.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::{Reference, check_repository, registry_host, registry_path, split_suffix};

/// Mirrors by registry, or registry and namespace such as `docker.io/nvidia`. As in the `registries.conf` of
/// Podman and Skopeo, the longest matching prefix of an image's name counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Mirrors(BTreeMap<String, String>);

impl Mirrors {
    /// The name to pull an image by: its own, or the mirror's, with the same tag and digest.
    #[must_use]
    pub fn of(&self, image: &str) -> String {
        self.mirrored(image).unwrap_or_else(|| image.to_owned())
    }

    fn mirrored(&self, image: &str) -> Option<String> {
        Reference::parse(image).ok()?;
        let repository = split_suffix(split_suffix(image, '@').0, ':').0;
        let version = &image[repository.len()..];
        let name = format!("{}/{}", registry_host(repository), registry_path(repository));
        let below = |registry: &str| {
            name.strip_prefix(registry).filter(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let found =
            self.0.iter().filter_map(|(registry, mirror)| Some((registry.len(), mirror, below(registry)?)));
        let (_, mirror, rest) = found.max_by_key(|(length, ..)| *length)?;
        Some(format!("{mirror}{rest}{version}"))
    }

    /// These over others.
    #[must_use]
    pub fn over(&self, under: &Self) -> Self {
        Self(under.0.clone().into_iter().chain(self.0.clone()).collect())
    }

    /// Whether there are no mirrors.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de> Deserialize<'de> for Mirrors {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mirrors = BTreeMap::<String, String>::deserialize(deserializer)?;
        let place = |text: &str| {
            let text = text.trim_end_matches('/');
            // A registry alone is no repository, but begins one.
            check_repository(&format!("{text}/x"), text).map(|()| text.to_owned()).map_err(D::Error::custom)
        };
        let pairs = mirrors.iter().map(|(registry, mirror)| Ok((place(registry)?, place(mirror)?)));
        Ok(Self(pairs.collect::<Result<_, D::Error>>()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mirrors(text: &str) -> Result<Mirrors, toml::de::Error> {
        toml::from_str(text)
    }

    #[test]
    fn the_longest_mirror_prefix_wins() {
        let mirrors = mirrors(
            "\"docker.io\" = \"mirror.example/hub/\"\n\"docker.io/nvidia\" = \"gpu.example:5000\"\n\"quay.io/a/b\" = \"c.example/d\"",
        )
        .expect("mirrors");
        let digest = format!("sha256:{}", "0".repeat(64));
        for (image, pulled) in [
            ("python:3.12", "mirror.example/hub/library/python:3.12"),
            ("index.docker.io/me/x", "mirror.example/hub/me/x"),
            ("nvidia/cuda:12", "gpu.example:5000/cuda:12"),
            ("nvidiax/cuda:12", "mirror.example/hub/nvidiax/cuda:12"),
            ("quay.io/a/b:1", "c.example/d:1"),
            ("quay.io/a/bc:1", "quay.io/a/bc:1"),
            ("localhost:5000/a:1", "localhost:5000/a:1"),
            ("not an image", "not an image"),
        ] {
            assert_eq!(mirrors.of(image), pulled);
        }
        assert_eq!(
            mirrors.of(&format!("r-base:4@{digest}")),
            format!("mirror.example/hub/library/r-base:4@{digest}")
        );
    }

    #[test]
    fn mirror_locations_are_validated() {
        for text in ["\"docker.io\" = \"https://mirror.example\"", "\"docker.io\" = \"a b\"", "\"\" = \"x\""]
        {
            assert!(mirrors(text).is_err(), "{text}");
        }
    }
}
