//! The state of a job, from Kubernetes' objects: the job, its pods and its events.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::submit::{End, SubmitError};

/// Reasons of waiting containers that are no problem.
const USUAL: &[&str] = &["ContainerCreating", "PodInitializing", ""];

/// Reasons of events that explain what holds a job or pod back, which nothing else does.
const TELLING: &[&str] =
    &["FailedCreate", "FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox", "FailedScheduling"];

/// A job, as far as needed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Job {
    metadata: Metadata,
    spec: JobSpec,
    status: JobStatus,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Metadata {
    name: String,
    uid: String,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    #[serde(rename = "creationTimestamp")]
    created: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct JobSpec {
    suspend: bool,
    completions: Option<u32>,
    parallelism: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct JobStatus {
    conditions: Vec<Condition>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Condition {
    #[serde(rename = "type")]
    kind: String,
    status: String,
    reason: String,
    message: String,
}

/// A pod, as far as needed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Pod {
    metadata: Metadata,
    status: PodStatus,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PodStatus {
    phase: String,
    reason: String,
    message: String,
    conditions: Vec<Condition>,
    container_statuses: Vec<ContainerStatus>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ContainerStatus {
    state: ContainerState,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ContainerState {
    waiting: Option<Reason>,
    running: Option<Value>,
    terminated: Option<Terminated>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reason {
    reason: String,
    message: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Terminated {
    exit_code: i32,
    reason: String,
}

/// An event, as far as needed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Event {
    reason: String,
    message: String,
}

/// A list of objects.
#[derive(Debug, Deserialize)]
#[serde(default)]
struct List<T> {
    items: Vec<T>,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self { items: Vec::new() }
    }
}

impl Job {
    /// The job, if there is one.
    pub(super) fn read(answer: Value) -> Result<Option<Self>, SubmitError> {
        if answer.is_null() { Ok(None) } else { read(answer).map(Some) }
    }

    /// What Kubernetes knows it by.
    pub(super) fn uid(&self) -> &str {
        &self.metadata.uid
    }

    /// Whether more than one pod may run at once.
    pub(super) fn has_many(&self) -> bool {
        self.spec.completions.max(self.spec.parallelism).is_some_and(|count| count > 1)
    }

    /// Why it isn't started, if suspended.
    pub(super) fn holdup(&self) -> Option<String> {
        let queue = self.metadata.labels.get("kueue.x-k8s.io/queue-name");
        self.spec.suspend.then(|| match queue {
            Some(queue) => format!("the job waits in the queue `{queue}`"),
            None => "the job is suspended".to_owned(),
        })
    }

    /// Its end, if it has ended.
    pub(super) fn end(&self, pods: &[Pod]) -> Option<End> {
        let mut over = self.status.conditions.iter().filter(|condition| condition.status == "True");
        let condition = over.find(|condition| matches!(condition.kind.as_str(), "Complete" | "Failed"))?;
        if condition.kind == "Complete" {
            return Some(End { code: 0, reason: None });
        }
        let failed = pods.iter().rev().find_map(Pod::failure);
        let (code, of_pod) = failed.unwrap_or((1, None));
        let of_job = format!("{}: {}", condition.reason, condition.message);
        let parts = [Some(of_job), of_pod].into_iter().flatten().collect::<Vec<_>>();
        Some(End { code, reason: Some(parts.join("; ")) })
    }
}

impl Pod {
    /// The pods of a list, oldest first.
    pub(super) fn read(answer: Value) -> Result<Vec<Self>, SubmitError> {
        let mut pods = items::<Self>(answer)?;
        pods.sort_by(|one, other| one.age().cmp(&other.age()));
        Ok(pods)
    }

    /// The pod that an answer tells of.
    pub(super) fn parse(answer: Value) -> Result<Self, SubmitError> {
        if answer.is_null() { Ok(Self::default()) } else { read(answer) }
    }

    fn age(&self) -> (&str, &str) {
        (&self.metadata.created, &self.metadata.name)
    }

    pub(super) fn name(&self) -> &str {
        &self.metadata.name
    }

    pub(super) fn uid(&self) -> &str {
        &self.metadata.uid
    }

    /// Its index in an indexed job.
    pub(super) fn index(&self) -> Option<&str> {
        self.metadata.annotations.get("batch.kubernetes.io/job-completion-index").map(String::as_str)
    }

    fn container(&self) -> Option<&ContainerState> {
        self.status.container_statuses.first().map(|status| &status.state)
    }

    /// Whether its container has begun, so that there is a log.
    pub(super) fn has_begun(&self) -> bool {
        self.container().is_some_and(|state| state.running.is_some() || state.terminated.is_some())
    }

    /// Whether nothing more will come.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.status.phase.as_str(), "Succeeded" | "Failed")
    }

    /// Whether its container runs.
    pub(super) fn is_running(&self) -> bool {
        self.container().is_some_and(|state| state.running.is_some())
    }

    /// Whether its program has done its work.
    pub(super) fn has_succeeded(&self) -> bool {
        self.status.phase == "Succeeded"
    }

    /// Exit code and reason of one that has failed.
    fn failure(&self) -> Option<(u8, Option<String>)> {
        if self.status.phase != "Failed" {
            return None;
        }
        let evicted = (!self.status.reason.is_empty()).then(|| {
            format!("the pod `{}` was ended: {} {}", self.name(), self.status.reason, self.status.message)
        });
        let ended = self.container().and_then(|state| state.terminated.as_ref());
        let code = ended.and_then(|ended| u8::try_from(ended.exit_code).ok()).map_or(1, |code| code.max(1));
        let killed = ended.filter(|ended| ended.reason == "OOMKilled");
        let killed =
            killed.map(|_| "its memory was used up (raise `memory` with `--limits memory=…`)".to_owned());
        Some((code, killed.or(evicted)))
    }

    /// The message about a failed one.
    pub(super) fn epitaph(&self) -> Option<String> {
        let (code, reason) = self.failure()?;
        let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
        Some(format!("the pod `{}` failed with exit code {code}{reason}", self.name()))
    }

    /// What keeps it from running.
    pub(super) fn holdup(&self) -> Option<String> {
        let unscheduled = self.status.conditions.iter().find(|condition| {
            condition.kind == "PodScheduled" && condition.status == "False" && !condition.message.is_empty()
        });
        let waiting = self.container().and_then(|state| state.waiting.as_ref());
        let waiting = waiting.filter(|waiting| !USUAL.contains(&waiting.reason.as_str()));
        let why = match (waiting, unscheduled) {
            (Some(Reason { reason, message }), _) if message.is_empty() => reason.clone(),
            (Some(Reason { reason, message }), _) => format!("{reason}: {message}"),
            (None, Some(condition)) => format!("{}: {}", condition.reason, condition.message),
            (None, None) => return None,
        };
        Some(format!("the pod `{}` waits: {why}", self.name()))
    }
}

/// Problems told by the events of an object.
pub(super) fn holdups(events: Value) -> Result<Vec<String>, SubmitError> {
    let telling =
        items::<Event>(events)?.into_iter().filter(|event| TELLING.contains(&event.reason.as_str()));
    Ok(telling.map(|event| format!("{}: {}", event.reason, event.message)).collect())
}

/// The objects of a list; where there are none, `kubectl` says nothing.
fn items<T: DeserializeOwned>(answer: Value) -> Result<Vec<T>, SubmitError> {
    if answer.is_null() { Ok(Vec::new()) } else { Ok(read::<List<T>>(answer)?.items) }
}

fn read<T: DeserializeOwned>(answer: Value) -> Result<T, SubmitError> {
    serde_json::from_value(answer).map_err(|error| SubmitError::Refused {
        program: "kubectl",
        reason: format!("its answer is not as Kubernetes describes it: {error}"),
    })
}

#[cfg(test)]
mod tests;
