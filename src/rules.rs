//! Rules: every code of a diagnostic, from the documentation.

use std::sync::LazyLock;

use crate::diagnostic::Severity;

/// A code and its documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The code, such as `computed-name`.
    pub code: &'static str,
    /// Its usual severity.
    pub severity: Severity,
    meaning: &'static str,
    remedy: &'static str,
}

impl Rule {
    /// What it means.
    #[must_use]
    pub fn meaning(&self) -> String {
        plain(self.meaning)
    }

    /// What to do.
    #[must_use]
    pub fn remedy(&self) -> String {
        plain(self.remedy)
    }
}

/// Every rule, read from the tables of the documentation in their order.
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

/// A cell of the table without its links: `[settings.md](settings.md)` is `settings.md`.
fn plain(cell: &str) -> String {
    let mut text = String::new();
    let mut rest = cell;
    while let Some((before, after)) = rest.split_once("](") {
        let Some(((head, name), (_, tail))) = before.rsplit_once('[').zip(after.split_once(')')) else {
            break;
        };
        text.extend([head, name]);
        rest = tail;
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_replaced_by_their_text() {
        assert_eq!(plain("as it says; [a.md](b/a.md) has all"), "as it says; a.md has all");
        assert_eq!(plain("plain [text]"), "plain [text]");
    }
}
