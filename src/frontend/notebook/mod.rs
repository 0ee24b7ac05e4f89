//! Notebooks: cells flattened to a source in their kernel's language, with a map back to the cells.

use std::cell::LazyCell;
use std::collections::BTreeSet;
use std::ops::Range;

use thiserror::Error;

use crate::diagnostic::Diagnostic;
use crate::frontend::{self, python, r};
use crate::language::Language;
use crate::source::{HEADER, Notebook};

mod document;
mod ipython;
mod layout;
mod markdown;
pub mod recording;
mod shell;

use document::{Cell, Kind};

/// The extension of notebooks.
pub const EXTENSION: &str = ".ipynb";

/// The name of the files in messages.
pub const KIND: &str = "notebook";

/// Prefix of prose in a flattened notebook, where no command, description or directive is looked for.
pub const PROSE: &str = "#|";

/// The first line of a flattened notebook.
const HEAD: &str = "#| Made of a notebook by c3";

/// The tag of the cell with parameters, as in Papermill.
pub(crate) const PARAMETERS: &str = "parameters";

/// The code of a remark about an installation.
const INSTALL: &str = "notebook-install";

/// The tag of the cell in which Papermill has put the values of a run.
const INJECTED: &str = "injected-parameters";

/// The tag of a cell that nbclient, and so Papermill, skips.
const SKIPPED: &str = "skip-execution";

/// The tag of a cell that may fail without ending the run.
const RAISING: &str = "raises-exception";

/// What the tags of a cell say about reading and running it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tags {
    /// Whether its assignments are parameters.
    parameters: bool,
    /// Whether it may fail.
    raising: bool,
}

/// Why a notebook can't be read.
#[derive(Debug, Error)]
pub enum NotebookError {
    /// It isn't the JSON of a notebook.
    #[error("is not a notebook: {0}")]
    Json(serde_json::Error),
    /// It has no list of cells.
    #[error("is not a notebook: it has no list of cells")]
    NoCells,
    /// Its format isn't version 4.
    #[error("is a notebook of format {0}, and `c3` reads format 4")]
    Version(u64),
    /// Its kernel has an unsupported language.
    #[error("is a notebook in `{}`, and `c3` reads {}", .0.escape_debug(), frontend::language_names())]
    Language(String),
}

impl NotebookError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Json(_) | Self::NoCells => "open it in Jupyter and save it again",
            Self::Version(version) if *version < 4 => {
                "convert it with `jupyter nbconvert --to notebook --inplace FILE`, or open it in Jupyter and save it"
            }
            Self::Version(_) => "save it in format 4, which today's Jupyter writes",
            Self::Language(_) => {
                "choose a Python or R kernel in Jupyter and save it, if that is what the cells are"
            }
        }
    }
}

/// A cell as read and as run.
#[derive(Debug, Default)]
pub(super) struct Code {
    /// The text that is read: a line for each line of the cell.
    pub(super) text: String,
    /// The text that is run.
    pub(super) script: String,
    /// Whether the text that is run calls IPython where the other doesn't show it.
    shell: bool,
    /// Imports from the future, which come first in a script.
    futures: Vec<String>,
    /// Remarks.
    remarks: Vec<Remark>,
    /// Code to run after the cell.
    trailer: Option<String>,
}

/// A remark about some bytes of a cell.
#[derive(Debug)]
struct Remark {
    /// The code of the diagnostic; all are notes except those of installations.
    code: &'static str,
    message: &'static str,
    hint: &'static str,
    span: Range<usize>,
    /// Names it is about; if the notebook's own Python has all of them, IPython substitutes their values.
    names: Vec<String>,
}

impl Code {
    /// The same after a prefix of this length.
    fn shifted(mut self, length: usize) -> Self {
        for remark in &mut self.remarks {
            remark.span = remark.span.start + length..remark.span.end + length;
        }
        self
    }
}

