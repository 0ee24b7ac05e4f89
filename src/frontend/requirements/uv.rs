//! `[tool.uv]` of a PEP 723 block: uv's sources of packages, translated for pip.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;

use crate::component::Requirement;
use crate::diagnostic::Diagnostic;
use crate::installers::pip::{self, Kind};

/// The package sources in uv's table.
#[derive(Debug, Default)]
pub(super) struct Uv {
    /// Options for all dependencies.
    options: Vec<String>,
    /// The addresses of indexes for single packages, by normalized name.
    indexed: BTreeMap<String, String>,
    /// The addresses of packages, by normalized name.
    placed: BTreeMap<String, String>,
    /// The named indexes.
    pub(super) named: BTreeMap<String, String>,
    /// What can't be followed, or differs from uv.
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// An entry of `[[tool.uv.index]]`.
#[derive(Deserialize)]
struct Index {
    name: Option<String>,
    url: String,
    #[serde(default)]
    default: bool,
    #[serde(default)]
    explicit: bool,
}

/// Keys about package sources that have an equivalent pip option.
const OPTIONS: &[(&str, &str)] = &[
    ("index-url", "--index-url"),
    ("extra-index-url", "--extra-index-url"),
    ("find-links", "--find-links"),
    ("no-index", "--no-index"),
];

/// Keys about uv's own behaviour that don't affect what is installed.
const MANNERS: &[&str] = &["cache-keys", "compile-bytecode", "link-mode", "native-tls", "offline", "preview"];

impl Uv {
    /// Reads the table.
    pub(super) fn read(table: &toml::Table) -> Self {
        let mut uv = Self::default();
        uv.indexes(table.get("index"));
        for (key, option) in OPTIONS {
            uv.option(option, table.get(*key));
        }
        let sources = table.get("sources").and_then(toml::Value::as_table);
        for (package, source) in sources.into_iter().flatten() {
            uv.source(package, source);
        }
        let is_known = |key: &str| {
            ["index", "sources"].contains(&key)
                || MANNERS.contains(&key)
                || OPTIONS.iter().any(|option| option.0 == key)
        };
        let unknown = table.keys().filter(|key| !is_known(key));
        let notices = unknown.map(|key| {
            Diagnostic::warning("uv-setting", format!("`tool.uv.{key}` isn't honoured")).hint(HONOURED)
        });
        uv.diagnostics.extend(notices);
        uv
    }

    /// Reads the indexes.
    fn indexes(&mut self, value: Option<&toml::Value>) {
        for value in value.and_then(toml::Value::as_array).into_iter().flatten() {
            let Ok(index) = value.clone().try_into::<Index>() else {
                self.diagnostics.push(refusal("an entry of `[[tool.uv.index]]` has no `url`", HONOURED));
                continue;
            };
            if !is_web(&index.url) {
                let message = format!("`{}` is not an index that `c3` can follow", index.url);
                self.diagnostics.push(refusal(&message, "write its `https://` URL"));
                continue;
            }
            if index.default {
                self.options.extend(["--index-url".to_owned(), index.url.clone()]);
            } else if !index.explicit {
                self.options.extend(["--extra-index-url".to_owned(), index.url.clone()]);
                self.diagnostics.push(confusable(&index.url));
            }
            self.named.extend(index.name.map(|name| (name, index.url)));
        }
    }

    /// Translates the values of a key to a pip option.
    fn option(&mut self, option: &str, value: Option<&toml::Value>) {
        let values = match value {
            Some(toml::Value::Boolean(true)) => return self.options.push(option.to_owned()),
            Some(toml::Value::Array(values)) => values.iter().collect(),
            Some(value) => vec![value],
            None => Vec::new(),
        };
        for value in values.into_iter().filter_map(toml::Value::as_str) {
            self.options.extend([option.to_owned(), value.to_owned()]);
        }
    }

    /// Reads the source of one package.
    fn source(&mut self, package: &str, source: &toml::Value) {
        let name = pip::normalized(package);
        let text = |key: &str| source.get(key).and_then(toml::Value::as_str);
        let keys: Vec<&str> = source.as_table().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
        match keys.as_slice() {
            ["index"] => match text("index").and_then(|index| self.named.get(index)) {
                Some(url) => drop(self.indexed.insert(name, url.clone())),
                None => self.diagnostics.push(refusal(
                    &format!("`{package}` comes from an index that no `[[tool.uv.index]]` names"),
                    "name it there with `name` and `url`",
                )),
            },
            ["url"] if text("url").is_some_and(is_web) => {
                self.placed.insert(name, text("url").unwrap_or_default().to_owned());
            }
            keys => {
                let keys = keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
                let what = if keys.is_empty() { "a list".to_owned() } else { keys };
                self.diagnostics.push(refusal(
                    &format!("`tool.uv.sources` takes `{package}` from {what}, which an image can't follow"),
                    "name an index with `index`, or the address of a wheel with `url`",
                ));
            }
        }
    }

