//! New names for files that are about to be replaced: each has its own, with the same ending.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::moves::Moves;
use super::{ArtifactError, Destination, Existing};

/// The new names of files: `NAME` in place of their stem, or the prefix `modified_`.
pub(super) fn names(
    paths: &[PathBuf],
    destination: Destination,
    name: Option<&str>,
) -> Result<Vec<(PathBuf, PathBuf)>, ArtifactError> {
    let file = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let Some(name) = name else {
        let named = |path: &PathBuf| path.with_file_name(format!("modified_{}", file(path)));
        return Ok(paths.iter().map(|path| (path.clone(), named(path))).collect());
    };
    if name.is_empty() || name.contains(['/', '\0']) || name == "." || name == ".." {
        return Err(ArtifactError::RenameName(name.to_owned()));
    }
    let endings: Vec<String> = paths.iter().map(|path| ending(&file(path), destination.stem)).collect();
    // Who names one of the files means its stem.
    let meant = endings.iter().filter_map(|ending| name.strip_suffix(ending.as_str()));
    let stem = meant.filter(|stem| !stem.is_empty()).min_by_key(|stem| stem.len()).unwrap_or(name);
    let named =
        paths.iter().zip(&endings).map(|(path, ending)| path.with_file_name(format!("{stem}{ending}")));
    Ok(paths.iter().cloned().zip(named).collect())
}

/// How a file name ends behind the stem: `x.submarine.yaml` → `.submarine.yaml`.
fn ending(file: &str, stem: &str) -> String {
    let behind = file.strip_prefix(stem).filter(|rest| rest.starts_with('.'));
    let extension = || Path::new(file).extension().and_then(OsStr::to_str).map(|end| format!(".{end}"));
    behind.map(ToOwned::to_owned).or_else(extension).unwrap_or_default()
}

/// Rejects names that would overwrite another file.
pub(super) fn check(
    names: &[(PathBuf, PathBuf)],
    places: &[PathBuf],
    replace: bool,
) -> Result<(), ArtifactError> {
    for (at, (from, to)) in names.iter().enumerate() {
        if let Some((one, _)) = names[..at].iter().find(|(_, other)| other == to) {
            return Err(ArtifactError::RenameTwice { one: one.clone(), other: from.clone(), to: to.clone() });
        }
        if places.contains(to) {
            return Err(ArtifactError::RenameOnto { from: from.clone(), to: to.clone() });
        }
        let is_file = || to.symlink_metadata().is_ok_and(|found| found.is_file() || found.is_symlink());
        if to.symlink_metadata().is_ok() && !(replace && is_file()) {
            return Err(ArtifactError::RenameTaken { from: from.clone(), to: to.clone() });
        }
    }
    Ok(())
}

/// Keeps a file under its new name, replacing a file of that name if allowed.
pub(super) fn keep(
    moves: &mut Moves,
    from: &Path,
    to: &Path,
    existing: &Existing,
) -> Result<(), ArtifactError> {
    let failed = |source: std::io::Error| match source.kind() {
        std::io::ErrorKind::AlreadyExists => ArtifactError::RenameTaken { from: from.into(), to: to.into() },
        _ => ArtifactError::Io { path: to.into(), source },
    };
    if matches!(existing, Existing::Rename { replace: true, .. }) && to.symlink_metadata().is_ok() {
        moves.clear(to).map_err(failed)?;
    }
    moves.keep(from, to).map_err(failed)
}
