//! Requirement files: the files that `pip install -r` names are found on disk, with those that they name in turn.

use std::collections::BTreeSet;
use std::path::{Component as Part, Path, PathBuf};

use crate::backend::RequirementFile;
use crate::component::{Component, Requirement};

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Resolved {
    /// Files as the source names them.
    pub named: Vec<RequirementFile>,
    /// All files, those that others name too.
    pub files: Vec<DiskFile>,
    /// Names of files that aren't there.
    pub missing: Vec<String>,
}

/// A file on disk and its place in the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskFile {
    /// Path relative to the working directory of the image.
    pub path: String,
    /// Path on disk.
    pub disk: PathBuf,
}

/// Options of pip that name a file.
const OPTIONS: &[&str] = &["-r", "--requirement", "-c", "--constraint"];

/// Endings of packages that lie on disk.
const PACKAGES: &[&str] = &[".whl", ".tar.gz", ".zip"];

/// Finds the requirement files of a component beside its source or in the working directory.
#[must_use]
pub fn resolve(component: &Component, source: &Path, root: &Path) -> Resolved {
    let folders = [source.parent().unwrap_or(Path::new("")).to_path_buf(), root.to_path_buf()];
    let mut resolved = Resolved::default();
    let mut seen = BTreeSet::new();
    for named in component.requirements.iter().flat_map(named_files) {
        if !seen.insert(named.to_owned()) {
            continue;
        }
        match find(named, &folders) {
            Some(file) => {
                resolved.named.push(RequirementFile {
                    named: named.to_owned(),
                    path: file.path.clone(),
                    text: text(&file),
                });
                resolved.add(file);
            }
            None => resolved.missing.push(named.to_owned()),
        }
    }
    resolved
}

impl Resolved {
    /// Adds a file and what it names, each once.
    fn add(&mut self, file: DiskFile) {
        if self.files.iter().any(|known| known.path == file.path) {
            return;
        }
        let text = text(&file);
        let folder =
            (parent(&file.disk), Path::new(&file.path).parent().unwrap_or(Path::new("")).to_path_buf());
        self.files.push(file);
        for named in text.lines().filter_map(|line| nested(line.trim())) {
            let disk = folder.0.join(named);
            match (disk.is_file(), below(&folder.1.join(named))) {
                (true, Some(path)) => self.add(DiskFile { path, disk }),
                _ => self.missing.push(named.to_owned()),
            }
        }
    }
}

/// What is in a file; nothing of a package.
fn text(file: &DiskFile) -> String {
    if is_package(&file.path) {
        return String::new();
    }
    std::fs::read(&file.disk).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

fn parent(path: &Path) -> PathBuf {
    path.parent().map(Path::to_path_buf).unwrap_or_default()
}

/// The file that a line of a requirement file names.
fn nested(line: &str) -> Option<&str> {
    OPTIONS.iter().find_map(|option| {
        let rest = line.strip_prefix(option)?;
        let value = rest.trim_start_matches(['=', ' ', '\t']);
        (value.len() < rest.len() || option.len() == 2).then(|| value.split_whitespace().next()).flatten()
    })
}

/// The files that the arguments of a requirement's command name.
fn named_files(requirement: &Requirement) -> Vec<&str> {
    match requirement {
        Requirement::Pip { words, metadata: false, .. } => files_of_pip(words),
        Requirement::Conda { words, .. } => files_of_conda(words),
        _ => Vec::new(),
    }
}

/// The files behind conda's `--file`, such as `environment.yml`.
fn files_of_conda(words: &[String]) -> Vec<&str> {
    let pairs = words.iter().zip(words.iter().skip(1));
    pairs
        .filter(|(option, _)| matches!(option.as_str(), "-f" | "--file"))
        .map(|(_, file)| file.as_str())
        .collect()
}

fn files_of_pip(words: &[String]) -> Vec<&str> {
    let mut files = Vec::new();
    let mut words = words.iter().map(String::as_str).filter(|word| !word.contains("://"));
    while let Some(word) = words.next() {
        match nested(word) {
            Some(file) => files.push(file),
            None if OPTIONS.contains(&word) => files.extend(words.next()),
            None if is_package(word) && !word.contains("://") && !word.contains('@') => files.push(word),
            None => {}
        }
    }
    files
}

fn is_package(word: &str) -> bool {
    PACKAGES.iter().any(|ending| word.ends_with(ending))
}

fn find(named: &str, folders: &[PathBuf]) -> Option<DiskFile> {
    let path = named.strip_prefix("~/").unwrap_or(named);
    let name = Path::new(path).file_name()?.to_str()?;
    let candidates =
        [path, name].into_iter().flat_map(|path| folders.iter().map(move |folder| (path, folder.join(path))));
    let (path, disk) = candidates.into_iter().find(|(_, disk)| disk.is_file())?;
    Some(DiskFile { path: below(Path::new(path)).unwrap_or_else(|| name.to_owned()), disk })
}

/// A relative path without `.` and `..`, if it leads nowhere above.
fn below(path: &Path) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.components() {
        match part {
            Part::Normal(part) => parts.push(part.to_str()?),
            Part::CurDir => {}
            Part::ParentDir => drop(parts.pop()?),
            _ => return None,
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_with_what_they_name() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("requirements.txt", "numpy\n-r more/base.txt\n-c limits.txt # why\n");
        write("more/base.txt", "--requirement=../requirements.txt\n-rother.txt\n");
        write("limits.txt", "numpy<3\n");
        let words = ["-r", "~/requirements.txt", "-cmissing.txt"].map(ToOwned::to_owned).to_vec();
        let component = Component {
            schema_version: 1,
            name: String::new(),
            description: String::new(),
            language: crate::component::Language::Python,
            source: String::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            requirements: vec![Requirement::Pip { text: String::new(), words, metadata: false }],
            requires_python: None,
            ipython: false,
            diagnostics: Vec::new(),
        };
        let found = resolve(&component, &folder.path().join("x.py"), Path::new("/nonexistent"));
        let paths: Vec<_> = found.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["requirements.txt", "more/base.txt", "limits.txt"]);
        assert_eq!(found.missing, ["other.txt", "missing.txt"]);
        let named = RequirementFile {
            named: "~/requirements.txt".into(),
            path: "requirements.txt".into(),
            text: "numpy\n-r more/base.txt\n-c limits.txt # why\n".into(),
        };
        assert_eq!(found.named, [named]);
    }

    #[test]
    fn nothing_leads_out_of_the_image_s_folder() {
        assert_eq!(below(Path::new("a/../b/./c")).as_deref(), Some("b/c"));
        assert_eq!(below(Path::new("../c")), None);
        assert_eq!(below(Path::new("/c")), None);
    }
}
