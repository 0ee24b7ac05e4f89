//! A build context as a folder on disk.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::{Content, Context, ContextError, Node, failure};

impl Context {
    /// Writes the context into an empty or new folder, from which `docker build` makes the same layers.
    pub fn write_dir(&self, folder: &Path) -> Result<(), ContextError> {
        prepare(folder)?;
        for (path, node) in &self.nodes {
            let path = folder.join(path);
            write(&path, node).map_err(failure("write", path.display()))?;
        }
        for path in self.nodes.keys().rev() {
            let path = folder.join(path);
            set_time(&path, self.mtime).map_err(failure("write", path.display()))?;
        }
        Ok(())
    }
}

/// Creates a folder, or checks that it is empty.
fn prepare(folder: &Path) -> Result<(), ContextError> {
    fs::create_dir_all(folder).map_err(failure("write", folder.display()))?;
    let mut entries = folder.read_dir().map_err(failure("read", folder.display()))?;
    match entries.next() {
        None => Ok(()),
        Some(_) => Err(ContextError::NotEmpty(folder.to_owned())),
    }
}

fn write(path: &Path, node: &Node) -> io::Result<()> {
    match node {
        Node::Folder => fs::create_dir(path)?,
        Node::File(Content::Bytes(bytes), _) => fs::write(path, bytes)?,
        Node::File(Content::Disk(disk), _) => drop(fs::copy(disk, path)?),
    }
    set_mode(path, node.mode())
}

/// Sets the time of a file or folder; a folder's changes with its content, so children come first.
fn set_time(path: &Path, mtime: u64) -> io::Result<()> {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(mtime);
    File::open(path)?.set_modified(time)
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}
