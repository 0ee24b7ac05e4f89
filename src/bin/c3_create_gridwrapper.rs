//! `c3_create_gridwrapper`, the original's name of `c3 create-gridwrapper`.

use std::process::ExitCode;

mod launcher;

fn main() -> ExitCode {
    launcher::launch()
}
