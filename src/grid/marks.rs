//! The names of marks, as the workers give them: see `templates/runtime/grid/core.py` and `templates/runtime/grid/folders.py`.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::hashed::hex;

/// The mark that lists the keys of the latest run.
pub const BATCHES: &str = ".batches";

/// The marks of the coordinator that name the format of all others begin so.
pub const FORMAT: &str = ".format-";

/// The keys of bundles begin so: no key of a batch begins with a dot.
pub const BUNDLE: &str = ".bundle-";

/// What a mark says of its batch; of marks of one generation the greatest holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// A worker has given it back.
    Free,
    /// A worker has it in hand, or has died with it.
    Locked,
    /// It failed and nobody has tried it again.
    Failed,
    /// It is done.
    Done,
}

/// How marks are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Style {
    /// `KEY.processed`, `KEY.lock`, `KEY.err`.
    Marks,
    /// `name.PROCESSED.txt`, `name.LOCKED.txt`, `name.FAILED.txt`, and locks as hidden files.
    Results,
}

/// What is read of a name.
#[derive(Debug, PartialEq, Eq)]
pub struct Mark {
    /// The key of the batch.
    pub key: String,
    /// The batch as a person knows it.
    pub batch: String,
    /// What the mark says.
    pub state: State,
    /// The number of the owner that it is about: the first is 0.
    pub generation: u32,
}

impl Style {
    /// The style of a folder that doesn't tell: results if there are some, and no marks.
    #[must_use]
    pub fn guess(names: &[String]) -> Self {
        let marked = names.iter().any(|name| name.ends_with(".processed"));
        let results = names.iter().any(|name| result(name).is_some());
        if results && !marked { Self::Results } else { Self::Marks }
    }

    /// Reads the name of a mark; other files are none.
    #[must_use]
    pub fn read(self, name: &str) -> Option<Mark> {
        match (self, name.strip_prefix('.')) {
            (Self::Marks, None) => mark(name),
            (Self::Marks, Some(_)) => None,
            (Self::Results, Some(hidden)) => mark(hidden).filter(Mark::is_hidden),
            (Self::Results, None) => result(name),
        }
    }

    /// The name of a lock.
    #[must_use]
    pub fn lock(self, key: &str, generation: u32) -> String {
        let hidden = if self == Self::Results { "." } else { "" };
        let number = if generation == 0 { String::new() } else { format!(".{generation}") };
        format!("{hidden}{key}.lock{number}")
    }
}

/// Reads the name of a bundle's mark, which has failed where it was opened.
#[must_use]
pub fn bundle(name: &str) -> Option<Mark> {
    name.starts_with(BUNDLE).then(|| mark(name)).flatten()
}

impl Mark {
    fn new(key: &str, state: State, generation: u32) -> Self {
        Self { key: key.to_owned(), batch: batch_of(key), state, generation }
    }

    /// Of the marks of a batch the one that ranks highest holds.
    #[must_use]
    pub fn rank(&self) -> (bool, u32, State) {
        (self.state == State::Done, self.generation, self.state)
    }

    /// Whether this mark tells how its batch has ended, and holds what is to be said of that.
    #[must_use]
    pub fn is_end(&self) -> bool {
        self.generation == 0 && matches!(self.state, State::Done | State::Failed)
    }

    /// Whether the mark is a hidden file where results are marks: those are the ends.
    fn is_hidden(&self) -> bool {
        !self.is_end()
    }
}

/// Reads `KEY.lock`, `KEY.err`, `KEY.processed`, or `KEY.lock.1` and so on of the owners after the first.
fn mark(name: &str) -> Option<Mark> {
    let (bare, generation) = numbered(name).unwrap_or((name, 0));
    let (key, kind) = bare.rsplit_once('.').filter(|(key, _)| !key.is_empty())?;
    let state = match (kind, generation) {
        ("processed", 0) => State::Done,
        ("err", _) => State::Failed,
        ("lock", _) => State::Locked,
        ("free", 1..) => State::Free,
        _ => return None,
    };
    Some(Mark::new(key, state, generation))
}

/// Parts a name from the number behind its last dot.
fn numbered(name: &str) -> Option<(&str, u32)> {
    let (bare, number) = name.rsplit_once('.')?;
    let plain = number.starts_with(|c: char| ('1'..='9').contains(&c)) && number.len() <= 9;
    Some((bare, number.parse().ok().filter(|_| plain)?))
}

