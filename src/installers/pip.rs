//! pip's arguments: one grammar for the words of `pip install` and for the lines of requirement files.

use std::borrow::Cow;
use std::str::FromStr;

use pep508_rs::{Requirement, VerbatimUrl};

use crate::display::beginning;

pub use self::file::{Line, lines, text};
pub use self::flat::{Flat, Refusal, flatten, needs_build};
pub use self::options::Meaning;
pub(super) use self::options::width;
use self::options::{Parsed, option};

mod file;
mod flat;
mod options;
mod prose;

/// One argument of `pip install`, or of a line of a requirement file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// The words for pip, with an option's value as a separate word.
    pub words: Vec<String>,
    /// The meaning.
    pub kind: Kind,
}

/// The meaning of an argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A package in an index, by name.
    Package(String),
    /// A package by name, and its URL.
    Direct(String, String),
    /// A wheel, an archive, a folder or a repository: its path or URL.
    Location(String),
    /// `-e`: the path or URL of an editable install.
    Editable(String),
    /// `-r`: the path or URL of a requirement file.
    Requirements(String),
    /// `-c`: the path or URL of a file with constraints.
    Constraints(String),
    /// Another option: its longest name, its value, and what it is for.
    Option(&'static str, Option<String>, Meaning),
}

/// Why an argument is invalid for pip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, in one lower-case sentence.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl Problem {
    fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }
}

impl Argument {
    /// The path or URL in it: of a requirement file, a package or sources.
    #[must_use]
    pub fn place(&self) -> Option<&str> {
        match &self.kind {
            Kind::Requirements(place) | Kind::Constraints(place) => Some(place),
            Kind::Location(place) | Kind::Editable(place) | Kind::Direct(_, place) => {
                Some(without_extras(place))
            }
            Kind::Package(_) | Kind::Option(..) => None,
        }
    }

    /// The words with another path or URL.
    #[must_use]
    pub fn placed(&self, elsewhere: &str) -> Vec<String> {
        let mut words = self.words.clone();
        if let (Some(place), Some(last)) = (self.place(), words.last_mut()) {
            *last = last.replacen(place, elsewhere, 1);
        }
        words
    }

    /// The argument as a line of a requirement file.
    #[must_use]
    pub fn line(&self) -> String {
        match &self.kind {
            Kind::Option(..) | Kind::Editable(_) | Kind::Requirements(_) | Kind::Constraints(_) => {
                let quoted = |word: &String| shlex::try_quote(word).map_or(String::new(), Into::into);
                self.words.iter().map(quoted).collect::<Vec<_>>().join(" ")
            }
            Kind::Package(_) | Kind::Direct(..) | Kind::Location(_) => self.words.join(" "),
        }
    }

    fn option(&self) -> Option<(&'static str, Option<&str>, Meaning)> {
        match &self.kind {
            Kind::Option(name, value, meaning) => Some((name, value.as_deref(), *meaning)),
            _ => None,
        }
    }

    /// Whether it installs something, itself or through a file.
    #[must_use]
    pub fn installs(&self) -> bool {
        !matches!(self.kind, Kind::Option(..) | Kind::Constraints(_))
    }

    /// Whether it makes no sense in an image, such as `--user`.
    #[must_use]
    pub fn is_pointless(&self) -> bool {
        self.option().is_some_and(|(_, _, meaning)| meaning == Meaning::Pointless)
    }
}

