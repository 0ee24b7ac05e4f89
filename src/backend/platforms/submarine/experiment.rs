//! An experiment that runs the operator, in the form of `ExperimentSpec`, and what of a job it has no place for.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::super::amounts::MEGABYTE;
use super::super::super::crossing::no_place;
use super::super::super::kubernetes::{env_name, is_env_name, literal, variable_argument};
use super::super::super::parameter::{Parameter, delivered_to, parameters};
use super::super::super::{Operator, values};
use super::super::conda::{Conda, package_name, pip_packages};
use super::{BOOTSTRAP, kernel};
use crate::diagnostic::Diagnostic;
use crate::job::{Job, Quantity};

/// Where results outlive the pod: below the folder that the server mounts from its volume into each experiment.
const RESULTS: &str = "/logs/results/";

/// The resources that the server reads; it passes over all others.
const RESOURCES: &[&str] = &["cpu", "memory", "nvidia.com/gpu"];

/// Variables that the server sets itself, whatever the experiment says.
const SERVERS: &[&str] = &[
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "JOB_ID",
    "MLFLOW_S3_ENDPOINT_URL",
    "SUBMARINE_TENSORBOARD_LOG_DIR",
    "SUBMARINE_TRACKING_URI",
];

#[derive(Serialize)]
pub(super) struct Experiment {
    c3: String,
    source: String,
    name: String,
    image: String,
    command: String,
    /// Whether the command names places for outputs.
    has_results: bool,
    framework: &'static str,
    role: &'static str,
    resources: String,
    variables: Vec<Variable>,
    /// Names of secrets, which have no place there.
    secrets: Vec<String>,
}

#[derive(Serialize)]
struct Variable {
    name: String,
    description: Option<String>,
    required: bool,
    value: Option<String>,
}

/// The experiment of an operator.
pub(super) fn of(operator: &Operator) -> Experiment {
    let Operator { component, settings } = operator;
    let parameters = parameters(component, settings.logging);
    let (secrets, open): (Vec<_>, Vec<_>) = parameters.iter().partition(|parameter| parameter.input.secret);
    let job = &settings.job;
    let is_shown = |parameter: &&Parameter| parameter.input.required || values::of(parameter, job).is_some();
    let shown: Vec<_> = open.into_iter().filter(is_shown).collect();
    let (framework, role) = framework(operator);
    Experiment {
        c3: operator.stamp().to_string(),
        source: component.source.clone(),
        name: component.name.clone(),
        image: settings.image.to_string(),
        command: command(operator, &shown, &parameters),
        has_results: !component.outputs.is_empty(),
        framework,
        role,
        resources: resources(job),
        secrets: secrets.iter().map(|parameter| parameter.input.name.clone()).collect(),
        variables: shown.into_iter().map(|it| variable(it, job)).chain(surroundings(job)).collect(),
    }
}

fn variable(parameter: &Parameter, job: &Job) -> Variable {
    Variable {
        name: env_name(parameter),
        description: parameter.description(),
        required: parameter.input.required,
        value: values::of(parameter, job).map(literal),
    }
}

/// The variables that the job has beside its inputs.
fn surroundings(job: &Job) -> impl Iterator<Item = Variable> {
    let own = job.environment.iter().map(|pair| (pair.name.to_string(), literal(pair.value.as_str())));
    own.map(|(name, value)| Variable { name, description: None, required: false, value: Some(value) })
}

/// The command, which the server splits at blanks: parameters are variables, whose values may have some.
fn command(operator: &Operator, shown: &[&Parameter], parameters: &[Parameter]) -> String {
    let start = format!("/{BOOTSTRAP} --kernel {}", kernel(operator));
    let renamed = shown.iter().filter(|parameter| !is_env_name(&parameter.input.name));
    let renamed = renamed.map(|parameter| variable_argument(&parameter.id));
    let outputs = delivered_to(RESULTS, operator.component, parameters);
    std::iter::once(start).chain(renamed).chain(outputs).collect::<Vec<_>>().join(" ")
}

/// What a pod gets, in Submarine's form: `cpu=4,memory=8192M,nvidia.com/gpu=1`; what isn't limited is as requested.
fn resources(job: &Job) -> String {
    let mut all =
        BTreeMap::from([("cpu".to_owned(), "1".to_owned()), ("memory".to_owned(), "1Gi".to_owned())]);
    all.extend(job.all_amounts());
    let form = |(name, amount): (String, String)| match name.as_str() {
        "memory" => format!("memory={}M", mebibytes(&amount)),
        _ => format!("{name}={amount}"),
    };
    let known = all.into_iter().filter(|(name, _)| RESOURCES.contains(&name.as_str()));
    known.map(form).collect::<Vec<_>>().join(",")
}

/// An amount of memory in mebibytes, rounded up.
fn mebibytes(amount: &str) -> String {
    let bytes = amount.parse::<Quantity>().map_or(0.0, |quantity| quantity.amount());
    format!("{:.0}", (bytes / MEGABYTE).ceil())
}

/// What runs the experiment, and as what: Submarine has no experiments of no framework.
fn framework(operator: &Operator) -> (&'static str, &'static str) {
    let conda = Conda::of(operator);
    let by_pip = pip_packages(operator).into_iter().filter_map(|words| words.into_iter().next());
    let installed: Vec<_> = by_pip.chain(conda.pip).chain(conda.packages).collect();
    let needs = |name: &str| installed.iter().any(|package| package_name(package) == name);
    match () {
        () if needs("torch") || needs("pytorch") => ("PyTorch", "Master"),
        () if needs("xgboost") || needs("py-xgboost") => ("XGBoost", "Master"),
        () => ("TensorFlow", "Worker"),
    }
}

/// Tells what of a job an experiment has no place for, and which inputs the server gives other values.
pub(in crate::backend) fn review(operator: &Operator) -> Vec<Diagnostic> {
    let Operator { component, settings } = operator;
    let job = &settings.job;
    let unread = job.all_amounts().into_keys().filter(|name| !RESOURCES.contains(&name.as_str()));
    let unread = unread.map(|name| format!("the `{name}`"));
    let others = [
        (!job.node_selector.is_empty(), "labels of nodes"),
        (!job.tolerations.is_empty(), "tolerations"),
        (job.ca_bundle.is_some(), "the config map of certificates"),
    ];
    let others = others.into_iter().filter(|(is_there, _)| *is_there).map(|(_, what)| what.to_owned());
    let lost = unread.chain(others);
    let lost = lost.map(|what| no_place("submarine", &what, "ask those who run the server for it"));
    let taken = component.inputs.iter().filter(|input| SERVERS.contains(&input.name.as_str()));
    let taken = taken.map(|input| {
        let message = format!("the input `{}` doesn't cross to `submarine`: its server sets it", input.name);
        let note = Diagnostic::note("no-crossing", message).hint("read a variable of another name");
        Diagnostic { span: Some(input.span.clone()), covered: true, ..note }
    });
    lost.chain(taken).collect()
}
