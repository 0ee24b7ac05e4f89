//! Patience with an engine: long work may be silent while the engine still answers `/_ping`.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::docker::Engine;
use super::error::EngineError;

/// Default time limit for a short answer of an engine.
const ANSWER: Duration = Duration::from_mins(1);

/// The variable with another limit in seconds, also used by Docker's tools.
pub(super) const VARIABLE: &str = "DOCKER_CLIENT_TIMEOUT";

/// Longest silence before an engine is pinged.
const LONGEST_SILENCE: Duration = Duration::from_secs(15);

/// Time limit of a stalled transfer, as a multiple of that for an answer: its other side may be frozen.
const STANDSTILL: u32 = 10;

/// Pause before pinging again an engine that refused to answer.
const PAUSE: Duration = Duration::from_millis(500);

/// Time limits for an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Patience {
    /// For a short answer.
    pub(super) answer: Duration,
}

impl Patience {
    /// The limits in the user's environment.
    pub(super) fn from_environment() -> Self {
        Self::read(std::env::var(VARIABLE).ok().as_deref())
    }

    fn read(seconds: Option<&str>) -> Self {
        let seconds = seconds.and_then(|text| text.trim().parse().ok()).filter(|seconds| *seconds > 0);
        Self { answer: seconds.map_or(ANSWER, Duration::from_secs) }
    }

    /// The silence before a ping.
    fn silence(self) -> Duration {
        (self.answer / 4).min(LONGEST_SILENCE)
    }

    /// The limit of a stalled transfer.
    pub(super) fn standstill(self) -> Duration {
        self.answer * STANDSTILL
    }
}

/// The time of the last activity.
#[derive(Debug, Clone)]
pub(super) struct Pulse {
    begun: Instant,
    last: Arc<AtomicU64>,
}

impl Pulse {
    pub(super) fn new() -> Self {
        Self { begun: Instant::now(), last: Arc::default() }
    }

    /// Records activity.
    pub(super) fn beat(&self) {
        let now = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(now, Ordering::Relaxed);
    }

    fn last(&self) -> Instant {
        self.begun + Duration::from_millis(self.last.load(Ordering::Relaxed))
    }
}

impl Engine {
    /// Does work while the engine is active or answers pings.
    pub(super) async fn attended<T>(
        &self,
        doing: &str,
        work: impl Future<Output = Result<T, EngineError>>,
    ) -> Result<T, EngineError> {
        self.pulse.beat();
        tokio::select! {
            biased;
            result = work => result,
            () = self.silent() => Err(EngineError::Silent {
                endpoint: self.endpoint.host.clone(),
                doing: doing.to_owned(),
                seconds: self.patience.answer.as_secs(),
            }),
        }
    }

    /// Does a transfer while it makes progress.
    pub(super) async fn moving<T>(
        &self,
        doing: &str,
        transfer: impl Future<Output = T>,
    ) -> Result<T, EngineError> {
        let limit = self.patience.standstill();
        self.pulse.beat();
        tokio::select! {
            biased;
            done = transfer => Ok(done),
            () = self.still(limit) => {
                Err(EngineError::Standstill { doing: doing.to_owned(), seconds: limit.as_secs() })
            }
        }
    }

    /// Waits until there was no activity for some time.
    async fn still(&self, limit: Duration) {
        loop {
            let last = self.pulse.last();
            sleep_until(last + limit).await;
            if self.pulse.last() == last {
                return;
            }
        }
    }

    /// Waits until the engine is silent and doesn't answer a ping.
    async fn silent(&self) {
        loop {
            self.still(self.patience.silence()).await;
            if !self.answers().await {
                return;
            }
            sleep(self.patience.silence()).await;
        }
    }

    /// Whether the engine answers in time, or is active meanwhile.
    async fn answers(&self) -> bool {
        let (asked, end) = (self.pulse.last(), Instant::now() + self.patience.answer);
        while self.pulse.last() == asked {
            match timeout_at(end, self.client.ping()).await {
                Ok(Ok(_)) => return true,
                Ok(Err(_)) if Instant::now() < end => sleep(PAUSE).await,
                _ => return self.pulse.last() != asked,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_can_extend_timeouts() {
        let seconds = |text| Patience::read(text).answer.as_secs();
        assert_eq!(seconds(None), 60);
        assert_eq!(seconds(Some("300")), 300);
        assert_eq!(seconds(Some("0")), 60);
        assert_eq!(seconds(Some("soon")), 60);
    }

    #[test]
    fn short_timeouts_probe_sooner() {
        let patience = Patience::read(Some("2"));
        assert_eq!(patience.silence(), Duration::from_millis(500));
        assert_eq!(patience.standstill(), Duration::from_secs(20));
        assert_eq!(Patience::read(None).silence(), LONGEST_SILENCE);
    }
}
