//! Kubeflow: a program that compiles the pipeline with kfp 1.8 and kfp 2.

use serde::Serialize;

use super::names::folded;
use super::{Engine, Origin, Settings, Step, Workflow, listed};
use crate::backend::kubeflow::{holds, kind};
use crate::backend::parameter::{Outcome, Parameter};
use crate::backend::python::{flat, truth};
use crate::backend::template::{self, quoted};
use crate::component::Type;
use crate::value;

#[derive(Serialize)]
struct Context {
    c3: &'static str,
    operators: String,
    name: String,
    description: String,
    file: String,
    inputs: Vec<Input>,
    steps: Vec<Stage>,
    workers: u32,
    /// Helpers of the program that it needs.
    uses: Vec<&'static str>,
}

#[derive(Serialize)]
struct Input {
    /// The parameter as Python declares it.
    declaration: String,
    description: Option<String>,
}

#[derive(Serialize)]
struct Stage {
    id: String,
    component: String,
    arguments: Vec<String>,
    /// The step that must end first, if no data implies it.
    after: Option<String>,
    is_grid: bool,
    /// Whether caching must be off.
    is_uncached: bool,
    secrets: Vec<Secret>,
}

/// A variable from the secret named after the operator.
#[derive(Serialize)]
struct Secret {
    operator: String,
    variable: String,
    /// `True` or `False`.
    required: &'static str,
}

/// Placeholders of values that aren't given: text, and other types.
const NOT_GIVEN_TEXT: &str = "not_given_text";
const NOT_GIVEN: &str = "not_given";

/// Import of an artifact by URI, and for kfp 1.8 a conversion between kinds of artifacts.
const IMPORTED: &str = "imported";
const UNTYPED: &str = "untyped";

/// Writes `<name>.pipeline.py`.
pub(super) fn emit(workflow: &Workflow, settings: &Settings) -> String {
    let mut inputs: Vec<_> = workflow.inputs.iter().collect();
    inputs.sort_by_key(|input| !input.input.required); // Python wants those without a default first
    let inputs: Vec<_> = inputs.into_iter().map(input).collect();
    let steps = stages(workflow, settings);
    let context = Context {
        c3: env!("CARGO_PKG_VERSION"),
        operators: listed(workflow),
        name: settings.name.clone(),
        description: format!("Pipeline of {}", listed(workflow)),
        file: settings.stem.clone(),
        uses: uses(&inputs, &steps),
        inputs,
        steps,
        workers: settings.workers,
    };
    template::render("pipeline.py", &context)
}

/// The helpers in use.
fn uses(inputs: &[Input], steps: &[Stage]) -> Vec<&'static str> {
    let declared = |word: &str| inputs.iter().any(|input| input.declaration.ends_with(&format!(" = {word}")));
    let called = |word: &str| {
        let mut arguments = steps.iter().flat_map(|step| &step.arguments);
        arguments.any(|argument| argument.contains(&format!("={word}(")))
    };
    let found = [
        (NOT_GIVEN, declared(NOT_GIVEN)),
        (NOT_GIVEN_TEXT, declared(NOT_GIVEN_TEXT)),
        (IMPORTED, called(IMPORTED)),
        (UNTYPED, called(UNTYPED)),
        ("uncached", steps.iter().any(|step| step.is_uncached)),
        ("secret", steps.iter().any(|step| !step.secrets.is_empty())),
        ("workers", steps.iter().any(|step| step.is_grid)),
    ];
    found.into_iter().filter(|(_, is_used)| *is_used).map(|(word, _)| word).collect()
}

fn input(parameter: &Parameter) -> Input {
    let (kind, text) = (&parameter.input.kind, parameter.default());
    let name = folded(&parameter.id);
    let default = text.filter(|text| holds(kind, text)).and_then(|text| literal(kind, text));
    let default = match default {
        _ if parameter.input.required => String::new(),
        Some(default) => format!(" = {default}"),
        None if *kind == Type::String => format!(" = {NOT_GIVEN_TEXT}"),
        None => format!(" = {NOT_GIVEN}"),
    };
    Input {
        declaration: format!("{name}: {}{default}", annotation(kind)),
        description: parameter.description(),
    }
}

/// The type of a parameter; files are passed by URI.
fn annotation(kind: &Type) -> &'static str {
    match kind {
        Type::String | Type::Path(_) => "str",
        Type::Integer => "int",
        Type::Float => "float",
        Type::Boolean => "bool",
        Type::List => "list",
        Type::Dict => "dict",
    }
}

/// A default as a Python literal.
fn literal(kind: &Type, text: &str) -> Option<String> {
    match kind {
        Type::String => Some(quoted(text)),
        Type::Integer => text.parse::<i64>().ok().map(|value| value.to_string()),
        Type::Float => value::float_from_text(text).map(|value| format!("{value:?}")),
        Type::Boolean => value::boolean(text).map(|value| truth(value).to_owned()),
        Type::List | Type::Dict => serde_json::from_str(text).ok().map(|value| flat(&value)),
        Type::Path(_) => None,
    }
}

fn stages(workflow: &Workflow, settings: &Settings) -> Vec<Stage> {
    workflow.in_order().map(|(step, before)| stage(step, before, settings)).collect()
}

fn stage(step: &Step, before: Option<&Step>, settings: &Settings) -> Stage {
    let waits = settings.awaited(step, before);
    Stage {
        id: step.id.clone(),
        component: step.operator.file(Engine::Kubeflow),
        arguments: step
            .sources
            .iter()
            .filter_map(|(parameter, origin)| argument(parameter, origin))
            .collect(),
        after: waits.map(|before| {
            if settings.is_many(before) { format!("*{}_all", before.id) } else { before.id.clone() }
        }),
        is_grid: settings.is_many(step),
        is_uncached: step.operator.is_uncached(),
        secrets: secrets(step),
    }
}

/// `name=value`, unless the parameter stays unset.
fn argument(parameter: &Parameter, origin: &Origin) -> Option<String> {
    let name = folded(&parameter.id);
    match origin {
        Origin::Unset => None,
        Origin::Input(input) => Some(format!("{name}={}", given(&parameter.input.kind, &folded(input)))),
        Origin::Output { step, outcome, .. } => Some(format!("{name}={}", result(parameter, step, outcome))),
    }
}

fn given(wanted: &Type, input: &str) -> String {
    if wanted.is_path() {
        format!("{IMPORTED}({input}, {})", quoted(&kind(wanted)))
    } else {
        input.to_owned()
    }
}

fn result(parameter: &Parameter, step: &str, outcome: &Outcome) -> String {
    let output = format!("{step}.outputs[{}]", quoted(&folded(&outcome.id)));
    let is_same = kind(&parameter.input.kind) == kind(&outcome.output.kind);
    if is_same { output } else { format!("{UNTYPED}({output})") }
}

fn secrets(step: &Step) -> Vec<Secret> {
    let secrets = step
        .sources
        .iter()
        .filter(|(parameter, origin)| parameter.input.secret && matches!(origin, Origin::Unset));
    secrets
        .map(|(parameter, _)| Secret {
            operator: step.operator.name.clone(),
            variable: parameter.input.name.clone(),
            required: truth(parameter.input.required),
        })
        .collect()
}
