//! Back ends: pure functions from a component to the files of a platform, each with one line in a registry.

use crate::artifact::Artifact;
use crate::component::{Component, Input, Output};
use crate::diagnostic::Diagnostic;

pub mod containerless;
pub(crate) mod cwl;
pub mod dockerfile;
pub mod grid;
mod install;
pub mod job;
pub(crate) mod kubeflow;
mod kubernetes;
pub(crate) mod parameter;
pub mod prelude;
pub mod recipe;
pub mod runtime;
pub mod snippet;
pub mod stamp;
pub(crate) mod template;

pub use dockerfile::BuildFile;
pub use job::Job;
use runtime::Runtime;
use stamp::Stamp;

/// A platform that `c3` writes files for.
#[derive(Debug)]
pub struct Target {
    /// The value of `--target`.
    pub name: &'static str,
    /// What it writes, for the help.
    pub help: &'static str,
    /// How the names of its files end, behind the stem of the source.
    pub suffixes: &'static [&'static str],
    /// Writes the files.
    emit: fn(&Operator) -> Result<Vec<Artifact>, Vec<Diagnostic>>,
}

/// Every platform, in the order in which their files are listed.
pub static TARGETS: &[Target] = &[
    Target {
        name: "kubeflow",
        help: "Kubeflow component, <stem>.yaml",
        suffixes: &[".yaml"],
        emit: kubeflow::emit,
    },
    Target {
        name: "kubernetes",
        help: "Kubernetes job, <stem>.job.yaml",
        suffixes: &[".job.yaml"],
        emit: kubernetes::emit,
    },
    Target { name: "cwl", help: "CWL step, <stem>.cwl", suffixes: &[".cwl"], emit: cwl::emit },
];

/// How the names of manifests end, of all targets.
pub fn suffixes() -> impl Iterator<Item = &'static str> {
    TARGETS.iter().flat_map(|target| target.suffixes).copied()
}

/// What is known about an operator beside its component.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What the headers of the files say of their making.
    pub stamp: Stamp,
    /// Reference of the image that the manifests name.
    pub image: String,
    /// Version of the operator.
    pub version: String,
    /// The image that the operator's is built from.
    pub base_image: String,
    /// Folder of the script in the image's working directory: empty, or ending in `/`.
    pub folder: String,
    /// File name of the source without its ending: the stem of every file that is written.
    pub stem: String,
    /// Name of the Dockerfile.
    pub dockerfile: String,
    /// A Dockerfile template of the user's.
    pub dockerfile_template: Option<String>,
    /// Additional files, relative to the working directory.
    pub files: Vec<String>,
    /// Requirement files as the source names them, and where they are in the image's working directory.
    pub requirement_files: Vec<RequirementFile>,
    /// Whether the operator sets up logging.
    pub logging: bool,
    /// How Kubernetes runs the job.
    pub job: Job,
}

impl Settings {
    /// Whether the Dockerfile begins with the base image; a template may name its own.
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
}

/// A component with all that is needed to emit it.
#[derive(Debug, Clone, Copy)]
pub struct Operator<'a> {
    /// What was read.
    pub component: &'a Component,
    /// What was decided.
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

    /// The command that starts the operator in its image.
    fn command(&self) -> Vec<String> {
        self.command_in(self.runtime().working_dir)
    }

    /// The command that starts the operator where its working directory is another.
    #[must_use]
    pub fn command_in(&self, working_dir: &str) -> Vec<String> {
        let path = |name: &str| format!("{working_dir}/{}{name}", self.settings.folder);
        (self.runtime().command)(&path(&prelude::file_name(self)), &path(&self.script()))
    }

    /// The arguments of each `pip install`, with the files that they name where the working directory is another.
    #[must_use]
    pub fn pip_arguments_in(&self, working_dir: &str) -> Vec<Vec<String>> {
        install::pip_arguments(self, working_dir)
    }

    /// The commands that install R packages.
    #[must_use]
    pub fn r_commands(&self) -> Vec<Vec<String>> {
        install::r_commands(&self.component.requirements)
    }

    fn artifact(&self, suffix: &str, text: String) -> Artifact {
        Artifact::new(format!("{}{suffix}", self.settings.stem), text)
    }
}

/// Emits the Dockerfile and the files of the named targets: the second half of the compiler.
pub fn emit(operator: &Operator, targets: &[&Target]) -> Result<Vec<Artifact>, Vec<Diagnostic>> {
    let mut artifacts = vec![dockerfile::emit(operator)?];
    let mut refused = Vec::new();
    for target in targets {
        match (target.emit)(operator) {
            Ok(written) => artifacts.extend(written),
            Err(diagnostics) => refused.extend(diagnostics),
        }
    }
    if refused.is_empty() { Ok(artifacts) } else { Err(refused) }
}

/// The inputs that engines see, each with what they call it.
#[must_use]
pub fn inputs(component: &Component, logging: bool) -> Vec<(String, Input)> {
    let parameters = parameter::parameters(component, logging).into_iter();
    parameters.map(|parameter| (parameter.id, parameter.input)).collect()
}

/// The outputs that engines see, each with what they call it.
#[must_use]
pub fn outputs(component: &Component, logging: bool) -> Vec<(String, Output)> {
    let parameters = parameter::parameters(component, logging);
    let outcomes = parameter::outcomes(component, &parameters).into_iter();
    outcomes.map(|outcome| (outcome.id, outcome.output)).collect()
}

/// What is doubtful about an operator's settings; the version of Python is that of the default base image, if it is
/// the one that is taken.
#[must_use]
pub fn review(operator: &Operator, python: Option<&str>) -> Vec<Diagnostic> {
    let mismatch = python.and_then(|version| runtime::python_mismatch(operator.component, version));
    mismatch.into_iter().chain(dockerfile::review(operator)).chain(job::review(operator)).collect()
}

/// The target of a name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
