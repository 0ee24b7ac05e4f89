//! Argo: a workflow template of one operator, whose grid is a sequence of workers.

use serde_json::{Value, json};

use super::kubernetes::retried;
use super::parameter::{Outcome, Parameter, one_line, outcomes, parameters};
use super::pod::{self, set};
use super::runtime::{SKIPS_UNSET, TEXTS_AS_LINES};
use super::{Operator, manifest, values};
use crate::artifact::Artifact;
use crate::component::Type;
use crate::diagnostic::Diagnostic;
use crate::display;
use crate::job::Job;

/// Where results are delivered in the container, and where files for it are put.
const OUTPUTS: &str = "/tmp/c3/outputs";
// Not beside these: Argo mounts files there, and whatever is above a mount belongs to root.
const INPUTS: &str = "/tmp/c3-inputs";

/// The value for "not given": an input of Argo always has a value.
const NOT_GIVEN: &str = "null";

/// Name of the parameter with the number of a grid's workers.
const WORKERS: &str = "workers";

/// Writes `<stem>.argo.yaml`.
pub(super) fn emit(operator: &Operator) -> Result<Vec<Artifact>, Vec<Diagnostic>> {
    let Operator { component, settings } = operator;
    let parameters = parameters(component, settings.logging);
    values::check(&parameters, &settings.job)?;
    let altered = parameters.iter().filter_map(|parameter| altered_value(parameter, &settings.job));
    let altered: Vec<_> = altered.chain(altered_variables(&settings.job)).collect();
    if !altered.is_empty() {
        return Err(altered);
    }
    let outcomes = outcomes(component, &parameters);
    let open: Vec<_> = parameters.iter().filter(|parameter| !parameter.input.secret).collect();
    let worker = template(operator, &parameters, &outcomes);
    let (entry, templates) = if settings.process.is_some() {
        let name = format!("{}-workers", component.name);
        (name.clone(), vec![workers(&name, operator, &open), worker])
    } else {
        (component.name.clone(), vec![worker])
    };
    let mut spec = json!({"entrypoint": entry, "templates": templates});
    let arguments = arguments(operator, &open);
    set(&mut spec, "arguments", arguments);
    set(&mut spec, "imagePullSecrets", pod::logins(operator));
    let ttl = settings.job.ttl.map(|ttl| json!({"secondsAfterCompletion": u32::from(ttl)}));
    set(&mut spec, "ttlStrategy", json!(ttl));
    let mut metadata = json!({
        "name": component.name,
        "labels": {"app.kubernetes.io/name": component.name, "app.kubernetes.io/managed-by": "c3"},
        "annotations": {"workflows.argoproj.io/description": literal(&one_line(&component.description))},
    });
    set(&mut metadata, "namespace", json!(settings.job.namespace.as_ref().map(ToString::to_string)));
    let document = json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "WorkflowTemplate",
        "metadata": metadata,
        "spec": spec,
    });
    Ok(vec![manifest(operator, ".argo.yaml", "Argo workflow template", &[document])])
}

/// A text in which Argo finds no placeholder.
#[must_use]
pub fn literal(text: &str) -> String {
    text.replace("{{", "{ {")
}

/// Why a text doesn't arrive unchanged.
const ALTERED: &str = "`{{`, `$(` and `$$` are filled in, and control characters end the run";

/// Whether a text arrives unchanged: Argo replaces double braces, the kubelet `$(…)` and `$$`.
fn arrives(text: &str) -> bool {
    let is_filled_in = ["{{", "$(", "$$"].iter().any(|mark| text.contains(mark));
    !is_filled_in && text.chars().all(is_quoted_as_in_json)
}

/// Whether Argo can write a character into a template. It quotes values with Go's `strconv.Quote`, whose `\a`,
/// `\x1b` and `\U000e0067` are not JSON, and fails with `the result was invalid JSON`
/// (`util/template/simple_template.go`).
fn is_quoted_as_in_json(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' | '\u{8}' | '\u{c}' => true,
        '\u{10000}'.. => character.escape_debug().len() == 1,
        _ => !character.is_ascii_control(),
    }
}

/// The default that the template may show.
fn default(parameter: &Parameter) -> Option<&str> {
    parameter.default().filter(|text| arrives(text) && !parameter.input.kind.is_path())
}

