//! Jobs on Kubernetes, through `kubectl`, which knows the user's configuration.

use serde_json::{Value, json};

use super::{Audience, End, SubmitError};

mod follow;
mod job;
mod kubectl;
mod log;
mod outputs;
mod state;

pub use job::{Job, Prepared};
pub use kubectl::Kubectl;
pub use outputs::fetch;

/// Creates a job and its secret. The job owns the secret, which is removed with it, even if creating the job
/// fails.
pub fn create(kubectl: &Kubectl, prepared: &Prepared) -> Result<(), SubmitError> {
    let created = kubectl.create(&prepared.job)?;
    let Some(secret) = &prepared.secret else { return Ok(()) };
    kubectl.create(&owned(secret, &created)).map(drop).inspect_err(|_| {
        // What failed counts; the pods of a job that stays would wait for the secret until somebody looks.
        let _ = kubectl.delete("job", &prepared.name);
    })
}

/// An object owned by a job.
fn owned(object: &Value, job: &Value) -> Value {
    let mut object = object.clone();
    object["metadata"]["ownerReferences"] = json!([{
        "apiVersion": "batch/v1",
        "kind": "Job",
        "name": job["metadata"]["name"],
        "uid": job["metadata"]["uid"],
    }]);
    object
}

/// Follows a job to its end.
pub fn follow(kubectl: &Kubectl, name: &str, audience: Audience) -> Result<End, SubmitError> {
    follow::follow(kubectl, name, audience)
}

/// Shows the logs of a job's pods so far.
pub fn show_log(kubectl: &Kubectl, name: &str, audience: Audience) -> Result<(), SubmitError> {
    follow::show(kubectl, name, audience)
}

/// Cancels a job: its pods are terminated, and nothing is kept.
pub fn cancel(kubectl: &Kubectl, name: &str) -> Result<(), SubmitError> {
    if kubectl.delete("job", name)? { Ok(()) } else { Err(SubmitError::NoJob(name.to_owned())) }
}
