//! The program `c3`: arguments in, exit code out.

use std::process::ExitCode;
use std::thread;

mod cli;

/// Stacks of the threads that read sources, in bytes, the first that the system grants: syntax trees of long
/// expressions are deep. Only what is used of a stack takes memory.
const STACKS: [usize; 3] = [1 << 30, 1 << 27, 1 << 24];

fn main() -> ExitCode {
    let run = || cli::main(std::env::args_os().collect());
    let program = STACKS.iter().find_map(|&stack| thread::Builder::new().stack_size(stack).spawn(run).ok());
    match program {
        Some(program) => program.join().unwrap_or(ExitCode::from(101)),
        None => run(),
    }
}
