//! Retries while a server is busy.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// Number of retries.
pub(crate) const RETRIES: u32 = 2;
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// Longest wait that a server can ask for, in seconds.
const LONGEST_WAIT: u64 = 10;

/// Whether a status is worth a retry.
pub(crate) fn is_busy(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()
}

/// Waits before the next attempt: as long as the server asks for, within limits, else longer each time.
pub(crate) async fn wait(attempt: u32, headers: &HeaderMap) {
    let own = FIRST_WAIT * 2_u32.pow(attempt);
    tokio::time::sleep(asked_wait(headers).unwrap_or(own)).await;
}

fn asked_wait(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(LONGEST_WAIT)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_capped() {
        let wait = |value: &str| asked_wait(&HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]));
        assert_eq!(wait("3"), Some(Duration::from_secs(3)));
        assert_eq!(wait("3600"), Some(Duration::from_secs(10)));
        assert_eq!(wait("99999999999999999999"), None);
        assert_eq!(wait("Fri, 31 Dec 1999 23:59:59 GMT"), None);
    }
}
