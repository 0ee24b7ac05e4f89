//! Transfers of bodies: one that is too slow for too long has stalled.

use std::io;
use std::pin::Pin;
use std::sync::mpsc::{Receiver, channel};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::stream::{self, Stream, StreamExt};
use reqwest::{Body, Response};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use tokio_util::bytes::Bytes;

use super::error::innermost;
use super::{HttpError, Limits};

/// Counts what is transferred, and the time since there was last enough of it.
#[derive(Debug)]
struct Pace {
    limits: Limits,
    waited: Duration,
    bytes: u64,
}

impl Pace {
    fn new(limits: Limits) -> Self {
        Self { limits, waited: Duration::ZERO, bytes: 0 }
    }

    /// The remaining time.
    fn left(&self) -> Duration {
        self.limits.idle.saturating_sub(self.waited)
    }

    fn moved(&mut self, bytes: u64, waited: Duration) {
        self.bytes += bytes;
        self.waited += waited;
        if self.bytes >= self.limits.enough() {
            *self = Self::new(self.limits);
        }
    }

    fn stalled(&self, server: String) -> HttpError {
        HttpError::Stalled { server, limit: self.limits.idle, bytes: self.bytes }
    }
}

/// The chunks of a body as they arrive; the reader's own time doesn't count.
pub(super) fn pieces(
    server: String,
    response: Response,
    limits: Limits,
) -> impl Stream<Item = Result<Bytes, HttpError>> + Send + 'static {
    stream::try_unfold((server, response, Pace::new(limits)), async |(server, mut response, mut pace)| {
        let begun = Instant::now();
        match timeout(pace.left(), response.chunk()).await {
            Err(_) => Err(pace.stalled(server)),
            Ok(Err(error)) => Err(HttpError::Broken { server, reason: innermost(&error) }),
            Ok(Ok(None)) => Ok(None),
            Ok(Ok(Some(piece))) => {
                pace.moved(piece.len() as u64, begun.elapsed());
                Ok(Some((piece, (server, response, pace))))
            }
        }
    })
}

/// A body to upload in chunks.
pub(crate) struct Upload<E> {
    pub(super) body: Body,
    /// Why the body broke off, if it did.
    pub(super) broken: Receiver<E>,
    pub(super) moved: watch::Receiver<Moved>,
}

/// Reports how much of an upload was sent.
pub(crate) struct Progress(watch::Receiver<Moved>);

impl Progress {
    pub(crate) fn bytes(&self) -> u64 {
        self.0.borrow().bytes
    }
}

/// The progress of an upload.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Moved {
    bytes: u64,
    /// Whether the server waits for us rather than we for it.
    waits: bool,
}

impl<E: Send + 'static> Upload<E> {
    /// A body of these chunks; one that fails ends the upload with its error.
    pub(crate) fn new(pieces: impl Stream<Item = Result<Bytes, E>> + Send + 'static) -> Self {
        let (sender, moved) = watch::channel(Moved::default());
        let (breaker, broken) = channel();
        let counted = Counted { pieces: Box::pin(pieces), sender };
        let pieces = counted.map(move |piece| {
            piece.map_err(|error| {
                // Nobody listens any more where the upload has been given up.
                let _ = breaker.send(error);
                io::Error::other("the content broke off")
            })
        });
        Self { body: Body::wrap_stream(pieces), broken, moved }
    }

    /// Reports how much of it was sent.
    pub(crate) fn progress(&self) -> Progress {
        Progress(self.moved.clone())
    }

    /// A body in memory.
    pub(crate) fn of_bytes(bytes: &Bytes) -> Self {
        const PIECE: usize = 1 << 16;
        let starts = (0..bytes.len()).step_by(PIECE);
        let pieces: Vec<_> = starts.map(|at| bytes.slice(at..bytes.len().min(at + PIECE))).collect();
        Self::new(stream::iter(pieces.into_iter().map(Ok)))
    }
}

/// Chunks that are counted when sent.
struct Counted<S> {
    pieces: Pin<Box<S>>,
    sender: watch::Sender<Moved>,
}

