//! The user's cache: its place, its size limit, and what is evicted first.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use indicatif::HumanBytes;
use tempfile::{NamedTempFile, TempDir};

pub use self::error::CacheError;
pub(crate) use self::lock::Lock;
use self::stock::{Item, items};
pub(crate) use self::stock::{LOCK, lock_beside};
pub use self::turn::Turn;
use crate::job::Quantity;
use crate::progress::Progress;

mod error;
mod lock;
mod stock;
mod turn;

/// The variable with the size limit of the cache.
pub const SIZE: &str = "C3_CACHE_SIZE";

/// The default size limit.
const DEFAULT_SIZE: &str = "10Gi";

/// Prefixes of unfinished files, here and in the program of a containerless operator.
const UNFINISHED: [&str; 2] = [WORK, ".c3-"];

/// Prefix of unfinished files here.
pub(crate) const WORK: &str = ".work-";

/// The kinds of cached things, each in its own folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Layers of images, and notes about base images.
    Layers,
    /// Packages of operators that run on this machine.
    Environments,
    /// Containerless operators, unpacked by themselves.
    Operators,
}

impl Kind {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Layers, Self::Environments, Self::Operators];

    /// The name of its folder.
    #[must_use]
    pub fn folder(self) -> &'static str {
        match self {
            Self::Layers => "layers",
            Self::Environments => "environments",
            Self::Operators => "containerless",
        }
    }

    /// What one of them is called.
    fn name(self) -> &'static str {
        match self {
            Self::Layers => "layer",
            Self::Environments => "environment",
            Self::Operators => "unpacked operator",
        }
    }
}

/// The folder of one kind: in the user's cache, or temporary if that can't be written.
#[derive(Debug)]
pub(crate) struct Shelf {
    path: PathBuf,
    limit: u64,
    /// Removes the temporary folder.
    own: Option<TempDir>,
}

/// What was removed from the cache, and what wasn't.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cleaning {
    /// Bytes freed on disk.
    pub freed: u64,
    /// Removed items of each kind, in the order of [`Kind::ALL`].
    pub removed: [usize; 3],
    /// Items of each kind that stay because they are in use.
    pub in_use: [usize; 3],
    /// I/O errors.
    pub failures: Vec<String>,
}

/// Where the cache is: `$XDG_CACHE_HOME/c3`, or else `~/.cache/c3`.
pub fn folder() -> Result<PathBuf, CacheError> {
    let absolute = |path: &PathBuf| path.is_absolute();
    let named = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(absolute);
    let home = || env::home_dir().filter(absolute).map(|home| home.join(".cache"));
    named.or_else(home).map(|folder| folder.join("c3")).ok_or(CacheError::Homeless)
}

/// Its size limit, in bytes.
pub fn limit() -> Result<u64, CacheError> {
    match env::var(SIZE) {
        Ok(text) if !text.is_empty() => size(&text).ok_or(CacheError::Size(text)),
        Err(env::VarError::NotUnicode(text)) => Err(CacheError::Size(text.to_string_lossy().into_owned())),
        _ => Ok(size(DEFAULT_SIZE).unwrap_or(u64::MAX)),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "no quantity is negative")]
fn size(text: &str) -> Option<u64> {
    // Thousandths are for cores: whoever writes `500m` for bytes means something else.
    let quantity: Quantity = text.parse().ok().filter(|_| !text.ends_with('m'))?;
    Some(quantity.amount() as u64)
}

/// Removes everything that isn't in use.
pub fn clean() -> Result<Cleaning, CacheError> {
    shrink(&folder()?, None)
}

/// Removes what isn't in use: all, or the least recently used until the rest is within the limit.
fn shrink(folder: &Path, limit: Option<u64>) -> Result<Cleaning, CacheError> {
    let mut items = items(folder)?;
    items.sort_by_key(|item| item.used);
    let mut size: u64 = items.iter().map(|item| item.size).sum();
    let mut cleaning = Cleaning::default();
    for item in items {
        if limit.is_some_and(|limit| size <= limit) {
            break;
        }
        if cleaning.take(&item) {
            size = size.saturating_sub(item.size);
        }
    }
    Ok(cleaning)
}

impl Cleaning {
    /// The removed items, such as `3 layers, 1 environment`.
    #[must_use]
    pub fn removed(&self) -> String {
        counted(self.removed)
    }

    /// The items in use, likewise.
    #[must_use]
    pub fn in_use(&self) -> String {
        counted(self.in_use)
    }

    /// Removes an item unless it is in use; returns whether it is gone.
    fn take(&mut self, item: &Item) -> bool {
        let is_gone = match item.remove() {
            Ok(is_gone) => is_gone,
            Err(error) => {
                self.failures.push(CacheError::io("remove", &item.path)(error).to_string());
                return false;
            }
        };
        let counts = if is_gone { &mut self.removed } else { &mut self.in_use };
        if let Some(index) = Kind::ALL.iter().position(|kind| item.is_whole && *kind == item.kind) {
            counts[index] += 1;
        }
        self.freed += if is_gone { item.size } else { 0 };
        is_gone
    }
}

/// Counts in words, without those that are zero.
fn counted(numbers: [usize; 3]) -> String {
    let there = Kind::ALL.iter().zip(numbers).filter(|(_, number)| *number > 0);
    let words =
        there.map(|(kind, number)| format!("{number} {}{}", kind.name(), if number == 1 { "" } else { "s" }));
    words.collect::<Vec<_>>().join(", ")
}

impl Shelf {
    /// Opens the folder of a kind in the user's cache.
    pub(crate) fn open(kind: Kind) -> Result<Self, CacheError> {
        let limit = limit()?;
        if let Some(path) =
            folder().ok().map(|folder| folder.join(kind.folder())).filter(|it| is_writable(it))
        {
            return Ok(Self { path, limit, own: None });
        }
        let own = tempfile::Builder::new().prefix("c3-").tempdir();
        let own = own.map_err(CacheError::io("write", &env::temp_dir()))?;
        Ok(Self { path: own.path().to_owned(), limit, own: Some(own) })
    }

    /// The folder of a kind in the caller's own cache.
    #[cfg(test)]
    pub(crate) fn at(folder: &Path, kind: Kind, limit: u64) -> Self {
        let path = folder.join(kind.folder());
        fs::create_dir_all(&path).unwrap();
        Self { path, limit, own: None }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A temporary file on the file system of the cache.
    pub(crate) fn temporary(&self) -> io::Result<NamedTempFile> {
        tempfile::Builder::new().prefix(WORK).tempfile_in(&self.path)
    }

    /// Evicts items if the cache exceeds its limit, and reports what was removed. Failing to tidy up is no
    /// reason to fail.
    pub(crate) fn trim(&self, progress: &Progress) {
        let (None, Some(folder)) = (&self.own, self.path.parent()) else { return };
        let gone = shrink(folder, Some(self.limit)).unwrap_or_default();
        if gone.removed != [0; 3] {
            let (freed, limit) = (HumanBytes(gone.freed), HumanBytes(self.limit));
            progress.info(format!(
                "removed the least recently used of the cache ({}, {freed}): it is limited to {limit}",
                gone.removed(),
            ));
        }
    }
}

fn is_writable(folder: &Path) -> bool {
    fs::create_dir_all(folder).is_ok() && tempfile::tempfile_in(folder).is_ok()
}

#[cfg(test)]
mod tests;
