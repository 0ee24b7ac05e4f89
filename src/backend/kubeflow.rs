//! Kubeflow: a component that kfp 1.8 and kfp 2 load, compile and run.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::parameter::{Outcome, Parameter, one_line, outcomes, parameters};
use super::{Operator, template};
use crate::artifact::Artifact;
use crate::component::Type;
use crate::diagnostic::Diagnostic;
use crate::display;
use crate::job::Job;
use crate::value;

/// The entry point's argument for the executor input of kfp 2.
const EXECUTOR_INPUT: &str = "executor_input";

#[derive(Serialize)]
struct Context {
    c3: String,
    source: String,
    name: String,
    description: String,
    inputs: Vec<Port>,
    outputs: Vec<Port>,
    image: String,
    command: Vec<String>,
    args: Vec<Value>,
}

#[derive(Serialize)]
struct Port {
    id: String,
    kind: String,
    description: Option<String>,
    default: Option<String>,
    optional: bool,
}

/// The inputs and outputs, if Kubeflow can tell their names apart.
pub(super) fn ports(operator: &Operator) -> Result<(Vec<Parameter>, Vec<Outcome>), Vec<Diagnostic>> {
    let Operator { component, settings } = operator;
    let parameters = parameters(component, settings.logging);
    let outcomes = outcomes(component, &parameters);
    let collisions = collisions(&parameters, &outcomes);
    if collisions.is_empty() { Ok((parameters, outcomes)) } else { Err(collisions) }
}

/// Whether Kubeflow's cache must stay off for an operator: its key has no secrets, it skips operators without
/// outputs, and would run one worker of a grid for all.
pub(crate) fn is_uncached(parameters: &[Parameter], outcomes: &[Outcome], is_grid: bool) -> bool {
    is_grid || outcomes.is_empty() || parameters.iter().any(|parameter| parameter.input.secret)
}

/// Writes `<stem>.yaml`.
pub(super) fn emit(operator: &Operator) -> Result<Vec<Artifact>, Vec<Diagnostic>> {
    let component = operator.component;
    let (parameters, outcomes) = ports(operator)?;
    let context = Context {
        c3: operator.stamp().to_string(),
        source: component.source.clone(),
        name: component.name.clone(),
        description: one_line(&component.description),
        args: parameters
            .iter()
            .flat_map(input_arguments)
            .chain(outcomes.iter().flat_map(output_arguments))
            .chain(executor_input())
            .collect(),
        inputs: parameters.iter().map(input).collect(),
        outputs: outcomes.iter().map(output).collect(),
        image: operator.settings.image.to_string(),
        command: operator.command(),
    };
    Ok(vec![operator.artifact(".yaml", &template::render("kubeflow.yaml", &context))])
}

fn input(parameter: &Parameter) -> Port {
    Port {
        id: parameter.id.clone(),
        kind: kind(&parameter.input.kind),
        description: parameter.description(),
        default: parameter.default().filter(|text| holds(&parameter.input.kind, text)).map(ToOwned::to_owned),
        optional: is_optional(parameter),
    }
}

/// Whether Kubeflow can hold a default: its numbers are finite doubles, its artifacts have none, and some
/// texts are altered on their way. Others are left to the source.
pub(crate) fn holds(kind: &Type, text: &str) -> bool {
    match kind {
        Type::Integer => text.parse::<i64>().is_ok_and(|value| value.unsigned_abs() <= 1 << 53),
        Type::Float => value::float_from_text(text).is_some_and(f64::is_finite),
        Type::Path(_) => false,
        Type::String | Type::List | Type::Dict => alteration(text).is_none(),
        Type::Boolean => true,
    }
}

/// Most bytes of a default: all values of a run, and of a task, must stay below 128 KiB together.
const LONGEST: usize = 32 << 10;

/// How Kubeflow alters a default that doesn't arrive unchanged: kfp writes it into a comment of the pipeline,
/// Argo and the launcher replace placeholders, the kubelet expands variables of the container.
fn alteration(text: &str) -> Option<&'static str> {
    let is_variable = |rest: &str| rest.split_once(')').is_some_and(|(name, _)| !name.is_empty());
    let is_line_end = |character| matches!(character, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}');
    if text.contains(is_line_end) {
        Some("a pipeline with a line end in a default compiles to a file that is not YAML")
    } else if has_placeholder(text) {
        Some("Kubeflow takes `{{` for a placeholder, which it fills in or refuses the run for")
    } else if text.contains("$$") {
        Some("Kubernetes makes one dollar of two")
    } else if text.split("$(").skip(1).any(is_variable) {
        Some("Kubernetes fills in `$(…)` as a variable of the container")
    } else if text.len() > LONGEST {
        Some("Kubeflow takes 128 KiB of values in all")
    } else {
        None
    }
}

/// Whether Argo or the launcher takes a part of a text for a placeholder.
fn has_placeholder(text: &str) -> bool {
    const PLACEHOLDERS: &[&str] =
        &["pod.", "workflow.", "inputs.", "outputs.", "item", "tasks.", "steps.", "$", "="];
    let is_placeholder = |rest: &str| PLACEHOLDERS.iter().any(|name| rest.trim_start().starts_with(name));
    text.split("{{").skip(1).any(is_placeholder)
}

