//! Reports: diagnostics of many files in formats for other programs.

use serde::Serialize;
use serde_json::{Value, json};

use crate::diagnostic::Finding;

pub mod github;
pub mod messages;
pub mod sarif;
pub mod terminal;
pub mod wrapped;

/// A diagnostic and the file that it is about.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// The path as the user gave it.
    pub file: String,
    /// The diagnostic.
    #[serde(flatten)]
    pub finding: Finding,
}

impl Entry {
    /// The line and the column in the file itself; a notebook's cells have lines of their own.
    fn position(&self) -> Option<(u32, u32)> {
        let location = self.finding.location.filter(|location| location.cell.is_none())?;
        Some((location.line, location.column.max(1)))
    }

    /// The message, with the cell of a notebook and the hint.
    fn text(&self) -> String {
        let cell = self.finding.location.and_then(|location| Some((location.cell?, location.line)));
        let place = cell.map(|(cell, line)| format!("cell {cell}, line {line}: ")).unwrap_or_default();
        let hint = self.finding.hint.as_ref().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
        format!("{place}{}{hint}", self.finding.message)
    }
}

/// The form of `c3 inspect`, with the file beside each diagnostic.
#[must_use]
pub fn json(entries: &[Entry]) -> Value {
    json!({"schema_version": 1, "diagnostics": entries})
}
