//! Snakefiles of modules, as `c3 create-workflow` writes them.

use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use super::Parts;
use super::file::{FileError, lines_of_code};
use crate::backend::grid;
use crate::backend::snakemake::{AFTER, RESULTS, WORKERS};
use crate::reference::operator_name;

/// A line that begins a module, names its file, passes values on, or sets one.
static LINE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?x) ^(?:
            module\ (?<module>\w+):
          | (?<text>"(?:[^"\\]|\\.)*"),?
          | \*\*\{name:\ config\[key\]\ for\ name,\ key\ in\ (?<taken>\[.*\])\ if\ config\.get\(key\)\ is\ not\ None\},
          | (?<value>"(?:[^"\\]|\\.)*":\ .+),
          | rule\ all: | input: | snakefile: | config: | \{ | \} | use\ rule\ \*\ from\ \w+ )$"#,
    )
    .ok()
});

/// A module: the name of its operator, and the values that are set.
#[derive(Default)]
struct Module {
    operator: String,
    /// Line and value of each name.
    values: Vec<(usize, String, Value)>,
}

/// The modules of a Snakefile.
pub(super) fn modules(text: &str) -> Result<Parts, FileError> {
    let mut parts = Parts::default();
    let mut modules: Vec<Module> = Vec::new();
    for (number, line) in lines_of_code(text) {
        let foreign = || FileError::foreign(number, line);
        let found = LINE.as_ref().and_then(|pattern| pattern.captures(line)).ok_or_else(foreign)?;
        let part = |name: &str| found.name(name).map(|part| part.as_str());
        if let Some(name) = part("module") {
            parts.steps.push((name.to_owned(), name.starts_with(grid::PREFIX)));
            modules.push(Module::default());
        }
        // What stands before the first module are the files that are wanted.
        let Some((module, at)) = modules.last_mut().zip(parts.steps.len().checked_sub(1)) else { continue };
        if let Some(file) = part("text") {
            let file: String = serde_json::from_str(file).map_err(|_| foreign())?;
            let stem = Path::new(&file).file_stem().unwrap_or_default().to_string_lossy();
            module.operator = operator_name(&stem).map_err(|_| foreign())?;
        } else if let Some(taken) = part("taken") {
            let taken: Vec<(String, String)> = serde_json::from_str(taken).map_err(|_| foreign())?;
            parts.inputs.extend(taken.into_iter().map(|(_, input)| (input, at)));
        } else if let Some(value) = part("value") {
            let value: Map<String, Value> =
                serde_json::from_str(&format!("{{{value}}}")).map_err(|_| foreign())?;
            module.values.extend(value.into_iter().map(|(name, value)| (number, name, value)));
        }
    }
    join(&modules, &mut parts)?;
    Ok(parts)
}

/// Finds out which modules take what others deliver.
fn join(modules: &[Module], parts: &mut Parts) -> Result<(), FileError> {
    for (at, module) in modules.iter().enumerate() {
        for (number, name, value) in &module.values {
            let origin = |path: &str| {
                let (operator, outcome) = path.strip_prefix(RESULTS)?.split_once('/')?;
                let from = modules.iter().position(|other| other.operator == operator)?;
                Some((from, outcome.to_owned()))
            };
            if name == WORKERS {
                parts.steps[at].1 = true;
            }
            for path in paths(value).filter(|path| path.starts_with(RESULTS)) {
                let (from, outcome) = origin(path).ok_or_else(|| FileError::foreign(*number, path))?;
                if name != AFTER {
                    parts.joins.push((from, at, outcome));
                } else if !parts.waits.contains(&(from, at)) {
                    // It waits for each worker of a grid.
                    parts.waits.push((from, at));
                }
            }
        }
    }
    Ok(())
}

/// The paths in a value: a path, several, or the file of a text.
fn paths(value: &Value) -> impl Iterator<Item = &str> {
    let several = value.as_array().into_iter().flatten();
    [value, &value["file"]].into_iter().chain(several).filter_map(Value::as_str)
}
