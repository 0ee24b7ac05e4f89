//! CHAIMELEON: batch applications for `jobman` and interactive ones, after the guide of its image repository.

use std::path::Path;

use serde::Serialize;

use self::interactive::{Application, Interactive, Interface, Parts, trial};
use super::super::parameter::{Parameter, delivered_to, outcomes, parameters};
use super::super::runtime::{self, Packages};
use super::super::variant::{Archive, Choice, SWITCH, Variant};
use super::super::{BuildFile, Operator, Settings, dockerfile, template};
use super::{debian_image, debian_python};
use crate::component::{Component, Input};
use crate::identifier;
use crate::job::GPU;
use crate::language::Language;

mod chart;
mod context;
pub(crate) mod interactive;
mod services;

/// The image of an application.
pub(crate) static VARIANT: Variant = Variant {
    name: "chaimeleon",
    languages: &[Language::Python, Language::R],
    why_no_others: "its images have Python and R",
    working_dir: "/home/chaimeleon",
    base_image,
    python: debian_python,
    python_options: runtime::PYTHON_OPTIONS,
    flavour: gpu_flavour,
    dockerfile: emit,
    files,
    sends: None,
    read_only: Some(|input| place(input) == Some(DATASET)),
    shows_source: |settings| settings.choice("interface") == "jupyter",
    skips_dashes: true,
    archive: Archive::Image,
    check: |_| None,
    choices: &[
        Choice {
            name: "interface",
            help: "what people use it by: the command line, a desktop, a browser or Jupyter",
            default: "batch",
            values: &["batch", "desktop", "browser", "jupyter"],
        },
        Choice {
            name: "url",
            help: "page of the application that the browser opens",
            default: "http://localhost:8080",
            values: &[],
        },
        Choice {
            name: "gpu",
            help: "base image with CUDA",
            default: "none",
            values: &["none", "cuda11", "cuda12"],
        },
        Choice {
            name: "authorization",
            help: "label for sources that are private or not free",
            default: "false",
            values: SWITCH,
        },
    ],
    next,
};

/// Where the platform mounts a dataset; the name is the user's to fill in.
const DATASET: &str = "~/datasets/DATASET_ID/";

/// Where results outlive the job.
const RESULTS: &str = "~/persistent-home/results/";

#[derive(Serialize)]
struct Context<'a> {
    #[serde(flatten)]
    image: dockerfile::Context,
    name: &'a str,
    version: String,
    description: String,
    authorization: bool,
    interpreter: &'static [&'static str],
    interactive: Option<Parts>,
    commands: Vec<String>,
}

/// How the platform tells images with CUDA from those without.
fn gpu_flavour(settings: &Settings) -> &str {
    Some(settings.choice("gpu")).filter(|gpu| *gpu != "none").unwrap_or_default()
}

/// Whether the application asks for a GPU: by its image, or in its job.
fn has_gpu(settings: &Settings) -> bool {
    !gpu_flavour(settings).is_empty() || settings.job.all_limits().contains_key(GPU)
}

fn base_image(component: &Component, settings: &Settings) -> Option<String> {
    match settings.choice("gpu") {
        "cuda11" => Some("nvidia/cuda:11.8.0-runtime-ubuntu22.04".to_owned()),
        "cuda12" => Some("nvidia/cuda:12.4.1-runtime-ubuntu22.04".to_owned()),
        _ => debian_image(component, settings),
    }
}

fn emit(operator: &Operator) -> String {
    let Operator { component, settings } = operator;
    let context = Context {
        image: dockerfile::context(operator),
        name: &component.name,
        version: settings.image.tag(),
        description: template::comment(&component.description),
        authorization: settings.chosen("authorization"),
        interpreter: interpreter(component.language, &settings.base_image),
        interactive: interactive(operator).map(|interactive| interactive.parts()),
        commands: commands(operator),
    };
    template::render("platforms/chaimeleon.Dockerfile", &context)
}

fn files(operator: &Operator) -> Vec<BuildFile> {
    let interactive = interactive(operator);
    interactive.map_or_else(Vec::new, |interactive| [interactive.files(), chart::files(operator)].concat())
}

/// The image with the operator as its application, unless it is one for batch jobs.
fn interactive<'a>(operator: &Operator<'a>) -> Option<Interactive<'a>> {
    let Operator { component, settings } = *operator;
    Some(Interactive {
        interface: Interface::named(settings.choice("interface"))?,
        language: component.language,
        system_python: operator.runtime().packages != Packages::Pip
            || !interpreter(component.language, &settings.base_image).is_empty(),
        url: Some(settings.choice("url")),
        application: Some(Application {
            name: component.name.clone(),
            command: with_results(operator),
            source: format!("{}{}", settings.folder, component.source),
        }),
    })
}

