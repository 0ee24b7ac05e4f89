//! Responses: short documents, read whole and within limits, or a stream of chunks.

use futures_util::stream::{Stream, TryStreamExt};
use reqwest::header::HeaderMap;
use reqwest::{Response, StatusCode};
use tokio_util::bytes::{Bytes, BytesMut};

use super::{HttpError, Limits, pace};

/// A response whose head has been read.
pub(crate) struct Answer {
    /// The server's name in errors.
    pub(crate) server: String,
    /// Whether it comes from the first origin rather than from a redirect.
    pub(crate) at_home: bool,
    pub(super) response: Response,
    pub(super) limits: Limits,
}

impl Answer {
    pub(crate) fn status(&self) -> StatusCode {
        self.response.status()
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// The same, as a response of another server.
    pub(crate) fn of_another(self) -> Self {
        Self { at_home: false, ..self }
    }

    /// The whole body, of at most this many bytes.
    pub(crate) async fn document(self, limit: usize) -> Result<Bytes, HttpError> {
        let (server, time) = (self.server.clone(), self.limits.document());
        let large = || HttpError::Large { server: server.clone(), limit };
        if self.response.content_length().is_some_and(|length| length > limit as u64) {
            return Err(large());
        }
        let read = self.pieces().try_fold(BytesMut::new(), |mut body, piece| {
            body.extend_from_slice(&piece);
            let fits = body.len() <= limit;
            std::future::ready(if fits { Ok(body) } else { Err(large()) })
        });
        let late = |_| Err(HttpError::Endless { server: server.clone(), limit: time });
        tokio::time::timeout(time, read).await.unwrap_or_else(late).map(BytesMut::freeze)
    }

    /// The body in chunks.
    pub(crate) fn pieces(self) -> impl Stream<Item = Result<Bytes, HttpError>> + Send + 'static {
        pace::pieces(self.server, self.response, self.limits)
    }
}
