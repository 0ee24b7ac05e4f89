//! Runtimes: what the images of a language have in common.

use std::str::FromStr;
use std::sync::LazyLock;

use pep440_rs::{Version, VersionSpecifiers};
use serde_json::Value;

use super::bundle::{
    self,
    python::{self, Bundle},
};
use super::templates::PYTHON_ENTRY_POINT;
use crate::component::Component;
use crate::diagnostic::Diagnostic;
use crate::language::Language;

/// The variable and value that make an entry point skip outputs the script never set.
pub const SKIPS_UNSET: (&str, &str) = ("C3_UNSET_OUTPUTS", "skip");

/// The variable that makes an operator deliver texts as files too.
pub(super) const TEXTS_AS_FILES: (&str, &str) = ("C3_TEXT_OUTPUTS", "file");

/// The same for an engine that takes a line end off the end of a text, as Argo does (`SaveParameters` in
/// `workflow/executor/executor.go`): the operator adds one.
pub(super) const TEXTS_AS_LINES: (&str, &str) = ("C3_TEXT_OUTPUTS", "line");

/// The variable that names a JSON file for all outputs that are texts or numbers.
pub(super) const COLLECTED: &str = "C3_COLLECTED_OUTPUTS";

/// How an image runs programs of a language.
#[derive(Debug)]
pub struct Runtime {
    /// The language.
    pub language: Language,
    /// The program that runs a script, found on the image's `PATH`.
    pub interpreter: &'static str,
    /// The command that runs an operator, given the paths of its entry point and script.
    pub command: fn(&str, &str) -> Vec<String>,
    /// The image's working directory, without a `/` at its end.
    pub working_dir: &'static str,
    /// Variables of the image: names and values.
    pub environment: &'static [(&'static str, &'static str)],
    /// Writes the entry point of an interface.
    pub entry_point: fn(&Value) -> String,
    /// Ending of the file names of scripts and entry points.
    pub extension: &'static str,
    /// Default of `--image-version`.
    pub image_version: &'static str,
    /// The base image for an `--image-version`.
    pub base_image: fn(&str) -> Option<String>,
    /// The same as a small public image based on Debian, if there is one.
    pub debian_image: fn(&str) -> Option<String>,
    /// Debian packages that install the interpreter on a bare distribution.
    pub debian_packages: &'static [&'static str],
    /// Whether a program can call functions of a script, as grids and zips do.
    pub importable: bool,
    /// Names of the interpreter on a user's machine, in order of preference.
    pub here: &'static [&'static str],
    /// Arguments that make the interpreter print its version.
    pub version: &'static [&'static str],
    /// What installs the packages of a script.
    pub packages: Packages,
}

/// What installs the packages of a language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packages {
    /// pip, or uv in its place, into a virtual environment.
    Pip,
    /// R, into a library of its own.
    R,
}

static PYTHON: Runtime = Runtime {
    language: Language::Python,
    interpreter: "python",
    command: |entry, _| vec!["python".to_owned(), entry.to_owned()],
    working_dir: "/opt/app-root/src",
    environment: &[("PYTHONUNBUFFERED", "1")],
    entry_point: python_entry_point,
    extension: "py",
    image_version: "python3.12",
    base_image: python_image,
    debian_image: |image_version| Some(format!("python:{}-slim", python_version(image_version)?)),
    debian_packages: &["python3", "python3-pip", "python-is-python3"],
    importable: true,
    here: &["python3", "python"],
    version: &["-S", "-c", "import sys; print(sys.version.split()[0])"],
    packages: Packages::Pip,
};

/// The entry point is a program of `sh` that starts R, and R's user profile: R itself then runs the script.
static R: Runtime = Runtime {
    language: Language::R,
    interpreter: "Rscript",
    command: |entry, _| vec!["sh".to_owned(), entry.to_owned()],
    working_dir: "/home/docker",
    environment: &[],
    entry_point: bundle::r::entry_point,
    extension: "R",
    image_version: "R4.3.2",
    base_image: r_image,
    debian_image: |_| None,
    debian_packages: &["r-base-core", "r-base-dev"],
    importable: false,
    here: &["Rscript"],
    version: &["-e", "cat(as.character(getRversion()))"],
    packages: Packages::R,
};

/// Every runtime.
pub static RUNTIMES: &[&Runtime] = &[
    &PYTHON,
    &R,
    #[cfg(test)]
    &TOY,
];

/// The runtime of a language.
#[must_use]
pub fn of(language: Language) -> &'static Runtime {
    match language {
        Language::Python => &PYTHON,
        Language::R => &R,
        #[cfg(test)]
        Language::Toy => &TOY,
    }
}

/// A language of the tests.
#[cfg(test)]
static TOY: Runtime = Runtime {
    language: Language::Toy,
    interpreter: "toy",
    command: |entry, script| vec!["toy".to_owned(), entry.to_owned(), script.to_owned()],
    working_dir: "/toys",
    environment: &[],
    entry_point: ToString::to_string,
    extension: "toy",
    image_version: "toy1",
    base_image: |version| Some(format!("toys:{}", version.strip_prefix("toy")?)),
    debian_image: |_| None,
    debian_packages: &[],
    importable: false,
    here: &["toy"],
    version: &["--version"],
    packages: Packages::R,
};

/// The entry point of Python operators, without an interface.
static PYTHON_BUNDLE: LazyLock<Bundle> = LazyLock::new(|| python_bundle(&["recording"]));

/// The same for a notebook whose run is recorded.
static RECORDING_BUNDLE: LazyLock<Bundle> = LazyLock::new(|| python_bundle(&[]));

