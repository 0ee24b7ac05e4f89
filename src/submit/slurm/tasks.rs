//! The tasks of a job over time.

use std::collections::BTreeSet;

use super::state::{self, Stage, Task};
use crate::submit::End;

/// The tasks of a job: one, or those of an array, which Slurm forgets one by one, minutes after their ends.
#[derive(Debug, Default)]
pub struct Tasks {
    all: Vec<Task>,
}

impl Tasks {
    /// Takes what Slurm knows now, and keeps what has ended before.
    pub(super) fn see(&mut self, now: Vec<Task>) {
        let before = std::mem::replace(&mut self.all, now);
        self.recall(before);
    }

    /// Adds the tasks of an earlier time that have ended and are no longer known.
    pub(super) fn recall(&mut self, before: Vec<Task>) {
        let known: BTreeSet<_> = self.all.iter().map(|task| task.id().to_owned()).collect();
        self.all.extend(before.into_iter().filter(|task| task.is_over() && !known.contains(task.id())));
    }

    /// Whether nothing is known.
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Task> {
        self.all.iter()
    }

    /// Whether the job is an array.
    pub(super) fn are_an_array(&self) -> bool {
        self.iter().any(|task| task.index().is_some())
    }

    /// The end of the job, if all tasks have ended.
    pub(super) fn end(&self) -> Option<End> {
        state::end(&self.all)
    }

    /// `10 tasks: 3 waiting, 5 running, 2 done`; nothing for a job that is not an array.
    pub(super) fn summary(&self) -> Option<String> {
        let count = |stage: Option<Stage>| {
            let tasks = self.iter().filter(|task| stage.is_none_or(|stage| task.stage() == stage));
            tasks.filter_map(Task::index).map(size).sum::<usize>()
        };
        let stages = [
            (Stage::Waiting, "waiting"),
            (Stage::Running, "running"),
            (Stage::Done, "done"),
            (Stage::Failed, "failed"),
        ];
        let parts = stages.map(|(stage, word)| (count(Some(stage)), word));
        let parts = parts.iter().filter(|(count, _)| *count > 0);
        let parts: Vec<_> = parts.map(|(count, word)| format!("{count} {word}")).collect();
        self.are_an_array().then(|| format!("{} tasks: {}", count(None), parts.join(", ")))
    }
}

/// The number of indexes in a list of an array: `3`, `0-9%2`, `[1,4-6]`, `0-8:2`.
fn size(indexes: &str) -> usize {
    let list = indexes.trim_start_matches('[').trim_end_matches(']');
    let list = list.split('%').next().unwrap_or_default();
    let part = |part: &str| {
        let (range, step) = part.split_once(':').unwrap_or((part, "1"));
        let (begin, end) = range.split_once('-').unwrap_or((range, range));
        let number = |text: &str| text.parse::<usize>().ok();
        let span = number(end)?.checked_sub(number(begin)?)?;
        Some(span / number(step)?.max(1) + 1)
    };
    list.split(',').map(|text| part(text).unwrap_or(1)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_are_counted() {
        for (indexes, count) in
            [("3", 1), ("0-9%2", 10), ("[1,4-6]", 4), ("0-8:2", 5), ("[3-9%2]", 7), ("x", 1)]
        {
            assert_eq!(size(indexes), count, "{indexes}");
        }
    }

    fn tasks(lines: &[&str]) -> Vec<Task> {
        state::accounted(&lines.join("\n"))
    }

    #[test]
    fn forgotten_tasks_count() {
        let mut all = Tasks::default();
        all.see(tasks(&["5_0|FAILED|3:0", "5_1|RUNNING|0:0", "5_[2-3%1]|PENDING|0:0"]));
        assert_eq!(all.summary().as_deref(), Some("4 tasks: 2 waiting, 1 running, 1 failed"));
        assert_eq!(all.end(), None);
        all.see(tasks(&["5_1|COMPLETED|0:0", "5_2|COMPLETED|0:0", "5_3|COMPLETED|0:0"]));
        assert_eq!(all.summary().as_deref(), Some("4 tasks: 3 done, 1 failed"));
        assert_eq!(all.end().map(|end| end.code), Some(3));
        // What is tried again is no longer what it was.
        all.see(tasks(&["5_0|RUNNING|0:0"]));
        assert_eq!(all.summary().as_deref(), Some("4 tasks: 1 running, 3 done"));
    }

    #[test]
    fn a_job_of_one_task_has_no_summary() {
        let mut all = Tasks::default();
        all.see(tasks(&["5|RUNNING|0:0"]));
        assert_eq!(all.summary(), None);
    }
}
