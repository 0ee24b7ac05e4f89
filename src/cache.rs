//! The cache of a user: where it is, how large it may become, and what goes first.

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

/// The variable that says how large the cache may become.
pub const SIZE: &str = "C3_CACHE_SIZE";

/// How large it may become otherwise.
const DEFAULT_SIZE: &str = "10Gi";

/// How the names of what isn't ready begin, here and in the program of an operator without a container.
const UNFINISHED: [&str; 2] = [WORK, ".c3-"];

/// How they begin here.
pub(crate) const WORK: &str = ".work-";

/// The kinds of things that are kept, each in a folder of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Layers of images, and notes about base images.
    Layers,
    /// Packages that operators are run with on this machine.
    Environments,
    /// Operators without a container, unpacked by themselves.
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

/// The folder for one kind of things: in the user's cache, or where that can't be written, for this run only.
#[derive(Debug)]
pub(crate) struct Shelf {
    path: PathBuf,
    limit: u64,
    /// Removes what is kept for this run only.
    own: Option<TempDir>,
}

/// What has been taken out of the cache, and what could not be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cleaning {
    /// Bytes of the disk that are free again.
    pub freed: u64,
    /// How many of each kind are gone, in the order of [`Kind::ALL`].
    pub removed: [usize; 3],
    /// How many of each kind stay because they are in use.
    pub in_use: [usize; 3],
    /// What the system didn't let go.
    pub failures: Vec<String>,
}

/// Where the cache is: `$XDG_CACHE_HOME/c3`, or else `~/.cache/c3`.
pub fn folder() -> Result<PathBuf, CacheError> {
    let absolute = |path: &PathBuf| path.is_absolute();
    let named = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(absolute);
    let home = || env::home_dir().filter(absolute).map(|home| home.join(".cache"));
    named.or_else(home).map(|folder| folder.join("c3")).ok_or(CacheError::Homeless)
}

/// How large it may become, in bytes.
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

/// Takes all out of the cache that isn't in use.
pub fn clean() -> Result<Cleaning, CacheError> {
    shrink(&folder()?, None)
}

/// Takes out of a cache what isn't in use: all, or what was not used for longest until the rest is no larger than allowed.
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
    /// What went, such as `3 layers, 1 environment`.
    #[must_use]
    pub fn removed(&self) -> String {
        counted(self.removed)
    }

    /// What stays, likewise.
    #[must_use]
    pub fn in_use(&self) -> String {
        counted(self.in_use)
    }

    /// Removes something unless it is in use, and tells whether it is gone.
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
    /// The folder of this user's cache for a kind of things.
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

    /// The folder for a kind of things in a cache of the caller's.
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

    /// A file for work in progress, on the same file system as what is kept.
    pub(crate) fn temporary(&self) -> io::Result<NamedTempFile> {
        tempfile::Builder::new().prefix(WORK).tempfile_in(&self.path)
    }

    /// Makes room where the cache is too large now that something has come into it, and tells what went. A cache that
    /// can't be tidied up is no reason to fail.
    pub(crate) fn trim(&self, progress: &Progress) {
        let (None, Some(folder)) = (&self.own, self.path.parent()) else { return };
        let gone = shrink(folder, Some(self.limit)).unwrap_or_default();
        if gone.removed != [0; 3] {
            let (freed, limit) = (HumanBytes(gone.freed), HumanBytes(self.limit));
            progress.tell(format!(
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
