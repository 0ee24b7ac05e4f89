//! Snakemake: a Snakefile whose modules are the rules of the operators.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Engine, Origin, Route, Settings, Step, Workflow, listed};
use crate::backend::parameter::Parameter;
use crate::backend::snakemake::{AFTER, WORKERS, mark, result};
use crate::backend::template;

#[derive(Serialize)]
struct Context {
    c3: &'static str,
    listed: String,
    name: String,
    variables: Vec<String>,
    steps: Vec<Module>,
    /// The final targets.
    wanted: Vec<String>,
}

#[derive(Serialize)]
struct Module {
    id: String,
    file: String,
    /// The operator's name of a value, and the workflow's.
    taken: Vec<(String, String)>,
    /// Additional configuration.
    fixed: Vec<(String, Value)>,
}

/// Writes `<name>.workflow.smk`.
pub(super) fn emit(workflow: &Workflow, settings: &Settings) -> String {
    let steps = workflow.in_order().map(|(step, before)| module(step, before, workflow, settings));
    let context = Context {
        c3: env!("CARGO_PKG_VERSION"),
        listed: listed(workflow),
        name: settings.stem.clone(),
        variables: workflow.inputs.iter().map(Parameter::about).collect(),
        steps: steps.collect(),
        wanted: workflow.steps.iter().flat_map(|step| done(step, settings)).collect(),
    };
    template::render("workflow.smk", &context)
}

fn module(step: &Step, before: Option<&Step>, workflow: &Workflow, settings: &Settings) -> Module {
    let taken = step.sources.iter().filter_map(|(parameter, origin)| match origin {
        Origin::Input(input) => Some((parameter.id.clone(), input.clone())),
        _ => None,
    });
    let mut fixed: Map<String, Value> = step
        .sources
        .iter()
        .filter_map(|(parameter, origin)| Some((parameter.id.clone(), joined(origin, workflow)?)))
        .collect();
    if step.operator.is_grid() {
        fixed.insert(WORKERS.to_owned(), json!(settings.workers));
    }
    if let Some(before) = settings.awaited(step, before) {
        fixed.insert(AFTER.to_owned(), json!(done(before, settings)));
    }
    Module {
        id: step.id.clone(),
        file: step.operator.file(Engine::Snakemake),
        taken: taken.collect(),
        fixed: fixed.into_iter().collect(),
    }
}

/// Path of a parameter's value: of the file or folder, or of the file with the text.
fn joined(origin: &Origin, workflow: &Workflow) -> Option<Value> {
    let Origin::Output { step, outcome, route } = origin else { return None };
    let other = workflow.steps.iter().find(|other| other.id == *step)?;
    let path = result(&other.operator.name, &outcome.id, None);
    Some(if *route == Route::File { json!(path) } else { json!({"file": path}) })
}

/// The files that mark a step as done.
fn done(step: &Step, settings: &Settings) -> Vec<String> {
    let operator = step.operator;
    let of = |worker: Option<&str>| mark(&operator.name, &operator.outcomes, worker);
    if operator.is_grid() {
        return (0..settings.workers).map(|worker| of(Some(&worker.to_string()))).collect();
    }
    vec![of(None)]
}
