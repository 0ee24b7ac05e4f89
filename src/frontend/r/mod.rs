//! The R front end: the interface of a script, from its syntax tree and its comments.

use crate::frontend::Extraction;
use crate::source::Source;

/// Reads an R script.
#[must_use]
pub fn extract(_source: &Source) -> Extraction {
    Extraction::default()
}
