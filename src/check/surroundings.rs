//! What lies around a source and matters to its checks: modules beside it, and the files that `pip install -r` names.

use std::collections::BTreeSet;
use std::path::Path;

use crate::requirement_files::{ImageFile, Resolved};

/// What lies around a source.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Names of the modules and packages beside the source or in the working directory.
    pub modules: BTreeSet<String>,
    /// The texts of the requirement files.
    pub requirements: Vec<String>,
    /// Whether a requirement file wasn't read, so that it can't be told what is installed.
    pub incomplete: bool,
    /// The version of Python in the image, such as `3.12`, where it is known.
    pub python: Option<String>,
}

impl Surroundings {
    /// Looks around.
    #[must_use]
    pub fn look(source: &Path, root: &Path, requirements: &Resolved, python: Option<&str>) -> Self {
        let own = source.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let folders = [source.parent().filter(|path| !path.as_os_str().is_empty()).unwrap_or(root), root];
        let mut modules: BTreeSet<String> = folders.into_iter().flat_map(modules).collect();
        modules.remove(&own);
        Self {
            modules,
            requirements: requirements.files.iter().filter_map(ImageFile::text).collect(),
            incomplete: requirements.incomplete,
            python: python.map(ToOwned::to_owned),
        }
    }
}

/// The modules in a folder: scripts, and folders that hold some.
fn modules(folder: &Path) -> Vec<String> {
    let entries = folder.read_dir().into_iter().flatten().filter_map(Result::ok);
    entries.filter_map(|entry| module(&entry.path())).collect()
}

fn module(path: &Path) -> Option<String> {
    let is_script = |path: &Path| path.extension().is_some_and(|extension| extension == "py");
    let holds_scripts = || {
        let mut entries = path.read_dir().ok()?.filter_map(Result::ok);
        entries.find(|entry| is_script(&entry.path()))
    };
    let is_module = if path.is_dir() { holds_scripts().is_some() } else { is_script(path) };
    is_module.then(|| path.file_stem().unwrap_or_default().to_string_lossy().into_owned())
}
