//! The image of an operator: built by an engine, or by `c3` itself without one.

use std::collections::BTreeMap;
use std::fs::{File, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::artifact;
use crate::backend::runtime;
use crate::backend::variant::{Archive as Form, Variant};
use crate::component::Component;
use crate::diagnostic::Diagnostic;
use crate::engine::docker::Engine;
use crate::engine::endpoint::{Endpoint, Rule};
use crate::engine::error::EngineError;
use crate::engine::indexes::Given;
use crate::engine::oci::platform::Platform;
use crate::engine::oci::{Assembler, Compression, on_disk};
use crate::engine::registry;
use crate::frontend::credentials;
use crate::hashed::digest_of;
use crate::progress::Progress;
use crate::reader;
use crate::recipe::COMPONENT_LABEL;
use clap::ValueEnum;
use serde::Serialize;
use tempfile::NamedTempFile;

use super::versions::Pushed;
use super::{ARCHIVE, Making, Part, Plan};
use crate::failure::{ENGINE, Failure, INPUT, USAGE};

mod assembled;
pub mod built;
pub mod installs;
mod refusal;

/// What builds images, as the command line says.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// The engine of `DOCKER_HOST` or the Docker context if one is named, else the one at the default socket, else oci
    Auto,
    /// A container engine: Docker or Podman
    Docker,
    /// c3 itself: no engine is asked; packages are installed from wheels
    Oci,
}

/// What makes an image.
pub enum Builder {
    /// A container engine.
    Engine(Box<Engine>),
    /// `c3` itself.
    Assembler(Box<Assembler>),
}

/// An image that was built.
#[derive(Debug, Serialize)]
pub struct Image {
    /// Its reference with the version.
    pub reference: String,
    /// Its id in an engine.
    pub id: String,
    /// Its digest in the registry, if it was pushed.
    pub digest: Option<String>,
    /// Whether its version named another image in the registry before.
    #[serde(skip)]
    pub moved: bool,
    /// The archive that holds it, if it was saved.
    pub archive: Option<PathBuf>,
    /// Bytes uploaded, if known.
    #[serde(skip)]
    pub uploaded: Option<u64>,
}

impl Image {
    fn new(reference: String, id: String, pushed: Option<Pushed>, archive: Option<PathBuf>) -> Self {
        let moved = pushed.as_ref().is_some_and(|pushed| pushed.moved);
        let digest = pushed.map(|pushed| pushed.digest);
        Self { reference, id, digest, moved, archive, uploaded: None }
    }
}

/// An image to build.
#[derive(Clone, Copy)]
pub struct ImageBuild<'a> {
    /// The operator.
    pub plan: &'a Plan,
    /// The image among those of the plan.
    pub part: &'a Part,
    /// How to build it.
    pub making: &'a Making<'a>,
    /// Where progress goes.
    pub progress: &'a Progress,
}

impl<'a> ImageBuild<'a> {
    /// The logins to look up.
    fn given(&self) -> Given<'a> {
        Given { secrets: self.making.secrets, indexes: &self.plan.indexes }
    }

    /// Warns of build secrets that nothing uses: their ids may be misspelt.
    fn warn_of_unused(&self, ids: &[String]) {
        let image = &self.part.settings.image;
        for id in ids {
            self.progress.warn(format!("nothing in the build of `{image}` asks for the build secret `{id}`"));
        }
    }
}

/// What a command can do without an engine, if it writes files.
const OTHERWISE: &str =
    "let c3 make the image itself with `--builder oci`, or write the files only with `--no-build`";

/// Connects to the configured engine; if it doesn't answer, the hint says what the command can do without
/// one.
pub fn connect(otherwise: Option<&str>) -> Result<Engine, Failure> {
    Engine::connect(&Endpoint::from_environment()?).map_err(|error| unreachable(error, otherwise))
}

fn unreachable(error: EngineError, otherwise: Option<&str>) -> Failure {
    let is_absent = matches!(error, EngineError::Unreachable { .. });
    let failure = Failure::from(error);
    let more = |hint: String| match otherwise.filter(|_| is_absent) {
        Some(otherwise) => format!("{hint}; or {otherwise}"),
        None => hint,
    };
    Failure { hint: failure.hint.map(more), ..failure }
}

/// The identity of a base image in an engine: its digest in the registry, or else its id.
pub fn base_of(engine: &Engine, name: &str) -> Result<Option<String>, EngineError> {
    Ok(engine.inspect(name)?.map(|image| image.digest_in(name).unwrap_or(image.id)))
}

/// The component that an image carries as a label, if it does.
pub fn component(name: &str, labels: &BTreeMap<String, String>) -> Result<Option<Component>, Failure> {
    let component = labels.get(COMPONENT_LABEL).map(|label| serde_json::from_str(label)).transpose();
    let mut component: Option<Component> = component
        .map_err(|error| Failure::new(INPUT, format!("the component of `{name}` can't be read: {error}")))?;
    component.iter_mut().for_each(credentials::hide);
    Ok(component)
}

impl Builder {
    /// Chooses by the command line, the environment and the machine.
    pub fn choose(
        choice: Choice,
        compression: Option<Compression>,
        progress: &Progress,
    ) -> Result<Self, Failure> {
        let assembler = || Ok(Self::Assembler(Box::new(Assembler::new(compression.unwrap_or_default())?)));
        if choice == Choice::Oci {
            return assembler();
        }
        let endpoint = Endpoint::from_environment()?;
        match Engine::connect(&endpoint) {
            Ok(_) if compression.is_some() => {
                Err(Failure::new(USAGE, "a container engine compresses layers as it is set up to")
                    .hint("choose `--builder oci`, or leave `--compression` out"))
            }
            Ok(engine) => Ok(Self::Engine(Box::new(engine))),
            Err(_) if choice == Choice::Auto && endpoint.rule == Rule::Default => {
                progress
                    .info("note: no container engine answers: c3 makes the image itself (`--builder oci`)");
                assembler()
            }
            Err(error) => Err(unreachable(error, Some(OTHERWISE))),
        }
    }

