//! Diagnostics: what is wrong with an input, where, and what to do about it.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::location::Location;

/// How bad a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// For information.
    Note,
    /// Probably not what was meant.
    Warning,
    /// Nothing can be emitted.
    Error,
}

impl Severity {
    /// Its name, which SARIF uses as a level too.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A diagnostic in a position of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Stable identifier, such as `computed-name`.
    pub code: &'static str,
    /// One lower-case sentence without a full stop, names in back-ticks.
    pub message: String,
    /// Bytes of the source's text that it is about.
    pub span: Option<Range<usize>>,
    /// What to do.
    pub hint: Option<String>,
    /// Whether its source line is hidden, as it may hold a secret.
    pub covered: bool,
}

impl Diagnostic {
    /// An error: nothing can be emitted.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message)
    }

    /// A warning: probably not what was meant.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message)
    }

    /// A note: for information.
    pub fn note(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Note, code, message)
    }

    fn new(severity: Severity, code: &'static str, message: impl Into<String>) -> Self {
        Self { severity, code, message: message.into(), span: None, hint: None, covered: false }
    }

    /// The same diagnostic, about these bytes of the source.
    #[must_use]
    pub fn at(mut self, span: Range<usize>) -> Self {
        self.span = Some(span);
        self
    }

    /// The same diagnostic with a remedy.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// A diagnostic as it stands in JSON: `{"severity", "code", "message", "hint", "location"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Stable identifier, such as `computed-name`.
    pub code: String,
    /// What is the matter.
    pub message: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
}
