//! The only reader: a file becomes a [`Source`], text with its language and a map back to lines.

use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::component::Language;
use crate::diagnostic::Location;
use crate::frontend::notebook::{self, Notebook, NotebookError};
use crate::frontend::{self, Kind};

/// Largest source that is read, in bytes.
pub const SIZE_LIMIT: u64 = 16 << 20;

/// Largest notebook that is read, in bytes: most of one are pictures that are skipped.
pub const NOTEBOOK_LIMIT: u64 = 256 << 20;

/// Length from which on a line's columns are counted in bytes.
const LONG_LINE: usize = 10_000;

/// A source text, its language, and where its lines begin.
#[derive(Debug, Clone)]
pub struct Source {
    path: PathBuf,
    language: Language,
    text: String,
    lines: Vec<usize>,
    notebook: Option<Notebook>,
}

/// Why a source can't be read.
#[derive(Debug, Error)]
pub enum SourceError {
    /// There is no such file.
    #[error("`{}` does not exist", .0.display())]
    Missing(PathBuf),
    /// A folder where a file was expected.
    #[error("`{}` is a directory, not a file", .0.display())]
    Directory(PathBuf),
    /// A pipe, a socket or a device.
    #[error("`{}` is neither a file nor a directory", .0.display())]
    Special(PathBuf),
    /// The file name tells no language that `c3` reads.
    #[error("`{}` is no {}", .0.display(), frontend::file_kinds())]
    Language(PathBuf),
    /// The file isn't text in UTF-8.
    #[error("`{}` is not valid UTF-8 (byte {offset} in line {line})", path.display())]
    Encoding {
        /// The file.
        path: PathBuf,
        /// Line of the first wrong byte, from 1.
        line: usize,
        /// Offset of the first wrong byte, from 0.
        offset: usize,
    },
    /// The file, or the code in it, is larger than [`SIZE_LIMIT`] or [`NOTEBOOK_LIMIT`].
    #[error("`{}` is larger than {} MiB", path.display(), limit >> 20)]
    Size {
        /// The file.
        path: PathBuf,
        /// The limit, in bytes.
        limit: u64,
    },
    /// The file is no notebook that can be read.
    #[error("`{}` {source}", path.display())]
    Notebook {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: NotebookError,
    },
    /// The system refuses.
    #[error("cannot read `{}`: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

impl SourceError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Missing(_) => Some("check the path; it is relative to the current directory".into()),
            Self::Directory(_) => {
                Some("name a file, or compile all files of a folder with `c3 compile`".into())
            }
            Self::Language(_) => {
                Some(format!("rename it to end in one of {}", frontend::extensions().join(", ")))
            }
            Self::Encoding { .. } => Some("save the file as UTF-8".into()),
            Self::Notebook { source, .. } => Some(source.hint().into()),
            Self::Size { .. } => Some("move data out of the source into an additional file".into()),
            Self::Special(_) | Self::Io { .. } => None,
        }
    }
}

impl Source {
    /// Reads a file; its language is told by its name.
    pub fn load(path: &Path) -> Result<Self, SourceError> {
        let metadata = std::fs::metadata(path).map_err(|source| unreadable(path, source))?;
        if metadata.is_dir() {
            return Err(SourceError::Directory(path.into()));
        }
        if !metadata.is_file() {
            return Err(SourceError::Special(path.into()));
        }
        match frontend::kind(path).ok_or_else(|| SourceError::Language(path.into()))? {
            Kind::Script(language) => Ok(Self::new(path, language, decode(path, read(path, SIZE_LIMIT)?)?)),
            Kind::Notebook => Self::from_notebook(path, &decode(path, read(path, NOTEBOOK_LIMIT)?)?),
        }
    }

    /// A source from the JSON of a notebook.
    pub fn from_notebook(path: &Path, json: &str) -> Result<Self, SourceError> {
        let (language, text, notebook) =
            notebook::flatten(json).map_err(|source| SourceError::Notebook { path: path.into(), source })?;
        if text.len() as u64 > SIZE_LIMIT {
            return Err(SourceError::Size { path: path.into(), limit: SIZE_LIMIT });
        }
        Ok(Self { notebook: Some(notebook), ..Self::new(path, language, text) })
    }