/// Reports defaults that Argo or Kubernetes would alter.
pub(super) fn review(operator: &Operator) -> Vec<Diagnostic> {
    let inputs = operator.component.inputs.iter().filter(|input| !input.secret);
    let altered = inputs.filter_map(|input| {
        let default = input.default.as_deref().filter(|text| !arrives(text))?;
        let shown = display::beginning(default, 40);
        let message = format!("Argo can't hold the default `{shown}` of `{}`: {ALTERED}", input.name);
        let hint = "none needed: the template has no default, and without a value the script's own holds";
        Some(Diagnostic::warning("kubeflow-default", message).at(input.span.clone()).hint(hint))
    });
    altered.collect()
}

fn altered_value(parameter: &Parameter, job: &Job) -> Option<Diagnostic> {
    let name = &parameter.input.name;
    job.value(name).filter(|text| !arrives(text)).map(|_| {
        let message = format!("Argo would alter the value of the input `{name}`: {ALTERED}");
        Diagnostic::error("job", message).hint("leave the value out, and have the script read it from a file")
    })
}

/// Rejects variables of the pods with Argo's placeholders; those of Kubernetes can be escaped.
fn altered_variables(job: &Job) -> impl Iterator<Item = Diagnostic> {
    let altered = job.environment.iter().filter(|pair| pair.value.as_str().contains("{{"));
    altered.map(|pair| {
        let message =
            format!("Argo would alter the variable `{}` of the pods: `{{{{` is filled in", pair.name);
        Diagnostic::error("job", message).hint("set it in the script")
    })
}

/// The parameters of the workflow, with their defaults.
fn arguments(operator: &Operator, parameters: &[&Parameter]) -> Value {
    let job = &operator.settings.job;
    // A file has no place here: Argo takes none without saying where it is stored.
    let plain = parameters.iter().filter(|parameter| !parameter.input.kind.is_path());
    let workers = operator.settings.process.is_some().then(|| {
        let count = job.indexed.or(job.parallelism).map_or(1, u32::from);
        json!({"name": WORKERS, "value": count.to_string(), "description": "Workers that share the batches"})
    });
    let plain = plain.map(|parameter| argument(parameter, job.value(&parameter.input.name)));
    let mut arguments = json!({});
    set(&mut arguments, "parameters", plain.chain(workers).collect());
    arguments
}

/// A parameter of the workflow: with the given value, or else its default.
pub(crate) fn argument(parameter: &Parameter, given: Option<&str>) -> Value {
    let mut argument = json!({"name": parameter.id});
    let open = parameter.optional().then_some(NOT_GIVEN);
    set(&mut argument, "value", json!(given.or_else(|| default(parameter)).or(open)));
    set(&mut argument, "description", json!(parameter.description().map(|text| literal(&text))));
    argument
}

/// The template of a pod that runs the operator.
fn template(operator: &Operator, parameters: &[Parameter], outcomes: &[Outcome]) -> Value {
    let Operator { component, settings } = operator;
    let (paths, plain): (Vec<&Parameter>, Vec<&Parameter>) = parameters
        .iter()
        .filter(|parameter| !parameter.input.secret)
        .partition(|parameter| parameter.input.kind.is_path());
    let mut inputs = json!({});
    let plain = plain.into_iter().map(|parameter| {
        let mut input = json!({"name": parameter.id});
        let open = parameter.optional().then(|| default(parameter).unwrap_or(NOT_GIVEN));
        set(&mut input, "default", json!(open));
        input
    });
    set(&mut inputs, "parameters", plain.collect());
    let paths = paths.into_iter().map(|it| {
        let mut artifact = json!({"name": it.id, "path": format!("{INPUTS}/{}", it.id)});
        set(&mut artifact, "optional", json!(it.optional().then_some(true)));
        artifact
    });
    set(&mut inputs, "artifacts", paths.collect());
    let (files, texts): (Vec<&Outcome>, Vec<&Outcome>) =
        outcomes.iter().partition(|outcome| outcome.output.kind.is_path());
    let mut outputs = json!({});
    let texts = texts.iter().map(
        |it| json!({"name": it.id, "valueFrom": {"path": format!("{OUTPUTS}/{}", it.id), "default": ""}}),
    );
    set(&mut outputs, "parameters", texts.collect());
    let files = files
        .iter()
        .map(|it| json!({"name": it.id, "path": format!("{OUTPUTS}/{}", it.id), "optional": true}));
    set(&mut outputs, "artifacts", files.collect());
    let mut template =
        json!({"name": component.name, "container": container(operator, parameters, outcomes)});
    set(&mut template, "inputs", inputs);
    set(&mut template, "outputs", outputs);
    let (limit, codes) = retried(&settings.job, settings.process.is_some());
    let codes: Vec<_> = codes.iter().map(|code| format!("asInt(lastRetry.exitCode) != {code}")).collect();
    template["retryStrategy"] =
        json!({"limit": limit.to_string(), "retryPolicy": "Always", "expression": codes.join(" && ")});
    pod::surround(&mut template, operator);
    template
}

