//! Requirement files: those of `pip install -r` and `-c` are found, read and vetted by one grammar before any
//! installer sees them, with the files they refer to.

use crate::failure::Fault;
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::backend::RequirementFile;
use crate::boundary::{Boundary, BoundaryError};
use crate::component::Requirement;
use crate::context::{Content, Entry};
use crate::diagnostic::Diagnostic;
use crate::frontend::credentials;
use crate::installers::pip::{self, Argument, Kind};
use crate::recipe::REQUIREMENTS;

use self::remote::Remote;

mod lists;
pub mod remote;

/// Largest requirement file, in bytes.
const SIZE_LIMIT: u64 = 4 << 20;

/// Most requirement files of one source.
const COUNT_LIMIT: usize = 200;

/// The requirement files of a source, resolved.
#[derive(Debug, Clone, Default)]
pub struct Resolved {
    /// Files as the source names them.
    pub named: Vec<RequirementFile>,
    /// All files, including those that others refer to.
    pub files: Vec<ImageFile>,
    /// Whether a file wasn't read, so that the installed packages are unknown.
    pub incomplete: bool,
    /// Whether the network or a server prevented fetching a file.
    pub is_network_down: bool,
    /// SHA-256 of everything fetched, in hexadecimal.
    pub fetched: Option<String>,
    /// Problems.
    pub diagnostics: Vec<Diagnostic>,
}

/// A file for the image.
#[derive(Debug, Clone)]
pub struct ImageFile {
    /// Path relative to the working directory of the image.
    pub path: String,
    /// The vetted text of a requirement file, or a package on disk.
    pub content: Content,
}

impl ImageFile {
    /// The text of a requirement file; nothing for a package.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        match &self.content {
            Content::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
            Content::Disk(_) => None,
        }
    }

    /// The file as an entry of a build context.
    #[must_use]
    pub fn entry(&self) -> Entry {
        Entry {
            path: format!("{REQUIREMENTS}/{}", self.path),
            content: self.content.clone(),
            executable: false,
        }
    }
}

/// Finds and vets the requirement files beside a source or in the working directory.
#[must_use]
pub fn resolve(requirements: &[Requirement], source: &Path, root: &Path, remote: Remote) -> Resolved {
    let beside = source.parent().unwrap_or(Path::new("")).to_path_buf();
    let folders = [beside, root.to_path_buf()];
    let mut reader = Reader {
        boundary: Boundary::new(&folders),
        folders,
        remote,
        span: 0..0,
        resolved: Resolved::default(),
        seen: BTreeSet::new(),
        fetched: Vec::new(),
    };
    for requirement in requirements {
        match requirement {
            Requirement::Pip { words, span, .. } => {
                reader.span = span.clone();
                for argument in pip::parse(words).unwrap_or_default() {
                    reader.named(&argument);
                }
            }
            Requirement::Conda { words, .. } => {
                reader.span = 0..0;
                for file in files_of_conda(words) {
                    reader.environment(file);
                }
            }
            Requirement::System { .. } | Requirement::R { .. } => {}
        }
    }
    reader.resolved.fetched = remote::digest_of(&reader.fetched);
    reader.resolved
}

/// The files behind conda's `--file`, such as `environment.yml`.
fn files_of_conda(words: &[String]) -> Vec<&str> {
    let pairs = words.iter().zip(words.iter().skip(1));
    let named = pairs.filter(|(option, _)| matches!(option.as_str(), "-f" | "--file"));
    let joined = words.iter().filter_map(|word| word.strip_prefix("--file="));
    named.map(|(_, file)| file.as_str()).chain(joined).collect()
}

struct Reader<'a> {
    /// The source's folder and the working directory.
    folders: [PathBuf; 2],
    boundary: Boundary,
    remote: Remote<'a>,
    /// The mention in the source of the file being read.
    span: Range<usize>,
    resolved: Resolved,
    /// Files named by the source so far.
    seen: BTreeSet<String>,
    /// Fetched addresses and texts.
    fetched: Vec<(String, String)>,
}