/// The number of the first cell that assigns plain values, from zero; none if a cell is tagged as parameters
/// already.
pub(crate) fn offered(json: &str) -> Option<usize> {
    let (frontend, cells) = document::read(json).ok()?;
    let is_tagged = |cell: &Cell| cell.has_tag(PARAMETERS) || cell.has_tag(INJECTED);
    let gives = |cell: &Cell| {
        let is_run = cell.kind() == Kind::Code && !cell.has_tag(SKIPPED);
        is_run && !(frontend.assignments)(&cell.source()).assignments.is_empty()
    };
    if cells.iter().any(is_tagged) { None } else { cells.iter().position(gives) }
}

/// Flattens a notebook: its language, the text that is read, and its other parts.
pub fn flatten(json: &str) -> Result<(Language, String, Notebook), NotebookError> {
    let (frontend, cells) = document::read(json)?;
    let mut flat = Flat::new(&cells);
    let mut futures = Vec::new();
    let has_parameters = cells.iter().any(|cell| cell.has_tag(PARAMETERS));
    for (index, cell) in cells.iter().enumerate() {
        let is_injected = cell.has_tag(INJECTED);
        let tags = Tags {
            parameters: cell.has_tag(PARAMETERS) || is_injected && !has_parameters,
            raising: cell.has_tag(RAISING),
        };
        let code = match cell.kind() {
            Kind::Code if cell.has_tag(SKIPPED) => prose(&cell.source()),
            Kind::Code if is_injected && !tags.parameters => injected(&cell.source()),
            Kind::Code => (frontend.cell)(&cell.source(), tags),
            Kind::Markdown | Kind::Raw => prose(&cell.source()),
        };
        futures.extend(code.futures.iter().cloned());
        flat.add(index + 1, tags, &code, &cell.source());
    }
    flat.settle();
    let first = if futures.is_empty() { HEAD.to_owned() } else { format!("{}  {HEAD}", futures.join("; ")) };
    flat.notebook.script = format!("{first}\n{}", flat.notebook.script);
    Ok((frontend.language, flat.text, flat.notebook))
}

/// The commands of a shell text that install packages with pip.
pub(super) fn installs(script: &str) -> Vec<String> {
    shell::lift(script).installs.into_iter().map(|(_, command)| command).collect()
}

/// A cell of Python as read and as run.
pub(super) fn python_cell(source: &str, tags: Tags) -> Code {
    let code = ipython::translate(source);
    if tags.raising && !python::parses(&code.text) {
        return prose(source); // it fails before anything of it is run
    }
    let trailer = tags.parameters.then(|| python::overrides(&code.text)).flatten();
    Code { trailer, ..code }
}

/// A cell of R as read and as run.
pub(super) fn r_cell(source: &str, tags: Tags) -> Code {
    let trailer = tags.parameters.then(|| r::overrides(source)).flatten();
    let script = if tags.raising { r::caught(source) } else { source.to_owned() };
    Code { text: source.to_owned(), script, trailer, ..Code::default() }
}

/// The values of an earlier run, which Papermill replaces.
fn injected(source: &str) -> Code {
    let remark = Remark {
        code: INJECTED,
        message: "this cell has the values of an earlier run by papermill, and isn't run",
        hint: "none needed: the values of the cell tagged `parameters` hold, or those that are given",
        span: 0..source.lines().next().map_or(0, str::len) + PROSE.len() + 1,
        names: Vec::new(),
    };
    Code { remarks: vec![remark], ..prose(source) }
}

fn prose(text: &str) -> Code {
    let text: String = text.lines().map(prose_line).collect();
    Code { script: text.clone(), text, ..Code::default() }
}

/// A line as a comment that is no command and no description.
fn prose_line(line: &str) -> String {
    format!("{PROSE} {line}").trim_end().to_owned() + "\n"
}

