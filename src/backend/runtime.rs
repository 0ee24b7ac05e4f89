//! Runtimes: what a language's images have in common.

use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifiers};

use crate::component::{Component, Language};
use crate::diagnostic::Diagnostic;

/// How programs of a language are run in an image.
#[derive(Debug)]
pub struct Runtime {
    /// The language.
    pub language: Language,
    /// The program that runs a script, found on the image's `PATH`.
    pub interpreter: &'static str,
    /// The image's working directory, without a `/` at its end.
    pub working_dir: &'static str,
    /// Template of the Dockerfile.
    pub dockerfile: &'static str,
    /// Template of the entry point.
    pub prelude: &'static str,
    /// Ending of the entry point's file name.
    pub extension: &'static str,
    /// What `--image-version` is unless given.
    pub image_version: &'static str,
}

/// Every runtime.
static PYTHON: Runtime = Runtime {
    language: Language::Python,
    interpreter: "python",
    working_dir: "/opt/app-root/src",
    dockerfile: "Dockerfile.python",
    prelude: "prelude.py",
    extension: "py",
    image_version: "python3.12",
};

/// The runtime of a language.
#[must_use]
pub fn of(language: Language) -> &'static Runtime {
    match language {
        Language::Python => &PYTHON,
    }
}

/// The base image of a version, `python3.12` → `registry.access.redhat.com/ubi8/python-312`.
#[must_use]
pub fn base_image(image_version: &str) -> Option<String> {
    let version = python_version(image_version)?;
    Some(format!("registry.access.redhat.com/ubi8/python-{}", version.replace('.', "")))
}

/// The version of Python in an `--image-version`: `python3.12` and `3.12` → `3.12`.
#[must_use]
pub fn python_version(image_version: &str) -> Option<&str> {
    let version = image_version.strip_prefix("python").unwrap_or(image_version);
    let (major, minor) = version.split_once('.')?;
    let number =
        |part: &str| !part.is_empty() && part.len() < 4 && part.bytes().all(|byte| byte.is_ascii_digit());
    (number(major) && number(minor)).then_some(version)
}

/// What is wrong if a component's `requires-python` excludes a version such as `3.12`.
#[must_use]
pub fn python_mismatch(component: &Component, version: &str) -> Option<Diagnostic> {
    let required = component.requires_python.as_deref()?;
    let Ok(specifiers) = VersionSpecifiers::from_str(required) else {
        let message = format!("`requires-python = \"{required}\"` is no version specifier");
        return Some(
            Diagnostic::error("python-version", message).hint("write it as PEP 440 says, such as `>=3.12`"),
        );
    };
    let found = Version::from_str(version).ok()?;
    (!contains(&specifiers, &found)).then(|| {
        let message =
            format!("`requires-python = \"{required}\"` excludes Python {version} of the base image");
        Diagnostic::error("python-version", message)
            .hint("choose another with `--image-version` or `--base-image`, or change `requires-python`")
    })
}

/// Whether a version is allowed; one without a patch level stands for all of them.
fn contains(specifiers: &VersionSpecifiers, version: &Version) -> bool {
    let patched = Version::new(version.release().iter().copied().chain([999]));
    specifiers.contains(version) || (version.release().len() < 3 && specifiers.contains(&patched))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_images_follow_the_version() {
        assert_eq!(base_image("python3.12").as_deref(), Some("registry.access.redhat.com/ubi8/python-312"));
        assert_eq!(base_image("3.9").as_deref(), Some("registry.access.redhat.com/ubi8/python-39"));
        for version in ["python", "3", "3.x", "3.12.1", "", "python3.12\nUSER root"] {
            assert_eq!(base_image(version), None, "{version:?}");
        }
    }

    #[test]
    fn a_minor_version_stands_for_all_its_patches() {
        let allows = |specifiers: &str, version: &str| {
            contains(&VersionSpecifiers::from_str(specifiers).unwrap(), &Version::from_str(version).unwrap())
        };
        assert!(allows(">=3.12", "3.12"));
        assert!(allows(">=3.12.3", "3.12"));
        assert!(allows("~=3.12", "3.13"));
        assert!(!allows("<3.12", "3.12"));
        assert!(!allows(">=3.13", "3.12"));
        assert!(!allows(">=3.12.3", "3.12.2"));
    }
}
