//! The only writer: artifacts reach the disk whole or not at all, and never over a file of the user's unasked.

use std::io::Write;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// A file that was generated: its name and content.
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

/// What to do with files that are there and differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Existing {
    /// Refuse, naming them.
    Keep,
    /// Replace them.
    Overwrite,
    /// Rename them.
    Rename {
        /// The new stem; `modified_<file>` unless given.
        name: Option<String>,
        /// Whether a file that has the new name is replaced.
        replace: bool,
    },
}

impl Existing {
    /// What flags of a command line say: an empty name stands for none.
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

/// Why artifacts can't be written.
#[derive(Debug, Error)]
pub enum ArtifactError {
    /// Files are there that say something else.
    #[error("{} there already and would be changed", listed(.0))]
    Exists(Vec<PathBuf>),
    /// A folder has the name of a file that is to be written.
    #[error("`{}` is a directory where a file is to be written", .0.display())]
    Directory(PathBuf),
    /// The place to rename a file to is taken.
    #[error("`{}` can't be renamed: `{}` is there already", from.display(), to.display())]
    RenameTaken {
        /// The file.
        from: PathBuf,
        /// Its new name.
        to: PathBuf,
    },
    /// The name given for renaming is no file name.
    #[error("`{0}` is no file name")]
    RenameName(String),
    /// The system refuses.
    #[error("cannot write `{}`: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

impl ArtifactError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Exists(_) => {
                Some("replace with `--overwrite`, or keep the present ones with `--rename`".into())
            }
            Self::RenameTaken { .. } => {
                Some("give another name with `--rename NAME`, or add `--overwrite`".into())
            }
            Self::Directory(_) => Some("move it away, or choose another folder with `--output-dir`".into()),
            Self::RenameName(_) => Some("give a name without folders".into()),
            Self::Io { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => {
                Some("free some space; the files that were there are unchanged".into())
            }
            Self::Io { .. } => Some("choose another folder with `--output-dir`".into()),
        }
    }
}

fn listed(paths: &[PathBuf]) -> String {
    let names: Vec<_> = paths.iter().map(|path| format!("`{}`", path.display())).collect();
    format!("{} {}", names.join(", "), if names.len() == 1 { "is" } else { "are" })
}

/// The files of a folder that artifacts would change.
#[must_use]
pub fn conflicts(artifacts: &[Artifact], folder: &Path) -> Vec<PathBuf> {
    let states = artifacts.iter().map(|artifact| (folder.join(&artifact.name), state(artifact, folder)));
    states.filter(|(_, state)| *state == State::Differs).map(|(path, _)| path).collect()
}

/// How an artifact compares with the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Missing,
    Same,
    Differs,
}

fn state(artifact: &Artifact, folder: &Path) -> State {
    match std::fs::read(folder.join(&artifact.name)) {
        Ok(content) if content == artifact.content => State::Same,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => State::Missing,
        _ => State::Differs,
    }
}

/// Writes artifacts into a folder and returns their paths: first all are put beside their places, then moved in. What
/// is there already is left alone.
pub fn write(
    artifacts: &[Artifact],
    folder: &Path,
    existing: &Existing,
) -> Result<Vec<PathBuf>, ArtifactError> {
    let conflicts = conflicts(artifacts, folder);
    if *existing == Existing::Keep && !conflicts.is_empty() {
        return Err(ArtifactError::Exists(conflicts));
    }
    if let Some(path) = conflicts.iter().find(|path| path.is_dir() && *existing == Existing::Overwrite) {
        return Err(ArtifactError::Directory(path.clone()));
    }
    std::fs::create_dir_all(folder).map_err(|source| ArtifactError::Io { path: folder.into(), source })?;
    let changed = artifacts.iter().filter(|artifact| state(artifact, folder) != State::Same);
    let staged = changed.map(|artifact| {
        let path = folder.join(&artifact.name);
        let staged = stage(&path, &artifact.content);
        staged.map(|file| (file, path.clone())).map_err(|source| ArtifactError::Io { path, source })
    });
    let staged: Vec<_> = staged.collect::<Result<_, _>>()?;
    if let Existing::Rename { name, replace } = existing {
        rename(&conflicts, name.as_deref(), *replace)?;
    }
    for (file, path) in staged {
        file.persist(&path).map_err(|error| ArtifactError::Io { path, source: error.error })?;
    }
    Ok(artifacts.iter().map(|artifact| folder.join(&artifact.name)).collect())
}

