//! What is installed: the names of the distributions in the arguments of `pip install` and in requirement files.

use std::collections::BTreeSet;

use super::distributions::normalized;
use super::surroundings::Surroundings;
use crate::component::{Component, Requirement};

/// What is installed.
#[derive(Debug, Default)]
pub struct Installed {
    /// Normalized names of distributions, in requirement files too.
    pub names: BTreeSet<String>,
    /// Names as the source itself spells them.
    pub own: Vec<String>,
    /// Whether something is installed whose name isn't known for certain.
    pub opaque: bool,
}

/// Options of pip that take a value.
const WITH_VALUE: &[&str] = &[
    "-i",
    "-f",
    "-r",
    "-c",
    "-t",
    "--index-url",
    "--extra-index-url",
    "--find-links",
    "--requirement",
    "--constraint",
    "--target",
    "--trusted-host",
    "--proxy",
    "--platform",
    "--python-version",
    "--only-binary",
    "--no-binary",
    "--prefix",
    "--root",
    "--src",
    "--timeout",
    "--retries",
    "--cache-dir",
    "--progress-bar",
    "--upgrade-strategy",
    "--config-settings",
    "--global-option",
    "--use-feature",
    "--use-deprecated",
    "--cert",
    "--client-cert",
];

/// Prefixes of the distribution's packages that hold modules of Python.
const SYSTEM_PREFIXES: &[&str] = &["python3-", "python3.11-", "python3.12-", "python-"];

/// Endings of packages that are files.
const FILES: &[&str] = &[".whl", ".zip", ".tar.gz", ".tar.bz2", ".tgz"];

impl Installed {
    /// What a component and the files around its source install.
    #[must_use]
    pub fn of(component: &Component, surroundings: &Surroundings) -> Self {
        let mut installed = Self { opaque: surroundings.incomplete, ..Self::default() };
        for requirement in &component.requirements {
            match requirement {
                Requirement::Pip { text, metadata: true, .. } => installed.own(text),
                Requirement::Pip { words, .. } => {
                    for word in arguments(words) {
                        installed.own(word);
                    }
                }
                Requirement::System { words, .. } => installed.system(words),
                // conda's packages have names of their own.
                Requirement::Conda { .. } => installed.opaque = true,
                Requirement::R { .. } => {}
            }
        }
        for line in &surroundings.requirements {
            installed.line(line);
        }
        installed
    }

    fn own(&mut self, word: &str) {
        // What is for some versions of Python or systems only isn't always imported.
        if let Some(name) = self.add(word).filter(|_| !word.contains(';')) {
            self.own.push(name);
        }
    }

    /// Adds what one requirement installs and returns its name, if that is a plain one.
    fn add(&mut self, requirement: &str) -> Option<String> {
        let is_plain = !requirement.contains("://") && !is_path(requirement);
        let named = requirement.split_once('@').filter(|(name, _)| is_name(name.trim()));
        if let Some(name) = plain_name(requirement).filter(|_| is_plain || named.is_some()) {
            self.names.insert(normalized(&name));
            return Some(name);
        }
        self.names.extend(guessed_name(requirement).map(|name| normalized(&name)));
        self.opaque = true;
        None
    }

    /// Modules that the distribution's package manager installs.
    fn system(&mut self, words: &[String]) {
        let name = |word: &String| {
            SYSTEM_PREFIXES.iter().find_map(|prefix| word.strip_prefix(prefix)).map(normalized)
        };
        self.names.extend(words.iter().filter_map(name));
    }

    /// A line of a requirement file.
    fn line(&mut self, line: &str) {
        let line = line.split(" #").next().unwrap_or_default().trim().trim_end_matches('\\').trim();
        let is_option = line.starts_with('-') && !line.starts_with("-e");
        if line.is_empty() || line.starts_with('#') || is_option {
            return;
        }
        self.add(line.trim_start_matches("--editable").trim_start_matches("-e").trim());
    }
}

/// The arguments of `pip install` that aren't options.
fn arguments(words: &[String]) -> Vec<&str> {
    let mut arguments = Vec::new();
    let mut words = words.iter().map(String::as_str);
    while let Some(word) = words.next() {
        if WITH_VALUE.contains(&word) {
            words.next();
        } else if !word.starts_with('-') {
            arguments.push(word);
        }
    }
    arguments
}

/// The name that a requirement such as `numpy[extra]>=1.2; python_version < "3.13"` begins with.
#[must_use]
pub fn plain_name(requirement: &str) -> Option<String> {
    let end = requirement.find(|c: char| !is_name_character(c)).unwrap_or(requirement.len());
    let name = requirement[..end].trim_end_matches(['-', '_', '.']);
    is_name(name).then(|| name.to_owned())
}

fn is_name_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_.".contains(c)
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(is_name_character)
}

fn is_path(word: &str) -> bool {
    word.starts_with(['.', '/', '~']) || FILES.iter().any(|ending| word.ends_with(ending))
}

/// What an address or a path may be the name of: `git+https://host/owner/name.git@v1`, `name-1.0-py3-none-any.whl`.
fn guessed_name(requirement: &str) -> Option<String> {
    if let Some((_, egg)) = requirement.split_once("#egg=") {
        return plain_name(egg);
    }
    let last = requirement.trim_end_matches('/').rsplit('/').next()?;
    let last = last.split(['@', '#', '?']).next()?.trim_end_matches(".git");
    let stem = if is_path(last) { last.split('-').next()? } else { last };
    plain_name(stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &str) -> Installed {
        let words: Vec<String> = words.split(' ').map(ToOwned::to_owned).collect();
        let mut installed = Installed::default();
        for word in arguments(&words) {
            installed.own(word);
        }
        installed
    }

    #[test]
    fn names_are_found_among_options() {
        let cases: &[(&str, &[&str], bool)] = &[
            ("-U numpy>=1.2 pandas[x]==1", &["numpy", "pandas"], false),
            ("-i https://host/simple -r x.txt a", &["a"], false),
            ("--index-url=https://host a_b.c", &["a-b-c"], false),
            ("git+https://github.com/owner/Name.git@v1", &["name"], true),
            ("git+https://host/owner/x#egg=other", &["other"], true),
            ("./wheels/some_name-1.0-py3-none-any.whl", &["some-name"], true),
            ("https://host/name-1.0.tar.gz", &["name"], true),
        ];
        for (words, names, opaque) in cases {
            let installed = of(words);
            let found: Vec<_> = installed.names.iter().map(String::as_str).collect();
            assert_eq!((found.as_slice(), installed.opaque), (*names, *opaque), "{words}");
        }
        let installed = of("name@https://host/name.git");
        assert_eq!(installed.own, ["name"]);
    }

    #[test]
    fn lines_of_files_are_read() {
        let mut installed = Installed::default();
        for line in [
            "# no",
            "",
            "numpy==1  # yes",
            "-r other.txt",
            "--index-url https://host",
            "-e git+https://h/o/x.git",
        ] {
            installed.line(line);
        }
        assert_eq!(installed.names.into_iter().collect::<Vec<_>>(), ["numpy", "x"]);
        assert!(installed.opaque && installed.own.is_empty());
    }
}
