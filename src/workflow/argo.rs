//! Argo: a workflow template whose tasks are the templates of the operators.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Origin, Route, Settings, Step, Workflow, listed};
use crate::backend::argo::{argument, literal, part};
use crate::backend::manifest_text;
use crate::backend::parameter::Parameter;
use crate::backend::pod::set;

/// Writes `<name>.workflow.argo.yaml`.
pub(super) fn emit(workflow: &Workflow, settings: &Settings) -> String {
    let tasks: Vec<_> = workflow.in_order().map(|(step, before)| task(step, before, settings)).collect();
    let files = workflow.inputs.iter().filter(|input| input.input.kind.is_path());
    let files: Vec<_> = files.map(|input| json!({"name": input.id})).collect();
    let mut dag = json!({"name": settings.name, "dag": {"tasks": tasks}});
    if !files.is_empty() {
        // Argo takes no file without its place, which is told at the start.
        dag["inputs"] = json!({"artifacts": files});
    }
    let taken = placeholders(&dag);
    let plain = workflow.inputs.iter().filter(|input| taken.contains(&of_workflow(&input.id)));
    let mut spec = json!({"entrypoint": settings.name, "templates": [dag]});
    let arguments: Vec<_> = plain.map(|input| argument(input, None)).collect();
    if !arguments.is_empty() {
        spec["arguments"] = json!({"parameters": arguments});
    }
    let title = format!("Workflow of {}", listed(workflow));
    let document = json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "WorkflowTemplate",
        "metadata": {
            "name": settings.name,
            "labels": {"app.kubernetes.io/name": settings.name, "app.kubernetes.io/managed-by": "c3"},
            "annotations": {"workflows.argoproj.io/description": literal(&title)},
        },
        "spec": spec,
    });
    manifest_text("Argo workflow template", &listed(workflow), env!("CARGO_PKG_VERSION"), &[document])
}

/// A step as a task, which refers to the template of its operator.
fn task(step: &Step, before: Option<&Step>, settings: &Settings) -> Value {
    let is_many = settings.is_many(step);
    let name = &step.operator.name;
    let mut task = json!({"name": label(&step.id), "templateRef": {"name": name, "template": name}});
    let joined = step.sources.iter().filter_map(|(_, origin)| match origin {
        Origin::Output { step, .. } => Some(label(step)),
        _ => None,
    });
    let waits = settings.awaited(step, before).map(|before| label(&before.id));
    let needed: BTreeSet<_> = joined.chain(waits).collect();
    set(&mut task, "dependencies", json!(needed));
    let (mut parameters, mut artifacts) = (Vec::new(), Vec::new());
    for (parameter, origin) in &step.sources {
        let of_grid = if is_many { part(&parameter.input.name, settings.workers.to_string()) } else { None };
        if let Some(value) = of_grid.or_else(|| value(parameter, origin)) {
            parameters.push(json!({"name": parameter.id, "value": value}));
        } else if let Some(from) = file(parameter, origin) {
            artifacts.push(json!({"name": parameter.id, "from": from}));
        }
    }
    let mut arguments = json!({});
    set(&mut arguments, "parameters", json!(parameters));
    set(&mut arguments, "artifacts", json!(artifacts));
    set(&mut task, "arguments", arguments);
    if is_many {
        task["withSequence"] = json!({"count": settings.workers.to_string()});
    }
    task
}

/// The value of a text parameter.
fn value(parameter: &Parameter, origin: &Origin) -> Option<String> {
    match origin {
        Origin::Input(input) if !parameter.input.kind.is_path() => Some(of_workflow(input)),
        Origin::Output { step, outcome, route: Route::Text } => {
            Some(format!("{{{{tasks.{}.outputs.parameters.{}}}}}", label(step), outcome.id))
        }
        _ => None,
    }
}

/// The origin of a file or folder.
fn file(parameter: &Parameter, origin: &Origin) -> Option<String> {
    match origin {
        Origin::Input(input) if parameter.input.kind.is_path() => {
            Some(format!("{{{{inputs.artifacts.{input}}}}}"))
        }
        Origin::Output { step, outcome, route: Route::File } => {
            Some(format!("{{{{tasks.{}.outputs.artifacts.{}}}}}", label(step), outcome.id))
        }
        _ => None,
    }
}

fn of_workflow(id: &str) -> String {
    format!("{{{{workflow.parameters.{id}}}}}")
}

/// Placeholders in the parameters of a workflow's tasks.
fn placeholders(dag: &Value) -> BTreeSet<String> {
    let tasks = dag["dag"]["tasks"].as_array().into_iter().flatten();
    let parameters = tasks.filter_map(|task| task["arguments"]["parameters"].as_array()).flatten();
    parameters.filter_map(|parameter| parameter["value"].as_str().map(ToOwned::to_owned)).collect()
}

/// The name of a step's task: letters, digits and hyphens between them.
fn label(step: &str) -> String {
    let label = step.replace('_', "-");
    let is_bare = label.starts_with(|first: char| first.is_ascii_alphanumeric());
    let label = if is_bare { label } else { format!("step{label}") };
    label.trim_end_matches('-').to_owned()
}
