//! Counts the batches of a run by their marks.

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;

use super::error::GridError;
use super::marks::{self, BATCHES, Mark, State, Style};
use super::plan::Plan;
use super::storage::Storage;

/// The latest run, as announced by its workers.
#[derive(Debug, Deserialize)]
pub struct Run {
    style: Style,
    keys: HashSet<String>,
    #[serde(skip)]
    plan: Plan,
}

impl Run {
    /// The announced run, if any.
    pub fn announced(storage: &Storage, names: &[String]) -> Result<Option<Self>, GridError> {
        if !names.iter().any(|name| name == BATCHES) {
            return Ok(None);
        }
        let content = storage.read(&[BATCHES])?.into_iter().next().flatten();
        let run = content.and_then(|content| serde_json::from_slice::<Self>(&content).ok());
        run.map(|run| Ok(Self { plan: Plan::last(storage, names)?, ..run })).transpose()
    }

    #[cfg(test)]
    pub(super) fn of(style: Style, keys: &[&str]) -> Self {
        Self { style, keys: keys.iter().map(ToString::to_string).collect(), plan: Plan::default() }
    }

    /// The bundles of batches without marks of their own, with their number.
    fn bundles(&self, marked: &BTreeMap<String, Last<'_>>) -> BTreeMap<&str, usize> {
        let mut bundles = BTreeMap::new();
        let unmarked = self.keys.iter().filter(|key| !marked.contains_key(*key));
        for bundle in unmarked.filter_map(|key| self.plan.bundle_of(key)) {
            *bundles.entry(bundle).or_default() += 1;
        }
        bundles
    }
}

/// The state of a run.
#[derive(Debug, PartialEq, Eq)]
pub struct Status {
    /// Batches in total, if announced.
    pub total: Option<usize>,
    /// Finished batches.
    pub done: usize,
    /// Batches claimed by a worker, which may have died.
    pub locked: usize,
    /// The claimed batches.
    pub held: Vec<Held>,
    /// Failed batches.
    pub failed: Vec<Failed>,
    /// Batches with marks that aren't in the latest run.
    pub others: usize,
}

/// A claimed batch.
#[derive(Debug, PartialEq, Eq)]
pub struct Held {
    /// Its id.
    pub batch: String,
    /// The name of its lock.
    pub lock: String,
    /// The number of earlier owners.
    pub generation: u32,
}

/// A failed batch.
#[derive(Debug, PartialEq, Eq)]
pub struct Failed {
    /// Its id.
    pub batch: String,
    /// The mark with its error.
    pub mark: String,
}

impl Status {
    /// Counts the batches; without an announced run, all with marks.
    #[must_use]
    pub fn count(names: &[String], run: Option<&Run>) -> Self {
        let style = Self::style(names, run);
        let all = last_marks(style, names);
        let found = all.len();
        let (done, held) = Self::bundles(names, run.map(|run| run.bundles(&all)).unwrap_or_default());
        let of_run = |mark: &Mark| run.is_none_or(|run| run.keys.contains(&mark.key));
        let marks: Vec<_> = all.into_values().filter(|last| of_run(&last.mark)).collect();
        let number = |state| marks.iter().filter(|last| last.mark.state == state).count();
        Self {
            total: run.map(|run| run.keys.len()),
            done: done + number(State::Done),
            locked: held.iter().map(|(number, _)| number).sum::<usize>() + number(State::Locked),
            held: marks
                .iter()
                .filter_map(|last| last.held(style))
                .chain(held.into_iter().map(|(_, held)| held))
                .collect(),
            others: found - marks.len(),
            failed: marks.into_iter().filter_map(Last::failed).collect(),
        }
    }

    /// The number of batches in finished bundles, and the claimed bundles with their numbers of batches.
    fn bundles(names: &[String], wanted: BTreeMap<&str, usize>) -> (usize, Vec<(usize, Held)>) {
        let (mut done, mut held) = (0, Vec::new());
        let bundles = if wanted.is_empty() { BTreeMap::new() } else { last_bundles(names) };
        for (bundle, number) in wanted {
            let Some(last) = bundles.get(bundle) else { continue };
            done += if last.mark.state == State::Done { number } else { 0 };
            let batch = format!("{number} short batches");
            held.extend(last.held(Style::Marks).map(|held| (number, Held { batch, ..held })));
        }
        (done, held)
    }

    /// The naming style of the marks.
    #[must_use]
    pub fn style(names: &[String], run: Option<&Run>) -> Style {
        run.map_or_else(|| Style::guess(names), |run| run.style)
    }

    /// Batches not tried yet, if the total is known.
    #[must_use]
    pub fn waiting(&self) -> Option<usize> {
        self.total.map(|total| total - self.done - self.locked - self.failed.len())
    }
}

/// The effective mark of a batch.
#[derive(Debug)]
pub(super) struct Last<'a> {
    pub(super) mark: Mark,
    /// The mark with the text of an error, if any.
    text: Option<&'a String>,
}

impl<'a> Last<'a> {
    fn add(&mut self, mark: Mark, text: Option<&'a String>) {
        self.text = self.text.or(text);
        if mark.rank() > self.mark.rank() {
            self.mark = mark;
        }
    }

    fn held(&self, style: Style) -> Option<Held> {
        let mark = &self.mark;
        let lock = style.lock(&mark.key, mark.generation);
        (mark.state == State::Locked).then(|| Held {
            batch: mark.batch.clone(),
            lock,
            generation: mark.generation,
        })
    }

