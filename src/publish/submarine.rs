//! Submarine: environments are kept by its REST interface.

use std::path::Path;

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Method, StatusCode};
use serde::Deserialize;

use super::{PublishError, Server};
use crate::engine::http::Step;
use crate::reader;

/// The resource that keeps environments.
const PATH: &str = "api/v1/environment";

/// What is done with environments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action<'a> {
    /// A new one from a specification.
    Create(&'a Path),
    /// Another specification for the one of this name.
    Update(&'a str, &'a Path),
    /// No longer the one of this name.
    Delete(&'a str),
    /// All that there are.
    List,
}

/// The envelope of every answer.
#[derive(Deserialize)]
struct Envelope {
    success: Option<bool>,
    code: Option<u16>,
    message: Option<String>,
    #[serde(default)]
    result: serde_json::Value,
}

/// Does it, and gives the result that the server tells.
pub fn send(server: &Server, action: Action) -> Result<serde_json::Value, PublishError> {
    let (method, name, spec) = match action {
        Action::Create(spec) => (Method::POST, None, Some(spec)),
        Action::Update(name, spec) => (Method::PATCH, Some(name), Some(spec)),
        Action::Delete(name) => (Method::DELETE, Some(name), None),
        Action::List => (Method::GET, None, None),
    };
    let body = spec.map(read).transpose()?;
    let url = server.url(PATH, name)?;
    let request = |step: Step| {
        let request = step.client.request(method.clone(), step.url.clone());
        let request = request.header(ACCEPT, "application/json");
        match &body {
            Some((media, text)) => request.header(CONTENT_TYPE, *media).body(text.clone()),
            None => request,
        }
    };
    let (status, answer) = server.ask(&url, request, hint)?;
    opened(server, status, &answer)
}

/// A specification as it is sent: JSON or YAML, by the name of its file.
fn read(path: &Path) -> Result<(&'static str, String), PublishError> {
    let text = reader::read_to_string(path)
        .map_err(|source| PublishError::Read { path: path.display().to_string(), source })?;
    let is_json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    Ok((if is_json { "application/json" } else { "application/yaml" }, text))
}

/// What is in the envelope; the server may tell of a failure there only.
fn opened(server: &Server, status: StatusCode, body: &str) -> Result<serde_json::Value, PublishError> {
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
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "the server wants a login that `c3` can't give",
        StatusCode::NOT_FOUND => "see what there is with `c3 publish submarine --server URL list`",
        StatusCode::CONFLICT => "change it with `update`, or choose another name",
        status if status.is_server_error() => "look into the server's log, then try again",
        _ => "check the specification against Submarine's documentation",
    };
    hint.to_owned()
}