    /// A source from a text that is already at hand.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, language: Language, text: String) -> Self {
        let bytes = text.as_bytes();
        let ends =
            |at: &usize| bytes[*at] == b'\n' || (bytes[*at] == b'\r' && bytes.get(at + 1) != Some(&b'\n'));
        let lines = std::iter::once(0).chain((0..bytes.len()).filter(ends).map(|at| at + 1)).collect();
        Self { path: path.into(), language, text, lines, notebook: None }
    }

    /// What a notebook has beside its text.
    #[must_use]
    pub fn notebook(&self) -> Option<&Notebook> {
        self.notebook.as_ref()
    }

    /// The bytes of each cell of a notebook, without the lines that part it from the next.
    pub fn cells(&self) -> impl Iterator<Item = Range<usize>> {
        let firsts = self.notebook.as_ref().map_or(&[][..], |notebook| &notebook.cells);
        let start = |line: usize| self.lines.get(line).copied().unwrap_or(self.text.len());
        firsts.iter().enumerate().map(move |(at, &first)| {
            let end = firsts.get(at + 1).map_or(self.text.len(), |&next| start(next - notebook::HEADER));
            start(first)..end
        })
    }

    /// The path as the user gave it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path as messages show it.
    #[must_use]
    pub fn display(&self) -> String {
        self.path.display().to_string()
    }

    /// The name of the file, without folders.
    #[must_use]
    pub fn file_name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The name of the file, without folders and without its ending.
    #[must_use]
    pub fn stem(&self) -> String {
        self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The language of the text.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    /// The text, in UTF-8 and without a byte order mark.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The place of a byte of the text.
    #[must_use]
    pub fn locate(&self, offset: usize) -> Location {
        let line = self.line(offset);
        let start = self.lines[line];
        let column = self.text.get(start..offset).map_or(0, characters);
        let cells = self.notebook.as_ref().map_or(&[][..], |notebook| &notebook.cells);
        let cell = cells.partition_point(|&first| first <= line);
        let first = cell.checked_sub(1).map_or(0, |index| cells[index]);
        Location { cell: cell.checked_sub(1).map(count), line: count(line - first), column: count(column) }
    }

    /// The line of a byte of the text, from 0.
    #[must_use]
    pub fn line(&self, offset: usize) -> usize {
        self.lines.partition_point(|&start| start <= offset) - 1
    }

    /// Where the line of a byte begins.
    #[must_use]
    pub fn line_start(&self, offset: usize) -> usize {
        self.lines[self.line(offset)]
    }

    /// The text of a line, from 0, without its end.
    #[must_use]
    pub fn line_text(&self, line: usize) -> &str {
        let start = self.lines.get(line).copied().unwrap_or(self.text.len());
        let end = self.lines.get(line + 1).copied().unwrap_or(self.text.len());
        self.text[start..end].trim_end_matches(['\n', '\r'])
    }
}

/// How many characters a text has; in very long lines bytes are counted, which is quick.
fn characters(text: &str) -> usize {
    if text.len() > LONG_LINE { text.len() } else { text.chars().count() }
}

/// A zero-based index as people count.
fn count(index: usize) -> u32 {
    u32::try_from(index + 1).unwrap_or(u32::MAX)
}

fn read(path: &Path, limit: u64) -> Result<Vec<u8>, SourceError> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(limit + 1).read_to_end(&mut bytes))
        .map_err(|source| unreadable(path, source))?;
    if bytes.len() as u64 > limit { Err(SourceError::Size { path: path.into(), limit }) } else { Ok(bytes) }
}

fn decode(path: &Path, bytes: Vec<u8>) -> Result<String, SourceError> {
    let text = String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..offset].split(|&byte| byte == b'\n').count();
        SourceError::Encoding { path: path.into(), line, offset }
    })?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

fn unreadable(path: &Path, source: std::io::Error) -> SourceError {
    match source.kind() {
        std::io::ErrorKind::NotFound => SourceError::Missing(path.into()),
        _ => SourceError::Io { path: path.into(), source },
    }
}
