//! Which sources of folders are operators: those with an interface, and what `c3.toml` says.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use super::Request;
use super::generated::Generated;
use super::sources;
use crate::diagnostic::Diagnostic;
use crate::failure::{Failure, INPUT};
use crate::frontend::mentions::{Mentions, What};
use crate::frontend::{self, Reading};
use crate::load::{below, kept_by_git, load};
use crate::settings::current_dir;
use crate::source::Source;

/// Files that set up an installation or tests.
const SET_UP: [&str; 3] = ["setup.py", "conftest.py", "noxfile.py"];

/// Folders of tests.
const TESTS: [&str; 3] = ["test", "tests", "testthat"];

/// Words that tests contain.
const TEST_WORDS: [&str; 4] = ["def test", "class Test", "test_that(", "unittest"];

/// The sources that paths name.
#[derive(Debug, Default)]
pub struct Chosen {
    /// The operators.
    pub operators: Vec<PathBuf>,
    /// The other sources.
    pub left_out: Vec<LeftOut>,
}

/// A source that isn't an operator.
#[derive(Debug)]
pub struct LeftOut {
    /// The source.
    pub source: PathBuf,
    /// Why.
    pub reason: Reason,
}

/// Why a source in a folder isn't an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// `c3.toml` excludes it.
    Excluded,
    /// Git ignores it.
    Ignored,
    /// It is a setup script.
    SetUp,
    /// It is a test.
    Test,
    /// Another source loads it.
    Loaded(PathBuf),
    /// It has no interface.
    NoInterface,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Excluded => f.write_str("excluded by `c3.toml`"),
            Self::Ignored => f.write_str("ignored by git"),
            Self::SetUp => f.write_str("sets up an installation or tests"),
            Self::Test => f.write_str("a test"),
            Self::Loaded(by) => write!(f, "loaded by `{}`", by.display()),
            Self::NoInterface => f.write_str("no inputs or outputs"),
        }
    }
}

/// Finds the operators: named files, and those in folders that qualify by themselves.
pub fn operators(paths: &[PathBuf], request: &Request) -> Result<Chosen, Failure> {
    let sources = sources::collect(paths)?;
    let surroundings = Surroundings::look(paths, request)?;
    let mut chosen = Chosen::default();
    let reasons = sources::each(&sources, |source| surroundings.reason(source));
    let is_open = |reason: &Result<Verdict, Failure>| matches!(reason, Ok(Verdict::Open));
    let facts =
        if reasons.iter().any(is_open) { surroundings.facts(&sources, &reasons) } else { Facts::default() };
    for (source, reason) in sources.into_iter().zip(reasons) {
        let reason = match reason? {
            Verdict::Operator => None,
            Verdict::Not(reason) => Some(reason),
            Verdict::Open => facts.reason(&source, request),
        };
        match reason {
            None => chosen.operators.push(source),
            Some(reason) => chosen.left_out.push(LeftOut { source, reason }),
        }
    }
    if chosen.operators.is_empty() { Err(none(&chosen.left_out)) } else { Ok(chosen) }
}

fn none(left_out: &[LeftOut]) -> Failure {
    let shown = left_out.iter().take(3).map(|one| format!("`{}`: {}", one.source.display(), one.reason));
    let shown = shown.collect::<Vec<_>>().join("; ");
    Failure::new(INPUT, format!("no operator found ({shown})"))
        .hint("name the source itself, or list it under `include` of `[build]` in `c3.toml`")
}

/// What is known of a source by its path alone.
enum Verdict {
    Operator,
    Not(Reason),
    /// It depends on its contents, and on other sources.
    Open,
}

/// What lies around the sources.
struct Surroundings<'a> {
    request: &'a Request,
    current: PathBuf,
    folders: Vec<&'a Path>,
    named: BTreeSet<PathBuf>,
    kept: BTreeSet<PathBuf>,
}

