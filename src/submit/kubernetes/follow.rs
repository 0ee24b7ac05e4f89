//! Following a job: its pods' logs, what holds them back, and its end.

use std::collections::{BTreeMap, BTreeSet};
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use super::kubectl::Kubectl;
use super::log::{self, Position};
use super::state::{self, Job, Pod};
use crate::submit::batches::Batches;
use crate::submit::{Audience, End, SubmitError};

/// Polling interval of the job.
const PAUSE: Duration = Duration::from_secs(1);

/// Time that a pod may wait before its events are read.
const PATIENCE: Duration = Duration::from_secs(5);

/// Time that the API server may be unreachable.
const ABSENCE: Duration = Duration::from_mins(5);

/// A thread that shows the log of a pod, and its position.
type Reading<'scope> = ScopedJoinHandle<'scope, Result<Position, SubmitError>>;

/// Follows a job to its end.
pub(super) fn follow(kubectl: &Kubectl, name: &str, audience: Audience) -> Result<End, SubmitError> {
    let batches = Batches::new(audience.reporter);
    thread::scope(|scope| {
        let mut follower = Follower::new(kubectl, name, audience, &batches);
        let mut away = None;
        loop {
            match follower.look(scope) {
                Ok(Some(end)) => {
                    batches.report(true);
                    return Ok(end);
                }
                Ok(None) => away = None,
                Err(error @ SubmitError::Unreachable { .. }) => follower.miss(&mut away, error)?,
                Err(error) => return Err(error),
            }
            batches.report(false);
            thread::sleep(PAUSE);
        }
    })
}

/// Shows the logs of a job's pods so far, one after the other, and how far a grid is.
pub(super) fn show(kubectl: &Kubectl, name: &str, audience: Audience) -> Result<(), SubmitError> {
    let batches = Batches::new(audience.reporter);
    let (job, pods) = state_of(kubectl, name)?;
    for pod in pods.iter().filter(|pod| pod.has_begun()) {
        let prefix = prefix(&job, pod);
        kubectl.print(pod.name(), &|line| {
            batches.read(line);
            shown(audience, &prefix, line)
        })?;
    }
    batches.report(true);
    Ok(())
}

/// A job with its pods, oldest first.
fn state_of(kubectl: &Kubectl, name: &str) -> Result<(Job, Vec<Pod>), SubmitError> {
    let job = Job::read(kubectl.get(&format!("job/{name}"), &[])?)?;
    let job = job.ok_or_else(|| SubmitError::NoJob(name.to_owned()))?;
    Ok((job, kubectl.pods(name)?))
}

/// The prefix of a pod's lines, if several pods log at once.
fn prefix(job: &Job, pod: &Pod) -> String {
    let of_index = || pod.index().map_or_else(|| format!("[{}] ", pod.name()), |index| format!("[{index}] "));
    if job.has_many() { of_index() } else { String::new() }
}

fn shown(audience: Audience, prefix: &str, line: &[u8]) -> std::io::Result<()> {
    audience.log.map_or(Ok(()), |log| log(&[prefix.as_bytes(), line].concat()))
}

struct Follower<'a, 'scope> {
    kubectl: &'a Kubectl,
    name: &'a str,
    audience: Audience<'a>,
    /// The batches of a grid.
    batches: &'a Batches<'a>,
    /// Messages already shown.
    told: BTreeSet<String>,
    /// The logs of pods, by uid.
    logs: BTreeMap<String, Log<'scope>>,
    /// The time since which nothing has started.
    waiting: Instant,
}

/// The log of a pod.
enum Log<'scope> {
    /// Being shown; `is_last` if the pod had ended before.
    Shown { reading: Reading<'scope>, is_last: bool },
    /// Shown completely.
    Done,
}

