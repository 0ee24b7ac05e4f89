//! Layers that were made before, kept by what they are made of, for all programs of a user.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use tempfile::{NamedTempFile, TempDir};

use super::error::OciError;
use super::layer::{Blob, Packed};
use crate::hashed::{digest, digest_of};

/// How the names of what isn't ready begin.
const WORK: &str = ".work-";

/// What is noted under a name, with the digest of its text.
#[derive(Serialize, Deserialize)]
struct Note<T> {
    digest: String,
    what: T,
}

/// Where layers are kept: in the user's cache, or where that can't be, for this run only.
#[derive(Debug)]
pub(super) struct Cache {
    folder: PathBuf,
    /// Removes what is kept for this run only.
    _own: Option<TempDir>,
}

impl Cache {
    /// The cache of this user.
    pub(super) fn open() -> Result<Self, OciError> {
        if let Some(folder) = user_folder().filter(|folder| is_writable(folder)) {
            return Ok(Self { folder, _own: None });
        }
        let own = tempfile::Builder::new().prefix("c3-").tempdir();
        let own = own.map_err(OciError::io("write", std::env::temp_dir().display()))?;
        Ok(Self { folder: own.path().to_owned(), _own: Some(own) })
    }

    /// A layer that was kept under a name, if it is what it was: each byte of it is read, since disks forget.
    pub(super) fn get(&self, name: &str) -> Option<(Packed, Blob)> {
        let packed: Packed = self.recall(name)?;
        let blob = self.blob(&packed);
        let found = digest_of(File::open(&blob).ok()?).ok()?;
        (found == (packed.digest.clone(), packed.size)).then_some((packed, Blob::File(blob)))
    }

    /// What was noted under a name, if the note is what it was.
    pub(super) fn recall<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let note: Note<Box<RawValue>> = serde_json::from_slice(&fs::read(self.note(name)).ok()?).ok()?;
        let is_whole = digest(note.what.get().as_bytes()) == note.digest;
        is_whole.then(|| serde_json::from_str(note.what.get()).ok())?
    }

    /// Notes something under a name, as a whole or not at all.
    pub(super) fn note_down(&self, name: &str, what: &impl Serialize) -> Result<(), OciError> {
        let failed = |error| OciError::io("write", self.folder.display())(error);
        let what = to_raw_value(what).map_err(|error| failed(error.into()))?;
        let mut note = self.temporary().map_err(failed)?;
        let noted = Note { digest: digest(what.get().as_bytes()), what };
        serde_json::to_writer(&mut note, &noted).map_err(|error| failed(error.into()))?;
        note.persist(self.note(name)).map_err(|error| failed(error.error))?;
        Ok(())
    }

    /// A folder for work in progress, on the same file system as what is kept.
    pub(super) fn work(&self) -> Result<TempDir, OciError> {
        let folder = tempfile::Builder::new().prefix(WORK).tempdir_in(&self.folder);
        folder.map_err(OciError::io("write", self.folder.display()))
    }

    /// Keeps what `pack` writes under a name: first the layer by its digest, then the note that names it, each as a whole
    /// or not at all. So two who make the same at once don't disturb each other.
    pub(super) fn put(
        &self,
        name: &str,
        pack: impl FnOnce(&mut dyn Write) -> Result<Packed, OciError>,
    ) -> Result<(Packed, Blob), OciError> {
        let failed = |error| OciError::io("write", self.folder.display())(error);
        let mut file = BufWriter::new(self.temporary().map_err(failed)?);
        let packed = pack(&mut file)?;
        let file = file.into_inner().map_err(|error| failed(error.into_error()))?;
        file.as_file().sync_all().map_err(failed)?;
        let blob = self.blob(&packed);
        file.persist(&blob).map_err(|error| failed(error.error))?;
        self.note_down(name, &packed)?;
        Ok((packed, Blob::File(blob)))
    }

    fn temporary(&self) -> std::io::Result<NamedTempFile> {
        tempfile::Builder::new().prefix(WORK).tempfile_in(&self.folder)
    }

    fn blob(&self, packed: &Packed) -> PathBuf {
        self.folder.join(format!("{}.tar.gz", packed.digest.trim_start_matches("sha256:")))
    }

    fn note(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.json"))
    }
}

/// `$XDG_CACHE_HOME/c3/layers`, or below `~/.cache`.
fn user_folder() -> Option<PathBuf> {
    let variable =
        |name| std::env::var_os(name).map(PathBuf::from).filter(|path: &PathBuf| path.is_absolute());
    let cache = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
    cache.map(|cache| cache.join("c3/layers"))
}

fn is_writable(folder: &Path) -> bool {
    fs::create_dir_all(folder).is_ok() && tempfile::tempfile_in(folder).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(folder: &TempDir) -> Cache {
        Cache { folder: folder.path().to_owned(), _own: None }
    }

    fn put(cache: &Cache, text: &str) -> Result<(Packed, Blob), OciError> {
        cache.put("name", |out| {
            out.write_all(text.as_bytes()).map_err(OciError::io("write", ""))?;
            let diff_id = digest(b"plain");
            Ok(Packed { digest: digest(text.as_bytes()), size: text.len() as u64, diff_id })
        })
    }

    #[test]
    fn what_was_put_last_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(&folder);
        assert!(cache.get("name").is_none());
        put(&cache, "first").unwrap();
        put(&cache, "second").unwrap();
        let (found, Blob::File(path)) = cache.get("name").unwrap() else { panic!() };
        assert_eq!((found.size, fs::read(path).unwrap()), (6, b"second".to_vec()));
    }

    #[test]
    fn what_is_broken_is_not_there() {
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
        assert_eq!(folder.path().read_dir().unwrap().count(), 2);
    }

    #[test]
    fn a_note_that_was_changed_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(&folder);
        let (packed, _) = put(&cache, "whole").unwrap();
        let note = folder.path().join("name.json");
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
    fn many_may_put_the_same_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let cache = &cache(&folder);
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(move || put(cache, "same").is_ok())).collect();
            assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
        });
        assert!(cache.get("name").is_some());
        assert_eq!(folder.path().read_dir().unwrap().count(), 2);
    }
}