/// A result holds its state before the ending of its name, or at the end.
fn result(name: &str) -> Option<Mark> {
    let (stem, ending) = split_ending(name);
    let (inner, before) = split_ending(stem);
    let last = status(ending).map(|state| (stem.to_owned(), state));
    let (batch, state) = last.or_else(|| Some((format!("{inner}{ending}"), status(before)?)))?;
    Some(Mark { key: key_of(&batch), batch, state, generation: 0 })
}

fn status(ending: &str) -> Option<State> {
    match ending {
        ".PROCESSED" => Some(State::Done),
        ".LOCKED" => Some(State::Locked),
        ".FAILED" => Some(State::Failed),
        _ => None,
    }
}

/// Parts a name at its last dot, unless nothing stands before it.
fn split_ending(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if dot > 0 => name.split_at(dot),
        _ => (name, ""),
    }
}

/// The longest key.
const LONGEST: usize = 200;
/// How much of a key that would be longer is kept.
const KEPT: usize = 100;

/// What doesn't stand for itself in a key.
const ENCODED: AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'+')
    .remove(b'=')
    .remove(b',')
    .remove(b'@')
    .remove(b'(')
    .remove(b')')
    .remove(b' ')
    .remove(b'\'')
    .remove(b'!')
    .remove(b'&')
    .remove(b'~');

/// The name under which the marks of a batch are kept.
fn key_of(batch: &str) -> String {
    let key = utf8_percent_encode(batch, &ENCODED).to_string();
    let key = key.strip_prefix('.').map(|rest| format!("%2E{rest}")).unwrap_or(key);
    if key.len() <= LONGEST {
        return key;
    }
    format!("{}%~{}", &key[..KEPT], hex(&Sha256::digest(batch)))
}

/// The batch id of a key; of one that was too long the part that is kept.
fn batch_of(key: &str) -> String {
    let (kept, more) = key.split_once("%~").map_or((key, ""), |(kept, _)| (kept, "…"));
    format!("{}{more}", percent_decode_str(kept).decode_utf8_lossy())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// What the workers and this program have to agree on.
    fn contract() -> Value {
        serde_json::from_str(include_str!("../../templates/contract/marks.json")).unwrap()
    }

    fn rows(contract: &Value, key: &str) -> Vec<Vec<String>> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let row = |row: &Value| {
            row.as_array().map_or_else(|| vec![text(row)], |row| row.iter().map(text).collect())
        };
        contract[key].as_array().unwrap().iter().map(row).collect()
    }

    fn read(style: Style, name: &str) -> Option<(String, String)> {
        let state = |state: State| format!("{state:?}").to_lowercase();
        style.read(name).map(|mark| (mark.key, state(mark.state)))
    }

    #[test]
    fn marks_are_named_as_the_workers_name_them() {
        let contract = contract();
        for (style, marks, others) in
            [(Style::Marks, "marks", "no_marks"), (Style::Results, "results", "no_results")]
        {
            for row in rows(&contract, marks) {
                assert_eq!(read(style, &row[0]), Some((row[1].clone(), row[2].clone())), "{row:?}");
            }
            for row in rows(&contract, others) {
                assert_eq!(read(style, &row[0]), None, "{row:?}");
            }
        }
    }

    #[test]
    fn hidden_files_are_no_marks() {
        for name in [".a.lock", ".batches", ".part-1", ".processed"] {
            assert_eq!(read(Style::Marks, name), None, "{name}");
        }
        assert_eq!(read(Style::Results, ".batches"), None);
    }

    #[test]
    fn locks_are_named_as_they_are_read() {
        for (style, generation) in
            [(Style::Marks, 0), (Style::Marks, 2), (Style::Results, 0), (Style::Results, 1)]
        {
            let mark = style.read(&style.lock("a.txt", generation));
            let expected = Mark { generation, ..Mark::new("a.txt", State::Locked, 0) };
            assert_eq!(mark, Some(expected));
        }
    }

    #[test]
    fn the_style_is_seen_in_the_names() {
        let guess = |names: &[&str]| Style::guess(&names.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(guess(&["a.txt", "a.LOCKED.txt"]), Style::Results);
        assert_eq!(guess(&["a.PROCESSED.processed", "b.lock"]), Style::Marks);
        assert_eq!(guess(&[]), Style::Marks);
    }

    #[test]
    fn keys_are_those_of_the_workers() {
        for row in rows(&contract(), "keys") {
            assert_eq!(key_of(&row[0]), row[1]);
        }
        let long = "x".repeat(201);
        assert_eq!(batch_of(&key_of("ä b/.txt")), "ä b/.txt");
        assert_eq!(batch_of(&key_of(&long)), format!("{}…", "x".repeat(100)));
    }
}
