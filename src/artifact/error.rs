//! Why artifacts can't be written, and what to do about it.

use std::path::PathBuf;

use thiserror::Error;

use super::Difference;
use crate::failure::Fault;

/// Why artifacts can't be written.
#[derive(Debug, Error)]
pub enum ArtifactError {
    /// Existing files differ, and may have been edited.
    #[error("{} there already and would be changed", listed(paths))]
    Exists {
        /// Their paths.
        paths: Vec<PathBuf>,
        /// What would change.
        differences: Vec<Difference>,
    },
    /// A folder has the name of a file to write.
    #[error("`{}` is a directory where a file is to be written", .0.display())]
    Directory(PathBuf),
    /// A pipe, a socket or a device has the name of a file to write.
    #[error("`{}` is a {kind} where a file is to be written", path.display())]
    Special {
        /// Its place.
        path: PathBuf,
        /// What it is.
        kind: &'static str,
    },
    /// Two files would get the same name.
    #[error("`{}` and `{}` can't both be renamed to `{}`", one.display(), other.display(), to.display())]
    RenameTwice {
        /// A file.
        one: PathBuf,
        /// Another file.
        other: PathBuf,
        /// The name.
        to: PathBuf,
    },
    /// The new name of a file belongs to a file about to be written.
    #[error("`{}` can't be renamed to `{}`, which is going to be written", from.display(), to.display())]
    RenameOnto {
        /// The file.
        from: PathBuf,
        /// Its new name.
        to: PathBuf,
    },
    /// The new name of a file is taken.
    #[error("`{}` can't be renamed: `{}` is there already", from.display(), to.display())]
    RenameTaken {
        /// The file.
        from: PathBuf,
        /// Its new name.
        to: PathBuf,
    },
    /// The name given for renaming isn't a file name.
    #[error("`{0}` is not a file name")]
    RenameName(String),
    /// An I/O error.
    #[error("cannot write `{}`: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

impl ArtifactError {
    /// The error for an existing folder that isn't c3's.
    #[must_use]
    pub fn exists(folder: PathBuf) -> Self {
        Self::Exists { paths: vec![folder], differences: Vec::new() }
    }

    /// All lines that would change.
    #[must_use]
    pub fn differences(&self) -> Vec<String> {
        match self {
            Self::Exists { differences, .. } => differences
                .iter()
                .flat_map(|difference| difference.text.lines())
                .map(ToOwned::to_owned)
                .collect(),
            _ => Vec::new(),
        }
    }
}

impl Fault for ArtifactError {
    fn details(&self) -> Vec<String> {
        match self {
            Self::Exists { differences, .. } => differences.iter().flat_map(Difference::shortened).collect(),
            _ => Vec::new(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Exists { differences, .. } => Some(remedy(differences)),
            Self::RenameTwice { .. } | Self::RenameOnto { .. } => Some(
                "give another name with `--rename NAME`, or none: then `modified_` is put before each".into(),
            ),
            Self::RenameTaken { .. } => {
                Some("give another name with `--rename NAME`, or add `--overwrite`".into())
            }
            Self::Special { .. } | Self::Directory(_) => {
                Some("move it away, or choose another folder with `--output-dir`".into())
            }
            Self::RenameName(_) => Some("give a name without folders".into()),
            Self::Io { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => {
                Some("free some space; the files that were there are unchanged".into())
            }
            Self::Io { .. } => Some("choose another folder with `--output-dir`".into()),
        }
    }
}

/// What to do about files that were edited.
fn remedy(differences: &[Difference]) -> String {
    let values: Option<Vec<_>> = differences.iter().map(|difference| difference.values.clone()).collect();
    let values = values.unwrap_or_default().concat();
    let values: String = values.into_iter().map(|value| format!("`--value {value}`, ")).collect();
    let values = if values.is_empty() { values } else { format!("give the value with {values}") };
    format!("{values}replace with `--overwrite`, or keep the present ones with `--rename`")
}

fn listed(paths: &[PathBuf]) -> String {
    let names: Vec<_> = paths.iter().map(|path| format!("`{}`", path.display())).collect();
    format!("{} {}", names.join(", "), if names.len() == 1 { "is" } else { "are" })
}
