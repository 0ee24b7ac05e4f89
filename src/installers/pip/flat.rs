//! A flat list of everything in a `pip install`, with its requirement files inlined, for an installer on the
//! user's machine: wheels only, and independent of the machine.

use std::fmt;

use super::{Argument, Kind, Line, Meaning, is_archive, is_repository, is_url, lines, without_extras};

/// The input of an installer on this machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flat {
    /// Options about package sources.
    pub options: Vec<String>,
    /// Lines of the only requirement file.
    pub requirements: Vec<String>,
    /// Lines of the only constraints file.
    pub constraints: Vec<String>,
}

/// Why an installer on this machine can't follow a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The file and the line number, unless it is in the source.
    pub line: Option<(String, usize)>,
    /// The words in question.
    pub word: String,
    /// The reason, such as `is a folder of sources, which have to be built`.
    pub reason: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((file, line)) = &self.line {
            write!(f, "`{file}`, line {line}: ")?;
        }
        match self.word.as_str() {
            "" => write!(f, "{}", self.reason),
            word => write!(f, "`{word}` {}", self.reason),
        }
    }
}

/// Deepest nesting of requirement files.
const DEPTH: usize = 20;

/// Inlines all files that arguments name, through `read`; the error has every reason against it.
pub fn flatten(arguments: &[Argument], read: &impl Fn(&str) -> Option<String>) -> Result<Flat, Vec<Refusal>> {
    let mut reader = Reader { read, flat: Flat::default(), refusals: Vec::new(), open: Vec::new() };
    reader.all(arguments, None, false);
    if reader.refusals.is_empty() { Ok(reader.flat) } else { Err(reader.refusals) }
}

struct Reader<'a, F> {
    read: &'a F,
    flat: Flat,
    refusals: Vec<Refusal>,
    /// The files being read, outermost first.
    open: Vec<String>,
}

impl<F: Fn(&str) -> Option<String>> Reader<'_, F> {
    /// Adds the arguments of a command or line.
    fn all(&mut self, arguments: &[Argument], line: Option<&(String, usize)>, constrains: bool) {
        for (at, argument) in arguments.iter().enumerate() {
            if let Some(reason) = refused(argument) {
                let word = argument.words.join(" ");
                self.refusals.push(Refusal { line: line.cloned(), word, reason });
                continue;
            }
            match &argument.kind {
                Kind::Requirements(path) => self.file(path, line, constrains),
                Kind::Constraints(path) => self.file(path, line, true),
                Kind::Option(name, value, Meaning::Choice) => self.flat.option(name, value.as_deref()),
                Kind::Option(..) | Kind::Editable(_) => {}
                Kind::Package(_) | Kind::Direct(..) | Kind::Location(_) => {
                    let text = requirement(argument, &arguments[at + 1..], line.is_some());
                    let list =
                        if constrains { &mut self.flat.constraints } else { &mut self.flat.requirements };
                    list.push(text);
                }
            }
        }
    }

    fn file(&mut self, path: &str, line: Option<&(String, usize)>, constrains: bool) {
        let refusal =
            |reason: &str| Refusal { line: line.cloned(), word: path.to_owned(), reason: reason.to_owned() };
        if self.open.iter().any(|open| open == path) || self.open.len() >= DEPTH {
            return;
        }
        let Some(text) = (self.read)(path) else {
            self.refusals.push(refusal("was not read before"));
            return;
        };
        self.open.push(path.to_owned());
        for Line { number, arguments } in lines(&text) {
            let place = (path.to_owned(), number);
            match arguments {
                Ok(arguments) => self.all(&arguments, Some(&place), constrains),
                Err(problem) => {
                    let (word, reason) = (String::new(), problem.message);
                    self.refusals.push(Refusal { line: Some(place), word, reason });
                }
            }
        }
        self.open.pop();
    }
}

impl Flat {
    /// Adds an option; the last index URL counts, as in pip.
    fn option(&mut self, name: &str, value: Option<&str>) {
        if name == "--index-url"
            && let Some(at) = self.options.iter().position(|word| word == name)
        {
            self.options.drain(at..at + 2);
        }
        if value.is_some() || !self.options.iter().any(|word| word == name) {
            self.options.extend(std::iter::once(name).chain(value).map(ToOwned::to_owned));
        }
    }
}

/// A requirement as a line of a file, with the hashes that follow it.
fn requirement(argument: &Argument, behind: &[Argument], in_file: bool) -> String {
    let hashes = behind.iter().filter(|argument| in_file && is_hash(argument));
    let hashes = hashes.map(|argument| format!(" {}", argument.words.join("=")));
    let text = argument.words.join(" ");
    std::iter::once(text).chain(hashes).collect()
}

fn is_hash(argument: &Argument) -> bool {
    matches!(argument.kind, Kind::Option(_, _, Meaning::PerRequirement))
}

/// Why an installer on this machine can't follow an argument.
fn refused(argument: &Argument) -> Option<String> {
    if argument.words.iter().any(|word| expands(word)) {
        return Some(
            "names a variable, which the installer would take from this machine's environment".into(),
        );
    }
    if let Kind::Option("--find-links" | "--index-url" | "--extra-index-url", Some(place), _) = &argument.kind
        && !is_web(place)
    {
        return Some("names a folder of this machine; only `https://` and `http://` are followed".into());
    }
    needs_build(argument).map(ToOwned::to_owned)
}

/// Whether an installer would expand a variable in a word.
fn expands(word: &str) -> bool {
    word.match_indices("${").any(|(at, _)| word[at..].contains('}'))
}

fn is_web(place: &str) -> bool {
    let place = place.to_ascii_lowercase();
    place.starts_with("https://") || place.starts_with("http://")
}

/// Why only an engine can follow an argument that needs more than wheels.
#[must_use]
pub fn needs_build(argument: &Argument) -> Option<&'static str> {
    match &argument.kind {
        Kind::Editable(_) => Some("links a folder of sources, which have to be built"),
        Kind::Location(place) | Kind::Direct(_, place) => source(place),
        Kind::Option(_, _, Meaning::Build) => Some("asks for a build"),
        Kind::Option(_, _, Meaning::Elsewhere) => Some("is an option that only an engine's pip can follow"),
        Kind::Package(_) | Kind::Requirements(_) | Kind::Constraints(_) | Kind::Option(..) => None,
    }
}

/// Why a package at a path or URL has to be built, or can't be reached.
fn source(place: &str) -> Option<&'static str> {
    let path = without_extras(place.split(['#', '?']).next().unwrap_or(place).trim());
    if is_repository(place) {
        Some("is a repository of sources, which have to be built")
    } else if is_url(place) && !is_web(place) {
        Some("is a file of this machine")
    } else if path.to_ascii_lowercase().ends_with(".whl") {
        None
    } else if is_archive(path) {
        Some("is an archive of sources, which have to be built")
    } else {
        Some("is a folder of sources, which have to be built")
    }
}
