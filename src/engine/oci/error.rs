//! Errors of building an image without an engine, and what to do about them.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::failure::{ENGINE, Fault, INPUT, INTERRUPTED};

use crate::cache::CacheError;
use crate::context::ContextError;
use crate::engine::http::HttpError;
use crate::engine::indexes::Refusal;
use crate::engine::registry::RegistryError;
use crate::engine::work::Interrupted;

/// Why an image couldn't be built.
#[derive(Debug, Error)]
pub enum OciError {
    /// A registry failed.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The cache can't be used.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// Trusted certificates for programs on this machine are unreadable.
    #[error(transparent)]
    Certificates(#[from] HttpError),
    /// The files of the operator are unreadable.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// The base image doesn't exist, or not for the platform.
    #[error("failed to pull the base image `{image}` for {platform}: {reason}")]
    Base {
        /// Its name.
        image: String,
        /// The platform it is needed for.
        platform: String,
        /// Why.
        reason: String,
    },
    /// The base image has `ONBUILD` instructions.
    #[error("the base image `{0}` has `ONBUILD` commands, which only an engine can run")]
    OnBuild(String),
    /// Python wasn't found in the base image.
    #[error("cannot tell where the base image `{image}` has its Python: {reason}")]
    Python {
        /// The base image.
        image: String,
        /// What was searched for.
        reason: String,
    },
    /// The base image has another Python than requested.
    #[error("the base image `{image}` has Python {found}, not {wanted}")]
    OtherPython {
        /// The base image.
        image: String,
        /// The version it has.
        found: String,
        /// The required version.
        wanted: String,
    },
    /// The base image has another version of a package to install.
    #[error(
        "the base image `{image}` has `{package}` {version} already, and another version is to be installed"
    )]
    Present {
        /// The base image.
        image: String,
        /// The package.
        package: String,
        /// The version that is there.
        version: String,
    },
    /// There are no wheels for this machine's architecture.
    #[error("no wheels are known for the platform {0}")]
    Platform(String),
    /// No installer was found.
    #[error("{wanted} is needed to install packages into an image without an engine")]
    NoInstaller {
        /// What is needed.
        wanted: String,
        /// Installers that were found and don't work.
        broken: Vec<String>,
    },
    /// A requirement needs more than wheels, or something of this machine.
    #[error("{0}; only a container engine can do that")]
    NeedsEngine(String),
    /// The packages failed to install.
    #[error("`{command}` failed for {target}")]
    Install {
        /// The command as written in the source.
        command: String,
        /// Python's version and the platform.
        target: String,
        /// The end of the installer's output.
        tail: Vec<String>,
        /// Whether the package index was unreachable.
        offline: bool,
        /// The server that required a login.
        refused: Option<Refusal>,
    },
    /// A wheel has contents that no installer may unpack.
    #[error("the wheel `{wheel}` is refused: {reason}")]
    Wheel {
        /// Its file name.
        wheel: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Content differs from its digest.
    #[error("`{0}` is damaged: its content is not what its digest says")]
    Damaged(String),
    /// A file was written to while it was read.
    #[error("`{}` changed while it was read", .0.display())]
    Changed(PathBuf),
    /// An I/O error.
    #[error("cannot {doing} `{path}`: {source}")]
    Io {
        /// Read or write.
        doing: &'static str,
        /// The file.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// The user has pressed Ctrl-C.
    #[error("interrupted")]
    Interrupted,
}

impl From<Interrupted> for OciError {
    fn from(_: Interrupted) -> Self {
        Self::Interrupted
    }
}

impl OciError {
    /// An I/O error with a file.
    pub(super) fn io(doing: &'static str, path: impl ToString) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, path: path.to_string(), source }
    }
}

impl Fault for OciError {
    fn code(&self) -> u8 {
        match self {
            Self::Interrupted => INTERRUPTED,
            Self::Install { offline: false, .. }
            | Self::Wheel { .. }
            | Self::Cache(_)
            | Self::Context(_)
            | Self::Changed(_) => INPUT,
            _ => ENGINE,
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Install { tail: lines, .. } | Self::NoInstaller { broken: lines, .. } => lines.clone(),
            _ => Vec::new(),
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Registry(error) => return error.hint(),
            Self::Certificates(error) => return error.hint(),
            Self::Cache(error) => return error.hint(),
            Self::Context(error) => return error.hint(),
            Self::Base { .. } => {
                "check the name and the platform, log in to its registry, or choose another with `--base-image`"
                    .to_owned()
            }
            Self::OnBuild(_) => {
                "start a container engine, or choose another base image with `--base-image`".to_owned()
            }
            Self::Python { .. } => {
                "start a container engine, or choose a base image whose `PATH` leads to `python`".to_owned()
            }
            Self::OtherPython { .. } => {
                "choose the same with `--image-version`, or another image with `--base-image`".to_owned()
            }
            Self::Present { package, version, .. } => {
                format!("ask for `{package}=={version}`, or start a container engine")
            }
            Self::Platform(_) => "start a container engine, or choose another `--platform`".to_owned(),
            Self::NeedsEngine(_) => "start Docker or Podman, or name a release that has a wheel".to_owned(),
            Self::NoInstaller { .. } => "install uv: `pip install uv`, or start a container engine".to_owned(),
            Self::Install { refused: Some(refusal), .. } => refusal.hint(None),
            Self::Install { offline: true, .. } => {
                "check the network and the package index (`UV_INDEX_URL`, `PIP_INDEX_URL`)".to_owned()
            }
            Self::Install { .. } => {
                "without an engine packages are installed from wheels: choose versions that have one, or start an engine"
                    .to_owned()
            }
            Self::Wheel { .. } => "choose another version of the package, and tell those who made it".to_owned(),
            Self::Damaged(_) => {
                "run again with `--no-cache`, or make the base image anew if it is one of its layers".to_owned()
            }
            Self::Changed(_) => "run the command again when nothing writes to it".to_owned(),
            Self::Io { .. } => "check the path and the free space".to_owned(),
            Self::Interrupted => return None,
        })
    }
}
