//! Front ends: one per language; each reads a [`Source`] without running it.

use crate::failure::Fault;
use std::collections::{BTreeMap, BTreeSet};

use crate::component::{Component, NewerSyntax, Requirement, SCHEMA_VERSION, Via};
use crate::diagnostic::{Diagnostic, Severity};
use crate::reference;
use crate::source::Source;

pub mod credentials;
pub mod directive;
mod facts;
pub mod interface;
mod languages;
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
pub(crate) use languages::offers;
pub use languages::{
    FRONTENDS, Frontend, Habits, Kind, extensions, file_kinds, habits, kind, language_name, language_names,
};
use mentions::Mentions;
use notebook::recording;
pub use requirements::Metadata;

/// The function that a grid calls with each batch, unless another one is named.
pub const PROCESS: &str = "grid_process";

/// Most names shown in a note.
const MAX_SHOWN: usize = 5;

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
    let Some(frontend) = Frontend::of(source.language()) else { return Reading::default() };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    #[test]
    fn unguarded_reads_are_unconditional() {
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
}
