//! What is in the cache: how much it takes of the disk, and when it was last used.

use std::fs::{self, DirEntry, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process;
use std::time::{Duration, SystemTime};

use super::{CacheError, Kind, Lock, UNFINISHED};

/// Age from which unfinished, unlocked work counts as abandoned.
const ABANDONED: Duration = Duration::from_hours(1);

/// The lock of an unfinished folder, in it.
pub(crate) const LOCK: &str = ".lock";

/// Something that can be removed.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) path: PathBuf,
    pub(super) kind: Kind,
    /// Whether it is a complete item rather than a note, a lock or abandoned work.
    pub(super) is_whole: bool,
    /// Bytes that its removal frees.
    pub(super) size: u64,
    pub(super) used: SystemTime,
    /// The file that its users lock.
    lock: PathBuf,
}

/// All that is in a cache.
pub(super) fn items(folder: &Path) -> Result<Vec<Item>, CacheError> {
    let mut items = Vec::new();
    for kind in Kind::ALL {
        let folder = folder.join(kind.folder());
        let entries = match folder.read_dir() {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            entries => entries.map_err(CacheError::io("read", &folder))?,
        };
        // What goes away meanwhile isn't there.
        items.extend(entries.filter_map(|entry| Item::of(kind, &entry.ok()?).ok()?));
    }
    Ok(items)
}

impl Item {
    fn of(kind: Kind, entry: &DirEntry) -> io::Result<Option<Self>> {
        let (path, metadata) = (entry.path(), entry.metadata()?);
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_unfinished = UNFINISHED.iter().any(|prefix| name.starts_with(prefix));
        let lock = match (metadata.is_dir(), is_unfinished) {
            (true, true) => path.join(LOCK),
            (true, false) => lock_beside(&path),
            (false, _) => path.clone(),
        };
        let used = lock.symlink_metadata().as_ref().unwrap_or(&metadata).modified()?;
        let is_work = is_unfinished && SystemTime::now().duration_since(used).unwrap_or_default() < ABANDONED;
        let is_lock = path.extension().is_some_and(|end| end == "lock") && path.with_extension("").exists();
        if is_work || is_lock || !(metadata.is_dir() || metadata.is_file()) {
            return Ok(None);
        }
        let is_layer =
            path.file_stem().is_some_and(|stem| Path::new(stem).extension() == Some("tar".as_ref()));
        let is_whole = !is_unfinished && if kind == Kind::Layers { is_layer } else { metadata.is_dir() };
        let size = size(&path, &metadata);
        Ok(Some(Self { path, kind, is_whole, size, used, lock }))
    }

    /// Removes it unless it is in use; returns whether it is gone. A folder is renamed first, so that others
    /// find all of it or nothing.
    pub(super) fn remove(&self) -> io::Result<bool> {
        let Some(_lock) = Lock::try_hold(&self.lock)? else { return Ok(false) };
        if self.lock == self.path {
            return fs::remove_file(&self.path).map(|()| true);
        }
        if self.lock.parent() == Some(&self.path) {
            return fs::remove_dir_all(&self.path).map(|()| true);
        }
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let doomed = self.path.with_file_name(format!("{}{name}-{}", UNFINISHED[0], process::id()));
        fs::rename(&self.path, &doomed)?;
        fs::remove_file(&self.lock)?;
        fs::remove_dir_all(&doomed).map(|()| true)
    }
}

/// The lock of a folder, beside it, since the folder itself may be recreated.
pub(crate) fn lock_beside(folder: &Path) -> PathBuf {
    let mut name = folder.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

/// Bytes that the removal of a file or folder frees: none for content with other links, such as files in the
/// cache of the installer.
fn size(path: &Path, metadata: &Metadata) -> u64 {
    if !metadata.is_dir() {
        return if metadata.nlink() > 1 { 0 } else { blocks(metadata) };
    }
    let entries = path.read_dir().into_iter().flatten().flatten();
    let inside = entries.filter_map(|entry| Some(size(&entry.path(), &entry.metadata().ok()?)));
    blocks(metadata) + inside.sum::<u64>()
}

fn blocks(metadata: &Metadata) -> u64 {
    metadata.blocks() * 512
}
