//! The content of a file without its record, and without what editors and version control change by
//! themselves: line ends, trailing blanks, and empty lines at the end.

use sha2::{Digest, Sha256};

use super::LENGTH;
use super::line::Line;
use crate::hashed::hex;

/// The digest of a text's content.
pub(super) fn of_text(text: &str) -> String {
    shortened(content(text).as_bytes())
}

/// The digest of a file that can't hold a record.
#[must_use]
pub fn of_bytes(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => shortened(plain(text).as_bytes()),
        Err(_) => shortened(bytes),
    }
}

/// Whether two texts are the same except for line ends and trailing blanks.
#[must_use]
pub fn is_same(one: &str, other: &str) -> bool {
    plain(one) == plain(other)
}

/// Whether two texts are the same except for these and their records.
#[must_use]
pub fn is_same_content(one: &str, other: &str) -> bool {
    content(one) == content(other)
}

/// Splits a text into its content and its record.
#[must_use]
pub fn without_record(text: &str) -> (String, Option<&str>) {
    let Some((at, _)) = Line::find(text) else { return (text.to_owned(), None) };
    let lines = text.split_inclusive('\n').enumerate();
    let rest = lines.filter(|(number, _)| *number != at).map(|(_, line)| line).collect();
    (rest, text.lines().nth(at))
}

fn content(text: &str) -> String {
    plain(&without_record(text).0)
}

/// A text with uniform line ends and without trailing blanks.
fn plain(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines: Vec<_> = text.split('\n').map(|line| line.trim_end_matches([' ', '\t', '\r'])).collect();
    lines.join("\n").trim_end_matches('\n').to_owned()
}

fn shortened(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes)[..LENGTH])
}
