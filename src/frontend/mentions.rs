//! Mentions: the code beside a source that it names, found on disk by whoever packs it.

use std::ops::Range;

/// What a text says of the code beside it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Mentions {
    /// What it names, in the order of the text.
    pub named: Vec<Mention>,
    /// The folders where it looks for modules, too, relative to its own.
    pub folders: Vec<String>,
}

/// Some code that a text names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// What is named.
    pub what: What,
    /// Bytes of the text where it is named.
    pub span: Range<usize>,
}

/// What can be named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A module by its dotted path, with a dot before it for each folder that a relative import goes up.
    Module(String),
    /// A file by its path.
    File(String),
    /// The sources in a folder, by its path.
    Folder(String),
    /// A file whose path is known at run time only.
    Computed,
}
