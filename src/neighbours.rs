//! Neighbours: code beside a source that it imports, sources or runs; it goes into the image too.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use self::diagnostics::Said;
use crate::boundary::{Boundary, BoundaryError};
use crate::component::Component;
use crate::diagnostic::Diagnostic;
use crate::files::{AdditionalFile, Ignored};
use crate::frontend::mentions::{Mention, Mentions, What};
use crate::frontend::{self, Kind, Reading};
use crate::hashed::{self, hex};
use crate::language::Language;
use crate::memo::Memo;
use crate::reader;
use crate::source::Source;

mod diagnostics;
mod modules;

/// Largest file that is read for its own references, in bytes.
const READ_LIMIT: u64 = 4 << 20;

/// Most files packed automatically with a source.
const COUNT_LIMIT: usize = 1000;

/// Code beside a source that goes into the image.
#[derive(Debug, Default)]
pub struct Neighbours {
    /// The files, by path in the image.
    pub files: Vec<AdditionalFile>,
    /// Those that the source needs, and whose contents matter too.
    pub read: Vec<Neighbour>,
    /// A digest of all, including those given, if there are any.
    pub digest: Option<String>,
    /// Modules found neither here nor in Python itself.
    pub foreign: BTreeSet<String>,
    /// Their diagnostics.
    pub diagnostics: Vec<Diagnostic>,
}

/// A file that the source, or another file it refers to, imports or runs.
#[derive(Debug, Clone)]
pub struct Neighbour {
    /// Its path in the image.
    pub path: String,
    /// Its text.
    pub text: String,
    /// Its language.
    pub language: Language,
    /// Bytes of the reference in the source's text.
    pub span: Range<usize>,
    /// A digest of its path, language and text.
    pub(crate) digest: String,
}

/// What the front ends read of the files.
static READINGS: Memo<String, Reading> = Memo::new();

/// Finds the files that a source refers to below its folder or the working directory; additional files are
/// there already.
#[must_use]
pub fn find(
    source: &Source,
    mentions: &Mentions,
    component: &Component,
    root: &Path,
    given: &[AdditionalFile],
) -> Neighbours {
    let beside = source.path().parent().filter(|path| !path.as_os_str().is_empty());
    let (Ok(folder), Ok(root)) = (beside.unwrap_or(Path::new(".")).canonicalize(), root.canonicalize())
    else {
        return Neighbours::default();
    };
    let base = if folder.starts_with(&root) { root.clone() } else { folder.clone() };
    let home = image_path(&folder, &base).unwrap_or_default();
    let mut walk = Walk {
        own: source.path().canonicalize().unwrap_or_default(),
        stem: source.stem(),
        language: source.language(),
        boundary: Boundary::new([&folder, &root]),
        ignored: Ignored::read(&root),
        search: vec![(folder.clone(), home.clone()), (root.clone(), home.clone())],
        root,
        base,
        folder,
        home,
        found: BTreeMap::new(),
        waiting: Vec::new(),
        others: Vec::new(),
        told: BTreeSet::new(),
        said: Vec::new(),
        result: Neighbours::default(),
    };
    walk.follow(mentions, None);
    while let Some((path, span)) = walk.waiting.pop() {
        walk.read(&path, span);
    }
    walk.finish(component, given)
}

impl Neighbour {
    /// The file as a source.
    #[must_use]
    pub fn source(&self) -> Source {
        Source::new(&self.path, self.language, self.text.clone()).as_module()
    }

    /// A diagnostic of its text, located at the reference in the source.
    #[must_use]
    pub fn told(&self, found: Diagnostic) -> Diagnostic {
        let message = format!("`{}`: {}", self.path, found.message);
        Diagnostic { message, span: Some(self.span.clone()), ..found }
    }
}

/// A file that was found.
struct LocalFile {
    disk: PathBuf,
    /// Bytes of the reference in the source's text.
    span: Range<usize>,
    /// Whether it is named; otherwise it comes with its package.
    is_named: bool,
}

/// A folder on the search path, and its path in the image.
type Entry = (PathBuf, String);

