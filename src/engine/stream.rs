//! The messages of an engine, followed to their end, which may be incomplete though all went well.

use std::pin::pin;

use bollard::errors::Error;
use futures_util::stream::{Stream, StreamExt};

use super::docker::Engine;

/// How a stream of messages ended.
#[derive(Debug)]
#[must_use]
pub(super) enum Ending {
    /// After its last message.
    Whole,
    /// With something after its last message: whether all was received has to be checked.
    Unsure(Error),
}

impl Engine {
    /// Processes messages until there are no more.
    pub(super) async fn follow<T>(
        &self,
        messages: impl Stream<Item = Result<T, Error>>,
        mut take: impl FnMut(T),
    ) -> Result<Ending, Error> {
        let mut messages = pin!(messages);
        while let Some(message) = messages.next().await {
            self.pulse.beat();
            match message {
                Ok(message) => take(message),
                Err(error) if has_remainder(&error) => return Ok(Ending::Unsure(error)),
                Err(error) => return Err(error),
            }
        }
        Ok(Ending::Whole)
    }
}

/// Whether a stream ended properly with bytes left. bollard takes a message before its line end, which is
/// left over if it comes in its own chunk; so is a truncated message.
fn has_remainder(error: &Error) -> bool {
    matches!(error, Error::IOError { err } if err.to_string() == "bytes remaining on stream")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leftover_bytes_are_distinguished_from_a_broken_stream() {
        let error = |text: &str| Error::from(std::io::Error::other(text));
        assert!(has_remainder(&error("bytes remaining on stream")));
        assert!(!has_remainder(&error("error reading a body from connection")));
        assert!(!has_remainder(&Error::RequestTimeoutError));
    }
}
