//! Files around a source that matter to its checks: modules beside it, and files of `pip install -r`.

use std::collections::BTreeSet;
use std::fs::FileType;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::backend::variant::Variant;
use crate::memo::Memo;
use crate::neighbours::Neighbour;
use crate::requirement_files::{ImageFile, Resolved};

/// The files around a source.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// The source's own name, which isn't that of a module beside it.
    own: String,
    /// Names of the modules and packages beside the source and in the working directory.
    modules: Vec<Arc<BTreeSet<String>>>,
    /// The texts of the requirement files.
    pub requirements: Vec<String>,
    /// Whether a requirement file wasn't read, so that the installed packages are unknown.
    pub incomplete: bool,
    /// The code beside the source that it needs.
    pub neighbours: Vec<Neighbour>,
    /// The file beside the source that lists requirements, if the source has none.
    pub project: Option<String>,
    /// The version of Python in the image, such as `3.12`, if known.
    pub python: Option<String>,
    /// The first chosen platform with read-only data and no network access.
    pub platform: Option<&'static Variant>,
}

/// The modules in folders, each listed once for all sources.
#[derive(Debug, Default)]
pub struct Listings(Memo<PathBuf, BTreeSet<String>>);

impl Surroundings {
    /// Collects the files around a source.
    #[must_use]
    pub fn look(
        source: &Path,
        root: &Path,
        requirements: &Resolved,
        python: Option<&str>,
        listings: &Listings,
    ) -> Self {
        let own = source.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let folders = [source.parent().filter(|path| !path.as_os_str().is_empty()).unwrap_or(root), root];
        let modules = folders.map(|folder| listings.modules(folder)).to_vec();
        Self {
            own,
            modules,
            requirements: requirements.files.iter().filter_map(ImageFile::text).collect(),
            incomplete: requirements.incomplete,
            neighbours: Vec::new(),
            project: None,
            python: python.map(ToOwned::to_owned),
            platform: None,
        }
    }

    /// Whether a module is beside the source or in the working directory.
    #[must_use]
    pub fn has_module(&self, name: &str) -> bool {
        name != self.own && self.modules.iter().any(|modules| modules.contains(name))
    }
}

impl Listings {
    fn modules(&self, folder: &Path) -> Arc<BTreeSet<String>> {
        self.0.of(folder.to_owned(), || modules(folder))
    }
}

/// The modules in a folder: scripts, and folders that contain some.
fn modules(folder: &Path) -> BTreeSet<String> {
    let entries = folder.read_dir().into_iter().flatten().filter_map(Result::ok);
    entries.filter_map(|entry| module(&entry.path(), entry.file_type().ok()?)).collect()
}

fn module(path: &Path, kind: FileType) -> Option<String> {
    let is_script = |path: &Path| path.extension().is_some_and(|extension| extension == "py");
    let holds_scripts = || {
        let mut entries = path.read_dir().ok()?.filter_map(Result::ok);
        entries.find(|entry| is_script(&entry.path()))
    };
    let is_folder = kind.is_dir() || (kind.is_symlink() && path.is_dir());
    let is_module = if is_folder { holds_scripts().is_some() } else { is_script(path) };
    is_module.then(|| path.file_stem().unwrap_or_default().to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(source: &str, root: &Path, listings: &Listings) -> Surroundings {
        Surroundings::look(&root.join(source), root, &Resolved::default(), None, listings)
    }

    #[test]
    fn a_folder_is_listed_once_for_all_its_sources() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.py", "b.py", "package/c.py", "empty/d.txt", "e.txt"] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let listings = Listings::default();
        let found = |source| {
            let around = look(source, folder.path(), &listings);
            ["a", "b", "c", "d", "e", "package", "empty", "later"]
                .into_iter()
                .filter(move |name| around.has_module(name))
        };
        assert!(found("a.py").eq(["b", "package"]));
        std::fs::write(folder.path().join("later.py"), "").unwrap();
        assert!(found("b.py").eq(["a", "package"]));
        assert!(found("package/c.py").eq(["a", "b", "package"]));
        assert!(look("a.py", folder.path(), &Listings::default()).has_module("later"));
    }
}
