//! The program `c3`: arguments in, exit code out.

use std::process::ExitCode;
use std::thread;

mod cli;

/// Stack of the threads that read sources, in bytes: syntax trees of long expressions are deep. Only what is used of
/// it takes memory.
const STACK: usize = 1 << 30;

fn main() -> ExitCode {
    let program = thread::Builder::new().stack_size(STACK).spawn(|| cli::main(std::env::args_os().collect()));
    program.ok().and_then(|program| program.join().ok()).unwrap_or(ExitCode::from(101))
}
