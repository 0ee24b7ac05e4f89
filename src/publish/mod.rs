//! Platforms that take what was made over HTTP.

use std::future::Future;
use std::time::Duration;

use reqwest::{Client, Response, StatusCode, Url};
use thiserror::Error;
use tokio::runtime::Builder;
use tokio::sync::watch;

use crate::shown;

pub mod onedata;
pub mod submarine;

/// Most of a server's own words that are shown, in characters.
const MESSAGE_LIMIT: usize = 400;

/// Why a platform didn't take something.
#[derive(Debug, Error)]
pub enum PublishError {
    /// What is given for a server is no web address.
    #[error("`{0}` is no address of a server")]
    Server(String),
    /// A file can't be read.
    #[error("cannot read `{path}`: {source}")]
    Read {
        /// The file.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// Nobody answers.
    #[error("cannot reach `{server}`: {reason}")]
    Unreachable {
        /// The server.
        server: String,
        /// The innermost cause.
        reason: String,
    },
    /// The connection broke.
    #[error("the connection to `{server}` broke off{}: {reason}", progress(*.sent, *.size))]
    Cut {
        /// The server.
        server: String,
        /// Bytes that were sent.
        sent: u64,
        /// Bytes in all; 0 where nothing is uploaded.
        size: u64,
        /// The innermost cause.
        reason: String,
    },
    /// The server does nothing any more.
    #[error("`{server}` did nothing for {} seconds{}", .limit.as_secs(), progress(*.sent, *.size))]
    Late {
        /// The server.
        server: String,
        /// How long it was waited for.
        limit: Duration,
        /// Bytes that were sent.
        sent: u64,
        /// Bytes in all; 0 where nothing is uploaded.
        size: u64,
    },
    /// The server answers with an error.
    #[error("`{server}` answers {status}{}", said(.message))]
    Refused {
        /// The server.
        server: String,
        /// Its answer.
        status: StatusCode,
        /// What it says beside.
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

fn said(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(": {message}") }
}

impl PublishError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Server(_) => Some("write it as `https://HOST`".to_owned()),
            Self::Read { .. } => Some("check the path".to_owned()),
            Self::Unreachable { .. } => Some("check the address and the network".to_owned()),
            Self::Cut { .. } => {
                Some("run the command again; what was sent may not have been kept".to_owned())
            }
            Self::Late { .. } => {
                Some("look whether it has arrived; else try again with a longer `--timeout`".to_owned())
            }
            Self::Refused { hint, .. } => Some(hint.clone()).filter(|hint| !hint.is_empty()),
            Self::Interrupted => None,
        }
    }
}

/// A server and how long it may be silent.
#[derive(Debug, Clone)]
pub struct Server {
    base: Url,
    limit: Duration,
}

impl Server {
    /// The server at an address.
    pub fn new(address: &str, limit: Duration) -> Result<Self, PublishError> {
        let wrong = || PublishError::Server(address.to_owned());
        let base = Url::parse(address).map_err(|_| wrong())?;
        let is_web = matches!(base.scheme(), "http" | "https") && base.has_host();
        if is_web { Ok(Self { base, limit }) } else { Err(wrong()) }
    }

    /// The address of a resource, its last part escaped.
    fn url(&self, path: &str, name: Option<&str>) -> Result<Url, PublishError> {
        let mut url = self.base.clone();
        let wrong = |()| PublishError::Server(self.base.to_string());
        let mut segments = url.path_segments_mut().map_err(wrong)?;
        segments.pop_if_empty().extend(path.split('/')).extend(name);
        drop(segments);
        Ok(url)
    }

    fn client(&self) -> Result<Client, PublishError> {
        let host = self.base.host_str().unwrap_or_default();
        crate::engine::registry::transport::client(host).map_err(|error| self.failure(&error, (0, 0)))
    }

    /// Waits for an answer as long as something moves.
    fn wait<T>(
        &self,
        size: u64,
        moved: &watch::Receiver<u64>,
        work: impl Future<Output = Result<T, PublishError>>,
    ) -> Result<T, PublishError> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let failed = |error: std::io::Error| self.unreachable(&error.to_string());
        let runtime = runtime.map_err(failed)?;
        let answer = runtime.block_on(async {
            tokio::select! {
                answer = work => answer,
                () = silence(moved.clone(), self.limit) => Err(self.late(*moved.borrow(), size)),
                _ = tokio::signal::ctrl_c() => Err(PublishError::Interrupted),
            }
        });
        runtime.shutdown_background();
        answer
    }

    /// Takes an answer that is no success for an error.
    async fn accepted(
        &self,
        response: Response,
        hint: impl Fn(StatusCode) -> String,
    ) -> Result<String, PublishError> {
        let status = response.status();
        let body = response.text().await.map_err(|error| self.failure(&error, (0, 0)))?;
        if status.is_success() {
            return Ok(body);
        }
        Err(PublishError::Refused {
            server: self.base.to_string(),
            status,
            message: shortened(&message(&body)),
            hint: hint(status),
        })
    }

    fn failure(&self, error: &reqwest::Error, (sent, size): (u64, u64)) -> PublishError {
        let reason = innermost(error);
        if error.is_connect() || error.is_builder() {
            return self.unreachable(&reason);
        }
        PublishError::Cut { server: self.base.to_string(), sent, size, reason }
    }

    fn unreachable(&self, reason: &str) -> PublishError {
        PublishError::Unreachable { server: self.base.to_string(), reason: reason.to_owned() }
    }

    fn late(&self, sent: u64, size: u64) -> PublishError {
        PublishError::Late { server: self.base.to_string(), limit: self.limit, sent, size }
    }
}

/// Ends when nothing has moved for so long.
async fn silence(mut moved: watch::Receiver<u64>, limit: Duration) {
    loop {
        match tokio::time::timeout(limit, moved.changed()).await {
            Ok(Ok(())) => {}
            // Nothing more will move: what is left is the answer.
            Ok(Err(_)) => return tokio::time::sleep(limit).await,
            Err(_) => return,
        }
    }
}

fn innermost(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), innermost)
}

/// What a server says of an error: the message of a JSON answer, else its text.
fn message(body: &str) -> String {
    let json: Option<serde_json::Value> = serde_json::from_str(body).ok();
    let told = json
        .as_ref()
        .and_then(|json| ["message", "error", "detail"].iter().find_map(|key| json.get(key)?.as_str()));
    told.map_or_else(|| body.to_owned(), ToOwned::to_owned)
}

/// The beginning of a text, on one line.
fn shortened(text: &str) -> String {
    shown::beginning(&text.split_whitespace().collect::<Vec<_>>().join(" "), MESSAGE_LIMIT).into_owned()
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
