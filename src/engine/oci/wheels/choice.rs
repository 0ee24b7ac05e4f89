//! The wheels chosen for a base image's Python, read from uv's `pylock.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Failure;
use crate::installers::pip::normalized;
use crate::userinfo::removed;

/// A chosen wheel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Chosen {
    /// A URL, or a path relative to the list's folder.
    pub(super) place: String,
    /// Its SHA-256 in hexadecimal, if the index has it.
    pub(super) sha256: Option<String>,
    /// Whether the requirement itself names the address.
    pub(super) is_direct: bool,
    /// Whether a requirement names the package, before anything else depends on it.
    pub(super) is_requested: bool,
}

/// Chosen wheels by normalized package name.
pub(super) type Choice = BTreeMap<String, Chosen>;

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    #[serde(default)]
    wheels: Vec<Artifact>,
    archive: Option<Artifact>,
}

#[derive(Deserialize)]
struct Artifact {
    url: Option<String>,
    path: Option<String>,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
}

impl Chosen {
    /// Whether it is a local file.
    pub(super) fn is_local(&self) -> bool {
        !self.place.contains("://")
    }

    /// Its file name.
    pub(super) fn file(&self) -> String {
        let path = self.place.split(['?', '#']).next().unwrap_or_default();
        let name = path.rsplit('/').next().unwrap_or_default();
        percent_encoding::percent_decode_str(name).decode_utf8_lossy().into_owned()
    }
}

/// The name of a file on disk.
pub(super) fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The packages after several commands, each with uv's choice and its lines: an installed package stays.
pub(super) fn joined<'a>(commands: impl Iterator<Item = (&'a str, &'a [String])>) -> Result<Choice, Failure> {
    let mut all = Choice::new();
    for (lock, lines) in commands {
        let names: BTreeSet<String> = lines.iter().filter_map(|line| requested(line)).collect();
        for (name, chosen) in read(lock)? {
            let is_there = all.get(&name).is_some_and(|there| there.place == chosen.place);
            if !is_there {
                let is_requested = names.contains(&name);
                all.insert(name, Chosen { is_requested, ..chosen });
            }
        }
    }
    Ok(all)
}

/// Whether the digest of each package is among those in the requirements, if these have any.
pub(super) fn is_allowed(choice: &Choice, lines: &[String]) -> bool {
    let lines: Vec<&String> = lines.iter().filter(|line| line.contains("--hash=")).collect();
    let is_named =
        |sha256: &String| lines.iter().any(|line| line.to_ascii_lowercase().contains(sha256.as_str()));
    lines.is_empty() || choice.values().all(|chosen| chosen.sha256.as_ref().is_some_and(is_named))
}

/// Reads a list of chosen packages; each has to be a single wheel.
pub(super) fn read(lock: &str) -> Result<Choice, Failure> {
    let lock: Lock = toml::from_str(lock).map_err(|error| Failure::Unfit(error.message().to_owned()))?;
    lock.packages.into_iter().map(|package| Ok((normalized(&package.name), chosen(package)?))).collect()
}

fn chosen(package: Package) -> Result<Chosen, Failure> {
    let Package { name, wheels, archive } = package;
    let unfit = || Failure::Unfit(format!("`{name}` isn't one wheel"));
    let is_direct = archive.is_some();
    let [artifact] =
        <[_; 1]>::try_from(archive.into_iter().chain(wheels).collect::<Vec<_>>()).map_err(|_| unfit())?;
    // Whoever fetches it knows the login.
    let place = removed(&artifact.url.or(artifact.path).ok_or_else(unfit)?).into_owned();
    let sha256 = artifact.hashes.get("sha256").map(|hash| hash.to_ascii_lowercase());
    let chosen = Chosen { place, sha256, is_direct, is_requested: false };
    if is_wheel(&chosen.file()) { Ok(chosen) } else { Err(unfit()) }
}

fn is_wheel(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|end| end == "whl")
}

