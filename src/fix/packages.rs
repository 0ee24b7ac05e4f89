//! Missing packages: where to put a line that installs them.

use toml_edit::{Array, DocumentMut};

use super::Refusal;
use super::block::commented;
use super::edit::{Edit, line_start, next_line};
use crate::component::Requirement;
use crate::frontend::python;
use crate::frontend::requirements::Command;
use crate::source::Source;

/// Ways to install packages, best first: in the block, below the last install line, above the first import,
/// at the top.
pub(super) fn candidates(source: &Source, names: &[&str]) -> Result<Vec<Vec<Edit>>, Refusal> {
    let places = python::requirement_places(source);
    if let Some((range, toml)) = places.block {
        let text = with_dependencies(&toml, names)?;
        return Ok(vec![vec![Edit { range, text }]]);
    }
    let line = format!("# pip install {}\n", names.join(" "));
    let insertion = |at: usize, begins: bool| {
        let text = if begins { format!("\n{line}") } else { line.clone() };
        vec![Edit { range: at..at, text }]
    };
    let installs = |command: &&Command| {
        command.requirements.iter().any(|found| matches!(found, Requirement::Pip { .. }))
    };
    let last = places.commands.iter().rfind(installs).and_then(|command| command.lines.last());
    let last = last.map(|(span, _)| next_line(source, span.end));
    let import = python::first_import(source).map(|offset| line_start(source, offset));
    let below = last.map(|(at, begins)| insertion(at, begins));
    Ok(below.into_iter().chain(import.map(|at| insertion(at, false))).collect())
}

/// The block with added dependencies, as comments.
fn with_dependencies(toml: &str, names: &[&str]) -> Result<String, Refusal> {
    let mut document: DocumentMut =
        toml.parse().map_err(|error: toml_edit::TomlError| Refusal::Block(error.message().to_owned()))?;
    let dependencies = document.entry("dependencies").or_insert_with(|| toml_edit::value(Array::new()));
    let array =
        dependencies.as_array_mut().ok_or_else(|| Refusal::Block("`dependencies` is not a list".into()))?;
    for name in names {
        append(array, name);
    }
    Ok(commented(&document.to_string()))
}

/// Appends a dependency in the style of the others.
fn append(array: &mut Array, name: &str) {
    let before = array.iter().last().and_then(|last| last.decor().prefix()?.as_str());
    let indented = before.and_then(|prefix| prefix.rfind('\n').map(|at| prefix[at..].to_owned()));
    let before = indented.unwrap_or_else(|| if array.is_empty() { String::new() } else { " ".to_owned() });
    let value = toml_edit::Value::from(name).decorated(before, "");
    array.push_formatted(value);
}
