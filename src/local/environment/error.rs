//! What can go wrong when an environment is made, and what to do about it.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::failure::{ENGINE, Fault, INPUT};

use crate::cache::CacheError;
use crate::engine::http::HttpError;

/// Why there is no environment.
#[derive(Debug, Error)]
pub enum EnvironmentError {
    /// Certificates that an installer is to trust can't be read.
    #[error(transparent)]
    Certificates(#[from] HttpError),
    /// The language's interpreter isn't there.
    #[error("there is no `{name}` on this machine{}", if broken.is_empty() { "" } else { " that works" })]
    NoInterpreter {
        /// The name of the program.
        name: &'static str,
        /// What is there and doesn't work.
        broken: Vec<String>,
    },
    /// The source can't be run by the interpreter that is there.
    #[error("{0}")]
    Version(String),
    /// A package would have to be built, or is something of this machine.
    #[error("{0}")]
    Build(String),
    /// An installation has failed.
    #[error("`{command}` failed")]
    Failed {
        /// What was called.
        command: String,
        /// What it has said last.
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
