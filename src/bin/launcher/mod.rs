//! The original's programs under their own names: small ones that become the `c3` beside them.

use std::env;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

/// Becomes `c3`, which acts as the program whose name it is called by.
pub(crate) fn launch() -> ExitCode {
    let name = env!("CARGO_BIN_NAME");
    let error = match c3() {
        Ok(mut c3) => c3.arg0(name).args(env::args_os().skip(1)).exec(),
        Err(error) => error,
    };
    let message = format!(
        "error: `{name}` can't start the program `c3`: {error}\nhint: install them together, in one folder\n"
    );
    let _ = io::stderr().write_all(message.as_bytes());
    ExitCode::FAILURE
}

/// The `c3` in the folder of this program, also where a link leads here.
fn c3() -> io::Result<Command> {
    Ok(Command::new(env::current_exe()?.canonicalize()?.with_file_name("c3")))
}
