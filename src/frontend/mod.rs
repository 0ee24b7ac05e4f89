//! Front ends: one per language; each reads a [`Source`] without running it.

use crate::failure::Fault;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::component::{Component, NewerSyntax, Requirement, SCHEMA_VERSION, Via};
use crate::diagnostic::{Diagnostic, Severity};
use crate::language::Language;
use crate::reference;
use crate::source::Source;

pub mod credentials;
pub mod directive;
mod facts;
pub mod interface;
pub mod mentions;
pub mod notebook;
pub(crate) mod offers;
mod parameters;
pub mod place;
pub mod python;
pub mod r;
pub mod requirements;

use interface::Access;
pub(crate) use interface::is_secret_name;
use mentions::Mentions;
use notebook::{Code, Tags, recording};
use offers::Offers;
use parameters::Cell;
pub use requirements::Metadata;

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
    is_kernel: fn(&str) -> bool,
    /// A notebook cell as read and as run.
    cell: fn(&str, Tags) -> Code,
    /// Whether the text of a script or module reads the program's command line.
    reads_command_line: fn(&str) -> bool,
    /// Whether the text of a script or module may log, so that a log level matters.
    may_log: fn(&str) -> bool,
    /// The assignments of plain values in a text, which are parameters in a tagged cell.
    assignments: fn(&str) -> Cell,
    /// Values in a script that could be inputs.
    offers: fn(&Source) -> Offers,
}

/// Values in a script that could be inputs.
pub(crate) fn offers(source: &Source) -> Offers {
    let frontend = FRONTENDS.iter().find(|frontend| frontend.language == source.language());
    frontend.map(|frontend| (frontend.offers)(source)).unwrap_or_default()
}

impl Frontend {
    /// The name of the language.
    fn name(&self) -> &'static str {
        self.kind.strip_suffix(" script").unwrap_or(self.kind)
    }
}

/// Most names shown in a note.
const MAX_SHOWN: usize = 5;

/// Every language that `c3` reads.
pub static FRONTENDS: &[Frontend] = &[
    Frontend {
        language: Language::Python,
        kind: "Python script",
        extensions: &[".py"],
        extract: python::extract,
        is_kernel: |name| name.starts_with("python") || name.starts_with("ipython"),
        cell: notebook::python_cell,
        reads_command_line: python::reads_command_line,
        may_log: python::may_log,
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
        reads_command_line: r::reads_command_line,
        may_log: |_| true,
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
        reads_command_line: |_| false,
        may_log: |_| false,
        assignments: |_| Cell::default(),
        offers: |_| Offers::default(),
    },
];

/// What a language's reader finds in a source; its meaning is the same for all languages.
#[expect(clippy::struct_excessive_bools, reason = "each is read by itself")]
#[derive(Debug, Default)]
pub struct Extraction {
    /// The text that describes the operator.
    pub description: Option<String>,
    /// Uses of environment variables, in the order of evaluation.
    pub accesses: Vec<Access>,
    /// The requirements.
    pub requirements: Vec<Requirement>,
    /// PEP 440 specifiers for the interpreter.
    pub requires_python: Option<String>,
    /// The PEP 723 block.
    pub metadata: Option<Metadata>,
    /// The addresses of package indexes that the block names.
    pub indexes: BTreeMap<String, String>,
    /// Syntax that older versions of the language don't have.
    pub newer_syntax: Vec<NewerSyntax>,
    /// Whether the code is run in an IPython shell.
    pub ipython: bool,
    /// Whether the code reads its own command line.
    pub own_arguments: bool,
    /// Whether a comment asks for the executed notebook.
    pub recorded: bool,
    /// Whether the code may log.
    pub logs: bool,
    /// Code beside the source that it refers to.
    pub mentions: Mentions,
    /// Diagnostics.
    pub diagnostics: Vec<Diagnostic>,
}

/// A component, unless there is an error among the diagnostics.
#[derive(Debug, Default)]
pub struct Reading {
    /// The component.
    pub component: Option<Component>,
    /// The PEP 723 block, if it can be read.
    pub metadata: Option<Metadata>,
    /// The addresses of package indexes that the block names.
    pub indexes: BTreeMap<String, String>,
    /// Code beside the source that it refers to.
    pub mentions: Mentions,
    /// Diagnostics, by position.
    pub diagnostics: Vec<Diagnostic>,
}

