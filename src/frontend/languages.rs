//! The languages that `c3` reads, a record each, and the kinds of their files.

use std::path::Path;

use super::notebook::{self, Code, Tags};
use super::offers::Offers;
use super::parameters::Cell;
use super::{Extraction, python, r};
use crate::hashed;
use crate::language::Language;
use crate::memo::Memo;
use crate::source::Source;

/// A language and its reader.
pub struct Frontend {
    /// The language.
    pub language: Language,
    /// The name of its files in messages.
    pub kind: &'static str,
    /// The extensions of its files.
    pub extensions: &'static [&'static str],
    /// Reads a source; an unreadable one is an error among the diagnostics.
    pub extract: fn(&Source) -> Extraction,
    /// Whether a notebook's kernel or language, in lower case, is this one.
    pub(super) is_kernel: fn(&str) -> bool,
    /// A notebook cell as read and as run.
    pub(super) cell: fn(&str, Tags) -> Code,
    /// What a script or module does beside its work.
    habits: fn(&str) -> Habits,
    /// The assignments of plain values in a text, which are parameters in a tagged cell.
    pub(super) assignments: fn(&str) -> Cell,
    /// Values in a script that could be inputs.
    pub(super) offers: fn(&Source) -> Offers,
}

impl Frontend {
    /// The front end of a language that `c3` reads.
    pub(super) fn of(language: Language) -> Option<&'static Self> {
        FRONTENDS.iter().find(|frontend| frontend.language == language)
    }

    /// The front end of a script, judged by its name; of a notebook none.
    fn of_script(path: &Path) -> Option<&'static Self> {
        let name = path.file_name()?.to_string_lossy().to_lowercase();
        FRONTENDS.iter().find(|frontend| frontend.extensions.iter().any(|end| name.ends_with(end)))
    }

    /// The name of the language.
    fn name(&self) -> &'static str {
        self.kind.strip_suffix(" script").unwrap_or(self.kind)
    }
}

/// What a script or module does beside its work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Habits {
    /// Whether it reads the program's command line.
    pub reads_command_line: bool,
    /// Whether it may log, so that a log level matters.
    pub may_log: bool,
}

/// Every language that `c3` reads.
pub static FRONTENDS: &[Frontend] = &[
    Frontend {
        language: Language::Python,
        kind: "Python script",
        extensions: &[".py"],
        extract: python::extract,
        is_kernel: |name| name.starts_with("python") || name.starts_with("ipython"),
        cell: notebook::python_cell,
        habits: python::habits,
        assignments: python::assignments,
        offers: python::offers,
    },
    Frontend {
        language: Language::R,
        kind: "R script",
        extensions: &[".r"],
        extract: r::extract,
        is_kernel: |name| ["r", "ir"].contains(&name),
        cell: notebook::r_cell,
        habits: r::habits,
        assignments: r::assignments,
        offers: r::offers,
    },
    #[cfg(test)]
    Frontend {
        language: Language::Toy,
        kind: "toy",
        extensions: &[".toy"],
        extract: |source| Extraction { description: Some(source.text().to_owned()), ..Extraction::default() },
        is_kernel: |name| name == "toy",
        cell: |cell, _| notebook::r_cell(cell, Tags::default()),
        habits: |_| Habits::default(),
        assignments: |_| Cell::default(),
        offers: |_| Offers::default(),
    },
];

/// The kind of a file, judged by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A script in a language.
    Script(Language),
    /// A notebook, which names its language itself.
    Notebook,
}

/// The kind of a file that `c3` can read, judged by its name.
#[must_use]
pub fn kind(path: &Path) -> Option<Kind> {
    if path.file_name()?.to_string_lossy().to_lowercase().ends_with(notebook::EXTENSION) {
        return Some(Kind::Notebook);
    }
    Frontend::of_script(path).map(|frontend| Kind::Script(frontend.language))
}

/// Values in a script that could be inputs.
pub(crate) fn offers(source: &Source) -> Offers {
    Frontend::of(source.language()).map(|frontend| (frontend.offers)(source)).unwrap_or_default()
}

/// What a file beside a script, such as an imported module, does beside its work; nothing in a language that
/// `c3` doesn't read.
#[must_use]
pub fn habits(path: &Path, text: &str) -> Habits {
    static HABITS: Memo<(Language, String), Habits> = Memo::new();

    let Some(frontend) = Frontend::of_script(path) else { return Habits::default() };
    let key = (frontend.language, hashed::digest(text.as_bytes()));
    *HABITS.of(key, || (frontend.habits)(text))
}

/// The name of a language in messages: `R`.
#[must_use]
pub fn language_name(language: Language) -> &'static str {
    Frontend::of(language).map_or("", Frontend::name)
}

/// The languages that `c3` reads, as a phrase: `Python and R`.
#[must_use]
pub fn language_names() -> String {
    FRONTENDS.iter().map(Frontend::name).collect::<Vec<_>>().join(" and ")
}

/// The file extensions that `c3` reads.
#[must_use]
pub fn extensions() -> Vec<&'static str> {
    FRONTENDS.iter().flat_map(|frontend| frontend.extensions).copied().chain([notebook::EXTENSION]).collect()
}

/// The kinds of files that `c3` reads, as a phrase: `Python script, R script or notebook`.
#[must_use]
pub fn file_kinds() -> String {
    let scripts: Vec<_> = FRONTENDS.iter().map(|frontend| frontend.kind).collect();
    format!("{} or {}", scripts.join(", "), notebook::KIND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_modules_may_read_the_command_line() {
        let cases = [
            ("args.py", "import argparse", true),
            ("args.R", "library(optparse)", true),
            ("args.txt", "import argparse", false),
            ("args.py", "import os", false),
            ("args.py", "import argparse as", false),
        ];
        for (name, text, reads) in cases {
            assert_eq!(habits(Path::new(name), text).reads_command_line, reads, "{name}: {text}");
        }
    }
}
