//! The build context: the files an image is made of, as a tar stream for an engine or as a folder on disk.

mod archive;
mod folder;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::failure::Fault;

use crate::hashed::Hashed;

/// A list of files with their places in the context; the same files give the same bytes.
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
    /// Generated.
    Bytes(Vec<u8>),
    /// A user's file, read when needed.
    Disk(PathBuf),
}

impl Content {
    /// Its size, as far as it is known without reading it.
    pub(super) fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Disk(disk) => disk.metadata().map_or(0, |disk| disk.len()),
        }
    }
}

/// What is at a path of the context: a folder, or a file that may be executed or not.
#[derive(Debug, Clone)]
enum Node {
    Folder,
    File(Content, bool),
}

/// Why a context can't be made or written.
#[derive(Debug, Error)]
pub enum ContextError {
    /// An invalid path.
    #[error("`{0}` is not a path in a build context")]
    Path(String),
    /// `SOURCE_DATE_EPOCH` isn't a time.
    #[error("`SOURCE_DATE_EPOCH` is `{0}`, which is not a number of seconds")]
    Epoch(String),
    /// Two files have the same path.
    #[error("two files would be `{0}` in the image")]
    Twice(String),
    /// A file was written to while it was read.
    #[error("`{}` changed while it was read", .0.display())]
    Changed(PathBuf),
    /// The folder for the context isn't empty.
    #[error("the folder `{}` is not empty", .0.display())]
    NotEmpty(PathBuf),
    /// An I/O error.
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

impl Fault for ContextError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Epoch(_) => "give the seconds since 1970, or unset it",
            Self::Twice(_) => "rename the additional file",
            Self::Changed(_) => "run the command again when nothing writes to it",
            Self::NotEmpty(_) => "remove it first",
            Self::Path(_) | Self::Io { .. } => return None,
        };
        Some(hint.to_owned())
    }
}

/// The time of everything in an image, in seconds since 1970, from `SOURCE_DATE_EPOCH` if that is set.
pub fn source_date_epoch() -> Result<Option<u64>, ContextError> {
    let Some(epoch) = std::env::var_os("SOURCE_DATE_EPOCH") else { return Ok(None) };
    let epoch = epoch.to_string_lossy();
    epoch.trim().parse().map(Some).map_err(|_| ContextError::Epoch(epoch.into_owned()))
}

impl Context {
    /// A context of these files, all with the same time of change (seconds since 1970).
    pub fn new(entries: impl IntoIterator<Item = Entry>, mtime: u64) -> Result<Self, ContextError> {
        let nodes = BTreeMap::new();
        let mut context = Self { nodes, mtime };
        for entry in entries {
            context.add(entry)?;
        }
        Ok(context)
    }

    /// The same with one more file.
    pub fn with(mut self, entry: Entry) -> Result<Self, ContextError> {
        self.add(entry)?;
        Ok(self)
    }

    /// The paths of all files, sorted.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        let files = self.nodes.iter();
        let files = files.filter(|(_, node)| matches!(node, Node::File(..)));
        files.map(|(path, _)| path.as_str())
    }

    /// The size of all files together, as far as it is known without reading them.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.nodes.values().map(Node::size).sum()
    }

    /// The digest of all files with their places and permissions, as `sha256:…`.
    pub fn digest(&self) -> Result<String, ContextError> {
        let mut hashed = Hashed::new(io::sink());
        Self { mtime: 0, ..self.clone() }.write_tar(&mut hashed)?;
        Ok(hashed.finish().1)
    }

    /// The time of change of all files, in seconds since 1970.
    pub(super) fn mtime(&self) -> u64 {
        self.mtime
    }

    /// The entries below a folder, in order: path, content (none for folders) and permissions.
    pub(super) fn below(&self, folder: &str) -> impl Iterator<Item = (&str, Option<&Content>, u32)> {
        let nodes = self.nodes.iter();
        nodes.filter_map(move |(path, node)| {
            let path = path.strip_prefix(folder)?.strip_prefix('/')?;
            let content = match node {
                Node::Folder => None,
                Node::File(content, _) => Some(content),
            };
            Some((path, content, node.mode()))
        })
    }

    /// The text of a generated file.
    pub(super) fn text(&self, path: &str) -> String {
        match self.nodes.get(path) {
            Some(Node::File(Content::Bytes(bytes), _)) => String::from_utf8_lossy(bytes).into_owned(),
            _ => String::new(),
        }
    }

    /// The text of a file, wherever it is.
    pub(super) fn read_text(&self, path: &str) -> Option<String> {
        let bytes = match self.nodes.get(path)? {
            Node::Folder => return None,
            Node::File(Content::Bytes(bytes), _) => bytes.clone(),
            Node::File(Content::Disk(disk), _) => std::fs::read(disk).ok()?,
        };
        String::from_utf8(bytes).ok()
    }

    /// The same with a text added or replaced.
    pub(super) fn with_text(mut self, path: &str, text: String) -> Result<Self, ContextError> {
        self.nodes.remove(path);
        self.with(Entry {
            path: path.to_owned(),
            content: Content::Bytes(text.into_bytes()),
            executable: false,
        })
    }

    fn add(&mut self, entry: Entry) -> Result<(), ContextError> {
        let path = entry.path;
        if !is_proper(&path) {
            return Err(ContextError::Path(path));
        }
        for (end, _) in path.match_indices('/') {
            self.add_folder(&path[..end])?;
        }
        let file = Node::File(entry.content, entry.executable);
        match self.nodes.insert(path.clone(), file) {
            None => Ok(()),
            Some(_) => Err(ContextError::Twice(path)),
        }
    }

    fn add_folder(&mut self, path: &str) -> Result<(), ContextError> {
        match self.nodes.entry(path.to_owned()).or_insert(Node::Folder) {
            Node::Folder => Ok(()),
            Node::File(..) => Err(ContextError::Twice(path.to_owned())),
        }
    }
}

impl Node {
    fn mode(&self) -> u32 {
        match self {
            Self::Folder | Self::File(_, true) => 0o775,
            Self::File(_, false) => 0o664,
        }
    }

    fn size(&self) -> u64 {
        match self {
            Self::Folder => 0,
            Self::File(content, _) => content.size(),
        }
    }
}

/// Whether a path is relative and has no `.`, `..` or empty parts.
fn is_proper(path: &str) -> bool {
    let proper = |part| !matches!(part, "" | "." | "..");
    !path.contains('\0') && path.split('/').all(proper)
}

fn failure(doing: &'static str, path: impl ToString) -> impl FnOnce(io::Error) -> ContextError {
    move |source| {
        let path = path.to_string();
        ContextError::Io { doing, path, source }
    }
}

#[cfg(test)]
mod tests;
