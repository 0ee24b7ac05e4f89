//! Snippets: code for a pipeline that gives a task its volumes, secrets and resources, which no component can
//! hold.

use std::collections::BTreeMap;

use serde::Serialize;

use super::claims::{Claim, claims};
use super::kubernetes::{is_env_name, literal};
use super::parameter::{Parameter, parameters};
use super::runtime::Runtime;
use super::surroundings::Surroundings;
use super::{runtime, template};
use crate::component::Component;
use crate::identifier;
use crate::job::{Job, SecretKey, amounts};

/// A version of the Kubeflow Pipelines SDK.
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
    is_uncached: bool,
    volumes: Vec<Claim>,
    secrets: Vec<Secret>,
    pull_secrets: Vec<String>,
    node_selector: BTreeMap<String, String>,
    requests: BTreeMap<String, String>,
    limits: BTreeMap<String, String>,
    surroundings: Surroundings,
}

#[derive(Serialize)]
struct Secret {
    variable: String,
    name: String,
    key: String,
    optional: bool,
}

/// Writes the code for a component whose files have this stem. Without a known volume or secret, placeholders
/// show how to add one.
#[must_use]
pub fn emit(component: &Component, job: &Job, stem: &str, kfp: Kfp) -> String {
    let runtime = runtime::of(component.language);
    let (volumes, secrets) = (claims(job, runtime), secrets(component, job));
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
        is_uncached: component.outputs.is_empty() || component.inputs.iter().any(|input| input.secret),
        has_placeholders: volumes.is_empty() || secrets.is_empty(),
        volumes: if volumes.is_empty() { vec![any_claim(runtime)] } else { volumes },
        secrets: if secrets.is_empty() { vec![any_secret()] } else { secrets },
        pull_secrets: job.pull_secrets.iter().map(ToString::to_string).collect(),
        node_selector: job.node_labels(),
        requests: amounts(&job.requests),
        limits: job.all_limits(),
        surroundings: Surroundings::of(job).written(literal),
    };
    match kfp {
        Kfp::V1 => template::render("snippet/kfp1.py", &context),
        Kfp::V2 => template::render("snippet/kfp2.py", &context),
    }
}

/// The secrets, named as in the job.
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

fn any_claim(runtime: &Runtime) -> Claim {
    Claim::new("<claim>", format!("{}/<folder>", runtime.working_dir))
}

fn any_secret() -> Secret {
    Secret {
        variable: "<variable>".to_owned(),
        name: "<secret>".to_owned(),
        key: "<key>".to_owned(),
        optional: false,
    }
}
