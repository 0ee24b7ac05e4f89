//! Compiled Kubeflow pipelines: the specification, made from those of the operators.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Origin, Route, Settings, Step, Workflow, listed};
use crate::backend::kfp_ir::{SCHEMA, SDK, interface};
use crate::backend::kubeflow::folded;
use crate::backend::manifest_text;
use crate::backend::pod::set;

/// The content of one operator's compiled pipeline.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// Its inputs and outputs.
    component: Value,
    executor: Value,
    /// Its caching options.
    caching: Value,
    /// Its settings for Kubernetes.
    cluster: Option<Value>,
}

/// Reads the compiled pipeline of one operator, `<stem>.ir.yaml`; nothing for any other file.
#[must_use]
pub fn parse(text: &str) -> Option<Compiled> {
    let documents = yaml_serde::Deserializer::from_str(text).map(Value::deserialize);
    let documents: Vec<Value> = documents.collect::<Result<_, _>>().ok()?;
    let first = documents.first()?;
    Some(Compiled {
        component: only(&first["components"])?,
        executor: only(&first["deploymentSpec"]["executors"])?,
        caching: only(&first["root"]["dag"]["tasks"])?["cachingOptions"].clone(),
        cluster: documents
            .get(1)
            .and_then(|it| only(&it["platforms"]["kubernetes"]["deploymentSpec"]["executors"])),
    })
}

/// The only entry of a map.
fn only(map: &Value) -> Option<Value> {
    let mut entries = map.as_object()?.values();
    entries.next().filter(|_| entries.next().is_none()).cloned()
}

/// Writes `<name>.workflow.ir.yaml`.
pub(super) fn emit(workflow: &Workflow, settings: &Settings) -> String {
    let (mut components, mut executors) = (Map::new(), Map::new());
    let (mut tasks, mut clusters) = (Map::new(), Map::new());
    for (step, before) in workflow.in_order() {
        let Some(compiled) = &step.operator.compiled else { continue };
        let name = label(&step.id);
        let mut component = compiled.component.clone();
        component["executorLabel"] = json!(format!("exec-{name}"));
        components.insert(format!("comp-{name}"), component);
        executors.insert(format!("exec-{name}"), compiled.executor.clone());
        clusters.extend(compiled.cluster.clone().map(|cluster| (format!("exec-{name}"), cluster)));
        for worker in workers(step, settings) {
            let made = task(step, before, workflow, settings, &compiled.caching, &worker);
            tasks.insert(worker, made);
        }
    }
    let inputs: Vec<_> = workflow.inputs.iter().collect();
    let mut root = Value::Object(interface(&inputs, &[]));
    root["dag"] = json!({"tasks": tasks});
    let specification = json!({
        "components": components,
        "deploymentSpec": {"executors": executors},
        "pipelineInfo": {"name": settings.name, "description": format!("Pipeline of {}", listed(workflow))},
        "root": root,
        "schemaVersion": SCHEMA,
        "sdkVersion": SDK,
    });
    let platforms = json!({"platforms": {"kubernetes": {"deploymentSpec": {"executors": clusters}}}});
    let platforms = (!clusters.is_empty()).then_some(platforms);
    let documents: Vec<_> = std::iter::once(specification).chain(platforms).collect();
    manifest_text("Kubeflow pipeline", &listed(workflow), env!("CARGO_PKG_VERSION"), &documents)
}

/// The tasks of a step with kfp's names: one per worker of a grid.
fn workers(step: &Step, settings: &Settings) -> Vec<String> {
    let name = label(&step.id);
    let count = if step.operator.is_grid() { settings.workers } else { 1 };
    let others = (2..=count).map(|number| format!("{name}-{number}"));
    std::iter::once(name.clone()).chain(others).collect()
}

fn task(
    step: &Step,
    before: Option<&Step>,
    workflow: &Workflow,
    settings: &Settings,
    caching: &Value,
    name: &str,
) -> Value {
    // What a grid puts out is that of its last worker, as in a program of kfp's.
    let last = |id: &str| {
        let step = workflow.steps.iter().find(|step| step.id == id);
        step.and_then(|step| workers(step, settings).pop()).unwrap_or_default()
    };
    let (mut parameters, mut artifacts) = (Map::new(), Map::new());
    let mut needed: BTreeSet<String> =
        settings.awaited(step, before).into_iter().flat_map(|before| workers(before, settings)).collect();
    for (parameter, origin) in &step.sources {
        let is_path = parameter.input.kind.is_path();
        let from = match origin {
            Origin::Unset => continue,
            Origin::Input(input) if is_path => json!({"componentInputArtifact": folded(input)}),
            Origin::Input(input) => json!({"componentInputParameter": folded(input)}),
            Origin::Output { step, outcome, route } => {
                let (task, output) = (last(step), folded(&outcome.id));
                needed.insert(task.clone());
                if *route == Route::File {
                    json!({"taskOutputArtifact": {"outputArtifactKey": output, "producerTask": task}})
                } else {
                    json!({"taskOutputParameter": {"outputParameterKey": output, "producerTask": task}})
                }
            }
        };
        let side = if is_path { &mut artifacts } else { &mut parameters };
        side.insert(folded(&parameter.id), from);
    }
    let mut inputs = json!({});
    set(&mut inputs, "artifacts", Value::Object(artifacts));
    set(&mut inputs, "parameters", Value::Object(parameters));
    let mut task = json!({
        "cachingOptions": caching,
        "componentRef": {"name": format!("comp-{}", label(&step.id))},
        "taskInfo": {"name": name},
    });
    set(&mut task, "inputs", inputs);
    set(&mut task, "dependentTasks", json!(needed));
    task
}

/// The task name of a step, as kfp writes it.
fn label(step: &str) -> String {
    step.trim_matches('_').replace('_', "-")
}
