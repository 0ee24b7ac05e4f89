//! Submarine: an environment with its kernel, and an experiment that runs the operator in it.

use serde::Serialize;

use super::super::parameter::parameters;
use super::super::variant::{Archive, Choice, SWITCH, Variant};
use super::super::{BuildFile, Operator, dockerfile, install, runtime, template, values};
use super::conda::{Conda, pip_packages};
use super::owned;
use crate::artifact::Artifact;
use crate::diagnostic::Diagnostic;
use crate::language::Language;

mod experiment;

pub(in super::super) use experiment::review;

/// The image of environments: conda with a kernel, Jupyter, and the entry point that activates the kernel.
pub(in super::super) static VARIANT: Variant = Variant {
    name: "submarine",
    languages: &[Language::Python],
    why_no_others: "its frameworks, TensorFlow, PyTorch and XGBoost, and the kernels for them are Python",
    working_dir: "/opt/app-root/src",
    base_image: |_, _| Some("continuumio/miniconda3:23.10.0-1".to_owned()),
    python: kernel_python,
    python_options: "`--image-version`",
    flavour: |_| "",
    dockerfile: image,
    files: |operator| vec![bootstrap(operator)],
    sends: None,
    read_only: None,
    shows_source: |_| false,
    skips_dashes: false,
    archive: Archive::Image,
    check: |_| None,
    choices: &[
        Choice { name: "kernel", help: "name of the kernel, else the operator's", default: "", values: &[] },
        Choice {
            name: "channels",
            help: "channels of conda, separated by commas",
            default: "defaults",
            values: &[],
        },
        Choice { name: "jupyter", help: "Jupyter for notebook sessions", default: "true", values: SWITCH },
        Choice {
            name: "dependencies",
            help: "list the kernel's packages for the server, which installs them anew",
            default: "true",
            values: SWITCH,
        },
    ],
    next: |operator, _| {
        let stem = &operator.settings.stem;
        vec![format!("c3 publish submarine --server URL create {stem}.submarine.yaml")]
    },
};

/// File of the build context with the entry point.
const BOOTSTRAP: &str = "submarine-bootstrap.sh";

#[derive(Serialize)]
struct Context {
    #[serde(flatten)]
    image: dockerfile::Context,
    kernel: String,
    create: Vec<Vec<String>>,
    pip: Vec<Vec<String>>,
    jupyter: bool,
}

#[derive(Serialize)]
struct Bootstrap {
    command: String,
}

/// The specification of an environment, by the names of its fields in Submarine.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Environment {
    name: String,
    docker_image: String,
    kernel_spec: Kernel,
    description: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Kernel {
    name: String,
    channels: Vec<String>,
    conda_dependencies: Vec<String>,
    pip_dependencies: Vec<String>,
}

/// The same in YAML, whose comment holds the record of both.
#[derive(Serialize)]
struct Specification {
    c3: String,
    source: String,
    #[serde(flatten)]
    environment: Environment,
}

/// Writes the specifications of the environment and of an experiment.
pub(in super::super) fn emit(operator: &Operator) -> Result<Vec<Artifact>, Vec<Diagnostic>> {
    values::check(&parameters(operator.component, operator.settings.logging), &operator.settings.job)?;
    let environment = environment(operator);
    let json = serde_json::to_string_pretty(&environment).unwrap_or_default();
    let json = operator.bare_artifact(".submarine.json", format!("{json}\n"));
    let specification = Specification {
        c3: operator.stamp_beside(&json).to_string(),
        source: operator.component.source.clone(),
        environment,
    };
    let yaml = template::render("platforms/submarine.yaml", &specification);
    let experiment = template::render("platforms/submarine.experiment.yaml", &experiment::of(operator));
    Ok(vec![
        operator.artifact(".submarine.yaml", &yaml),
        json,
        operator.artifact(".submarine.experiment.yaml", &experiment),
    ])
}

