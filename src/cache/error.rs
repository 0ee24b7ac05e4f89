//! Errors of the cache, and what to do about them.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::failure::Fault;

use super::SIZE;

/// Why the cache can't be used.
#[derive(Debug, Error)]
pub enum CacheError {
    /// The user has no home folder.
    #[error("there is no folder for the cache: neither `XDG_CACHE_HOME` nor `HOME` names one")]
    Homeless,
    /// The size limit is invalid.
    #[error("`{SIZE}` is `{}`, which is not a size", .0.escape_debug())]
    Size(String),
    /// An I/O error.
    #[error("cannot {doing} `{}`: {source}", path.display())]
    Io {
        /// Read, write or remove.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl CacheError {
    /// An I/O error with a file.
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }
}

impl Fault for CacheError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Homeless | Self::Io { .. } => {
                "name another folder with the variable `XDG_CACHE_HOME`".to_owned()
            }
            Self::Size(_) => format!("write it as in `{SIZE}=10Gi` or `{SIZE}=500M`"),
        })
    }
}
