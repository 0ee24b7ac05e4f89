//! Errors of looking up a login, and what to do about them.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::failure::{ENGINE, Fault};

use super::{HelperError, login_command, login_key};

/// Why the login could not be looked up.
#[derive(Debug, Error)]
pub enum CredentialError {
    /// An existing configuration is unreadable.
    #[error("cannot read `{}`: {source}", path.display())]
    Read {
        /// The configuration.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// A configuration is malformed; the cause isn't shown, as it might quote a secret.
    #[error("`{}` is not a Docker configuration (line {line}, column {column})", path.display())]
    Syntax {
        /// The configuration.
        path: PathBuf,
        /// Where it goes wrong.
        line: usize,
        /// Where it goes wrong.
        column: usize,
    },
    /// A login isn't base64 of `user:password`.
    #[error("cannot decode the login for `{host}` in `{}`", path.display())]
    Login {
        /// The configuration.
        path: PathBuf,
        /// The registry.
        host: String,
    },
    /// A credential helper failed.
    #[error("`{program}`, which `{}` names for the login at `{host}`, {source}", path.display())]
    Helper {
        /// The configuration.
        path: PathBuf,
        /// The registry.
        host: String,
        /// The helper.
        program: String,
        /// Its error.
        source: HelperError,
    },
}

impl Fault for CredentialError {
    fn code(&self) -> u8 {
        ENGINE
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Read { path, .. } | Self::Syntax { path, .. } => {
                format!("mend `{}`, or set `DOCKER_CONFIG` to another folder", path.display())
            }
            Self::Login { host, .. } => format!("log in again with `{}`", login_command(host)),
            Self::Helper { path, program, source: HelperError::Missing, .. } => {
                format!("install `{program}`, or take it out of `{}`", path.display())
            }
            Self::Helper { path, program, source: HelperError::Name, .. } => {
                format!("take `{program}` out of `{}`", path.display())
            }
            Self::Helper { program, host, .. } => {
                format!("see what `echo {} | {program} get` says", login_key(host))
            }
        })
    }
}
