//! Airflow: a DAG whose task runs the operator in a pod, or a grid's workers in a pod each.

use serde::Serialize;
use serde_json::{Value, json};

use super::claims::claims;
use super::crossing::no_place;
use super::kfp_ir::typed;
use super::kubernetes::{Secret, secret};
use super::parameter::{Outcome, Parameter, one_line, outcomes, parameters};
use super::pod::{self, set};
use super::runtime::{COLLECTED, SKIPS_UNSET, TEXTS_AS_FILES};
use super::{Operator, python, template, values};
use crate::artifact::Artifact;
use crate::component::Type;
use crate::diagnostic::Diagnostic;
use crate::job::{Job, RestartPolicy};

/// The file whose content Airflow's sidecar returns as the task's value.
const XCOM: &str = "/airflow/xcom/return.json";

/// Where texts are delivered in the container.
const TEXTS: &str = "/tmp/c3/outputs";

/// The entry point's name for the index of a grid's worker, which it takes from a variable of the pod, and
/// for their number.
pub(crate) const PART: &str = "gw_part";
pub(crate) const PARTS: &str = "gw_parts";

#[derive(Serialize)]
struct Context {
    c3: String,
    source: String,
    description: String,
    name: String,
    /// The secrets of the cluster that the pod takes, for people.
    secrets: Vec<String>,
    /// Entries of a Python dict: names and calls of `Param`.
    params: Vec<(String, String)>,
    inputs: String,
    arguments: String,
    /// The outputs that are files and folders, and where they are delivered.
    files: String,
    /// The writable claim that they are delivered to, as a dict of Python's.
    place: Option<String>,
    pod: String,
    has_texts: bool,
    /// Settings of the task.
    settings: Vec<(&'static str, u32)>,
    /// Workers, where there are many.
    workers: Option<u32>,
    /// Whether each worker gets the number of workers.
    has_parts: bool,
}

/// Writes `<stem>.airflow.py`.
pub(super) fn emit(operator: &Operator) -> Result<Vec<Artifact>, Vec<Diagnostic>> {
    let Operator { component, settings } = operator;
    let job = &settings.job;
    let parameters = parameters(component, settings.logging);
    values::check(&parameters, job)?;
    let outcomes = outcomes(component, &parameters);
    let is_grid = settings.process.is_some();
    let open: Vec<_> = parameters.iter().filter(|it| !it.input.secret).collect();
    let has_parts = is_grid && open.iter().any(|it| it.input.name == PARTS);
    let is_asked = |it: &&&Parameter| !(is_grid && [PART, PARTS].contains(&it.input.name.as_str()));
    let inputs = open.iter().filter(|it| !(is_grid && it.input.name == PART));
    let (files, texts): (Vec<&Outcome>, Vec<&Outcome>) =
        outcomes.iter().partition(|it| it.output.kind.is_path());
    let place = place(operator);
    let files: Vec<_> = files.iter().filter(|_| place.is_some()).map(|it| it.id.clone()).collect();
    let secrets = parameters.iter().filter(|it| it.input.secret);
    let workers = job.indexed.or(job.parallelism).map(u32::from);
    let context = Context {
        c3: operator.stamp().to_string(),
        source: component.source.clone(),
        description: one_line(&component.description),
        name: component.name.clone(),
        secrets: secrets.map(|it| secret_entry(it, &secret(it, &component.name, job))).collect(),
        params: open
            .iter()
            .filter(is_asked)
            .map(|it| (it.id.clone(), param(it, values::of(it, job))))
            .collect(),
        inputs: template::list(inputs.map(|it| it.id.clone())),
        place: place.filter(|_| !files.is_empty()).map(|place| python::flat(&place)),
        files: template::list(files),
        arguments: python::block(&arguments(&parameters, &texts), 0),
        pod: python::block(&pod(operator, &parameters, &texts, !outcomes.is_empty()), 0),
        has_texts: !texts.is_empty(),
        settings: task(job),
        workers: (is_grid || job.indexed.is_some()).then(|| workers.unwrap_or(1)),
        has_parts,
    };
    Ok(vec![operator.artifact(".airflow.py", &template::render("dag.py", &context))])
}

/// Reports what Airflow has no place for.
pub(super) fn review(operator: &Operator) -> Vec<Diagnostic> {
    let Operator { component, settings } = operator;
    let job = &settings.job;
    let lost = [
        (job.ttl.is_some(), "the time that a finished job is kept", "Airflow removes pods that have ended"),
        (job.max_failed_indexes.is_some(), "failures that are allowed", "give the task a `trigger_rule`"),
        (job.restart_policy == Some(RestartPolicy::OnFailure), "restarts in the pod", "set `backoff-limit`"),
    ];
    let lost = lost.into_iter().filter(|(is_there, ..)| *is_there);
    let lost = lost.map(|(_, what, hint)| no_place("airflow", what, hint));
    let files = component.outputs.iter().filter(|it| it.kind.is_path() && place(operator).is_none());
    let files = files.map(|output| {
        let message = format!(
            "the output `{}` doesn't cross to `airflow`: it is a file, and no claim holds it",
            output.name
        );
        let note = Diagnostic::note("no-crossing", message)
            .hint("name a claim that pods may write to: `--volume CLAIM:PATH`");
        Diagnostic { span: Some(output.span.clone()).filter(|span| !span.is_empty()), covered: true, ..note }
    });
    lost.chain(files).collect()
}

/// The first place that the pod can write to and that outlives it.
fn place(operator: &Operator) -> Option<Value> {
    let claims = claims(&operator.settings.job, operator.runtime());
    claims.iter().find_map(|claim| {
        let mount = claim.mounts.iter().find(|mount| !mount.read_only)?;
        Some(json!({"claim": claim.name, "folder": mount.folder, "path": mount.path}))
    })
}

fn secret_entry(parameter: &Parameter, secret: &Secret) -> String {
    let needed = if secret.optional { "" } else { ", required" };
    format!("{}: key `{}` of the secret `{}`{needed}", parameter.input.name, secret.key, secret.name)
}

/// A field of the form, as a call of Python: with the given value, or else the default.
pub(crate) fn param(parameter: &Parameter, value: Option<&str>) -> String {
    let kind = &parameter.input.kind;
    let default = value.filter(|_| !parameter.input.secret).and_then(|text| match kind {
        Type::Path(_) if parameter.default() == Some(text) => None,
        Type::Path(_) => Some(json!(text)),
        _ => typed(kind, text),
    });
    let schema = match kind {
        Type::Integer => "integer",
        Type::Float => "number",
        Type::Boolean => "boolean",
        Type::List => "array",
        Type::Dict => "object",
        Type::String | Type::Path(_) => "string",
    };
    let schema = if parameter.optional() { json!(["null", schema]) } else { json!(schema) };
    let is_long = default.as_ref().and_then(Value::as_str).is_some_and(|text| text.contains('\n'));
    let written =
        default.as_ref().map(python::flat).or_else(|| parameter.optional().then(|| "None".to_owned()));
    let about = parameter.description().map(|text| format!("description={}", template::quoted(&text)));
    let words = [
        written,
        Some(format!("type={}", python::flat(&schema))),
        is_long.then(|| "format=\"multiline\"".to_owned()),
        about,
    ];
    format!("Param({})", words.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

/// Settings of the task that aren't the pod's.
fn task(job: &Job) -> Vec<(&'static str, u32)> {
    let parallel = job.parallelism.filter(|_| job.indexed.is_some());
    let known = [
        ("retries", job.backoff_limit.map(u32::from)),
        ("max_active_tis_per_dagrun", parallel.map(u32::from)),
    ];
    known.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// The arguments that the operator always gets.
fn arguments(parameters: &[Parameter], texts: &[&Outcome]) -> Value {
    let outputs = texts.iter().map(|it| format!("--{0}={TEXTS}/{0}", it.id));
    pod::renamed(parameters).chain(outputs).collect()
}

/// The pod, except for the arguments of its container.
fn pod(operator: &Operator, parameters: &[Parameter], texts: &[&Outcome], delivers: bool) -> Value {
    let Operator { component, settings } = operator;
    let job = &settings.job;
    let mut container = pod::container(operator);
    container["name"] = json!("base");
    // Airflow's sidecar has a user of its own.
    container["securityContext"]["runAsNonRoot"] = json!(true);
    let delivering =
        [(SKIPS_UNSET, delivers), (TEXTS_AS_FILES, delivers), ((COLLECTED, XCOM), !texts.is_empty())];
    let delivering = delivering.into_iter().filter(|(_, is_there)| *is_there);
    let delivering = delivering.map(|((name, value), _)| json!({"name": name, "value": value}));
    let variables = pod::variables(operator, parameters).into_iter().chain(delivering);
    set(&mut container, "env", variables.collect());
    let mut spec = json!({"containers": [container], "restartPolicy": "Never"});
    pod::surround(&mut spec, operator);
    if let Some(security) = spec["securityContext"].as_object_mut() {
        security.remove("runAsNonRoot");
    }
    set(&mut spec, "imagePullSecrets", pod::logins(operator));
    let mut labels = json!({"app.kubernetes.io/name": component.name, "app.kubernetes.io/managed-by": "c3"});
    set(&mut labels, "kueue.x-k8s.io/queue-name", json!(job.queue.as_ref().map(ToString::to_string)));
    let mut metadata = json!({"name": component.name, "labels": labels});
    set(&mut metadata, "namespace", json!(job.namespace.as_ref().map(ToString::to_string)));
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
}