impl Reader<'_> {
    /// Reads the file named by an argument in the source.
    fn named(&mut self, argument: &Argument) {
        let Some(place) = argument.place().map(ToOwned::to_owned) else { return };
        if !self.seen.insert(place.clone()) {
            return;
        }
        let is_list = matches!(argument.kind, Kind::Requirements(_) | Kind::Constraints(_));
        let added = match pip::is_url(&place) {
            true if is_list => self.fetch(&place),
            true => None,
            false if is_list => self.find(&place).and_then(|(path, disk)| self.list(path, &disk)),
            false => self.package(&place, argument),
        };
        if let Some((path, text)) = added {
            self.resolved.named.push(RequirementFile { named: place, path, text });
        }
    }

    /// Adds a conda environment file unchanged.
    fn environment(&mut self, named: &str) {
        let Some((path, disk)) = self.find(named) else { return };
        let Some(bytes) = self.checked(self.boundary.read(&disk, SIZE_LIMIT)) else { return };
        let (text, lines) = credentials::out_of_file(&String::from_utf8_lossy(&bytes));
        for line in &lines {
            self.report(credentials::in_requirement(&format!("`{path}`, line {line}: ")));
        }
        let bytes = if lines.is_empty() { bytes } else { text.clone().into_bytes() };
        self.resolved.named.push(RequirementFile { named: named.to_owned(), path: path.clone(), text });
        self.add(path, Content::Bytes(bytes));
    }

    /// Adds a wheel or archive on disk; a folder can't be installed, as it isn't in the image yet.
    fn package(&mut self, named: &str, argument: &Argument) -> Option<(String, String)> {
        if matches!(argument.kind, Kind::Editable(_)) || !pip::is_archive(named) {
            let words = argument.words.join(" ");
            let message = format!(
                "`pip install {words}` installs a folder, which isn't in the image when packages are installed"
            );
            self.lacks(message, "build a wheel of it and name that, or give the folder as an additional file and import from it");
            return None;
        }
        let (path, disk) = self.find(named)?;
        let disk = self.checked(self.boundary.file(&disk))?;
        self.add(path.clone(), Content::Disk(disk));
        Some((path, String::new()))
    }

    /// The path of a file named by the source, and its path in the image: below the source's folder or the
    /// working directory, or there by its name alone if the path is another machine's.
    fn find(&mut self, named: &str) -> Option<(String, PathBuf)> {
        let home = named.strip_prefix("~/");
        let path = Path::new(home.unwrap_or(named));
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        for folder in &self.folders {
            match self.boundary.file(&folder.join(path)) {
                Ok(_) => return Some((below(path).unwrap_or_else(|| name.to_owned()), folder.join(path))),
                Err(BoundaryError::Missing(_)) => {}
                Err(error) => return self.checked(Err(error)),
            }
        }
        let is_elsewhere = home.is_some() || path.is_absolute();
        let by_name = self.folders.iter().map(|folder| folder.join(name));
        let found = by_name.filter(|_| is_elsewhere).find(|disk| self.boundary.file(disk).is_ok());
        if let Some(disk) = found {
            return Some((name.to_owned(), disk));
        }
        let message = format!(
            "the requirement file `{named}` is neither beside the source nor in the current directory"
        );
        self.lacks(message, "put it there, or write its packages into `# pip install` lines");
        None
    }

    /// Adds a file to the image, unless there are too many or it has one at that path.
    fn add(&mut self, path: String, content: Content) -> bool {
        if self.resolved.files.iter().any(|known| known.path == path) {
            return false;
        }
        if self.resolved.files.len() >= COUNT_LIMIT {
            self.refuse(format!("there are more than {COUNT_LIMIT} requirement files"), "join them");
            return false;
        }
        self.resolved.files.push(ImageFile { path, content });
        true
    }

    fn replace(&mut self, path: &str, bytes: Vec<u8>) {
        if let Some(file) = self.resolved.files.iter_mut().find(|file| file.path == path) {
            file.content = Content::Bytes(bytes);
        }
    }

    /// What the rule of paths allows; anything else is reported.
    fn checked<T>(&mut self, found: Result<T, BoundaryError>) -> Option<T> {
        found.map_err(|error| self.refuse(error.to_string(), error.hint().unwrap_or_default())).ok()
    }

    /// Reports something missing that only an image needs.
    fn lacks(&mut self, message: String, hint: &str) {
        self.resolved.incomplete = true;
        self.report(Diagnostic::warning("requirement-file", message).hint(hint));
    }

    fn refuse(&mut self, message: String, hint: impl Into<String>) {
        self.resolved.incomplete = true;
        self.report(Diagnostic::error("requirement-file", message).hint(hint));
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        let is_placed = !self.span.is_empty();
        let diagnostic = if is_placed { diagnostic.at(self.span.clone()) } else { diagnostic };
        if !self.resolved.diagnostics.contains(&diagnostic) {
            self.resolved.diagnostics.push(diagnostic);
        }
    }
}

/// A relative path without `.` and `..`, unless it leads upwards.
fn below(path: &Path) -> Option<String> {
    use std::path::Component as Part;

    let mut parts: Vec<&str> = Vec::new();
    for part in path.components() {
        match part {
            Part::Normal(part) => parts.push(part.to_str()?),
            Part::CurDir => {}
            Part::ParentDir => drop(parts.pop()?),
            _ => return None,
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

#[cfg(test)]
mod tests;
