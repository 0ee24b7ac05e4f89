//! The request for one operator.

use std::path::PathBuf;

use clap::Args;

use crate::backend::variant::{self, Choice};
use crate::backend::{TARGETS, Target};
use crate::settings::{Config, FILES, Files, IMAGE};

/// The default targets.
const DEFAULT_TARGETS: [&str; 3] = ["kubeflow", "kubernetes", "cwl"];

/// What to make of a source, and where to put it.
#[derive(Args, Debug, Clone, Default)]
pub struct Request {
    /// What may stand in a file of settings, too; once the request is settled, what is in force.
    #[command(flatten)]
    pub settings: Config,

    /// Choices of a target
    #[arg(
        long,
        value_name = "TARGET.NAME=VALUE",
        value_parser = choice,
        help = choices_help(),
        help_heading = FILES
    )]
    pub set: Vec<(String, String, String)>,

    /// Folder for the files [default: that of the source]
    #[arg(short, long, value_name = "DIR", help_heading = FILES)]
    pub output_dir: Option<PathBuf>,

    /// Archive with the base image, as `docker save` writes it
    #[arg(long, value_name = "FILE", conflicts_with = "base_image", help_heading = IMAGE)]
    pub base_image_tar: Option<PathBuf>,

    /// Name of the generated Dockerfile (`<stem>.Dockerfile` if nothing else is said)
    #[arg(long, value_name = "NAME", help_heading = FILES)]
    pub dockerfile: Option<String>,

    /// The folder that additional files are relative to, and the place of the source in its image, if that isn't the
    /// current directory.
    #[arg(skip)]
    pub root: Option<PathBuf>,

    /// Defaults from existing files, below the request and the settings.
    #[arg(skip)]
    pub remembered: Config,

    /// The files of settings that have been read.
    #[arg(skip)]
    pub files: Files,
}

impl Request {
    /// The request, completed by the settings of files.
    #[must_use]
    pub fn settled(&self, files: &Config) -> Self {
        let mut settings = self.layer().over(files);
        let has_base = settings.dockerfile_template.is_none();
        settings = settings.over(&Config {
            // A template may name its own.
            base_image: self.remembered.base_image.clone().filter(|_| has_base),
            ..self.remembered.clone()
        });
        if self.root.is_some() {
            // Those of the files are relative to another folder.
            settings.additional_files.clone_from(&self.settings.additional_files);
        }
        Self { settings, set: Vec::new(), ..self.clone() }
    }

    /// The part of it that files can hold too.
    fn layer(&self) -> Config {
        let mut layer = self.settings.clone();
        // The last word counts.
        for (target, name, value) in self.set.iter().cloned() {
            layer.set.entry(target).or_default().insert(name, value);
        }
        layer
    }

    /// The platforms, each once.
    #[must_use]
    pub fn targets(&self) -> Vec<&'static Target> {
        let is_chosen = |target: &&Target| match &self.settings.targets {
            None => DEFAULT_TARGETS.contains(&target.name),
            Some(chosen) => chosen.iter().any(|chosen| chosen.0.name == target.name),
        };
        TARGETS.iter().filter(is_chosen).collect()
    }

    /// Whether a base image is named that isn't the default one.
    #[must_use]
    pub fn names_base(&self) -> bool {
        self.settings.base_image.is_some() || self.base_image_tar.is_some()
    }
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