struct Walk {
    own: PathBuf,
    /// The source's own module name.
    stem: String,
    language: Language,
    boundary: Boundary,
    ignored: Ignored,
    /// The search path for modules.
    search: Vec<Entry>,
    root: PathBuf,
    /// The folder that becomes the image's working directory.
    base: PathBuf,
    /// The folder of the source, and its path in the image.
    folder: PathBuf,
    home: String,
    /// Files by path in the image.
    found: BTreeMap<String, LocalFile>,
    /// Files to read, with their references in the source.
    waiting: Vec<(String, Range<usize>)>,
    /// Files of packages that aren't modules: package, first of them, their number, and the reference.
    others: Vec<(String, String, usize, Range<usize>)>,
    /// Subjects already reported.
    told: BTreeSet<String>,
    /// Findings in the files.
    said: Vec<Said>,
    result: Neighbours,
}

impl Walk {
    /// Reads a file, and follows its references.
    fn read(&mut self, path: &str, span: Range<usize>) {
        let Some(found) = self.found.get(path) else { return };
        let Some(Kind::Script(language)) = frontend::kind(&found.disk) else { return };
        let bytes = self.boundary.read(&found.disk, READ_LIMIT).ok();
        let Some(text) = bytes.and_then(|bytes| String::from_utf8(bytes).ok()) else { return };
        let digest = hashed::digest(format!("{path}\0{language:?}\0{text}").as_bytes());
        let neighbour = Neighbour { path: path.to_owned(), text, language, span, digest };
        let reading = READINGS.of(neighbour.digest.clone(), || frontend::read(&neighbour.source()));
        if language == self.language {
            self.follow(&reading.mentions, Some((path, &neighbour.span)));
        }
        self.said.push(Said::of(&neighbour, &reading));
        self.result.read.push(neighbour);
    }

    /// Follows the references of a text: the source's, or that of a file.
    fn follow(&mut self, mentions: &Mentions, of: Option<(&str, &Range<usize>)>) {
        let at = of.as_ref().and_then(|(path, _)| self.found.get(*path)).map(|found| found.disk.clone());
        let folder = at.as_deref().and_then(Path::parent).unwrap_or(&self.folder).to_path_buf();
        for named in &mentions.folders {
            self.extend_path(&folder.join(named));
        }
        for Mention { what, span } in &mentions.named {
            let span = of.as_ref().map_or(span, |(_, span)| span).clone();
            match what {
                What::Module(module) => self.module(module, of.as_ref().map(|(path, _)| *path), &span),
                What::File(file) => self.file(file, &span),
                What::Folder(folder) => self.sources_in(folder, &span),
                What::Computed => self.tell(diagnostics::computed(), &span),
            }
        }
    }

    /// Adds a folder to the search path.
    fn extend_path(&mut self, folder: &Path) {
        let Ok(folder) = folder.canonicalize() else { return };
        let Some(place) = image_path(&folder, &self.base) else { return };
        let entry = (folder, place);
        if !self.search.contains(&entry) {
            self.search.push(entry);
        }
    }

    /// A file by the path in the code: relative to the current directory, or to the source's folder.
    fn file(&mut self, file: &str, span: &Range<usize>) {
        let Some(path) = normal(Path::new(file)) else { return };
        let beside = self.folder.join(&path);
        if beside.is_file() {
            let home = join(&self.home, &path);
            self.take(&beside, &path, span, true);
            if home != path {
                self.take(&beside, &home, span, true);
            }
        } else if self.root.join(&path).is_file() {
            self.take(&self.root.join(&path), &path, span, true);
        }
    }

    /// All sources of the same language in a folder.
    fn sources_in(&mut self, folder: &str, span: &Range<usize>) {
        let Some(folder) = normal(Path::new(folder)) else { return self.tell(diagnostics::computed(), span) };
        let place = [&self.folder, &self.root].into_iter().map(|above| above.join(&folder));
        let Some(Ok(entries)) = place.filter(|place| place.is_dir()).map(|place| place.read_dir()).next()
        else {
            return;
        };
        let mut names: Vec<_> =
            entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        names.sort();
        for name in names {
            if frontend::kind(Path::new(&name)) == Some(Kind::Script(self.language)) {
                self.file(&format!("{folder}/{name}"), span);
            }
        }
    }

