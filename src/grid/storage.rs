//! Places where workers meet: folders and buckets.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::bucket::Store;
use super::connection::{Connection, is_connection};
use super::error::GridError;

/// Where a run's marks are stored.
#[derive(Debug)]
pub enum Storage {
    /// A folder, of marks or of results.
    Folder(PathBuf),
    /// A folder of an object store.
    Store(Box<Store>),
}

/// The file with the error in the folder of a failed batch.
const ERROR_FILE: &str = "error.txt";

impl Storage {
    /// Finds the storage: a folder, a connection, or a file that holds one.
    pub fn find(text: &str) -> Result<Self, GridError> {
        let path = Path::new(text);
        if is_connection(text) {
            Self::in_store(text)
        } else if path.is_dir() {
            Ok(Self::Folder(path.to_owned()))
        } else if path.is_file() {
            let held = fs::read(path).map_err(|source| GridError::Read { path: path.to_owned(), source })?;
            Self::in_store(String::from_utf8_lossy(&held).trim())
        } else if text.contains("://") || text.contains('@') {
            Err(GridError::Connection)
        } else {
            Err(GridError::Missing(text.to_owned()))
        }
    }

    fn in_store(connection: &str) -> Result<Self, GridError> {
        let store = Store::open(Connection::parse(connection)?)?;
        Ok(Self::Store(Box::new(store)))
    }

    /// The names of all marks, including hidden ones, and of other files.
    pub fn list(&self) -> Result<Vec<String>, GridError> {
        match self {
            Self::Folder(folder) => names_in(folder),
            Self::Store(store) => store.list(),
        }
    }

    /// The contents of marks; none for those removed meanwhile.
    pub fn read(&self, names: &[&str]) -> Result<Vec<Option<Vec<u8>>>, GridError> {
        match self {
            Self::Folder(folder) => names.iter().map(|name| read_file(&folder.join(name))).collect(),
            Self::Store(store) => store.read(names),
        }
    }

    /// Removes marks; missing ones are no error.
    pub fn remove(&self, names: &[&str]) -> Result<(), GridError> {
        match self {
            Self::Folder(folder) => names.iter().try_for_each(|name| remove_file(&folder.join(name))),
            Self::Store(store) => store.remove(names),
        }
    }
}

fn remove_file(path: &Path) -> Result<(), GridError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != ErrorKind::NotFound => {
            Err(GridError::Remove { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

fn names_in(folder: &Path) -> Result<Vec<String>, GridError> {
    let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    let names = fs::read_dir(folder).and_then(|entries| entries.map(|entry| entry.map(name)).collect());
    names.map_err(|source| GridError::Read { path: folder.to_owned(), source })
}

/// The content of a mark; for a folder, its error file.
fn read_file(path: &Path) -> Result<Option<Vec<u8>>, GridError> {
    let path = if path.is_dir() { path.join(ERROR_FILE) } else { path.to_owned() };
    match fs::read(&path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(GridError::Read { path, source }),
    }
}
