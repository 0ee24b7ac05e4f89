//! The build context: the files an image is made of, as a tar stream for an engine or as a folder on disk.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tar::{Builder, EntryType, Header};
use thiserror::Error;

/// A list of files with their places in the context, always the same bytes for the same files.
#[derive(Debug, Clone, Default)]
pub struct Context {
    nodes: BTreeMap<String, Node>,
    mtime: u64,
}

/// One file of a context.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Path in the context, with `/` between its parts.
    pub path: String,
    /// What is in it.
    pub content: Content,
    /// Whether it may be executed.
    pub executable: bool,
}

/// Where the content of a file comes from.
#[derive(Debug, Clone)]
pub enum Content {
    /// It was made here.
    Bytes(Vec<u8>),
    /// It is the user's, and read when it is needed.
    Disk(PathBuf),
}

#[derive(Debug, Clone)]
enum Node {
    Folder,
    File { content: Content, executable: bool },
}

/// Why a context can't be made or written.
#[derive(Debug, Error)]
pub enum ContextError {
    /// A path that leads nowhere in a context.
    #[error("`{0}` is no path in a build context")]
    Path(String),
    /// Two files for one place.
    #[error("two files would be `{0}` in the image")]
    Twice(String),
    /// A file was written to while it was read.
    #[error("`{}` changed while it was read", .0.display())]
    Changed(PathBuf),
    /// The folder for the context has something in it.
    #[error("the folder `{}` is not empty", .0.display())]
    NotEmpty(PathBuf),
    /// The system refuses.
    #[error("cannot {doing} `{path}`: {source}")]
    Io {
        /// Read or write.
        doing: &'static str,
        /// The file.
        path: String,
        /// What the system says.
        source: io::Error,
    },
}

impl ContextError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Twice(_) => "rename the additional file",
            Self::Changed(_) => "run the command again when nothing writes to it",
            Self::NotEmpty(_) => "remove it first",
            Self::Path(_) | Self::Io { .. } => return None,
        };
        Some(hint.to_owned())
    }
}

/// The time that all files of a context bear: `SOURCE_DATE_EPOCH`, or 1970.
#[must_use]
pub fn source_date_epoch() -> u64 {
    let epoch = std::env::var("SOURCE_DATE_EPOCH").ok();
    epoch
        .and_then(|seconds| seconds.trim().parse().ok())
        .unwrap_or(0)
}

impl Context {
    /// A context of these files, all with the same time of change (seconds since 1970).
    pub fn new(entries: impl IntoIterator<Item = Entry>, mtime: u64) -> Result<Self, ContextError> {
        let mut context = Self {
            nodes: BTreeMap::new(),
            mtime,
        };
        for entry in entries {
            context.add(entry)?;
        }
        Ok(context)
    }

