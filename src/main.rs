//! The program `c3`: arguments in, exit code out.

use std::process::ExitCode;
use std::thread;

use c3::operator::sources::STACKS;

mod cli;

fn main() -> ExitCode {
    let run = || cli::main(std::env::args_os().collect());
    let program = STACKS.iter().find_map(|&stack| thread::Builder::new().stack_size(stack).spawn(run).ok());
    match program {
        Some(program) => program.join().unwrap_or(ExitCode::from(101)),
        None => run(),
    }
}
