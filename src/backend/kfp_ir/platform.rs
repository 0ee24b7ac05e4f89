//! The Kubernetes part of a compiled pipeline: resources, volumes, secrets, nodes.

use serde_json::{Map, Value, json};

use crate::backend::Operator;
use crate::backend::claims::claims;
use crate::backend::kubernetes::{literal, secret};
use crate::backend::parameter::Parameter;
use crate::backend::surroundings::Surroundings;
use crate::job::{Job, Quantity, amounts};

/// Bytes of Kubeflow's gigabyte.
const GIGABYTE: f64 = 1e9;

/// Adds settings that kfp itself has options for to an executor.
pub(super) fn extend(executor: &mut Value, operator: &Operator) {
    let job = &operator.settings.job;
    let resources = resources(job);
    if !resources.is_empty() {
        executor["resources"] = Value::Object(resources);
    }
    // The driver puts them into the pod as they are, so the kubelet fills in `$(NAME)` in them.
    let environment = Surroundings::of(job).written(literal).environment().to_vec();
    if !environment.is_empty() {
        executor["env"] =
            environment.into_iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    }
}

/// CPU and memory as numbers and as written, and one type of accelerator.
fn resources(job: &Job) -> Map<String, Value> {
    let (limits, requests) = (job.all_limits(), amounts(&job.requests));
    let mut resources = Map::new();
    for (side, amounts) in [("Limit", &limits), ("Request", &requests)] {
        for (name, kind, unit) in [("cpu", "Cpu", 1.0), ("memory", "Memory", GIGABYTE)] {
            if let Some(text) = amounts.get(name) {
                let amount = text.parse::<Quantity>().map_or(0.0, |quantity| quantity.amount());
                resources.insert(format!("{name}{side}"), json!(amount / unit));
                resources.insert(format!("resource{kind}{side}"), json!(text));
            }
        }
    }
    if let Some((name, count)) = limits.iter().find(|(name, _)| name.contains('/')) {
        let accelerator = json!({"type": name, "count": count, "resourceType": name, "resourceCount": count});
        resources.insert("accelerator".to_owned(), accelerator);
    }
    resources
}

/// The document with settings of Kubernetes alone, if there are any.
pub(super) fn of(operator: &Operator, parameters: &[Parameter]) -> Option<Value> {
    let job = &operator.settings.job;
    let name = &operator.component.name;
    let constant = |value: &str| json!({"runtimeValue": {"constant": value}});
    let mut settings = Map::new();
    let mut list = |name: &str, values: Vec<Value>| {
        if !values.is_empty() {
            settings.insert(name.to_owned(), Value::Array(values));
        }
    };
    let secrets = parameters.iter().filter(|parameter| parameter.input.secret);
    let secrets = secrets.map(|parameter| {
        let secret = secret(parameter, name, job);
        json!({
            "secretName": secret.name,
            "secretNameParameter": constant(&secret.name),
            "keyToEnv": [{"secretKey": secret.key, "envVar": parameter.input.name}],
            "optional": secret.optional,
        })
    });
    list("secretAsEnv", secrets.collect());
    let mounts = claims(job, operator.runtime());
    let mounts = mounts.iter().flat_map(|claim| {
        claim.mounts.iter().map(|mount| {
            let mut mounted = json!({
                "constant": claim.name,
                "pvcNameParameter": constant(&claim.name),
                "mountPath": mount.path,
            });
            if let Some(folder) = &mount.folder {
                mounted["subPath"] = json!(folder);
            }
            mounted
        })
    });
    list("pvcMount", mounts.collect());
    let logins = job.pull_secrets.iter().map(ToString::to_string);
    let logins = logins.map(|name| json!({"secretName": name, "secretNameParameter": constant(&name)}));
    list("imagePullSecret", logins.collect());
    list("tolerations", Surroundings::of(job).taints());
    if !job.node_selector.is_empty() {
        settings.insert("nodeSelector".to_owned(), json!({"labels": job.node_labels()}));
    }
    let executors = json!({format!("exec-{name}"): settings});
    let is_empty = executors[format!("exec-{name}")] == json!({});
    (!is_empty).then(|| json!({"platforms": {"kubernetes": {"deploymentSpec": {"executors": executors}}}}))
}
