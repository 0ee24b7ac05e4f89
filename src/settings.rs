//! Settings in files: a `c3.toml` for the sources below it, and the table `[tool.c3]` in a script's own block.

use crate::failure::Fault;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use schemars::transform::transform_subschemas;
use schemars::{JsonSchema, Schema, schema_for};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::backend::runtime::{self, RUNTIMES};
use crate::backend::variant::Choices;
use crate::component::Component;
use crate::diagnostic::Diagnostic;
use crate::frontend::{self, Reading};
use crate::job::Job;
use crate::job::slurm::Slurm;
use crate::language::Language;
use crate::reference::{self, Mirrors, NameError, Reference};
use crate::source::Source;

mod build;
pub(crate) mod choices;
mod error;
mod file;
mod layers;
mod operators;
mod target;

pub use build::Build;
pub use error::{ConfigError, Problem};
pub use file::{FILE_NAME, File, Files};
pub use layers::{Layers, current_dir, mirrors_for, trust_nearest};
pub use target::{TargetName, names as target_names};

/// Heading in the help: what concerns the image.
pub const IMAGE: &str = "Image";

/// Heading in the help: what concerns the files that are written.
pub const FILES: &str = "Files";

/// Settings of c3 for the sources in the folder of this file and below; the command line takes precedence
#[derive(Args, Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default, expecting = "a table")]
#[schemars(title = "c3.toml")]
pub struct Config {
    /// Registry and namespace to push the image to, such as docker.io/user; without it the image stays on this machine
    #[arg(short, long, value_name = "REGISTRY/NAMESPACE", help_heading = IMAGE)]
    #[serde(deserialize_with = "repository", skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,

    /// Version of the image [default: the next in the registry; without a build, that of the existing files; else 0.1]
    #[arg(short, long, value_name = "VERSION", help_heading = IMAGE)]
    #[serde(deserialize_with = "version", skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,

    /// Base image, in place of the default one
    #[arg(long, value_name = "IMAGE", help_heading = IMAGE)]
    #[serde(deserialize_with = "base_image", skip_serializing_if = "Option::is_none")]
    pub base_image: Option<String>,

    /// Mirrors that base images are pulled from, by the registries that they stand for
    #[arg(skip)]
    #[serde(skip_serializing_if = "Mirrors::is_empty")]
    pub mirrors: Mirrors,

    /// Version of Python or R in the default base image, for sources in that language [default: python3.12 or R4.3.2]
    #[arg(long, alias = "image_version", value_name = "VERSION", help_heading = IMAGE)]
    #[serde(deserialize_with = "image_version", skip_serializing_if = "Option::is_none")]
    pub image_version: Option<String>,

    /// Platforms to write files for
    #[arg(
        long = "target",
        value_name = "LIST",
        value_delimiter = ',',
        value_parser = target::names(),
        help = "Platforms to write files for, separated by commas [default: kubeflow,kubernetes,cwl]",
        help_heading = FILES
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub targets: Option<Vec<TargetName>>,

    /// Leave logging to the script: no logger, no parameter `log_level`
    #[arg(long, alias = "skip_logging", num_args = 0, default_missing_value = "true")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip_logging: Option<bool>,

    /// Add the executed notebook, with its results, plots and errors, to the outputs of a notebook
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL", hide_possible_values = true, help_heading = IMAGE)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notebook_output: Option<bool>,

    /// Dockerfile template of your own, relative to the folder of this file
    #[arg(
        long,
        help = "Dockerfile template of your own, with `${base_image}`, `${requirements_docker}` and the like",
        help_heading = IMAGE,
        alias = "dockerfile_template",
        alias = "dockerfile_template_path",
        alias = "dockerfile-template-path",
        value_name = "PATH"
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dockerfile_template: Option<PathBuf>,

    /// Files, folders and globs that the operators need in their images, relative to the folder of this file
    #[arg(skip)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub additional_files: Vec<String>,

