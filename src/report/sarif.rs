//! SARIF 2.1.0, the form that code review tools read.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Value, json};

use super::Entry;
use crate::rules::{RULES, Rule};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome<'a> {
    rule_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    level: &'static str,
    message: Value,
    locations: [Value; 1],
}

/// Writes a log with one run.
#[must_use]
pub fn log(entries: &[Entry]) -> Value {
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "c3",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": RULES.iter().map(rule).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": entries.iter().map(outcome).collect::<Vec<_>>(),
        }],
    })
}

fn rule(rule: &Rule) -> Value {
    json!({
        "id": rule.code,
        "shortDescription": {"text": rule.meaning()},
        "help": {"text": rule.remedy(), "markdown": rule.remedy()},
        "defaultConfiguration": {"level": rule.severity.name()},
    })
}

fn outcome(entry: &Entry) -> Outcome<'_> {
    let code = entry.finding.code.as_str();
    let artifact = json!({"uri": uri(&entry.file)});
    let place = match entry.position() {
        Some((line, column)) => {
            json!({"artifactLocation": artifact, "region": {"startLine": line, "startColumn": column}})
        }
        None => json!({"artifactLocation": artifact}),
    };
    Outcome {
        rule_id: code,
        rule_index: RULES.iter().position(|rule| rule.code == code),
        level: entry.finding.severity.name(),
        message: json!({"text": entry.text()}),
        locations: [json!({"physicalLocation": place})],
    }
}

/// A path as a relative reference, or as the address of a file if it is absolute.
fn uri(path: &str) -> String {
    let mut uri = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.strip_prefix("./").unwrap_or(path).bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_references() {
        assert_eq!(uri("./a b/ü:c.py"), "a%20b/%C3%BC%3Ac.py");
        assert_eq!(uri("/a/b.py"), "file:///a/b.py");
    }
}
