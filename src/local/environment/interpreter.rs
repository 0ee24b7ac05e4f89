//! The interpreter of this machine: its path, and its version, cached while the program is unchanged.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::EnvironmentError;
use crate::backend::runtime::{self, Runtime};
use crate::cache::Shelf;
use crate::hashed::hex;
use crate::language::Language;
use crate::programs::{self, Working};

/// The interpreter of a language and its version, cached or reported by itself.
pub(super) fn interpreter(language: Language, shelf: &Shelf) -> Result<Working, EnvironmentError> {
    let Runtime { here, version, .. } = runtime::of(language);
    let first = here.iter().find_map(|name| programs::find(name));
    if let Some(known) = first.and_then(|path| remembered(shelf, path)) {
        return Ok(known);
    }
    programs::working(here, version, |_| true).map_err(|broken| EnvironmentError::NoInterpreter {
        name: here[0],
        broken: broken.iter().map(ToString::to_string).collect(),
    })
}

/// Caches the version of an interpreter, if its environment leads to the same program: a shim may lead to
/// another one any day. An unwritable cache is no error.
pub(super) fn remember(shelf: &Shelf, interpreter: &Working, environment: &Path) {
    let Ok(note) = note(shelf, &interpreter.path) else { return };
    let made_by = environment.join("bin/python").canonicalize();
    let is_itself =
        made_by.is_ok_and(|made_by| interpreter.path.canonicalize().is_ok_and(|it| it == made_by));
    if is_itself && !note.exists() {
        let _ = keep(shelf, &note, &interpreter.said);
    }
}

fn keep(shelf: &Shelf, note: &Path, said: &str) -> io::Result<()> {
    let mut file = shelf.temporary()?;
    file.write_all(said.as_bytes())?;
    file.persist(note).map(drop).map_err(|error| error.error)
}

fn remembered(shelf: &Shelf, path: PathBuf) -> Option<Working> {
    let said = fs::read_to_string(note(shelf, &path).ok()?).ok()?;
    Some(Working { path, said })
}

/// The cache file of a program's version, named after everything that identifies the program.
fn note(shelf: &Shelf, program: &Path) -> io::Result<PathBuf> {
    let whole = program.canonicalize()?;
    let found = whole.metadata()?;
    let mut hash = Sha256::new();
    for path in [program, &whole] {
        hash.update(path.as_os_str().as_encoded_bytes());
        hash.update([0]);
    }
    for number in [found.dev(), found.ino(), found.size()] {
        hash.update(number.to_le_bytes());
    }
    for time in [found.ctime(), found.ctime_nsec()] {
        hash.update(time.to_le_bytes());
    }
    Ok(shelf.path().join(format!("{}.version", hex(&hash.finalize()[..8]))))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::cache::Kind;

    #[test]
    fn programs_are_cached_until_they_change_but_shims_never() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::at(folder.path(), Kind::Environments, 0);
        let (program, shim) = (folder.path().join("python3"), folder.path().join("shim"));
        fs::write(&program, "one").unwrap();
        fs::write(&shim, "exec another").unwrap();
        fs::create_dir_all(folder.path().join("made/bin")).unwrap();
        symlink(&program, folder.path().join("made/bin/python")).unwrap();
        let working = |path: &Path| Working { path: path.to_owned(), said: "3.12.1".to_owned() };

        for path in [&program, &shim] {
            remember(&shelf, &working(path), &folder.path().join("made"));
        }
        assert_eq!(remembered(&shelf, program.clone()), Some(working(&program)));
        assert_eq!(remembered(&shelf, shim), None);
        fs::write(&program, "another one").unwrap();
        assert_eq!(remembered(&shelf, program), None);
    }
}