    /// File with the requirements of the operators that name none themselves, such as `requirements.txt`, `pyproject.toml` or
    /// `uv.lock`; relative to the folder of this file
    #[arg(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requirements: Option<PathBuf>,

    /// Certificates of a company's authorities in PEM format, trusted beside the system's; relative to the folder of this file
    #[arg(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_certificates: Option<PathBuf>,

    /// What targets leave to choose, by target and name
    #[arg(skip)]
    #[serde(deserialize_with = "choices::read", skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "choices::schema")]
    pub set: Choices,

    /// How Kubernetes runs the jobs
    #[command(flatten)]
    #[serde(skip_serializing_if = "is_default")]
    pub job: Job,

    /// How Slurm runs the jobs
    #[arg(skip)]
    #[serde(skip_serializing_if = "is_default")]
    pub slurm: Slurm,

    /// Which sources of a folder are operators
    #[arg(skip)]
    #[serde(skip_serializing_if = "is_default")]
    pub build: Build,

    /// Settings of single operators, by the names of their sources without the ending
    #[arg(skip)]
    #[serde(deserialize_with = "operators", skip_serializing_if = "BTreeMap::is_empty")]
    pub operators: BTreeMap<String, Config>,
}

impl Config {
    /// Reads the text of a `c3.toml`.
    fn parse(text: &str) -> Result<Self, Problem> {
        toml::from_str(text).map_err(|error| Problem::from(&error))
    }

    /// Reads the table `[tool.c3]` in a text that has other tables, too.
    fn parse_tool(text: &str) -> Result<Self, Problem> {
        #[derive(Deserialize, Default)]
        #[serde(default)]
        struct Block {
            tool: Tool,
        }

        #[derive(Deserialize, Default)]
        #[serde(default)]
        struct Tool {
            c3: Config,
        }

        let block: Block = toml::from_str(text).map_err(|error| Problem::from(&error))?;
        block.tool.c3.misplaced().map_or(Ok(block.tool.c3), Err)
    }

    /// Reads a source with its own settings; invalid ones become an error among the diagnostics.
    #[must_use]
    pub fn with(source: &Source) -> (Reading, Self) {
        let mut reading = frontend::read(source);
        let Some(metadata) = &reading.metadata else { return (reading, Self::default()) };
        match Self::parse_tool(&metadata.text) {
            Ok(config) => (reading, config),
            Err(problem) => {
                let span = problem.span.map_or(metadata.first.clone(), |span| metadata.span(&span));
                let diagnostic = Diagnostic::error("settings", problem.message).at(span);
                reading.refuse(Diagnostic { hint: problem.hint, ..diagnostic });
                (reading, Self::default())
            }
        }
    }

    /// Settings that can't stand in a source: those of other operators, of folders, and trusted certificates.
    fn misplaced(&self) -> Option<Problem> {
        let misplaced = [
            ("operators", !self.operators.is_empty()),
            ("ca-certificates", self.ca_certificates.is_some()),
            ("build", self.build != Build::default()),
        ];
        misplaced.into_iter().find_map(|(name, is_there)| is_there.then(|| Problem::misplaced(name)))
    }

    /// These settings over others: tables are merged key by key, other values replaced.
    #[must_use]
    pub fn over(&self, under: &Self) -> Self {
        let own_base = self.base_image.is_some() || self.image_version.is_some();
        let base = if own_base { self } else { under };
        Self {
            repository: self.repository.as_ref().or(under.repository.as_ref()).cloned(),
            version: self.version.as_ref().or(under.version.as_ref()).cloned(),
            base_image: base.base_image.clone(),
            image_version: base.image_version.clone(),
            mirrors: self.mirrors.over(&under.mirrors),
            targets: self.targets.as_ref().or(under.targets.as_ref()).cloned(),
            skip_logging: self.skip_logging.or(under.skip_logging),
            notebook_output: self.notebook_output.or(under.notebook_output),
            dockerfile_template: self
                .dockerfile_template
                .as_ref()
                .or(under.dockerfile_template.as_ref())
                .cloned(),
            requirements: self.requirements.as_ref().or(under.requirements.as_ref()).cloned(),
            additional_files: if self.additional_files.is_empty() { under } else { self }
                .additional_files
                .clone(),
            ca_certificates: self.ca_certificates.as_ref().or(under.ca_certificates.as_ref()).cloned(),
            set: choices::over(&self.set, &under.set),
            job: self.job.over(&under.job),
            slurm: self.slurm.over(&under.slurm),
            build: if is_default(&self.build) { under } else { self }.build.clone(),
            operators: BTreeMap::new(),
        }
    }

