//! Mentions: code beside a source that it refers to, for whoever packs it.

use std::ops::Range;

/// The code beside a text that it refers to.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Mentions {
    /// The mentions, in order.
    pub named: Vec<Mention>,
    /// Folders that it adds to the search path for modules, relative to its own.
    pub folders: Vec<String>,
}

/// A reference to other code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// The code.
    pub what: What,
    /// Bytes of the reference.
    pub span: Range<usize>,
}

/// Kinds of code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A module by its dotted path, with a leading dot for each parent folder of a relative import.
    Module(String),
    /// A file by its path.
    File(String),
    /// The sources in a folder, by its path.
    Folder(String),
    /// A file whose path is known at run time only.
    Computed,
}
