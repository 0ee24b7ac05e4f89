//! Submarine: environments and experiments, through its REST interface.

use std::path::Path;

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use super::{PublishError, Server};
use crate::engine::http::Step;
use crate::reader;

/// The environment variable with the token.
pub const TOKEN: &str = "SUBMARINE_TOKEN";

/// Kinds of resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Environments, by name.
    Environment,
    /// Experiments, by the server's ids.
    Experiment,
}

impl Kind {
    /// The resource.
    fn path(self) -> &'static str {
        match self {
            Self::Environment => "api/v1/environment",
            Self::Experiment => "api/v1/experiment",
        }
    }

    /// The kind of a name: the server makes ids of experiments.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        if name.starts_with("experiment-") { Self::Experiment } else { Self::Environment }
    }

    /// The kind of a specification: an experiment's has `meta`.
    fn of_text(text: &str) -> Self {
        let has_meta = |value: &yaml_serde::Value| value.get("meta").is_some();
        let value: Option<yaml_serde::Value> = yaml_serde::from_str(text).ok();
        if value.as_ref().is_some_and(has_meta) { Self::Experiment } else { Self::Environment }
    }
}

/// An action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action<'a> {
    /// Creates a resource from a specification; an experiment starts.
    Create(&'a Path),
    /// Replaces the specification of a resource.
    Update(&'a str, &'a Path),
    /// Deletes a resource.
    Delete(&'a str),
    /// Lists a kind.
    List(Kind),
    /// Gets a resource.
    Get(&'a str),
    /// Gets an experiment's log.
    Logs(&'a str),
}

/// The envelope of every response.
#[derive(Deserialize)]
struct Envelope {
    success: Option<bool>,
    code: Option<u16>,
    message: Option<String>,
    #[serde(default)]
    result: Value,
}

/// Sends an action, and returns the result.
pub fn send(server: &Server, action: Action) -> Result<Value, PublishError> {
    let (method, name, spec) = match action {
        Action::Create(spec) => (Method::POST, None, Some(spec)),
        Action::Update(name, spec) => (Method::PATCH, Some(name), Some(spec)),
        Action::Delete(name) => (Method::DELETE, Some(name), None),
        Action::List(_) => (Method::GET, None, None),
        Action::Get(name) | Action::Logs(name) => (Method::GET, Some(name), None),
    };
    let body = spec.map(read).transpose()?;
    let path = match (action, name, &body) {
        (Action::List(kind), ..) => kind.path().to_owned(),
        (Action::Logs(_), ..) => format!("{}/logs", Kind::Experiment.path()),
        (_, Some(name), _) => Kind::of_name(name).path().to_owned(),
        (.., body) => Kind::of_text(body.as_ref().map_or("", |body| &body.1)).path().to_owned(),
    };
    let url = server.url(&path, name)?;
    let request = |step: Step| {
        let request = step.client.request(method.clone(), step.url.clone());
        let request = server.logged_in(request.header(ACCEPT, "application/json"), step.at_home);
        match &body {
            Some((media, text)) => request.header(CONTENT_TYPE, *media).body(text.clone()),
            None => request,
        }
    };
    let (status, answer) = server.ask(&url, request, hint)?;
    opened(server, status, &answer)
}

/// A specification to send: JSON or YAML, judged by its file name.
fn read(path: &Path) -> Result<(&'static str, String), PublishError> {
    let text = reader::read_to_string(path)
        .map_err(|source| PublishError::Read { path: path.display().to_string(), source })?;
    let is_json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    Ok((if is_json { "application/json" } else { "application/yaml" }, text))
}

/// The content of the envelope; the server may report a failure only there.
fn opened(server: &Server, status: StatusCode, body: &str) -> Result<Value, PublishError> {
    let refused = |status, message: &str| PublishError::Refused {
        server: server.base.to_string(),
        status,
        message: super::shortened(message),
        hint: hint(status),
    };
    let envelope: Envelope =
        serde_json::from_str(body).map_err(|_| refused(status, "the answer is not valid JSON"))?;
    if envelope.success == Some(false) {
        let code = envelope.code.and_then(|code| StatusCode::from_u16(code).ok());
        return Err(refused(code.unwrap_or(status), &envelope.message.unwrap_or_default()));
    }
    Ok(envelope.result)
}

fn hint(status: StatusCode) -> String {
    let hint = match status {
        StatusCode::UNAUTHORIZED => {
            "set `SUBMARINE_TOKEN` to a valid token of the server, or give its file with `--token-file`"
        }
        StatusCode::FORBIDDEN => "ask whoever runs the server for the right to do this",
        StatusCode::NOT_FOUND => {
            "see what there is with `c3 publish submarine --server URL list`, or `list --experiments`"
        }
        StatusCode::CONFLICT => "change it with `update`, or choose another name",
        status if status.is_server_error() => "look into the server's log, then try again",
        _ => "check the specification against Submarine's documentation",
    };
    hint.to_owned()
}
