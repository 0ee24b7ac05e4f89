//! Edits of a text.

use std::ops::Range;

use crate::source::Source;

/// A replacement of bytes of a source's text by lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Bytes of the source's text.
    pub range: Range<usize>,
    /// The replacement; each line ends with `\n`.
    pub text: String,
}

/// The file of a script with edits, sorted by position; line ends and byte order mark are preserved.
pub(super) fn apply(file: &str, source: &Source, edits: &[Edit]) -> String {
    let text = source.text();
    let end = line_end(text);
    let mut result = file[..file.len() - text.len()].to_owned();
    let mut copied = 0;
    for edit in edits {
        result.push_str(&text[copied..edit.range.start]);
        result.push_str(&edit.text.replace('\n', end));
        copied = edit.range.end;
    }
    result + &text[copied..]
}

/// The line ending of a text.
fn line_end(text: &str) -> &'static str {
    match text.find(['\n', '\r']).map(|at| &text[at..]) {
        Some(rest) if rest.starts_with("\r\n") => "\r\n",
        Some(rest) if rest.starts_with('\r') => "\r",
        _ => "\n",
    }
}

/// The start of a byte's line.
pub(super) fn line_start(source: &Source, offset: usize) -> usize {
    source.line_start(offset)
}

/// The start of the line after a byte's, and whether a newline has to be written first.
pub(super) fn next_line(source: &Source, offset: usize) -> (usize, bool) {
    let text = source.text();
    let rest = &text[offset..];
    match rest.find(['\n', '\r']) {
        Some(at) => (offset + at + if rest[at..].starts_with("\r\n") { 2 } else { 1 }, false),
        None => (text.len(), true),
    }
}
