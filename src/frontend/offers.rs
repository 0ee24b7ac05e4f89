//! Offers: plain values at the top of a script that could be given as inputs, and the reads that would take their places.

use std::ops::Range;

use crate::component::Type;

/// A plain value, and the read that says the same.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Offer {
    /// The name that gets the value, which becomes that of the variable.
    pub(crate) name: String,
    /// The type of the value.
    pub(crate) kind: Type,
    /// Bytes of the source's text where the value stands.
    pub(crate) span: Range<usize>,
    /// The read, with the value as its default.
    pub(crate) read: String,
}

/// What a script offers.
#[derive(Debug, Default)]
pub(crate) struct Offers {
    /// In the order of the text.
    pub(crate) values: Vec<Offer>,
    /// A module that the reads need and nothing imports above them.
    pub(crate) import: Option<&'static str>,
}
