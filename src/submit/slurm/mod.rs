//! Jobs on Slurm, through its own programs.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::batches::{Batches, PAUSE as INTERVAL};
use super::command::{Program, complaint};
use super::{Audience, End, SubmitError};
use crate::invocation::{Interface, Invocation};
use crate::progress::Progress;

mod outputs;
mod state;
mod tasks;

use state::Task;
pub use tasks::Tasks;

/// Polling interval of a job.
const PAUSE: Duration = Duration::from_secs(1);

/// Submits a script with values, and returns the job's number.
pub fn submit(script: &Path, interface: &Interface, invocation: &Invocation) -> Result<String, SubmitError> {
    let program = Program::find("sbatch")?;
    let values = options(interface, invocation).into_iter().map(OsString::from);
    let words = [OsString::from("--parsable"), script.as_os_str().to_owned()].into_iter().chain(values);
    let output = stdout_of(&program, words)?;
    // Where there are several clusters, the job's stands behind its number.
    Ok(output.trim().split(';').next().unwrap_or_default().to_owned())
}

/// The options of a script for its values; the script's own arguments come last.
fn options(interface: &Interface, invocation: &Invocation) -> Vec<String> {
    let values = interface.inputs.iter().filter_map(|(id, input)| {
        invocation.values.get(&input.name).filter(|_| !input.secret).map(|value| format!("--{id}={value}"))
    });
    values.chain(invocation.own.iter().cloned()).collect()
}

/// Follows a job to its end, and returns that and its tasks.
pub fn follow(job: &str, audience: Audience) -> Result<(End, Tasks), SubmitError> {
    let mut told = Vec::new();
    let batches = Batches::new(audience.reporter);
    let mut array = Array::new(audience.reporter);
    let mut logs: Vec<Log> = Vec::new();
    let mut tasks = Tasks::default();
    loop {
        let is_first = tasks.is_empty();
        tasks.see(look(job)?);
        if is_first && tasks.are_an_array() {
            tasks.recall(accounted(job).unwrap_or_default());
        }
        for line in tasks.iter().filter_map(Task::holdup) {
            if !told.contains(&line) {
                audience.reporter.warn(line.clone());
                told.push(line);
            }
        }
        // The state is older than what is read of the log after it, so nothing of the log is lost.
        for path in tasks.iter().filter_map(Task::log) {
            if !logs.iter().any(|log| log.path == path) {
                logs.push(Log { path: path.to_owned(), position: 0, line: Vec::new() });
            }
        }
        for log in &mut logs {
            let text = show(&log.path, log.position, audience)?;
            log.read(&text, &batches);
        }
        let end = tasks.end();
        batches.report(end.is_some());
        array.report(&tasks, end.is_some());
        if let Some(end) = end {
            return Ok((end, tasks));
        }
        thread::sleep(PAUSE);
    }
}

/// The tasks of an array, told at intervals if something has changed, and at the end.
struct Array<'a> {
    reporter: &'a Progress,
    at: Instant,
    told: Option<String>,
}

impl<'a> Array<'a> {
    fn new(reporter: &'a Progress) -> Self {
        Self { reporter, at: Instant::now(), told: None }
    }

    fn report(&mut self, tasks: &Tasks, is_over: bool) {
        if !is_over && self.at.elapsed() < INTERVAL {
            return;
        }
        let Some(line) = tasks.summary().filter(|line| self.told.as_ref() != Some(line)) else { return };
        self.reporter.info(line.clone());
        (self.at, self.told) = (Instant::now(), Some(line));
    }
}

/// A growing log.
struct Log {
    path: PathBuf,
    /// Bytes already shown.
    position: u64,
    /// The beginning of an unfinished line.
    line: Vec<u8>,
}

impl Log {
    /// Processes shown text.
    fn read(&mut self, text: &[u8], batches: &Batches) {
        self.position += text.len() as u64;
        for part in text.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") {
                batches.read(&self.line);
                self.line.clear();
            }
        }
    }
}

/// Shows a job's log so far, and how far an array and a grid are.
pub fn show_log(job: &str, audience: Audience) -> Result<(), SubmitError> {
    let batches = Batches::new(audience.reporter);
    let mut tasks = Tasks::default();
    tasks.see(look(job)?);
    let mut paths: Vec<_> = tasks.iter().filter_map(Task::log).collect();
    paths.dedup();
    for path in paths {
        let text = show(path, 0, audience)?;
        text.split_inclusive(|byte| *byte == b'\n').for_each(|line| batches.read(line));
    }
    batches.report(true);
    Array::new(audience.reporter).report(&tasks, true);
    Ok(())
}

/// Cancels a job.
pub fn cancel(job: &str) -> Result<(), SubmitError> {
    look(job)?;
    stdout_of(&Program::find("scancel")?, [OsString::from(job)]).map(drop)
}

/// The tasks of a job: from the controller for some minutes after the end, then from the accounting.
fn look(job: &str) -> Result<Vec<Task>, SubmitError> {
    let words = ["show", "job", job, "--oneliner"].map(OsString::from);
    match stdout_of(&Program::find("scontrol")?, words) {
        Ok(output) => Ok(state::tasks(&output)),
        Err(SubmitError::Refused { reason, .. }) if reason.contains("Invalid job id") => accounted(job),
        Err(error) => Err(error),
    }
}

fn accounted(job: &str) -> Result<Vec<Task>, SubmitError> {
    let unknown = || SubmitError::NoJob(job.to_owned());
    let words = [
        "--jobs",
        job,
        "--allocations",
        "--noheader",
        "--parsable2",
        "--format=JobID,State,ExitCode,WorkDir",
    ]
    .map(OsString::from);
    let output = stdout_of(&Program::find("sacct")?, words).map_err(|_| unknown())?;
    let tasks = state::accounted(&output);
    if tasks.is_empty() { Err(unknown()) } else { Ok(tasks) }
}

/// Shows a log from a position if it is to be shown, and returns it.
fn show(path: &Path, from: u64, audience: Audience) -> Result<Vec<u8>, SubmitError> {
    // A job that waits has no log yet.
    let Ok(mut file) = File::open(path) else { return Ok(Vec::new()) };
    let mut text = Vec::new();
    let read = file.seek(SeekFrom::Start(from)).and_then(|_| file.read_to_end(&mut text));
    read.and_then(|_| audience.log.map_or(Ok(()), |log| log(&text))).map_err(SubmitError::Log)?;
    Ok(text)
}

fn stdout_of(program: &Program, words: impl IntoIterator<Item = OsString>) -> Result<String, SubmitError> {
    let output = program.output(program.with(words), None)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let reason = complaint(&output);
    let is_away = ["Unable to contact slurm controller", "Connection refused", "Socket timed out"]
        .iter()
        .any(|part| reason.contains(part));
    Err(if is_away {
        SubmitError::Unreachable { engine: "Slurm", reason }
    } else {
        SubmitError::Refused { program: program.name(), reason }
    })
}