impl<'a: 'scope, 'scope> Follower<'a, 'scope> {
    fn new(kubectl: &'a Kubectl, name: &'a str, audience: Audience<'a>, batches: &'a Batches<'a>) -> Self {
        let (told, logs) = (BTreeSet::new(), BTreeMap::new());
        Self { kubectl, name, audience, batches, told, logs, waiting: Instant::now() }
    }

    /// Looks at the job once, and returns its end when all logs are shown.
    fn look<'env>(&mut self, scope: &'scope Scope<'scope, 'env>) -> Result<Option<End>, SubmitError> {
        let (job, pods) = state_of(self.kubectl, self.name)?;
        let end = job.end(&pods);
        self.warn_of_holdups(&job, &pods, end.is_some())?;
        let mut is_shown = true;
        for pod in pods.iter().filter(|pod| pod.has_begun()) {
            is_shown &= self.audience.log.is_none() || self.read_on(scope, &job, pod)?;
        }
        Ok(end.filter(|_| is_shown))
    }

    /// Shows more of a pod's log; returns whether that was all.
    fn read_on<'env>(
        &mut self,
        scope: &'scope Scope<'scope, 'env>,
        job: &Job,
        pod: &Pod,
    ) -> Result<bool, SubmitError> {
        let position = match self.logs.remove(pod.uid()) {
            None => Position::default(),
            Some(Log::Done) => {
                self.logs.insert(pod.uid().to_owned(), Log::Done);
                return Ok(true);
            }
            Some(Log::Shown { reading, is_last }) if !reading.is_finished() => {
                self.logs.insert(pod.uid().to_owned(), Log::Shown { reading, is_last });
                return Ok(false);
            }
            Some(Log::Shown { reading, is_last }) => {
                let position = reading.join().unwrap_or_else(|_| Ok(Position::default()))?;
                if is_last {
                    self.logs.insert(pod.uid().to_owned(), Log::Done);
                    return Ok(true);
                }
                position
            }
        };
        let (kubectl, audience, batches) = (self.kubectl, self.audience, self.batches);
        let (name, prefix) = (pod.name().to_owned(), prefix(job, pod));
        let show = move |line: &[u8]| {
            batches.read(line);
            shown(audience, &prefix, line)
        };
        let reading = scope.spawn(move || log::show(kubectl, &name, position, &show));
        self.logs.insert(pod.uid().to_owned(), Log::Shown { reading, is_last: pod.is_over() });
        Ok(false)
    }

    /// Reports what holds the job back, and failed pods, each once.
    fn warn_of_holdups(&mut self, job: &Job, pods: &[Pod], is_over: bool) -> Result<(), SubmitError> {
        pods.iter().filter_map(Pod::epitaph).for_each(|line| self.warn_once(line));
        if is_over {
            return Ok(());
        }
        job.holdup().into_iter().for_each(|line| self.warn_once(line));
        pods.iter().filter_map(Pod::holdup).for_each(|line| self.warn_once(line));
        if pods.iter().any(Pod::has_begun) {
            self.waiting = Instant::now();
        } else if self.waiting.elapsed() > PATIENCE {
            self.waiting = Instant::now();
            for uid in std::iter::once(job.uid()).chain(pods.iter().map(Pod::uid)) {
                let selector = format!("--field-selector=involvedObject.uid={uid}");
                let events = state::holdups(self.kubectl.get("events", &[&selector])?)?;
                for line in events {
                    self.warn_once(line);
                }
            }
        }
        Ok(())
    }

    fn warn_once(&mut self, line: String) {
        if self.told.insert(line.clone()) {
            self.audience.reporter.warn(line);
        }
    }

    /// Waits for an unreachable API server, with a time limit.
    fn miss(&mut self, away: &mut Option<Instant>, error: SubmitError) -> Result<(), SubmitError> {
        let since = away.get_or_insert_with(Instant::now);
        if since.elapsed() > ABSENCE {
            return Err(error);
        }
        self.warn_once(format!("{error}; waiting"));
        Ok(())
    }
}
