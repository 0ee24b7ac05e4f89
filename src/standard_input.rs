//! The standard input of this program, passed on to another one.

use std::io::{self, IsTerminal, Read};
use std::thread;

use rustix::process::getpgrp;
use rustix::termios::tcgetpgrp;
use tokio::sync::mpsc::{Receiver, channel};

/// Chunks buffered for the reader.
const WAITING: usize = 4;

/// Largest chunk in bytes.
const PIECE: usize = 64 << 10;

/// Whether standard input is a terminal.
#[must_use]
pub fn is_terminal() -> bool {
    io::stdin().is_terminal()
}

/// The chunks of standard input as they arrive, until its end. A terminal isn't read in the background, as
/// the system would stop this program.
#[must_use]
pub fn pieces() -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel(WAITING);
    let is_background = is_terminal() && tcgetpgrp(io::stdin()).ok() != Some(getpgrp());
    if !is_background {
        // The thread may wait for its next piece until the program ends: nobody waits for the thread.
        thread::spawn(move || {
            let mut piece = vec![0; PIECE];
            while let Ok(length @ 1..) = io::stdin().read(&mut piece) {
                if sender.blocking_send(piece[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
    }
    receiver
}
