//! Errors of creating an environment, and what to do about them.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::failure::{ENGINE, Fault, INPUT};

use crate::cache::CacheError;
use crate::engine::http::HttpError;

/// Why an environment can't be created.
#[derive(Debug, Error)]
pub enum EnvironmentError {
    /// Trusted certificates for the installer are unreadable.
    #[error(transparent)]
    Certificates(#[from] HttpError),
    /// The language's interpreter was not found.
    #[error("there is no `{name}` on this machine{}", if broken.is_empty() { "" } else { " that works" })]
    NoInterpreter {
        /// The name of the program.
        name: &'static str,
        /// Interpreters that were found and don't work.
        broken: Vec<String>,
    },
    /// The source can't run with the interpreter that was found.
    #[error("{0}")]
    Version(String),
    /// A package would have to be built, or is something of this machine.
    #[error("{0}")]
    Build(String),
    /// An installation failed.
    #[error("`{command}` failed")]
    Failed {
        /// The command.
        command: String,
        /// The end of its output.
        tail: Vec<String>,
    },
    /// The cache can't be used.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// It can't be written.
    #[error("cannot write the environment `{}`: {source}", path.display())]
    Io {
        /// Where it is.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl Fault for EnvironmentError {
    fn code(&self) -> u8 {
        if matches!(self, Self::NoInterpreter { .. }) { ENGINE } else { INPUT }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Failed { tail: lines, .. } | Self::NoInterpreter { broken: lines, .. } => lines.clone(),
            _ => Vec::new(),
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoInterpreter { name, .. } => format!("install `{name}`, or run the operator in its image"),
            Self::Version(_) => {
                "put another `python3` first on the PATH, or run the operator in its image".to_owned()
            }
            Self::Build(_) => {
                "name a release that has a wheel, or let its own code run here with `--allow-build`"
                    .to_owned()
            }
            Self::Failed { .. } => {
                "check the names and the network; the operator's image may have what this machine lacks"
                    .to_owned()
            }
            Self::Cache(error) => return error.hint(),
            Self::Certificates(error) => return error.hint(),
            Self::Io { .. } => "name another folder with the variable `XDG_CACHE_HOME`".to_owned(),
        })
    }
}
