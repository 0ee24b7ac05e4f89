//! Additional files: the paths and globs of the command line become the list of files that go into the image.

mod glob;
mod ignore;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::failure::Fault;

use tree::{Node, Tree};

/// A user's file that goes into the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdditionalFile {
    /// Path relative to the working directory, with `/` between its parts.
    pub path: String,
    /// Where its content is, symbolic links resolved.
    pub disk: PathBuf,
    /// Whether it may be executed.
    pub executable: bool,
}

/// The files of some paths and globs.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Matches {
    /// The files, sorted and each once.
    pub files: Vec<AdditionalFile>,
    /// Dangling links in folders and globs, sorted and each once; they are left out.
    pub dangling: Vec<String>,
}

/// Why the additional files can't be read.
#[derive(Debug, Error)]
pub enum FilesError {
    /// A named file or folder doesn't exist.
    #[error("`{0}` does not exist")]
    Missing(String),
    /// A dangling symbolic link.
    #[error("`{0}` is a link that leads nowhere")]
    Dangling(String),
    /// A glob without a match.
    #[error("no file matches `{0}`")]
    NoMatch(String),
    /// An invalid glob.
    #[error("`{pattern}` is not a valid pattern: {reason}")]
    Pattern {
        /// The glob.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A folder without files.
    #[error("the folder `{0}` holds no files")]
    Empty(String),
    /// A named file that `.dockerignore` excludes.
    #[error("`{0}` is excluded by `.dockerignore`")]
    Ignored(String),
    /// A path that leads out of the working directory.
    #[error("`{0}` is outside the working directory")]
    Outside(String),
    /// A symbolic link that leads back to itself.
    #[error("the symbolic link `{0}` leads back to itself")]
    Loop(String),
    /// A socket, pipe or device.
    #[error("`{0}` is neither a file nor a folder")]
    Special(String),
    /// A name that isn't UTF-8.
    #[error("the name of `{}` is not valid UTF-8", .0.display())]
    Name(PathBuf),
    /// An I/O error.
    #[error("cannot read `{path}`: {source}")]
    Io {
        /// The file or folder.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
}

impl Fault for FilesError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Missing(_) | Self::NoMatch(_) => "additional files are looked up in the working directory",
            Self::Dangling(_) => "remove the link, or correct what it points to",
            Self::Pattern { .. } => "patterns are made of `*`, `?`, `[…]` and `**`",
            Self::Empty(_) => "leave the folder out, or put a file into it",
            Self::Ignored(_) => "leave it out, or add an exception `!…` to `.dockerignore`",
            Self::Outside(_) => "run `c3` in a folder above all files, or copy the file here",
            Self::Loop(_) | Self::Special(_) => {
                "list it in `.dockerignore`, or name the files you need one by one"
            }
            Self::Name(_) => "rename it, or list it in `.dockerignore`",
            Self::Io { .. } => return None,
        };
        Some(hint.to_owned())
    }
}

/// Finds the files that paths and globs relative to `root` name, sorted and each once.
///
/// A named folder counts with everything in it; hidden files are found by a glob only if it spells the dot.
pub fn collect(patterns: &[String], root: &Path) -> Result<Matches, FilesError> {
    if patterns.is_empty() {
        return Ok(Matches::default());
    }
    let tree = Tree::open(root)?;
    let (mut files, mut dangling) = (BTreeMap::new(), BTreeSet::new());
    for pattern in patterns {
        let found = find(&tree, pattern)?;
        files.extend(found.files.into_iter().map(|file| (file.path.clone(), file)));
        dangling.extend(found.dangling);
    }
    Ok(Matches { files: files.into_values().collect(), dangling: dangling.into_iter().collect() })
}

/// What the `.dockerignore` of a working directory leaves out.
#[derive(Debug, Default)]
pub struct Ignored(ignore::Ignore);

impl Ignored {
    /// Reads it; an unreadable file ignores nothing, which whoever collects files reports.
    #[must_use]
    pub fn read(root: &Path) -> Self {
        Self(ignore::Ignore::read(root).unwrap_or_default())
    }

    /// Whether a path is left out.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        self.0.excludes(path)
    }
}

/// Finds all files below a folder, hidden ones too, with paths relative to it; honours its `.dockerignore`.
pub fn below(folder: &Path) -> Result<Vec<AdditionalFile>, FilesError> {
    let Matches { files, dangling } = Tree::open(folder)?.files_below("", true)?;
    dangling.into_iter().next().map_or(Ok(files), |link| Err(FilesError::Dangling(link)))
}

/// The files of one pattern; a file literally named like the pattern takes precedence.
fn find(tree: &Tree, pattern: &str) -> Result<Matches, FilesError> {
    if glob::is_glob(pattern) && !tree.exists(pattern) {
        globbed(tree, pattern)
    } else {
        named(tree, pattern)
    }
}

/// The file, or all files of the folder, that the user has named; hidden ones only below a hidden folder.
fn named(tree: &Tree, pattern: &str) -> Result<Matches, FilesError> {
    let path = tree.relative(pattern)?;
    match tree.node(&path)? {
        Node::File(_) if tree.ignores(&path) => Err(FilesError::Ignored(pattern.to_owned())),
        Node::File(file) => Ok(Matches { files: vec![file], ..Matches::default() }),
        Node::Folder => {
            let hidden = path.split('/').any(|part| part.starts_with('.'));
            let found = tree.files_below(&path, hidden)?;
            found.or_else(|| nothing_in(tree, pattern, &path))
        }
    }
}

/// The error for a named folder without files.
fn nothing_in(tree: &Tree, pattern: &str, path: &str) -> FilesError {
    if tree.ignores(path) {
        FilesError::Ignored(pattern.to_owned())
    } else {
        FilesError::Empty(pattern.to_owned())
    }
}

/// The files a glob matches, and those in the folders it matches, without what is ignored.
fn globbed(tree: &Tree, pattern: &str) -> Result<Matches, FilesError> {
    let mut found = Matches::default();
    for path in glob::expand(tree, pattern)? {
        matched(tree, &path, &mut found)?;
    }
    found.or_else(|| FilesError::NoMatch(pattern.to_owned()))
}

/// Adds the files of one match of a glob.
fn matched(tree: &Tree, path: &str, found: &mut Matches) -> Result<(), FilesError> {
    if tree.prunes(path) {
        return Ok(());
    }
    match tree.node(path) {
        Ok(Node::Folder) => found.extend(tree.files_below(path, false)?),
        node => found.take(node, tree.ignores(path))?,
    }
    Ok(())
}

impl Matches {
    /// Adds what a path leads to, unless it is ignored.
    fn take(&mut self, node: Result<Node, FilesError>, is_ignored: bool) -> Result<(), FilesError> {
        match node {
            _ if is_ignored => {}
            Ok(Node::File(file)) => self.files.push(file),
            Ok(Node::Folder) => {}
            Err(FilesError::Dangling(link)) => self.dangling.push(link),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn extend(&mut self, other: Self) {
        self.files.extend(other.files);
        self.dangling.extend(other.dangling);
    }

    /// An error if there is no file: the first dangling link, or else this reason.
    fn or_else(self, reason: impl FnOnce() -> FilesError) -> Result<Self, FilesError> {
        if !self.files.is_empty() {
            return Ok(self);
        }
        Err(self.dangling.into_iter().next().map_or_else(reason, FilesError::Dangling))
    }
}

#[cfg(test)]
mod tests;
