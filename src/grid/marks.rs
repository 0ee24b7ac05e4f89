//! Names of marks, as used by the workers: see `templates/runtime/grid/core.py` and
//! `templates/runtime/grid/folders.py`.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::hashed::hex;

/// The mark with the keys of the latest run.
pub const BATCHES: &str = ".batches";

/// Prefix of the coordinator's mark with the format of all others.
pub const FORMAT: &str = ".format-";

/// Prefix of the keys of bundles: no batch's key begins with a dot.
pub const BUNDLE: &str = ".bundle-";

/// The state of a batch in a mark; of marks of one generation the greatest holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// A worker has released it.
    Free,
    /// A worker has claimed it, and may have died.
    Locked,
    /// It failed and wasn't retried.
    Failed,
    /// It is done.
    Done,
}

/// Naming styles of marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Style {
    /// `KEY.processed`, `KEY.lock`, `KEY.err`.
    Marks,
    /// `name.PROCESSED.txt`, `name.LOCKED.txt`, `name.FAILED.txt`, and locks as hidden files.
    Results,
}

/// A parsed name.
#[derive(Debug, PartialEq, Eq)]
pub struct Mark {
    /// The key of the batch.
    pub key: String,
    /// The batch's id.
    pub batch: String,
    /// The state.
    pub state: State,
    /// The number of the owner, from 0.
    pub generation: u32,
}

impl Style {
    /// The style of a folder without an announced run: results if there are any, and no marks.
    #[must_use]
    pub fn guess(names: &[String]) -> Self {
        let marked = names.iter().any(|name| name.ends_with(".processed"));
        let results = names.iter().any(|name| result(name).is_some());
        if results && !marked { Self::Results } else { Self::Marks }
    }

    /// Parses the name of a mark; nothing for other files.
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

/// Parses the name of a bundle's mark; an opened bundle is marked as failed.
#[must_use]
pub fn bundle(name: &str) -> Option<Mark> {
    name.starts_with(BUNDLE).then(|| mark(name)).flatten()
}

impl Mark {
    fn new(key: &str, state: State, generation: u32) -> Self {
        Self { key: key.to_owned(), batch: batch_of(key), state, generation }
    }

    /// The rank of a mark: the highest of a batch holds.
    #[must_use]
    pub fn rank(&self) -> (bool, u32, State) {
        (self.state == State::Done, self.generation, self.state)
    }

    /// Whether this mark ends its batch, and holds its result.
    #[must_use]
    pub fn is_end(&self) -> bool {
        self.generation == 0 && matches!(self.state, State::Done | State::Failed)
    }

    /// Whether the mark is a hidden file in a folder of results, where those are the ends.
    fn is_hidden(&self) -> bool {
        !self.is_end()
    }
}

/// Parses `KEY.lock`, `KEY.err`, `KEY.processed`, or `KEY.lock.1` and so on for later owners.
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

/// Splits a name at its last dot, if a number follows.
fn numbered(name: &str) -> Option<(&str, u32)> {
    let (bare, number) = name.rsplit_once('.')?;
    let plain = number.starts_with(|c: char| ('1'..='9').contains(&c)) && number.len() <= 9;
    Some((bare, number.parse().ok().filter(|_| plain)?))
}

/// Parses a result, whose state comes before its extension or at the end.
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

/// Splits a name at its last dot, if something precedes it.
fn split_ending(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if dot > 0 => name.split_at(dot),
        _ => (name, ""),
    }
}

/// The longest key.
const LONGEST: usize = 200;
/// The length to which a longer key is truncated.
const KEPT: usize = 100;

/// Characters that are escaped in a key.
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

/// The key of a batch.
fn key_of(batch: &str) -> String {
    let key = utf8_percent_encode(batch, &ENCODED).to_string();
    let key = key.strip_prefix('.').map(|rest| format!("%2E{rest}")).unwrap_or(key);
    if key.len() <= LONGEST {
        return key;
    }
    format!("{}%~{}", &key[..KEPT], hex(&Sha256::digest(batch)))
}

/// The batch id of a key; the start of one that was too long.
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
    fn mark_names_match_those_of_the_workers() {
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
    fn hidden_files_are_not_marks() {
        for name in [".a.lock", ".batches", ".part-1", ".processed"] {
            assert_eq!(read(Style::Marks, name), None, "{name}");
        }
        assert_eq!(read(Style::Results, ".batches"), None);
    }

    #[test]
    fn lock_names_round_trip() {
        for (style, generation) in
            [(Style::Marks, 0), (Style::Marks, 2), (Style::Results, 0), (Style::Results, 1)]
        {
            let mark = style.read(&style.lock("a.txt", generation));
            let expected = Mark { generation, ..Mark::new("a.txt", State::Locked, 0) };
            assert_eq!(mark, Some(expected));
        }
    }

    #[test]
    fn the_mark_style_is_detected_from_names() {
        let guess = |names: &[&str]| Style::guess(&names.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(guess(&["a.txt", "a.LOCKED.txt"]), Style::Results);
        assert_eq!(guess(&["a.PROCESSED.processed", "b.lock"]), Style::Marks);
        assert_eq!(guess(&[]), Style::Marks);
    }

    #[test]
    fn keys_match_those_of_the_workers() {
        for row in rows(&contract(), "keys") {
            assert_eq!(key_of(&row[0]), row[1]);
        }
        let long = "x".repeat(201);
        assert_eq!(batch_of(&key_of("ä b/.txt")), "ä b/.txt");
        assert_eq!(batch_of(&key_of(&long)), format!("{}…", "x".repeat(100)));
    }
}
