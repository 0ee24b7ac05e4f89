//! Publishing to platforms over HTTP.

use std::future::Future;
use std::time::Duration;

use reqwest::{Body, RequestBuilder, StatusCode, Url};
use thiserror::Error;

use crate::failure::{ENGINE, Fault, INPUT, INTERRUPTED};
use tokio::runtime::Builder;

use crate::engine::http::{Answer, Client, HttpError, Limits, Step, Upload, UploadError, innermost};

use crate::display;

pub mod onedata;
pub mod submarine;

/// Hint for a server that is too slow.
const LATE: &str = "look whether it has arrived; else try again with a longer `--timeout`";

/// Hint for an upload that is redirected.
const MOVED: &str = "give the address that the server redirects to, with `https://` if it wants that";

/// Most bytes of an answer that are read.
const ANSWER: usize = 16 << 20;

/// Longest message of a server that is shown, in characters.
const MESSAGE_LIMIT: usize = 400;

/// Why publishing failed.
#[derive(Debug, Error)]
pub enum PublishError {
    /// The server's address isn't a URL.
    #[error("`{0}` is not an address of a server")]
    Server(String),
    /// A file is unreadable.
    #[error("cannot read `{path}`: {source}")]
    Read {
        /// The file.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The server is unreachable or misbehaves.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The connection broke off.
    #[error("the connection to `{server}` broke off{}: {reason}", progress(*.sent, *.size))]
    Cut {
        /// The server.
        server: String,
        /// Bytes sent.
        sent: u64,
        /// Bytes in total; 0 if nothing is uploaded.
        size: u64,
        /// The innermost cause.
        reason: String,
    },
    /// The server stalls, or is too slow.
    #[error("`{server}` did {} for {} seconds{}", activity(*.bytes), .limit.as_secs(), progress(*.sent, *.size))]
    Late {
        /// The server.
        server: String,
        /// The time waited.
        limit: Duration,
        /// Bytes transferred meanwhile.
        bytes: u64,
        /// Bytes sent.
        sent: u64,
        /// Bytes in total; 0 if nothing is uploaded.
        size: u64,
    },
    /// The server responds with an error.
    #[error("`{server}` answers {status}{}", detail(.message))]
    Refused {
        /// The server.
        server: String,
        /// Its status.
        status: StatusCode,
        /// Its message.
        message: String,
        /// What to do.
        hint: String,
    },
    /// The user has pressed Ctrl-C.
    #[error("interrupted")]
    Interrupted,
}

fn progress(sent: u64, size: u64) -> String {
    if size == 0 { String::new() } else { format!(" after {sent} of {size} bytes") }
}

fn activity(bytes: u64) -> &'static str {
    if bytes == 0 { "nothing" } else { "next to nothing" }
}

fn detail(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(": {message}") }
}

impl Fault for PublishError {
    fn code(&self) -> u8 {
        match self {
            Self::Interrupted => INTERRUPTED,
            Self::Server(_) | Self::Read { .. } => INPUT,
            _ => ENGINE,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Server(_) => Some("write it as `https://HOST`".to_owned()),
            Self::Read { .. } => Some("check the path".to_owned()),
            Self::Http(error) => Some(remedy(error)),
            Self::Cut { .. } => {
                Some("run the command again; what was sent may not have been kept".to_owned())
            }
            Self::Late { .. } => Some(LATE.to_owned()),
            Self::Refused { hint, .. } => Some(hint.clone()).filter(|hint| !hint.is_empty()),
            Self::Interrupted => None,
        }
    }
}

fn remedy(error: &HttpError) -> String {
    let hint = match error {
        HttpError::Unreachable { .. } => "check the address and the network",
        HttpError::Endless { .. } => LATE,
        HttpError::Plain { .. } => "write the address with `http://`, if nobody on the way may read along",
        HttpError::Encrypted { .. } => "write the address with `https://`",
        error => return error.hint().unwrap_or_default(),
    };
    hint.to_owned()
}

/// A server and its time limit.
#[derive(Debug, Clone)]
pub struct Server {
    base: Url,
    limit: Duration,
    token: Option<String>,
}

impl Server {
    /// The server at an address.
    pub fn new(address: &str, limit: Duration) -> Result<Self, PublishError> {
        let wrong = || PublishError::Server(address.to_owned());
        let base = Url::parse(address).map_err(|_| wrong())?;
        let is_web = matches!(base.scheme(), "http" | "https") && base.has_host();
        if is_web { Ok(Self { base, limit, token: None }) } else { Err(wrong()) }
    }

    /// The server with a token for every request.
    #[must_use]
    pub fn with_token(self, token: Option<String>) -> Self {
        Self { token, ..self }
    }

    /// A request with the token, which goes to no other server.
    fn logged_in(&self, request: RequestBuilder, at_home: bool) -> RequestBuilder {
        match &self.token {
            Some(token) if at_home => request.bearer_auth(token),
            _ => request,
        }
    }

