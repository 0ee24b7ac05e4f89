//! DAGs of Airflow whose tasks are operators, as `c3 create-workflow` writes them.

use std::sync::LazyLock;

use regex::Regex;

use super::Parts;
use super::file::{FileError, lines_of_code};

/// A line of the DAG's body: one that begins a task, gives it a value, or makes it wait.
static LINE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?x) ^(?:
            TASKS\["(?<task>\w+)"\]\ =\ OPERATORS\["\w+"\]\["operator"\]\(
          | "\w+":\ context\["params"\]\.get\("(?<input>[^"]+)"\),
          | "\w+":\ (?:text|file)\(context,\ "(?<from>\w+)",\ "(?<output>[^"]+)"(?:,\ "\w+")?\),
          | "\w+":\ \d+,
          | OPERATORS\["\w+"\](?<grid>\["indexes"\])\(\d+\),
          | TASKS\["(?<earlier>\w+)"\]\ >>\ TASKS\["(?<later>\w+)"\]
          | "\w+", | lambda\ context:\ \{ | \}, | \) )$"#,
    )
    .ok()
});

/// The tasks of a DAG.
pub(super) fn dag(text: &str) -> Result<Parts, FileError> {
    let body = text.find("\nwith DAG(\n").and_then(|at| Some(at + text[at..].find("\n):\n")? + 4));
    let body = body.ok_or(FileError::Empty)?;
    let before = text[..body].lines().count();
    let mut parts = Parts::default();
    let mut waits = Vec::new();
    let index = |parts: &Parts, name: &str| parts.steps.iter().position(|(step, _)| step == name);
    for (number, line) in lines_of_code(&text[body..]) {
        let foreign = || FileError::foreign(before + number, line);
        let found = LINE.as_ref().and_then(|pattern| pattern.captures(line)).ok_or_else(foreign)?;
        let part = |name: &str| found.name(name).map(|part| part.as_str());
        let at = parts.steps.len().saturating_sub(1);
        if let Some(task) = part("task") {
            parts.steps.push((task.to_owned(), task.starts_with("gw_")));
        } else if let Some(input) = part("input") {
            parts.inputs.push((input.to_owned(), at));
        } else if let Some((from, output)) = part("from").zip(part("output")) {
            let from = index(&parts, from).ok_or_else(foreign)?;
            parts.joins.push((from, at, output.to_owned()));
        } else if let Some((earlier, later)) = part("earlier").zip(part("later")) {
            waits.push(index(&parts, earlier).zip(index(&parts, later)).ok_or_else(foreign)?);
        } else if part("grid").is_some() {
            parts.steps.last_mut().ok_or_else(foreign)?.1 = true;
        }
    }
    // A task waits for those whose outputs it takes.
    let is_joined = |pair: &(usize, usize)| parts.joins.iter().any(|(from, to, _)| (*from, *to) == *pair);
    parts.waits = waits.into_iter().filter(|pair| !is_joined(pair)).collect();
    Ok(parts)
}
