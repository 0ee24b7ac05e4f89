//! Kubeflow pipelines: programs by `c3 create-workflow`, and what kfp 2 compiles.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use yaml_serde::Value;

use super::Parts;

/// A line of a program that begins a step, ends its arguments, or makes it wait.
static LINE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?x) ^\s+ (?:
            (?<step>\w+)\ =\ (?<operator>\w+)_op\(
          | \w+ = (?:\w+\()? (?: (?<from>\w+)\.outputs\["(?<output>[^"]+)"\] | (?<input>\w+) )
          | (?<later>\w+)\.after\(\*?(?<earlier>\w+?)(?:_all)?\) )"#,
    )
    .ok()
});

/// The steps of a program.
pub(super) fn program(text: &str) -> Parts {
    let mut parts = Parts::default();
    let mut steps: BTreeMap<String, usize> = BTreeMap::new();
    let body = text.split_once("\ndef pipeline(").map_or("", |(_, body)| body);
    let body = body.split_once("\n):\n").map_or(body, |(_, body)| body);
    let body = body.split_once("\nif __name__").map_or(body, |(body, _)| body);
    for found in LINE.iter().flat_map(|line| body.lines().filter_map(|text| line.captures(text))) {
        let part = |name: &str| found.name(name).map(|part| part.as_str());
        let at = parts.steps.len().saturating_sub(1);
        if let Some((step, operator)) = part("step").zip(part("operator")) {
            steps.insert(step.to_owned(), parts.steps.len());
            parts.steps.push((step.to_owned(), operator.starts_with("gw_")));
        } else if let Some((from, output)) = part("from").zip(part("output")) {
            parts.joins.extend(steps.get(from).map(|&from| (from, at, output.to_owned())));
        } else if let Some((later, earlier)) = part("later").zip(part("earlier")) {
            parts.waits.extend(steps.get(earlier).zip(steps.get(later)).map(|(one, other)| (*one, *other)));
        } else if let Some(input) = part("input").filter(|_| !parts.steps.is_empty()) {
            parts.inputs.push((input.to_owned(), at));
        }
    }
    parts
}

/// The tasks of a compiled pipeline.
pub(super) fn compiled(value: &Value) -> Option<Parts> {
    let dag = value.get("root").or_else(|| value.get("pipelineSpec")?.get("root"))?.get("dag")?;
    let tasks = dag.get("tasks")?.as_mapping()?;
    let names: Vec<&str> = tasks.keys().filter_map(Value::as_str).collect();
    let index = |name: Option<&Value>| {
        let name = name.and_then(Value::as_str)?;
        names.iter().position(|known| *known == name)
    };
    let mut parts = Parts::default();
    for (at, (name, task)) in names.iter().zip(tasks.values()).enumerate() {
        parts
            .steps
            .push(((*name).to_owned(), task.get("parameterIterator").is_some() || name.starts_with("gw-")));
        let inputs = task.get("inputs").and_then(Value::as_mapping);
        let inputs = inputs.into_iter().flat_map(|kinds| kinds.values()).filter_map(Value::as_mapping);
        let mut is_joined = false;
        for given in inputs.flat_map(|inputs| inputs.values()) {
            let output =
                [("taskOutputParameter", "outputParameterKey"), ("taskOutputArtifact", "outputArtifactKey")];
            for (kind, key) in output {
                let Some(output) = given.get(kind) else { continue };
                let name = output.get(key).and_then(Value::as_str).unwrap_or_default();
                is_joined = true;
                parts.joins.extend(index(output.get("producerTask")).map(|from| (from, at, name.to_owned())));
            }
            let input = given.get("componentInputParameter").or_else(|| given.get("componentInputArtifact"));
            parts.inputs.extend(input.and_then(Value::as_str).map(|input| (input.to_owned(), at)));
        }
        let waits = task.get("dependentTasks").and_then(Value::as_sequence).filter(|_| !is_joined);
        parts.waits.extend(waits.into_iter().flatten().filter_map(|name| Some((index(Some(name))?, at))));
    }
    Some(parts)
}
