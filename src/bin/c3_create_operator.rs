//! `c3_create_operator`, the original's name of `c3 create-operator`.

use std::process::ExitCode;

mod launcher;

fn main() -> ExitCode {
    launcher::launch()
}
