//! Options that commands share.

use std::path::PathBuf;

use c3::artifact::Existing;
use c3::backend::{self, Job, TARGETS, Target};
use c3::config::Files;
use c3::engine::progress::Verbosity;
use clap::{Args, ValueEnum};

use super::failure::{Failure, USAGE};

/// The platforms that files are written for unless others are named.
const DEFAULT_TARGETS: [&str; 3] = ["kubeflow", "kubernetes", "cwl"];

/// What is emitted, and where to.
#[derive(Args, Debug, Clone)]
pub(crate) struct Emission {
    /// Registry and namespace of the image, such as docker.io/user; without it the manifests name a local image
    #[arg(short, long, value_name = "REGISTRY/NAMESPACE")]
    pub(crate) repository: Option<String>,

    /// Version of the image. Unless given: with a build the highest in the registry plus one, without one that of the
    /// manifests that are there; else 0.1
    #[arg(short, long, value_name = "VERSION")]
    pub(crate) version: Option<String>,

    /// Folder for the files; beside the source unless given
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output_dir: Option<PathBuf>,

    /// Platforms to write files for, separated by commas
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = target, help = targets_help())]
    pub(crate) target: Vec<&'static Target>,

    /// Image that the operator's is built from
    #[arg(long, value_name = "IMAGE")]
    pub(crate) base_image: Option<String>,

    /// Version of the default base image [default: python3.12, for R R4.3.2]
    #[arg(long, alias = "image_version", value_name = "VERSION")]
    pub(crate) image_version: Option<String>,

    /// Name of the generated Dockerfile [default: <stem>.Dockerfile]
    #[arg(long, value_name = "NAME")]
    pub(crate) dockerfile: Option<String>,

    /// Dockerfile template of your own, with `${base_image}`, `${requirements_docker}` and the like
    #[arg(
        long,
        alias = "dockerfile_template",
        alias = "dockerfile_template_path",
        alias = "dockerfile-template-path",
        value_name = "PATH"
    )]
    pub(crate) dockerfile_template: Option<PathBuf>,

    /// Leave logging to the script: no logger, no parameter `log_level`
    #[arg(long, alias = "skip_logging")]
    pub(crate) skip_logging: bool,

    /// Replace files that are there and differ
    #[arg(long)]
    pub(crate) overwrite: bool,

    /// Rename files that are there and differ, to modified_<file> or NAME
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "")]
    pub(crate) rename: Option<String>,

    /// What is told on standard error
    #[arg(
        short,
        long,
        alias = "log_level",
        value_name = "LEVEL",
        default_value = "INFO",
        ignore_case = true
    )]
    pub(crate) log_level: LogLevel,

    /// Form of the summary on standard output
    #[arg(long, default_value = "text")]
    pub(crate) format: Format,

    #[command(flatten)]
    pub(crate) job: Job,

    /// The files of settings that have been read
    #[arg(skip)]
    pub(crate) files: Files,
}

impl Emission {
    /// The platforms, each once.
    pub(crate) fn targets(&self) -> Vec<&'static Target> {
        let is_chosen = |target: &&Target| match &self.target[..] {
            [] => DEFAULT_TARGETS.contains(&target.name),
            chosen => chosen.iter().any(|chosen| chosen.name == target.name),
        };
        TARGETS.iter().filter(is_chosen).collect()
    }

    /// What to do with files that are there.
    pub(crate) fn existing(&self) -> Existing {
        match &self.rename {
            Some(name) => Existing::Rename {
                name: Some(name.clone()).filter(|name| !name.is_empty()),
                replace: self.overwrite,
            },
            None if self.overwrite => Existing::Overwrite,
            None => Existing::Keep,
        }
    }
}

/// How much is told.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[value(rename_all = "UPPER")]
pub(crate) enum LogLevel {
    /// Everything, the output of the build too.
    Debug,
    /// What is done.
    Info,
    /// What is doubtful.
    Warning,
    /// What is wrong.
    Error,
    /// What is wrong.
    Critical,
}

impl From<LogLevel> for Verbosity {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Debug => Self::Debug,
            LogLevel::Info => Self::Info,
            _ => Self::Quiet,
        }
    }
}

/// A form of output.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

fn target(name: &str) -> Result<&'static Target, String> {
    let names = || TARGETS.iter().map(|target| target.name).collect::<Vec<_>>().join(", ");
    backend::target(name).ok_or_else(|| format!("no such target; there are {}", names()))
}

fn targets_help() -> String {
    let lines = TARGETS.iter().map(|target| format!("{} ({})", target.name, target.help));
    let lines = lines.collect::<Vec<_>>().join("; ");
    let default = DEFAULT_TARGETS.join(",");
    format!("Platforms to write files for, separated by commas: {lines} [default: {default}]")
}

/// The platforms of `--platform`, of which an engine builds one at a time.
pub(crate) fn single_platform(platforms: &[String]) -> Result<Option<&str>, Failure> {
    match platforms {
        [] => Ok(None),
        [platform] => Ok(Some(platform)),
        _ => Err(Failure::new(USAGE, "an engine builds for one platform at a time")
            .hint("run `c3` once for each platform, with a version of its own")),
    }
}
