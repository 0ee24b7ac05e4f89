//! Poetry's syntax of dependencies, translated to PEP 508.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Value;

/// Source types in a lock that are indexes; packages without a source come from the public one.
const INDEXES: &[&str] = &["legacy", "pypi"];

/// A package in Poetry's lock.
#[derive(Deserialize)]
pub(super) struct Locked {
    pub(super) name: String,
    pub(super) version: String,
    #[serde(default)]
    source: BTreeMap<String, Value>,
    #[serde(default)]
    dependencies: toml::Table,
    #[serde(default)]
    extras: BTreeMap<String, Vec<String>>,
}

impl Locked {
    /// Its source, if that isn't an index.
    pub(super) fn foreign_source(&self) -> BTreeMap<String, Value> {
        let kind = self.source.get("type").and_then(Value::as_str);
        if kind.is_none_or(|kind| INDEXES.contains(&kind)) { BTreeMap::new() } else { self.source.clone() }
    }

    /// Its unconditional dependencies: `name[extra] ; marker`, once per condition.
    pub(super) fn dependencies(&self) -> Vec<String> {
        let each = self.dependencies.iter().flat_map(|(name, value)| match value {
            Value::Array(values) => values.iter().map(|value| (name, value)).collect(),
            value => vec![(name, value)],
        });
        each.filter(|(_, value)| !is_optional(value)).map(|(name, value)| named(name, value)).collect()
    }

    /// The dependencies of its extras.
    pub(super) fn optional(&self) -> BTreeMap<String, Vec<String>> {
        let bare = |text: &String| text.split([' ', '(']).next().unwrap_or_default().to_owned();
        let extras = self.extras.iter();
        extras.map(|(name, texts)| (name.clone(), texts.iter().map(bare).collect())).collect()
    }
}

/// The requirements of a table of dependencies, and those that pip can't express.
pub(super) fn requirements(dependencies: &toml::Table) -> (Vec<String>, Vec<String>) {
    let (mut requirements, mut left_out) = (Vec::new(), Vec::new());
    for (name, value) in dependencies.iter().filter(|(name, _)| *name != "python") {
        match requirement(name, value) {
            Some(requirement) => requirements.push(requirement),
            None if is_optional(value) => {}
            None => left_out.push(format!("`{name}` is left out: only versions can be read")),
        }
    }
    (requirements, left_out)
}

/// Whether a dependency is optional.
fn is_optional(value: &Value) -> bool {
    value.get("optional").and_then(Value::as_bool) == Some(true)
}

/// A dependency in pip's syntax.
fn requirement(name: &str, value: &Value) -> Option<String> {
    match value {
        Value::String(version) => Some(format!("{name}{}", specifier(version)?)),
        Value::Table(table) if !is_optional(value) => {
            let version = specifier(table.get("version")?.as_str()?)?;
            Some(format!("{name}{}{version}{}", extras(value), marker(value)))
        }
        _ => None,
    }
}

/// A dependency without its version.
fn named(name: &str, value: &Value) -> String {
    format!("{name}{}{}", extras(value), marker(value))
}

/// The extras of a dependency, in brackets.
fn extras(dependency: &Value) -> String {
    let extras = dependency.get("extras").and_then(Value::as_array).into_iter().flatten();
    let extras: Vec<_> = extras.filter_map(Value::as_str).collect();
    if extras.is_empty() { String::new() } else { format!("[{}]", extras.join(",")) }
}

/// The marker of a dependency, after a semicolon.
fn marker(dependency: &Value) -> String {
    let marker = dependency.get("markers").and_then(Value::as_str);
    marker.map(|marker| format!(" ; {marker}")).unwrap_or_default()
}

/// `^1.2` as `>=1.2,<2`; nothing if it has no equivalent.
fn specifier(version: &str) -> Option<String> {
    let parts: Option<Vec<String>> = version.split(',').map(|part| one(part.trim())).collect();
    Some(parts?.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(","))
}

fn one(version: &str) -> Option<String> {
    if version.contains("||") || version.contains('|') {
        return None;
    }
    match version {
        "*" | "" => Some(String::new()),
        version if version.starts_with('>') || version.starts_with('<') || version.starts_with("!=") => {
            Some(version.replace(' ', ""))
        }
        version if version.starts_with("==") || version.starts_with("~=") => Some(version.replace(' ', "")),
        version if version.starts_with('^') => bounded(version[1..].trim(), caret),
        version if version.starts_with('~') => bounded(version[1..].trim(), tilde),
        version => Some(format!("=={version}")),
    }
}

fn bounded(version: &str, next: fn(&[u64]) -> Vec<u64>) -> Option<String> {
    let numbers: Option<Vec<u64>> = version.split('.').map(|part| part.parse().ok()).collect();
    let next: Vec<_> = next(&numbers?).iter().map(ToString::to_string).collect();
    Some(format!(">={version},<{}", next.join(".")))
}

/// The first version with a higher leftmost non-zero number.
fn caret(numbers: &[u64]) -> Vec<u64> {
    let at = numbers.iter().position(|number| *number > 0).unwrap_or(numbers.len().saturating_sub(1));
    raised(numbers, at)
}

/// The first version with a higher second number, or first if there is only one.
fn tilde(numbers: &[u64]) -> Vec<u64> {
    raised(numbers, usize::from(numbers.len() > 1))
}

fn raised(numbers: &[u64], at: usize) -> Vec<u64> {
    let mut next: Vec<u64> = numbers.iter().take(at + 1).copied().collect();
    if let Some(last) = next.last_mut() {
        *last += 1;
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_become_specifiers() {
        let cases = [
            ("^1.2.3", Some(">=1.2.3,<2")),
            ("^0.2.3", Some(">=0.2.3,<0.3")),
            ("^0.0.3", Some(">=0.0.3,<0.0.4")),
            ("^0", Some(">=0,<1")),
            ("~1.2.3", Some(">=1.2.3,<1.3")),
            ("~1", Some(">=1,<2")),
            ("1.*", Some("==1.*")),
            ("1.2.3", Some("==1.2.3")),
            (">=1, <2", Some(">=1,<2")),
            ("*", Some("")),
            ("^1 || ^2", None),
        ];
        for (version, wanted) in cases {
            assert_eq!(specifier(version).as_deref(), wanted, "{version}");
        }
    }
}