    /// How it compresses layers, if it has a choice.
    #[must_use]
    pub fn compression(&self) -> Compression {
        match self {
            Self::Engine(_) => Compression::default(),
            Self::Assembler(assembler) => assembler.compression(),
        }
    }

    /// Reports what this builder can't build, before anything long begins.
    pub fn check(
        &self,
        plan: &Plan,
        variant: Option<&Variant>,
        platforms: &[Platform],
    ) -> Result<Vec<Diagnostic>, Failure> {
        match (self, variant) {
            (Self::Engine(_), _) if platforms.len() > 1 => {
                Err(Failure::new(USAGE, "an engine builds for one platform at a time")
                    .hint("choose `--builder oci`, which makes one image for all of them"))
            }
            (Self::Engine(_), _) if on_disk(&plan.settings.base_image).is_some() => {
                let message = format!("no engine builds from `{}`", plan.settings.base_image);
                Err(Failure::new(USAGE, message).hint("choose `--builder oci`, or load it and give its name"))
            }
            (Self::Engine(_), _) => Ok(Vec::new()),
            (Self::Assembler(_), Some(variant)) => {
                let message =
                    format!("the image for `{}` can't be made without a container engine", variant.name);
                Err(Failure::new(ENGINE, message)
                    .hint("start Docker or Podman; `c3 doctor` tells what was found"))
            }
            (Self::Assembler(_), None) => Ok(assembled::refused(plan)),
        }
    }

    /// The archive beside the files, for an image that is neither pushed nor in an engine.
    #[must_use]
    pub fn archive(&self, plan: &Plan) -> Option<PathBuf> {
        let archive = || plan.folder.join(format!("{}{ARCHIVE}", plan.settings.stem));
        matches!(self, Self::Assembler(_)).then(archive)
    }

    /// The current identity of the base image: its digest in the registry, or that of a local image.
    pub fn base(&self, plan: &Plan, platforms: &[Platform], progress: &Progress) -> Result<String, Failure> {
        let name = &plan.settings.pulled_image();
        let failed = |error| Failure::new(INPUT, format!("failed to read the base image `{name}`: {error}"));
        if let Some(archive) = &plan.request.base_image_tar {
            return Ok(digest_of(File::open(archive).map_err(failed)?).map_err(failed)?.0);
        }
        match self {
            Self::Engine(engine) => match base_of(engine, name)? {
                Some(base) => Ok(base),
                None => Ok(registry::named(name)?.map(|named| named.digest).unwrap_or_default()),
            },
            Self::Assembler(assembler) if on_disk(name).is_none() => match registry::named(name)? {
                Some(named) => Ok(named.digest),
                None => Ok(assembler.read(name, name, platforms, progress)?.digests()),
            },
            Self::Assembler(assembler) => Ok(assembler.read(name, name, platforms, progress)?.digests()),
        }
    }

    /// The labels of an image that isn't pushed: that of an engine, or of an archive.
    pub fn labels(
        &self,
        plan: &Plan,
        archive: Option<&Path>,
    ) -> Result<Option<BTreeMap<String, String>>, Failure> {
        match (self, archive) {
            (Self::Engine(engine), _) => {
                Ok(engine.inspect(&plan.settings.image.to_string())?.map(|image| image.labels))
            }
            (Self::Assembler(assembler), Some(archive)) if archive.exists() => Ok(assembler.labels(archive)),
            (Self::Assembler(_), _) => Ok(None),
        }
    }

    /// Whether the user has pressed Ctrl-C.
    #[must_use]
    pub fn interrupted(&self) -> bool {
        match self {
            Self::Engine(engine) => engine.interrupted(),
            Self::Assembler(assembler) => assembler.interrupted(),
        }
    }

    /// Pulls the newest base image, if an engine has an older one.
    pub fn refresh(&self, plan: &Plan, platforms: &[Platform], progress: &Progress) -> Result<(), Failure> {
        let Self::Engine(engine) = self else { return Ok(()) };
        let name = &plan.settings.pulled_image();
        let is_pulled = engine.inspect(name)?.is_some_and(|image| image.digest_in(name).is_some());
        let platform = platforms.first().map(ToString::to_string);
        if is_pulled { Ok(engine.pull(name, platform.as_deref(), progress)?) } else { Ok(()) }
    }

    /// Builds an image, and pushes it as its version and as `latest`.
    pub fn build(&self, build: &ImageBuild) -> Result<Image, Failure> {
        match self {
            Self::Engine(engine) => built::build(engine, build),
            Self::Assembler(assembler) => assembled::build(assembler, build),
        }
    }
}

/// An archive to write; its path was checked before the build.
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
        let file = artifact::aside().permissions(anyone).tempfile_in(folder);
        file.map(|file| Self { path, form, file }).map_err(|error| Self::failure(path, &error))
    }

    /// Writes the archive and moves it into place.
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

/// Checks `requires-python` against the Python of the base image.
fn check_python(plan: &Plan, version: Option<&str>) -> Result<(), Failure> {
    let mismatch =
        version.and_then(|version| runtime::python_mismatch(&plan.component, version, runtime::BASE_IMAGE));
    match mismatch {
        None => Ok(()),
        Some(Diagnostic { message, hint, .. }) => {
            let failure = Failure::new(INPUT, format!("`{}`: {message}", plan.source.display()));
            Err(hint.into_iter().fold(failure, Failure::hint))
        }
    }
}
