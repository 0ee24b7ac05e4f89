//! Comparing looks at a run: its rate, the time left, and stuck batches.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::error::GridError;
use super::pace::{Pace, Speed};
use super::status::{Held, Status};
use super::storage::Storage;

/// Missed heartbeats after which a lock's worker counts as dead.
const MISSED: f64 = 3.5;

/// The heartbeat in seconds of workers whose locks don't name theirs.
const HEARTBEAT: f64 = 10.0;

/// Observations of a run; times are in seconds of the watcher's clock.
#[derive(Debug, Default)]
pub struct Watch {
    pace: Pace,
    /// The claimed batches, by lock.
    seen: BTreeMap<String, Seen>,
}

/// Observations of a lock.
#[derive(Debug)]
struct Seen {
    content: Option<Vec<u8>>,
    /// Since when it exists, and since when it is unchanged.
    since: f64,
    unchanged: f64,
}

/// The progress of a run.
#[derive(Debug, PartialEq)]
pub struct Progress {
    /// Its rate.
    pub speed: Speed,
    /// Claimed batches, longest first.
    pub work: Vec<Work>,
}

/// A claimed batch.
#[derive(Debug, PartialEq)]
pub struct Work {
    /// Its id.
    pub batch: String,
    /// The number of owners, including this one.
    pub attempt: u32,
    /// Seconds since it was first seen claimed.
    pub seconds: f64,
    /// Seconds without a heartbeat, if its worker must have died.
    pub stuck: Option<f64>,
}

#[derive(Deserialize)]
struct Lock {
    seconds: f64,
}

impl Watch {
    /// Looks at the locks of a run, and returns the progress since the first look.
    pub fn look(&mut self, at: f64, status: &Status, storage: &Storage) -> Result<Progress, GridError> {
        let names: Vec<_> = status.held.iter().map(|held| held.lock.as_str()).collect();
        Ok(self.note(at, status, storage.read(&names)?))
    }

    fn note(&mut self, at: f64, status: &Status, contents: Vec<Option<Vec<u8>>>) -> Progress {
        let ended = status.done + status.failed.len();
        let speed = self.pace.look(at, ended, status.waiting().map(|waiting| waiting + status.locked));
        let mut known = std::mem::take(&mut self.seen);
        for (held, content) in status.held.iter().zip(contents) {
            self.seen.insert(held.lock.clone(), seen(known.remove(&held.lock), at, content));
        }
        let mut work: Vec<_> = status.held.iter().filter_map(|held| self.work(at, held)).collect();
        work.sort_by(|one, other| other.seconds.total_cmp(&one.seconds));
        Progress { speed, work }
    }

    fn work(&self, at: f64, held: &Held) -> Option<Work> {
        let seen = self.seen.get(&held.lock)?;
        let still = at - seen.unchanged;
        Some(Work {
            batch: held.batch.clone(),
            attempt: held.generation + 1,
            seconds: at - seen.since,
            stuck: (still > MISSED * heartbeat(seen.content.as_deref())).then_some(still),
        })
    }
}

/// The observation of a lock after another look.
fn seen(before: Option<Seen>, at: f64, content: Option<Vec<u8>>) -> Seen {
    match before {
        None => Seen { content, since: at, unchanged: at },
        Some(seen) if seen.content == content => seen,
        Some(seen) => Seen { content, unchanged: at, ..seen },
    }
}

fn heartbeat(content: Option<&[u8]>) -> f64 {
    let lock = content.and_then(|content| serde_json::from_slice::<Lock>(content).ok());
    lock.map_or(HEARTBEAT, |lock| lock.seconds)
}

#[cfg(test)]
mod tests {
    use super::super::status::Run;
    use super::*;
    use crate::grid::marks::Style;

    fn status(names: &[&str]) -> Status {
        let names: Vec<_> = names.iter().map(ToString::to_string).collect();
        Status::count(&names, Some(&Run::of(Style::Marks, &["a", "b", "c", "d"])))
    }

    fn lock(beat: u32) -> Vec<Option<Vec<u8>>> {
        vec![Some(format!("{{\"beat\": {beat}, \"seconds\": 2.0}}").into_bytes())]
    }

    #[test]
    fn speed_is_measured_from_the_first_observation() {
        let mut watch = Watch::default();
        let first = watch.note(100.0, &status(&["a.lock", "a.processed"]), Vec::new());
        assert_eq!(first, Progress { speed: Speed::default(), work: Vec::new() });
        let later = watch.note(130.0, &status(&["a.processed", "b.err", "b.lock"]), Vec::new());
        assert_eq!(later.speed, Speed { per_minute: Some(2.0), left: Some(60.0) });
    }

    #[test]
    fn a_lock_without_a_heartbeat_is_stuck() {
        let mut watch = Watch::default();
        let held = status(&["a.lock", "a.lock.1"]);
        let mut look = |at, beat| watch.note(at, &held, lock(beat)).work.remove(0);
        assert_eq!(look(10.0, 1), Work { batch: "a".into(), attempt: 2, seconds: 0.0, stuck: None });
        assert_eq!(look(18.0, 2), Work { batch: "a".into(), attempt: 2, seconds: 8.0, stuck: None });
        assert_eq!(look(25.0, 2).stuck, None);
        assert_eq!(look(26.0, 2), Work { batch: "a".into(), attempt: 2, seconds: 16.0, stuck: Some(8.0) });
        assert_eq!(look(27.0, 3).stuck, None);
    }

    #[test]
    fn longest_work_is_first_and_a_new_owner_restarts_the_clock() {
        let mut watch = Watch::default();
        watch.note(0.0, &status(&["a.lock"]), lock(1));
        let both = [lock(1), lock(1)].concat();
        let work = watch.note(5.0, &status(&["a.lock.1", "b.lock"]), both.clone()).work;
        assert_eq!(work.iter().map(|work| work.seconds).collect::<Vec<_>>(), [0.0, 0.0]);
        let work = watch.note(9.0, &status(&["a.lock.2", "b.lock"]), both).work;
        assert_eq!(work.iter().map(|work| work.batch.as_str()).collect::<Vec<_>>(), ["b", "a"]);
    }
}
