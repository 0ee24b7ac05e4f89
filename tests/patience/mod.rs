//! Programs that may hang.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The exit code of a program, unless a signal or the end of our patience ends it.
pub(crate) fn status(command: &mut Command, patience: Duration) -> Option<i32> {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let start = Instant::now();
    while start.elapsed() < patience {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap().code()
}