/// Reports variables of the job's `environment` that don't arrive as written.
fn filled_in(job: &Job) -> impl Iterator<Item = Diagnostic> {
    let variables = job.environment.iter().filter(|pair| has_placeholder(&pair.value.to_string()));
    variables.map(|pair| {
        let message =
            format!("Kubeflow fills in `{{{{…}}}}` in the variable `{}`, or refuses the run", pair.name);
        Diagnostic::warning("kubeflow-variable", message).hint("set it in the script, or in the base image")
    })
}

/// Reports defaults that stay out of the component and are left to the script.
pub(super) fn review(operator: &Operator) -> Vec<Diagnostic> {
    let inputs = operator.component.inputs.iter().filter(|input| !input.secret && !input.kind.is_path());
    let left_out =
        inputs.filter_map(|input| {
            let default = input.default.as_deref().filter(|text| !holds(&input.kind, text))?;
            let why = alteration(default).unwrap_or("its numbers are doubles");
            let default = display::beginning(default, 40);
            let message = format!("Kubeflow can't hold the default `{default}` of `{}`: {why}", input.name);
            let warning = Diagnostic::warning("kubeflow-default", message).at(input.span.clone());
            Some(warning.hint(
                "none needed: the component has no default, and without a value the script's own holds",
            ))
        });
    left_out.chain(filled_in(&operator.settings.job)).collect()
}

fn output(outcome: &Outcome) -> Port {
    Port {
        id: outcome.id.clone(),
        kind: kind(&outcome.output.kind),
        description: outcome.description(),
        default: None,
        optional: false,
    }
}

/// The Kubeflow type: files and folders become artifacts.
pub(crate) fn kind(kind: &Type) -> String {
    match kind.name() {
        "File" | "Directory" => "Artifact".to_owned(),
        name => name.to_owned(),
    }
}

/// Whether it may be omitted: a secret always may, as the cluster sets it in the environment.
fn is_optional(parameter: &Parameter) -> bool {
    parameter.optional() || parameter.input.secret
}

/// The arguments of an input; an optional one appears only with a value.
fn input_arguments(parameter: &Parameter) -> Vec<Value> {
    let id = &parameter.id;
    let placeholder = if parameter.input.kind.is_path() { "inputPath" } else { "inputValue" };
    let pair = [json!(format!("--{id}")), json!({ placeholder: id })];
    if is_optional(parameter) {
        vec![json!({"if": {"cond": {"isPresent": id}, "then": pair}})]
    } else {
        pair.into()
    }
}

fn output_arguments(outcome: &Outcome) -> [Value; 2] {
    [json!(format!("--{}", outcome.id)), json!({"outputPath": outcome.id})]
}

/// The executor input of kfp 2, for arguments that a back end doesn't pass or resolve, and for files that are
/// optional or delivered. kfp 1.8 leaves the placeholder as it is.
fn executor_input() -> [Value; 2] {
    [json!(format!("--{EXECUTOR_INPUT}")), json!({"executorInput": null})]
}

/// Names that kfp 2 would silently merge, as it normalises them.
fn collisions(parameters: &[Parameter], outcomes: &[Outcome]) -> Vec<Diagnostic> {
    let inputs = parameters.iter().map(|parameter| (&parameter.id, &parameter.input.span));
    let sides = [
        inputs.collect::<Vec<_>>(),
        outcomes.iter().map(|outcome| (&outcome.id, &outcome.output.span)).collect(),
    ];
    let mut found = Vec::new();
    for side in sides {
        let mut taken: BTreeMap<String, &String> = BTreeMap::new();
        for (id, span) in side {
            let folded = folded(id);
            if let Some(other) = taken.insert(folded.clone(), id) {
                let message = format!("Kubeflow would fold `{id}` and `{other}` to one name, `{folded}`");
                let error = Diagnostic::error("kubeflow-name", message).at(span.clone());
                found.push(
                    error.hint("rename one of them, or leave Kubeflow out with `--target kubernetes,cwl`"),
                );
            } else if folded.is_empty() {
                let message = format!("Kubeflow has no name for `{id}`");
                found.push(
                    Diagnostic::error("kubeflow-name", message)
                        .at(span.clone())
                        .hint("use letters and digits"),
                );
            } else if folded == EXECUTOR_INPUT {
                let message =
                    format!("`{id}` is the name by which Kubeflow hands on all that it knows of a task");
                let error = Diagnostic::error("kubeflow-name", message).at(span.clone());
                found.push(error.hint("rename it, or leave Kubeflow out with `--target kubernetes,cwl`"));
            }
        }
    }
    found
}

/// A name as kfp 2 normalises it.
pub(crate) fn folded(id: &str) -> String {
    id.to_lowercase().trim_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warns_about_variables_that_kubeflow_substitutes() {
        let text =
            "environment = { A = \"{{ pod.name }}\", B = \"{{x}} $(HOME) $$\", C = \"a {{$.inputs}}\" }";
        let job: Job = toml::from_str(text).expect("a job");
        let messages: Vec<_> = filled_in(&job).map(|warning| warning.message).collect();
        let told =
            |name| format!("Kubeflow fills in `{{{{…}}}}` in the variable `{name}`, or refuses the run");
        assert_eq!(messages, [told("A"), told("C")]);
    }

    #[test]
    fn long_defaults_are_omitted() {
        assert!(holds(&Type::String, &"x".repeat(LONGEST)));
        assert!(!holds(&Type::String, &"x".repeat(LONGEST + 1)));
    }
}
