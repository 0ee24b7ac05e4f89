//! The progress of a run from its workers' log lines, where nothing else is visible: see
//! `templates/runtime/grid/worker.py` and `templates/runtime/grid/index.py`.

use std::collections::BTreeMap;

/// The workers' logger in a line; the time comes before it, the level after it.
const LOGGER: &str = " - grid - ";

/// Prefix of a worker's message about a finished batch.
const DONE: &str = "Finished batch ";

/// A worker's message about a finished bundle.
const BUNDLE: &str = "Finished %d batches";

/// A worker's message at its start.
const BEGIN: &str = "%d of %d batches done, %d failed, %d in work";

/// A worker's message at its end.
const END: &str = "%d done by this worker, %d by others, %d failed, %d left to others, %d in total";

/// The message of a worker that does a part of the batches.
const PART: &str = "Part %d of %d: %d batches";

/// The information in the workers' lines, of any pods and in any order.
#[derive(Debug, Default)]
pub struct WorkerLog {
    /// Batches in all.
    total: Option<usize>,
    /// The latest count of marks.
    count: Option<Count>,
    /// The batches that have ended: when, and whether they are done.
    ended: BTreeMap<String, (String, bool)>,
    /// The finished bundles, by time and text of the line, with their numbers of batches.
    bundles: BTreeMap<(String, String), usize>,
    /// The batches of each part and the number of parts, if workers do parts.
    parts: BTreeMap<usize, (usize, usize)>,
}

/// A worker's count of done and failed batches, with its time.
#[derive(Debug)]
struct Count {
    time: String,
    done: usize,
    failed: usize,
}

/// The progress of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Batches in total, if the workers have logged it.
    pub total: Option<usize>,
    /// Finished batches.
    pub done: usize,
    /// Failed batches.
    pub failed: usize,
}

/// The meaning of a line.
#[derive(Debug, PartialEq, Eq)]
enum Word<'a> {
    Counted { total: usize, done: usize, failed: usize },
    Part { part: usize, parts: usize, batches: usize },
    Ended { batch: &'a str, is_done: bool },
    Bundle { batches: usize },
}

impl WorkerLog {
    /// Processes a line of a worker's log.
    pub fn read(&mut self, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        let Some((time, said)) = line.trim_end().split_once(LOGGER) else { return };
        let Some((_, text)) = said.split_once(" - ") else { return };
        match word(text) {
            Some(Word::Ended { batch, is_done }) => self.note_end(time, batch, is_done),
            Some(Word::Bundle { batches }) => {
                self.bundles.insert((time.to_owned(), text.to_owned()), batches);
            }
            Some(Word::Counted { total, done, failed }) => {
                self.total = Some(total);
                if self.count.as_ref().is_none_or(|count| count.time.as_str() <= time) {
                    self.count = Some(Count { time: time.to_owned(), done, failed });
                }
            }
            Some(Word::Part { part, parts, batches }) => drop(self.parts.insert(part, (batches, parts))),
            None => {}
        }
    }

    fn note_end(&mut self, time: &str, batch: &str, is_done: bool) {
        if self.ended.get(batch).is_none_or(|(before, _)| before.as_str() <= time) {
            self.ended.insert(batch.to_owned(), (time.to_owned(), is_done));
        }
    }

    /// The progress of the run; nothing if the log isn't a grid's.
    #[must_use]
    pub fn tally(&self) -> Option<Tally> {
        let is_none =
            self.count.is_none() && self.ended.is_empty() && self.bundles.is_empty() && self.parts.is_empty();
        (!is_none).then(|| self.counted())
    }

    /// The latest count, plus what has ended since.
    fn counted(&self) -> Tally {
        let (since, done, failed) =
            self.count.as_ref().map_or(("", 0, 0), |count| (count.time.as_str(), count.done, count.failed));
        let new = |is_done| {
            self.ended.values().filter(move |(time, done)| time.as_str() > since && *done == is_done)
        };
        let is_new = |((time, _), _): &(&(String, String), &usize)| time.as_str() > since;
        let bundled: usize = self.bundles.iter().filter(is_new).map(|(_, batches)| batches).sum();
        let total = self.total.or_else(|| self.total_of_parts());
        // What is counted is logged a moment later, perhaps after the count.
        let most = total.unwrap_or(usize::MAX);
        let failed = (failed + new(false).count()).min(most);
        Tally { total, done: (done + bundled + new(true).count()).min(most - failed), failed }
    }

    /// The batches of all parts, once each has logged its own.
    fn total_of_parts(&self) -> Option<usize> {
        let (_, parts) = self.parts.values().next()?;
        (self.parts.len() == *parts).then(|| self.parts.values().map(|(batches, _)| batches).sum())
    }
}

impl Tally {
    /// Batches that have ended, done or failed.
    #[must_use]
    pub fn ended(&self) -> usize {
        self.done + self.failed
    }

    /// Remaining batches, if known.
    #[must_use]
    pub fn open(&self) -> Option<usize> {
        self.total.map(|total| total - self.ended())
    }
}

/// Parses a line; of several lines the first.
fn word(text: &str) -> Option<Word<'_>> {
    if let Some(rest) = text.strip_prefix(DONE) {
        let timed = rest.rsplit_once(" in ").filter(|(batch, _)| batch.ends_with(['\'', '"']));
        return Some(Word::Ended { batch: timed.map_or(rest, |(batch, _)| batch), is_done: true });
    }
    if let Some(batch) = text.strip_prefix("Batch ").and_then(|rest| rest.strip_suffix(" failed")) {
        return Some(Word::Ended { batch, is_done: false });
    }
    if let [batches] = *numbers(text.split(" in ").next().unwrap_or_default(), BUNDLE) {
        return Some(Word::Bundle { batches });
    }
    if let [part, parts, batches] = *numbers(text, PART) {
        return Some(Word::Part { part, parts, batches });
    }
    if let [done, total, failed, _] = *numbers(text, BEGIN) {
        return Some(Word::Counted { total, done, failed });
    }
    match *numbers(text, END) {
        [mine, others, failed, _, total] => Some(Word::Counted { total, done: mine + others, failed }),
        _ => None,
    }
}

