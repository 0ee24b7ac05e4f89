//! Retries of a job, and what ends it early.

use serde::Serialize;

use crate::job::{Job, Kubernetes, RestartPolicy};

/// Default of retries.
const BACKOFF_LIMIT: u32 = 5;

/// Default of retries for each worker of a grid.
const WORKER_LIMIT: u32 = 30;

/// Exit codes that rule out a retry: a rejected command line, and failed batches of a grid.
const REFUSED: u32 = 2;
const BATCHES_FAILED: u32 = 4;

/// The retry fields of a job.
#[derive(Debug, Serialize)]
pub(super) struct Retries {
    /// Parts of an indexed job.
    completions: Option<u32>,
    parallelism: Option<u32>,
    /// Retries of each index.
    limit_per_index: Option<u32>,
    max_failed_indexes: Option<u32>,
    limit: Option<u32>,
    policy: Option<Policy>,
}

/// What happens to a job whose pod fails with one of these exit codes; disruptions don't count.
#[derive(Debug, Serialize)]
struct Policy {
    action: &'static str,
    exit_codes: Vec<u32>,
}

impl Retries {
    /// The retry fields. Workers of a grid are indexes, each with its own limit: otherwise the sixth failure
    /// would end all of them.
    pub(super) fn of(job: &Job, is_grid: bool) -> Self {
        let parallelism = job.parallelism.map(u32::from);
        let completions = job.indexed.map(u32::from).or_else(|| is_grid.then(|| parallelism.unwrap_or(1)));
        let is_old = job.kubernetes.is_some_and(|version| version < Kubernetes::LIMIT_PER_INDEX);
        let is_restarted = job.restart_policy == Some(RestartPolicy::OnFailure);
        let given = job.backoff_limit.map(u32::from);
        let limit = given.unwrap_or(if is_grid { WORKER_LIMIT } else { BACKOFF_LIMIT });
        let all = completions.map(|count| count.saturating_mul(limit + 1));
        let is_limited = completions.is_some() && !is_old && !is_restarted;
        Self {
            completions: completions.filter(|_| !(is_old && is_grid && job.indexed.is_none())),
            parallelism: parallelism.or(completions),
            limit_per_index: is_limited.then_some(limit),
            max_failed_indexes: job.max_failed_indexes.map(u32::from).filter(|_| is_limited),
            limit: if is_grid { all } else { (!is_limited).then_some(limit) },
            policy: (!is_old && !is_restarted).then(|| Policy::of(completions.is_some(), is_grid)),
        }
    }
}

/// The retries of a pod, and the exit codes that rule one out.
pub(in crate::backend) fn retried(job: &Job, is_grid: bool) -> (u32, Vec<u32>) {
    let limit = if is_grid { WORKER_LIMIT } else { BACKOFF_LIMIT };
    (job.backoff_limit.map_or(limit, u32::from), Policy::of(false, is_grid).exit_codes)
}

impl Policy {
    fn of(is_indexed: bool, is_grid: bool) -> Self {
        let exit_codes = if is_grid { vec![REFUSED, BATCHES_FAILED] } else { vec![REFUSED] };
        Self { action: if is_indexed { "FailIndex" } else { "FailJob" }, exit_codes }
    }
}
