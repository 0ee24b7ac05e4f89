//! Locations in a source.

use serde::{Deserialize, Serialize};

/// A location for people: counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// Cell of a notebook, counting every cell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cell: Option<u32>,
    /// Line in the file or cell.
    pub line: u32,
    /// Character in the line.
    #[serde(default)]
    pub column: u32,
}