fn python_bundle(without: &[&str]) -> Bundle {
    let modules = ["start", "interface", "loading", "main"];
    Bundle::new(PYTHON_ENTRY_POINT, &modules, &["INTERFACE"], without)
}

fn python_entry_point(interface: &Value) -> String {
    let title = "\"\"\"Entry point of an operator, made by c3 from `templates/runtime/python/`.\"\"\"\n";
    let bundle = if interface["record"].is_null() { &PYTHON_BUNDLE } else { &RECORDING_BUNDLE };
    format!("{title}{}", bundle.with(&[("INTERFACE", python::literal(interface))]))
}

/// `python3.12` → `registry.access.redhat.com/ubi8/python-312`.
fn python_image(image_version: &str) -> Option<String> {
    let version = python_version(image_version)?;
    Some(format!("registry.access.redhat.com/ubi8/python-{}", version.replace('.', "")))
}

/// `R4.3.2` → `r-base:4.3.2`.
fn r_image(image_version: &str) -> Option<String> {
    let version = image_version.strip_prefix(['R', 'r']).unwrap_or(image_version);
    let parts: Vec<_> = version.split('.').collect();
    (parts.len() == 3 && parts.into_iter().all(is_number)).then(|| format!("r-base:{version}"))
}

fn is_number(part: &str) -> bool {
    !part.is_empty() && part.len() < 4 && part.bytes().all(|byte| byte.is_ascii_digit())
}

/// The version of Python in an `--image-version`: `python3.12` and `3.12` → `3.12`.
#[must_use]
pub fn python_version(image_version: &str) -> Option<&str> {
    let version = image_version.strip_prefix("python").unwrap_or(image_version);
    let (major, minor) = version.split_once('.')?;
    (is_number(major) && is_number(minor)).then_some(version)
}

/// The diagnostic for a `requires-python` that excludes a version such as `3.12`.
fn excluded(component: &Component, version: &str, Owner { name, options }: Owner) -> Option<Diagnostic> {
    let required = component.requires_python.as_deref()?;
    let Ok(specifiers) = VersionSpecifiers::from_str(required) else {
        let message = format!("`requires-python = \"{required}\"` is not a version specifier");
        return Some(
            Diagnostic::error("python-version", message).hint("write it as PEP 440 says, such as `>=3.12`"),
        );
    };
    let found = Version::from_str(version).ok()?;
    (!contains(&specifiers, &found)).then(|| {
        let message = format!("`requires-python = \"{required}\"` excludes Python {version} of {name}");
        Diagnostic::error("python-version", message)
            .hint(format!("choose another with {options}, or change `requires-python`"))
    })
}

/// The diagnostic for syntax that a version such as `3.9` doesn't have.
fn newer_syntax(component: &Component, version: &str, owner: Owner) -> Option<Diagnostic> {
    let found = Version::from_str(version).ok()?;
    let is_newer = |since: &str| Version::from_str(since).is_ok_and(|since| found < since);
    let syntax = component.newer_syntax.iter().find(|syntax| is_newer(&syntax.since))?;
    let Owner { name, options } = owner;
    let message = format!("{} before Python {}; {name} has {version}", syntax.complaint, syntax.since);
    let hint = format!("choose a newer Python with {options}, or write it as the older one knows it");
    Some(Diagnostic::error("newer-syntax", message).at(syntax.span.clone()).hint(hint))
}

/// Something that has a Python, and how to choose another.
#[derive(Debug, Clone, Copy)]
pub struct Owner {
    /// Its name.
    pub name: &'static str,
    /// The options that choose another Python.
    pub options: &'static str,
}

/// The options that choose the Python of the operator's own image.
pub const PYTHON_OPTIONS: &str = "`--image-version` or `--base-image`";

/// The base image of the operator's own image.
pub const BASE_IMAGE: Owner = Owner { name: "the base image", options: PYTHON_OPTIONS };

/// Diagnostics for a component that a version such as `3.12` can't run.
#[must_use]
pub fn python_mismatch(component: &Component, version: &str, owner: Owner) -> Option<Diagnostic> {
    excluded(component, version, owner).or_else(|| newer_syntax(component, version, owner))
}

/// Whether a version is allowed; one without a patch level includes all of them.
fn contains(specifiers: &VersionSpecifiers, version: &Version) -> bool {
    let patched = Version::new(version.release().iter().copied().chain([999]));
    specifiers.contains(version) || (version.release().len() < 3 && specifiers.contains(&patched))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_images_match_the_python_version() {
        let image = |runtime: &Runtime, version| (runtime.base_image)(version);
        let python = |name: &str| Some(format!("registry.access.redhat.com/ubi8/{name}"));
        assert_eq!(image(&PYTHON, "python3.12"), python("python-312"));
        assert_eq!(image(&PYTHON, "3.9"), python("python-39"));
        for version in ["python", "3", "3.x", "3.12.1", "", "R4.3.2", "python3.12\nUSER root"] {
            assert_eq!(image(&PYTHON, version), None, "{version:?}");
        }
        assert_eq!(image(&R, "R4.3.2").as_deref(), Some("r-base:4.3.2"));
        assert_eq!(image(&R, "4.4.0").as_deref(), Some("r-base:4.4.0"));
        for version in ["R", "R4.3", "python3.12", "R4.3.x", "R4.3.2 x", ""] {
            assert_eq!(image(&R, version), None, "{version:?}");
        }
    }

    #[test]
    fn a_minor_version_matches_all_its_patches() {
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
