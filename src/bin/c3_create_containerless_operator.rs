//! `c3_create_containerless_operator`, the original's name of `c3 create-containerless-operator`.

use std::process::ExitCode;

mod launcher;

fn main() -> ExitCode {
    launcher::launch()
}
