//! Build contexts left on disk, for `--keep-generated-files`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::artifact::{self, ArtifactError, Existing};
use crate::context::Context;
use crate::reader;
use tempfile::TempDir;

use crate::failure::{Failure, INPUT};

/// A build context to leave on disk; it is staged before the build begins.
pub struct StagedContext {
    folder: PathBuf,
    staged: TempDir,
}

impl StagedContext {
    /// Stages the context of an image beside its place.
    pub fn stage(folder: PathBuf, context: &Context, existing: &Existing) -> Result<Self, Failure> {
        if let Some(kind) = reader::special(&folder) {
            return Err(ArtifactError::Special { path: folder, kind }.into());
        }
        let failed = |error| Self::failure(&folder, &error);
        let above = folder.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(above).map_err(failed)?;
        let staged = artifact::aside().tempdir_in(above).map_err(failed)?;
        context.write_dir(&staged.path().join("new"))?;
        if folder.exists() && *existing != Existing::Overwrite && !same(&staged.path().join("new"), &folder) {
            return Err(ArtifactError::exists(folder).into());
        }
        Ok(Self { folder, staged })
    }

    /// Moves the context into place and returns its path; on failure the old folder stays.
    pub fn place(self) -> Result<PathBuf, Failure> {
        let failed = |error| Self::failure(&self.folder, &error);
        let [old, new] = ["old", "new"].map(|name| self.staged.path().join(name));
        let is_there = self.folder.symlink_metadata().is_ok();
        if is_there {
            std::fs::rename(&self.folder, &old).map_err(failed)?;
        }
        if let Err(error) = std::fs::rename(&new, &self.folder) {
            if is_there && std::fs::rename(&old, &self.folder).is_err() {
                let kept = self.staged.keep().join("old");
                return Err(Self::failure(&self.folder, &error)
                    .hint(format!("what was there is in `{}`", kept.display())));
            }
            return Err(failed(error));
        }
        Ok(self.folder)
    }

    fn failure(folder: &Path, error: &std::io::Error) -> Failure {
        Failure::new(INPUT, format!("cannot write the build context `{}`: {error}", folder.display()))
    }
}

/// Whether two files, or all files of two folders, have the same content.
fn same(one: &Path, other: &Path) -> bool {
    match (names(one), names(other)) {
        (Some(ones), Some(others)) => {
            ones == others && ones.iter().all(|name| same(&one.join(name), &other.join(name)))
        }
        (None, None) => {
            matches!((reader::read(one), reader::read(other)), (Ok(one), Ok(other)) if one == other)
        }
        _ => false,
    }
}

/// The names in a folder, sorted; nothing for a file.
fn names(path: &Path) -> Option<Vec<OsString>> {
    let mut names: Vec<_> = path.read_dir().ok()?.filter_map(|entry| Some(entry.ok()?.file_name())).collect();
    names.sort();
    Some(names)
}
