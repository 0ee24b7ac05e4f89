//! Failures: what ends a command, with exit code and hint; every error type becomes one.

use std::fmt;

use crate::display;

/// Exit code: bad input.
pub const INPUT: u8 = 1;
/// Exit code: bad command line.
pub const USAGE: u8 = 2;
/// Exit code: an engine, a registry or the network failed.
pub const ENGINE: u8 = 3;
/// Exit code: interrupted by Ctrl-C.
pub const INTERRUPTED: u8 = 130;

/// An error that can end a command.
pub trait Fault: std::error::Error {
    /// The exit code; default: bad input.
    fn code(&self) -> u8 {
        INPUT
    }

    /// What happened, on one line.
    fn message(&self) -> String {
        display::line(&self.to_string()).into_owned()
    }

    /// Lines that explain it, such as the end of a build's output.
    fn details(&self) -> Vec<String> {
        Vec::new()
    }

    /// What to do about it.
    fn hint(&self) -> Option<String>;
}

/// Why a command ends early.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub code: u8,
    /// What happened; nothing if diagnostics have said it.
    pub message: Option<String>,
    /// Lines that explain it, such as the end of a build's output.
    pub details: Vec<String>,
    /// What to do.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure with a one-line message, whatever foreign texts are in it.
    #[must_use]
    pub fn new(code: u8, message: impl Into<String>) -> Self {
        let message = display::line(&message.into()).into_owned();
        Self { code, message: Some(message), details: Vec::new(), hint: None }
    }

    /// A failure that diagnostics have explained.
    #[must_use]
    pub fn diagnosed() -> Self {
        Self { code: INPUT, message: None, details: Vec::new(), hint: None }
    }

    /// The exit code of a program that has reported its error itself.
    #[must_use]
    pub fn of_program(code: u8) -> Self {
        Self { code, ..Self::diagnosed() }
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message.as_deref().unwrap_or("see the diagnostics"))
    }
}

impl std::error::Error for Failure {}

impl<E: Fault> From<E> for Failure {
    fn from(error: E) -> Self {
        Self {
            code: error.code(),
            message: Some(error.message()),
            details: error.details(),
            hint: error.hint(),
        }
    }
}
