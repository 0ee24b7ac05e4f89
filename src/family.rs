//! Families of images: some are built from others, and a change raises the versions of all that depend on it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

use crate::frontend::credentials;
use crate::reader;
use crate::settings::choices::{self, Word};
use crate::settings::{ConfigError, Problem};

pub mod build;
mod check;
pub mod contents;
pub mod dockerfile;
mod options;
pub mod plan;
mod requirements;
mod version;

pub use options::{BuildOptions, WithCuda};
pub use version::{Published, Verdict, raised, verdict};

/// A `family.toml`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Family {
    /// Registry and namespace of the images, such as `docker.io/user`.
    pub repository: Option<String>,
    /// Suffix of the versions with CUDA.
    #[serde(default = "cuda")]
    pub cuda: String,
    /// The images, in any order.
    #[serde(rename = "image", default)]
    pub members: Vec<Member>,
}

/// One image of a family, without CUDA unless [`Member::with_cuda`] made it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Member {
    /// The last part of the image's repository, by which others refer to it.
    pub name: String,
    /// The version, raised here with every change.
    pub version: String,
    /// The description.
    pub description: String,
    /// Registry and namespace, in place of the family's.
    pub repository: Option<String>,
    /// The image of the family that it is built from.
    pub from: Option<String>,
    /// The base image, if it isn't one of the family.
    pub base: Option<String>,
    /// Whether it has the label for private or proprietary sources.
    pub authorization: bool,
    /// Packages for `apt-get install`.
    pub system: Vec<String>,
    /// Arguments of `pip install`.
    pub pip: Vec<String>,
    /// Requirement files, projects such as `pyproject.toml` and locks such as `poetry.lock`, relative to the folder of the
    /// file.
    pub requirements: Vec<PathBuf>,
    /// The user interface, if people log in to it: `desktop`, `browser` or `jupyter`.
    pub interface: Option<String>,
    /// The page that the browser opens.
    pub url: Option<String>,
    /// The Python script, R script or notebook of an application, relative to the folder of the file.
    pub source: Option<PathBuf>,
    /// Files that the application needs, relative to the folder of the file.
    pub additional_files: Vec<String>,
    /// Choices for the application, as with `--set chaimeleon.NAME=VALUE`.
    #[serde(deserialize_with = "chosen")]
    pub set: BTreeMap<String, String>,
    /// A folder with a custom Dockerfile, relative to the folder of the file.
    pub context: Option<PathBuf>,
    /// Values for `ARG`s of that Dockerfile.
    pub args: BTreeMap<String, String>,
    /// A shell command to test the image with.
    pub test: Option<String>,
    /// The differences with CUDA.
    pub cuda: Cuda,
}

/// The differences of an image with CUDA: each key replaces the image's own.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Difference {
    /// The base image, if it isn't one of the family.
    pub base: Option<String>,
    /// Packages for `apt-get install`.
    pub system: Option<Vec<String>>,
    /// Arguments of `pip install`.
    pub pip: Option<Vec<String>>,
    /// Requirement files, projects and locks.
    pub requirements: Option<Vec<PathBuf>>,
    /// Values for `ARG`s, merged with the image's own.
    pub args: BTreeMap<String, String>,
    /// A shell command to test the image with.
    pub test: Option<String>,
}

/// Whether an image also exists with CUDA.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Cuda {
    /// Inherited from its base.
    #[default]
    Inherited,
    /// No.
    No,
    /// Yes, with these differences.
    Different(Box<Difference>),
}

impl<'de> Deserialize<'de> for Cuda {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Cuda;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("`false`, or a table of what is different with CUDA")
            }

            fn visit_bool<E: de::Error>(self, wanted: bool) -> Result<Cuda, E> {
                if wanted { Err(E::invalid_value(Unexpected::Bool(true), &self)) } else { Ok(Cuda::No) }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Cuda, A::Error> {
                Difference::deserialize(MapAccessDeserializer::new(map)).map(Box::new).map(Cuda::Different)
            }
        }

        deserializer.deserialize_any(Either)
    }
}

/// The platform whose guide the images follow.
pub const PLATFORM: &str = "chaimeleon";

/// Reads the choices for an application.
fn chosen<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    let set = BTreeMap::<String, Word>::deserialize(deserializer)?;
    choices::of_target(PLATFORM, set).map_err(de::Error::custom)
}

fn cuda() -> String {
    "cuda".to_owned()
}

