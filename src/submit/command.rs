//! Calls of an engine's program.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;

use super::SubmitError;
use crate::programs;

/// A program of an engine.
#[derive(Debug, Clone)]
pub(super) struct Program {
    name: &'static str,
    path: PathBuf,
}

impl Program {
    /// Finds it on the path.
    pub(super) fn find(name: &'static str) -> Result<Self, SubmitError> {
        let path = programs::find(name).ok_or(SubmitError::NoProgram(name))?;
        Ok(Self { name, path })
    }

    /// Its name.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// A call with these arguments.
    pub(super) fn with<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        let mut command = Command::new(Path::new(&self.path));
        command.args(arguments);
        command
    }

    /// The output of a call, with `input` on its standard input.
    pub(super) fn output(&self, mut command: Command, input: Option<Vec<u8>>) -> Result<Output, SubmitError> {
        let start = |source| SubmitError::Start { program: self.name, source };
        let stdin = if input.is_some() { Stdio::piped() } else { Stdio::null() };
        let mut child =
            command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(start)?;
        let writer = child.stdin.take().zip(input).map(|(mut pipe, bytes)| {
            // A program that has read enough is not wrong; it says itself what is.
            thread::spawn(move || drop(pipe.write_all(&bytes)))
        });
        let output = child.wait_with_output().map_err(start);
        writer.map(thread::JoinHandle::join);
        output
    }
}

/// A program's error message on one line, without its own prefix and log lines.
pub(super) fn complaint(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !is_logged(line));
    let lines: Vec<_> = lines.collect();
    let said = lines.join("; ");
    let said = said.strip_prefix("error: ").unwrap_or(&said).to_owned();
    if said.is_empty() { output.status.to_string() } else { said }
}

/// Whether a line is klog's, the logger of Kubernetes' programs: `E1129 18:57:32.402405 …`.
fn is_logged(line: &str) -> bool {
    let (first, _) = line.split_once(' ').unwrap_or((line, ""));
    let day = first.strip_prefix(['I', 'W', 'E', 'F']);
    day.is_some_and(|day| day.len() == 4 && day.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::*;

    #[test]
    fn sbatch_errors_become_one_line_without_logs() {
        let said = |text: &str| {
            let stderr = text.as_bytes().to_vec();
            complaint(&Output { status: ExitStatus::from_raw(256), stdout: Vec::new(), stderr })
        };
        assert_eq!(
            said("E1129 18:57:32.4 1 memcache.go:265] x\nThe server was refused\n"),
            "The server was refused"
        );
        assert_eq!(said("error: a\n\n b\n"), "a; b");
        assert_eq!(said("E1 is no log"), "E1 is no log");
        assert_eq!(said(""), "exit status: 1");
    }
}
