//! The working directory: nothing outside, no loops, `.dockerignore` honoured.

use std::fs::Metadata;
use std::io::{Error, ErrorKind};
use std::path::{Component, Path, PathBuf};

use super::ignore::Ignore;
use super::{AdditionalFile, FilesError, Matches};

/// A working directory.
pub(super) struct Tree {
    root: PathBuf,
    ignore: Ignore,
}

/// What a path leads to.
pub(super) enum Node {
    File(AdditionalFile),
    Folder,
}

impl Tree {
    /// Opens a working directory and reads its `.dockerignore`.
    pub(super) fn open(root: &Path) -> Result<Self, FilesError> {
        let shown = root.display().to_string();
        let root = root.canonicalize().map_err(|source| FilesError::Io { path: shown, source })?;
        let ignore = Ignore::read(&root).map_err(failure(".dockerignore"))?;
        Ok(Self { root, ignore })
    }

    /// Whether there is such a file or folder, or a link of that name.
    pub(super) fn exists(&self, path: &str) -> bool {
        self.root.join(path).symlink_metadata().is_ok()
    }

    /// Whether there is such a folder; links are followed where `links` says so.
    pub(super) fn is_folder(&self, path: &str, links: bool) -> bool {
        let disk = self.root.join(path);
        let metadata = if links { disk.metadata() } else { disk.symlink_metadata() };
        metadata.is_ok_and(|metadata| metadata.is_dir())
    }

    /// Whether `.dockerignore` leaves a path out.
    pub(super) fn ignores(&self, path: &str) -> bool {
        self.ignore.excludes(path)
    }

    /// Whether `.dockerignore` leaves a path out with everything that may be below it.
    pub(super) fn prunes(&self, path: &str) -> bool {
        self.ignore.is_final() && self.ignores(path)
    }

    /// A path as the user has written it, relative to the working directory and without `.` and `..`.
    pub(super) fn relative(&self, written: &str) -> Result<String, FilesError> {
        let path = Path::new(written);
        let winding = |part: Component| !matches!(part, Component::Normal(_) | Component::CurDir);
        let resolved;
        let path = if path.components().any(winding) {
            resolved = self.resolve(written)?;
            resolved.strip_prefix(&self.root).map_err(|_| FilesError::Outside(written.to_owned()))?
        } else {
            path
        };
        let parts = path.components().filter(|part| *part != Component::CurDir);
        let parts = parts.map(|part| part.as_os_str().to_str());
        let parts: Option<Vec<_>> = parts.collect();
        Ok(parts.ok_or_else(|| FilesError::Name(path.to_owned()))?.join("/"))
    }

    /// The names in a folder, sorted.
    pub(super) fn names(&self, folder: &str) -> Result<Vec<String>, FilesError> {
        let disk = self.root.join(folder);
        let mut names = Vec::new();
        for entry in disk.read_dir().map_err(failure(folder))? {
            let name = entry.map_err(failure(folder))?.file_name();
            names.push(name.into_string().map_err(|name| FilesError::Name(disk.join(name)))?);
        }
        names.sort();
        Ok(names)
    }

    /// What a path leads to, links followed inside the working directory only.
    pub(super) fn node(&self, path: &str) -> Result<Node, FilesError> {
        let disk = self.resolve(path)?;
        if !disk.starts_with(&self.root) {
            return Err(FilesError::Outside(path.to_owned()));
        }
        let metadata = disk.metadata().map_err(failure(path))?;
        if metadata.is_dir() {
            Ok(Node::Folder)
        } else if metadata.is_file() {
            let (path, executable) = (path.to_owned(), is_executable(&metadata));
            Ok(Node::File(AdditionalFile { path, disk, executable }))
        } else {
            Err(FilesError::Special(path.to_owned()))
        }
    }

    /// All files below a folder that are not ignored, hidden ones only if asked for.
    pub(super) fn files_below(&self, folder: &str, hidden: bool) -> Result<Matches, FilesError> {
        let mut found = Matches::default();
        self.descend(folder, hidden, &mut Vec::new(), &mut found)?;
        Ok(found)
    }

    fn descend(
        &self,
        folder: &str,
        hidden: bool,
        above: &mut Vec<PathBuf>,
        found: &mut Matches,
    ) -> Result<(), FilesError> {
        let real = self.resolve(folder)?;
        if above.contains(&real) {
            return Err(FilesError::Loop(folder.to_owned()));
        }
        above.push(real);
        for path in self.children(folder, hidden)? {
            match self.node(&path) {
                Ok(Node::Folder) => self.descend(&path, hidden, above, found)?,
                node => found.take(node, self.ignores(&path))?,
            }
        }
        above.pop();
        Ok(())
    }

    /// The paths directly in a folder, without those that count for nothing.
    fn children(&self, folder: &str, hidden: bool) -> Result<impl Iterator<Item = String>, FilesError> {
        let names = self.names(folder)?.into_iter().filter(move |name| hidden || !name.starts_with('.'));
        let paths = names.map(|name| join(folder, &name));
        Ok(paths.filter(|path| !self.drops(path)))
    }

    /// Whether a path can be skipped without a look at the disk.
    fn drops(&self, path: &str) -> bool {
        self.prunes(path) || (self.ignores(path) && !self.is_folder(path, true))
    }

    /// Where a path leads to in the end.
    fn resolve(&self, path: &str) -> Result<PathBuf, FilesError> {
        let disk = self.root.join(path);
        disk.canonicalize().map_err(|error| match error.kind() {
            ErrorKind::NotFound if disk.is_symlink() => FilesError::Dangling(path.to_owned()),
            ErrorKind::NotFound | ErrorKind::NotADirectory => FilesError::Missing(path.to_owned()),
            _ if is_loop(&error) => FilesError::Loop(path.to_owned()),
            _ => failure(path)(error),
        })
    }
}

/// A path in a folder, where the empty path is the working directory.
pub(super) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

fn failure(path: &str) -> impl FnOnce(Error) -> FilesError {
    let path = if path.is_empty() { "." } else { path }.to_owned();
    move |source| FilesError::Io { path, source }
}

/// Whether the system gave up on a chain of links (`ELOOP`; its `ErrorKind` isn't stable yet).
fn is_loop(error: &Error) -> bool {
    error.to_string().contains("symbolic links")
}

#[cfg(unix)]
fn is_executable(metadata: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &Metadata) -> bool {
    false
}
