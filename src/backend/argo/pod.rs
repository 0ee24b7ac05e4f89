//! Pods of Argo's: the operator's container, and what it gets from the cluster.

use serde_json::{Value, json};

use super::{OUTPUTS, set};
use crate::backend::Operator;
use crate::backend::claims::claims;
use crate::backend::kubernetes::{env_name, handed_on, is_env_name, literal, secret};
use crate::backend::parameter::{Outcome, Parameter};
use crate::backend::runtime::SKIPS_UNSET;
use crate::backend::surroundings::Surroundings;
use crate::component::Type;
use crate::job::{Job, amounts};

/// The container, its command and what it gets from the cluster.
pub(super) fn container(operator: &Operator, parameters: &[Parameter], outcomes: &[Outcome]) -> Value {
    let Operator { component, settings } = operator;
    let job = &settings.job;
    let secrets = parameters.iter().filter(|parameter| parameter.input.secret);
    let secret_variables = secrets.clone().map(|parameter| {
        let secret = secret(parameter, &component.name, job);
        let mut selector = json!({"name": secret.name, "key": secret.key});
        set(&mut selector, "optional", json!(secret.optional.then_some(true)));
        json!({"name": env_name(parameter), "valueFrom": {"secretKeyRef": selector}})
    });
    let surroundings = Surroundings::of(job);
    let own =
        surroundings.environment().iter().map(|(name, value)| json!({"name": name, "value": literal(value)}));
    let unset = (!outcomes.is_empty()).then(|| json!({"name": SKIPS_UNSET.0, "value": SKIPS_UNSET.1}));
    let renamed = secrets.filter(|parameter| !is_env_name(&parameter.input.name));
    let renamed = renamed.map(|parameter| handed_on(&parameter.id));
    let inputs = parameters.iter().filter(|parameter| !parameter.input.secret);
    let inputs = inputs.map(|it| match it.input.kind {
        Type::Path(_) => format!("--{0}={{{{inputs.artifacts.{0}.path}}}}", it.id),
        _ => format!("--{0}={{{{inputs.parameters.{0}}}}}", it.id),
    });
    let outputs = outcomes.iter().map(|outcome| format!("--{0}={OUTPUTS}/{0}", outcome.id));
    let mut container = json!({
        "image": settings.image.to_string(),
        "command": operator.command(),
        "workingDir": operator.working_dir(),
        "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
    });
    set(&mut container, "args", inputs.chain(renamed).chain(outputs).collect());
    set(&mut container, "env", own.chain(secret_variables).chain(unset).collect());
    let mut resources = json!({});
    set(&mut resources, "requests", json!(amounts(&job.requests)));
    set(&mut resources, "limits", json!(job.all_limits()));
    set(&mut container, "resources", resources);
    set(&mut container, "volumeMounts", mounts(operator));
    container
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

/// Where a template's pods run, as whom, and with which volumes: a template that another workflow refers to brings its own.
pub(super) fn surround(template: &mut Value, operator: &Operator) {
    let job = &operator.settings.job;
    set(template, "volumes", volumes(operator));
    set(template, "nodeSelector", json!(job.node_labels()));
    set(template, "tolerations", Value::Array(Surroundings::of(job).taints()));
    set(template, "serviceAccountName", json!(job.service_account.as_ref().map(ToString::to_string)));
    set(template, "priorityClassName", json!(job.priority_class.as_ref().map(ToString::to_string)));
    let mut security = json!({"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}});
    let groups: Vec<_> = job.supplemental_groups.iter().copied().map(u32::from).collect();
    set(&mut security, "supplementalGroups", json!(groups));
    set(&mut security, "fsGroup", json!(job.fs_group.map(u32::from)));
    template["securityContext"] = security;
}

/// What only a workflow as a whole can say.
pub(super) fn settle(spec: &mut Value, job: &Job) {
    let logins = job.pull_secrets.iter().map(|name| json!({"name": name.to_string()}));
    set(spec, "imagePullSecrets", logins.collect());
    set(spec, "ttlStrategy", json!(job.ttl.map(|ttl| json!({"secondsAfterCompletion": u32::from(ttl)}))));
}
