//! The cache of layers, keyed by what they are made of, shared by all processes of a user.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use tempfile::TempDir;

use super::error::OciError;
use super::layer::{Blob, Packed};
use crate::cache::{Kind, LOCK, Lock, Shelf, WORK};
use crate::hashed::{digest, digest_of};
use crate::progress::Progress;

/// A cached value, with the digest of its text.
#[derive(Serialize, Deserialize)]
struct Note<T> {
    digest: String,
    what: T,
}

/// The cache of layers.
#[derive(Debug)]
pub(super) struct Cache {
    shelf: Shelf,
    /// Locks that keep entries as long as this program runs.
    in_use: Mutex<Vec<Lock>>,
    /// The layers verified in this run, with their modification times.
    read: Mutex<BTreeSet<(String, SystemTime)>>,
    /// Whether anything was added.
    has_grown: AtomicBool,
}

impl Cache {
    /// The user's cache, or a temporary one if that can't be used.
    pub(super) fn open() -> Result<Self, OciError> {
        Ok(Self::of(Shelf::open(Kind::Layers)?))
    }

    fn of(shelf: Shelf) -> Self {
        Self { shelf, in_use: Mutex::default(), read: Mutex::default(), has_grown: AtomicBool::new(false) }
    }

    /// A cached layer, if it is intact: every byte is verified, as disks forget.
    pub(super) fn get(&self, name: &str) -> Option<(Packed, Blob)> {
        let packed: Packed = self.recall(name)?;
        let blob = self.intact(&packed)?;
        Some((packed, blob))
    }

    /// A cached layer, if it is intact. One verified in this run isn't read again unless it was modified.
    pub(super) fn intact(&self, packed: &Packed) -> Option<Blob> {
        let blob = self.blob(packed);
        match Lock::share(&blob) {
            Ok(lock) => self.keep(lock?),
            // Where nothing can be locked, nothing is removed.
            Err(_) if blob.exists() => {}
            Err(_) => return None,
        }
        let file = File::open(&blob).ok()?;
        let (size, touched) = file.metadata().and_then(|file| Ok((file.len(), file.modified()?))).ok()?;
        let state = (packed.digest.clone(), touched);
        let is_known = |read: &BTreeSet<_>| size == packed.size && read.contains(&state);
        if !is_known(&self.read.lock().unwrap_or_else(PoisonError::into_inner)) {
            digest_of(file).ok().filter(|found| *found == (packed.digest.clone(), packed.size))?;
            self.read.lock().unwrap_or_else(PoisonError::into_inner).insert(state);
        }
        Some(Blob::File(blob))
    }

