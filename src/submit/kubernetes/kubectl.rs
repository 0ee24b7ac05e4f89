//! `kubectl`, with the user's kubeconfig, context and namespace.

use std::fs::File;
use std::io;
use std::process::{Child, Output, Stdio};

use serde_json::Value;

use super::state::Pod;
use crate::submit::SubmitError;
use crate::submit::command::{Program, complaint};

/// Messages of `kubectl` if the API server is unreachable; from `k8s.io/kubectl/pkg/cmd/util/helpers.go` and
/// Go's `net`.
const UNREACHABLE: &[&str] = &[
    "Unable to connect to the server",
    "was refused - did you specify the right host or port",
    "connection refused",
    "i/o timeout",
    "TLS handshake timeout",
    "http2: client connection lost",
    "unexpected EOF",
    "no route to host",
    "etcdserver: ",
    "the server is currently unable to handle the request",
    "invalid configuration",
];

/// `kubectl` with a user's options.
#[derive(Debug, Clone)]
pub struct Kubectl {
    program: Program,
    options: Vec<String>,
}

impl Kubectl {
    /// Finds it; the default context and namespace are the kubeconfig's.
    pub fn find(context: Option<&str>, namespace: Option<&str>) -> Result<Self, SubmitError> {
        let named = [("--context", context), ("--namespace", namespace)].into_iter();
        let options = named.filter_map(|(option, value)| Some(format!("{option}={}", value?))).collect();
        Ok(Self { program: Program::find("kubectl")?, options })
    }

    /// Creates an object and returns it as created.
    pub(super) fn create(&self, object: &Value) -> Result<Value, SubmitError> {
        let arguments = ["create", "--filename=-", "--output=json"];
        let output = self.call(&arguments, Some(object.to_string().into_bytes()))?;
        parsed(&output)
    }

    /// An object, if it exists, or a list selected by options.
    pub(super) fn get(&self, what: &str, options: &[&str]) -> Result<Value, SubmitError> {
        let arguments = [&["get", what, "--ignore-not-found", "--output=json"], options].concat();
        let output = self.call(&arguments, None)?;
        if output.stdout.trim_ascii().is_empty() { Ok(Value::Null) } else { parsed(&output) }
    }

    /// The pods of a job, oldest first.
    pub(super) fn pods(&self, job: &str) -> Result<Vec<Pod>, SubmitError> {
        Pod::read(self.get("pods", &[&format!("--selector=job-name={job}")])?)
    }

    /// Deletes an object; returns whether it existed.
    pub(super) fn delete(&self, kind: &str, name: &str) -> Result<bool, SubmitError> {
        let arguments = ["delete", kind, name, "--ignore-not-found", "--wait=false", "--cascade=background"];
        Ok(!self.call(&arguments, None)?.stdout.trim_ascii().is_empty())
    }

    /// Prints a pod's log so far.
    pub(super) fn print(&self, pod: &str, line: &dyn Fn(&[u8]) -> io::Result<()>) -> Result<(), SubmitError> {
        let output = self.call(&["logs", pod], None)?;
        output.stdout.split_inclusive(|byte| *byte == b'\n').try_for_each(line).map_err(SubmitError::Log)
    }

    /// Follows the log of a pod's container, with timestamps, from a time on.
    pub(super) fn log(&self, pod: &str, since: Option<&str>) -> Result<Child, SubmitError> {
        let since = since.map(|time| format!("--since-time={time}"));
        let arguments = ["logs", "--follow", "--timestamps", pod].into_iter().map(ToOwned::to_owned);
        let mut command = self.program.with(self.options.iter().cloned().chain(arguments).chain(since));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        command.spawn().map_err(|source| SubmitError::Start { program: self.program.name(), source })
    }

    /// Runs a command in the only container of a pod; its output goes into a file, or is dropped.
    pub(super) fn exec(&self, pod: &str, command: &[&str], to: Option<&File>) -> Result<(), SubmitError> {
        let words = ["exec", pod, "--"].into_iter().chain(command.iter().copied());
        let mut call = self.program.with(self.options.iter().map(String::as_str).chain(words));
        let start = |source| SubmitError::Start { program: self.program.name(), source };
        let to = to.map_or(Ok(Stdio::null()), |file| file.try_clone().map(Stdio::from)).map_err(start)?;
        let output = call.stdin(Stdio::null()).stdout(to).stderr(Stdio::piped()).spawn().map_err(start)?;
        let output = output.wait_with_output().map_err(start)?;
        if output.status.success() { Ok(()) } else { Err(refusal(complaint(&output))) }
    }

    fn call(&self, arguments: &[&str], input: Option<Vec<u8>>) -> Result<Output, SubmitError> {
        let options = self.options.iter().map(String::as_str);
        let output =
            self.program.output(self.program.with(options.chain(arguments.iter().copied())), input)?;
        if output.status.success() { Ok(output) } else { Err(refusal(complaint(&output))) }
    }
}

fn parsed(output: &Output) -> Result<Value, SubmitError> {
    serde_json::from_slice(&output.stdout).map_err(|error| SubmitError::Refused {
        program: "kubectl",
        reason: format!("its answer is not JSON: {error}"),
    })
}

/// The error behind a message of `kubectl`.
fn refusal(reason: String) -> SubmitError {
    let says = |parts: &[&str]| parts.iter().any(|part| reason.contains(part));
    if says(&["(Forbidden)"]) && says(&[" cannot "]) {
        SubmitError::Forbidden(server_word(&reason).to_owned())
    } else if says(UNREACHABLE) || reason.starts_with("context ") {
        SubmitError::Unreachable { engine: "the cluster", reason }
    } else {
        SubmitError::Refused { program: "kubectl", reason }
    }
}

/// `Error from server (Forbidden): error when creating "STDIN": jobs.batch is forbidden: …` → `jobs.batch is forbidden: …`.
fn server_word(reason: &str) -> &str {
    let word = reason.split_once("(Forbidden): ").map_or(reason, |(_, word)| word);
    word.strip_prefix("error when creating \"STDIN\": ").unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubectl_errors_are_classified() {
        let denied = "Error from server (Forbidden): error when creating \"STDIN\": jobs.batch is forbidden: User \"a\" cannot \
                      create resource \"jobs\" in API group \"batch\" in the namespace \"b\"";
        assert!(
            matches!(refusal(denied.to_owned()), SubmitError::Forbidden(word) if word.starts_with("jobs.batch is"))
        );
        for reason in [
            "The connection to the server localhost:8080 was refused - did you specify the right host or port?",
            "Unable to connect to the server: dial tcp: lookup a on 127.0.0.1:53: no such host",
            "context \"a\" does not exist",
        ] {
            assert!(matches!(refusal(reason.to_owned()), SubmitError::Unreachable { .. }), "{reason}");
        }
        // A quota is no want of permission.
        let quota = "Error from server (Forbidden): error when creating \"STDIN\": jobs.batch \"x\" is forbidden: exceeded \
                     quota: jobs, requested: count/jobs.batch=1, used: count/jobs.batch=1, limited: count/jobs.batch=1";
        assert!(matches!(refusal(quota.to_owned()), SubmitError::Refused { .. }));
    }
}
