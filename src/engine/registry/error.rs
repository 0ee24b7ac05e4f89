//! Errors of registries, and what to do about them.

use thiserror::Error;

use crate::failure::{ENGINE, Fault};

use super::credentials::{CredentialError, login_command};
use crate::engine::http::HttpError;
use crate::reference::NameError;

const CHECK: &str = "check the address of the registry";

/// Why a registry failed.
#[derive(Debug, Error)]
pub enum RegistryError {
    /// The reference is invalid.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The login could not be looked up.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// The login is missing, wrong or insufficient.
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
    /// The server is unreachable, too slow, or misbehaves.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The login would be sent to an untrusted place.
    #[error("registry `{host}` sends logins to `{server}`, {reason}")]
    Realm {
        /// The registry.
        host: String,
        /// The origin of the token server.
        server: String,
        /// Why it gets none.
        reason: &'static str,
    },
    /// The content differs from its digest.
    #[error("registry `{host}` gives other content for `{path}` than the digest `{digest}` says")]
    Damaged {
        /// The registry.
        host: String,
        /// The repository.
        path: String,
        /// The digest.
        digest: String,
    },
    /// The registry responds with an error.
    #[error("registry `{host}` answers `{status}` for `{path}`")]
    Status {
        /// The registry.
        host: String,
        /// The repository.
        path: String,
        /// Status code and reason.
        status: String,
    },
    /// The response is malformed.
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

impl Fault for RegistryError {
    fn code(&self) -> u8 {
        ENGINE
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Name(error) => error.hint(),
            Self::Credential(error) => error.hint(),
            Self::Denied { host, .. } => Some(format!("log in with `{}`", login_command(host))),
            Self::NotFound { .. } => Some("check the name and the tag".to_owned()),
            Self::Http(HttpError::Plain { .. }) => Some(
                "`c3` speaks plain HTTP with registries on this machine only, such as `localhost:5000`; give the registry a certificate"
                    .to_owned(),
            ),
            Self::Http(HttpError::Encrypted { .. }) => {
                Some("name the registry as its certificate does, not as this machine".to_owned())
            }
            Self::Http(error) => Some(error.hint().unwrap_or_else(|| CHECK.to_owned())),
            Self::Malformed { .. } => Some(CHECK.to_owned()),
            Self::Realm { .. } => {
                Some("nothing was sent there; ask whoever runs the registry to name a token server by `https`".to_owned())
            }
            Self::Damaged { .. } => {
                Some("push the image again, or ask whoever runs the registry what happened to it".to_owned())
            }
            Self::Status { .. } => Some("try again later, or check the address".to_owned()),
        }
    }
}
