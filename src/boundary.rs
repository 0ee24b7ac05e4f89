//! The one rule of paths for every file that enters an image: it lies below the working directory or the source's folder,
//! symbolic links resolved.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::failure::Fault;

use crate::reader;

/// The folders below which files may be read.
#[derive(Debug, Clone, Default)]
pub struct Boundary {
    /// Without symbolic links.
    roots: Vec<PathBuf>,
}

/// Why a path is rejected.
#[derive(Debug, Error)]
pub enum BoundaryError {
    /// The file doesn't exist.
    #[error("`{}` does not exist", .0.display())]
    Missing(PathBuf),
    /// It leads outside.
    #[error("`{}` is outside the working directory and the source's folder", .0.display())]
    Outside(PathBuf),
    /// It is a folder, pipe, socket or device.
    #[error("`{}` is not a regular file", .0.display())]
    Special(PathBuf),
    /// I/O error.
    #[error("failed to read `{}`: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl Fault for BoundaryError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Missing(_) => "put it beside the source or into the working directory".to_owned(),
            Self::Outside(_) => {
                "copy the file beside the source, or run `c3` in a folder above both".to_owned()
            }
            Self::Special(_) => "name a regular file".to_owned(),
            Self::Io { .. } => return None,
        })
    }
}

impl Boundary {
    /// A boundary of these folders; an empty path is the working directory.
    pub fn new<P: AsRef<Path>>(roots: impl IntoIterator<Item = P>) -> Self {
        let here = |root: P| match root.as_ref() {
            root if root.as_os_str().is_empty() => Path::new(".").canonicalize(),
            root => root.canonicalize(),
        };
        Self { roots: roots.into_iter().filter_map(|root| here(root).ok()).collect() }
    }

    /// Resolves the path of a regular file, symbolic links included.
    ///
    /// # Errors
    ///
    /// If there is no such file, or if it lies outside.
    pub fn file(&self, path: &Path) -> Result<PathBuf, BoundaryError> {
        let owned = || path.to_owned();
        let real = path.canonicalize().map_err(|source| match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => BoundaryError::Missing(owned()),
            _ => BoundaryError::Io { path: owned(), source },
        })?;
        if !self.roots.iter().any(|root| real.starts_with(root)) {
            return Err(BoundaryError::Outside(owned()));
        }
        if real.is_file() { Ok(real) } else { Err(BoundaryError::Special(owned())) }
    }

    /// The bytes of a file inside the boundary.
    ///
    /// # Errors
    ///
    /// If it isn't a regular file, lies outside, can't be read, or exceeds a number of bytes.
    pub fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, BoundaryError> {
        use io::Read;

        let failed = |source| BoundaryError::Io { path: path.to_owned(), source };
        let file = reader::open(&self.file(path)?).map_err(failed)?;
        let mut bytes = Vec::new();
        file.take(limit + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > limit {
            return Err(failed(io::Error::other(format!("it is larger than {} KiB", limit >> 10))));
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_regular_files_below_the_roots_are_accepted() {
        let folder = tempfile::tempdir().unwrap();
        let (project, private) = (folder.path().join("project"), folder.path().join("private"));
        for path in [&project, &private] {
            fs::create_dir(path).unwrap();
            fs::write(path.join("notes.txt"), "x").unwrap();
        }
        symlink(private.join("notes.txt"), project.join("link.txt")).unwrap();
        symlink("notes.txt", project.join("inside.txt")).unwrap();
        symlink(&private, project.join("folder")).unwrap();
        let boundary = Boundary::new([&project]);
        for good in ["notes.txt", "inside.txt", "../project/notes.txt"] {
            assert!(boundary.file(&project.join(good)).is_ok(), "{good}");
        }
        for outside in ["../private/notes.txt", "link.txt", "folder/notes.txt", "/etc/passwd"] {
            let found = boundary.file(&project.join(outside));
            assert!(matches!(found, Err(BoundaryError::Outside(_))), "{outside}");
        }
        assert!(matches!(boundary.file(&project.join("no.txt")), Err(BoundaryError::Missing(_))));
        assert!(matches!(boundary.file(&project), Err(BoundaryError::Special(_))));
        assert!(boundary.read(&project.join("notes.txt"), 0).is_err());
    }
}