impl Reading {
    /// Adds an error found later; there is no component then.
    pub(crate) fn refuse(&mut self, error: Diagnostic) {
        self.component = None;
        self.diagnostics.push(error);
        sort(&mut self.diagnostics);
    }
}

/// Sorts diagnostics by position.
fn sort(diagnostics: &mut [Diagnostic]) {
    diagnostics.sort_by_key(|diagnostic| diagnostic.span.as_ref().map(|span| span.start));
}

/// Reads a source: the first half of the compiler.
#[must_use]
pub fn read(source: &Source) -> Reading {
    let Some(frontend) = FRONTENDS.iter().find(|frontend| frontend.language == source.language()) else {
        return Reading::default();
    };
    let Extraction {
        description,
        mut accesses,
        requirements,
        requires_python,
        metadata,
        indexes,
        newer_syntax,
        ipython,
        own_arguments,
        recorded,
        logs,
        mentions,
        mut diagnostics,
    } = (frontend.extract)(source);
    let name = name(source, &mut diagnostics);
    let notebook = source.notebook();
    for (_, cell) in notebook.iter().flat_map(|notebook| &notebook.raising) {
        accesses.iter_mut().filter(|access| cell.contains(&access.span.start)).for_each(Access::relax);
    }
    let mut by_cell = BTreeSet::new();
    for cell in notebook.iter().flat_map(|notebook| &notebook.parameters) {
        let said = (frontend.assignments)(&source.text()[cell.clone()]);
        by_cell.extend(said.assignments.iter().map(|assignment| assignment.name.clone()));
        parameters::merge(&mut accesses, said, cell.start, &mut diagnostics);
    }
    diagnostics.extend(notebook.iter().flat_map(|notebook| notebook.diagnostics.clone()));
    let mut description = notebook.and_then(|notebook| notebook.description.clone()).or(description);
    if description.is_none() && !has_error(&diagnostics) {
        diagnostics.push(missing_description(&name, notebook.is_some()));
    }
    let mut interface = interface::assemble(accesses, source, &mut diagnostics);
    if interface.inputs.is_empty() && !own_arguments && !has_error(&diagnostics) {
        diagnostics.extend(no_inputs(frontend, source));
    }
    for input in interface.inputs.iter_mut().filter(|input| by_cell.contains(&input.name)) {
        input.via = Via::Cell;
    }
    diagnostics.extend(credentials::mask_descriptions(&mut description, &mut interface));
    let mut component = Component {
        schema_version: SCHEMA_VERSION,
        description: description.unwrap_or_else(|| name.clone()),
        name,
        language: source.language(),
        source: source.file_name(),
        inputs: interface.inputs,
        outputs: interface.outputs,
        requirements,
        requires_python,
        newer_syntax,
        ipython,
        recorded: false,
        own_arguments,
        logs,
        diagnostics: Vec::new(),
    };
    if recorded {
        diagnostics.extend(record(&mut component, source));
    }
    sort(&mut diagnostics);
    component.diagnostics = diagnostics.iter().map(|diagnostic| source.resolve(diagnostic)).collect();
    let component = (!has_error(&diagnostics)).then_some(component);
    Reading { component, metadata, indexes, mentions, diagnostics }
}

/// Makes the executed notebook an output, or reports why it can't be one.
#[must_use]
pub fn record(component: &mut Component, source: &Source) -> Option<Diagnostic> {
    let refusal = (!component.recorded).then(|| recording::refusal(source, component)).flatten();
    if refusal.is_none() {
        recording::add(component);
    }
    refusal
}

/// Whether there is an error.
#[must_use]
pub fn has_error(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
}

fn name(source: &Source, diagnostics: &mut Vec<Diagnostic>) -> String {
    reference::operator_name(&source.stem()).unwrap_or_else(|error| {
        let diagnostic = Diagnostic::error("operator-name", error.to_string());
        diagnostics.push(match error.hint() {
            Some(hint) => diagnostic.hint(hint),
            None => diagnostic,
        });
        String::new()
    })
}