    /// Adds a file to the image; a named one is read too.
    fn take(&mut self, disk: &Path, path: &str, span: &Range<usize>, is_named: bool) {
        if let Some(found) = self.found.get_mut(path) {
            if is_named && !found.is_named {
                found.is_named = true;
                self.waiting.push((path.to_owned(), found.span.clone()));
            }
            return;
        }
        if self.found.len() >= COUNT_LIMIT {
            return self.tell(diagnostics::too_many(COUNT_LIMIT), span);
        }
        let real = match self.boundary.file(disk) {
            Ok(real) => real,
            Err(BoundaryError::Missing(_)) => return,
            Err(error) => return self.tell(diagnostics::refused(&error), span),
        };
        if real == self.own {
            return;
        }
        if image_path(disk, &self.root).is_some_and(|path| self.ignored.has(&path)) {
            return self.tell(diagnostics::ignored(path), span);
        }
        self.found.insert(path.to_owned(), LocalFile { disk: real, span: span.clone(), is_named });
        if is_named {
            self.waiting.push((path.to_owned(), span.clone()));
        }
    }

    fn tell(&mut self, diagnostic: Diagnostic, span: &Range<usize>) {
        if self.told.insert(diagnostic.message.clone()) {
            self.result.diagnostics.push(diagnostic.at(span.clone()));
        }
    }

    fn finish(mut self, component: &Component, given: &[AdditionalFile]) -> Neighbours {
        self.result.digest = digest(&self.found, &self.folder);
        let is_given = |path: &String| given.iter().any(|file| file.path == *path);
        self.found.retain(|path, _| !is_given(path));
        let mut by_span: BTreeMap<usize, Vec<(&String, &LocalFile)>> = BTreeMap::new();
        for (path, found) in &self.found {
            by_span.entry(found.span.start).or_default().push((path, found));
        }
        let packed = by_span.into_values().map(|files| diagnostics::packed(&files)).collect::<Vec<_>>();
        self.result.diagnostics.extend(packed);
        let others = self.others.iter().filter(|(_, first, ..)| !is_given(first));
        let others = others.map(|(package, first, count, span)| {
            diagnostics::others(package, first, *count).at(span.clone())
        });
        self.result.diagnostics.extend(others);
        let said = self.said.into_iter();
        self.result.diagnostics.extend(said.flat_map(|said| said.news(component)));
        let files = self.found.into_iter();
        let files = files.map(|(path, found)| AdditionalFile { path, disk: found.disk, executable: false });
        self.result.files = files.collect();
        self.result
    }
}

/// A digest of the files' paths and contents, independent of their location.
fn digest(found: &BTreeMap<String, LocalFile>, folder: &Path) -> Option<String> {
    let files: BTreeSet<&Path> = found.values().map(|found| found.disk.as_path()).collect();
    let mut digest = Sha256::new();
    for file in &files {
        let content = reader::read(file).unwrap_or_default();
        let place = file.strip_prefix(folder).unwrap_or(Path::new(file.file_name()?));
        digest.update(format!("{}\0{}\0", place.display(), content.len()));
        digest.update(content);
    }
    (!files.is_empty()).then(|| hex(&digest.finalize()))
}

/// The path of a file or folder in the image, if it is below the working directory.
fn image_path(disk: &Path, base: &Path) -> Option<String> {
    disk.strip_prefix(base).ok()?.to_str().map(ToOwned::to_owned)
}

/// A path in a folder of the image; empty for the working directory.
fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// A relative path without `.` and `..`, if it doesn't lead upwards.
fn normal(path: &Path) -> Option<String> {
    use std::path::Component as Part;

    let mut parts: Vec<&str> = Vec::new();
    for part in path.components() {
        match part {
            Part::Normal(part) => parts.push(part.to_str()?),
            Part::CurDir => {}
            Part::ParentDir => drop(parts.pop()?),
            Part::RootDir | Part::Prefix(_) => return None,
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

#[cfg(test)]
mod tests;
