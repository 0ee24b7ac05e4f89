//! The commands that run an operator on each engine.

use std::borrow::Cow;

use serde::Serialize;

use super::{Operator, file_name, masked};
use crate::backend::cwl::eoap::process;
use crate::backend::template::quoted;
use crate::component::{Input, Type};
use crate::identifier;

/// A way to run an operator.
#[derive(Debug, Serialize)]
pub(super) struct Way {
    title: &'static str,
    note: Option<&'static str>,
    code: String,
}

/// The ways to run an operator and its targets.
pub(super) fn ways(operator: &Operator) -> Vec<Way> {
    let way = |title, note, code: String| Way { title, note, code: masked::text(&code) };
    let source = word(&operator.path);
    let mut ways = vec![way(
        "On this machine",
        Some(
            "Builds the image where something has changed, and runs it; with --no-engine it needs no container.",
        ),
        format!("c3 run {source}{}", arguments(operator, |input| input.name.clone(), true)),
    )];
    ways.push(way("Docker or Podman", files_note(operator), docker(operator)));
    for target in &operator.targets {
        match *target {
            "kubeflow" => ways.push(way("Kubeflow Pipelines", None, kubeflow(operator))),
            "kubernetes" => ways.push(way("Kubernetes", values_note(operator), kubernetes(operator))),
            "cwl" => {
                let arguments = arguments(operator, |input| identifier::fold(&input.name), true);
                let code = format!("cwltool {}{arguments}", word(&beside(operator, ".cwl")));
                ways.push(way("CWL", None, code));
            }
            "eoap" => ways.push(way("OGC application package", None, package(operator))),
            "kfp-ir" => {
                let file = word(&beside(operator, ".ir.yaml")).into_owned();
                let code = format!("kfp pipeline create -p {} {file}", operator.component.name);
                ways.push(way("Kubeflow Pipelines, compiled", None, code));
            }
            "argo" => ways.push(way("Argo Workflows", None, argo(operator))),
            "slurm" => {
                let arguments = arguments(operator, |input| input.name.clone(), false);
                let code = format!("sbatch {}{arguments}", word(&beside(operator, ".sbatch")));
                ways.push(way("Slurm", None, code));
            }
            "airflow" => ways.push(way("Airflow", None, airflow(operator))),
            "snakemake" => ways.push(way("Snakemake", None, snakemake(operator))),
            _ => {}
        }
    }
    ways
}

fn files_note(operator: &Operator) -> Option<&'static str> {
    let has_files = operator.component.inputs.iter().any(|input| input.kind.is_path());
    has_files.then_some("Files have to be mounted into the container; c3 run does that by itself.")
}

fn values_note(operator: &Operator) -> Option<&'static str> {
    let needs_values = operator.component.inputs.iter().any(|input| input.required && !input.secret);
    needs_values.then_some("The first line writes the values of required inputs into the job.")
}

fn docker(operator: &Operator) -> String {
    let secrets = operator.component.inputs.iter().filter(|input| input.secret && input.required);
    let secrets: String = secrets.map(|input| format!(" -e {}", word(&input.name))).collect();
    let arguments = arguments(operator, |input| input.name.clone(), false);
    format!("docker run --rm{secrets} {}{arguments}", word(&operator.image.to_string()))
}

fn kubeflow(operator: &Operator) -> String {
    let name = identifier::fold(&operator.component.name);
    let file = quoted(&beside(operator, ".yaml"));
    format!("from kfp import components\n\n{name} = components.load_component_from_file({file})")
}

fn kubernetes(operator: &Operator) -> String {
    let needed = needed(operator);
    let values: String =
        needed.map(|input| format!(" --value {}={}", word(&input.name), value(input))).collect();
    let first = if values.is_empty() {
        String::new()
    } else {
        format!("c3 compile{values} {}\n", word(&operator.path))
    };
    format!("{first}kubectl apply -f {}", word(&beside(operator, ".job.yaml")))
}

fn package(operator: &Operator) -> String {
    let arguments = arguments(operator, |input| identifier::fold(&input.name), true);
    let process = process(&operator.component.name);
    format!("cwltool {}{arguments}", word(&format!("{}#{process}", beside(operator, ".eoap.cwl"))))
}

fn argo(operator: &Operator) -> String {
    let needed = needed(operator);
    let plain = needed.filter(|input| !input.kind.is_path());
    let values: String =
        plain.map(|input| format!(" -p {}={}", identifier::fold(&input.name), value(input))).collect();
    let file = beside(operator, ".argo.yaml");
    let name = &operator.component.name;
    format!("kubectl apply -f {}\nargo submit --from workflowtemplate/{name}{values}", word(&file))
}

fn snakemake(operator: &Operator) -> String {
    let needed = needed(operator);
    let values: String =
        needed.map(|input| format!(" {}={}", identifier::fold(&input.name), value(input))).collect();
    let given = if values.is_empty() { String::new() } else { format!(" --config{values}") };
    let file = beside(operator, ".smk");
    format!("snakemake --snakefile {} --cores 1 --software-deployment-method apptainer{given}", word(&file))
}

fn airflow(operator: &Operator) -> String {
    let json = |input: &Input| match input.kind {
        Type::String | Type::Path(_) => quoted(&value(input)),
        _ => value(input),
    };
    let values: Vec<_> = needed(operator)
        .map(|input| format!("{}: {}", quoted(&identifier::fold(&input.name)), json(input)))
        .collect();
    let given = if values.is_empty() {
        String::new()
    } else {
        format!(" --conf {}", word(&format!("{{{}}}", values.join(", "))))
    };
    let file = beside(operator, ".airflow.py");
    format!(
        "cp {} \"$AIRFLOW_HOME/dags\"\nairflow dags trigger {}{given}",
        word(&file),
        operator.component.name
    )
}

/// The required inputs, except secrets.
fn needed(operator: &Operator) -> impl Iterator<Item = &Input> {
    operator.component.inputs.iter().filter(|input| input.required && !input.secret)
}

/// A file beside the source.
fn beside(operator: &Operator, suffix: &str) -> String {
    let name = file_name(&operator.path);
    let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
    let folder = operator.path.strip_suffix(&name).unwrap_or_default();
    format!("{folder}{stem}{suffix}")
}

/// The required inputs as words of a command line.
fn arguments(operator: &Operator, spelling: impl Fn(&Input) -> String, with_secrets: bool) -> String {
    let needed = operator.component.inputs.iter().filter(|input| input.required);
    let needed = needed.filter(|input| with_secrets || !input.secret);
    needed.map(|input| format!(" --{} {}", word(&spelling(input)), value(input))).collect()
}

/// A placeholder for a value.
fn value(input: &Input) -> String {
    identifier::fold(&input.name).to_uppercase()
}

/// A word quoted for a shell.
fn word(text: &str) -> Cow<'_, str> {
    shlex::try_quote(text).unwrap_or_else(|_| text.replace('\0', "").into())
}