impl<'a> Surroundings<'a> {
    fn look(paths: &'a [PathBuf], request: &'a Request) -> Result<Self, Failure> {
        let (folders, files): (Vec<_>, Vec<_>) =
            paths.iter().map(PathBuf::as_path).partition(|path| path.is_dir());
        let kept = folders.iter().flat_map(|folder| kept_by_git(folder)).collect();
        let named = files.into_iter().map(real).collect();
        Ok(Self { request, current: current_dir()?, folders, named, kept })
    }

    /// What is known of a source by its place.
    fn reason(&self, source: &Path) -> Result<Verdict, Failure> {
        if self.named.contains(&real(source)) {
            return Ok(Verdict::Operator);
        }
        Ok(match self.configured(source)? {
            Some(true) => Verdict::Operator,
            Some(false) => Verdict::Not(Reason::Excluded),
            None => match self.by_place(source) {
                Some(reason) => Verdict::Not(reason),
                None => Verdict::Open,
            },
        })
    }

    /// What `c3.toml` says.
    fn configured(&self, source: &Path) -> Result<Option<bool>, Failure> {
        let Some(file) = self.request.files.nearest(source, &self.current)? else { return Ok(None) };
        let folder = self.current.join(&file.path).parent().map(real).unwrap_or_default();
        let source = real(source);
        Ok(source.strip_prefix(folder).ok().and_then(|path| file.config.build.selects(path)))
    }

    fn by_place(&self, source: &Path) -> Option<Reason> {
        let name = source.file_name()?.to_string_lossy();
        if !self.kept.contains(source) {
            Some(Reason::Ignored)
        } else if SET_UP.contains(&name.as_ref()) {
            Some(Reason::SetUp)
        } else {
            (self.is_among_tests(source) || is_test(source, &name)).then_some(Reason::Test)
        }
    }

    /// Whether a source is in a folder of tests below one that was named.
    fn is_among_tests(&self, source: &Path) -> bool {
        let below = self.folders.iter().find_map(|folder| source.strip_prefix(folder).ok());
        let folders = below.and_then(Path::parent).into_iter().flat_map(Path::components);
        folders.into_iter().any(|part| TESTS.iter().any(|name| part.as_os_str() == *name))
    }

    /// What is in the sources, and in modules beside them that are never operators.
    fn facts(&self, sources: &[PathBuf], verdicts: &[Result<Verdict, Failure>]) -> Facts {
        let is_left_out =
            |verdict: &Result<Verdict, Failure>| matches!(verdict, Ok(Verdict::Not(_)) | Err(_));
        let left_out: BTreeSet<_> = sources
            .iter()
            .zip(verdicts)
            .filter(|(_, verdict)| is_left_out(verdict))
            .map(|(source, _)| source)
            .collect();
        let private = self.folders.iter().flat_map(|folder| below(folder, |_| true)).filter_map(Result::ok);
        let private = private.filter(|path| self.by_place(path).is_none());
        let all: BTreeSet<_> = sources.iter().cloned().chain(private).collect();
        let read: Vec<_> = all.into_iter().filter(|path| !left_out.contains(path)).collect();
        Facts::read(&read, &self.current)
    }
}

/// What the sources contain.
#[derive(Default)]
struct Facts {
    /// Those without an interface.
    bare: BTreeSet<PathBuf>,
    /// Files that others load, by their real paths, each with the first that does.
    loaded: BTreeMap<PathBuf, PathBuf>,
}

impl Facts {
    fn read(paths: &[PathBuf], current: &Path) -> Self {
        let sources = sources::each(paths, |path| {
            let source = load(path).ok()?;
            let reading = frontend::read(&source);
            Some((has_interface(&reading), loads(&source, reading.mentions, current)))
        });
        let mut facts = Self::default();
        for (path, (has_interface, loaded)) in
            paths.iter().zip(sources).filter_map(|(path, it)| Some((path, it?)))
        {
            if has_interface == Some(false) {
                facts.bare.insert(path.clone());
            }
            let others = loaded.into_iter().filter(|other| *other != real(path));
            for other in others {
                facts.loaded.entry(other).or_insert_with(|| path.clone());
            }
        }
        facts
    }

