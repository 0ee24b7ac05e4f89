//! Snakemake: a rule that runs the image, and a grid as jobs of one rule.

use serde::Serialize;

use super::amounts::{MEGABYTE, asked, gpus, whole};
use super::crossing::no_place;
use super::parameter::{Outcome, Parameter, one_line, outcomes, parameters};
use super::runtime::{SKIPS_UNSET, TEXTS_AS_FILES};
use super::{Operator, template, values};
use crate::artifact::Artifact;
use crate::component::Type;
use crate::diagnostic::Diagnostic;
use crate::identifier;
use crate::job::Job;

/// The wildcard for the number of a grid's worker.
const WORKER: &str = "{worker}";

/// The configuration key for the number of a grid's workers.
pub(crate) const WORKERS: &str = "workers";

/// The configuration key for files that a rule waits for, besides those it reads.
pub(crate) const AFTER: &str = "c3_after";

/// Names reserved by Snakemake's lists of ports.
const RESERVED: &[&str] = &[
    "append", "clear", "copy", "count", "extend", "get", "insert", "items", "keys", "pop", "remove",
    "reverse", "update", "values",
];

/// The arguments that give each worker its part and their number.
const PARTS: [(&str, &str); 2] =
    [("gw_part", "wildcards.worker"), ("gw_parts", "int(config.get('workers', WORKERS))")];