/// Gives a file that is there another content, whole or not at all; of a link, what it leads to.
pub fn replace(path: &Path, content: &[u8]) -> Result<(), ArtifactError> {
    let io = |source| ArtifactError::Io { path: path.into(), source };
    let place = path.canonicalize().map_err(io)?;
    let staged = stage(&place, content).map_err(io)?;
    staged.persist(&place).map(drop).map_err(|error| io(error.error))
}

/// Writes a content beside its place.
fn stage(path: &Path, content: &[u8]) -> std::io::Result<tempfile::NamedTempFile> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut staged =
        tempfile::Builder::new().prefix(".c3-").permissions(permissions(path)).tempfile_in(folder)?;
    staged.write_all(content)?;
    Ok(staged)
}

/// The permissions of the file that is replaced, else those that a new file gets.
fn permissions(path: &Path) -> std::fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path)
        .map_or_else(|_| std::fs::Permissions::from_mode(0o666), |metadata| metadata.permissions())
}

/// Renames files so that others can take their places.
fn rename(paths: &[PathBuf], name: Option<&str>, replace: bool) -> Result<(), ArtifactError> {
    let targets: Vec<_> = paths.iter().map(|path| renamed(path, name)).collect::<Result<_, _>>()?;
    for (from, to) in paths.iter().zip(&targets) {
        if to.exists() && !replace {
            return Err(ArtifactError::RenameTaken { from: from.clone(), to: to.clone() });
        }
    }
    for (from, to) in paths.iter().zip(&targets) {
        std::fs::rename(from, to).map_err(|source| ArtifactError::Io { path: from.clone(), source })?;
    }
    Ok(())
}

/// How the names of files end that keep their ends when they are renamed, the longer ones first.
const ENDINGS: &[&str] = &[".workflow.cwl", ".pipeline.py", ".job.yaml", ".yaml", ".cwl", ".Dockerfile"];

/// `x.job.yaml` → `modified_x.job.yaml`, or `NAME.job.yaml`.
fn renamed(path: &Path, name: Option<&str>) -> Result<PathBuf, ArtifactError> {
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let Some(name) = name else { return Ok(path.with_file_name(format!("modified_{file}"))) };
    if name.is_empty() || name.contains(['/', '\0']) || name == ".." {
        return Err(ArtifactError::RenameName(name.to_owned()));
    }
    let ending = ENDINGS.iter().find(|ending| file.ends_with(**ending));
    let stem = name.strip_suffix(ending.unwrap_or(&"")).unwrap_or(name);
    Ok(path.with_file_name(format!("{stem}{}", ending.unwrap_or(&""))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &Path) -> String {
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn what_differs_is_kept_unless_told_otherwise() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.job.yaml");
        let (old, new) = ([Artifact::new("x.job.yaml", "old")], [Artifact::new("x.job.yaml", "new")]);
        write(&old, folder.path(), &Existing::Keep).unwrap();
        write(&old, folder.path(), &Existing::Keep).unwrap();
        assert!(matches!(write(&new, folder.path(), &Existing::Keep), Err(ArtifactError::Exists(_))));
        assert_eq!(read(&path), "old");
        let rename = Existing::Rename { name: None, replace: false };
        write(&new, folder.path(), &rename).unwrap();
        assert_eq!(
            (read(&path), read(&folder.path().join("modified_x.job.yaml"))),
            ("new".into(), "old".into())
        );
        assert!(matches!(write(&old, folder.path(), &rename), Err(ArtifactError::RenameTaken { .. })));
        write(&old, folder.path(), &Existing::Rename { name: Some("mine".into()), replace: false }).unwrap();
        assert_eq!(read(&folder.path().join("mine.job.yaml")), "new");
        write(&new, folder.path(), &Existing::Overwrite).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3, "nothing is left over");
    }

    #[test]
    fn a_folder_in_the_way_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("x.cwl")).unwrap();
        let artifacts = [Artifact::new("x.yaml", "1"), Artifact::new("x.cwl", "2")];
        assert!(write(&artifacts, folder.path(), &Existing::Overwrite).is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is written");
    }
}