impl<E, S: Stream<Item = Result<Bytes, E>>> Stream for Counted<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let piece = self.pieces.as_mut().poll_next(context);
        let bytes = match &piece {
            Poll::Ready(Some(Ok(piece))) => piece.len() as u64,
            _ => 0,
        };
        let waits = piece.is_pending();
        self.sender.send_if_modified(|moved| {
            let changed = bytes > 0 || moved.waits != waits;
            *moved = Moved { bytes: moved.bytes + bytes, waits };
            changed
        });
        piece
    }
}

/// Ends with the reason if the server accepts an upload too slowly for too long, or doesn't respond in time
/// after it.
pub(super) async fn stall(
    server: String,
    mut moved: watch::Receiver<Moved>,
    limits: Limits,
    answer: Duration,
) -> HttpError {
    let mut pace = Pace::new(limits);
    loop {
        let (before, begun) = (*moved.borrow_and_update(), Instant::now());
        // What we wait for ourselves has a limit of its own.
        let left = if before.waits { Duration::MAX } else { pace.left() };
        match timeout(left, moved.changed()).await {
            Err(_) => return pace.stalled(server),
            Ok(Err(_)) => break,
            Ok(Ok(())) => {
                let waited = if before.waits { Duration::ZERO } else { begun.elapsed() };
                pace.moved(moved.borrow().bytes - before.bytes, waited);
            }
        }
    }
    tokio::time::sleep(answer).await;
    HttpError::Stalled { server, limit: answer, bytes: 0 }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const LIMITS: Limits = Limits { idle: Duration::from_secs(2) };

    fn upload(
        pieces: impl Stream<Item = Result<Bytes, ()>> + Send + 'static,
    ) -> (Body, watch::Receiver<Moved>) {
        let upload = Upload::new(pieces);
        (upload.body, upload.moved)
    }

    fn stalled(moved: watch::Receiver<Moved>) -> impl Future<Output = HttpError> {
        stall("`s`".to_owned(), moved, LIMITS, LIMITS.commit())
    }

    #[tokio::test(start_paused = true)]
    async fn an_upload_that_is_not_read_stalls() {
        let (_body, moved) = upload(stream::pending());
        let begun = Instant::now();
        assert_eq!(stalled(moved).await.to_string(), "`s` did nothing for 2 s");
        assert_eq!(begun.elapsed(), LIMITS.idle);
    }

    #[tokio::test(start_paused = true)]
    async fn local_delays_do_not_count_as_server_stalls() {
        use http_body_util::BodyExt;
        let (mut body, moved) = upload(stream::pending());
        assert!(body.frame().now_or_never().is_none());
        let late = timeout(Duration::from_hours(1), stalled(moved)).await;
        assert!(late.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn slow_uploads_that_progress_do_not_stall() {
        use http_body_util::BodyExt;
        let pieces = stream::iter(0..10).then(async |_| {
            tokio::time::sleep(Duration::from_millis(10)).await;
            Ok(Bytes::from_static(&[0; 2048]))
        });
        let (mut body, moved) = upload(pieces);
        let taken = tokio::spawn(async move {
            while body.frame().await.is_some() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        let begun = Instant::now();
        stalled(moved).await;
        assert!(taken.is_finished());
        assert!(begun.elapsed() >= Duration::from_secs(10) + LIMITS.commit());
    }

    #[tokio::test(start_paused = true)]
    async fn a_finished_upload_must_be_answered_in_time() {
        let (body, moved) = upload(stream::iter([Ok(Bytes::from_static(b"x"))]));
        drop(body);
        let begun = Instant::now();
        stalled(moved).await;
        assert_eq!(begun.elapsed(), LIMITS.commit());
    }

    #[test]
    fn enough_progress_resets_the_timeout() {
        let mut pace = Pace::new(LIMITS);
        pace.moved(2047, Duration::from_secs(1));
        assert_eq!(pace.left(), Duration::from_secs(1));
        pace.moved(1, Duration::from_millis(500));
        assert_eq!(pace.left(), LIMITS.idle);
    }
}
