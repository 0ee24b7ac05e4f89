//! Processes: run to their end in their own process group, and signalled like a container.

use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin};
use tokio::runtime;

use crate::interruption::{self, asked_to_end};
use crate::standard_input;

/// Grace period of a process that is asked to stop.
const GRACE: Duration = Duration::from_secs(10);

/// Runs a program to its end with inherited input and output, and returns its exit code: 130 or 143 if this
/// program was interrupted.
pub fn run(mut command: Command) -> io::Result<u8> {
    // Only the foreground group may read from a terminal, and the program isn't in it.
    let is_fed = standard_input::is_terminal();
    command.stdin(if is_fed { Stdio::piped() } else { Stdio::inherit() }).process_group(0);
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut child = tokio::process::Command::from(command).spawn()?;
        if let Some(input) = child.stdin.take() {
            tokio::spawn(feed(input));
        }
        let signal = tokio::select! {
            biased;
            status = child.wait() => return status.map(exit_code),
            signal = asked_to_end() => signal,
        };
        stop(&mut child, signal).await?;
        Ok(signal.exit_code())
    })
}

/// Passes standard input on, until its end or the reader's.
async fn feed(mut input: ChildStdin) {
    let mut pieces = standard_input::pieces();
    while let Some(piece) = pieces.recv().await {
        if input.write_all(&piece).await.is_err() {
            break;
        }
    }
}

/// Passes a signal on and waits for the end, with a time limit; a second signal ends the wait.
async fn stop(child: &mut Child, signal: interruption::Signal) -> io::Result<()> {
    let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    let send = |signal| group.map_or(Ok(()), |group| kill_process_group(group, signal));
    let _ = send(match signal {
        interruption::Signal::Interrupt => Signal::INT,
        interruption::Signal::Terminate => Signal::TERM,
    });
    tokio::select! {
        _ = child.wait() => {}
        _ = asked_to_end() => {}
        () = tokio::time::sleep(GRACE) => {}
    }
    let _ = send(Signal::KILL); // what the program has left behind, too
    child.wait().await.map(drop)
}

/// The exit code, as in shells.
fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}