/// A package's normalized name: `ruamel-yaml` for `Ruamel.Yaml`.
#[must_use]
pub fn normalized(name: &str) -> String {
    let name: String =
        name.chars().map(|c| if "_.".contains(c) { '-' } else { c.to_ascii_lowercase() }).collect();
    name.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

/// Parses the words of one `pip install`; fails at the first invalid one.
pub fn parse<S: AsRef<str>>(words: &[S]) -> Result<Vec<Argument>, Problem> {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    if let Some(problem) = prose::problem(&words) {
        return Err(problem);
    }
    arguments(&words)
}

fn arguments(words: &[&str]) -> Result<Vec<Argument>, Problem> {
    let mut arguments = Vec::new();
    let mut rest = words;
    while let Some((word, after)) = rest.split_first() {
        if word.starts_with('-') {
            let Parsed { arguments: read, width } = option(rest)?;
            arguments.extend(read);
            rest = &rest[width.min(rest.len())..];
        } else {
            arguments.push(package(word)?);
            rest = after;
        }
    }
    Ok(arguments)
}

/// Reads a word that isn't an option.
fn package(word: &str) -> Result<Argument, Problem> {
    if word.contains(char::is_control) {
        return Err(unreadable(word, "it holds a control character"));
    }
    let kind = if is_location(word) { location(word)? } else { named(word)? };
    Ok(Argument { words: vec![word.to_owned()], kind })
}

fn location(word: &str) -> Result<Kind, Problem> {
    let (place, marker) = if is_url(word) { without_marker(word) } else { (word, "") };
    checked_url(place)?;
    if !is_url(place) && place.contains([':', ' ', '\t', '\\']) {
        return Err(unreadable(word, "it is neither a name nor a path"));
    }
    if !marker.is_empty() {
        parsed(&format!("name;{marker}")).map_err(|reason| unreadable(word, &reason))?;
    }
    Ok(Kind::Location(place.to_owned()))
}

/// The URL of a package, and the marker after it.
fn without_marker(word: &str) -> (&str, &str) {
    let is_apart = |at: &usize| {
        word[..*at].ends_with(char::is_whitespace) || word[*at + 1..].starts_with(char::is_whitespace)
    };
    let at = word.match_indices(';').map(|(at, _)| at).find(is_apart);
    at.map_or((word.trim(), ""), |at| (word[..at].trim(), &word[at + 1..]))
}

/// Reads a PEP 508 requirement.
fn named(word: &str) -> Result<Kind, Problem> {
    let Some((name, url)) = word.split_once('@') else {
        let requirement = parsed(word).map_err(|reason| unreadable(word, &reason))?;
        return Ok(Kind::Package(requirement.name.to_string()));
    };
    let (url, marker) = url.split_once(" ;").map_or((url.trim(), ""), |(url, marker)| (url.trim(), marker));
    let whole = if marker.is_empty() { name.to_owned() } else { format!("{name};{marker}") };
    let requirement = parsed(&whole).map_err(|reason| unreadable(word, &reason))?;
    checked_url(url)?;
    if url.is_empty() {
        return Err(unreadable(word, "a URL is missing behind `@`"));
    }
    Ok(Kind::Direct(requirement.name.to_string(), url.to_owned()))
}

fn parsed(text: &str) -> Result<Requirement<VerbatimUrl>, String> {
    // The parser panics over characters of several bytes, and over names and extras that end in another character.
    let text = text.trim();
    if !text.is_ascii() {
        return Err("it holds a character that no requirement has".to_owned());
    }
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c)).unwrap_or(text.len());
    let is_name = |name: &str| name.ends_with(|c: char| c.is_ascii_alphanumeric());
    if !std::iter::once(&text[..end]).chain(extras(&text[end..])).all(is_name) {
        return Err("a name begins and ends with a letter or digit".to_owned());
    }
    let parsed = Requirement::<VerbatimUrl>::from_str(text);
    parsed.map_err(|error| error.message.to_string().lines().next().unwrap_or_default().to_owned())
}

/// The names in brackets at the start of a text.
fn extras(text: &str) -> impl Iterator<Item = &str> {
    let inner = text.trim_start().strip_prefix('[').unwrap_or_default();
    let names = inner.split(']').next().unwrap_or_default();
    names.split(|c: char| c == ',' || c.is_whitespace()).filter(|name| !name.is_empty())
}

fn unreadable(word: &str, reason: &str) -> Problem {
    let shown = shown(word);
    let reason = reason.trim_end_matches('.');
    let reason = match reason.char_indices().nth(1) {
        Some((at, _)) => format!("{}{}", reason[..at].to_lowercase(), &reason[at..]),
        None => reason.to_owned(),
    };
    Problem::new(
        format!("`{shown}` is not a package that pip can install: {reason}"),
        "write names, versions and options as `pip install` takes them, such as `numpy>=1.26`; leave prose to comments that don't begin with `pip install`",
    )
}

/// The start of a word.
fn shown(word: &str) -> Cow<'_, str> {
    beginning(word, 60)
}

/// Suffixes of package archives.
const ARCHIVES: &[&str] = &[".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar"];

/// Schemes of package URLs.
const SCHEMES: &[&str] = &["https", "http", "file"];

/// Version control systems supported by pip.
const REPOSITORIES: &[&str] = &["git", "hg", "svn", "bzr"];

/// Whether a text is a URL rather than a path.
#[must_use]
pub fn is_url(text: &str) -> bool {
    text.contains("://") || text.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("file:"))
}

/// Whether a URL is a source repository.
fn is_repository(url: &str) -> bool {
    url.split_once('+').is_some_and(|(system, _)| REPOSITORIES.contains(&system))
}

/// Whether a word is a path or a URL rather than a name.
fn is_location(word: &str) -> bool {
    let path = word.split(['#', '?', ';']).next().unwrap_or(word);
    let is_direct = word.split_once('@').is_some_and(|(name, _)| parsed(name).is_ok());
    !is_direct
        && (is_url(word)
            || path.starts_with(['.', '~'])
            || without_extras(path.trim()).contains('/')
            || is_archive(path.trim()))
}

/// Whether a path or URL has the suffix of a package archive.
#[must_use]
pub fn is_archive(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    ARCHIVES.iter().any(|end| path.ends_with(end))
}

/// A path without the extras after it: `./pkg[extra]`.
fn without_extras(path: &str) -> &str {
    path.strip_suffix(']').and_then(|path| path.rsplit_once('[')).map_or(path, |(path, _)| path)
}

fn checked_url(word: &str) -> Result<(), Problem> {
    let Some((scheme, _)) = word.split_once("://") else { return Ok(()) };
    let known = |scheme: &str| SCHEMES.contains(&scheme) || scheme == "ssh" || scheme == "git";
    let is_known = match scheme.split_once('+') {
        Some((system, transport)) => REPOSITORIES.contains(&system) && known(transport),
        None => SCHEMES.contains(&scheme.to_ascii_lowercase().as_str()),
    };
    if is_known && !word.contains(|letter: char| letter.is_control() || letter.is_whitespace()) {
        return Ok(());
    }
    Err(Problem::new(
        format!("`{}` is not a URL that pip can install from", shown(word)),
        "write an `https://` URL, or `git+https://` for a repository",
    ))
}

#[cfg(test)]
mod tests;
