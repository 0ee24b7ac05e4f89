//! Progress of a grid's batches while the log of its workers passes.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::grid::pace::{Pace, Speed, span};
use crate::grid::worker_log::{Tally, WorkerLog};
use crate::progress::Progress;

/// Interval of progress reports, if there is something new.
pub(super) const PAUSE: Duration = Duration::from_secs(10);

/// The state of a grid; silent for another job.
#[derive(Debug)]
pub(super) struct Batches<'a> {
    reporter: &'a Progress,
    log: Mutex<WorkerLog>,
    last: Mutex<Report>,
}

/// The last report.
#[derive(Debug)]
struct Report {
    pace: Pace,
    begin: Instant,
    at: Instant,
    tally: Option<Tally>,
}

impl<'a> Batches<'a> {
    /// The initial state.
    pub(super) fn new(reporter: &'a Progress) -> Self {
        let (pace, now) = (Pace::default(), Instant::now());
        let last = Report { pace, begin: now, at: now, tally: None };
        Self { reporter, log: Mutex::default(), last: Mutex::new(last) }
    }

    /// Processes a line of a log.
    pub(super) fn read(&self, line: &[u8]) {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).read(line);
    }

    /// Reports progress if there is any: at intervals, and at the end.
    pub(super) fn report(&self, is_over: bool) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_over && last.at.elapsed() < PAUSE {
            return;
        }
        let tally = self.log.lock().unwrap_or_else(PoisonError::into_inner).tally();
        let Some(tally) = tally.filter(|tally| last.tally.as_ref() != Some(tally)) else { return };
        let at = last.begin.elapsed().as_secs_f64();
        let speed = last.pace.look(at, tally.ended(), tally.open());
        (last.at, last.tally) = (Instant::now(), Some(tally));
        let goes_on = !is_over && tally.open() != Some(0);
        self.reporter.info(line(tally, if goes_on { speed } else { Speed::default() }));
    }
}

/// `36 of 500 batches done, 1 failed; 14.2 a minute, 21 min left`.
fn line(tally: Tally, speed: Speed) -> String {
    let of_all = tally.total.map(|total| format!(" of {total}")).unwrap_or_default();
    let failed = if tally.failed > 0 { format!(", {} failed", tally.failed) } else { String::new() };
    let pace = speed.per_minute.map(|number| format!("; {number:.1} a minute")).unwrap_or_default();
    let left = speed.left.map(|seconds| format!(", {} left", span(seconds))).unwrap_or_default();
    format!("{}{of_all} batches done{failed}{pace}{left}", tally.done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_counts_are_omitted() {
        let tally = Tally { total: Some(500), done: 36, failed: 1 };
        let speed = Speed { per_minute: Some(14.21), left: Some(1_290.0) };
        assert_eq!(line(tally, speed), "36 of 500 batches done, 1 failed; 14.2 a minute, 21 min left");
        let begun = Tally { total: None, done: 3, failed: 0 };
        assert_eq!(line(begun, Speed::default()), "3 batches done");
    }
}
