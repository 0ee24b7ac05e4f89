//! The names of marks, as the workers give them: see `templates/runtime/grid/core.py` and `templates/runtime/grid/folders.py`.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::hashed::hex;

/// The mark that lists the keys of the latest run.
pub const BATCHES: &str = ".batches";

/// What a mark says of its batch; where there are several, the greatest holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It failed and nobody has tried it again.
    Failed,
    /// A worker has it in hand, or has died with it.
    Locked,
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
            (Self::Results, Some(hidden)) => lock(hidden).map(|key| Mark::new(key, State::Locked)),
            (Self::Results, None) => result(name),
        }
    }
}

impl Mark {
    fn new(key: &str, state: State) -> Self {
        Self { key: key.to_owned(), batch: batch_of(key), state }
    }
}

fn mark(name: &str) -> Option<Mark> {
    let ends = [(".processed", State::Done), (".err", State::Failed)];
    let ended = ends.into_iter().find_map(|(end, state)| Some((name.strip_suffix(end)?, state)));
    let (key, state) = ended.or_else(|| Some((lock(name)?, State::Locked)))?;
    (!key.is_empty()).then(|| Mark::new(key, state))
}

/// The key of a lock: `KEY.lock`, or `KEY.lock.1` and so on where it was taken over from a dead owner.
fn lock(name: &str) -> Option<&str> {
    let numbered = name.rsplit_once('.').filter(|(_, number)| {
        number.starts_with(|c: char| ('1'..='9').contains(&c)) && number.chars().all(|c| c.is_ascii_digit())
    });
    let bare = numbered.map_or(name, |(bare, _)| bare);
    bare.strip_suffix(".lock").filter(|key| !key.is_empty())
}

/// A result holds its state before the ending of its name, or at the end.
fn result(name: &str) -> Option<Mark> {
    let (stem, ending) = split_ending(name);
    let (inner, before) = split_ending(stem);
    let last = status(ending).map(|state| (stem.to_owned(), state));
    let (batch, state) = last.or_else(|| Some((format!("{inner}{ending}"), status(before)?)))?;
    Some(Mark { key: key_of(&batch), batch, state })
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
