//! Moves of files, all or nothing: a failure undoes those already made.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Prefix of files that are put aside.
pub(super) const ASIDE: &str = ".c3-";

/// Moves in progress.
#[derive(Debug, Default)]
pub(super) struct Moves {
    done: Vec<Move>,
    /// Files put aside until everything is done.
    aside: Vec<PathBuf>,
}

/// A step that can be undone.
#[derive(Debug)]
enum Move {
    /// A file has a second name, which keeps it when the first goes to another file.
    Kept { path: PathBuf, by: PathBuf },
    /// A new file is in place.
    Placed(PathBuf),
}

impl Moves {
    /// Keeps a file under an unused name, so that its own can be taken.
    pub(super) fn keep(&mut self, path: &Path, by: &Path) -> io::Result<()> {
        match fs::hard_link(path, by) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
            // A folder, or a file system without links.
            Err(_) => move_new(path, by)?,
            Ok(()) => {}
        }
        self.done.push(Move::Kept { path: path.into(), by: by.into() });
        Ok(())
    }

    /// Frees a name for another file; its present file is put aside.
    pub(super) fn clear(&mut self, path: &Path) -> io::Result<()> {
        let by = unused_name(path)?;
        move_new(path, &by)?;
        self.done.push(Move::Kept { path: path.into(), by: by.clone() });
        self.aside.push(by);
        Ok(())
    }

    /// Puts aside a file that is about to be replaced.
    fn put_aside(&mut self, path: &Path) -> io::Result<()> {
        let by = unused_name(path)?;
        self.keep(path, &by)?;
        self.aside.push(by);
        Ok(())
    }

    /// Moves a new file into place; an existing one is put aside unless it is kept already.
    pub(super) fn place(&mut self, file: NamedTempFile, path: &Path) -> io::Result<()> {
        let is_kept =
            self.done.iter().any(|done| matches!(done, Move::Kept { path: kept, .. } if kept == path));
        if !is_kept {
            match path.symlink_metadata() {
                Ok(_) => self.put_aside(path)?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.done.push(Move::Placed(path.into()));
                }
                Err(error) => return Err(error),
            }
        }
        file.persist(path).map(drop).map_err(|error| error.error)
    }

    /// Everything is done: nothing is undone any more.
    pub(super) fn finish(mut self) {
        self.done.clear();
        for path in self.aside.drain(..) {
            let _ = fs::remove_file(path); // a leftover is no reason to fail
        }
    }
}

impl Drop for Moves {
    fn drop(&mut self) {
        for done in self.done.drain(..).rev() {
            // What doesn't go back is kept where it is: nothing more can be done.
            let _ = match done {
                Move::Kept { path, by } => back(&by, &path),
                Move::Placed(path) => fs::remove_file(path),
            };
        }
    }
}

/// An unused name beside a file, unlikely to be chosen by anybody else.
fn unused_name(path: &Path) -> io::Result<PathBuf> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let name = tempfile::Builder::new().prefix(ASIDE).tempfile_in(folder)?.into_temp_path();
    let path = name.to_path_buf();
    name.close()?;
    Ok(path)
}

/// Gives a file its first name back. If both names are links to one file, rename(2) does nothing.
fn back(by: &Path, path: &Path) -> io::Result<()> {
    fs::rename(by, path)?;
    match fs::remove_file(by) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Renames to an unused name.
fn move_new(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // A file system that can't make sure of it.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) if to.symlink_metadata().is_err() => {
            fs::rename(from, to)
        }
        moved => Ok(moved?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn staged(folder: &Path, text: &str) -> NamedTempFile {
        let file = tempfile::Builder::new().prefix(ASIDE).tempfile_in(folder).unwrap();
        fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn unfinished_moves_are_rolled_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["kept", "replaced", "taken"] {
            fs::write(path(name), name).unwrap();
        }
        let mut moves = Moves::default();
        moves.clear(&path("taken")).unwrap();
        moves.keep(&path("kept"), &path("taken")).unwrap();
        for name in ["kept", "replaced", "new"] {
            moves.place(staged(folder.path(), "new"), &path(name)).unwrap();
        }
        assert_eq!(fs::read_to_string(path("taken")).unwrap(), "kept");
        let nowhere = path("missing/file");
        assert!(moves.place(staged(folder.path(), "new"), &nowhere).is_err());
        drop(moves);
        for name in ["kept", "replaced", "taken"] {
            assert_eq!(fs::read_to_string(path(name)).unwrap(), name);
        }
        assert_eq!(folder.path().read_dir().unwrap().count(), 3, "nothing is left over");
    }

    #[test]
    fn finished_moves_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "old").unwrap();
        let mut moves = Moves::default();
        moves.place(staged(folder.path(), "new"), &path).unwrap();
        moves.finish();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(folder.path().read_dir().unwrap().count(), 1);
    }

    #[test]
    fn existing_names_are_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("from"), "from").unwrap();
        fs::write(path("to"), "to").unwrap();
        fs::create_dir(path("folder")).unwrap();
        let mut moves = Moves::default();
        assert_eq!(moves.keep(&path("from"), &path("to")).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(
            moves.keep(&path("folder"), &path("to")).unwrap_err().kind(),
            io::ErrorKind::AlreadyExists
        );
        moves.finish();
        assert_eq!(fs::read_to_string(path("to")).unwrap(), "to");
    }
}
