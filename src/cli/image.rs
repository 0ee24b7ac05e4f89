//! The image of an operator: by an engine, or by `c3` itself where there is none.

use std::collections::BTreeMap;
use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use c3::backend::variant::{Archive as Form, Variant};
use c3::backend::{Settings, runtime};
use c3::component::Component;
use c3::context::Context;
use c3::diagnostic::Diagnostic;
use c3::engine::docker::Engine;
use c3::engine::endpoint::{Endpoint, Rule};
use c3::engine::indexes::Given;
use c3::engine::oci::platform::Platform;
use c3::engine::oci::{Assembler, on_disk};
use c3::frontend::credentials;
use c3::progress::Progress;
use c3::reader;
use c3::recipe::COMPONENT_LABEL;
use clap::ValueEnum;
use serde::Serialize;
use tempfile::NamedTempFile;

use super::console;
use super::failure::{ENGINE, Failure, INPUT, USAGE};
use super::options::LogLevel;
use super::plan::{ARCHIVE, Plan};

mod assembled;
pub(crate) mod built;

/// What makes an image, as the command line has it.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    /// The engine of `DOCKER_HOST` or the Docker context if one is named, else the one at the default socket, else oci
    Auto,
    /// A container engine: Docker or Podman
    Docker,
    /// c3 itself: no engine is asked; packages are installed from wheels
    Oci,
}

/// What makes an image.
pub(crate) enum Builder {
    /// A container engine.
    Engine(Box<Engine>),
    /// `c3` itself.
    Assembler(Assembler),
}

/// An image that was made.
#[derive(Debug, Serialize)]
pub(crate) struct Image {
    /// Its reference with the version.
    pub(crate) reference: String,
    /// Its id in an engine.
    pub(crate) id: String,
    /// The digest that a registry knows it by, if it was pushed.
    pub(crate) digest: Option<String>,
    /// The archive that holds it, if there is one.
    pub(crate) archive: Option<PathBuf>,
}

/// How an image is made.
pub(crate) struct Order<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) context: &'a Context,
    pub(crate) platforms: &'a [Platform],
    /// The version of Python that the command line asks for.
    pub(crate) python: Option<&'a str>,
    pub(crate) no_cache: bool,
    /// Build secrets, and what logins are found by.
    pub(crate) given: Given<'a>,
    pub(crate) push: bool,
    /// Whether the version was chosen for its being the next: others may have chosen it, too.
    pub(crate) claimed: bool,
    pub(crate) base_archive: Option<&'a Path>,
    pub(crate) archive: Option<&'a Path>,
}

impl Order<'_> {
    /// Warns of build secrets that nothing asks for: an id may be misspelt.
    fn tell_unused(&self, ids: &[String], level: LogLevel) {
        for id in ids {
            let message =
                format!("nothing in the build of `{}` asks for the build secret `{id}`", self.settings.image);
            console::warning(&message, level);
        }
    }

    /// The image's name without its tag.
    fn repository(&self) -> &str {
        self.settings.image.rsplit_once(':').map_or("", |(repository, _)| repository)
    }

    /// The name of the newest image.
    fn latest(&self) -> String {
        format!("{}:latest", self.repository())
    }
}

/// Connects to the engine that is meant.
pub(crate) fn connect() -> Result<Engine, Failure> {
    Ok(Engine::connect(&Endpoint::from_environment()?)?)
}

/// The component that an image carries as a label, if it does.
pub(crate) fn component(name: &str, labels: &BTreeMap<String, String>) -> Result<Option<Component>, Failure> {
    let component = labels.get(COMPONENT_LABEL).map(|label| serde_json::from_str(label)).transpose();
    let mut component: Option<Component> = component
        .map_err(|error| Failure::new(INPUT, format!("the component of `{name}` can't be read: {error}")))?;
    component.iter_mut().for_each(credentials::hide);
    Ok(component)
}