    fn failed(self) -> Option<Failed> {
        let mark = self.text.cloned().unwrap_or_default();
        (self.mark.state == State::Failed).then_some(Failed { batch: self.mark.batch, mark })
    }
}

/// The effective mark of every key.
pub(super) fn last_marks(style: Style, names: &[String]) -> BTreeMap<String, Last<'_>> {
    last_of(names, |name| style.read(name))
}

/// The effective mark of every bundle.
pub(super) fn last_bundles(names: &[String]) -> BTreeMap<String, Last<'_>> {
    last_of(names, marks::bundle)
}

fn last_of(names: &[String], read: impl Fn(&str) -> Option<Mark>) -> BTreeMap<String, Last<'_>> {
    let mut all = BTreeMap::<String, Last<'_>>::new();
    for name in names {
        let Some(mark) = read(name) else { continue };
        let text = (mark.is_end() && mark.state == State::Failed).then_some(name);
        match all.get_mut(&mark.key) {
            None => drop(all.insert(mark.key.clone(), Last { mark, text })),
            Some(last) => last.add(mark, text),
        }
    }
    all
}

/// The last non-empty line of an error.
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
        let run = Run::of(Style::Marks, &["a", "b", "c", "d", "e", "f"]);
        let status = Status::count(&names(&NAMES), Some(&run));
        assert_eq!((status.total, status.done, status.locked, status.others), (Some(6), 2, 2, 1));
        assert_eq!(status.failed, [Failed { batch: "c".to_owned(), mark: "c.err".to_owned() }]);
        assert_eq!(status.waiting(), Some(1));
    }

    #[test]
    fn bundle_marks_apply_to_batches_without_marks() {
        let plan = br#"{"parts": [{"size": 2, "keys": ["a", "b", "c", "d", "e", "f", "g", "h"]}]}"#;
        let run = Run {
            plan: Plan::read(plan),
            ..Run::of(Style::Marks, &["a", "b", "c", "d", "e", "f", "g", "h"])
        };
        let listed = names(&[
            ".plan-0",
            ".bundle-0-0.lock",
            ".bundle-0-0.processed",
            "b.err",
            ".bundle-0-1.lock",
            ".bundle-0-2.lock",
            ".bundle-0-2.lock.1",
            ".bundle-0-2.err",
            ".bundle-0-2.err.1",
            "e.lock.1",
            "e.processed",
        ]);
        let status = Status::count(&listed, Some(&run));
        assert_eq!((status.done, status.locked, status.waiting(), status.others), (2, 2, Some(3), 0));
        let lock = ".bundle-0-1.lock".to_owned();
        assert_eq!(status.held, [Held { batch: "2 short batches".to_owned(), lock, generation: 0 }]);
        assert_eq!(status.failed, [Failed { batch: "b".to_owned(), mark: "b.err".to_owned() }]);
    }

    #[test]
    fn without_a_run_all_marks_count() {
        let status = Status::count(&names(&NAMES), None);
        assert_eq!((status.total, status.done, status.locked, status.others), (None, 2, 2, 0));
        assert_eq!(status.failed.len(), 2);
        assert_eq!(status.waiting(), None);
    }

    #[test]
    fn results_are_counted_with_their_hidden_locks() {
        let listed =
            names(&["a.txt", "a.PROCESSED.txt", ".a.txt.lock", "b.FAILED", "c.LOCKED.txt", ".c.txt.lock"]);
        let status = Status::count(&listed, Some(&Run::of(Style::Results, &["a.txt", "b", "c.txt"])));
        assert_eq!((status.done, status.locked, status.failed.len(), status.waiting()), (1, 1, 1, Some(0)));
    }

    #[test]
    fn the_latest_owner_determines_the_state() {
        let listed = names(&[
            "a.err", "a.lock", "b.err", "b.lock", "b.lock.1", "c.free.1", "c.lock", "d.free.1", "d.lock",
            "d.lock.1", "e.err", "e.err.2", "e.lock", "e.lock.1", "e.lock.2", "f.err", "f.lock", "f.lock.1",
            "f.free.2",
        ]);
        let run = Run::of(Style::Marks, &["a", "b", "c", "d", "e", "f"]);
        let status = Status::count(&listed, Some(&run));
        assert_eq!((status.done, status.locked, status.waiting()), (0, 2, Some(2)));
        let marks: Vec<_> = status.failed.iter().map(|failed| failed.mark.as_str()).collect();
        assert_eq!(marks, ["a.err", "e.err"]);
    }

    #[test]
    fn errors_are_read_in_results_style() {
        let listed =
            names(&[".a.txt.err.1", ".a.txt.lock", ".a.txt.lock.1", "a.FAILED.txt", ".b.lock", ".b.free.1"]);
        let status = Status::count(&listed, Some(&Run::of(Style::Results, &["a.txt", "b"])));
        assert_eq!(status.failed, [Failed { batch: "a.txt".to_owned(), mark: "a.FAILED.txt".to_owned() }]);
        assert_eq!((status.locked, status.waiting()), (0, Some(1)));
    }

    #[test]
    fn the_last_non_empty_line_is_the_summary() {
        assert_eq!(last_line(b"Traceback\n\nValueError: no \n \n"), "ValueError: no");
        assert_eq!(last_line(b""), "");
    }
}