/// The container, its command and what it gets from the cluster.
fn container(operator: &Operator, parameters: &[Parameter], outcomes: &[Outcome]) -> Value {
    let inputs = parameters.iter().filter(|parameter| !parameter.input.secret);
    let inputs = inputs.map(|it| match it.input.kind {
        Type::Path(_) => format!("--{0}={{{{inputs.artifacts.{0}.path}}}}", it.id),
        _ => format!("--{0}={{{{inputs.parameters.{0}}}}}", it.id),
    });
    let outputs = outcomes.iter().map(|outcome| format!("--{0}={OUTPUTS}/{0}", outcome.id));
    let variables = pod::variables(operator, parameters);
    let delivering = [SKIPS_UNSET, TEXTS_AS_LINES].into_iter().filter(|_| !outcomes.is_empty());
    let delivering = delivering.map(|(name, value)| json!({"name": name, "value": value}));
    let mut container = pod::container(operator);
    set(&mut container, "args", inputs.chain(pod::renamed(parameters)).chain(outputs).collect());
    set(&mut container, "env", variables.into_iter().chain(delivering).collect());
    container
}

/// The workers of a grid, side by side.
fn workers(name: &str, operator: &Operator, parameters: &[&Parameter]) -> Value {
    let (paths, plain): (Vec<&&Parameter>, Vec<&&Parameter>) =
        parameters.iter().partition(|parameter| parameter.input.kind.is_path());
    // Parts by index are those of the sequence.
    let value = |it: &Parameter| {
        part(&it.input.name, format!("{{{{workflow.parameters.{WORKERS}}}}}"))
            .unwrap_or_else(|| format!("{{{{workflow.parameters.{}}}}}", it.id))
    };
    let plain = plain.into_iter().map(|it| json!({"name": it.id, "value": value(it)}));
    let mut given = json!({});
    set(&mut given, "parameters", plain.collect());
    let paths: Vec<_> = paths.into_iter().filter(|it| it.input.required).collect();
    let passed =
        paths.iter().map(|it| json!({"name": it.id, "from": format!("{{{{inputs.artifacts.{}}}}}", it.id)}));
    set(&mut given, "artifacts", passed.collect());
    let mut worker = json!({
        "name": "worker",
        "template": operator.component.name,
        "withSequence": {"count": format!("{{{{workflow.parameters.{WORKERS}}}}}")},
    });
    set(&mut worker, "arguments", given);
    let mut workers = json!({"name": name, "steps": [[worker]]});
    let taken: Vec<_> = paths.iter().map(|it| json!({"name": it.id})).collect();
    if !taken.is_empty() {
        workers["inputs"] = json!({"artifacts": taken});
    }
    workers
}

/// The arguments that give a worker of a sequence its part and their number, where each does the part of its
/// index.
#[must_use]
pub fn part(input: &str, workers: String) -> Option<String> {
    match input {
        "gw_part" => Some("{{item}}".to_owned()),
        "gw_parts" => Some(workers),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_text_that_argo_quotes_as_json_is_accepted() {
        for text in ["a\tb\r\nc", "Grüße, 漢字 🎉", "\u{a0}\u{202e}\u{85}", "{ {x}}", "$x"] {
            assert!(arrives(text), "{text:?}");
        }
        for text in ["\u{1b}[1m", "\u{7}", "\u{b}", "\u{7f}", "🏴\u{e0067}", "{{x}}", "$(x)", "$$"] {
            assert!(!arrives(text), "{text:?}");
        }
    }
}