/// The numbers in a text with this format, in the places of `%d`; none for another format.
fn numbers(text: &str, form: &str) -> Box<[usize]> {
    read_numbers(text, form).unwrap_or_default()
}

fn read_numbers(text: &str, form: &str) -> Option<Box<[usize]>> {
    let mut parts = form.split("%d");
    let mut rest = text.strip_prefix(parts.next()?)?;
    let mut found = Vec::new();
    for part in parts {
        let end = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
        found.push(rest[..end].parse().ok()?);
        rest = rest[end..].strip_prefix(part)?;
    }
    rest.is_empty().then(|| found.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARED: &str = include_str!("../../templates/runtime/grid/worker.py");
    const BUNDLES: &str = include_str!("../../templates/runtime/grid/bundles.py");
    const PARTS: &str = include_str!("../../templates/runtime/grid/index.py");

    fn tally(lines: &[&str]) -> Option<(Option<usize>, usize, usize)> {
        let mut log = WorkerLog::default();
        for line in lines {
            log.read(format!("2026-01-01 00:00:{line}\n").as_bytes());
        }
        log.tally().map(|tally| (tally.total, tally.done, tally.failed))
    }

    #[test]
    fn log_lines_match_those_of_the_workers() {
        for text in [DONE, BEGIN, END, "'Batch %s failed\\n%s'"] {
            assert!(SHARED.contains(text), "{text}");
        }
        for text in [DONE, PART, "'Batch %s failed\\n%s'"] {
            assert!(PARTS.contains(text), "{text}");
        }
        assert!(BUNDLES.contains(&format!("'{BUNDLE} in ")));
        let journal = include_str!("../../templates/runtime/grid/journal.py");
        assert!(
            journal.contains(&format!("'%(asctime)s{}%(levelname)s - ", LOGGER.replace("grid", "%(name)s")))
        );
        assert!(include_str!("../../templates/runtime/grid/core.py").contains("getLogger('grid')"));
    }

    #[test]
    fn batches_finished_since_the_latest_count_are_added() {
        let begun = "00,100 - grid - INFO - 3 of 10 batches done, 1 failed, 2 in work";
        let finished = "01,000 - grid - INFO - Finished batch 'a in b' in 0.1 s";
        let failed = "01,000 - grid - ERROR - Batch \"it's\" failed";
        assert_eq!(tally(&[begun, finished, failed]), Some((Some(10), 4, 2)));
        // Logs of several pods come in any order, and a connection may repeat lines.
        assert_eq!(tally(&[finished, failed, finished, begun]), Some((Some(10), 4, 2)));
        let later = "02,000 - grid - INFO - 5 of 10 batches done, 2 failed, 0 in work";
        assert_eq!(tally(&[later, finished, failed, begun]), Some((Some(10), 5, 2)));
        let end = "03,000 - grid - INFO - 4 done by this worker, 4 by others, 2 failed, 0 left to others, 10 in total";
        assert_eq!(
            tally(&[end, finished, "03,001 - grid - INFO - Finished batch 'z' in 0.1 s"]),
            Some((Some(10), 8, 2))
        );
    }

    #[test]
    fn a_bundle_counts_as_its_batches() {
        let begun = "00,100 - grid - INFO - 3 of 900 batches done, 0 failed, 2 in work";
        let bundle = "01,000 - grid - INFO - Finished 200 batches in 0.5 s";
        let other = "01,002 - grid - INFO - Finished 78 batches in 0.5 s";
        assert_eq!(tally(&[begun, bundle, other, bundle]), Some((Some(900), 281, 0)));
        let later = "02,000 - grid - INFO - 281 of 900 batches done, 0 failed, 2 in work";
        assert_eq!(tally(&[bundle, other, later]), Some((Some(900), 281, 0)));
    }

    #[test]
    fn retried_batches_count_once() {
        let failed = "01,000 - grid - ERROR - Batch 'a' failed";
        let done = "02,000 - grid - INFO - Finished batch 'a' in 0.1 s";
        assert_eq!(tally(&[failed, done]), Some((None, 1, 0)));
        assert_eq!(tally(&[done, failed]), Some((None, 1, 0)));
        assert_eq!(tally(&["01,000 - grid - WARNING - Batch 'a' failed and is tried again"]), None);
    }

    #[test]
    fn the_total_is_known_once_every_part_is() {
        let one = "00,000 - grid - INFO - Part 0 of 2: 5 batches";
        let other = "00,000 - grid - INFO - Part 1 of 2: 4 batches";
        let done = "01,000 - grid - INFO - Finished batch 'a'";
        assert_eq!(tally(&[one, done]), Some((None, 1, 0)));
        assert_eq!(tally(&[one, done, other]), Some((Some(9), 1, 0)));
    }

    #[test]
    fn unrelated_log_lines_are_ignored() {
        for line in [
            "00,000 - root - INFO - Finished batch 'a'",
            "00,000 - grid - INFO - Processing batch 'a'",
            "",
            "x",
        ] {
            assert_eq!(tally(&[line]), None, "{line}");
        }
    }
}
