//! What is in force for one source: the options, then the settings in the source, then those in `c3.toml`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use c3::backend::variant::Choices;
use c3::engine::http;
use c3::job::Job;
use c3::settings::{Config, FILE_NAME, Files, TargetName};
use c3::source::Source;

use super::failure::{Failure, INPUT};
use super::options::Emission;

/// The settings of one source, each before those that stand below it.
#[derive(Debug, Clone)]
pub(crate) struct Layers {
    /// What stands in the source.
    pub(crate) own: Config,
    /// What `c3.toml` says of this operator.
    pub(crate) operator: Config,
    /// What it says of all.
    pub(crate) shared: Config,
    /// Where `c3.toml` is.
    pub(crate) file: Option<PathBuf>,
}

impl Layers {
    /// Finds the settings of a source beside those that stand in it.
    pub(crate) fn find(files: &Files, source: &Source, own: Config) -> Result<Self, Failure> {
        let current = current_dir()?;
        let file = files.nearest(source.path(), &current)?;
        let folder = source.path().parent().unwrap_or(Path::new(""));
        let folder = current.join(folder).canonicalize().unwrap_or_else(|_| folder.into());
        let current = current.canonicalize().unwrap_or(current);
        let language = source.language();
        let shared = file.as_ref().map(|file| file.config.clone()).unwrap_or_default();
        trust(&shared);
        let operator = shared.operators.get(&source.stem()).cloned().unwrap_or_default();
        Ok(Self {
            own: own.rebased(&folder, &current).of_language(language),
            operator: operator.of_language(language),
            shared: shared.of_language(language),
            file: file.map(|file| file.path.clone()),
        })
    }

    /// What the files say.
    pub(crate) fn merged(&self) -> Config {
        self.specific().over(&self.shared)
    }

    /// What they say of this operator alone.
    pub(crate) fn specific(&self) -> Config {
        self.own.over(&self.operator)
    }

    /// Where something is said, the most important first.
    pub(crate) fn places(&self, source: &Source) -> Vec<String> {
        let file = self.file.as_ref().map(|path| path.display().to_string());
        let said = |config: &Config| *config != Config::default();
        let own = said(&self.own).then(|| format!("[tool.c3] in {}", source.display()));
        let operator = file.as_ref().filter(|_| said(&self.operator));
        let operator = operator.map(|file| format!("[operators.{}] in {file}", source.stem()));
        own.into_iter().chain(operator).chain(file).collect()
    }
}

impl Emission {
    /// These options, and where they are silent what the files say.
    pub(crate) fn settled(&self, layers: &Layers) -> Self {
        let config = self.as_config().over(&layers.merged());
        Self {
            repository: config.repository,
            version: config.version,
            base_image: config.base_image,
            image_version: config.image_version,
            target: config.targets.into_iter().flatten().map(|target| target.0).collect(),
            skip_logging: config.skip_logging.unwrap_or_default(),
            dockerfile_template: config.dockerfile_template,
            set: words(config.set),
            job: config.job,
            ..self.clone()
        }
    }

    /// The options that may stand in a file, too.
    fn as_config(&self) -> Config {
        let targets = self.target.iter().copied().map(TargetName).collect::<Vec<_>>();
        Config {
            repository: self.repository.clone(),
            version: self.version.clone(),
            base_image: self.base_image.clone(),
            image_version: self.image_version.clone(),
            targets: Some(targets).filter(|targets| !targets.is_empty()),
            skip_logging: self.skip_logging.then_some(true),
            dockerfile_template: self.dockerfile_template.clone(),
            set: self.choices(),
            job: self.job.clone(),
            ..Config::default()
        }
    }

    /// What is said of this source's job, not of every job below a folder.
    pub(crate) fn own_job(&self, layers: &Layers) -> Job {
        self.job.over(&layers.specific().job)
    }
}

/// What was chosen, as the command line has it.
fn words(choices: Choices) -> Vec<(String, String, String)> {
    let of_target = |(target, chosen): (String, BTreeMap<String, String>)| {
        chosen.into_iter().map(move |(name, value)| (target.clone(), name, value))
    };
    choices.into_iter().flat_map(of_target).collect()
}

/// Trusts the certificates that the `c3.toml` of the current directory names, for what has no source.
pub(crate) fn trust_nearest() -> Result<(), Failure> {
    let file = Files::default().nearest(Path::new(FILE_NAME), &current_dir()?)?;
    if let Some(file) = &file {
        trust(&file.config);
    }
    Ok(())
}

fn trust(config: &Config) {
    config.ca_certificates.iter().for_each(|path| http::trust(path));
}

/// The current directory.
pub(crate) fn current_dir() -> Result<PathBuf, Failure> {
    std::env::current_dir()
        .map_err(|error| Failure::new(INPUT, format!("cannot tell the current directory: {error}")))
}
