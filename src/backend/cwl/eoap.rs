//! OGC application packages: the CWL step in a workflow with the metadata that Earth observation platforms
//! require.

use serde::Serialize;
use serde_json::{Number, Value, json};

use super::{Context, Port, delivered, step};
use crate::artifact::Artifact;
use crate::backend::amounts::MEGABYTE;
use crate::backend::crossing::no_place;
use crate::backend::parameter::one_line;
use crate::backend::{Operator, template};
use crate::component::Type;
use crate::diagnostic::Diagnostic;
use crate::job::{Job, amount};

/// The id of the only step; as it has a `-`, no input or output has the same.
const STEP: &str = "run-operator";

/// The process name that platforms refuse.
const REFUSED: &str = "main";

/// Default of cores, at least and at most.
const CORES: (f64, f64) = (1.0, 1.0);

/// Default of memory, at least and at most, in MiB.
const MEMORY: (f64, f64) = (1024.0, 4096.0);

#[derive(Serialize)]
struct Package {
    id: String,
    tool: String,
    step: &'static str,
    version: String,
    #[serde(flatten)]
    context: Context,
}

/// Writes `<stem>.eoap.cwl`.
#[expect(clippy::unnecessary_wraps, reason = "the signature of every target")]
pub(in crate::backend) fn emit(operator: &Operator) -> Result<Vec<Artifact>, Vec<Diagnostic>> {
    let Operator { component, settings } = operator;
    let name = &component.name;
    let step = step(operator);
    let package = Package {
        id: process(name),
        tool: format!("{name}-tool"),
        step: STEP,
        version: settings.image.version.clone(),
        context: Context {
            description: text_or(Some(step.description), name),
            environment: environment(&settings.job),
            resources: Some(resources(&settings.job)),
            inputs: step.inputs.into_iter().map(described).collect(),
            outputs: step.outputs.into_iter().map(described).map(staged).collect(),
            ..step
        },
    };
    Ok(vec![operator.artifact(".eoap.cwl", &template::render("cwl/package.cwl", &package))])
}

/// The process name of an operator on a platform.
pub(crate) fn process(operator: &str) -> String {
    if operator == REFUSED { format!("{operator}-operator") } else { operator.to_owned() }
}

/// An input or output with the required title and description.
fn described(port: Port) -> Port {
    let words: Vec<_> = port.name.split('_').filter(|word| !word.trim().is_empty()).collect();
    let label = text_or(Some(one_line(&words.join(" "))), &port.id);
    Port { description: Some(text_or(port.description, &label)), label: Some(label), ..port }
}

/// A text, or another if it is empty.
pub(crate) fn text_or(text: Option<String>, other: &str) -> String {
    text.filter(|text| !text.trim().is_empty()).unwrap_or_else(|| other.to_owned())
}

/// An output whose folder is staged out, so it must exist.
fn staged(port: Port) -> Port {
    let is_folder = port.kind == delivered(&Type::Path("Directory".to_owned()));
    Port { kind: if is_folder { json!("Directory") } else { port.kind }, ..port }
}

/// Variables without placeholders of a runner.
fn environment(job: &Job) -> Vec<(String, String)> {
    let all = job.environment.iter().map(|pair| (pair.name.to_string(), pair.value.to_string()));
    all.filter(|(_, value)| arrives(value)).collect()
}

fn arrives(text: &str) -> bool {
    !text.contains("$(") && !text.contains("${")
}

/// The resources that a platform's scheduler needs.
fn resources(job: &Job) -> Value {
    let (cores, most_cores) = range(job, "cpu", 1.0, CORES);
    let (memory, most_memory) = range(job, "memory", MEGABYTE, MEMORY);
    json!({
        "coresMin": number(cores),
        "coresMax": number(most_cores),
        "ramMin": number(memory.ceil()),
        "ramMax": number(most_memory.ceil()),
    })
}

/// The minimum and maximum of a resource; as in Kubernetes, a limit alone is both.
fn range(job: &Job, resource: &str, unit: f64, usual: (f64, f64)) -> (f64, f64) {
    let limit = amount(&job.limits, resource).map(|limit| limit / unit);
    let least = amount(&job.requests, resource).map(|least| least / unit).or(limit).unwrap_or(usual.0);
    (least, limit.unwrap_or(usual.1).max(least))
}

/// A number, as an integer if it is one.
fn number(amount: f64) -> Option<Number> {
    amount.to_string().parse().ok()
}

/// Reports what of the job a package has no place for, and an operator that has nothing to stage out.
pub(in crate::backend) fn review(operator: &Operator) -> Vec<Diagnostic> {
    let job = &operator.settings.job;
    let all = job.requests.iter().chain(&job.limits).map(|pair| pair.name.as_str());
    let other = all.filter(|name| !["cpu", "memory"].contains(name)).map(|name| format!("`{name}`"));
    let filled = job.environment.iter().filter(|pair| !arrives(pair.value.as_str()));
    let filled =
        filled.map(|pair| format!("the variable `{}`, in whose value runners fill in `$(…)`,", pair.name));
    let lost = [
        (job.gpu.is_some(), "the GPUs"),
        (!job.node_selector.is_empty(), "labels of nodes"),
        (!job.tolerations.is_empty(), "tolerations"),
        (job.ca_bundle.is_some(), "the config map of certificates"),
    ];
    let lost = lost.into_iter().filter(|(is_there, _)| *is_there).map(|(_, what)| what.to_owned());
    let warnings = other.chain(filled).chain(lost).map(|what| {
        no_place("eoap", &what, "ask those who run the platform for it, or run the Kubernetes job")
    });
    super::review(operator).into_iter().chain(warnings).chain(unstaged(operator)).collect()
}

fn unstaged(operator: &Operator) -> Option<Diagnostic> {
    let has_folder = operator.component.outputs.iter().any(|output| output.kind.name() == "Directory");
    let message = "no output is a folder, so platforms of Earth observation have nothing to stage out";
    let hint = "mark the one that names the folder of a STAC catalogue with `# c3: output=Directory`";
    (!has_folder).then(|| Diagnostic::note("no-crossing", message).hint(hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(requests: &str, limits: &str) -> Job {
        let list = |text: &str| text.split_whitespace().filter_map(|pair| pair.parse().ok()).collect();
        Job { requests: list(requests), limits: list(limits), ..Job::default() }
    }

    #[test]
    fn maximum_is_never_below_minimum() {
        let cases = [
            ("", "", json!([1, 1, 1024, 4096])),
            ("cpu=500m memory=1G", "", json!([0.5, 1, 954, 4096])),
            ("cpu=3 memory=8Gi", "", json!([3, 3, 8192, 8192])),
            ("", "cpu=2 memory=512Mi", json!([2, 2, 512, 512])),
            ("cpu=1 memory=1Gi", "cpu=1500m memory=2Gi", json!([1, 1.5, 1024, 2048])),
        ];
        for (requests, limits, expected) in cases {
            let found = resources(&job(requests, limits));
            let found = ["coresMin", "coresMax", "ramMin", "ramMax"].map(|name| found[name].clone());
            assert_eq!(json!(found), expected, "{requests} {limits}");
        }
    }

    #[test]
    fn everything_has_a_title() {
        assert_eq!(text_or(Some(" ".to_owned()), "x"), "x");
        assert_eq!(text_or(None, "x"), "x");
    }
}
