//! Time limits for a server: for a connection, without activity, and for a short response.

use std::env;
use std::time::Duration;

use super::HttpError;

/// The environment variable with the seconds that a server may be inactive.
pub(super) const VARIABLE: &str = "C3_HTTP_TIMEOUT";

const IDLE: u64 = 30;
const CONNECT: Duration = Duration::from_secs(10);
/// Rate below which a transfer counts as inactive, in bytes per second.
const SLOWEST: u64 = 1 << 10;

/// The time limits for a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Without activity.
    pub(crate) idle: Duration,
}

impl Limits {
    /// The user's limits, or the defaults.
    pub(crate) fn from_environment() -> Result<Self, HttpError> {
        match env::var(VARIABLE) {
            Ok(text) => Self::parse(&text),
            Err(_) => Ok(Self { idle: Duration::from_secs(IDLE) }),
        }
    }

    fn parse(text: &str) -> Result<Self, HttpError> {
        let seconds = text.trim().parse().ok().filter(|seconds| (1..=86_400).contains(seconds));
        let seconds = seconds.ok_or_else(|| HttpError::Timeout(text.to_owned()))?;
        Ok(Self { idle: Duration::from_secs(seconds) })
    }

    /// For a connection.
    pub(super) fn connect(self) -> Duration {
        CONNECT.min(self.idle)
    }

    /// For a complete short response.
    pub(super) fn document(self) -> Duration {
        self.idle * 2
    }

    /// For an operation of many requests.
    pub(crate) fn question(self) -> Duration {
        self.idle * 4
    }

    /// For the response to a completed upload: a registry may have to move it to its own storage.
    pub(crate) fn commit(self) -> Duration {
        self.idle * 10
    }

    /// The bytes that must be transferred within the time without activity.
    pub(super) fn enough(self) -> u64 {
        SLOWEST * self.idle.as_secs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_parsed_and_nonsense_is_rejected() {
        assert_eq!(Limits::parse(" 5 ").unwrap().idle, Duration::from_secs(5));
        for wrong in ["", "0", "-1", "1.5", "1m", "86401", "99999999999999999999"] {
            assert_eq!(Limits::parse(wrong), Err(HttpError::Timeout(wrong.to_owned())), "{wrong}");
        }
    }

    #[test]
    fn short_timeouts_also_limit_connecting() {
        assert_eq!(Limits::parse("2").unwrap().connect(), Duration::from_secs(2));
        assert_eq!(Limits::parse("60").unwrap().connect(), CONNECT);
    }
}
