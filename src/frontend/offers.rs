//! Offers: plain values at the top of a script that could become inputs, and the reads to replace them with.

use std::ops::Range;

use crate::component::Type;

/// A plain value, and the equivalent read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Offer {
    /// The name that is assigned, which becomes that of the variable.
    pub(crate) name: String,
    /// The type of the value.
    pub(crate) kind: Type,
    /// Bytes of the value in the source's text.
    pub(crate) span: Range<usize>,
    /// The read, with the value as its default.
    pub(crate) read: String,
}

/// The offers of a script.
#[derive(Debug, Default)]
pub(crate) struct Offers {
    /// The values, in order.
    pub(crate) values: Vec<Offer>,
    /// A module that the reads need, if it isn't imported above.
    pub(crate) import: Option<&'static str>,
}