    /// The paths of all files, sorted.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        let files = self
            .nodes
            .iter()
            .filter(|(_, node)| !matches!(node, Node::Folder));
        files.map(|(path, _)| path.as_str())
    }

    /// The size of all files together, as far as it can be told before they are read.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.nodes.values().map(Node::size).sum()
    }

    /// The content of a file that was made here.
    pub(super) fn bytes(&self, path: &str) -> Option<&[u8]> {
        match self.nodes.get(path) {
            Some(Node::File {
                content: Content::Bytes(bytes),
                ..
            }) => Some(bytes),
            _ => None,
        }
    }

    /// Writes the context as a tar archive; files of any size pass through a small buffer.
    pub fn write_tar(&self, out: impl Write) -> Result<(), ContextError> {
        let mut tar = Builder::new(out);
        for (path, node) in &self.nodes {
            self.append(&mut tar, path, node)?;
        }
        let finished = tar.into_inner().and_then(|mut out| out.flush());
        finished.map_err(failure("write", "the build context"))
    }

    /// Writes the context into an empty or new folder, from which `docker build` makes the same layers.
    pub fn write_dir(&self, folder: &Path) -> Result<(), ContextError> {
        fs::create_dir_all(folder).map_err(failure("write", folder.display()))?;
        let mut entries = folder
            .read_dir()
            .map_err(failure("read", folder.display()))?;
        if entries.next().is_some() {
            return Err(ContextError::NotEmpty(folder.to_owned()));
        }
        for (path, node) in &self.nodes {
            self.write_node(&folder.join(path), node)?;
        }
        let folders = self
            .nodes
            .iter()
            .rev()
            .filter(|(_, node)| matches!(node, Node::Folder));
        folders
            .map(|(path, _)| folder.join(path))
            .try_for_each(|path| self.set_time(&path))
    }

    fn add(&mut self, entry: Entry) -> Result<(), ContextError> {
        let Entry {
            path,
            content,
            executable,
        } = entry;
        if !is_proper(&path) {
            return Err(ContextError::Path(path));
        }
        for (end, _) in path.match_indices('/') {
            let folder = self
                .nodes
                .entry(path[..end].to_owned())
                .or_insert(Node::Folder);
            if !matches!(folder, Node::Folder) {
                return Err(ContextError::Twice(path[..end].to_owned()));
            }
        }
        match self.nodes.insert(
            path.clone(),
            Node::File {
                content,
                executable,
            },
        ) {
            None => Ok(()),
            Some(_) => Err(ContextError::Twice(path)),
        }
    }

    fn append(
        &self,
        tar: &mut Builder<impl Write>,
        path: &str,
        node: &Node,
    ) -> Result<(), ContextError> {
        match node {
            Node::Folder => {
                let mut header = self.header(EntryType::Directory, 0, node.mode());
                tar.append_data(&mut header, format!("{path}/"), io::empty())
                    .map_err(failure("write", path))
            }
            Node::File {
                content: Content::Bytes(bytes),
                ..
            } => {
                let mut header = self.header(EntryType::Regular, bytes.len() as u64, node.mode());
                tar.append_data(&mut header, path, bytes.as_slice())
                    .map_err(failure("write", path))
            }
            Node::File {
                content: Content::Disk(disk),
                ..
            } => {
                let (mut file, size) = open(disk)?;
                let mut header = self.header(EntryType::Regular, size, node.mode());
                let mut content = Exactly {
                    file: &mut file,
                    left: size,
                };
                tar.append_data(&mut header, path, &mut content)
                    .map_err(failure("pack", disk.display()))?;
                content.finish(disk)
            }
        }
    }

    fn header(&self, kind: EntryType, size: u64, mode: u32) -> Header {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(size);
        header.set_mode(mode);
        header.set_mtime(self.mtime);
        header.set_uid(0);
        header.set_gid(0);
        header
    }

    fn write_node(&self, path: &Path, node: &Node) -> Result<(), ContextError> {
        let written = match node {
            Node::Folder => fs::create_dir(path),
            Node::File {
                content: Content::Bytes(bytes),
                ..
            } => fs::write(path, bytes),
            Node::File {
                content: Content::Disk(disk),
                ..
            } => fs::copy(disk, path).map(drop),
        };
        written.map_err(failure("write", path.display()))?;
        set_mode(path, node.mode()).map_err(failure("write", path.display()))?;
        self.set_time(path)
    }

    fn set_time(&self, path: &Path) -> Result<(), ContextError> {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(self.mtime);
        let set = File::open(path).and_then(|file| file.set_modified(time));
        set.map_err(failure("write", path.display()))
    }
}

impl Node {
    fn mode(&self) -> u32 {
        match self {
            Self::Folder
            | Self::File {
                executable: true, ..
            } => 0o755,
            Self::File {
                executable: false, ..
            } => 0o644,
        }
    }

    fn size(&self) -> u64 {
        match self {
            Self::Folder => 0,
            Self::File {
                content: Content::Bytes(bytes),
                ..
            } => bytes.len() as u64,
            Self::File {
                content: Content::Disk(disk),
                ..
            } => disk.metadata().map_or(0, |metadata| metadata.len()),
        }
    }
}

/// A file from which as many bytes are read as its header has promised.
struct Exactly<'a> {
    file: &'a mut File,
    left: u64,
}

impl Read for Exactly<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.take(self.left).read(buffer)?;
        self.left -= read as u64;
        Ok(read)
    }
}

impl Exactly<'_> {
    /// Checks that the file was neither cut nor continued.
    fn finish(self, disk: &Path) -> Result<(), ContextError> {
        let more = self
            .file
            .read(&mut [0])
            .map_err(failure("read", disk.display()))?;
        if self.left == 0 && more == 0 {
            Ok(())
        } else {
            Err(ContextError::Changed(disk.to_owned()))
        }
    }
}

fn open(disk: &Path) -> Result<(File, u64), ContextError> {
    let opened = File::open(disk).and_then(|file| Ok((file.metadata()?.len(), file)));
    let (size, file) = opened.map_err(failure("read", disk.display()))?;
    Ok((file, size))
}

/// Whether a path is relative, plain and stays where it is.
fn is_proper(path: &str) -> bool {
    !path.contains('\0') && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
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

fn failure(doing: &'static str, path: impl ToString) -> impl FnOnce(io::Error) -> ContextError {
    move |source| ContextError::Io {
        doing,
        path: path.to_string(),
        source,
    }
}

#[cfg(test)]
mod tests;
