//! Installed distributions: the names in arguments of `pip install` and in requirement files.

use std::collections::BTreeSet;

use super::surroundings::Surroundings;
use crate::component::{Component, Requirement};
use crate::installers::pip::{self, Kind, normalized};

/// Installed distributions.
#[derive(Debug, Default)]
pub struct Installed {
    /// Normalized names of distributions, in requirement files too.
    pub names: BTreeSet<String>,
    /// Names as the source itself spells them.
    pub own: Vec<String>,
    /// Whether something is installed under an uncertain name.
    pub opaque: bool,
}

/// Prefixes of system packages with Python modules.
const SYSTEM_PREFIXES: &[&str] = &["python3-", "python3.11-", "python3.12-", "python-"];

impl Installed {
    /// The distributions that a component and the files around its source install.
    #[must_use]
    pub fn of(component: &Component, surroundings: &Surroundings) -> Self {
        let mut installed = Self { opaque: surroundings.incomplete, ..Self::default() };
        for requirement in &component.requirements {
            match requirement {
                Requirement::Pip { words, .. } => installed.pip(words),
                Requirement::System { words, .. } => installed.system(words),
                // conda's packages have names of their own.
                Requirement::Conda { .. } => installed.opaque = true,
                Requirement::R { .. } => {}
            }
        }
        for text in &surroundings.requirements {
            installed.file(text);
        }
        installed
    }

    /// Adds the distributions of one `pip install`.
    fn pip(&mut self, words: &[String]) {
        for argument in pip::parse(words).unwrap_or_default() {
            let text = argument.words.join(" ");
            // What is for some versions of Python or systems only isn't always imported.
            if let Some(name) = self.add(&argument).filter(|_| !text.contains(';')) {
                self.own.push(name);
            }
        }
    }

    /// Adds the distributions of a requirement file.
    fn file(&mut self, text: &str) {
        let arguments = pip::lines(text).into_iter().filter_map(|line| line.arguments.ok());
        for argument in arguments.flatten() {
            self.add(&argument);
        }
    }

    /// Adds the distribution of an argument; returns its name as written, if certain.
    fn add(&mut self, argument: &pip::Argument) -> Option<String> {
        match &argument.kind {
            Kind::Package(name) | Kind::Direct(name, _) => {
                self.names.insert(normalized(name));
                plain_name(&argument.words.join(" "))
            }
            Kind::Location(place) | Kind::Editable(place) => {
                self.names.extend(guessed_name(place).map(|name| normalized(&name)));
                self.opaque = true;
                None
            }
            Kind::Requirements(_) | Kind::Constraints(_) | Kind::Option(..) => None,
        }
    }

    /// Adds modules of system packages.
    fn system(&mut self, words: &[String]) {
        let name = |word: &String| {
            SYSTEM_PREFIXES.iter().find_map(|prefix| word.strip_prefix(prefix)).map(normalized)
        };
        self.names.extend(words.iter().filter_map(name));
    }
}

/// The name at the start of a requirement such as `numpy[extra]>=1.2; python_version < "3.13"`.
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

/// The likely name in an address or path: `git+https://host/owner/name.git@v1`, `name-1.0-py3-none-any.whl`.
fn guessed_name(requirement: &str) -> Option<String> {
    if let Some((_, egg)) = requirement.split_once("#egg=") {
        return plain_name(egg);
    }
    let last = requirement.trim_end_matches('/').rsplit('/').next()?;
    let last = last.split(['@', '#', '?']).next()?.trim_end_matches(".git");
    plain_name(if pip::is_archive(last) { last.split('-').next()? } else { last })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &str) -> Installed {
        let words: Vec<String> = words.split(' ').map(ToOwned::to_owned).collect();
        let mut installed = Installed::default();
        installed.pip(&words);
        installed
    }

    #[test]
    fn package_names_are_found_among_options() {
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
    fn requirement_lines_are_parsed() {
        let mut installed = Installed::default();
        installed.file(
            "# no\n\nnumpy==1  # yes\n-r other.txt\n--index-url https://host\n-e git+https://h/o/x.git\n",
        );
        assert_eq!(installed.names.into_iter().collect::<Vec<_>>(), ["numpy", "x"]);
        assert!(installed.opaque && installed.own.is_empty());
    }
}