    /// The URL of a resource, its last part escaped.
    fn url(&self, path: &str, name: Option<&str>) -> Result<Url, PublishError> {
        let mut url = self.base.clone();
        let wrong = |()| PublishError::Server(self.base.to_string());
        let mut segments = url.path_segments_mut().map_err(wrong)?;
        segments.pop_if_empty().extend(path.split('/')).extend(name);
        drop(segments);
        Ok(url)
    }

    fn client(&self) -> Client {
        Client::with_limits(self.name(), Limits { idle: self.limit })
    }

    /// The name in errors.
    fn name(&self) -> String {
        format!("`{}`", self.base)
    }

    /// Sends a request once, as it may change something.
    fn ask(
        &self,
        url: &Url,
        request: impl Fn(Step) -> RequestBuilder,
        hint: impl Fn(StatusCode) -> String,
    ) -> Result<(StatusCode, String), PublishError> {
        self.wait(async {
            let answer = self.client().send_once(url, request).await;
            let answer = answer.map_err(|error| self.failure(error, (0, 0)))?;
            let status = answer.status();
            Ok((status, self.accepted(answer, hint).await?))
        })
    }

    /// Uploads content of a known size.
    fn upload(
        &self,
        url: &Url,
        (content, size): (Upload<PublishError>, u64),
        request: impl FnOnce(&reqwest::Client, Body) -> RequestBuilder,
        hint: impl Fn(StatusCode) -> String,
    ) -> Result<String, PublishError> {
        let progress = content.progress();
        self.wait(async {
            match self.client().upload(url, content, self.limit, request).await {
                Ok(answer) => self.accepted(answer, hint).await,
                Err(UploadError::Content(error)) => Err(error),
                Err(UploadError::Http(error)) => Err(self.failure(error, (progress.bytes(), size))),
            }
        })
    }

    fn failure(&self, error: HttpError, (sent, size): (u64, u64)) -> PublishError {
        let server = self.base.to_string();
        match error {
            HttpError::Broken { reason, .. } => PublishError::Cut { server, sent, size, reason },
            HttpError::Stalled { limit, bytes, .. } => {
                PublishError::Late { server, limit, bytes, sent, size }
            }
            error => error.into(),
        }
    }

    /// Waits for a response, unless the user presses Ctrl-C.
    fn wait<T>(&self, work: impl Future<Output = Result<T, PublishError>>) -> Result<T, PublishError> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime
            .map_err(|error| HttpError::Unreachable { server: self.name(), reason: innermost(&error) })?;
        let answer = runtime.block_on(async {
            tokio::select! {
                answer = work => answer,
                _ = tokio::signal::ctrl_c() => Err(PublishError::Interrupted),
            }
        });
        runtime.shutdown_background();
        answer
    }

    /// Turns an unsuccessful response into an error.
    async fn accepted(
        &self,
        answer: Answer,
        hint: impl Fn(StatusCode) -> String,
    ) -> Result<String, PublishError> {
        let status = answer.status();
        let body = answer.document(ANSWER).await.map_err(|error| self.failure(error, (0, 0)))?;
        let body = String::from_utf8_lossy(&body);
        if status.is_success() {
            return Ok(body.into_owned());
        }
        Err(PublishError::Refused {
            server: self.base.to_string(),
            status,
            message: shortened(&message(&body)),
            hint: if status.is_redirection() { MOVED.to_owned() } else { hint(status) },
        })
    }
}

/// The message in a server's error: that of a JSON response, else its text.
fn message(body: &str) -> String {
    let json: Option<serde_json::Value> = serde_json::from_str(body).ok();
    let told = json
        .as_ref()
        .and_then(|json| ["message", "error", "detail"].iter().find_map(|key| json.get(key)?.as_str()));
    told.map_or_else(|| body.to_owned(), ToOwned::to_owned)
}

/// The start of a text, on one line.
fn shortened(text: &str) -> String {
    display::beginning(&text.split_whitespace().collect::<Vec<_>>().join(" "), MESSAGE_LIMIT).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_joined() {
        let url = |base: &str, name| {
            Server::new(base, Duration::ZERO).unwrap().url("api/v1/environment", name).unwrap().to_string()
        };
        assert_eq!(url("https://faas.example", None), "https://faas.example/api/v1/environment");
        assert_eq!(
            url("https://x.example/faas/", Some("a/b")),
            "https://x.example/faas/api/v1/environment/a%2Fb"
        );
        for wrong in ["faas.example", "file:///x", ""] {
            assert!(Server::new(wrong, Duration::ZERO).is_err(), "{wrong}");
        }
    }

    #[test]
    fn messages_are_short() {
        assert_eq!(message(r#"{"message":"no"}"#), "no");
        assert_eq!(shortened("a\n\tb\u{1b}[31m"), "a b\\u{1b}[31m");
    }
}
