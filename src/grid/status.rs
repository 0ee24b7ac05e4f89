//! Counts what the marks of a run say.

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;

use super::marks::{Mark, State, Style};

/// The latest run, as its workers have announced it.
#[derive(Debug, Deserialize)]
pub struct Run {
    style: Style,
    keys: HashSet<String>,
}

/// How far a run is.
#[derive(Debug, PartialEq, Eq)]
pub struct Status {
    /// Batches in all, where the workers have announced them.
    pub total: Option<usize>,
    /// Batches that are done.
    pub done: usize,
    /// Batches that a worker has in hand, or has died with.
    pub locked: usize,
    /// Batches that have failed.
    pub failed: Vec<Failed>,
    /// Batches with marks that are none of the latest run's.
    pub others: usize,
}

/// A batch that has failed.
#[derive(Debug, PartialEq, Eq)]
pub struct Failed {
    /// The batch as a person knows it.
    pub batch: String,
    /// The name of the mark that holds its error.
    pub mark: String,
}

impl Status {
    /// Counts the batches; without an announced run, all that have marks.
    #[must_use]
    pub fn count(names: &[String], run: Option<&Run>) -> Self {
        let style = run.map_or_else(|| Style::guess(names), |run| run.style);
        let all = last_marks(style, names);
        let found = all.len();
        let of_run = |mark: &Mark| run.is_none_or(|run| run.keys.contains(&mark.key));
        let marks: Vec<_> = all.into_values().filter(|(mark, _)| of_run(mark)).collect();
        let number = |state| marks.iter().filter(|(mark, _)| mark.state == state).count();
        Self {
            total: run.map(|run| run.keys.len()),
            done: number(State::Done),
            locked: number(State::Locked),
            others: found - marks.len(),
            failed: marks.into_iter().filter_map(failed).collect(),
        }
    }

    /// Batches that nobody has tried yet, where the number of all is known.
    #[must_use]
    pub fn waiting(&self) -> Option<usize> {
        self.total.map(|total| total - self.done - self.locked - self.failed.len())
    }
}

/// The mark of every key that holds, with its name.
fn last_marks(style: Style, names: &[String]) -> BTreeMap<String, (Mark, &String)> {
    let mut last = BTreeMap::<String, (Mark, &String)>::new();
    for name in names {
        let Some(mark) = style.read(name) else { continue };
        if last.get(&mark.key).is_none_or(|(known, _)| known.state < mark.state) {
            last.insert(mark.key.clone(), (mark, name));
        }
    }
    last
}

fn failed((mark, name): (Mark, &String)) -> Option<Failed> {
    (mark.state == State::Failed).then(|| Failed { batch: mark.batch, mark: name.clone() })
}

/// The last line of an error that says something.
#[must_use]
pub fn last_line(content: &[u8]) -> String {
    let text = String::from_utf8_lossy(content);
    text.lines().map(str::trim_end).rfind(|line| !line.is_empty()).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    fn run(style: Style, keys: &[&str]) -> Run {
        Run { style, keys: keys.iter().map(ToString::to_string).collect() }
    }

    const NAMES: [&str; 10] = [
        ".batches",
        "a.processed",
        "b.lock",
        "c.err",
        "d.err",
        "d.lock.2",
        "e.lock",
        "e.processed",
        "other.err",
        "data.csv",
    ];

    #[test]
    fn each_batch_counts_once() {
        let run = run(Style::Marks, &["a", "b", "c", "d", "e", "f"]);
        let status = Status::count(&names(&NAMES), Some(&run));
        assert_eq!((status.total, status.done, status.locked, status.others), (Some(6), 2, 2, 1));
        assert_eq!(status.failed, [Failed { batch: "c".to_owned(), mark: "c.err".to_owned() }]);
        assert_eq!(status.waiting(), Some(1));
    }

    #[test]
    fn without_a_run_all_marks_count() {
        let status = Status::count(&names(&NAMES), None);
        assert_eq!((status.total, status.done, status.locked, status.others), (None, 2, 2, 0));
        assert_eq!(status.failed.len(), 2);
        assert_eq!(status.waiting(), None);
    }

    #[test]
    fn results_count_with_their_hidden_locks() {
        let listed =
            names(&["a.txt", "a.PROCESSED.txt", ".a.txt.lock", "b.FAILED", "c.LOCKED.txt", ".c.txt.lock"]);
        let status = Status::count(&listed, Some(&run(Style::Results, &["a.txt", "b", "c.txt"])));
        assert_eq!((status.done, status.locked, status.failed.len(), status.waiting()), (1, 1, 1, Some(0)));
    }

    #[test]
    fn the_last_line_says_something() {
        assert_eq!(last_line(b"Traceback\n\nValueError: no \n \n"), "ValueError: no");
        assert_eq!(last_line(b""), "");
    }
}
