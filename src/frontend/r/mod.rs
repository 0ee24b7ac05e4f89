//! The R front end: the interface of a script, from its syntax tree and its comments.

use crate::component::Type;
use crate::frontend::Extraction;
use crate::frontend::constant::Constant;
use crate::frontend::parameters::{self, Assignment};
use crate::source::Source;

/// Reads an R script.
#[must_use]
pub fn extract(_source: &Source) -> Extraction {
    Extraction::default()
}

/// The assignments of plain values at the top level of a cell.
pub(super) fn assignments(_cell: &str) -> Vec<Assignment> {
    Vec::new()
}

/// The lines that let the environment override the assignments of a cell.
pub(super) fn overrides(cell: &str) -> Option<String> {
    parameters::overrides(&assignments(cell), |assignment| {
        let name = &assignment.name;
        let cast = match (&assignment.kind, &assignment.value) {
            (_, Constant::None) => return None,
            (Type::Integer, _) => "as.integer",
            (Type::Float, _) => "as.numeric",
            (Type::Boolean, _) => "as.logical",
            _ => "as.character",
        };
        Some(format!("{name} <- {cast}(Sys.getenv(\"{name}\", {name}))"))
    })
}
