//! Workflow files: CWL, Argo, pipelines compiled by kfp 2, and programs, Snakefiles and DAGs of `c3`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use thiserror::Error;
use yaml_serde::Value;

use super::{Graph, Parts, airflow, argo, pipeline, snakemake};
use crate::workflow::Engine;

/// Why a file could not be drawn.
#[derive(Debug, Error)]
pub enum FileError {
    /// The file is not valid YAML.
    #[error("invalid YAML: {0}")]
    Yaml(#[from] yaml_serde::Error),
    /// The file has nothing to draw.
    #[error("it has no steps")]
    Empty,
    /// A line that may hold steps, which nothing but its engine can read.
    #[error("line {line} is none that `c3 create-workflow` writes: `{text}`")]
    Foreign {
        /// Its number, from 1.
        line: usize,
        /// Its text.
        text: String,
    },
}

impl FileError {
    /// The error for a line.
    pub(super) fn foreign(line: usize, text: &str) -> Self {
        Self::Foreign { line, text: text.to_owned() }
    }
}

/// The lines with something in them, without indentation and comments, and their numbers.
pub(super) fn lines_of_code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

/// Whether a program is a DAG of Airflow, which is no operator.
#[must_use]
pub fn is_dag(text: &str) -> bool {
    let imports = |line: &str| ["from airflow", "import airflow"].iter().any(|start| line.starts_with(start));
    text.lines().any(imports) && (text.contains("DAG(") || text.contains("@dag"))
}

/// Whether a file is a Snakefile, by its name.
#[must_use]
pub fn is_snakefile(name: &str) -> bool {
    name == "Snakefile" || Path::new(name).extension().is_some_and(|end| end == "smk")
}

/// The graph of a workflow file; nothing for other files.
///
/// # Errors
///
/// The file looks like a workflow, but can't be read as one.
pub fn parse(name: &str, text: &str) -> Result<Option<Graph>, FileError> {
    let parts = if name.ends_with(Engine::Kubeflow.suffix()) {
        Some(pipeline::program(text))
    } else if is_snakefile(name) {
        Some(snakemake::modules(text)?)
    } else if name.ends_with(Engine::Airflow.suffix()) {
        Some(airflow::dag(text)?)
    } else {
        let value = match first_document(text) {
            Ok(value) => value,
            Err(error) if Path::new(name).extension().is_some_and(|end| end == "cwl") => {
                return Err(error.into());
            }
            Err(_) => return Ok(None),
        };
        cwl(&value).or_else(|| pipeline::compiled(&value)).or_else(|| argo::dag(&value))
    };
    match parts {
        Some(parts) if parts.steps.is_empty() => Err(FileError::Empty),
        parts => Ok(parts.map(Parts::graph)),
    }
}

/// The first YAML document: the settings for Kubernetes of a compiled pipeline are in the second.
fn first_document(text: &str) -> Result<Value, yaml_serde::Error> {
    yaml_serde::Deserializer::from_str(text).next().map_or(Ok(Value::Null), Value::deserialize)
}

/// A CWL workflow; the main one of a packed file.
fn cwl(value: &Value) -> Option<Parts> {
    let packed = value.get("$graph").and_then(Value::as_sequence);
    let main = packed.and_then(|all| all.iter().find(|one| id(one) == "main").or(all.first()));
    let workflow = main.unwrap_or(value);
    if workflow.get("class").and_then(Value::as_str) != Some("Workflow") {
        return None;
    }
    let steps = workflow.get("steps").map(entries).unwrap_or_default();
    let index: BTreeMap<String, usize> =
        steps.iter().enumerate().map(|(at, (name, _))| (name.clone(), at)).collect();
    let mut parts = Parts::default();
    for (at, (name, step)) in steps.iter().enumerate() {
        let is_scattered = step.get("scatter").is_some();
        parts.steps.push((name.clone(), is_scattered || name.starts_with("gw_") || name.starts_with("gw-")));
        let links = step.get("in").map(entries).unwrap_or_default();
        for source in links.iter().flat_map(|(_, link)| sources(link)) {
            match origin(&source, &index) {
                Some((from, output)) => parts.joins.push((from, at, output.to_owned())),
                None => parts.inputs.push((source, at)),
            }
        }
    }
    let ends = workflow.get("outputs").map(entries).unwrap_or_default();
    for (name, end) in &ends {
        let source = end.get("outputSource").map(texts).unwrap_or_default();
        let steps = source.iter().filter_map(|source| origin(source, &index));
        parts.outputs.extend(steps.map(|(step, _)| (step, name.clone())));
    }
    Some(parts)
}

/// The step and output of a source such as `make/table`.
fn origin<'a>(source: &'a str, steps: &BTreeMap<String, usize>) -> Option<(usize, &'a str)> {
    let (step, output) = source.rsplit_once('/')?;
    let step = step.rsplit('/').next().unwrap_or(step);
    Some((*steps.get(step)?, output))
}

/// The named entries of a map, or of a list whose entries have an `id`.
fn entries(value: &Value) -> Vec<(String, Value)> {
    match value {
        Value::Mapping(map) => {
            map.iter().filter_map(|(key, value)| Some((key.as_str()?.to_owned(), value.clone()))).collect()
        }
        Value::Sequence(list) => list.iter().map(|one| (id(one), one.clone())).collect(),
        _ => Vec::new(),
    }
}

/// The last part of an `id`: `step` of `#main/step`.
fn id(value: &Value) -> String {
    let id = value.get("id").and_then(Value::as_str).unwrap_or_default();
    id.rsplit(['#', '/']).next().unwrap_or_default().to_owned()
}

/// The sources of an entry of `in`.
fn sources(link: &Value) -> Vec<String> {
    let source = if link.is_mapping() { link.get("source") } else { Some(link) };
    source.map(texts).unwrap_or_default()
}

/// A text or list of texts, without file names.
fn texts(value: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map(|text| text.rsplit('#').next().unwrap_or(text).to_owned());
    match value {
        Value::Sequence(list) => list.iter().filter_map(text).collect(),
        value => text(value).into_iter().collect(),
    }
}
