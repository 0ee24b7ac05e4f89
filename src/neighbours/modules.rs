//! Python modules, found as Python does: packages before modules, and folders without `__init__.py` last.

use std::ops::Range;
use std::path::Path;

use walkdir::{DirEntry, WalkDir};

use super::{COUNT_LIMIT, Entry, Walk, diagnostics, image_path, join};
use crate::installers::distributions;

/// The file that makes a folder a package.
const INIT: &str = "__init__.py";

/// Modules that exist before any file is searched.
const BUILT_IN: &[&str] = &[
    "abc",
    "atexit",
    "builtins",
    "codecs",
    "encodings",
    "errno",
    "faulthandler",
    "gc",
    "genericpath",
    "importlib",
    "io",
    "itertools",
    "marshal",
    "ntpath",
    "os",
    "posix",
    "posixpath",
    "pwd",
    "runpy",
    "signal",
    "site",
    "stat",
    "sys",
    "sysconfig",
    "time",
    "zipimport",
];

impl Walk {
    /// Adds the files of a module; a relative one is searched beside its importer.
    pub(super) fn module(&mut self, module: &str, importer: Option<&str>, span: &Range<usize>) {
        let path = module.trim_start_matches('.');
        let level = module.len() - path.len();
        match (level, importer) {
            (0, _) => self.absolute(path, span),
            (_, None) => self.tell(diagnostics::relative(module), span),
            (level, Some(importer)) => self.relative(path, level, importer, span),
        }
    }

    fn absolute(&mut self, path: &str, span: &Range<usize>) {
        let first = path.split('.').next().unwrap_or(path);
        if BUILT_IN.contains(&first) || first.starts_with('_') && distributions::is_standard(first) {
            return;
        }
        let search = self.search.clone();
        let parts: Vec<&str> = path.split('.').collect();
        let Some((folder, place)) = search.iter().find(|entry| has(entry, first)).cloned() else {
            // A folder that is no package gives only the modules that are named.
            let is_standard = distributions::is_standard(first);
            let spaces = search.iter().filter(|(folder, _)| !is_standard && folder.join(first).is_dir());
            spaces.for_each(|entry| self.descend(entry, &parts, span));
            let mut places = search.iter().map(|(_, place)| format!("{}/", join(place, first)));
            let is_here = places.any(|place| self.found.keys().any(|path| path.starts_with(&place)));
            if !is_standard && !is_here && first != self.stem {
                self.result.foreign.insert(first.to_owned());
            }
            return;
        };
        if distributions::is_standard(first) {
            let is_own = folder.join(format!("{first}.py")).canonicalize().is_ok_and(|file| file == self.own);
            if is_own {
                return;
            }
            self.tell(diagnostics::shadowed(first), span);
        }
        let package = folder.join(first);
        if package.join(INIT).is_file() {
            self.package(&package, &join(&place, first), span);
        }
        self.descend(&(folder, place), &parts, span);
    }

    fn relative(&mut self, path: &str, level: usize, importer: &str, span: &Range<usize>) {
        let Some(found) = self.found.get(importer) else { return };
        // The place in the image tells the package; a link may lead elsewhere on disk.
        let Some(disk) = found.disk.ancestors().nth(level) else { return };
        let Some(place) = Path::new(importer).ancestors().nth(level) else { return };
        let entry = (disk.to_path_buf(), place.to_string_lossy().into_owned());
        self.take(&entry.0.join(INIT), &join(&entry.1, INIT), span, true);
        let parts: Vec<&str> = path.split('.').filter(|part| !part.is_empty()).collect();
        self.descend(&entry, &parts, span);
    }

    /// Adds the files along a dotted path, as far as they exist.
    fn descend(&mut self, (folder, place): &Entry, parts: &[&str], span: &Range<usize>) {
        let Some((first, rest)) = parts.split_first() else { return };
        let (inner, name) = (folder.join(first), join(place, first));
        if inner.join(INIT).is_file() {
            self.take(&inner.join(INIT), &join(&name, INIT), span, true);
            self.descend(&(inner, name), rest, span);
        } else if folder.join(format!("{first}.py")).is_file() {
            self.take(&folder.join(format!("{first}.py")), &format!("{name}.py"), span, true);
        } else if inner.is_dir() {
            self.descend(&(inner, name), rest, span);
        }
    }

    /// Adds all modules of a package, as it may import them by computed names.
    fn package(&mut self, package: &Path, place: &str, span: &Range<usize>) {
        let files = WalkDir::new(package).sort_by_file_name().into_iter().filter_entry(is_open);
        let files = files.filter_map(Result::ok).filter(|entry| entry.path().is_file());
        let (modules, others): (Vec<_>, Vec<_>) = files.take(10 * COUNT_LIMIT).partition(is_module);
        for module in &modules {
            if let Some(path) = image_path(module.path(), package) {
                self.take(module.path(), &join(place, &path), span, false);
            }
        }
        let others: Vec<_> = others.iter().filter(|entry| !is_made(entry)).collect();
        if let Some(first) = others.first().and_then(|entry| image_path(entry.path(), package)) {
            self.others.push((place.to_owned(), join(place, &first), others.len(), span.clone()));
        }
    }
}

/// Whether a folder has a package or module with this name.
fn has((folder, _): &Entry, name: &str) -> bool {
    folder.join(name).join(INIT).is_file() || folder.join(format!("{name}.py")).is_file()
}

/// Whether an entry is neither a cache, an environment nor hidden.
fn is_open(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    !(entry.depth() > 0 && name.starts_with('.')
        || ["__pycache__", "node_modules", "site-packages"].contains(&name.as_ref())
        || entry.path().join("pyvenv.cfg").exists())
}

fn is_module(entry: &DirEntry) -> bool {
    entry.path().extension().is_some_and(|end| end == "py")
}

fn is_made(entry: &DirEntry) -> bool {
    entry
        .path()
        .extension()
        .is_some_and(|end| ["pyc", "pyo", "md", "rst", "pyi"].iter().any(|made| end == *made))
}
