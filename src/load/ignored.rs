//! What git ignores in a repository: generated, downloaded or private files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder};

use super::is_private;

/// The files below a folder that git doesn't ignore; outside a repository, all. Hidden and private folders
/// are left out.
#[must_use]
pub fn kept_by_git(folder: &Path) -> BTreeSet<PathBuf> {
    let is_open = |entry: &DirEntry| {
        let is_inner = entry.depth() > 0 && entry.file_type().is_some_and(|kind| kind.is_dir());
        !is_inner || !is_private(entry.path())
    };
    let walk = WalkBuilder::new(folder).ignore(false).hidden(false).filter_entry(is_open).build();
    walk.filter_map(Result::ok).map(DirEntry::into_path).collect()
}
