//! The only writer of artifacts: they reach the disk whole or not at all, and never replace a user's file
//! without being asked to.

use std::io::Write;
use std::path::{Path, PathBuf};

pub use self::difference::Difference;
use self::difference::differences;
pub use self::error::ArtifactError;
use self::moves::{ASIDE, Moves};
use self::state::State;
use crate::reader;

mod difference;
mod error;
mod moves;
mod renaming;
mod state;

/// A generated file: its name and content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// File name, without folders.
    pub name: String,
    /// Its bytes.
    pub content: Vec<u8>,
}

impl Artifact {
    /// An artifact from its text.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), content: text.into().into_bytes() }
    }
}

/// What to do with existing files that differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Existing {
    /// Fail, naming them.
    Keep,
    /// Replace them.
    Overwrite,
    /// Rename them.
    Rename {
        /// The new stem; default: `modified_<file>`.
        name: Option<String>,
        /// Whether to replace a file that has the new name.
        replace: bool,
    },
}

impl Existing {
    /// The choice made by command-line flags: an empty name means the default.
    #[must_use]
    pub fn chosen(overwrite: bool, rename: Option<&str>) -> Self {
        match rename {
            Some(name) => Self::Rename {
                name: Some(name.to_owned()).filter(|name| !name.is_empty()),
                replace: overwrite,
            },
            None if overwrite => Self::Overwrite,
            None => Self::Keep,
        }
    }
}

/// Where artifacts go: a folder, and the stem of their names.
#[derive(Debug, Clone, Copy)]
pub struct Destination<'a> {
    /// The folder.
    pub folder: &'a Path,
    /// The stem; the rest of a name says what the file is for.
    pub stem: &'a str,
}

/// The files in a folder that artifacts would change and that were edited, or may have been.
#[must_use]
pub fn conflicts(artifacts: &[Artifact], folder: &Path) -> Vec<PathBuf> {
    in_state(artifacts, folder, |state| state == State::Differs)
}

/// The files of a folder in one of certain states.
fn in_state(artifacts: &[Artifact], folder: &Path, is_meant: fn(State) -> bool) -> Vec<PathBuf> {
    let meant = artifacts.iter().filter(|artifact| is_meant(state::of(artifact, artifacts, folder)));
    meant.map(|artifact| folder.join(&artifact.name)).collect()
}

/// Checks whether artifacts can be written, without writing anything.
pub fn check(
    artifacts: &[Artifact],
    destination: Destination,
    existing: &Existing,
) -> Result<(), ArtifactError> {
    new_names(artifacts, destination, existing).map(drop)
}

/// The files to keep, each with its new name.
fn new_names(
    artifacts: &[Artifact],
    destination: Destination,
    existing: &Existing,
) -> Result<Vec<(PathBuf, PathBuf)>, ArtifactError> {
    let places = artifacts.iter().map(|artifact| destination.folder.join(&artifact.name));
    for path in places.clone() {
        refuse_special(&path)?;
    }
    let conflicts = conflicts(artifacts, destination.folder);
    match existing {
        Existing::Keep if !conflicts.is_empty() => Err(in_the_way(conflicts, artifacts)),
        Existing::Keep | Existing::Overwrite => match conflicts.into_iter().find(|path| path.is_dir()) {
            Some(folder) => Err(ArtifactError::Directory(folder)),
            None => Ok(Vec::new()),
        },
        Existing::Rename { name, replace } => {
            let changed = in_state(artifacts, destination.folder, State::is_changed);
            let names = renaming::names(&changed, destination, name.as_deref())?;
            renaming::check(&names, &places.collect::<Vec<_>>(), *replace)?;
            Ok(names)
        }
    }
}

/// The error for existing files that differ from the artifacts: no regular files, or no choice of what to do
/// with them.
#[must_use]
pub fn in_the_way(conflicts: Vec<PathBuf>, artifacts: &[Artifact]) -> ArtifactError {
    if let Some(error) = conflicts.iter().find_map(|path| refuse_special(path).err()) {
        return error;
    }
    match conflicts.iter().find(|path| path.is_dir()) {
        Some(folder) => ArtifactError::Directory(folder.clone()),
        None => ArtifactError::Exists { differences: differences(artifacts, &conflicts), paths: conflicts },
    }
}

fn refuse_special(path: &Path) -> Result<(), ArtifactError> {
    let special = |kind| Err(ArtifactError::Special { path: path.into(), kind });
    reader::special(path).map_or(Ok(()), special)
}

/// Writes artifacts into a folder and returns their paths: stages all beside their places, then moves them
/// in. If one can't be moved, everything is restored. Files that are the same already are left alone.
pub fn write(
    artifacts: &[Artifact],
    destination: Destination,
    existing: &Existing,
) -> Result<Vec<PathBuf>, ArtifactError> {
    let names = new_names(artifacts, destination, existing)?;
    let folder = destination.folder;
    std::fs::create_dir_all(folder).map_err(|source| ArtifactError::Io { path: folder.into(), source })?;
    let changed = artifacts.iter().filter(|artifact| state::of(artifact, artifacts, folder) != State::Same);
    let staged = changed.map(|artifact| {
        let path = folder.join(&artifact.name);
        let staged = stage(&path, &artifact.content);
        staged.map(|file| (file, path.clone())).map_err(|source| ArtifactError::Io { path, source })
    });
    let staged: Vec<_> = staged.collect::<Result<_, _>>()?;
    let mut moves = Moves::default();
    for (from, to) in names {
        renaming::keep(&mut moves, &from, &to, existing)?;
    }
    for (file, path) in staged {
        moves.place(file, &path).map_err(|source| ArtifactError::Io { path, source })?;
    }
    moves.finish();
    Ok(artifacts.iter().map(|artifact| folder.join(&artifact.name)).collect())
}

/// Replaces the content of an existing file, whole or not at all; follows symbolic links.
pub fn replace(path: &Path, content: &[u8]) -> Result<(), ArtifactError> {
    refuse_special(path)?;
    let io = |source| ArtifactError::Io { path: path.into(), source };
    let place = path.canonicalize().map_err(io)?;
    let staged = stage(&place, content).map_err(io)?;
    staged.persist(&place).map(drop).map_err(|error| io(error.error))
}

/// A builder for temporary files and folders beside their place, to be moved there when complete.
#[must_use]
pub fn aside<'a>() -> tempfile::Builder<'a, 'a> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(ASIDE);
    builder
}

/// Stages content beside its place.
fn stage(path: &Path, content: &[u8]) -> std::io::Result<tempfile::NamedTempFile> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut staged = aside().permissions(permissions(path)).tempfile_in(folder)?;
    staged.write_all(content)?;
    Ok(staged)
}

/// The permissions of the file to replace, else those of a new file.
fn permissions(path: &Path) -> std::fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path)
        .map_or_else(|_| std::fs::Permissions::from_mode(0o666), |metadata| metadata.permissions())
}

#[cfg(test)]
mod tests;
