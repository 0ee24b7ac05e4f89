//! Finding and reading `c3.toml`: the nearest one above a source, each read once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Config, ConfigError, operators};
use crate::reader;

/// The name of the file.
pub const FILE_NAME: &str = "c3.toml";

/// A file of settings that has been read.
#[derive(Debug, Clone)]
pub struct File {
    /// Where it is: below the current directory if it can be told so.
    pub path: PathBuf,
    /// What it says, its paths relative to the current directory.
    pub config: Config,
}

/// The files of settings that have been read so far.
#[derive(Debug, Clone, Default)]
pub struct Files(Arc<Mutex<BTreeMap<PathBuf, Arc<File>>>>);

impl Files {
    /// The nearest file in the folder of a source or above: up to the root of its repository, else up to the
    /// current directory; a source outside of both has only its own folder.
    pub fn nearest(&self, source: &Path, current: &Path) -> Result<Option<Arc<File>>, ConfigError> {
        let folder = source.parent().unwrap_or(Path::new(""));
        let Ok(folder) = current.join(folder).canonicalize() else { return Ok(None) };
        let current = current.canonicalize().unwrap_or_else(|_| current.into());
        let top = top(&folder, &current);
        let folders = folder.ancestors().take_while(|above| above.starts_with(&top));
        let mut paths = folders.map(|folder| folder.join(FILE_NAME));
        let nearest = paths.find(|path| path.exists() && !path.is_dir());
        nearest.map(|path| self.load(path, &current)).transpose()
    }

    fn load(&self, path: PathBuf, current: &Path) -> Result<Arc<File>, ConfigError> {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = files.get(&path) {
            return Ok(Arc::clone(file));
        }
        let file = Arc::new(read(&path, current)?);
        files.insert(path, Arc::clone(&file));
        Ok(file)
    }
}

/// The highest folder that a source's settings may be in.
fn top(folder: &Path, current: &Path) -> PathBuf {
    let repository = folder.ancestors().find(|above| above.join(".git").exists());
    let current = Some(current).filter(|current| folder.starts_with(current));
    repository.or(current).unwrap_or(folder).to_owned()
}

fn read(path: &Path, current: &Path) -> Result<File, ConfigError> {
    let shown = path.strip_prefix(current).unwrap_or(path).to_owned();
    let text =
        reader::read_to_string(path).map_err(|source| ConfigError::Io { path: shown.clone(), source })?;
    let folder = path.parent().unwrap_or(current);
    let config = Config::parse(&text).and_then(|config| match operators::unknown(&config, &text, folder) {
        Some(problem) => Err(problem),
        None => Ok(config),
    });
    let config = config.map_err(|problem| ConfigError::invalid(problem, &shown, &text))?;
    Ok(File { path: shown, config: config.rebased(folder, current) })
}
