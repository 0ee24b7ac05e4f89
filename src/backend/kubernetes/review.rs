//! Checks of job settings: what Kubernetes would refuse, and what would keep the operator from running.

use std::collections::BTreeSet;
use std::path::Path;

use crate::backend::Operator;
use crate::backend::claims::place;
use crate::diagnostic::Diagnostic;
use crate::job::{EnvName, Given, Job, Pair, Quantity, Resource, Volume};
use crate::userinfo::has_userinfo;

/// Problems with the settings of an operator's job, including their combinations.
pub(in crate::backend) fn review(operator: &Operator) -> Vec<Diagnostic> {
    let job = &operator.settings.job;
    let amounts = job.requests.iter().chain(&job.limits).filter_map(amount);
    let requests = job.requests.iter().filter_map(|request| excess(request, job));
    let environment = job.environment.iter().filter_map(|pair| variable(pair, operator));
    amounts.chain(requests).chain(volumes(operator)).chain(environment).collect()
}

/// Rejects variables of pods that are inputs, and passwords, which anybody who sees a job can read.
fn variable(pair: &Pair<EnvName, Given>, operator: &Operator) -> Option<Diagnostic> {
    let (name, value) = (&pair.name, pair.value.as_str());
    if operator.component.inputs.iter().any(|input| input.name == name.as_str()) {
        let message = format!("`{name}` is an input, not only a variable of the pods");
        return Some(error(message).hint(format!("give its value with `--value {name}=VALUE`")));
    }
    has_userinfo(value).then(|| {
        error(format!("the variable `{name}` of the pods has a login in it"))
            .hint("leave the login out: whoever may see the job or a pod could read it")
    })
}

fn error(message: String) -> Diagnostic {
    Diagnostic::error("job", message)
}

/// Rejects amounts that no node has.
fn amount(pair: &Pair<Resource, Quantity>) -> Option<Diagnostic> {
    let Pair { name, value } = pair;
    let of_kubernetes = name.as_str().contains("kubernetes.io/");
    if of_kubernetes {
        let message = format!("`{name}` is not a resource of Kubernetes' own that a job can ask for");
        return Some(error(message).hint("write `cpu`, `memory` or `ephemeral-storage` without a domain"));
    }
    let is_whole = value.amount().fract() == 0.0;
    (name.as_str() != "cpu" && !is_whole).then(|| {
        let example =
            if name.is_native() { "`500Mi`: `m` stands for a thousandth" } else { "a whole number" };
        error(format!("`{value}` of `{name}` is not a whole number")).hint(format!("write {example}"))
    })
}

/// Rejects a request above the limit; resources that can't be overcommitted have one amount.
fn excess(request: &Pair<Resource, Quantity>, job: &Job) -> Option<Diagnostic> {
    let Pair { name, value } = request;
    let limits = job.all_limits();
    let limit = limits.get(name.as_str()).and_then(|limit| limit.parse::<Quantity>().ok());
    if !name.is_native() {
        let is_same = limit.is_some_and(|limit| limit.as_str() == value.as_str());
        return (!is_same).then(|| {
            error(format!("`{name}` can't be requested without the same limit"))
                .hint("set the limit only; it is the request, too")
        });
    }
    let limit = limit.filter(|limit| limit.amount() < value.amount())?;
    let message = format!("the request `{name}={value}` is above the limit `{name}={limit}`");
    Some(error(message).hint("raise the limit or lower the request"))
}

fn volumes(operator: &Operator) -> Vec<Diagnostic> {
    let mut taken = BTreeSet::new();
    let volumes = operator.settings.job.volumes.iter();
    volumes
        .filter_map(|volume| {
            let place = place(volume, operator.runtime());
            let doubt = misplaced(volume, &place, operator);
            doubt.or_else(|| {
                (!taken.insert(place.clone())).then(|| {
                    error(format!("two volumes are mounted at `{place}`")).hint("give each a path of its own")
                })
            })
        })
        .collect()
}

/// Rejects paths with `..`, and mounts that would hide the operator.
fn misplaced(volume: &Volume, place: &str, operator: &Operator) -> Option<Diagnostic> {
    let leads_up = |path: &str| path.split('/').any(|part| part == "..");
    if leads_up(volume.path()) || volume.folder().is_some_and(leads_up) {
        let message = format!("the volume `{volume}` has `..` in a path");
        return Some(error(message).hint("write the path as it is without `..`"));
    }
    let script =
        format!("{}/{}{}", operator.runtime().working_dir, operator.settings.folder, operator.script());
    Path::new(&script).starts_with(place).then(|| {
        let folder = if operator.settings.folder.is_empty() { "" } else { "the folder of " };
        error(format!("a volume mounted at `{place}` would hide {folder}the operator"))
            .hint("mount it at a folder below, such as `data`, or elsewhere, such as `/data`")
    })
}
