//! Runtimes: what a language's images have in common.

use crate::component::Language;

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
    let number = |part: &str| !part.is_empty() && part.len() < 4 && part.bytes().all(|byte| byte.is_ascii_digit());
    (number(major) && number(minor)).then_some(version)
}
