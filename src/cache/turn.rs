//! Turns: what only one process on a machine does at a time. A turn ends with its process, however that ends.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::{env, process};

use super::{Lock, folder, is_writable};
use crate::hashed::digest;

/// The folder of their locks, beside those of the items.
const FOLDER: &str = "turns";

/// A turn, until it is dropped.
#[derive(Debug)]
#[must_use]
pub struct Turn {
    _lock: Lock,
}

impl Turn {
    /// Waits for the turn with a name, which may be any text. If it is taken, calls `waits` with the id of
    /// the process that has it, if known.
    pub fn take(name: &str, waits: impl FnOnce(Option<u32>)) -> io::Result<Self> {
        let file = format!("{}.lock", digest(name.as_bytes()).trim_start_matches("sha256:"));
        Self::at(&turns()?.join(file), waits)
    }

    fn at(path: &Path, waits: impl FnOnce(Option<u32>)) -> io::Result<Self> {
        let mut lock = if let Some(lock) = Lock::try_hold(path)? {
            lock
        } else {
            waits(fs::read_to_string(path).ok().and_then(|text| text.trim().parse().ok()));
            Lock::hold(path)?
        };
        lock.write(&format!("{}\n", process::id()))?;
        Ok(Self { _lock: lock })
    }
}

/// The folder of the locks: in the user's cache, or else in the folder for temporary files.
fn turns() -> io::Result<PathBuf> {
    let cached = folder().ok().map(|cache| cache.join(FOLDER)).filter(|folder| is_writable(folder));
    cached.map_or_else(|| private_folder(&env::temp_dir()), Ok)
}

/// A private folder of this user among others.
fn private_folder(among: &Path) -> io::Result<PathBuf> {
    let user = rustix::process::getuid().as_raw();
    let folder = among.join(format!("c3-{user}"));
    match DirBuilder::new().mode(0o700).create(&folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let found = folder.symlink_metadata()?;
    if found.is_dir() && found.uid() == user && found.mode() & 0o022 == 0 {
        return Ok(folder);
    }
    Err(io::Error::other(format!("`{}` is somebody else's", folder.display())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;
    use std::time::Duration;

    #[test]
    fn turns_are_taken_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.lock");
        let first = Turn::at(&path, |_| panic!("it is free")).unwrap();
        let (sender, receiver) = channel();
        let second = std::thread::spawn(move || {
            let turn = Turn::at(&path, |holder| sender.send(holder).unwrap()).unwrap();
            sender.send(None).unwrap();
            turn
        });
        assert_eq!(receiver.recv().unwrap(), Some(process::id()));
        assert!(receiver.recv_timeout(Duration::from_millis(50)).is_err(), "it isn't free");
        drop(first);
        assert_eq!(receiver.recv().unwrap(), None);
        drop(second.join().unwrap());
    }

    #[test]
    fn a_folder_of_another_user_is_not_trusted() {
        let folder = tempfile::tempdir().unwrap();
        let own = private_folder(folder.path()).unwrap();
        assert_eq!(private_folder(folder.path()).unwrap(), own);
        assert_eq!(own.metadata().unwrap().mode() & 0o777, 0o700);
        fs::remove_dir(&own).unwrap();
        std::os::unix::fs::symlink("/tmp", &own).unwrap();
        assert!(private_folder(folder.path()).is_err());
    }
}