    /// The same settings, their paths no longer relative to a folder but to the current directory.
    #[must_use]
    pub fn rebased(self, folder: &Path, current: &Path) -> Self {
        let inside = folder.strip_prefix(current).unwrap_or(folder);
        let pattern = |pattern: String| match inside.to_str() {
            Some("") | None => pattern,
            Some(inside) => format!("{}/{pattern}", globset::escape(inside)),
        };
        let operators = self.operators.into_iter();
        Self {
            dockerfile_template: self.dockerfile_template.map(|path| inside.join(path)),
            requirements: self.requirements.map(|path| inside.join(path)),
            ca_certificates: self.ca_certificates.map(|path| inside.join(path)),
            additional_files: self.additional_files.into_iter().map(pattern).collect(),
            operators: operators.map(|(name, config)| (name, config.rebased(folder, current))).collect(),
            ..self
        }
    }

    /// Makes the executed notebook an output of a source, if set; settings of a folder don't apply to
    /// scripts.
    #[must_use]
    pub fn record(&self, component: &mut Component, source: &Source) -> Option<Diagnostic> {
        let is_asked = self.notebook_output == Some(true) && source.notebook().is_some();
        is_asked.then(|| frontend::record(component, source)).flatten()
    }

    /// The same settings without those for other languages, such as the version of another default base
    /// image.
    #[must_use]
    pub fn of_language(mut self, language: Language) -> Self {
        let is_meant = |version: &String| (runtime::of(language).base_image)(version).is_some();
        self.image_version = self.image_version.filter(is_meant);
        self
    }
}

/// The JSON Schema of a `c3.toml`.
#[must_use]
pub fn schema() -> Schema {
    let mut schema = schema_for!(Config);
    without_null(&mut schema);
    schema
}

/// Takes `null` out, which TOML doesn't have.
fn without_null(schema: &mut Schema) {
    if let Some(Value::Array(kinds)) = schema.get_mut("type") {
        kinds.retain(|kind| kind != "null");
    }
    transform_subschemas(&mut without_null, schema);
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Reads a text and checks it.
fn checked<'de, D: Deserializer<'de>>(
    deserializer: D,
    check: impl Fn(&str) -> Result<(), NameError>,
) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let refusal = |error: NameError| match error.hint() {
        Some(hint) => D::Error::custom(format!("{error}; {hint}")),
        None => D::Error::custom(error),
    };
    check(&text).map_err(refusal).map(|()| Some(text))
}

fn repository<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    checked(deserializer, |text| reference::image_repository(Some(text), "operator").map(|_| ()))
}

fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    checked(deserializer, reference::valid_tag)
}

fn base_image<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    checked(deserializer, |text| Reference::parse(text).map(|_| ()))
}

fn image_version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if RUNTIMES.iter().any(|runtime| (runtime.base_image)(&text).is_some()) {
        return Ok(Some(text));
    }
    let message = format!("`{text}` is not a version of a base image; write it as `python3.12` or `R4.3.2`");
    Err(D::Error::custom(message))
}

/// Reads the settings of single operators, which have no operators of their own.
fn operators<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Config>, D::Error> {
    let operators = BTreeMap::<String, Config>::deserialize(deserializer)?;
    match operators.values().find_map(Config::misplaced) {
        None => Ok(operators),
        Some(problem) => Err(D::Error::custom(problem.in_one())),
    }
}
