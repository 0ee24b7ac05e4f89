//! Options that commands share.

use std::path::PathBuf;

use c3::artifact::Existing;
use c3::backend::variant::{self, Choice, Choices};
use c3::backend::{self, TARGETS, Target};
use c3::job::Job;
use c3::progress::Verbosity;
use c3::settings::Files;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};

/// The platforms that files are written for unless others are named.
const DEFAULT_TARGETS: [&str; 3] = ["kubeflow", "kubernetes", "cwl"];

/// Heading in the help: what concerns the image.
pub(crate) const IMAGE: &str = "Image";
/// Heading in the help: what concerns the files that are written.
pub(crate) const FILES: &str = "Files";

/// What is emitted, and where to.
#[derive(Args, Debug, Clone, Default)]
pub(crate) struct Emission {
    /// Registry and namespace to push the image to, such as docker.io/user; without it the image stays on this machine
    #[arg(short, long, value_name = "REGISTRY/NAMESPACE", help_heading = IMAGE)]
    pub(crate) repository: Option<String>,

    /// Version of the image [default: the highest in the registry plus one; without a build that of the manifests that
    /// are there; else 0.1]
    #[arg(short, long, value_name = "VERSION", help_heading = IMAGE)]
    pub(crate) version: Option<String>,

    /// Folder for the files [default: that of the source]
    #[arg(short, long, value_name = "DIR", help_heading = FILES)]
    pub(crate) output_dir: Option<PathBuf>,

    /// Platforms to write files for, separated by commas [default: kubeflow,kubernetes,cwl]
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        value_parser = targets(),
        help_heading = FILES
    )]
    pub(crate) target: Vec<&'static Target>,

    /// Image to build the operator's from, in place of the default one
    #[arg(long, value_name = "IMAGE", help_heading = IMAGE)]
    pub(crate) base_image: Option<String>,

    /// Archive with the base image, as `docker save` writes it; it is loaded and built from
    #[arg(long, value_name = "FILE", conflicts_with = "base_image", help_heading = IMAGE)]
    pub(crate) base_image_tar: Option<PathBuf>,

    /// Version of Python or R in the default base image [default: python3.12 or R4.3.2]
    #[arg(long, alias = "image_version", value_name = "VERSION", help_heading = IMAGE)]
    pub(crate) image_version: Option<String>,

    /// What a target leaves to choose
    #[arg(
        long,
        value_name = "TARGET.NAME=VALUE",
        value_parser = choice,
        help = choices_help(),
        help_heading = FILES
    )]
    pub(crate) set: Vec<(String, String, String)>,

    /// Name of the generated Dockerfile [default: <stem>.Dockerfile]
    #[arg(long, value_name = "NAME", help_heading = FILES)]
    pub(crate) dockerfile: Option<String>,

    /// Dockerfile template of your own, with `${base_image}`, `${requirements_docker}` and the like
    #[arg(
        long,
        help_heading = IMAGE,
        alias = "dockerfile_template",
        alias = "dockerfile_template_path",
        alias = "dockerfile-template-path",
        value_name = "PATH"
    )]
    pub(crate) dockerfile_template: Option<PathBuf>,

    /// Leave logging to the script: no logger, no parameter `log_level`
    #[arg(long, alias = "skip_logging")]
    pub(crate) skip_logging: bool,

    #[command(flatten)]
    pub(crate) replacing: Replacing,

    #[command(flatten)]
    pub(crate) telling: Telling,

    #[command(flatten)]
    pub(crate) job: Job,

    /// The folder that additional files are relative to, and the place of the source in its image, if that isn't the
    /// current directory
    #[arg(skip)]
    pub(crate) root: Option<PathBuf>,

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

    /// What was chosen for the targets; the last word counts.
    pub(crate) fn choices(&self) -> Choices {
        let mut choices = Choices::new();
        for (target, name, value) in self.set.iter().cloned() {
            choices.entry(target).or_default().insert(name, value);
        }
        choices
    }

    /// What to do with files that are there.
    pub(crate) fn existing(&self) -> Existing {
        self.replacing.existing()
    }
}

/// How much is told, and in what form.
#[derive(Args, Debug, Clone, Default)]
pub(crate) struct Telling {
    /// How much is told on standard error
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
}

/// What becomes of files that are there.
#[derive(Args, Debug, Clone, Default)]
pub(crate) struct Replacing {
    /// Replace files that are there and differ
    #[arg(long, help_heading = FILES)]
    overwrite: bool,

    /// Rename files that are there and differ to modified_<file>, or give them the stem NAME
    #[arg(long, help_heading = FILES, value_name = "NAME", num_args = 0..=1, default_missing_value = "")]
    rename: Option<String>,
}

impl Replacing {
    /// What to do with them.
    pub(crate) fn existing(&self) -> Existing {
        Existing::chosen(self.overwrite, self.rename.as_deref())
    }
}

/// How much is told.
#[derive(ValueEnum, Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
#[value(rename_all = "UPPER")]
pub(crate) enum LogLevel {
    /// Everything, with the output of the build.
    #[value(alias = "NOTSET")]
    Debug,
    /// What is done, notes, warnings and errors.
    #[default]
    Info,
    /// Warnings and errors.
    #[value(alias = "WARN")]
    Warning,
    /// Errors only.
    Error,
    /// Errors only.
    #[value(alias = "FATAL")]
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
#[derive(ValueEnum, Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// The names of the platforms, with what is written for each.
pub(crate) fn targets() -> impl TypedValueParser<Value = &'static Target> {
    let name = |target: &Target| PossibleValue::new(target.name).help(target.help);
    PossibleValuesParser::new(TARGETS.iter().map(name))
        .try_map(|name| backend::target(&name).ok_or("no such target"))
}

/// Reads one `TARGET.NAME=VALUE`.
fn choice(text: &str) -> Result<(String, String, String), String> {
    let words = text.split_once('=').and_then(|(name, value)| Some((name.split_once('.')?, value)));
    let ((target, name), value) = words.ok_or("write it as TARGET.NAME=VALUE")?;
    variant::check_choice(target, name, value)?;
    Ok((target.to_owned(), name.to_owned(), value.to_owned()))
}

fn choices_help() -> String {
    let line = |(target, choice): (&str, &Choice)| {
        let values = if choice.values.is_empty() { "" } else { ": " };
        let default = Some(choice.default).filter(|text| !text.is_empty());
        let default = default.map(|text| format!(", else {text}")).unwrap_or_default();
        let name = choice.name;
        format!("{target}.{name} ({}{values}{}{default})", choice.help, choice.values.join("|"))
    };
    format!(
        "What a target leaves to choose, may be repeated: {}",
        variant::choices().map(line).collect::<Vec<_>>().join("; ")
    )
}