#[derive(Serialize)]
struct Context {
    c3: String,
    source: String,
    stem: String,
    description: String,
    rule: String,
    /// The example command in the header: the required values.
    example: String,
    cores: String,
    /// The header's line about each value.
    variables: Vec<String>,
    secrets: Vec<Secret>,
    /// Secrets that the rule requires.
    envvars: Vec<String>,
    /// Values chosen when the file was written.
    values: Vec<(String, String)>,
    needed: Vec<String>,
    /// Text inputs: Snakemake converts anything that looks like a number.
    texts: Vec<String>,
    /// Inputs that aren't paths.
    options: Vec<String>,
    paths: Vec<String>,
    /// The outputs by the operator's names.
    delivered: Vec<String>,
    outputs: Vec<Delivered>,
    is_grid: bool,
    workers: u32,
    /// Files that mark the operator, or a worker, as done.
    marks: String,
    /// Options of a worker, as Python f-strings.
    parts: Vec<String>,
    after: &'static str,
    log: String,
    threads: Option<String>,
    resources: Vec<(&'static str, String)>,
    retries: Option<u32>,
    image: String,
    command: String,
}

#[derive(Serialize)]
struct Secret {
    name: String,
    is_required: bool,
}

#[derive(Serialize)]
struct Delivered {
    name: String,
    path: String,
    is_folder: bool,
    is_text: bool,
}

/// Writes `<stem>.smk`.
pub(super) fn emit(operator: &Operator) -> Result<Vec<Artifact>, Vec<Diagnostic>> {
    let Operator { component, settings } = operator;
    let (job, is_grid) = (&settings.job, settings.process.is_some());
    let all = parameters(component, settings.logging);
    values::check(&all, job)?;
    let is_part = |it: &&Parameter| is_grid && PARTS.iter().any(|(name, _)| *name == it.input.name);
    let (parts, open): (Vec<&Parameter>, Vec<&Parameter>) =
        all.iter().filter(|it| !it.input.secret).partition(is_part);
    let ids = |is: fn(&Parameter) -> bool| {
        open.iter().filter(|it| is(it)).map(|it| it.id.clone()).collect::<Vec<_>>()
    };
    let rule = identifier::fold(&component.name);
    let worker = is_grid.then_some(WORKER);
    let outcomes = outcomes(component, &all);
    let outputs: Vec<_> = outcomes.iter().map(|it| delivered(it, &component.name, worker)).collect();
    let workers = job.indexed.or(job.parallelism).map_or(1, u32::from);
    let needed: Vec<_> = open.iter().filter(|it| it.input.required).copied().collect();
    let secrets: Vec<_> = all.iter().filter(|it| it.input.secret).collect();
    let context = Context {
        c3: operator.stamp().to_string(),
        source: component.source.clone(),
        stem: settings.stem.clone(),
        description: one_line(&component.description),
        example: example(&needed),
        cores: threads(job).unwrap_or_else(|| "1".to_owned()),
        variables: open.iter().map(|it| it.about()).collect(),
        secrets: secrets
            .iter()
            .map(|it| Secret { name: it.input.name.clone(), is_required: it.input.required })
            .collect(),
        envvars: secrets.iter().filter(|it| it.input.required).map(|it| it.input.name.clone()).collect(),
        values: open
            .iter()
            .filter_map(|it| Some((it.id.clone(), job.value(&it.input.name)?.to_owned())))
            .collect(),
        needed: needed.iter().map(|it| it.id.clone()).collect(),
        texts: ids(|it| matches!(it.input.kind, Type::String | Type::List | Type::Dict)),
        options: ids(|it| !it.input.kind.is_path()),
        paths: ids(|it| it.input.kind.is_path()),
        delivered: outcomes.iter().map(|it| it.id.clone()).collect(),
        is_grid,
        workers,
        marks: mark(&component.name, &outcomes, worker),
        parts: parts.iter().map(|it| part(it, workers)).collect(),
        after: AFTER,
        log: format!("logs/{}{}.log", component.name, worker.map_or(String::new(), |it| format!("-{it}"))),
        threads: threads(job),
        resources: resources(job),
        retries: job.backoff_limit.map(u32::from).filter(|limit| *limit > 0),
        image: settings.image.for_apptainer(),
        command: command(operator, &all, &outputs),
        outputs,
        rule,
    };
    Ok(vec![operator.artifact(".smk", &template::render("rule.smk", &context))])
}

/// Reports what of a job Snakemake has no place for.
pub(super) fn review(operator: &Operator) -> Vec<Diagnostic> {
    let Operator { component, settings } = operator;
    let job = &settings.job;
    let bind = "bind what they need: `snakemake --apptainer-args '--bind FILE'`";
    let lost = [
        (!job.node_selector.is_empty(), "labels of nodes", "choose a profile of Snakemake"),
        (!job.tolerations.is_empty(), "tolerations", "choose a profile of Snakemake"),
        (job.ca_bundle.is_some(), "the config map of certificates", bind),
    ];
    let lost = lost.into_iter().filter(|(is_there, ..)| *is_there);
    let lost = lost.map(|(_, what, hint)| no_place("snakemake", what, hint));
    let short =
        component.inputs.iter().filter(|input| !input.secret && identifier::fold(&input.name).len() == 1);
    let short = short.map(|input| {
        let message = format!("Snakemake's `--config` takes no name of one letter: `{}`", input.name);
        let note = Diagnostic::note("snakemake-name", message).at(input.span.clone());
        note.hint("give its value in a file, `--configfile values.yaml`, or rename it")
    });
    lost.chain(short).collect()
}

fn example(needed: &[&Parameter]) -> String {
    if needed.is_empty() {
        return String::new();
    }
    let given = needed.iter().map(|it| format!(" {}={}", it.id, it.id.to_uppercase()));
    format!(" --config{}", given.collect::<String>())
}

/// The folder of all outputs.
pub(crate) const RESULTS: &str = "results/";

/// The path of an operator's output; of a grid's, that of one worker.
pub(crate) fn result(operator: &str, outcome: &str, worker: Option<&str>) -> String {
    let of_worker = worker.map(|worker| format!("{worker}/")).unwrap_or_default();
    format!("{RESULTS}{operator}/{of_worker}{outcome}")
}

/// The file that marks an operator as done: its first output, or an empty file.
pub(crate) fn mark(operator: &str, outcomes: &[Outcome], worker: Option<&str>) -> String {
    result(operator, outcomes.first().map_or("done", |first| &first.id), worker)
}

/// The name of an output in a rule.
fn port(id: &str) -> String {
    if RESERVED.contains(&id) { format!("{id}_output") } else { id.to_owned() }
}

/// Where a result is delivered.
fn delivered(outcome: &Outcome, operator: &str, worker: Option<&str>) -> Delivered {
    let kind = &outcome.output.kind;
    Delivered {
        name: port(&outcome.id),
        path: result(operator, &outcome.id, worker),
        is_folder: kind.name() == "Directory",
        is_text: !kind.is_path(),
    }
}

/// A worker's own option, as a Python f-string.
fn part(parameter: &Parameter, workers: u32) -> String {
    let found = PARTS.iter().find(|(name, _)| *name == parameter.input.name);
    let code = found.map(|(_, code)| code.replace("WORKERS", &workers.to_string())).unwrap_or_default();
    format!("--{}={{{code}}}", parameter.id)
}

fn threads(job: &Job) -> Option<String> {
    asked(job, "cpu").map(|cores| whole(cores, 1.0))
}

/// Resources by the names that Snakemake's executors know: megabytes, minutes and numbers.
fn resources(job: &Job) -> Vec<(&'static str, String)> {
    let known = [
        ("mem_mb", asked(job, "memory").map(|bytes| whole(bytes, MEGABYTE))),
        ("disk_mb", asked(job, "ephemeral-storage").map(|bytes| whole(bytes, MEGABYTE))),
        ("gpu", gpus(job)),
        ("runtime", job.active_deadline.map(|seconds| whole(f64::from(u32::from(seconds)), 60.0))),
    ];
    known.into_iter().filter_map(|(name, amount)| Some((name, amount?))).collect()
}

/// The rule's command. Apptainer passes the whole environment on, so variables that happen to have an input's
/// name are dropped. The operator's output goes to the log; a text that is never set is empty.
fn command(operator: &Operator, parameters: &[Parameter], outputs: &[Delivered]) -> String {
    let open = parameters.iter().filter(|it| !it.input.secret);
    let names = open.map(|it| it.input.name.clone()).filter(|name| !name.is_empty() && !name.contains('='));
    let unset: Vec<_> = names.flat_map(|name| ["-u".to_owned(), name]).collect();
    let own = operator.settings.job.environment.iter().map(|pair| format!("{}={}", pair.name, pair.value));
    let run: Vec<_> = own.chain(operator.command()).collect();
    let delivering: &[_] = if outputs.is_empty() { &[] } else { &[SKIPS_UNSET, TEXTS_AS_FILES] };
    let delivering = delivering.iter().map(|(name, value)| format!("{name}={value}"));
    let words = std::iter::once("env".to_owned())
        .chain(quoted(&unset))
        .chain(delivering)
        .chain(quoted(&run))
        .collect::<Vec<_>>()
        .join(" ");
    let folder = operator.working_dir();
    let texts = outputs.iter().filter(|it| it.is_text).map(|it| format!(" {{output.{}:q}}", it.name));
    let texts: String = texts.collect();
    let made = if texts.is_empty() { texts } else { format!(" && touch -a{texts}") };
    format!("(cd {folder} && {words} {{params.options:q}}) > {{log:q}} 2>&1{made}")
}

/// Words for a command of Snakemake, with its braces escaped.
fn quoted(words: &[String]) -> Vec<String> {
    template::words(words).iter().map(|word| word.replace('{', "{{").replace('}', "}}")).collect()
}
