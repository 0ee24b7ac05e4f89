//! Kubeflow, compiled: the specification of a pipeline, which the back end runs without kfp.

use serde_json::{Map, Value, json};

use super::kubeflow::{folded, holds, is_uncached, kind, ports};
use super::parameter::{Outcome, Parameter, one_line};
use super::{Operator, manifest};
use crate::artifact::Artifact;
use crate::component::Type;
use crate::diagnostic::Diagnostic;
use crate::value;

mod platform;

/// The version of the schema, and of the kfp whose output this matches.
pub(crate) const SCHEMA: &str = "2.1.0";
pub(crate) const SDK: &str = "kfp-2.17.0";

/// Artifact types that Kubeflow knows; any other becomes the generic one.
const KINDS: &[&str] = &[
    "Artifact",
    "ClassificationMetrics",
    "Dataset",
    "HTML",
    "Markdown",
    "Metrics",
    "Model",
    "SlicedClassificationMetrics",
];

/// Writes `<stem>.ir.yaml`.
pub(super) fn emit(operator: &Operator) -> Result<Vec<Artifact>, Vec<Diagnostic>> {
    let Operator { component, settings } = operator;
    let (parameters, outcomes) = ports(operator)?;
    let name = component.name.as_str();
    let is_uncached = is_uncached(&parameters, &outcomes, settings.process.is_some());
    let open: Vec<_> = parameters.iter().filter(|parameter| !parameter.input.secret).collect();
    let task = json!({
        "cachingOptions": if is_uncached { json!({}) } else { json!({"enableCache": true}) },
        "componentRef": {"name": format!("comp-{name}")},
        "inputs": without_empty([
            ("artifacts", sources(&open, true)),
            ("parameters", sources(&open, false)),
        ]),
        "taskInfo": {"name": name},
    });
    let mut executor = json!({
        "image": settings.image.to_string(),
        "command": operator.command(),
        "args": arguments(&parameters, &outcomes),
    });
    platform::extend(&mut executor, operator);
    let all: Vec<_> = parameters.iter().collect();
    let mut root = interface(&open, &outcomes);
    root.insert(
        "dag".to_owned(),
        without_empty([("outputs", results(name, &outcomes)), ("tasks", json!({name: task}))]),
    );
    let mut typed = interface(&all, &outcomes);
    typed.insert("executorLabel".to_owned(), json!(format!("exec-{name}")));
    let description = one_line(&component.description);
    let specification = json!({
        "components": {format!("comp-{name}"): typed},
        "deploymentSpec": {"executors": {format!("exec-{name}"): {"container": executor}}},
        "pipelineInfo": {"name": name, "description": description},
        "root": root,
        "schemaVersion": SCHEMA,
        "sdkVersion": SDK,
    });
    let documents: Vec<_> =
        std::iter::once(specification).chain(platform::of(operator, &parameters)).collect();
    Ok(vec![manifest(operator, ".ir.yaml", "Kubeflow pipeline", &documents)])
}

/// A map without empty values.
fn without_empty<const N: usize>(entries: [(&str, Value); N]) -> Value {
    let is_there = |value: &Value| value.as_object().is_none_or(|entries| !entries.is_empty());
    let entries = entries.into_iter().filter(|(_, value)| is_there(value));
    Value::Object(entries.map(|(name, value)| (name.to_owned(), value)).collect())
}

/// Inputs and outputs with their types.
pub(crate) fn interface(parameters: &[&Parameter], outcomes: &[Outcome]) -> Map<String, Value> {
    let (paths, plain): (Vec<&Parameter>, Vec<&Parameter>) =
        parameters.iter().partition(|parameter| parameter.input.kind.is_path());
    let inputs = without_empty([
        ("artifacts", paths.into_iter().map(|it| (folded(&it.id), artifact(it))).collect()),
        ("parameters", plain.into_iter().map(|it| (folded(&it.id), definition(it))).collect()),
    ]);
    let (paths, plain): (Vec<&Outcome>, Vec<&Outcome>) =
        outcomes.iter().partition(|outcome| outcome.output.kind.is_path());
    let result = |it: &Outcome| json!({"artifactType": artifact_type(&it.output.kind)});
    let number = |it: &Outcome| json!({"parameterType": parameter_type(&it.output.kind)});
    let outputs = without_empty([
        ("artifacts", paths.into_iter().map(|it| (folded(&it.id), result(it))).collect()),
        ("parameters", plain.into_iter().map(|it| (folded(&it.id), number(it))).collect()),
    ]);
    match without_empty([("inputDefinitions", inputs), ("outputDefinitions", outputs)]) {
        Value::Object(entries) => entries,
        _ => Map::new(),
    }
}