/// The environment. The server puts channels and packages into a line for a shell as they are, where `numpy>=2` would
/// write a file: they are quoted here.
fn environment(operator: &Operator) -> Environment {
    let listed = operator.settings.chosen("dependencies");
    let only_if = |packages: Vec<String>| if listed { packages } else { Vec::new() };
    let conda = Conda::of(operator);
    let channels = conda.all_channels(operator);
    let conda_packages = [python(operator, &conda), conda.packages].concat();
    let pip_packages = pip_packages(operator);
    let pip_packages = pip_packages.iter().map(|words| shell_words(words).join(" "));
    Environment {
        name: operator.component.name.clone(),
        docker_image: operator.settings.image.to_string(),
        kernel_spec: Kernel {
            name: kernel(operator),
            channels: shell_words(&channels),
            conda_dependencies: only_if(shell_words(&conda_packages)),
            pip_dependencies: only_if(pip_packages.chain(shell_words(&conda.pip)).collect()),
        },
        description: operator.component.description.clone(),
    }
}

/// Words for a shell, quoted where it would make something else of them.
fn shell_words(words: &[String]) -> Vec<String> {
    let is_plain =
        |word: &&String| word.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_.=+,:/@".contains(&it));
    let quoted = |word: &String| template::words(std::slice::from_ref(word)).concat();
    words.iter().map(|word| if is_plain(&word) { word.clone() } else { quoted(word) }).collect()
}

fn kernel(operator: &Operator) -> String {
    match operator.settings.choice("kernel") {
        "" => operator.component.name.clone(),
        name => name.to_owned(),
    }
}

/// The interpreter as a package of conda's, such as `python=3.12`, unless the source names it itself.
fn python(operator: &Operator, conda: &Conda) -> Vec<String> {
    if conda.names_python() {
        return Vec::new();
    }
    let asked = || runtime::python_version(&operator.settings.image_version).map(ToOwned::to_owned);
    let version = conda.python().or_else(asked);
    vec![version.map_or_else(|| "python".to_owned(), |version| format!("python={version}"))]
}

/// The kernel's version of Python, if it is sure.
fn kernel_python(operator: &Operator) -> Option<String> {
    let conda = Conda::of(operator);
    let asked = python(operator, &conda);
    let mut packages = asked.iter().chain(&conda.packages);
    let version = packages.find_map(|package| package.strip_prefix("python="))?;
    let mut parts = version.trim_start_matches('=').split(['.', '=']);
    let version = format!("{}.{}", parts.next()?, parts.next()?);
    runtime::python_version(&version).map(ToOwned::to_owned)
}

fn image(operator: &Operator) -> String {
    let context = Context {
        image: dockerfile::context(operator),
        kernel: kernel(operator),
        create: create(operator),
        pip: install::pip_commands(operator, &|_| None),
        jupyter: operator.settings.chosen("jupyter"),
    };
    template::render("platforms/submarine.Dockerfile", &context)
}

/// The commands that make the kernel.
fn create(operator: &Operator) -> Vec<Vec<String>> {
    let (kernel, conda) = (kernel(operator), Conda::of(operator));
    let channels = conda.all_channels(operator).into_iter().flat_map(|channel| ["-c".to_owned(), channel]);
    let create = owned(&["conda", "create", "-y", "-n", &kernel]).into_iter().chain(channels);
    let create = create.chain(python(operator, &conda)).chain(conda.installed).collect();
    let files = install::conda_commands(operator).into_iter().filter(|command| command[1] == "env");
    let files = files.map(|command| [command, owned(&["-n", &kernel])].concat());
    let clean = owned(&["conda", "clean", "-afy"]);
    std::iter::once(create).chain(files).chain([clean]).collect()
}

fn bootstrap(operator: &Operator) -> BuildFile {
    let command = template::shell(&[operator.command()]);
    let text = template::render("platforms/submarine-bootstrap.sh", &Bootstrap { command });
    BuildFile { path: BOOTSTRAP.to_owned(), content: text.into_bytes() }
}
