//! Removes what a finished run has left for its workers only.

use super::error::GridError;
use super::marks::{self, Mark, State, Style};
use super::status::{Last, Run, Status, last_bundles, last_marks};
use super::storage::Storage;

/// Unfinished files of dead workers, and probes of a store.
const PARTS: [&str; 4] = [".part-", ".probe-", ".probing", ".worker-"];

/// Removes it, unless batches are neither done nor failed; returns the number of marks.
pub fn clean(storage: &Storage) -> Result<usize, GridError> {
    let names = storage.list()?;
    let run = Run::announced(storage, &names)?;
    let status = Status::count(&names, run.as_ref());
    let open = status.locked + status.waiting().unwrap_or_default();
    if open > 0 {
        return Err(GridError::Open(open));
    }
    let left = leftovers(&names, run.as_ref());
    // Whatever stops this, what has failed is never seen as free.
    for kind in [State::Done, State::Locked, State::Free, State::Failed] {
        let some: Vec<_> = left.iter().filter(|left| left.0 == kind).map(|left| left.1).collect();
        storage.remove(&some)?;
    }
    Ok(left.len())
}

/// The names to remove, with their contents.
fn leftovers<'a>(names: &'a [String], run: Option<&Run>) -> Vec<(State, &'a str)> {
    let style = Status::style(names, run);
    let (all, bundles) = (last_marks(style, names), last_bundles(names));
    let left = |name: &'a String| {
        if PARTS.iter().any(|part| name.starts_with(part)) {
            return Some((State::Done, name.as_str()));
        }
        if let Some(mark) = marks::bundle(name) {
            let left = is_left(Style::Marks, &mark, name, bundles.get(&mark.key)?);
            return left.then_some((mark.state, name.as_str()));
        }
        let mark = style.read(name)?;
        is_left(style, &mark, name, all.get(&mark.key)?).then_some((mark.state, name.as_str()))
    };
    names.iter().filter_map(left).collect()
}

/// Whether a mark is obsolete, as its batch has ended; results are never removed.
fn is_left(style: Style, mark: &Mark, name: &str, last: &Last<'_>) -> bool {
    let outdated = last.mark.state == State::Done && mark.state == State::Failed;
    let says_nothing = match style {
        Style::Marks => !mark.is_end() || outdated,
        Style::Results => name.starts_with('.'),
    };
    last.mark.state >= State::Failed && says_nothing
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(style: Style, names: &[&str]) -> Vec<String> {
        let names: Vec<_> = names.iter().map(ToString::to_string).collect();
        let run = Run::of(style, &[]);
        let mut left: Vec<_> =
            leftovers(&names, Some(&run)).into_iter().map(|(_, name)| name.to_owned()).collect();
        left.sort();
        left
    }

    #[test]
    fn finished_batches_keep_their_final_mark() {
        let names =
            [".batches", ".format-3", "a.lock", "a.processed", "b.err", "b.err.1", "b.lock", "b.lock.1"];
        assert_eq!(left(Style::Marks, &names), ["a.lock", "b.err.1", "b.lock", "b.lock.1"]);
        assert_eq!(
            left(Style::Marks, &["c.err", "c.free.1", "c.lock", "c.processed"]),
            ["c.err", "c.free.1", "c.lock"]
        );
    }

    #[test]
    fn bundles_keep_their_state() {
        let done = [".bundle-0-0.lock", ".bundle-0-0.processed", ".plan-0"];
        let opened = [".bundle-0-1.err", ".bundle-0-1.err.1", ".bundle-0-1.lock", ".bundle-0-1.lock.1"];
        assert_eq!(left(Style::Marks, &done), [".bundle-0-0.lock"]);
        assert_eq!(left(Style::Marks, &opened), opened[1..]);
    }

    #[test]
    fn marks_of_unfinished_batches_are_kept() {
        let names = ["a.lock", "b.err", "b.lock", "b.lock.1", "c.free.1", "c.lock"];
        assert!(left(Style::Marks, &names).is_empty());
    }

    #[test]
    fn result_files_are_kept() {
        let names = [
            ".a.txt.lock",
            "a.PROCESSED.txt",
            "a.txt",
            ".b.txt.lock",
            ".b.txt.err.1",
            "b.FAILED.txt",
            "c.LOCKED.txt",
        ];
        assert_eq!(left(Style::Results, &names), [".a.txt.lock", ".b.txt.err.1", ".b.txt.lock"]);
        assert_eq!(left(Style::Results, &["x.lock", "x.PROCESSED.lock"]), [""; 0]);
    }

    #[test]
    fn part_and_probe_marks_are_removed() {
        let names = [".part-1", ".probe-2", ".probing", ".worker-3", ".hidden", ".format-3"];
        assert_eq!(left(Style::Marks, &names), [".part-1", ".probe-2", ".probing", ".worker-3"]);
    }
}