/// A notebook being flattened.
struct Flat {
    text: String,
    lines: usize,
    notebook: Notebook,
    /// Remarks, with the names they are about.
    remarks: Vec<(Vec<String>, Diagnostic)>,
}

impl Flat {
    fn new(cells: &[Cell]) -> Self {
        let notebook = Notebook { description: description(cells), ..Notebook::default() };
        Self { text: format!("{HEAD}\n"), lines: 1, notebook, remarks: Vec::new() }
    }

    /// Adds a cell under a line with its number, and an empty line that separates it from the cell's
    /// comments.
    fn add(&mut self, number: usize, tags: Tags, code: &Code, written: &str) {
        let header = format!("\n# %% cell {number}\n\n");
        self.text.push_str(&header);
        self.notebook.script.push_str(&header);
        // The first line is put in at the end.
        self.notebook.starts.push(self.notebook.script.matches('\n').count() + 2);
        self.lines += HEADER;
        self.notebook.cells.push(self.lines);
        let start = self.text.len();
        let lines = written.lines().zip(code.text.lines()).enumerate();
        let altered = lines.filter(|(_, (written, read))| written != read);
        let altered = altered.map(|(at, (written, _))| (self.lines + at, written.to_owned()));
        self.notebook.written.extend(altered);
        self.push(&code.text);
        if tags.parameters {
            self.notebook.parameters.push(start..self.text.len());
        }
        if tags.raising {
            self.notebook.raising.push((number, start..self.text.len()));
        }
        for part in [Some(&code.script), code.trailer.as_ref()].into_iter().flatten() {
            push_line(&mut self.notebook.script, part);
        }
        self.notebook.shell |= code.shell;
        for remark in &code.remarks {
            let span = start + remark.span.start..start + remark.span.end;
            let diagnostic = match remark.code {
                INSTALL => Diagnostic::warning("notebook-install", remark.message),
                INJECTED => Diagnostic::note("injected-parameters", remark.message),
                _ => Diagnostic::note("whole-environment", remark.message),
            };
            self.remarks.push((remark.names.clone(), diagnostic.at(span).hint(remark.hint)));
        }
    }

    /// Keeps the remarks that still hold once the whole notebook is known.
    fn settle(&mut self) {
        let remarks = std::mem::take(&mut self.remarks).into_iter();
        let words = LazyCell::new(|| words(&self.text));
        let holds = |names: &[String]| names.is_empty() || names.iter().any(|name| !words.contains(name));
        let kept: Vec<_> =
            remarks.filter(|(names, _)| holds(names)).map(|(_, diagnostic)| diagnostic).collect();
        self.notebook.diagnostics.extend(kept);
    }

    fn push(&mut self, text: &str) {
        let before = self.text.len();
        push_line(&mut self.text, text);
        self.lines += self.text[before..].matches('\n').count();
    }
}

/// The words of code; those that a shell expands keep their `$`.
fn words(text: &str) -> BTreeSet<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let is_end = |character: char| !(character.is_alphanumeric() || "_$".contains(character));
    code.flat_map(|line| line.replace("${", "$").split(is_end).map(ToOwned::to_owned).collect::<Vec<_>>())
        .collect()
}

fn push_line(text: &mut String, line: &str) {
    text.push_str(line);
    if !line.is_empty() && !line.ends_with('\n') {
        text.push('\n');
    }
}

/// The first markdown cell with text; the first two, if both come before the code.
fn description(cells: &[Cell]) -> Option<String> {
    let is_markdown = |cell: &&Cell| cell.kind() == Kind::Markdown;
    let leading = cells.iter().take_while(is_markdown).count().min(2);
    let first = cells.iter().position(|cell| is_markdown(&cell)).unwrap_or(cells.len());
    let texts = cells[first..].iter().filter(is_markdown).take(leading.max(1));
    let texts: Vec<_> =
        texts.map(|cell| markdown::plain(&cell.source())).filter(|text| !text.is_empty()).collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}
