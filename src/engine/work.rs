//! Asynchronous work of a program that isn't: waited for, unless the user presses Ctrl-C.

use std::future::{Future, pending};
use std::io;

use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The user has pressed Ctrl-C, or the system has asked the program to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted;

/// What runs asynchronous work, and takes note when the user doesn't want to wait for it any more.
#[derive(Debug)]
pub(super) struct Work {
    runtime: Runtime,
    interrupted: CancellationToken,
}

impl Work {
    pub(super) fn new() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let interrupted = CancellationToken::new();
        runtime.spawn(watch(interrupted.clone()));
        Ok(Self { runtime, interrupted })
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

    /// Whether the user has pressed Ctrl-C.
    pub(super) fn interrupted(&self) -> bool {
        self.interrupted.is_cancelled()
    }

    /// Ends without waiting for what is still going on.
    pub(super) fn abandon(self) {
        self.runtime.shutdown_background();
    }
}

/// Cancels what is going on at the first Ctrl-C or request to end, and ends the program at the second.
async fn watch(interrupted: CancellationToken) {
    asked_to_end().await;
    interrupted.cancel();
    asked_to_end().await;
    #[expect(clippy::exit, reason = "who asks twice doesn't want to wait")]
    std::process::exit(130);
}

/// Waits for Ctrl-C, or for the signal by which a system ends a program.
async fn asked_to_end() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return pending().await };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
