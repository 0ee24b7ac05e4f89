//! Verifies content by its digest while it streams.

use std::io::{self, Write};

use futures_util::stream::{self, Stream, TryStreamExt};
use tokio_util::bytes::Bytes;

use super::error::OciError;
use crate::engine::manifest::Descriptor;
use crate::hashed::Hashed;

/// The expected content.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    /// Its digest.
    pub(super) digest: String,
    /// Its size in bytes.
    pub(super) size: u64,
}

impl Expected {
    /// The layer that a manifest describes.
    pub(super) fn of(layer: &Descriptor) -> Self {
        Self { digest: layer.digest.clone(), size: layer.size }
    }
}

/// The same chunks. The last one is held back until all have been verified, so that nobody gets damaged
/// content as a whole; otherwise `damaged` comes in its place.
pub(super) fn verified(
    pieces: impl Stream<Item = Result<Bytes, OciError>> + Send + 'static,
    expected: Expected,
    damaged: OciError,
) -> impl Stream<Item = Result<Bytes, OciError>> + Send + 'static {
    let check = Check { pieces: Box::pin(pieces), hashed: Hashed::new(io::sink()), held: None, expected };
    stream::try_unfold((Some(check), damaged), async |(check, damaged)| {
        let Some(mut check) = check else { return Ok(None) };
        match check.next().await? {
            Next::Piece(piece) => Ok(Some((piece, (Some(check), damaged)))),
            Next::Last(piece) => Ok(Some((piece, (None, damaged)))),
            Next::Damaged => Err(damaged),
        }
    })
}

struct Check<S> {
    pieces: std::pin::Pin<Box<S>>,
    hashed: Hashed<io::Sink>,
    /// The chunk held back until the next one arrives.
    held: Option<Bytes>,
    expected: Expected,
}

enum Next {
    Piece(Bytes),
    Last(Bytes),
    Damaged,
}

impl<S: Stream<Item = Result<Bytes, OciError>>> Check<S> {
    async fn next(&mut self) -> Result<Next, OciError> {
        while let Some(piece) = self.pieces.try_next().await? {
            self.hashed.write_all(&piece).map_err(OciError::io("read", &self.expected.digest))?;
            if self.hashed.size() > self.expected.size {
                return Ok(Next::Damaged);
            }
            if let Some(ready) = self.held.replace(piece) {
                return Ok(Next::Piece(ready));
            }
        }
        let hashed = std::mem::replace(&mut self.hashed, Hashed::new(io::sink()));
        let (_, digest, size) = hashed.finish();
        let is_whole = digest == self.expected.digest && size == self.expected.size;
        Ok(if is_whole { Next::Last(self.held.take().unwrap_or_default()) } else { Next::Damaged })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hashed::digest;

    async fn through(pieces: &[&'static str], size: u64, digest: &str) -> (String, bool) {
        let pieces: Vec<_> = pieces.iter().map(|piece| Ok(Bytes::from(*piece))).collect();
        let expected = Expected { digest: digest.to_owned(), size };
        let damaged = OciError::Damaged(digest.to_owned());
        let mut pieces = Box::pin(verified(stream::iter(pieces), expected, damaged));
        let mut through = String::new();
        loop {
            match pieces.try_next().await {
                Ok(Some(piece)) => through += std::str::from_utf8(&piece).unwrap(),
                Ok(None) => return (through, true),
                Err(error) => {
                    assert!(matches!(error, OciError::Damaged(_)));
                    return (through, false);
                }
            }
        }
    }

    #[tokio::test]
    async fn verified_content_passes() {
        assert_eq!(through(&["ab", "", "c"], 3, &digest(b"abc")).await, ("abc".to_owned(), true));
        assert_eq!(through(&[], 0, &digest(b"")).await, (String::new(), true));
    }

    #[tokio::test]
    async fn unverified_content_never_passes_completely() {
        assert_eq!(through(&["ab", "d"], 3, &digest(b"abc")).await, ("ab".to_owned(), false));
        assert_eq!(through(&["abc"], 3, &digest(b"abd")).await, (String::new(), false));
        assert_eq!(through(&["ab"], 3, &digest(b"ab")).await, (String::new(), false));
        assert!(!through(&["abc", "def"], 3, &digest(b"abcdef")).await.1);
    }
}