/// The package in a line of a requirement file, unless it is an option.
pub(super) fn requested(line: &str) -> Option<String> {
    let word = line.trim().split([' ', ';']).next().unwrap_or_default();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let end = word.find(|c| !is_plain(c)).unwrap_or(word.len());
    let path = word.split(['#', '?', '[']).next().unwrap_or_default();
    let is_wheel = is_wheel(path) && !word[end..].starts_with('@');
    let name = if is_wheel { path.rsplit('/').next()?.split('-').next()? } else { &word[..end] };
    (!word.starts_with('-') && !name.is_empty()).then(|| normalized(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uv_lock_choices_are_parsed() {
        let lock = r#"
            lock-version = "1.0"
            [[packages]]
            name = "Six.Teen"
            version = "1"
            wheels = [{ url = "https://a/six_teen-1+cpu%2Bx-py3-none-any.whl", size = 5, upload-time = 2024-12-05T17:08:02Z, hashes = { sha256 = "AB" } }]
            [[packages]]
            name = "local"
            archive = { path = "files/local-1-py3-none-any.whl", hashes = {} }
        "#;
        let choice = read(lock).ok().unwrap();
        let names: Vec<_> = choice.keys().map(String::as_str).collect();
        assert_eq!(names, ["local", "six-teen"]);
        let (local, six) = (&choice["local"], &choice["six-teen"]);
        assert_eq!((local.is_local(), local.is_direct, local.sha256.as_deref()), (true, true, None));
        assert_eq!((six.is_local(), six.is_direct, six.sha256.as_deref()), (false, false, Some("ab")));
        assert_eq!(six.file(), "six_teen-1+cpu+x-py3-none-any.whl");
    }

    #[test]
    fn packages_without_exactly_one_wheel_are_unsuitable() {
        let package = |text: &str| read(&format!("[[packages]]\nname = 'a'\n{text}"));
        for text in [
            "",
            "vcs = { url = 'https://a/x.git' }",
            "archive = { url = 'https://a/a-1.tar.gz' }",
            "wheels = [{ url = 'https://a/a.whl' }, { url = 'https://a/b.whl' }]",
        ] {
            assert!(matches!(package(text), Err(Failure::Unfit(_))), "{text}");
        }
        assert!(read("[").is_err());
    }

    #[test]
    fn previously_chosen_packages_keep_their_version_and_order() {
        let package = |name: &str, file: &str| {
            format!("[[packages]]\nname = '{name}'\nwheels = [{{ url = 'https://x/{file}.whl' }}]\n")
        };
        let first = package("a", "a-1") + &package("b", "b-1");
        let second = package("b", "b-1") + &package("a", "a-2") + &package("c", "c-1");
        let lines = [vec!["a".to_owned()], vec!["b".to_owned(), "c".to_owned()]];
        let all = joined([(&*first, &*lines[0]), (&*second, &*lines[1])].into_iter()).ok().unwrap();
        let shown: Vec<_> = all.values().map(|one| (one.file(), one.is_requested)).collect();
        let expected = [("a-2.whl", false), ("b-1.whl", false), ("c-1.whl", true)];
        assert_eq!(shown, expected.map(|(file, is_requested)| (file.to_owned(), is_requested)));
    }

    #[test]
    fn requirement_hashes_apply_to_all_wheels() {
        let package = |hash: &str| {
            let wheel = format!("{{ url = 'https://x/a-1.whl', hashes = {{ sha256 = '{hash}' }} }}");
            read(&format!("[[packages]]\nname = 'a'\nwheels = [{wheel}]")).ok().unwrap()
        };
        let lines = ["a==1 --hash=sha256:AB".to_owned()];
        assert!(is_allowed(&package("ab"), &lines) && is_allowed(&package("cd"), &[]));
        assert!(!is_allowed(&package("cd"), &lines));
    }

    #[test]
    fn package_names_are_parsed_from_requirements() {
        let lines = [
            ("Ruamel.Yaml[x]>=1 ; python_version > '3'", Some("ruamel-yaml")),
            ("six==1.0 --hash=sha256:ab", Some("six")),
            ("a-b @ https://x/a_b-1-py3-none-any.whl", Some("a-b")),
            ("./w/six_teen-1-py3-none-any.whl", Some("six-teen")),
            ("https://x/~me/six-1-py3-none-any.whl#sha256=ab", Some("six")),
            ("six@https://x/six-1-py3-none-any.whl", Some("six")),
            ("six-1-py3-none-any.whl", Some("six")),
            ("--index-url https://x", None),
            ("", None),
        ];
        for (line, name) in lines {
            assert_eq!(requested(line).as_deref(), name, "{line}");
        }
    }
}
