//! What is in force for one source: the options, then the settings in the source, then those in `c3.toml`.

use std::path::{Path, PathBuf};

use super::{Config, FILE_NAME, Files};
use crate::engine::http;
use crate::failure::{Failure, INPUT};
use crate::reference::Mirrors;
use crate::source::Source;

/// The settings of one source, each before those that stand below it.
#[derive(Debug, Clone)]
pub struct Layers {
    /// What stands in the source.
    pub own: Config,
    /// What `c3.toml` says of this operator.
    pub operator: Config,
    /// What it says of all.
    pub shared: Config,
    /// Where `c3.toml` is.
    pub file: Option<PathBuf>,
}

impl Layers {
    /// Finds the settings of a source beside those that stand in it.
    pub fn find(files: &Files, source: &Source, own: Config) -> Result<Self, Failure> {
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
    #[must_use]
    pub fn merged(&self) -> Config {
        self.specific().over(&self.shared)
    }

    /// What they say of this operator alone.
    #[must_use]
    pub fn specific(&self) -> Config {
        self.own.over(&self.operator)
    }

    /// Where something is said, the most important first.
    #[must_use]
    pub fn places(&self, source: &Source) -> Vec<String> {
        let file = self.file.as_ref().map(|path| path.display().to_string());
        let said = |config: &Config| *config != Config::default();
        let own = said(&self.own).then(|| format!("[tool.c3] in {}", source.display()));
        let operator = file.as_ref().filter(|_| said(&self.operator));
        let operator = operator.map(|file| format!("[operators.{}] in {file}", source.stem()));
        own.into_iter().chain(operator).chain(file).collect()
    }
}

/// Trusts the certificates that the `c3.toml` of the current directory names, for what has no source.
pub fn trust_nearest() -> Result<(), Failure> {
    let file = Files::default().nearest(Path::new(FILE_NAME), &current_dir()?)?;
    if let Some(file) = &file {
        trust(&file.config);
    }
    Ok(())
}

/// The mirrors that the `c3.toml` names that is nearest to a file which is no source.
pub fn mirrors_for(file: &Path) -> Result<Mirrors, Failure> {
    let found = Files::default().nearest(file, &current_dir()?)?;
    Ok(found.map(|file| file.config.mirrors.clone()).unwrap_or_default())
}

fn trust(config: &Config) {
    config.ca_certificates.iter().for_each(|path| http::trust(path));
}

/// The current directory.
pub fn current_dir() -> Result<PathBuf, Failure> {
    std::env::current_dir()
        .map_err(|error| Failure::new(INPUT, format!("cannot tell the current directory: {error}")))
}