impl Builder {
    /// What the command line, the environment and the machine decide on.
    pub(crate) fn choose(choice: Choice, level: LogLevel) -> Result<Self, Failure> {
        if choice == Choice::Oci {
            return Ok(Self::Assembler(Assembler::new()?));
        }
        let endpoint = Endpoint::from_environment()?;
        match Engine::connect(&endpoint) {
            Ok(engine) => Ok(Self::Engine(Box::new(engine))),
            Err(_) if choice == Choice::Auto && endpoint.rule == Rule::Default => {
                let note = "note: no container engine answers: c3 makes the image itself (`--builder oci`)";
                console::info(note, level);
                Ok(Self::Assembler(Assembler::new()?))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Refuses what this builder can't make, before anything long begins.
    pub(crate) fn check(
        &self,
        plan: &Plan,
        variant: Option<&Variant>,
        platforms: &[Platform],
        level: LogLevel,
    ) -> Result<(), Failure> {
        match (self, variant) {
            (Self::Engine(_), _) if platforms.len() > 1 => {
                Err(Failure::new(USAGE, "an engine builds for one platform at a time")
                    .hint("choose `--builder oci`, which makes one image for all of them"))
            }
            (Self::Engine(_), _) if on_disk(&plan.settings.base_image).is_some() => {
                let message = format!("no engine builds from `{}`", plan.settings.base_image);
                Err(Failure::new(USAGE, message).hint("choose `--builder oci`, or load it and give its name"))
            }
            (Self::Engine(_), _) => Ok(()),
            (Self::Assembler(_), Some(variant)) => {
                let message =
                    format!("the image for `{}` can't be made without a container engine", variant.name);
                Err(Failure::new(ENGINE, message)
                    .hint("start Docker or Podman; `c3 doctor` tells what was found"))
            }
            (Self::Assembler(_), None) => assembled::check(plan, level),
        }
    }

    /// Where an image is that is neither pushed nor in an engine: an archive beside the files.
    pub(crate) fn archive(&self, plan: &Plan) -> Option<PathBuf> {
        let archive = || plan.folder.join(format!("{}{ARCHIVE}", plan.settings.stem));
        matches!(self, Self::Assembler(_)).then(archive)
    }

    /// Makes an image, and pushes it as its version and as `latest`.
    pub(crate) fn build(&self, plan: &Plan, order: &Order, progress: &Progress) -> Result<Image, Failure> {
        match self {
            Self::Engine(engine) => built::build(engine, plan, order, progress),
            Self::Assembler(assembler) => assembled::build(assembler, plan, order, progress),
        }
    }
}

/// An archive that is going to be written; its place is known to be good before anything is built.
struct Archive<'a> {
    path: &'a Path,
    form: Form,
    file: NamedTempFile,
}

impl<'a> Archive<'a> {
    fn create(path: &'a Path, form: Form) -> Result<Self, Failure> {
        if let Some(kind) = reader::special(path).or_else(|| path.is_dir().then_some("directory")) {
            let failure = Failure::new(INPUT, format!("`{}` is a {kind}, not a file", path.display()));
            return Err(failure.hint("choose another file with `--archive`"));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let anyone = Permissions::from_mode(0o666);
        let file = tempfile::Builder::new().prefix(".c3-").permissions(anyone).tempfile_in(folder);
        file.map(|file| Self { path, form, file }).map_err(|error| Self::failure(path, &error))
    }

    /// Has the archive written, and puts it in its place.
    fn save<E: Into<Failure>>(
        mut self,
        write: impl FnOnce(&mut dyn Write, Form) -> Result<(), E>,
    ) -> Result<PathBuf, Failure> {
        write(&mut self.file, self.form).map_err(Into::into)?;
        self.file.persist(self.path).map_err(|error| Self::failure(self.path, &error.error))?;
        Ok(self.path.to_owned())
    }

    fn failure(path: &Path, error: &std::io::Error) -> Failure {
        Failure::new(INPUT, format!("cannot write the archive `{}`: {error}", path.display()))
            .hint("choose another file with `--archive`")
    }
}

/// The base image's own word on its Python decides whether `requires-python` is met.
fn check_python(plan: &Plan, version: Option<&str>) -> Result<(), Failure> {
    let mismatch = version.and_then(|version| runtime::python_mismatch(&plan.component, version));
    match mismatch {
        None => Ok(()),
        Some(Diagnostic { message, hint, .. }) => {
            let failure = Failure::new(INPUT, format!("`{}`: {message}", plan.source.display()));
            Err(hint.into_iter().fold(failure, Failure::hint))
        }
    }
}
