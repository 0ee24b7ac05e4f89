//! `claimed`, as the original calls the program that runs operators.

use std::process::ExitCode;

mod launcher;

fn main() -> ExitCode {
    launcher::launch()
}
