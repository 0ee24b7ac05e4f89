//! The meaning of messages from clients, engines and registries.

use bollard::errors::Error;

use super::error::EngineError;
use super::http::innermost;
use crate::reference::registry_host;

/// The message for an engine that accepts connections and doesn't answer.
pub(super) const NO_ANSWER: &str = "no answer in time";

/// A client's error on one line.
pub(super) fn reason(error: &Error) -> String {
    match error {
        Error::SocketNotFoundError(_) => "there is no such socket".to_owned(),
        Error::RequestTimeoutError => NO_ANSWER.to_owned(),
        Error::DockerResponseServerError { status_code, message } if message.is_empty() => {
            format!("it answers with the HTTP status {status_code}")
        }
        Error::DockerResponseServerError { message, .. } => one_line(message),
        Error::DockerStreamError { error } => one_line(error),
        other => one_line(&innermost(other)),
    }
}

/// A foreign message in our style: one line, lower case, no full stop.
pub(super) fn one_line(message: &str) -> String {
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = line.trim_end_matches('.');
    let mut letters = line.chars();
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => {
            first.to_lowercase().chain(line.chars().skip(1)).collect()
        }
        _ => line.to_owned(),
    }
}

/// Whether a client's error means a lost connection rather than an answer.
pub(super) fn is_lost(error: &Error) -> bool {
    !matches!(error, Error::DockerResponseServerError { .. } | Error::DockerStreamError { .. })
}

/// Messages of a registry that denies access.
const DENIED: [&str; 8] = [
    "unauthorized",
    "denied",
    "no basic auth",
    "authentication required",
    "forbidden",
    " 401",
    " 403",
    "insufficient_scope",
];

/// Messages about a registry that doesn't answer.
const SILENT: [&str; 8] = [
    "no such host",
    "connection refused",
    "i/o timeout",
    "timeout exceeded",
    "handshake timeout",
    "unreachable",
    "server misbehaving",
    ": eof",
];

/// The error behind a registry's message.
pub(super) fn registry_error(reference: &str, doing: &str, reason: String) -> EngineError {
    let (host, reference) = (registry_host(reference).to_owned(), reference.to_owned());
    let text = reason.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if says(&["http response to https client"]) {
        EngineError::PlainHttp(host)
    } else if says(&SILENT) {
        EngineError::Registry { host, reason }
    } else if says(&DENIED) {
        EngineError::Denied { host, reference, reason }
    } else {
        EngineError::Refused { doing: doing.to_owned(), reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Fault;

    #[test]
    fn external_messages_are_reduced_to_one_line() {
        assert_eq!(one_line("Connection refused.\n (os error 111)"), "connection refused. (os error 111)");
        assert_eq!(one_line("HTTP is spoken here."), "HTTP is spoken here");
        assert_eq!(one_line("É"), "É");
        assert_eq!(one_line(""), "");
    }

    #[test]
    fn registry_errors_are_classified() {
        let kind = |reason: &str| registry_error("quay.io/a/b:1", "pushing", reason.to_owned());
        assert!(matches!(kind("no basic auth credentials"), EngineError::Denied { .. }));
        assert!(matches!(kind("requested access to the resource is denied"), EngineError::Denied { .. }));
        assert!(matches!(kind("dial tcp: lookup quay.io: no such host"), EngineError::Registry { .. }));
        assert!(matches!(kind("http: server gave HTTP response to HTTPS client"), EngineError::PlainHttp(_)));
        assert!(matches!(kind("manifest invalid"), EngineError::Refused { .. }));
        assert_eq!(kind("denied").hint().unwrap(), "log in with `docker login quay.io`");
    }
}
