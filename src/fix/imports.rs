//! Missing imports: those that the original prepended to every script.

use super::edit::{self, Edit, line_start};
use super::{Refusal, notebook, source_of};
use crate::frontend::python;
use crate::language::Language;
use crate::source::Source;

/// The file of a source with its missing imports, and the new source; nothing if none are missing.
pub fn add_imports(source: &Source, file: &str) -> Result<Option<(Source, String)>, Refusal> {
    if source.language() != Language::Python {
        return Ok(None);
    }
    let missing = python::unimported(source);
    let Some(edit) = insertion(source, &missing).filter(|_| !missing.is_empty()) else {
        return Ok(None);
    };
    let edits = [edit];
    let text = match source.notebook() {
        Some(_) => notebook::apply(file, source, &edits)?,
        None => edit::apply(file, source, &edits),
    };
    let fixed = source_of(source.path(), &text).filter(|fixed| python::unimported(fixed).is_empty());
    fixed.map(|fixed| Some((fixed, text))).ok_or(Refusal::Interface)
}

/// Imports of modules above the first statement.
pub(super) fn insertion(source: &Source, modules: &[&str]) -> Option<Edit> {
    let place = python::first_statement(source)?;
    let imports: String = modules.iter().map(|module| format!("import {module}\n")).collect();
    let text = match source.notebook() {
        Some(_) => format!("import {}\n", modules.join(", ")),
        None if python::first_import(source) == Some(place) => imports,
        None => imports + "\n",
    };
    let at = above_comments(source, line_start(source, place));
    Some(Edit { range: at..at, text })
}

/// The start of the comments directly above a line, which may describe it.
fn above_comments(source: &Source, at: usize) -> usize {
    let is_own = |line: usize| {
        let text = source.line_text(line).trim_start();
        let is_tool =
            ["#!", "# -*-", "# ///", "# %%", "#|", "# coding"].iter().any(|mark| text.starts_with(mark));
        text.starts_with('#') && !is_tool
    };
    let mut at = at;
    while at > 0 && is_own(source.line(at - 1)) {
        at = source.line_start(at - 1);
    }
    at
}