impl Family {
    /// Reads a file; returns its text too.
    pub fn load(path: &Path) -> Result<(Self, String), ConfigError> {
        let io = |source| ConfigError::Io { path: path.to_owned(), source };
        let text = reader::read_to_string(path).map_err(io)?;
        match Self::parse(&text) {
            Ok(family) => Ok((family, text)),
            Err(problem) => Err(ConfigError::invalid(problem, path, &text)),
        }
    }

    /// Reads the text of a file.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let family: Self = toml::from_str(text).map_err(|error| Problem::from(&error))?;
        match family.fault() {
            None => Ok(family),
            Some(fault) => Err(fault.problem(text)),
        }
    }

    /// Removes the credentials from pip's URLs; returns the names of the images that had some.
    pub fn take_out_credentials(&mut self) -> Vec<String> {
        let mut names = Vec::new();
        for member in &mut self.members {
            let with_cuda = match &mut member.cuda {
                Cuda::Different(difference) => difference.pip.as_mut(),
                Cuda::Inherited | Cuda::No => None,
            };
            let words = member.pip.iter_mut().chain(with_cuda.into_iter().flatten());
            if credentials::take_out_of(words) {
                names.push(member.name.clone());
            }
        }
        names
    }

    /// The names of all images, for messages.
    #[must_use]
    pub fn names(&self) -> String {
        listed(self.members.iter())
    }

    /// The image with this name.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.name == name)
    }

    /// The images, each after its base.
    #[must_use]
    pub fn in_order(&self) -> Vec<&Member> {
        let mut members: Vec<_> = self.members.iter().collect();
        members.sort_by_key(|member| self.ancestors(member).count());
        members
    }

    /// The bases of an image, nearest first.
    fn ancestors<'a>(&'a self, member: &'a Member) -> impl Iterator<Item = &'a Member> {
        let base = |member: &&'a Member| self.member(member.from.as_deref()?);
        // Where images stand on each other in a circle, it is cut.
        std::iter::successors(base(&member), base).take(self.members.len())
    }

    /// The root of an image's bases; itself, if its base isn't in the family.
    #[must_use]
    pub fn root<'a>(&'a self, member: &'a Member) -> &'a Member {
        self.ancestors(member).last().unwrap_or(member)
    }

    /// Whether an image depends on another.
    #[must_use]
    pub fn stands_on(&self, member: &Member, other: &str) -> bool {
        self.ancestors(member).any(|ancestor| ancestor.name == other)
    }

    /// Whether an image also exists with CUDA.
    #[must_use]
    pub fn has_cuda(&self, member: &Member) -> bool {
        let root = self.root(member);
        let is_refused = |member: &Member| member.cuda == Cuda::No;
        root.difference().is_some() && !is_refused(member) && !self.ancestors(member).any(is_refused)
    }

    /// The repository of an image, without a tag.
    #[must_use]
    pub fn repository(&self, member: &Member, repository: Option<&str>) -> String {
        let given = repository.or(member.repository.as_deref()).or(self.repository.as_deref());
        given.map_or_else(
            || member.name.clone(),
            |given| format!("{}/{}", given.trim_end_matches('/'), member.name),
        )
    }

    /// Whether an image can be pushed, as its repository is known.
    #[must_use]
    pub fn is_named(&self, member: &Member, repository: Option<&str>) -> bool {
        repository.or(member.repository.as_deref()).or(self.repository.as_deref()).is_some()
    }

    /// The tag of an image.
    #[must_use]
    pub fn tag(&self, version: &str, cuda: bool) -> String {
        if cuda { format!("{version}{}", self.cuda) } else { version.to_owned() }
    }
}

/// The names of images, for messages.
pub fn listed<'a>(members: impl Iterator<Item = &'a Member>) -> String {
    members.map(|member| format!("`{}`", member.name)).collect::<Vec<_>>().join(", ")
}

impl Member {
    /// Its differences with CUDA.
    fn difference(&self) -> Option<&Difference> {
        match &self.cuda {
            Cuda::Different(difference) => Some(difference),
            Cuda::Inherited | Cuda::No => None,
        }
    }

    /// The same image with CUDA.
    #[must_use]
    pub fn with_cuda(&self) -> Self {
        let Some(difference) = self.difference().cloned() else { return self.clone() };
        let args = self.args.clone().into_iter().chain(difference.args).collect();
        Self {
            base: difference.base.or_else(|| self.base.clone()),
            system: difference.system.unwrap_or_else(|| self.system.clone()),
            pip: difference.pip.unwrap_or_else(|| self.pip.clone()),
            requirements: difference.requirements.unwrap_or_else(|| self.requirements.clone()),
            test: difference.test.or_else(|| self.test.clone()),
            args,
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests;
