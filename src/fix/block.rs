//! The PEP 723 block: converted from `# pip install` lines and back.

use std::fmt::Write as _;
use toml_edit::DocumentMut;

use super::Refusal;
use super::edit::{Edit, line_start, next_line};
use crate::component::Requirement;
use crate::frontend::python;
use crate::frontend::requirements::Command;
use crate::installers::pip::{self, Argument, Kind};
use crate::source::Source;

/// Line width for requirements, in characters, unless a single one is longer.
const WIDTH: usize = 90;

/// Replaces the first line that installs packages with a block, and removes the others.
pub(super) fn from_comments(source: &Source) -> Result<Vec<Vec<Edit>>, Refusal> {
    let places = python::requirement_places(source);
    let is_pip = |command: &&Command| {
        command.requirements.iter().any(|requirement| matches!(requirement, Requirement::Pip { .. }))
    };
    let commands: Vec<&Command> = places.commands.iter().filter(is_pip).collect();
    let Some(first) = commands.first() else { return Ok(Vec::new()) };
    if places.block.is_some() {
        return Err(Refusal::Block("there are `# pip install` lines beside it".into()));
    }
    let mut dependencies = Vec::new();
    for requirement in commands.iter().flat_map(|command| &command.requirements) {
        dependencies.extend(dependency(requirement)?);
    }
    let block = commented(&toml(&dependencies)) + "\n";
    let removals = commands.iter().flat_map(|command| removed(command, source));
    let at = first.lines.first().map_or(0, |(span, _)| line_start(source, span.start));
    let mut edits: Vec<Edit> = removals.collect();
    match edits.first_mut().filter(|edit| edit.range.start == at) {
        Some(edit) => edit.text = block,
        None => edits.insert(0, Edit { range: at..at, text: block }),
    }
    Ok(vec![edits])
}

/// Edits that remove a command: whole lines, or the comment at the end of a line.
fn removed(command: &Command, source: &Source) -> Vec<Edit> {
    let edit = |(span, own): &(std::ops::Range<usize>, bool)| {
        let range = if *own {
            line_start(source, span.start)..next_line(source, span.end).0
        } else {
            source.text()[..span.start].trim_end().len()..span.end
        };
        Edit { range, text: String::new() }
    };
    command.lines.iter().map(edit).collect()
}

/// The requirements in PEP 508 syntax.
fn dependency(requirement: &Requirement) -> Result<Vec<String>, Refusal> {
    let Requirement::Pip { words, .. } = requirement else {
        let (Requirement::System { text, .. }
        | Requirement::Conda { text, .. }
        | Requirement::R { text, .. }
        | Requirement::Pip { text, .. }) = requirement;
        return Err(Refusal::Requirement(text.clone()));
    };
    match words.iter().find(|word| !is_dependency(word)) {
        Some(word) => Err(Refusal::Requirement(word.clone())),
        None => Ok(words.clone()),
    }
}

/// Whether a word is a dependency: a name, optional extras, and versions, an address or a marker.
fn is_dependency(word: &String) -> bool {
    let arguments = pip::parse(std::slice::from_ref(word)).unwrap_or_default();
    matches!(arguments.as_slice(), [Argument { kind: Kind::Package(_) | Kind::Direct(..), .. }])
}

fn toml(dependencies: &[String]) -> String {
    let entries = dependencies.iter().fold(String::new(), |mut text, dependency| {
        let _ = writeln!(text, "    {},", toml_edit::Value::from(dependency.as_str()));
        text
    });
    format!("dependencies = [\n{entries}]\n")
}

/// A block's content with its first and last line, as comments, without a final newline.
pub(super) fn commented(toml: &str) -> String {
    let lines =
        toml.lines().map(|line| if line.is_empty() { "#\n".to_owned() } else { format!("# {line}\n") });
    format!("# /// script\n{}# ///", lines.collect::<String>())
}

/// Replaces the block's dependencies with install lines; the rest of the block stays.
pub(super) fn to_comments(source: &Source) -> Result<Vec<Vec<Edit>>, Refusal> {
    let Some((range, toml)) = python::requirement_places(source).block else { return Ok(Vec::new()) };
    let mut document: DocumentMut =
        toml.parse().map_err(|error: toml_edit::TomlError| Refusal::Block(error.message().to_owned()))?;
    let Some(list) = document.remove("dependencies") else { return Ok(Vec::new()) };
    let values = list.as_array().into_iter().flatten();
    let dependencies: Vec<String> =
        values.filter_map(|value| value.as_str().map(ToOwned::to_owned)).collect();
    let remarks = list.to_string().matches('#').count();
    if remarks > dependencies.iter().map(|dependency| dependency.matches('#').count()).sum() {
        return Err(Refusal::Block("there are comments among its dependencies".into()));
    }
    let kept = document.to_string();
    let kept =
        if kept.trim().is_empty() { String::new() } else { format!("{}\n\n", commented(kept.trim_start())) };
    let text = format!("{kept}{}", install_lines(&dependencies)?);
    if text.is_empty() {
        let range = range.start..next_line(source, range.end).0;
        return Ok(vec![vec![Edit { range, text }]]);
    }
    Ok(vec![vec![Edit { range, text: text.trim_end().to_owned() }]])
}

/// A command, over several lines if it is long.
fn install_lines(dependencies: &[String]) -> Result<String, Refusal> {
    let mut text = String::new();
    let mut width = 0;
    for dependency in dependencies {
        let word = shlex::try_quote(dependency).map_err(|_| Refusal::Requirement(dependency.clone()))?;
        if text.is_empty() {
            text.push_str("# pip install");
            width = text.len();
        } else if width + 1 + word.len() > WIDTH {
            text.push_str(" \\\n#    ");
            width = 5;
        }
        let _ = write!(text, " {word}");
        width += 1 + word.len();
    }
    Ok(text)
}
