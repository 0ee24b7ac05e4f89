//! Kubernetes: a job to apply unedited.

use std::collections::BTreeMap;

use serde::Serialize;

use super::airflow::PARTS;
use super::claims::{Claim, claims};
use super::parameter::{Parameter, parameters};
use super::surroundings::Surroundings;
use super::{Operator, template, values};
use crate::artifact::Artifact;
use crate::diagnostic::Diagnostic;
use crate::job::{Job, RestartPolicy, SecretKey, amounts};

mod retries;
mod review;

use retries::Retries;
pub(super) use retries::retried;
pub(super) use review::review;

#[derive(Serialize)]
struct Context {
    c3: String,
    source: String,
    name: String,
    generate_name: Option<String>,
    namespace: Option<String>,
    queue: Option<String>,
    /// Whether its pods share the work, so that fewer do the same.
    shares: bool,
    retries: Retries,
    active_deadline: Option<u32>,
    ttl: u32,
    pod: Pod,
    image: String,
    working_dir: &'static str,
    command: Vec<String>,
    args: Vec<String>,
    has_env: bool,
    variables: Vec<Variable>,
}

#[derive(Serialize)]
struct Pod {
    restart_policy: RestartPolicy,
    priority_class: Option<String>,
    shm: Option<String>,
    service_account: Option<String>,
    supplemental_groups: Vec<u32>,
    fs_group: Option<u32>,
    pull_secrets: Vec<String>,
    node_selector: BTreeMap<String, String>,
    requests: BTreeMap<String, String>,
    limits: BTreeMap<String, String>,
    volumes: Vec<Claim>,
    surroundings: Surroundings,
}

#[derive(Serialize)]
struct Variable {
    /// Name in the container's environment.
    env: String,
    description: Option<String>,
    required: bool,
    secret: Option<Secret>,
    /// The pod field that it comes from.
    field: Option<&'static str>,
    value: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Secret {
    /// The secret.
    pub(super) name: String,
    /// The key in it.
    pub(super) key: String,
    /// Whether the pod starts without it.
    pub(super) optional: bool,
}

/// Default of how long a finished job is kept, in seconds.
const TTL: u32 = 86_400;

/// Writes `<stem>.job.yaml`.
pub(super) fn emit(operator: &Operator) -> Result<Vec<Artifact>, Vec<Diagnostic>> {
    let Operator { component, settings } = operator;
    let job = &settings.job;
    let parameters = parameters(component, settings.logging);
    values::check(&parameters, job)?;
    let variables: Vec<Variable> =
        parameters.iter().map(|parameter| variable(parameter, &component.name, job)).collect();
    let context = Context {
        c3: operator.stamp().to_string(),
        source: component.source.clone(),
        name: component.name.clone(),
        // To apply a job of a queue again would suspend it while it runs.
        generate_name: job
            .generate_name
            .unwrap_or(job.queue.is_some())
            .then(|| format!("{}-", component.name)),
        namespace: job.namespace.as_ref().map(ToString::to_string),
        queue: job.queue.as_ref().map(ToString::to_string),
        // Whose part nobody else does can't be left out.
        shares: settings.process.is_some() && parameters.iter().all(|it| it.input.name != PARTS),
        retries: Retries::of(job, settings.process.is_some()),
        active_deadline: job.active_deadline.map(u32::from),
        ttl: job.ttl.map_or(TTL, u32::from),
        pod: pod(operator),
        image: settings.image.to_string(),
        working_dir: operator.working_dir(),
        command: operator.command(),
        args: parameters
            .iter()
            .filter(|parameter| is_set(parameter, job) && !is_env_name(&parameter.input.name))
            .map(|parameter| variable_argument(&parameter.id))
            .collect(),
        has_env: variables.iter().any(|it| it.secret.is_some() || it.field.is_some() || it.value.is_some()),
        variables,
    };
    Ok(vec![operator.artifact(".job.yaml", &template::render("job.yaml", &context))])
}

fn pod(operator: &Operator) -> Pod {
    let job = &operator.settings.job;
    Pod {
        restart_policy: job.restart_policy.unwrap_or(RestartPolicy::Never),
        priority_class: job.priority_class.as_ref().map(ToString::to_string),
        shm: job.shm.as_ref().map(ToString::to_string),
        service_account: job.service_account.as_ref().map(ToString::to_string),
        supplemental_groups: job.supplemental_groups.iter().copied().map(u32::from).collect(),
        fs_group: job.fs_group.map(u32::from),
        pull_secrets: job.pull_secrets.iter().map(ToString::to_string).collect(),
        node_selector: job.node_labels(),
        requests: amounts(&job.requests),
        limits: job.all_limits(),
        volumes: claims(job, operator.runtime()),
        surroundings: Surroundings::of(job).written(literal),
    }
}

fn variable(parameter: &Parameter, operator: &str, job: &Job) -> Variable {
    Variable {
        env: env_name(parameter),
        description: parameter.description(),
        required: parameter.input.required,
        secret: parameter.input.secret.then(|| secret(parameter, operator, job)),
        field: field(parameter, job),
        value: values::of(parameter, job).map(literal),
    }
}

/// Pod fields that have no variable by default, by their usual names.
const FIELDS: &[(&str, &str)] = &[
    ("HOST_IP", "status.hostIP"),
    ("NODE_NAME", "spec.nodeName"),
    ("POD_IP", "status.podIP"),
    ("POD_NAME", "metadata.name"),
    ("POD_NAMESPACE", "metadata.namespace"),
    ("POD_SERVICE_ACCOUNT", "spec.serviceAccountName"),
    ("POD_UID", "metadata.uid"),
];

/// The pod field that an input comes from, unless it has a value.
fn field(parameter: &Parameter, job: &Job) -> Option<&'static str> {
    let name = parameter.input.name.as_str();
    let field = FIELDS.iter().find(|(variable, _)| *variable == name)?.1;
    job.value(name).is_none().then_some(field)
}

/// The secret named by the settings, which must exist; or else one with the operator's name.
pub(super) fn secret(parameter: &Parameter, operator: &str, job: &Job) -> Secret {
    let named = job.secret(&parameter.input.name);
    Secret {
        name: named.map_or(operator, SecretKey::name).to_owned(),
        key: named.and_then(SecretKey::key).map_or_else(|| env_name(parameter), ToOwned::to_owned),
        optional: named.is_none() && !parameter.input.required,
    }
}

pub(super) fn env_name(parameter: &Parameter) -> String {
    variable_name(&parameter.id, &parameter.input.name).to_owned()
}

/// The pod's variable for an input. Kubernetes allows letters, digits and `-._` in its name; any other
/// becomes the input's identifier, which an argument passes on.
#[must_use]
pub fn variable_name<'a>(id: &'a str, name: &'a str) -> &'a str {
    if is_env_name(name) { name } else { id }
}

/// The argument that passes on a variable named like an input's identifier.
#[must_use]
pub fn variable_argument(id: &str) -> String {
    format!("--{id}=$({id})")
}

/// Whether Kubernetes accepts a text as the name of a variable.
pub(super) fn is_env_name(name: &str) -> bool {
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    name.bytes().all(valid)
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && !name.starts_with("..")
}

/// Whether the job gives the parameter a value.
fn is_set(parameter: &Parameter, job: &Job) -> bool {
    parameter.input.secret || values::of(parameter, job).is_some()
}

/// A text escaped for Kubernetes, which would replace `$(NAME)` and halve `$$`.
#[must_use]
pub fn literal(text: &str) -> String {
    text.replace('$', "$$")
}