    /// The dependencies with their sources: those with their own index come first, separately, so that no
    /// other index is asked for them.
    pub(super) fn requirements(&self, dependencies: Vec<String>, span: &Range<usize>) -> Vec<Requirement> {
        let name = |text: &String| {
            let arguments = pip::parse(std::slice::from_ref(text)).unwrap_or_default();
            arguments.into_iter().find_map(|argument| match argument.kind {
                Kind::Package(name) => Some(name),
                _ => None,
            })
        };
        let pip = |text: String, words: Vec<String>, metadata| Requirement::Pip {
            text,
            words,
            metadata,
            span: span.clone(),
        };
        let (mut apart, mut joined) = (Vec::new(), Vec::new());
        for text in dependencies {
            let name = name(&text);
            if let Some(url) = name.as_ref().and_then(|name| self.indexed.get(name)) {
                let words = ["--index-url", url, "--no-deps", &text].map(ToOwned::to_owned).to_vec();
                apart.push(pip(words.join(" "), words, false));
            }
            let place = name.as_ref().and_then(|name| self.placed.get(name));
            let text = place.map_or(text.clone(), |url| placed(&text, url));
            joined.push(pip(text.clone(), vec![text], true));
        }
        if let Some(Requirement::Pip { words, .. }) = joined.first_mut() {
            words.splice(0..0, self.options.iter().cloned());
        }
        apart.into_iter().chain(joined).collect()
    }
}

/// The keys of uv's table that are honoured.
const HONOURED: &str = "`[[tool.uv.index]]`, `index-url`, `extra-index-url`, `find-links`, `no-index`, and `index` and `url` of `[tool.uv.sources]` are honoured; leave out the rest, or keep it in a project of its own";

fn refusal(message: &str, hint: &str) -> Diagnostic {
    Diagnostic::error("uv-setting", message).hint(hint)
}

/// A warning that pip has no order of indexes: another one's package of the same name may be installed.
fn confusable(url: &str) -> Diagnostic {
    let message =
        format!("pip takes the highest version that `{url}` or the default index has, whoever put it there");
    Diagnostic::warning("index-order", message)
        .hint("say `explicit = true` and name the packages that come from it in `[tool.uv.sources]`, or `default = true` where it has all")
}

/// A requirement for a package at a URL: its name and extras, the URL, its marker.
fn placed(text: &str, url: &str) -> String {
    let (requirement, marker) =
        text.split_once(';').map_or((text, None), |(text, marker)| (text, Some(marker)));
    let end = requirement.find(|c: char| "<>=!~ (".contains(c)).unwrap_or(requirement.len());
    let marker = marker.map(|marker| format!(" ; {}", marker.trim())).unwrap_or_default();
    format!("{} @ {url}{marker}", requirement[..end].trim())
}

fn is_web(url: &str) -> bool {
    (url.starts_with("https://") || url.starts_with("http://")) && !url.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The arguments of each `pip install`, and the codes of what is wrong.
    fn read(table: &str, dependencies: &[&str]) -> (Vec<String>, Vec<&'static str>) {
        let uv = Uv::read(&table.parse().unwrap());
        let dependencies = dependencies.iter().map(ToString::to_string).collect();
        let words = uv.requirements(dependencies, &(0..0)).into_iter().map(|requirement| match requirement {
            Requirement::Pip { words, .. } => words.join(" "),
            _ => String::new(),
        });
        (words.collect(), uv.diagnostics.iter().map(|found| found.code).collect())
    }

    #[test]
    fn indexes_and_urls_of_uv_are_applied() {
        let default = "[[index]]\nurl = 'https://p/simple'\ndefault = true\n";
        assert_eq!(
            read(default, &["a", "b"]),
            (vec!["--index-url https://p/simple a".into(), "b".into()], vec![])
        );
        let explicit = "[[index]]\nname = 'p'\nurl = 'https://p/simple'\nexplicit = true\n[sources]\nIn_House = {index = 'p'}\nw = {url = 'https://h/w.whl'}\n";
        let expected = [
            "--index-url https://p/simple --no-deps in-house>=1",
            "in-house>=1",
            "w[x] @ https://h/w.whl ; sys_platform == 'linux'",
        ];
        let found = read(explicit, &["in-house>=1", "w[x]>=2; sys_platform == 'linux'"]);
        assert_eq!(found, (expected.map(ToOwned::to_owned).to_vec(), vec![]));
        let extra = "[[index]]\nurl = 'https://p/simple'\n";
        assert_eq!(
            read(extra, &["a"]),
            (vec!["--extra-index-url https://p/simple a".into()], vec!["index-order"])
        );
    }

    #[test]
    fn uv_sources_an_image_cannot_use_are_rejected_by_name() {
        for table in [
            "[sources]\na = {git = 'https://h/a'}",
            "[sources]\na = {path = '../a'}",
            "[sources]\na = {workspace = true}",
            "[sources]\na = {path = 'a', editable = true}",
            "[sources]\na = [{index = 'p', marker = 'x'}]",
            "[sources]\na = {index = 'unknown'}",
            "[sources]\na = {url = 'file:///x.whl'}",
            "[[index]]\nurl = '../index'",
            "[[index]]\nname = 'x'",
            "override-dependencies = ['a==1']",
        ] {
            assert_eq!(read(table, &["a"]).1, ["uv-setting"], "{table}");
        }
    }
}
