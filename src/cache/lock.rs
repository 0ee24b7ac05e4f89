//! Locks: what is in use stays, and only one process creates an item.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::SystemTime;

/// A lock on a file, held until it is dropped. The file's time is when it was last used.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
}

impl Lock {
    /// Shares the lock of a file in use, so that nobody removes it; nothing if there is no such file.
    pub(crate) fn share(path: &Path) -> io::Result<Option<Self>> {
        let file = match File::open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        file.lock_shared()?;
        // A file of another user's keeps its time, and whoever may not set it can't remove the file either.
        let _ = file.set_modified(SystemTime::now());
        Ok(is_at(&file, path).then_some(Self { file }))
    }

    /// Waits for exclusive use of a file, and creates it if missing.
    pub(crate) fn hold(path: &Path) -> io::Result<Self> {
        loop {
            let file = open(path)?;
            file.lock()?;
            if is_at(&file, path) {
                return Ok(Self { file });
            }
        }
    }

    /// The same without waiting; nothing if the file is in use.
    pub(crate) fn try_hold(path: &Path) -> io::Result<Option<Self>> {
        let file = open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(is_at(&file, path).then_some(Self { file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Shares the lock of a new file that nobody else knows of.
    pub(crate) fn of(file: File) -> io::Result<Self> {
        file.lock_shared()?;
        Ok(Self { file })
    }

    /// Writes into the file, for those who wait.
    pub(super) fn write(&mut self, text: &str) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(text.as_bytes())
    }
}

/// Some file systems lock only what is open for writing.
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

/// Whether a file is still where it was: another may have removed it before it was locked.
fn is_at(file: &File, path: &Path) -> bool {
    let identity = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
    let there = path.symlink_metadata().map(identity);
    there.is_ok_and(|there| file.metadata().is_ok_and(|own| identity(own) == there))
}
