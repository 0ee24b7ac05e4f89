//! Pods: what the operator's container gets from the cluster, as Kubernetes' API spells it.

use serde_json::{Value, json};

use super::Operator;
use super::claims::claims;
use super::kubernetes::{self, env_name, is_env_name, secret, variable_argument};
use super::parameter::Parameter;
use super::surroundings::Surroundings;
use crate::job::amounts;

/// Sets an entry unless its value is empty.
pub(crate) fn set(map: &mut Value, name: &str, value: Value) {
    let is_empty = match &value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(entries) => entries.is_empty(),
        _ => false,
    };
    if !is_empty {
        map[name] = value;
    }
}

/// The container, without its name, arguments and variables.
pub(super) fn container(operator: &Operator) -> Value {
    let job = &operator.settings.job;
    let mut container = json!({
        "image": operator.settings.image.to_string(),
        "command": operator.command(),
        "workingDir": operator.working_dir(),
        "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
    });
    let mut resources = json!({});
    set(&mut resources, "requests", json!(amounts(&job.requests)));
    set(&mut resources, "limits", json!(job.all_limits()));
    set(&mut container, "resources", resources);
    set(&mut container, "volumeMounts", mounts(operator));
    container
}

/// The variables of the job, escaped for Kubernetes, and those from secrets.
pub(super) fn variables(operator: &Operator, parameters: &[Parameter]) -> Vec<Value> {
    let Operator { component, settings } = operator;
    let surroundings = Surroundings::of(&settings.job).written(kubernetes::literal);
    let own = surroundings.environment().iter().map(|(name, value)| json!({"name": name, "value": value}));
    let secrets = parameters.iter().filter(|parameter| parameter.input.secret).map(|parameter| {
        let secret = secret(parameter, &component.name, &settings.job);
        let mut selector = json!({"name": secret.name, "key": secret.key});
        set(&mut selector, "optional", json!(secret.optional.then_some(true)));
        json!({"name": env_name(parameter), "valueFrom": {"secretKeyRef": selector}})
    });
    own.chain(secrets).collect()
}

/// The arguments that pass on secrets whose names Kubernetes can't use for variables.
pub(super) fn renamed(parameters: &[Parameter]) -> impl Iterator<Item = String> {
    let secrets = parameters.iter().filter(|it| it.input.secret && !is_env_name(&it.input.name));
    secrets.map(|parameter| variable_argument(&parameter.id))
}

fn mounts(operator: &Operator) -> Value {
    let job = &operator.settings.job;
    let claims = claims(job, operator.runtime());
    let mounts = claims.iter().enumerate().flat_map(|(number, claim)| {
        claim.mounts.iter().map(move |mount| {
            let mut mounted = json!({"name": format!("volume-{}", number + 1), "mountPath": mount.path});
            set(&mut mounted, "subPath", json!(mount.folder));
            set(&mut mounted, "readOnly", json!(mount.read_only.then_some(true)));
            mounted
        })
    });
    let shm = job.shm.as_ref().map(|_| json!({"name": "shm", "mountPath": "/dev/shm"}));
    let bundle = Surroundings::of(job)
        .certificates()
        .map(|(_, folder)| json!({"name": "certificates", "mountPath": folder, "readOnly": true}));
    bundle.into_iter().chain(shm).chain(mounts).collect()
}

fn volumes(operator: &Operator) -> Value {
    let job = &operator.settings.job;
    let claims = claims(job, operator.runtime());
    let volumes = claims.iter().enumerate().map(|(number, claim)| {
        let mut source = json!({"claimName": claim.name});
        set(&mut source, "readOnly", json!(claim.read_only.then_some(true)));
        json!({"name": format!("volume-{}", number + 1), "persistentVolumeClaim": source})
    });
    let shm = job
        .shm
        .as_ref()
        .map(|size| json!({"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": size.to_string()}}));
    let bundle = Surroundings::of(job)
        .certificates()
        .map(|(name, _)| json!({"name": "certificates", "configMap": {"name": name}}));
    bundle.into_iter().chain(shm).chain(volumes).collect()
}

/// Adds node selection, security context and volumes to a pod.
pub(super) fn surround(pod: &mut Value, operator: &Operator) {
    let job = &operator.settings.job;
    set(pod, "volumes", volumes(operator));
    set(pod, "nodeSelector", json!(job.node_labels()));
    set(pod, "tolerations", Value::Array(Surroundings::of(job).taints()));
    set(pod, "serviceAccountName", json!(job.service_account.as_ref().map(ToString::to_string)));
    set(pod, "priorityClassName", json!(job.priority_class.as_ref().map(ToString::to_string)));
    let mut security = json!({"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}});
    let groups: Vec<_> = job.supplemental_groups.iter().copied().map(u32::from).collect();
    set(&mut security, "supplementalGroups", json!(groups));
    set(&mut security, "fsGroup", json!(job.fs_group.map(u32::from)));
    pod["securityContext"] = security;
    set(pod, "activeDeadlineSeconds", json!(job.active_deadline.map(u32::from)));
}

/// The secrets for registry logins.
pub(super) fn logins(operator: &Operator) -> Value {
    let logins = operator.settings.job.pull_secrets.iter();
    logins.map(|name| json!({"name": name.to_string()})).collect()
}
