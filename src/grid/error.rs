//! Errors of looking at a run, and what to do about them.

use std::path::PathBuf;

use thiserror::Error;

use crate::failure::{ENGINE, Fault, INPUT};

use crate::engine::http::HttpError;

/// Why a run can't be read.
#[derive(Debug, Error)]
pub enum GridError {
    /// There is no such folder.
    #[error("there is no folder `{0}`")]
    Missing(String),
    /// A folder, or a file in it, is unreadable.
    #[error("cannot read `{path}`: {source}")]
    Read {
        /// What was to be read.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file in a folder can't be removed.
    #[error("cannot remove `{path}`: {source}")]
    Remove {
        /// What was to be removed.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Batches are neither done nor failed.
    #[error("{0} of the batches are neither done nor failed")]
    Open(usize),
    /// An invalid connection; not shown, as it may hold a secret.
    #[error("the connection cannot be read")]
    Connection,
    /// There is no login for an object store.
    #[error("no login for `{0}` is given")]
    Login(String),
    /// `AWS_PROFILE` names a profile that no file has.
    #[error("there is no profile `{0}` in the shared files of AWS")]
    Profile(String),
    /// A profile without keys: they come from a program or a service.
    #[error("the profile `{profile}` of AWS has no keys: they come by its `{by}`")]
    Keyless {
        /// Name of the profile.
        profile: String,
        /// The key that names where they come from.
        by: &'static str,
    },
    /// The server is unreachable, too slow, or misbehaves.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The object store responds with an error.
    #[error("`{place}` refuses: {reason}")]
    Refused {
        /// The place, without its login.
        place: String,
        /// Code and message of the store.
        reason: String,
    },
    /// The server isn't an object store.
    #[error("`{place}` gives no valid answer: {reason}")]
    Malformed {
        /// The place, without its login.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl GridError {
    /// Whether the network or a store is at fault rather than the user's input.
    #[must_use]
    pub fn is_remote(&self) -> bool {
        matches!(self, Self::Http(_) | Self::Refused { .. } | Self::Malformed { .. })
    }
}

impl Fault for GridError {
    fn code(&self) -> u8 {
        if self.is_remote() { ENGINE } else { INPUT }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Missing(_) => {
                "name the folder of the marks or results, or a connection that begins with `cos://`"
            }
            Self::Read { .. } | Self::Remove { .. } => return None,
            Self::Open(_) => {
                "clean up when no worker runs any more; one that is started again does what is left"
            }
            Self::Connection => {
                "it must have the form `cos://<access_key_id>:<access_key_secret>@<endpoint>/<bucket>/<path>`"
            }
            Self::Login(_) => {
                "put `<access_key_id>:<access_key_secret>@` before the endpoint, or set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or `AWS_PROFILE`"
            }
            Self::Profile(_) => "set `AWS_PROFILE` to a profile of `~/.aws/config` or `~/.aws/credentials`",
            Self::Keyless { profile, .. } => {
                return Some(format!(
                    "`eval \"$(aws configure export-credentials --profile {profile} --format env)\"` sets keys for `c3`"
                ));
            }
            Self::Http(HttpError::Plain { .. }) => "write `http://` before the endpoint",
            Self::Http(HttpError::Encrypted { .. }) => "write `https://` before the endpoint",
            Self::Http(error) => {
                return Some(error.hint().unwrap_or_else(|| {
                    "check the endpoint and the network; an endpoint is taken for `https` unless it begins with `http://`"
                        .to_owned()
                }));
            }
            Self::Refused { .. } => "check the login, the bucket and the endpoint",
            Self::Malformed { .. } => "check the endpoint: it doesn't seem to be that of an object store",
        };
        Some(hint.to_owned())
    }
}
