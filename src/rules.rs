//! Rules: every code that a diagnostic may have, as the documentation describes it.

use std::sync::LazyLock;

use crate::diagnostic::Severity;

/// One code and what it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The code, such as `computed-name`.
    pub code: &'static str,
    /// How bad it is, as a rule.
    pub severity: Severity,
    /// What it means.
    pub meaning: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

/// Every rule, in the order of the documentation, whose tables are what this is made of.
pub static RULES: LazyLock<Vec<Rule>> =
    LazyLock::new(|| include_str!("../docs/diagnostics.md").lines().filter_map(rule).collect());

/// A row of a table.
fn rule(line: &'static str) -> Option<Rule> {
    let cells = line.strip_prefix("| `")?.strip_suffix(" |")?;
    let (code, rest) = cells.split_once("` | ")?;
    let (severity, rest) = rest.split_once(" | ")?;
    let (meaning, remedy) = rest.split_once(" | ")?;
    let severity = match severity.split(',').next()? {
        "error" => Severity::Error,
        "warning" => Severity::Warning,
        "note" => Severity::Note,
        _ => return None,
    };
    Some(Rule { code, severity, meaning, remedy })
}
