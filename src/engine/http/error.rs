//! Errors between `c3` and a server, and what to do about them.

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::failure::{ENGINE, Fault};

use super::limits::VARIABLE;

/// Why a server gave no usable response; `server` is its name in errors, such as "registry `quay.io`".
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HttpError {
    /// The address doesn't answer.
    #[error("cannot reach {server}: {reason}")]
    Unreachable {
        /// The server.
        server: String,
        /// The innermost cause.
        reason: String,
    },
    /// The connection broke off.
    #[error("cannot reach {server}: the connection broke off: {reason}")]
    Broken {
        /// The server.
        server: String,
        /// The innermost cause.
        reason: String,
    },
    /// The server stalls, or is so slow that it would never finish.
    #[error("{server} {} for {} s", activity(*.bytes), .limit.as_secs())]
    Stalled {
        /// The server.
        server: String,
        /// The time waited.
        limit: Duration,
        /// Bytes transferred meanwhile.
        bytes: u64,
    },
    /// The server is active but doesn't finish.
    #[error("{server} did not finish its answer within {} s", .limit.as_secs())]
    Endless {
        /// The server.
        server: String,
        /// The time waited.
        limit: Duration,
    },
    /// The response is too large.
    #[error("{server} sends more than {} KiB where a short answer is expected", .limit >> 10)]
    Large {
        /// The server.
        server: String,
        /// The limit, in bytes.
        limit: usize,
    },
    /// A redirect that `c3` doesn't follow.
    #[error("{server} redirects to `{target}`, {reason}")]
    Redirect {
        /// The server.
        server: String,
        /// The origin it redirects to.
        target: String,
        /// Why it isn't followed.
        reason: &'static str,
    },
    /// An address that `c3` doesn't fetch.
    #[error("`{address}` is not fetched: {reason}")]
    Address {
        /// The address, without a login.
        address: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The server speaks plain HTTP instead of HTTPS.
    #[error("{server} answers in plain HTTP where HTTPS is expected")]
    Plain {
        /// The server.
        server: String,
    },
    /// The server speaks HTTPS instead of plain HTTP.
    #[error("{server} answers in HTTPS where plain HTTP is expected")]
    Encrypted {
        /// The server.
        server: String,
    },
    /// The server's certificate isn't trusted.
    #[error("cannot trust the certificate of {server}: {reason}")]
    Untrusted {
        /// The server.
        server: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The server responds with an error.
    #[error("{server} answers `{status}`")]
    Status {
        /// The server.
        server: String,
        /// Status code and reason.
        status: String,
    },
    /// The response isn't text.
    #[error("{server} sends no text in UTF-8")]
    NoText {
        /// The server.
        server: String,
    },
    /// A file of certificates is unreadable.
    #[error("cannot read the certificates in `{}`, which {named_by} names: {reason}", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// The option or variable that names it.
        named_by: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// An invalid time limit.
    #[error("`{VARIABLE}` is `{0}`, which is not a number of seconds from 1 to 86400")]
    Timeout(String),
}

fn activity(bytes: u64) -> String {
    if bytes == 0 { "did nothing".to_owned() } else { format!("moved only {bytes} bytes") }
}

impl HttpError {
    /// Whether the server was too slow: a retry would take as long.
    pub(crate) fn is_late(&self) -> bool {
        matches!(self, Self::Stalled { .. } | Self::Endless { .. })
    }
}

impl Fault for HttpError {
    fn code(&self) -> u8 {
        ENGINE
    }

    fn message(&self) -> String {
        self.to_string()
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unreachable { .. } | Self::Broken { .. } | Self::Plain { .. } | Self::Encrypted { .. } => {
                return None;
            }
            Self::Stalled { .. } | Self::Endless { .. } => {
                format!("try again later, check the address, or wait longer with `{VARIABLE}=SECONDS`")
            }
            Self::Large { .. } | Self::NoText { .. } => "check the address".to_owned(),
            Self::Redirect { .. } => {
                "check the address; whoever runs the server can tell why it redirects there".to_owned()
            }
            Self::Address { .. } => "write it as `https://HOST/PATH`".to_owned(),
            Self::Untrusted { .. } => {
                "name the certificate of its authority by `ca-certificates` in `c3.toml` or by `SSL_CERT_FILE`"
                    .to_owned()
            }
            Self::Status { .. } => "check the address, or try again later".to_owned(),
            Self::Certificates { .. } => "name a file with certificates in PEM format".to_owned(),
            Self::Timeout(_) => format!("set `{VARIABLE}` to seconds, such as 60, or leave it out"),
        })
    }
}

/// The innermost cause, which is the most specific; the outer ones show addresses, which may hold a login.
pub(crate) fn innermost(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map_or_else(|| error.to_string(), ToString::to_string)
}

/// An error and its causes, outermost first.
pub(super) fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| match error.downcast_ref::<io::Error>() {
        // What an error of the system's holds is not told as its source.
        Some(error) => error.get_ref().map(|inner| inner as &(dyn Error + 'static)),
        None => error.source(),
    })
}
