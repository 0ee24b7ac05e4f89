//! Asynchronous work of a program that isn't: waited for, unless the user presses Ctrl-C.

use std::future::Future;
use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;

use crate::interruption::{Signal, asked_to_end};

/// How long a program that was asked twice to end has for its last work.
const LAST_WORK: Duration = Duration::from_secs(2);

/// The user has pressed Ctrl-C, or the system has asked the program to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted;

/// What runs asynchronous work, and takes note when the user doesn't want to wait for it any more.
#[derive(Debug)]
pub(super) struct Work {
    runtime: Runtime,
    interrupted: CancellationToken,
    signal: Arc<OnceLock<Signal>>,
}

impl Work {
    pub(super) fn new() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let (interrupted, signal) = (CancellationToken::new(), Arc::default());
        runtime.spawn(watch(interrupted.clone(), Arc::clone(&signal)));
        Ok(Self { runtime, interrupted, signal })
    }

    /// Waits for some work, unless the user presses Ctrl-C.
    pub(super) fn wait<T, E: From<Interrupted>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = self.interrupted.cancelled() => Err(Interrupted.into()),
                result = work => result,
            }
        })
    }

    /// Waits for some work that deals with Ctrl-C itself.
    pub(super) fn finish<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Waits until the user presses Ctrl-C or the system asks the program to end, and tells which.
    pub(super) async fn asked_to_end(&self) -> Signal {
        self.interrupted.cancelled().await;
        self.signal.get().copied().unwrap_or(Signal::Interrupt)
    }

    /// Whether the user has pressed Ctrl-C.
    pub(super) fn interrupted(&self) -> bool {
        self.interrupted.is_cancelled()
    }

    /// Ends without waiting for what is still going on.
    pub(super) fn abandon(self) {
        self.runtime.shutdown_background();
    }
}

/// Cancels what is going on at the first Ctrl-C or request to end, and ends the program soon after the second.
async fn watch(interrupted: CancellationToken, signal: Arc<OnceLock<Signal>>) {
    let _ = signal.set(asked_to_end().await);
    interrupted.cancel();
    asked_to_end().await;
    tokio::time::sleep(LAST_WORK).await;
    #[expect(clippy::exit, reason = "who asks twice doesn't want to wait")]
    std::process::exit(130);
}
