//! Back ends: pure functions from a component to the files of a platform, each with one line in a registry.

use crate::artifact::Artifact;
use crate::component::{Component, Input, Output};
use crate::diagnostic::Diagnostic;
use crate::job::Job;
use crate::job::slurm::Slurm;
use crate::reference::{ImageName, Mirrors};
use crate::stamp::Stamp;

pub(crate) mod airflow;
mod amounts;
pub mod argo;
mod block;
mod bundle;
mod claims;
pub mod containerless;
pub mod crossing;
pub(crate) mod cwl;
pub mod dockerfile;
pub mod grid;
pub(crate) mod install;
pub(crate) mod kfp_ir;
pub(crate) mod kubeflow;
pub mod kubernetes;
pub(crate) mod parameter;
pub(crate) mod platforms;
pub(crate) mod pod;
pub mod prelude;
pub(crate) mod python;
pub mod recipe;
mod records;
pub mod runtime;
pub mod slurm;
pub(crate) mod snakemake;
pub mod snippet;
mod surroundings;
mod targets;
pub(crate) mod template;
mod templates;
pub mod values;
pub mod variant;

use crossing::Crossings;
pub use dockerfile::BuildFile;
use grid::Process;
use runtime::{Owner, Runtime};
pub use targets::TARGETS;
use variant::{Choices, Image, Variant};

/// A platform that `c3` writes files for.
#[derive(Debug)]
pub struct Target {
    /// The value of `--target`.
    pub name: &'static str,
    /// Its description in the help.
    pub help: &'static str,
    /// Suffixes of its files, after the stem of the source.
    pub suffixes: &'static [&'static str],
    /// Its own image, if it needs one; otherwise it runs the operator's.
    pub variant: Option<&'static Variant>,
    /// Whether its files hold values of inputs, as given by `--value`.
    pub holds_values: bool,
    /// How the interface crosses to it.
    pub crossings: &'static Crossings,
    /// Likely problems on this target, besides what can't cross.
    review: fn(&Operator) -> Vec<Diagnostic>,
    /// Writes the files.
    emit: fn(&Operator) -> Result<Vec<Artifact>, Vec<Diagnostic>>,
}

/// The suffixes of all manifests.
pub fn suffixes() -> impl Iterator<Item = &'static str> {
    TARGETS.iter().flat_map(|target| target.suffixes).copied()
}

/// Everything about an operator besides its component.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is decided by itself")]
pub struct Settings {
    /// The record for the headers of its files.
    pub stamp: Stamp,
    /// The image in the manifests; its version is the operator's.
    pub image: ImageName,
    /// The base image.
    pub base_image: String,
    /// Whether the user has named the base image.
    pub base_image_given: bool,
    /// Mirrors to pull it from.
    pub mirrors: Mirrors,
    /// What `--image-version` says, or its default.
    pub image_version: String,
    /// The variant, if this is a platform's image.
    pub variant: Option<&'static Variant>,
    /// The choices for targets.
    pub choices: Choices,
    /// Folder of the script in the image's working directory: empty, or ending in `/`.
    pub folder: String,
    /// File name of the source without its ending: the stem of every file that is written.
    pub stem: String,
    /// Name of the Dockerfile.
    pub dockerfile: String,
    /// The user's Dockerfile template.
    pub dockerfile_template: Option<String>,
    /// Additional files, relative to the working directory.
    pub files: Vec<String>,
    /// Requirement files as the source names them, and where they are in the image's working directory.
    pub requirement_files: Vec<RequirementFile>,
    /// The zip of the operator's files, for a platform that takes them beside its image.
    pub sent: Option<Artifact>,
    /// Whether the operator sets the log level.
    pub logging: bool,
    /// Whether one of the script's modules reads the command line.
    pub own_arguments: bool,
    /// Whether one of the script's modules may log.
    pub logs: bool,
    /// The first line of each notebook cell in the script, from 1.
    pub cells: Vec<usize>,
    /// Numbers of cells that may fail without ending the run.
    pub raising: Vec<usize>,
    /// How Kubernetes runs the job.
    pub job: Job,
    /// How Slurm runs it.
    pub slurm: Slurm,
    /// The function called for each batch, in a grid.
    pub process: Option<Process>,
}

impl Settings {
    /// The name to pull the base image by.
    #[must_use]
    pub fn pulled_image(&self) -> String {
        self.mirrors.of(&self.base_image)
    }

    /// Whether the Dockerfile starts from the base image; a template may name its own.
    #[must_use]
    pub fn uses_base_image(&self) -> bool {
        self.dockerfile_template.as_ref().is_none_or(|template| template.contains("base_image"))
    }
}

/// A file that `pip install` reads, such as `requirements.txt`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequirementFile {
    /// The path as the source names it.
    pub named: String,
    /// The path in the image, relative to the working directory.
    pub path: String,
    /// Its text; empty for a package.
    pub text: String,
}

/// A component with everything needed to emit it.
#[derive(Debug, Clone, Copy)]
pub struct Operator<'a> {
    /// The component.
    pub component: &'a Component,
    /// The settings.
    pub settings: &'a Settings,
}

