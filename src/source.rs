//! Sources: a text with its language, and a map back to lines and cells.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnostic, Finding};
use crate::language::Language;
use crate::location::Location;
use crate::userinfo;

/// Length from which a line's columns are counted in bytes.
const LONG_LINE: usize = 10_000;

/// Lines above a cell in a flattened notebook.
pub(crate) const HEADER: usize = 3;

/// The parts of a notebook besides the text that is read.
#[derive(Debug, Clone, Default)]
pub struct Notebook {
    /// First line of each cell in the text, counting from 0.
    pub cells: Vec<usize>,
    /// The program that runs in the image.
    pub script: String,
    /// Lines of the text that differ from what the user has written.
    pub written: BTreeMap<usize, String>,
    /// First line of each cell in the program, counting from 1.
    pub starts: Vec<usize>,
    /// The first markdown cell, or the first two, as plain text.
    pub description: Option<String>,
    /// Bytes of the cells with parameters in the text.
    pub parameters: Vec<Range<usize>>,
    /// Cells that may fail: their numbers, and bytes of the text.
    pub raising: Vec<(usize, Range<usize>)>,
    /// Whether the program calls IPython where the text doesn't show it.
    pub shell: bool,
    /// Diagnostics.
    pub diagnostics: Vec<Diagnostic>,
}

/// A source text, its language, and its lines.
#[derive(Debug, Clone)]
pub struct Source {
    path: PathBuf,
    language: Language,
    text: String,
    lines: Vec<usize>,
    notebook: Option<Notebook>,
    is_module: bool,
}

impl Source {
    /// A source from a text in memory.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, language: Language, text: String) -> Self {
        let bytes = text.as_bytes();
        let ends =
            |at: &usize| bytes[*at] == b'\n' || (bytes[*at] == b'\r' && bytes.get(at + 1) != Some(&b'\n'));
        let lines = std::iter::once(0).chain((0..bytes.len()).filter(ends).map(|at| at + 1)).collect();
        Self { path: path.into(), language, text, lines, notebook: None, is_module: false }
    }

    /// The same source as a module, whose functions others call.
    #[must_use]
    pub fn as_module(self) -> Self {
        Self { is_module: true, ..self }
    }

    /// Whether it is a module.
    #[must_use]
    pub fn is_module(&self) -> bool {
        self.is_module
    }

    /// The same source with the notebook its text was made from.
    #[must_use]
    pub fn with_notebook(self, notebook: Notebook) -> Self {
        Self { notebook: Some(notebook), ..self }
    }

    /// The notebook.
    #[must_use]
    pub fn notebook(&self) -> Option<&Notebook> {
        self.notebook.as_ref()
    }

    /// The bytes of each notebook cell, without the lines that separate it from the next.
    pub fn cells(&self) -> impl Iterator<Item = Range<usize>> {
        let firsts = self.notebook.as_ref().map_or(&[][..], |notebook| &notebook.cells);
        let start = |line: usize| self.lines.get(line).copied().unwrap_or(self.text.len());
        firsts.iter().enumerate().map(move |(at, &first)| {
            let end = firsts.get(at + 1).map_or(self.text.len(), |&next| start(next - HEADER));
            start(first)..end
        })
    }

    /// The path as the user gave it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path for messages.
    #[must_use]
    pub fn display(&self) -> String {
        self.path.display().to_string()
    }

    /// The name of the file, without folders.
    #[must_use]
    pub fn file_name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The name of the file, without folders and extension.
    #[must_use]
    pub fn stem(&self) -> String {
        self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The language of the text.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    /// The text, in UTF-8 and without a byte order mark.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The location of a byte.
    #[must_use]
    pub fn locate(&self, offset: usize) -> Location {
        let line = self.line(offset);
        let start = self.lines[line];
        let column = self.text.get(start..offset).map_or(0, characters);
        let cells = self.notebook.as_ref().map_or(&[][..], |notebook| &notebook.cells);
        let cell = cells.partition_point(|&first| first <= line);
        let first = cell.checked_sub(1).map_or(0, |index| cells[index]);
        Location { cell: cell.checked_sub(1).map(count), line: count(line - first), column: count(column) }
    }

    /// A diagnostic with its location; it may quote the source, but no password in a URL.
    #[must_use]
    pub fn resolve(&self, diagnostic: &Diagnostic) -> Finding {
        let Diagnostic { severity, code, message, hint, span, .. } = diagnostic;
        Finding {
            severity: *severity,
            code: (*code).to_owned(),
            message: userinfo::mask(message).into_owned(),
            hint: hint.as_deref().map(|hint| userinfo::mask(hint).into_owned()),
            location: span.as_ref().map(|span| self.locate(span.start)),
        }
    }

    /// The line of a byte of the text, from 0.
    #[must_use]
    pub fn line(&self, offset: usize) -> usize {
        self.lines.partition_point(|&start| start <= offset) - 1
    }

    /// The start of a byte's line.
    #[must_use]
    pub fn line_start(&self, offset: usize) -> usize {
        self.lines[self.line(offset)]
    }

    /// A line, from 0, as the user has written it, if that differs from the text.
    #[must_use]
    pub fn written(&self, line: usize) -> Option<&str> {
        self.notebook.as_ref()?.written.get(&line).map(String::as_str)
    }

    /// The text of a line, from 0, without its end.
    #[must_use]
    pub fn line_text(&self, line: usize) -> &str {
        let start = self.lines.get(line).copied().unwrap_or(self.text.len());
        let end = self.lines.get(line + 1).copied().unwrap_or(self.text.len());
        self.text[start..end].trim_end_matches(['\n', '\r'])
    }
}

/// The number of characters of a text; in very long lines that of bytes, which is faster.
fn characters(text: &str) -> usize {
    if text.len() > LONG_LINE { text.len() } else { text.chars().count() }
}

/// A zero-based index as people count.
fn count(index: usize) -> u32 {
    u32::try_from(index + 1).unwrap_or(u32::MAX)
}
