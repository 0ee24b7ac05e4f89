//! Argo workflows: templates whose tasks refer to templates of operators.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use yaml_serde::Value;

use super::Parts;

/// A placeholder: a task's output or the workflow's input.
static SOURCE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x) \{\{ (?:
            tasks\.(?<task>[\w-]+)\.outputs\.(?:parameters|artifacts)\.(?<output>[\w-]+)
          | (?:workflow\.parameters|inputs\.(?:parameters|artifacts))\.(?<input>[\w-]+) ) \}\}",
    )
    .ok()
});

/// The tasks of the entry DAG.
pub(super) fn dag(value: &Value) -> Option<Parts> {
    let spec = value.get("spec").filter(|_| value.get("kind").is_some())?;
    let entry = spec.get("entrypoint")?;
    let mut templates = spec.get("templates")?.as_sequence()?.iter();
    let tasks =
        templates.find(|one| one.get("name") == Some(entry))?.get("dag")?.get("tasks")?.as_sequence()?;
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(ToOwned::to_owned);
    let names: Vec<_> = tasks.iter().map(|task| text(task, "name").unwrap_or_default()).collect();
    let index: BTreeMap<&str, usize> =
        names.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
    let mut parts = Parts::default();
    for (at, (task, name)) in tasks.iter().zip(&names).enumerate() {
        let is_many = ["withSequence", "withItems", "withParam"].iter().any(|key| task.get(key).is_some());
        parts.steps.push((name.clone(), is_many || name.starts_with("gw-")));
        let given = task.get("arguments").and_then(Value::as_mapping);
        let given =
            given.into_iter().flat_map(|kinds| kinds.values()).filter_map(Value::as_sequence).flatten();
        let sources = given.filter_map(|one| text(one, "value").or_else(|| text(one, "from")));
        let mut joined = Vec::new();
        for source in sources {
            for found in SOURCE.iter().flat_map(|pattern| pattern.captures_iter(&source)) {
                let part = |name: &str| found.name(name).map(|part| part.as_str().to_owned());
                parts.inputs.extend(part("input").map(|input| (input, at)));
                let from = part("task").and_then(|task| index.get(task.as_str()).copied());
                joined.extend(from);
                parts.joins.extend(from.zip(part("output")).map(|(from, output)| (from, at, output)));
            }
        }
        let waits = task.get("dependencies").and_then(Value::as_sequence).into_iter().flatten();
        let waits = waits.filter_map(|name| index.get(name.as_str()?).copied());
        parts.waits.extend(waits.filter(|from| !joined.contains(from)).map(|from| (from, at)));
    }
    Some(parts)
}
