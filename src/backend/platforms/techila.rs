//! Techila: the image as the file of a container, and the program that starts its jobs.

use std::path::Path;

use serde::Serialize;

use super::super::containerless::OPERATOR;
use super::super::parameter::{Parameter, outcomes, parameters};
use super::super::variant::{Archive, Choice, SWITCH, Variant};
use super::super::{Operator, dockerfile, install, prelude, runtime, template};
use super::{debian_image, debian_python};
use crate::artifact::Artifact;
use crate::diagnostic::Diagnostic;
use crate::language::Language;
use crate::value;

/// The image whose container the workers run.
pub(in super::super) static VARIANT: Variant = Variant {
    name: "techila",
    languages: &[Language::Python],
    why_no_others: "the SDK sends a function of Python to the workers",
    working_dir: "/opt/app-root/src",
    base_image: debian_image,
    python: debian_python,
    python_options: runtime::PYTHON_OPTIONS,
    flavour: |_| "",
    dockerfile: image,
    files: |_| Vec::new(),
    sends: Some(ZIP),
    read_only: None,
    shows_source: |_| false,
    skips_dashes: false,
    archive: Archive::Container,
    check: |_| None,
    choices: &[
        Choice {
            name: "python",
            help: "path of the interpreter in the base image, as `which python3` tells it",
            default: "/usr/local/bin/python3",
            values: &[],
        },
        Choice {
            name: "packages",
            help: "packages that are sent beside the container, separated by commas",
            default: "",
            values: &[],
        },
        Choice {
            name: "development",
            help: "Dockerfile of a container in which the SDK runs",
            default: "false",
            values: SWITCH,
        },
    ],
    next,
};

/// How the name of the zip of the operator's files ends.
const ZIP: &str = ".techila.zip";

/// The file that the guide exports a container to.
const CONTAINER: &str = "container.tar";

#[derive(Serialize)]
struct Context<'a> {
    #[serde(flatten)]
    image: dockerfile::Context,
    python: &'a str,
    install: Vec<Vec<String>>,
}

/// What the launcher is filled with: literals of Python.
#[derive(Serialize)]
struct Launcher {
    c3: String,
    source: String,
    title: String,
    name: String,
    container: String,
    python: String,
    zip: String,
    operator: String,
    entry: String,
    packages: String,
    parameters: String,
    sent: String,
    outputs: String,
    truths: String,
    process: Option<Process>,
}

#[derive(Serialize)]
struct Process {
    script: String,
    name: String,
    interface: Vec<String>,
}

#[derive(Serialize)]
struct Development<'a> {
    c3: String,
    source: &'a str,
    image: &'a str,
    python: &'a str,
}

fn image(operator: &Operator) -> String {
    let python = operator.settings.choice("python");
    let mut install = install::commands(operator);
    for word in install.iter_mut().filter_map(|command| command.first_mut()).filter(|word| *word == "python")
    {
        python.clone_into(word);
    }
    template::render(
        "platforms/techila.Dockerfile",
        &Context { image: dockerfile::context(operator), python, install },
    )
}

/// Writes the launcher, and the Dockerfile of the development container if asked for.
#[expect(clippy::unnecessary_wraps, reason = "the signature of every target")]
pub(in super::super) fn emit(operator: &Operator) -> Result<Vec<Artifact>, Vec<Diagnostic>> {
    let settings = operator.settings;
    let launcher = template::render("platforms/techila.py", &launcher(operator));
    let development = settings.chosen("development").then(|| {
        let context = Development {
            c3: operator.stamp().to_string(),
            source: &operator.component.source,
            image: &settings.image.to_string(),
            python: settings.choice("python"),
        };
        let text = template::render("platforms/techila.dev.Dockerfile", &context);
        operator.artifact(".techila.dev.Dockerfile", &text)
    });
    let launcher = operator.artifact(".techila.py", &launcher);
    Ok(std::iter::once(launcher).chain(development).chain(settings.sent.clone()).collect())
}

fn launcher(operator: &Operator) -> Launcher {
    let Operator { component, settings } = operator;
    let parameters = parameters(component, settings.logging);
    let outputs = outcomes(component, &parameters).into_iter().map(|outcome| outcome.id).collect::<Vec<_>>();
    let ids = || parameters.iter().map(|parameter| parameter.id.clone()).collect();
    let names: Vec<String> = settings.process.as_ref().map_or_else(ids, |process| process.parameters.clone());
    let name = |parameter: &Parameter| match settings.process {
        Some(_) => parameter.input.name.clone(), // the variable is set, not an option given
        None => parameter.id.clone(),
    };
    let files = parameters.iter().filter(|parameter| parameter.input.kind.is_path()).map(name);
    let sent: Vec<_> = files.filter(|name| names.contains(name)).collect();
    let packages = settings.choice("packages").split(',').filter(|package| !package.is_empty());
    let path = |name: &str| format!("{}{name}", settings.folder);
    let stamp = settings.sent.as_ref().map_or_else(|| operator.stamp(), |zip| operator.stamp_beside(zip));
    Launcher {
        c3: stamp.to_string(),
        source: template::comment(&component.source),
        title: template::quoted(&format!("Runs {} with Techila; made by c3.", component.name)),
        name: template::quoted(&format!("claimed-{}", component.name)),
        container: template::quoted(CONTAINER),
        python: template::quoted(settings.choice("python")),
        zip: template::quoted(&format!("{}{ZIP}", settings.stem)),
        operator: template::quoted(OPERATOR),
        entry: template::quoted(&path(&prelude::file_name(operator))),
        packages: template::list(packages),
        parameters: template::list(&names),
        sent: template::list(&sent),
        outputs: template::list(&outputs),
        truths: template::list(value::TRUE),
        process: settings.process.as_ref().map(|process| Process {
            script: template::quoted(&path(&process.script)),
            name: template::quoted(&process.name),
            interface: process.interface.clone(),
        }),
    }
}

fn next(operator: &Operator, archive: Option<&Path>) -> Vec<String> {
    let (image, stem) = (&operator.settings.image, &operator.settings.stem);
    let arguments = if operator.settings.process.is_some() { "--batch-file FILE" } else { "NAME=VALUE..." };
    let export =
        archive.is_none().then(|| format!("docker export \"$(docker create {image})\" > {CONTAINER}"));
    let tar = archive.map(|path| format!("--tar {} ", path.display())).unwrap_or_default();
    let start = format!("python3 {stem}.techila.py {tar}{arguments}   # where the Techila SDK is");
    export.into_iter().chain([start]).collect()
}
