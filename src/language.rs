//! The languages of sources.

use serde::{Deserialize, Serialize};

/// A source language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Python 3, also from a notebook with a Python kernel.
    Python,
    /// R, also from a notebook with an R kernel.
    R,
    /// A language of the tests: whatever a language needs beside its rows would be missed there.
    #[cfg(test)]
    Toy,
}