impl Operator<'_> {
    fn runtime(&self) -> &'static Runtime {
        runtime::of(self.component.language)
    }

    /// The file name of the script in the image: the source's own, unless that is a notebook.
    #[must_use]
    pub fn script(&self) -> String {
        let (source, extension) = (&self.component.source, self.runtime().extension);
        let own = source.rsplit_once('.').is_some_and(|(_, end)| end.eq_ignore_ascii_case(extension));
        if own { source.clone() } else { format!("{}.{extension}", self.settings.stem) }
    }

    /// The image's working directory, without a `/` at its end.
    pub(crate) fn working_dir(&self) -> &'static str {
        self.settings.variant.map_or(self.runtime().working_dir, |variant| variant.working_dir)
    }

    /// The command that starts the operator in its image.
    fn command(&self) -> Vec<String> {
        self.command_in(self.working_dir())
    }

    /// The command that starts the operator in another working directory.
    #[must_use]
    pub fn command_in(&self, working_dir: &str) -> Vec<String> {
        let path = |name: &str| format!("{working_dir}/{}{name}", self.settings.folder);
        (self.runtime().command)(&path(&prelude::file_name(self)), &path(&self.script()))
    }

    /// The arguments of each `pip install`, with paths for another working directory.
    #[must_use]
    pub fn pip_arguments_in(&self, working_dir: &str) -> Vec<Vec<String>> {
        install::pip_arguments(self, working_dir)
    }

    /// The commands that install R packages.
    #[must_use]
    pub fn r_commands(&self) -> Vec<Vec<String>> {
        install::r_commands(&self.component.requirements)
    }
}

/// Emits the Dockerfiles and the files of the named targets: the second half of the compiler.
pub fn emit(operator: &Operator, targets: &[&Target]) -> Result<Vec<Artifact>, Vec<Diagnostic>> {
    let mut artifacts = Vec::new();
    let mut refused = Vec::new();
    for Image { mut settings, targets } in variant::images(operator.component, operator.settings, targets) {
        settings.stamp.targets = targets.iter().map(|target| target.name.to_owned()).collect();
        let operator = Operator { component: operator.component, settings: &settings };
        if let Some(refusal) = variant::refusal(&operator) {
            refused.push(refusal);
            continue;
        }
        artifacts.push(dockerfile::emit(&operator)?);
        for target in targets {
            match (target.emit)(&operator) {
                Ok(written) => artifacts.extend(written),
                Err(diagnostics) => refused.extend(diagnostics),
            }
        }
    }
    if refused.is_empty() { Ok(artifacts) } else { Err(refused) }
}

#[derive(serde::Serialize)]
struct Manifest<'a> {
    c3: &'a str,
    source: &'a str,
    title: &'a str,
    documents: &'a [serde_json::Value],
}

/// Documents for a program, below a header line with their title, source and author.
#[must_use]
pub fn manifest_text(title: &str, source: &str, c3: &str, documents: &[serde_json::Value]) -> String {
    template::render("manifest.yaml", &Manifest { c3, source, title, documents })
}

/// The file of an operator's documents.
fn manifest(operator: &Operator, suffix: &str, title: &str, documents: &[serde_json::Value]) -> Artifact {
    let text = manifest_text(title, &operator.component.source, &operator.stamp().to_string(), documents);
    operator.artifact(suffix, &text)
}

/// The inputs with their identifiers in engines.
#[must_use]
pub fn inputs(component: &Component, logging: bool) -> Vec<(String, Input)> {
    let parameters = parameter::parameters(component, logging).into_iter();
    parameters.map(|parameter| (parameter.id, parameter.input)).collect()
}

/// The outputs with their identifiers in engines.
#[must_use]
pub fn outputs(component: &Component, logging: bool) -> Vec<(String, Output)> {
    let parameters = parameter::parameters(component, logging);
    let outcomes = parameter::outcomes(component, &parameters).into_iter();
    outcomes.map(|outcome| (outcome.id, outcome.output)).collect()
}

/// Likely problems of the images that targets need; the version of Python is that of the default base image,
/// if it is used.
#[must_use]
pub fn review(operator: &Operator, targets: &[&Target], python: Option<&str>) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = Vec::new();
    for Image { settings, targets } in variant::images(operator.component, operator.settings, targets) {
        let operator = Operator { component: operator.component, settings: &settings };
        let is_own = settings.variant.is_none();
        let of_variant = settings.variant.and_then(|variant| (variant.python)(&operator));
        let python = if is_own { python.map(ToOwned::to_owned) } else { of_variant };
        let options = settings.variant.map_or(runtime::PYTHON_OPTIONS, |variant| variant.python_options);
        let owner = Owner { options, ..runtime::BASE_IMAGE };
        let mismatch =
            python.and_then(|version| runtime::python_mismatch(operator.component, &version, owner));
        let job = if is_own { kubernetes::review(&operator) } else { Vec::new() };
        let uncrossed = targets.iter().copied().flat_map(|target| crossing::review(&operator, target));
        let own = targets.iter().flat_map(|target| (target.review)(&operator));
        let doubts =
            mismatch.into_iter().chain(dockerfile::review(&operator)).chain(job).chain(own).chain(uncrossed);
        for doubt in doubts {
            if !found.iter().any(|known| known.message == doubt.message) {
                found.push(doubt);
            }
        }
    }
    found
}

/// The target with this name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
