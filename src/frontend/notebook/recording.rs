//! The executed notebook as an output: what it adds to a component, and the template that the entry point
//! fills.

use pulldown_cmark::{Options, Parser, html};
use serde_json::{Value, json};

use super::document::parse;
use super::{EXTENSION, NotebookError, PROSE};
use crate::component::{Component, Output, Type};
use crate::diagnostic::Diagnostic;
use crate::frontend::{self, python};
use crate::language::Language;
use crate::location::Location;
use crate::source::Source;
use crate::userinfo;

/// The output that is the executed notebook.
pub const NOTEBOOK: &str = "executed_notebook";

/// The output that is the same as an HTML page.
pub const PAGE: &str = "executed_notebook_html";

/// The name of the option and directive for it.
pub const NAME: &str = "notebook-output";

/// Metadata about an earlier run, or for a browser.
const STALE: [&str; 3] = ["widgets", "papermill", "signature"];

/// Whether a comment asks for the executed notebook: `# c3: notebook-output`.
#[must_use]
pub fn is_asked(comment: &str) -> bool {
    let words = comment.split_once("c3:").filter(|_| !comment.starts_with(PROSE));
    words.is_some_and(|(_, words)| frontend::directive::words(words).any(|word| word == NAME))
}

/// Why the run of a source can't be recorded.
#[must_use]
pub fn refusal(source: &Source, component: &Component) -> Option<Diagnostic> {
    let name = source.display();
    if source.notebook().is_none() {
        let message = format!("`{name}` is not a notebook, and `{NAME}` has no effect");
        return Some(Diagnostic::warning("notebook-output", message).hint("leave it out"));
    }
    if source.language() != Language::Python {
        let language = frontend::language_name(source.language());
        let message = format!("`{NAME}` supports only Python notebooks; `{name}` is {language}");
        let hint = format!("leave it out, or write `{NAME} = false` under `[operators.{}]`", source.stem());
        return Some(Diagnostic::error("notebook-output", message).hint(hint));
    }
    let outputs = component.outputs.iter().map(|output| (output.name.as_str(), &output.span));
    let names = component.inputs.iter().map(|input| (input.name.as_str(), &input.span)).chain(outputs);
    let (name, span) = names.into_iter().find(|(name, _)| is_record(name))?;
    let message = format!("`{name}` is the name of the output that `{NAME}` adds");
    Some(
        Diagnostic::error("notebook-output", message)
            .at(span.clone())
            .hint("choose another name for the variable"),
    )
}

/// Whether an output is the executed notebook.
#[must_use]
pub fn is_record(output: &str) -> bool {
    output == NOTEBOOK || output == PAGE
}

/// Adds the executed notebook to the outputs, unless it is there, and its recorder to the requirements.
pub fn add(component: &mut Component) {
    if component.recorded {
        return;
    }
    component.recorded = true;
    python::require_ipython(&mut component.requirements);
    let output = |name: &str, kind: &str, description: &str| Output {
        name: name.to_owned(),
        kind: Type::Path(kind.to_owned()),
        description: Some(description.to_owned()),
        location: Location { cell: None, line: 1, column: 1 },
        read: false,
        span: 0..0,
    };
    component.outputs.push(output(NOTEBOOK, "File", "The executed notebook"));
    component.outputs.push(output(PAGE, "HTML", "The executed notebook as a page"));
}

/// Suffixes of the executed notebook and of its page, after the stem of the source.
pub const SUFFIXES: [&str; 2] = [".executed.ipynb", ".executed.html"];

/// The template for the entry point: `{"notebook": …, "markdown": […]}`, with the notebook without outputs,
/// and for each cell the HTML of its prose or null. Passwords in URLs are masked.
pub fn template(json: &str) -> Result<String, NotebookError> {
    let mut notebook: Value = parse(json)?;
    if let Some(metadata) = notebook["metadata"].as_object_mut() {
        metadata.retain(|key, _| !STALE.contains(&key.as_str()));
    }
    let cells = notebook["cells"].as_array_mut().map(std::mem::take).unwrap_or_default();
    let markdown: Vec<Option<String>> = cells.iter().map(page).collect();
    notebook["cells"] = cells.into_iter().map(bare).collect();
    Ok(json!({"notebook": notebook, "markdown": markdown}).to_string())
}

/// A cell without the results of an earlier run.
fn bare(mut cell: Value) -> Value {
    cell["source"] = userinfo::mask(&text(&cell)).into();
    if let Some(metadata) = cell["metadata"].as_object_mut() {
        metadata.retain(|key, _| key != "execution" && !STALE.contains(&key.as_str()));
    } else {
        cell["metadata"] = json!({});
    }
    if cell["cell_type"] == "code" {
        cell["outputs"] = json!([]);
        cell["execution_count"] = Value::Null;
    }
    cell
}

/// The prose of a cell as HTML.
fn page(cell: &Value) -> Option<String> {
    if cell["cell_type"] != "markdown" {
        return None;
    }
    let text = userinfo::mask(&text(cell)).into_owned();
    let mut page = String::new();
    html::push_html(
        &mut page,
        Parser::new_ext(&text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH),
    );
    Some(page)
}

/// The source of a cell, which may be a list of texts.
fn text(cell: &Value) -> String {
    match &cell["source"] {
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        source => source.as_str().unwrap_or_default().to_owned(),
    }
}

/// The file names of a source's executed notebook.
#[must_use]
pub fn file_names(source: &str) -> [String; 2] {
    let stem = source.strip_suffix(EXTENSION).unwrap_or(source);
    SUFFIXES.map(|suffix| format!("{stem}{suffix}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_request_the_notebook_output() {
        for (comment, asks) in [
            ("# c3: notebook-output", true),
            ("# kept, c3: ignore, notebook-output", true),
            ("#| # c3: notebook-output", false),
            ("# notebook-output", false),
        ] {
            assert_eq!(is_asked(comment), asks, "{comment}");
        }
    }

    #[test]
    fn notebook_templates_drop_outputs_and_passwords() {
        let json = r##"{"nbformat": 4, "metadata": {"widgets": {"x": NaN}}, "cells": [
            {"cell_type": "markdown", "source": ["# A\n", "*b*"]},
            {"cell_type": "code", "source": "u = 'https://me:pw@host/x'", "execution_count": 3,
             "metadata": {"tags": ["a"]}, "outputs": [{"data": "old"}]}]}"##;
        let made: Value = serde_json::from_str(&template(json).unwrap()).unwrap();
        assert_eq!(made["markdown"], json!(["<h1>A</h1>\n<p><em>b</em></p>\n", null]));
        let cell = &made["notebook"]["cells"][1];
        assert_eq!((&cell["outputs"], &cell["execution_count"]), (&json!([]), &Value::Null));
        assert_eq!(cell["metadata"]["tags"], json!(["a"]));
        assert!(!made.to_string().contains("pw") && !made.to_string().contains("widgets"), "{made}");
    }
}
