//! The state of a job, from the output of `scontrol` and `sacct`.

use std::path::{Path, PathBuf};

use crate::submit::End;

/// States of an unfinished job, by Slurm's `job_state_string`; includes those of a requeue.
const ALIVE: &[&str] = &[
    "PENDING",
    "RUNNING",
    "SUSPENDED",
    "CONFIGURING",
    "COMPLETING",
    "REQUEUED",
    "REQUEUE_HOLD",
    "REQUEUE_FED",
    "RESIZING",
    "SIGNALING",
    "STAGE_OUT",
    "STOPPED",
    "SPECIAL_EXIT",
    "RESV_DEL_HOLD",
    "POWER_UP_NODE",
];

/// Usual reasons of waiting jobs.
const USUAL: &[&str] = &["None", "Priority", "BeginTime", ""];

/// A job, or one task of an array.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Task {
    id: String,
    state: String,
    reason: String,
    /// Exit code and signal.
    exit: (u8, u8),
    log: Option<PathBuf>,
    /// The folder where it was submitted.
    folder: Option<PathBuf>,
}

impl Task {
    /// Path of its log.
    pub(super) fn log(&self) -> Option<&Path> {
        self.log.as_deref()
    }

    /// Its number; in an array that of the array, `_` and its index, or those of all tasks that wait.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Its index in an array, or those of all tasks that wait: `3`, `3-9%2`.
    pub(super) fn index(&self) -> Option<&str> {
        self.id.split_once('_').map(|(_, index)| index)
    }

    /// The folder where it was submitted.
    pub(super) fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// Whether its program has done its work.
    pub(super) fn has_succeeded(&self) -> bool {
        self.state == "COMPLETED"
    }

    /// Its state in a word of the user's.
    pub(super) fn stage(&self) -> Stage {
        match self.state.as_str() {
            "PENDING" | "CONFIGURING" | "REQUEUED" | "REQUEUE_HOLD" | "REQUEUE_FED" | "SPECIAL_EXIT"
            | "RESV_DEL_HOLD" | "POWER_UP_NODE" => Stage::Waiting,
            "COMPLETED" => Stage::Done,
            _ if self.is_over() => Stage::Failed,
            _ => Stage::Running,
        }
    }

    /// What keeps it from running.
    pub(super) fn holdup(&self) -> Option<String> {
        let waits = self.state == "PENDING" && !USUAL.contains(&self.reason.as_str());
        waits.then(|| format!("the job {} waits: {}", self.id, self.reason))
    }

    /// Whether it has ended.
    pub(super) fn is_over(&self) -> bool {
        !ALIVE.contains(&self.state.as_str())
    }

    /// Its exit code as a shell reports it, if it failed.
    fn failure(&self) -> Option<u8> {
        let code = match self.exit {
            (0, 0) => 1,
            (0, signal) => signal.saturating_add(128),
            (code, _) => code,
        };
        (!self.has_succeeded()).then_some(code)
    }
}

/// How far a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// It hasn't begun.
    Waiting,
    /// It runs, or tidies up.
    Running,
    /// It has succeeded.
    Done,
    /// It has failed, was cancelled or ran out of time.
    Failed,
}

/// The end of a job, if all its tasks have ended.
pub(super) fn end(tasks: &[Task]) -> Option<End> {
    if !tasks.iter().all(Task::is_over) {
        return None;
    }
    let failed = tasks.iter().find_map(|task| Some((task.failure()?, task)));
    Some(match failed {
        None => End { code: 0, reason: None },
        Some((code, task)) => End { code, reason: Some(format!("the job {} is {}", task.id, task.state)) },
    })
}

/// The tasks in the output of `scontrol show job --oneliner`, one per line; the command in it may contain
/// line ends.
pub(super) fn tasks(text: &str) -> Vec<Task> {
    let starts: Vec<_> = text.match_indices("JobId=").map(|(at, _)| at).collect();
    let starts: Vec<_> =
        starts.into_iter().filter(|at| *at == 0 || text.as_bytes()[at - 1] == b'\n').collect();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().zip(ends).map(|(start, end)| task(&text[*start..end])).collect()
}

