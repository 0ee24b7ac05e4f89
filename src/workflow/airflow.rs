//! Airflow: a DAG of the tasks in the operators' own DAGs.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Engine, Origin, Route, Settings, Step, Workflow, listed};
use crate::backend::airflow::{PART, PARTS, param};
use crate::backend::parameter::Parameter;
use crate::backend::template::{self, quoted};

#[derive(Serialize)]
struct Context {
    c3: &'static str,
    listed: String,
    name: String,
    description: String,
    /// Names and calls of `Param`.
    params: Vec<(String, String)>,
    steps: Vec<Task>,
    takes_texts: bool,
    /// Steps whose files other steps read, each with one reader.
    carried: BTreeSet<(String, String)>,
}

#[derive(Serialize)]
struct Task {
    id: String,
    file: String,
    /// The operator's name of a value, and its origin as Python.
    values: Vec<(String, String)>,
    /// Number of a grid's workers.
    workers: Option<u32>,
    /// The steps that must end first.
    after: BTreeSet<String>,
}

/// Writes `<name>.workflow.airflow.py`.
pub(super) fn emit(workflow: &Workflow, settings: &Settings) -> String {
    let steps = workflow.in_order().map(|(step, before)| task(step, before, settings));
    let of_parts: BTreeSet<_> = workflow.steps.iter().flat_map(parts).collect();
    let asked = workflow.inputs.iter().filter(|input| !of_parts.contains(input.id.as_str()));
    let context = Context {
        c3: env!("CARGO_PKG_VERSION"),
        listed: listed(workflow),
        name: settings.name.clone(),
        description: format!("Workflow of {}", listed(workflow)),
        params: asked.map(|it| (it.id.clone(), param(it, it.default()))).collect(),
        steps: steps.collect(),
        takes_texts: pairs(workflow, Route::Text).next().is_some(),
        carried: pairs(workflow, Route::File).collect(),
    };
    template::render("workflow.py", &context)
}

/// Pairs of steps joined by a route.
fn pairs(workflow: &Workflow, wanted: Route) -> impl Iterator<Item = (String, String)> {
    let sources = workflow.steps.iter().flat_map(|step| step.sources.iter().map(move |it| (step, &it.1)));
    sources.filter_map(move |(reader, origin)| match origin {
        Origin::Output { step, route, .. } if *route == wanted => Some((step.clone(), reader.id.clone())),
        _ => None,
    })
}

fn task(step: &Step, before: Option<&Step>, settings: &Settings) -> Task {
    let is_grid = step.operator.is_grid();
    let joined = step.sources.iter().filter_map(|(_, origin)| match origin {
        Origin::Output { step, .. } => Some(step.clone()),
        _ => None,
    });
    let waits = settings.awaited(step, before).map(|before| before.id.clone());
    let values = step.sources.iter().filter_map(|(parameter, origin)| {
        let of_grid = is_part(step, parameter).then(|| settings.workers.to_string());
        let own = if of_grid.is_some() { of_grid } else { value(step, origin) };
        Some((parameter.id.clone(), own?))
    });
    Task {
        id: step.id.clone(),
        file: step.operator.file(Engine::Airflow),
        values: values.collect(),
        workers: is_grid.then_some(settings.workers),
        after: joined.chain(waits).collect(),
    }
}

/// Whether a parameter is a worker's share: its index, from the pod's variable, or the number of workers.
fn is_part(step: &Step, parameter: &Parameter) -> bool {
    step.operator.is_grid() && [PART, PARTS].contains(&parameter.input.name.as_str())
}

/// Parameters of the workflow that are set by it.
fn parts<'a>(step: &'a Step<'_>) -> impl Iterator<Item = &'a str> {
    step.sources.iter().filter_map(|(parameter, origin)| match origin {
        Origin::Input(input) if is_part(step, parameter) => Some(input.as_str()),
        _ => None,
    })
}

/// The origin of a value.
fn value(reader: &Step, origin: &Origin) -> Option<String> {
    match origin {
        Origin::Unset => None,
        Origin::Input(input) => Some(format!("context[\"params\"].get({})", quoted(input))),
        Origin::Output { step, outcome, route } => {
            let (step, name) = (quoted(step), quoted(&outcome.id));
            Some(match route {
                Route::Text => format!("text(context, {step}, {name})"),
                Route::File => format!("file(context, {step}, {name}, {})", quoted(&reader.id)),
            })
        }
    }
}