    fn reason(&self, source: &Path, request: &Request) -> Option<Reason> {
        if let Some(by) = self.loaded.get(&real(source)) {
            return Some(Reason::Loaded(by.clone()));
        }
        // Of which there are files, that was made an operator on purpose.
        let is_bare = self.bare.contains(source) && Generated::find(source, request).is_empty();
        is_bare.then_some(Reason::NoInterface)
    }
}

/// Whether a source has inputs or outputs; nothing where it can't be read.
fn has_interface(reading: &Reading) -> Option<bool> {
    let component = reading.component.as_ref()?;
    Some(!component.inputs.is_empty() || !component.outputs.is_empty())
}

/// The real paths of the files that a source loads: from its folder, or from the working directory.
fn loads(source: &Source, mentions: Mentions, current: &Path) -> Vec<PathBuf> {
    let folder = source.path().parent().unwrap_or(Path::new("")).to_owned();
    let paths = mentions.named.into_iter().flat_map(|mention| match mention.what {
        What::Module(path) => files(&path),
        What::File(path) => vec![path],
        What::Folder(_) | What::Computed => Vec::new(),
    });
    let places = paths.flat_map(|path| [folder.join(&path), current.join(path)]);
    places.filter_map(|path| path.canonicalize().ok()).collect()
}

/// The files that the dotted path of a module may mean, the longest first: the last name of an import may be that of a
/// module, or of something in one.
fn files(path: &str) -> Vec<String> {
    let names = path.trim_start_matches('.');
    // One dot means the folder of the script, each further one the folder above.
    let above = "../".repeat((path.len() - names.len()).saturating_sub(1));
    let names: Vec<_> = names.split('.').filter(|name| !name.is_empty()).collect();
    (1..=names.len()).rev().map(|length| format!("{above}{}.py", names[..length].join("/"))).collect()
}

/// Whether a file is a test by its name and its words.
fn is_test(path: &Path, name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name);
    let is_named = stem.starts_with("test_") || stem.starts_with("test-") || stem.ends_with("_test");
    let tests = || load(path).is_ok_and(|source| TEST_WORDS.iter().any(|word| source.text().contains(word)));
    is_named && tests()
}

fn real(path: &Path) -> PathBuf {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    path.canonicalize().unwrap_or_else(|_| path.into())
}

/// Diagnostics about additional files that are sources and that nothing loads: they go into another source's
/// image, even if they are operators themselves.
#[must_use]
pub fn beside(source: &Source, files: &[String]) -> Vec<Diagnostic> {
    let others = files.iter().filter(|file| frontend::kind(Path::new(file)).is_some());
    let others: Vec<_> = others.filter_map(|file| Some((file, load(Path::new(file)).ok()?))).collect();
    if others.is_empty() {
        return Vec::new();
    }
    let current = current_dir().unwrap_or_default();
    let all: Vec<_> = std::iter::once(source).chain(others.iter().map(|(_, other)| other)).collect();
    let readings: Vec<_> = all.iter().map(|source| frontend::read(source)).collect();
    let interfaces: Vec<_> = readings.iter().map(has_interface).collect();
    let loaded = all.iter().zip(readings).flat_map(|(one, reading)| loads(one, reading.mentions, &current));
    let loaded: BTreeSet<_> = loaded.collect();
    let is_used =
        |other: &Source| loaded.contains(&real(other.path())) || source.text().contains(&other.file_name());
    let unused = others.iter().zip(&interfaces[1..]).filter(|((_, other), _)| !is_used(other));
    unused.map(|((file, _), interface)| second_source(source, file, *interface == Some(true))).collect()
}

fn second_source(source: &Source, file: &str, is_operator: bool) -> Diagnostic {
    let first = source.display();
    let goes = format!("goes into the image of `{first}`, which doesn't load it");
    if is_operator {
        Diagnostic::warning("second-source", format!("`{file}` is an operator itself and {goes}"))
            .hint(format!("to build both, run `c3 build {first} {file}`"))
    } else {
        Diagnostic::note("second-source", format!("`{file}` {goes}"))
    }
}