fn task(line: &str) -> Task {
    // The call is shown between what is read here: of that before it the first counts, of that behind it the last.
    let (before, behind) = line.split_at(line.find(" Command=").unwrap_or(0));
    let before = if before.is_empty() { line } else { before };
    let field = |name: &str| field(before, name, false).unwrap_or_default();
    let array = [field("ArrayJobId"), field("ArrayTaskId")];
    let id =
        if array.iter().all(|part| !part.is_empty()) { array.join("_") } else { field("JobId").to_owned() };
    Task {
        id,
        state: field("JobState").to_owned(),
        reason: field("Reason").to_owned(),
        exit: exit(field("ExitCode")),
        log: path(behind, "StdOut"),
        folder: path(behind, "WorkDir"),
    }
}

/// A path behind the call.
fn path(behind: &str, name: &str) -> Option<PathBuf> {
    field(behind, name, true).filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// The value of a field; paths may contain blanks, so it ends before the next field.
fn field<'a>(line: &'a str, name: &str, is_last: bool) -> Option<&'a str> {
    let mut starts = line.match_indices(name).map(|(at, _)| at).filter(|at| {
        let is_whole = *at == 0 || line.as_bytes()[at - 1] == b' ';
        is_whole && line[at + name.len()..].starts_with('=')
    });
    let start = if is_last { starts.last() } else { starts.next() }?;
    let value = &line[start + name.len() + 1..];
    let is_next = |at: usize| {
        let word = value[at + 1..].split(' ').next().unwrap_or_default();
        let key = word.split_once('=').map(|(key, _)| key);
        key.is_some_and(|key| key.starts_with(|first: char| first.is_ascii_uppercase()) && !key.contains('/'))
    };
    let end = value.match_indices(' ').map(|(at, _)| at).find(|at| is_next(*at));
    Some(value[..end.unwrap_or(value.len())].trim_end())
}

/// The tasks in the output of `sacct`: `12_0|FAILED|3:0|/folder`; the state may name who cancelled it.
pub(super) fn accounted(text: &str) -> Vec<Task> {
    let task = |line: &str| {
        let mut fields = line.splitn(4, '|');
        let (id, state, code) = (fields.next()?, fields.next()?, fields.next()?);
        let state = state.split(' ').next().unwrap_or_default();
        let folder = fields.next().filter(|path| !path.is_empty()).map(PathBuf::from);
        Some(Task { id: id.to_owned(), state: state.to_owned(), exit: exit(code), folder, ..Task::default() })
    };
    text.lines().filter_map(task).collect()
}

/// `3:9`: exit code and signal.
fn exit(text: &str) -> (u8, u8) {
    let (code, signal) = text.split_once(':').unwrap_or((text, "0"));
    let number = |text: &str| text.parse::<u32>().map_or(1, |number| u8::try_from(number).unwrap_or(1));
    (number(code), number(signal))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "JobId=7 ArrayJobId=5 ArrayTaskId=2 JobName=x y UserId=a(1) JobState=FAILED Reason=NonZeroExitCode \
                        Dependency=(null) ExitCode=3:0 Command=/a b/x.sbatch --n=3\nJobState= StdOut=/x ExitCode=0:0 WorkDir=/a b StdErr=/a b/slurm-5_2.out \
                        StdIn=/dev/null StdOut=/a b/slurm-5_2.out Power=";

    #[test]
    fn a_job_is_read() {
        let [task] = tasks(LINE).try_into().unwrap();
        assert_eq!(task.id, "5_2");
        assert_eq!(task.log(), Some(Path::new("/a b/slurm-5_2.out")));
        assert_eq!((task.index(), task.folder()), (Some("2"), Some(Path::new("/a b"))));
        assert_eq!(end(&[task]), Some(End { code: 3, reason: Some("the job 5_2 is FAILED".to_owned()) }));
    }

    #[test]
    fn signals_become_shell_exit_codes() {
        for (line, code) in [
            ("1|COMPLETED|0:0", 0),
            ("1|CANCELLED by 1000|0:15", 143),
            ("1|TIMEOUT|0:0", 1),
            ("1_0|COMPLETED|0:0\n1_1|FAILED|4:0", 4),
        ] {
            assert_eq!(end(&accounted(line)).map(|end| end.code), Some(code), "{line}");
        }
        assert_eq!(end(&accounted("1_0|COMPLETED|0:0\n1_1|RUNNING|0:0")), None);
    }

    #[test]
    fn unusual_reasons_for_waiting_are_reported() {
        let waits = |reason: &str| {
            tasks(&format!("JobId=7 JobState=PENDING Reason={reason} ExitCode=0:0"))[0].holdup()
        };
        assert_eq!(waits("Priority"), None);
        let told = "the job 7 waits: Nodes required for job are DOWN";
        assert_eq!(waits("Nodes required for job are DOWN").as_deref(), Some(told));
    }
}