/// Whether a task may omit it: a secret comes from the environment.
fn is_optional(parameter: &Parameter) -> bool {
    parameter.optional() || parameter.input.secret
}

fn artifact(parameter: &Parameter) -> Value {
    let mut artifact = json!({"artifactType": artifact_type(&parameter.input.kind)});
    if is_optional(parameter) {
        artifact["isOptional"] = json!(true);
    }
    artifact
}

fn artifact_type(of: &Type) -> Value {
    let name = kind(of);
    let known = KINDS.iter().find(|known| **known == name).unwrap_or(&"Artifact");
    json!({"schemaTitle": format!("system.{known}"), "schemaVersion": "0.0.1"})
}

fn definition(parameter: &Parameter) -> Value {
    let of = &parameter.input.kind;
    let mut definition = json!({"parameterType": parameter_type(of)});
    if is_optional(parameter) {
        definition["isOptional"] = json!(true);
    }
    if let Some(default) = parameter.default().filter(|text| holds(of, text)).and_then(|text| typed(of, text))
    {
        definition["defaultValue"] = default;
    }
    definition
}

fn parameter_type(of: &Type) -> &'static str {
    match of {
        Type::String | Type::Path(_) => "STRING",
        Type::Integer => "NUMBER_INTEGER",
        Type::Float => "NUMBER_DOUBLE",
        Type::Boolean => "BOOLEAN",
        Type::List => "LIST",
        Type::Dict => "STRUCT",
    }
}

/// The value of an input in JSON; none for files.
pub(super) fn typed(of: &Type, text: &str) -> Option<Value> {
    match of {
        Type::String => Some(json!(text)),
        Type::Integer => text.parse::<i64>().ok().map(|value| json!(value)),
        Type::Float => value::float_from_text(text).map(|value| json!(value)),
        Type::Boolean => value::boolean(text).map(|value| json!(value)),
        Type::List | Type::Dict => serde_json::from_str(text).ok(),
        Type::Path(_) => None,
    }
}

/// The sources of a task's inputs: parameters or artifacts of the pipeline.
fn sources(parameters: &[&Parameter], are_artifacts: bool) -> Value {
    let from = if are_artifacts { "componentInputArtifact" } else { "componentInputParameter" };
    let chosen = parameters.iter().filter(|it| it.input.kind.is_path() == are_artifacts);
    chosen.map(|it| folded(&it.id)).map(|name| (name.clone(), json!({from: name}))).collect()
}

/// The outputs of the pipeline, from the results of its task.
fn results(task: &str, outcomes: &[Outcome]) -> Value {
    let (paths, plain): (Vec<&Outcome>, Vec<&Outcome>) =
        outcomes.iter().partition(|outcome| outcome.output.kind.is_path());
    let selected = |it: &Outcome| {
        let name = folded(&it.id);
        let selector = json!({"outputArtifactKey": name, "producerSubtask": task});
        (name, json!({"artifactSelectors": [selector]}))
    };
    let taken = |it: &Outcome| {
        let name = folded(&it.id);
        let value = json!({"outputParameterKey": name, "producerSubtask": task});
        (name, json!({"valueFromParameter": value}))
    };
    without_empty([
        ("artifacts", paths.into_iter().map(selected).collect()),
        ("parameters", plain.into_iter().map(taken).collect()),
    ])
}

/// The command line, as kfp compiles that of a component.
fn arguments(parameters: &[Parameter], outcomes: &[Outcome]) -> Vec<String> {
    let inputs = parameters.iter().flat_map(input_arguments);
    let outputs = outcomes.iter().flat_map(|outcome| {
        let (kind, end) =
            if outcome.output.kind.is_path() { ("artifacts", "path") } else { ("parameters", "output_file") };
        [format!("--{}", outcome.id), format!("{{{{$.outputs.{kind}['{}'].{end}}}}}", folded(&outcome.id))]
    });
    inputs.chain(outputs).chain(["--executor_input".to_owned(), "{{$}}".to_owned()]).collect()
}

fn input_arguments(parameter: &Parameter) -> Vec<String> {
    let (id, name) = (&parameter.id, folded(&parameter.id));
    let value = if parameter.input.kind.is_path() {
        format!("{{{{$.inputs.artifacts['{name}'].path}}}}")
    } else {
        format!("{{{{$.inputs.parameters['{name}']}}}}")
    };
    if is_optional(parameter) {
        let words = format!(r#"["--{id}", "{value}"]"#);
        vec![format!(r#"{{"IfPresent": {{"InputName": "{name}", "Then": {words}}}}}"#)]
    } else {
        vec![format!("--{id}"), value]
    }
}
