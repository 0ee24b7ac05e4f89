//! What is wrong with settings, where, and what to do.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::failure::Fault;

use crate::report::terminal;

/// Why settings can't be read.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// An I/O error.
    #[error("cannot read `{}`: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Invalid settings.
    #[error("{problem}\n{excerpt}")]
    Invalid {
        /// What is wrong.
        problem: Problem,
        /// The place in the file.
        excerpt: String,
    },
}

impl ConfigError {
    /// What is wrong in a text, with its place there.
    pub(crate) fn invalid(problem: Problem, path: &Path, text: &str) -> Self {
        let excerpt = terminal::excerpt(&path.display().to_string(), text, problem.span.clone());
        Self::Invalid { problem, excerpt }
    }
}

impl Fault for ConfigError {
    /// The place in the file is on lines of its own.
    fn message(&self) -> String {
        self.to_string()
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Io { .. } => None,
            Self::Invalid { problem, .. } => problem.hint.clone(),
        }
    }
}

/// A problem in a text of settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What it is.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// Bytes of the text.
    pub span: Option<Range<usize>>,
}

impl Problem {
    /// A top-level key in the wrong place.
    pub(super) fn misplaced(name: &str) -> Self {
        Self {
            message: format!("`{name}` can't stand here"),
            hint: Some("write it at the top level of `c3.toml`".to_owned()),
            span: None,
        }
    }

    /// Message and hint in one line, as serde's errors carry them.
    pub(super) fn in_one(&self) -> String {
        [Some(self.message.as_str()), self.hint.as_deref()]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join("; ")
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<&toml::de::Error> for Problem {
    fn from(error: &toml::de::Error) -> Self {
        let message = error.message().trim().replace("expected i64", "expected a whole number");
        let (message, hint) = match unknown(&message) {
            Some((name, known)) => (format!("`{name}` is not known here"), Some(remedy(&name, &known))),
            None if message.starts_with("invalid type: ") && message.ends_with(" expected a string") => {
                (message.replace('\n', ", "), Some("put it in quotes".to_owned()))
            }
            None => match message.split_once("; ") {
                Some((message, hint)) => (message.to_owned(), Some(hint.to_owned())),
                None => (message.replace('\n', ", "), None),
            },
        };
        Self { message, hint, span: error.span() }
    }
}

/// The name unknown to serde, and the known ones.
fn unknown(message: &str) -> Option<(String, Vec<String>)> {
    let rest = message.strip_prefix("unknown field ").or_else(|| message.strip_prefix("unknown variant "))?;
    let mut quoted = rest.split('`').skip(1).step_by(2).map(ToOwned::to_owned);
    Some((quoted.next()?, quoted.collect()))
}

/// A hint with the nearest known name, or all of them.
fn remedy(name: &str, known: &[String]) -> String {
    let spelled = name.replace('_', "-").to_lowercase();
    let likeness = |other: &&String| strsim::jaro_winkler(&spelled, &other.to_lowercase());
    let nearest = known.iter().max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    match nearest.filter(|nearest| likeness(nearest) > 0.8) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => format!("there are `{}`", known.join("`, `")),
    }
}
