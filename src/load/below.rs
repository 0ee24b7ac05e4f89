//! The sources below a folder, as stored on disk.

use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use crate::frontend;

/// Folders without operators.
const SKIPPED: &[&str] = &["__pycache__", "node_modules", "site-packages"];

/// The sources below a folder, sorted by name, dangling links included; hidden and private folders, installed
/// packages, and folders that `is_open` rejects are left out. Links to folders aren't followed.
pub fn below(
    folder: &Path,
    is_open: impl Fn(&Path) -> bool,
) -> impl Iterator<Item = Result<PathBuf, walkdir::Error>> {
    let enters = move |entry: &DirEntry| {
        let is_inner = entry.depth() > 0 && entry.file_type().is_dir();
        !is_inner || !(is_private(entry.path()) || is_packages(entry.path())) && is_open(entry.path())
    };
    let entries = WalkDir::new(folder).sort_by_file_name().into_iter().filter_entry(enters);
    entries.filter_map(|entry| match entry {
        Ok(entry) => is_source(&entry).then(|| Ok(entry.into_path())),
        Err(error) => Some(Err(error)),
    })
}

/// Whether a name is hidden, a cache, or a module such as `__init__.py`, which isn't an operator.
#[must_use]
pub fn is_private(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with(['.', '_']) || SKIPPED.contains(&name.as_ref())
}

fn is_packages(folder: &Path) -> bool {
    folder.join("pyvenv.cfg").exists()
}

/// Whether an entry is a source, or a link with a source's name, perhaps dangling.
fn is_source(entry: &DirEntry) -> bool {
    let path = entry.path();
    frontend::kind(path).is_some() && (path.is_file() || (entry.path_is_symlink() && !path.exists()))
}
