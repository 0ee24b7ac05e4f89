//! What can go wrong with a registry, and what to do about it.

use thiserror::Error;

use super::credentials::{CredentialError, login_command};
use crate::reference::NameError;

/// Why a registry gave no answer.
#[derive(Debug, Error)]
pub enum RegistryError {
    /// The reference cannot be one.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The login could not be looked up.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// The login is missing, wrong or not enough.
    #[error("registry `{host}` denies access to `{path}`")]
    Denied {
        /// The registry.
        host: String,
        /// The repository.
        path: String,
    },
    /// There is no such repository or image.
    #[error("registry `{host}` has no `{path}`")]
    NotFound {
        /// The registry.
        host: String,
        /// The repository.
        path: String,
    },
    /// Nobody answers at this address, or not in time.
    #[error("cannot reach registry `{host}`: {reason}")]
    Unreachable {
        /// The registry.
        host: String,
        /// The innermost cause.
        reason: String,
    },
    /// The registry answers with an error of its own.
    #[error("registry `{host}` answers `{status}` for `{path}`")]
    Status {
        /// The registry.
        host: String,
        /// The repository.
        path: String,
        /// Code and reason.
        status: String,
    },
    /// The answer is not what a registry gives.
    #[error("registry `{host}` gives no valid answer for `{path}`: {reason}")]
    Malformed {
        /// The registry.
        host: String,
        /// The repository.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl RegistryError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Name(error) => error.hint(),
            Self::Credential(error) => error.hint(),
            Self::Denied { host, .. } => Some(format!("log in with `{}`", login_command(host))),
            Self::NotFound { .. } => Some("check the name and the tag".to_owned()),
            Self::Unreachable { .. } | Self::Malformed { .. } => {
                Some("check the address of the registry".to_owned())
            }
            Self::Status { .. } => Some("try again later, or check the address".to_owned()),
        }
    }
}