/// The command that runs the operator, with its results where they outlive the container; arguments behind it go first.
fn with_results(operator: &Operator) -> Vec<String> {
    let parameters = parameters(operator.component, operator.settings.logging);
    let folder = RESULTS.replace('~', VARIANT.working_dir);
    operator.command().into_iter().chain(delivered_to(&folder, operator.component, &parameters)).collect()
}

/// The commands that start the application: on the platform, or where an interactive one can be tried.
fn commands(operator: &Operator) -> Vec<String> {
    match interactive(operator) {
        None => submit_commands(operator),
        Some(_) => vec![trial(&operator.settings.image.to_string())],
    }
}

fn next(operator: &Operator, _: Option<&Path>) -> Vec<String> {
    let chart = format!(
        "# its Helm chart is `{}/` of the build context (`--keep-generated-files`); file a request in the Application Catalogue",
        chart::CHART
    );
    let chart = interactive(operator).map(|_| chart);
    commands(operator).into_iter().chain(chart).collect()
}

/// The system packages that bring the interpreter into images of a bare distribution.
pub(crate) fn interpreter(language: Language, base_image: &str) -> &'static [&'static str] {
    let path = base_image.split([':', '@']).next().unwrap_or(base_image);
    let is_bare = ["ubuntu", "debian", "nvidia/cuda"]
        .iter()
        .any(|bare| path == *bare || path.ends_with(&format!("/{bare}")));
    if is_bare { runtime::of(language).debian_packages } else { &[] }
}

/// The commands that start the application, with its parameters as arguments and as variables.
fn submit_commands(operator: &Operator) -> Vec<String> {
    let image = format!("{}:{}", operator.component.name, operator.settings.image.tag());
    let resources = if has_gpu(operator.settings) { " -r small-gpu" } else { "" };
    let values = example_values(operator);
    let joined = |separator: &str, form: fn(&(String, String)) -> String| {
        let words: Vec<_> = values.iter().map(form).collect();
        format!("jobman submit -i {image}{resources} {separator} {}", words.join(" ")).trim_end().to_owned()
    };
    if values.is_empty() {
        return vec![format!("jobman submit -i {image}{resources}")];
    }
    // A shell expands `~` only at the beginning of a word, or behind `=` where a variable could be set.
    let commands = [
        joined("--", |(id, value)| format!("--{id} {value}")),
        joined("-- --", |(id, value)| format!("{id}={value}")),
    ];
    commands.into()
}

/// What a user has to give: required parameters, data, and places for the results.
fn example_values(operator: &Operator) -> Vec<(String, String)> {
    let parameters = parameters(operator.component, operator.settings.logging);
    let results = outcomes(operator.component, &parameters);
    let results = results.into_iter().map(|outcome| (outcome.id, RESULTS.to_owned()));
    // Whoever looks at the platform's jobs would see a secret there.
    let open = parameters.iter().filter(|parameter| !parameter.input.secret);
    open.filter_map(example).chain(results).collect()
}

fn example(parameter: &Parameter) -> Option<(String, String)> {
    let required = || parameter.input.required.then(|| parameter.id.to_uppercase());
    let value = place(&parameter.input).map(ToOwned::to_owned).or_else(required)?;
    Some((parameter.id.clone(), value))
}

/// Where on the platform the path of an input leads, if it is one.
fn place(input: &Input) -> Option<&'static str> {
    let name = identifier::fold(&input.name).to_lowercase();
    let has = |names: &[&str]| name.split('_').any(|word| names.contains(&word));
    if !input.kind.is_path() && !has(&["dir", "directory", "folder", "path", "dataset"]) {
        return None;
    }
    Some(if has(&["output", "out", "result", "results", "target"]) { RESULTS } else { DATASET })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_distributions_get_an_interpreter() {
        for bare in [
            "ubuntu",
            "ubuntu:22.04",
            "docker.io/library/debian:12",
            "nvidia/cuda:12.4.1-runtime-ubuntu22.04",
        ] {
            assert!(!interpreter(Language::Python, bare).is_empty(), "{bare}");
        }
        for full in
            ["python:3.12-slim", "tensorflow/tensorflow:2.3.1-gpu", "me/ubuntu-python:1", "r-base:4.3.2"]
        {
            assert!(interpreter(Language::R, full).is_empty(), "{full}");
        }
    }
}
