//! Front ends: one per language, each reads a [`Source`] without running it.

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

/// A language and how it is read.
pub struct Frontend {
    /// The language.
    pub language: Language,
    /// What its files are called in messages.
    pub kind: &'static str,
    /// How its file names end.
    pub extensions: &'static [&'static str],
    /// Reads a source; a source that can't be read is an error among the diagnostics.
    pub extract: fn(&Source) -> Extraction,
    /// Whether a notebook that names this kernel or language, in lower case, is in it.
    is_kernel: fn(&str) -> bool,
    /// A cell of a notebook as it is read and as it is run.
    cell: fn(&str, Tags) -> Code,
    /// Whether the text of a script or a module reads the command line that the program is called with.
    reads_command_line: fn(&str) -> bool,
    /// Whether the text of a script or a module may log, so that a log level has a bearing on it.
    may_log: fn(&str) -> bool,
    /// The assignments of plain values in a text, which are parameters if a notebook says so.
    assignments: fn(&str) -> Cell,
    /// What a script has that could be an input.
    offers: fn(&Source) -> Offers,
}

/// What a script has that could be an input.
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

/// Most names that a note shows.
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

/// What a language's reader finds in a source; what it means is the same for all languages.
#[expect(clippy::struct_excessive_bools, reason = "each is read by itself")]
#[derive(Debug, Default)]
pub struct Extraction {
    /// The text that describes the operator.
    pub description: Option<String>,
    /// Uses of environment variables, in the order of evaluation.
    pub accesses: Vec<Access>,
    /// What has to be installed.
    pub requirements: Vec<Requirement>,
    /// PEP 440 specifiers for the interpreter.
    pub requires_python: Option<String>,
    /// The PEP 723 block.
    pub metadata: Option<Metadata>,
    /// The addresses of package indexes that the block gives names.
    pub indexes: BTreeMap<String, String>,
    /// Syntax that not every version of the language knows.
    pub newer_syntax: Vec<NewerSyntax>,
    /// Whether the code is run in an IPython shell.
    pub ipython: bool,
    /// Whether the code reads the command line that it is called with.
    pub own_arguments: bool,
    /// Whether a comment asks for the executed notebook.
    pub recorded: bool,
    /// Whether the code may log.
    pub logs: bool,
    /// What the code names of that beside it.
    pub mentions: Mentions,
    /// What is wrong.
    pub diagnostics: Vec<Diagnostic>,
}

/// A component, unless there is an error among the diagnostics.
#[derive(Debug, Default)]
pub struct Reading {
    /// The component.
    pub component: Option<Component>,
    /// The PEP 723 block, if it can be read.
    pub metadata: Option<Metadata>,
    /// The addresses of package indexes that the block gives names.
    pub indexes: BTreeMap<String, String>,
    /// What the source names of the code beside it.
    pub mentions: Mentions,
    /// What the front end had to say, by position.
    pub diagnostics: Vec<Diagnostic>,
}

impl Reading {
    /// Takes in an error that was found later: there is no component.
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

/// Makes the executed notebook an output, or says why it can't be one.
#[must_use]
pub fn record(component: &mut Component, source: &Source) -> Option<Diagnostic> {
    let refusal = (!component.recorded).then(|| recording::refusal(source, component)).flatten();
    if refusal.is_none() {
        recording::add(component);
    }
    refusal
}

/// Whether anything keeps a component from being made.
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

/// Tells of a source without inputs which of its values could be some.
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

/// What a file is, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A script in a language.
    Script(Language),
    /// A notebook, which tells its language itself.
    Notebook,
}

/// What a file is that `c3` reads, by its name.
#[must_use]
pub fn kind(path: &Path) -> Option<Kind> {
    let name = path.file_name()?.to_string_lossy().to_lowercase();
    if name.ends_with(notebook::EXTENSION) {
        return Some(Kind::Notebook);
    }
    let reads = |frontend: &&Frontend| frontend.extensions.iter().any(|end| name.ends_with(end));
    FRONTENDS.iter().find(reads).map(|frontend| Kind::Script(frontend.language))
}

/// Whether a file beside a script, such as a module that it imports, reads the command line that the program is called
/// with; a file that isn't in a language that `c3` reads doesn't.
#[must_use]
pub fn reads_command_line(path: &Path, text: &str) -> bool {
    let Some(Kind::Script(language)) = kind(path) else { return false };
    let frontend = FRONTENDS.iter().find(|frontend| frontend.language == language);
    frontend.is_some_and(|frontend| (frontend.reads_command_line)(text))
}

/// Whether a file beside a script may log; a file that isn't in a language that `c3` reads doesn't.
#[must_use]
pub fn may_log(path: &Path, text: &str) -> bool {
    let Some(Kind::Script(language)) = kind(path) else { return false };
    FRONTENDS
        .iter()
        .find(|frontend| frontend.language == language)
        .is_some_and(|frontend| (frontend.may_log)(text))
}

/// What a language is called in messages: `R`.
#[must_use]
pub fn language_name(language: Language) -> &'static str {
    FRONTENDS.iter().find(|frontend| frontend.language == language).map_or("", Frontend::name)
}

/// What `c3` reads, as a phrase: `Python and R`.
#[must_use]
pub fn language_names() -> String {
    FRONTENDS.iter().map(Frontend::name).collect::<Vec<_>>().join(" and ")
}

/// How file names end that `c3` reads.
#[must_use]
pub fn extensions() -> Vec<&'static str> {
    FRONTENDS.iter().flat_map(|frontend| frontend.extensions).copied().chain([notebook::EXTENSION]).collect()
}

/// What `c3` reads, as a phrase: `Python script, R script or notebook`.
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
