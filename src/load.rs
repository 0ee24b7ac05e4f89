//! Loading, the start of the arrow: a file becomes a [`Source`]; a notebook is flattened to a script in its
//! kernel's language.

use std::io::Read;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::failure::Fault;

use crate::frontend::notebook::{self, NotebookError, recording};
use crate::frontend::{self, Kind};
use crate::reader;
use crate::source::Source;

mod below;
mod ignored;

pub use below::{below, is_private};
pub use ignored::kept_by_git;

/// Largest source that is read, in bytes.
pub const SIZE_LIMIT: u64 = 16 << 20;

/// Largest notebook that is read, in bytes: mostly pictures, which are skipped.
pub const NOTEBOOK_LIMIT: u64 = 256 << 20;

/// Why a source can't be loaded.
#[derive(Debug, Error)]
pub enum LoadError {
    /// There is no such file.
    #[error("`{}` does not exist", .0.display())]
    Missing(PathBuf),
    /// A folder where a file was expected.
    #[error("`{}` is a directory, not a file", .0.display())]
    Directory(PathBuf),
    /// A pipe, a socket or a device.
    #[error("`{}` is neither a file nor a directory", .0.display())]
    Special(PathBuf),
    /// The file name has none of the known extensions.
    #[error("`{}` is not a {}", .0.display(), frontend::file_kinds())]
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
    /// The file isn't a readable notebook.
    #[error("`{}` {source}", path.display())]
    Notebook {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: NotebookError,
    },
    /// An I/O error.
    #[error("cannot read `{}`: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

impl Fault for LoadError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Missing(path) => Some(match similar(path) {
                Some(similar) => format!("did you mean `{}`?", similar.display()),
                None if path.is_symlink() => {
                    "it is a link that leads nowhere: remove it, or correct what it points to".into()
                }
                None => "check the path; it is relative to the current directory".into(),
            }),
            Self::Directory(_) => {
                Some("name a file in it; `c3 compile` and `c3 build` take whole folders".into())
            }
            Self::Language(path) => Some(conversion(path)),
            Self::Encoding { .. } => Some("save the file as UTF-8".into()),
            Self::Notebook { source, .. } => Some(source.hint().into()),
            Self::Size { .. } => Some("move data out of the source into an additional file".into()),
            Self::Special(_) | Self::Io { .. } => None,
        }
    }
}

/// How a file that `c3` doesn't read becomes one that it does.
fn conversion(path: &Path) -> String {
    match path.extension().and_then(|end| end.to_str()).map(str::to_lowercase).as_deref() {
        Some("rmd") => format!("`Rscript -e 'knitr::purl(\"{}\")'` makes an R script of it", path.display()),
        Some("qmd") => format!("`quarto convert {}` makes a notebook of it", path.display()),
        _ => format!("sources end in one of {}", frontend::extensions().join(", ")),
    }
}

/// Similarity from which a name counts as misspelt.
const ALIKE: f64 = 0.85;

/// The source with this name, given without its extension.
#[must_use]
pub fn without_ending(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_string_lossy().into_owned();
    let mut endings = frontend::extensions().into_iter();
    endings.find_map(|end| Some(path.with_file_name(format!("{name}{end}"))).filter(|path| path.is_file()))
}

/// The source beside a missing one with the most similar name.
fn similar(path: &Path) -> Option<PathBuf> {
    if path.is_symlink() {
        return None;
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let read = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let stem = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    let likeness = |other: &Path| match path.extension() {
        Some(_) => strsim::jaro_winkler(&name(path), &name(other)),
        None => strsim::jaro_winkler(&name(path), &stem(other)),
    };
    let files = std::fs::read_dir(read).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let sources = files.filter(|path| frontend::kind(path).is_some() && path.is_file());
    let nearest = sources.map(|path| (likeness(&path), path)).filter(|(likeness, _)| *likeness > ALIKE);
    let nearest = nearest.max_by(|(one, _), (other, _)| one.total_cmp(other));
    nearest.and_then(|(_, path)| Some(folder.join(path.file_name()?)))
}

/// Loads a file; its name decides the language.
pub fn load(path: &Path) -> Result<Source, LoadError> {
    let metadata = std::fs::metadata(path).map_err(|source| unreadable(path, source))?;
    if metadata.is_dir() {
        return Err(LoadError::Directory(path.into()));
    }
    if !metadata.is_file() {
        return Err(LoadError::Special(path.into()));
    }
    match frontend::kind(path).ok_or_else(|| LoadError::Language(path.into()))? {
        Kind::Script(language) => Ok(Source::new(path, language, decode(path, read(path, SIZE_LIMIT)?)?)),
        Kind::Notebook => from_notebook(path, &decode(path, read(path, NOTEBOOK_LIMIT)?)?),
    }
}

/// A source from the JSON of a notebook.
pub fn from_notebook(path: &Path, json: &str) -> Result<Source, LoadError> {
    let (language, text, notebook) =
        notebook::flatten(json).map_err(|source| LoadError::Notebook { path: path.into(), source })?;
    if text.len() as u64 > SIZE_LIMIT {
        return Err(LoadError::Size { path: path.into(), limit: SIZE_LIMIT });
    }
    Ok(Source::new(path, language, text).with_notebook(notebook))
}

/// The template for recording a notebook's run.
pub fn recording(path: &Path) -> Result<String, LoadError> {
    let json = decode(path, read(path, NOTEBOOK_LIMIT)?)?;
    recording::template(&json).map_err(|source| LoadError::Notebook { path: path.into(), source })
}

fn read(path: &Path, limit: u64) -> Result<Vec<u8>, LoadError> {
    let mut bytes = Vec::new();
    reader::open(path)
        .and_then(|file| file.take(limit + 1).read_to_end(&mut bytes))
        .map_err(|source| unreadable(path, source))?;
    if bytes.len() as u64 > limit { Err(LoadError::Size { path: path.into(), limit }) } else { Ok(bytes) }
}

fn decode(path: &Path, bytes: Vec<u8>) -> Result<String, LoadError> {
    let text = String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..offset].split(|&byte| byte == b'\n').count();
        LoadError::Encoding { path: path.into(), line, offset }
    })?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

fn unreadable(path: &Path, source: std::io::Error) -> LoadError {
    match source.kind() {
        std::io::ErrorKind::NotFound => LoadError::Missing(path.into()),
        _ => LoadError::Io { path: path.into(), source },
    }
}