fn missing_description(name: &str, in_notebook: bool) -> Diagnostic {
    let place =
        if in_notebook { "in a markdown cell at the top" } else { "in a docstring at the top of the file" };
    Diagnostic::warning("missing-description", format!("no description found, `{name}` is used"))
        .hint(format!("describe the operator {place}"))
}

/// A note on a source without inputs, with values that could be inputs.
fn no_inputs(frontend: &Frontend, source: &Source) -> Option<Diagnostic> {
    let of_cell = |cell: std::ops::Range<usize>| -> Vec<(String, usize)> {
        let said = (frontend.assignments)(&source.text()[cell.clone()]);
        said.assignments.into_iter().map(|found| (found.name, cell.start + found.span.start)).collect()
    };
    let offered: Vec<(String, usize)> = match source.notebook() {
        Some(_) => source.cells().map(of_cell).find(|found| !found.is_empty())?,
        None => {
            (frontend.offers)(source).values.into_iter().map(|offer| (offer.name, offer.span.start)).collect()
        }
    };
    let (_, place) = offered.first()?;
    let shown: Vec<String> = offered.iter().take(MAX_SHOWN).map(|(name, _)| format!("`{name}`")).collect();
    let more = if offered.len() > MAX_SHOWN { " and others" } else { "" };
    let (keeps, value) = if offered.len() == 1 { ("keeps", "value") } else { ("keep", "values") };
    let message = format!("no inputs: {}{more} {keeps} the {value} written here", shown.join(", "));
    let note = Diagnostic::note("no-inputs", message).at(*place..*place);
    Some(note.hint("`c3 fix --parameters` makes inputs of plain values"))
}

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
    let name = path.file_name()?.to_string_lossy().to_lowercase();
    if name.ends_with(notebook::EXTENSION) {
        return Some(Kind::Notebook);
    }
    let reads = |frontend: &&Frontend| frontend.extensions.iter().any(|end| name.ends_with(end));
    FRONTENDS.iter().find(reads).map(|frontend| Kind::Script(frontend.language))
}

/// Whether a file beside a script, such as an imported module, reads the program's command line; never for a
/// language that `c3` doesn't read.
#[must_use]
pub fn reads_command_line(path: &Path, text: &str) -> bool {
    let Some(Kind::Script(language)) = kind(path) else { return false };
    let frontend = FRONTENDS.iter().find(|frontend| frontend.language == language);
    frontend.is_some_and(|frontend| (frontend.reads_command_line)(text))
}

/// Whether a file beside a script may log; never for a language that `c3` doesn't read.
#[must_use]
pub fn may_log(path: &Path, text: &str) -> bool {
    let Some(Kind::Script(language)) = kind(path) else { return false };
    FRONTENDS
        .iter()
        .find(|frontend| frontend.language == language)
        .is_some_and(|frontend| (frontend.may_log)(text))
}

/// The name of a language in messages: `R`.
#[must_use]
pub fn language_name(language: Language) -> &'static str {
    FRONTENDS.iter().find(|frontend| frontend.language == language).map_or("", Frontend::name)
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
    fn a_bare_read_under_no_condition_is_unconditional() {
        let cases = [
            ("x.py", "import os\nos.environ['a']", true),
            ("x.py", "import os\nif x: os.environ['a']\nos.environ['a']", true),
            ("x.py", "import os\nif x: os.environ['a']", false),
            ("x.py", "import os\nos.getenv('a', '1')", false),
            ("x.R", "Sys.getenv('a')", true),
            ("x.R", "if (x) Sys.getenv('a')", false),
        ];
        for (name, text, wanted) in cases {
            let language = if name.ends_with('R') { Language::R } else { Language::Python };
            let reading = read(&Source::new(name, language, text.to_owned()));
            let input = &reading.component.unwrap().inputs[0];
            assert_eq!((input.unconditional, input.via), (wanted, Via::Environment), "{text}");
        }
    }

    #[test]
    fn a_file_beside_a_script_may_read_the_command_line() {
        let cases = [
            ("args.py", "import argparse", true),
            ("args.R", "library(optparse)", true),
            ("args.txt", "import argparse", false),
            ("args.py", "import os", false),
            ("args.py", "import argparse as", false),
        ];
        for (name, text, reads) in cases {
            assert_eq!(reads_command_line(Path::new(name), text), reads, "{name}: {text}");
        }
    }
}
