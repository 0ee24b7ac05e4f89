//! Snippets: code for a pipeline that gives a task what no component can say, its volumes, secrets and resources.

use std::collections::BTreeMap;

use serde::Serialize;

use super::job::{Job, SecretKey, amounts, place};
use super::kubernetes::is_env_name;
use super::parameter::{Parameter, parameters};
use super::{runtime, template};
use crate::component::Component;
use crate::identifier;

/// A version of the programming interface of Kubeflow Pipelines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kfp {
    /// kfp 1.8.
    V1,
    /// kfp 2.
    V2,
}

#[derive(Serialize)]
struct Context {
    c3: &'static str,
    name: String,
    function: String,
    component: String,
    arguments: &'static str,
    has_placeholders: bool,
    volumes: Vec<Volume>,
    secrets: Vec<Secret>,
    pull_secrets: Vec<String>,
    node_selector: BTreeMap<String, String>,
    requests: BTreeMap<String, String>,
    limits: BTreeMap<String, String>,
}

#[derive(Serialize)]
struct Volume {
    claim: String,
    mounts: Vec<Mount>,
}

#[derive(Serialize)]
struct Mount {
    path: String,
    folder: Option<String>,
    read_only: bool,
}

#[derive(Serialize)]
struct Secret {
    variable: String,
    name: String,
    key: String,
    optional: bool,
}

/// Writes the code for a component whose files are called `stem`. Where no volume or no secret is known, placeholders
/// show how one is given.
#[must_use]
pub fn emit(component: &Component, job: &Job, stem: &str, kfp: Kfp) -> String {
    let (volumes, secrets) = (volumes(component, job), secrets(component, job));
    let context = Context {
        c3: env!("CARGO_PKG_VERSION"),
        name: component.name.clone(),
        function: format!("set_up_{}", identifier::fold(&component.name)),
        component: format!("{stem}.yaml"),
        arguments: if component.inputs.iter().any(|input| input.required && !input.secret) {
            "..."
        } else {
            ""
        },
        has_placeholders: volumes.is_empty() || secrets.is_empty(),
        volumes: if volumes.is_empty() { vec![any_volume(component)] } else { volumes },
        secrets: if secrets.is_empty() { vec![any_secret()] } else { secrets },
        pull_secrets: job.pull_secrets.iter().map(ToString::to_string).collect(),
        node_selector: job.node_labels(),
        requests: amounts(&job.requests),
        limits: job.all_limits(),
    };
    match kfp {
        Kfp::V1 => template::render("snippet/kfp1.py", &context),
        Kfp::V2 => template::render("snippet/kfp2.py", &context),
    }
}

/// The claims, each once with all places where it is mounted.
fn volumes(component: &Component, job: &Job) -> Vec<Volume> {
    let mut volumes: Vec<Volume> = Vec::new();
    for volume in &job.volumes {
        let mount = Mount {
            path: place(volume, runtime::of(component.language)),
            folder: volume.folder().map(ToOwned::to_owned),
            read_only: volume.read_only(),
        };
        match volumes.iter_mut().find(|known| known.claim == volume.claim()) {
            Some(known) => known.mounts.push(mount),
            None => volumes.push(Volume { claim: volume.claim().to_owned(), mounts: vec![mount] }),
        }
    }
    volumes
}

/// The secrets, as the job has them.
fn secrets(component: &Component, job: &Job) -> Vec<Secret> {
    let parameters = parameters(component, false);
    let secrets = parameters.iter().filter(|it| it.input.secret && is_env_name(&it.input.name));
    secrets.map(|parameter| secret(parameter, component, job)).collect()
}

fn secret(parameter: &Parameter, component: &Component, job: &Job) -> Secret {
    let variable = &parameter.input.name;
    let named = job.secret(variable);
    Secret {
        variable: variable.clone(),
        name: named.map_or(component.name.as_str(), SecretKey::name).to_owned(),
        key: named.and_then(SecretKey::key).unwrap_or(variable).to_owned(),
        optional: named.is_none() && !parameter.input.required,
    }
}

fn any_volume(component: &Component) -> Volume {
    let path = format!("{}/<folder>", runtime::of(component.language).working_dir);
    Volume { claim: "<claim>".to_owned(), mounts: vec![Mount { path, folder: None, read_only: false }] }
}

fn any_secret() -> Secret {
    Secret {
        variable: "<variable>".to_owned(),
        name: "<secret>".to_owned(),
        key: "<key>".to_owned(),
        optional: false,
    }
}
