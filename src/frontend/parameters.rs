//! Parameters by assignment: the statements of a cell that only give names to values.

use std::ops::Range;

use crate::component::Type;
use crate::frontend::constant::Constant;

#[allow(dead_code, reason = "for the notebook reader, which comes with another change")]
/// A statement that gives a name to a literal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Assignment {
    /// The name.
    pub(crate) name: String,
    /// What the value is.
    pub(crate) kind: Type,
    /// The value.
    pub(crate) value: Constant,
    /// Bytes of the statement.
    pub(crate) span: Range<usize>,
    /// The comment behind or above.
    pub(crate) description: Option<String>,
}