    /// A cached value, if it is intact.
    pub(super) fn recall<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let mut text = Vec::new();
        let mut note = File::open(self.note(name)).ok()?;
        // A note that is in use isn't the one that was not used for longest.
        let _ = note.set_modified(SystemTime::now());
        note.read_to_end(&mut text).ok()?;
        let note: Note<Box<RawValue>> = serde_json::from_slice(&text).ok()?;
        let is_whole = digest(note.what.get().as_bytes()) == note.digest;
        is_whole.then(|| serde_json::from_str(note.what.get()).ok())?
    }

    /// Caches a value, atomically.
    pub(super) fn note_down(&self, name: &str, what: &impl Serialize) -> Result<(), OciError> {
        let failed = |error| self.unwritable(error);
        let what = to_raw_value(what).map_err(|error| failed(error.into()))?;
        let mut note = self.shelf.temporary().map_err(failed)?;
        let noted = Note { digest: digest(what.get().as_bytes()), what };
        serde_json::to_writer(&mut note, &noted).map_err(|error| failed(error.into()))?;
        note.persist(self.note(name)).map_err(|error| failed(error.error))?;
        Ok(())
    }

    /// A temporary folder on the file system of the cache.
    pub(super) fn work(&self) -> Result<TempDir, OciError> {
        let folder = tempfile::Builder::new().prefix(WORK).tempdir_in(self.shelf.path());
        let folder = folder.map_err(|error| self.unwritable(error))?;
        let lock = File::create(folder.path().join(LOCK)).map_err(|error| self.unwritable(error))?;
        self.keep_file(lock);
        Ok(folder)
    }

    /// Caches what `pack` writes: first the layer by its digest, then the value that refers to it, each
    /// atomically, so that concurrent writers don't interfere.
    pub(super) fn put(
        &self,
        name: &str,
        pack: impl FnOnce(&mut dyn Write) -> Result<Packed, OciError>,
    ) -> Result<(Packed, Blob), OciError> {
        let (packed, blob) = self.keep_layer(pack)?;
        self.note_down(name, &packed)?;
        Ok((packed, blob))
    }

    /// Caches what `pack` writes by its digest.
    pub(super) fn keep_layer(
        &self,
        pack: impl FnOnce(&mut dyn Write) -> Result<Packed, OciError>,
    ) -> Result<(Packed, Blob), OciError> {
        let failed = |error| self.unwritable(error);
        let mut file = BufWriter::new(self.shelf.temporary().map_err(failed)?);
        let packed = pack(&mut file)?;
        let file = file.into_inner().map_err(|error| failed(error.into_error()))?;
        file.as_file().sync_all().map_err(failed)?;
        let blob = self.blob(&packed);
        let lock = file.as_file().try_clone().map_err(failed)?;
        self.keep_file(lock);
        file.persist(&blob).map_err(|error| failed(error.error))?;
        self.has_grown.store(true, Ordering::Relaxed);
        Ok((packed, Blob::File(blob)))
    }

    /// Evicts entries if something was added and the cache exceeds its limit; failing to tidy up is no reason
    /// to fail.
    pub(super) fn trim(&self, progress: &Progress) {
        if self.has_grown.swap(false, Ordering::Relaxed) {
            self.shelf.trim(progress);
        }
    }

    fn keep(&self, lock: Lock) {
        self.in_use.lock().unwrap_or_else(PoisonError::into_inner).push(lock);
    }

    /// Locks a new entry; without locks, nothing is removed.
    fn keep_file(&self, file: File) {
        if let Ok(lock) = Lock::of(file) {
            self.keep(lock);
        }
    }

    fn unwritable(&self, error: std::io::Error) -> OciError {
        OciError::io("write", self.shelf.path().display())(error)
    }

    fn blob(&self, packed: &Packed) -> PathBuf {
        let (name, suffix) = (packed.digest.trim_start_matches("sha256:"), packed.compression.suffix());
        self.shelf.path().join(format!("{name}.tar.{suffix}"))
    }

    fn note(&self, name: &str) -> PathBuf {
        self.shelf.path().join(format!("{name}.json"))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::compression::Compression;
    use super::*;
    use crate::progress::Verbosity;

    fn cache(folder: &TempDir) -> Cache {
        Cache::of(Shelf::at(folder.path(), Kind::Layers, u64::MAX))
    }

    fn put(cache: &Cache, text: &str) -> Result<(Packed, Blob), OciError> {
        cache.put("name", |out| {
            out.write_all(text.as_bytes()).map_err(OciError::io("write", ""))?;
            let (diff_id, compression) = (digest(b"plain"), Compression::Gzip);
            Ok(Packed { digest: digest(text.as_bytes()), size: text.len() as u64, diff_id, compression })
        })
    }

    #[test]
    fn the_latest_cached_blob_wins() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(&folder);
        assert!(cache.get("name").is_none());
        put(&cache, "first").unwrap();
        put(&cache, "second").unwrap();
        let (found, Blob::File(path)) = cache.get("name").unwrap() else { panic!() };
        assert_eq!((found.size, fs::read(path).unwrap()), (6, b"second".to_vec()));
    }

    #[test]
    fn corrupt_cached_blobs_are_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(&folder);
        put(&cache, "whole").unwrap();
        let Some((_, Blob::File(path))) = cache.get("name") else { panic!() };
        for other in ["whol", "whole ", "whule"] {
            fs::write(&path, other).unwrap();
            assert!(cache.get("name").is_none(), "{other}");
        }
        put(&cache, "whole").unwrap();
        assert!(cache.get("name").is_some());
        let stopped = cache.put("other", |_| Err(OciError::Interrupted));
        assert!(stopped.is_err() && cache.get("other").is_none());
        assert_eq!(folder.path().join("layers").read_dir().unwrap().count(), 2);
    }

    #[test]
    fn tampered_notes_are_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(&folder);
        let (packed, _) = put(&cache, "whole").unwrap();
        let note = folder.path().join("layers/name.json");
        let text = fs::read_to_string(&note).unwrap();
        let other = packed.diff_id.replacen(|digit: char| digit.is_ascii_digit(), "f", 1);
        for changed in [text.replace(&packed.diff_id, &other), text.replace("whole", ""), String::new()] {
            if changed != text {
                fs::write(&note, changed).unwrap();
                assert!(cache.get("name").is_none());
            }
        }
        fs::write(&note, serde_json::to_string(&packed).unwrap()).unwrap();
        assert!(cache.get("name").is_none());
    }

    #[test]
    fn concurrent_puts_of_one_blob_are_safe() {
        let folder = tempfile::tempdir().unwrap();
        let cache = &cache(&folder);
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(move || put(cache, "same").is_ok())).collect();
            assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
        });
        assert!(cache.get("name").is_some());
        assert_eq!(folder.path().join("layers").read_dir().unwrap().count(), 2);
    }
    #[test]
    fn layers_are_kept_while_their_image_is_built() {
        let folder = tempfile::tempdir().unwrap();
        let small = || Cache::of(Shelf::at(folder.path(), Kind::Layers, 1));
        let (first, second) = (small(), small());
        put(&first, "first").unwrap();
        let (_, Blob::File(path)) = second.get("name").unwrap() else { panic!() };
        let silent = Progress::new(Verbosity::Quiet);
        first.trim(&silent);
        drop(first);
        put(&second, "second").unwrap();
        second.trim(&silent);
        assert!(path.exists());
        drop(second);
        let third = small();
        third.has_grown.store(true, Ordering::Relaxed);
        third.trim(&silent);
        assert!(!path.exists());
    }

    #[test]
    fn work_in_progress_is_not_removed() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(&folder);
        let work = cache.work().unwrap();
        let lock = File::open(work.path().join(LOCK)).unwrap();
        assert!(lock.try_lock().is_err());
        drop(cache);
        assert!(lock.try_lock().is_ok());
    }
}
