//! Programs on the path, and whether they work: a shim on the path may not.

use std::env;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::display;

/// Time limit for a program to print its version.
const PATIENCE: Duration = Duration::from_secs(20);

/// Polling interval.
const PAUSE: Duration = Duration::from_millis(5);

/// Most characters of a program's output.
const BRIEF: usize = 1000;

/// A program that works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Working {
    /// Its path.
    pub path: PathBuf,
    /// The first line of its output.
    pub said: String,
}

/// A program that doesn't work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Its path.
    pub path: PathBuf,
    /// Its output, or the system's error.
    pub reason: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` doesn't work: {}", self.path.display(), self.reason)
    }
}

/// Finds a program on the path.
#[must_use]
pub fn find(name: &str) -> Option<PathBuf> {
    all(name).next()
}

/// Every program with this name, in the order of the path.
pub fn all(name: &str) -> impl Iterator<Item = PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    folders.into_iter().map(move |folder| folder.join(name)).filter(|program| is_executable(program))
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// The first program of one of these names that succeeds with these arguments and prints what is expected;
/// else those that fail.
pub fn working(
    names: &[&str],
    arguments: &[&str],
    is_meant: impl Fn(&str) -> bool,
) -> Result<Working, Vec<Broken>> {
    let mut broken = Vec::new();
    for path in names.iter().flat_map(|name| all(name)) {
        match attempt(&path, arguments) {
            Ok(said) if is_meant(&said) => return Ok(Working { path, said }),
            Ok(_) => {}
            Err(reason) => broken.push(Broken { path, reason }),
        }
    }
    Err(broken)
}

/// The first program with one of these names that isn't a script and succeeds with these arguments: shims are
/// slow.
#[must_use]
pub fn binary(names: &[&str], arguments: &[&str]) -> Option<PathBuf> {
    let mut binaries = names.iter().flat_map(|name| all(name)).filter(|path| !is_script(path));
    binaries.find(|path| attempt(path, arguments).is_ok())
}

fn is_script(path: &Path) -> bool {
    let mut start = [0; 2];
    File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_err() || &start == b"#!"
}

/// The first line that a program prints, or why it fails.
pub fn attempt(program: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = output(Command::new(program).args(arguments)).map_err(|error| error.to_string())?;
    let line = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        display::beginning(line.trim(), BRIEF).into_owned()
    };
    let (said, complained) = (line(&output.stdout), line(&output.stderr));
    match (output.status.success(), said.is_empty(), complained.is_empty()) {
        (true, false, _) => Ok(said),
        (true, true, _) => Ok(complained),
        (false, _, false) => Err(complained),
        (false, false, true) => Err(said),
        (false, true, true) => Err(output.status.to_string()),
    }
}

/// The output of a command, with a time limit.
fn output(command: &mut Command) -> io::Result<Output> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let readers = (read(child.stdout.take()), read(child.stderr.take()));
    let status = ended(&mut child)?;
    let bytes = |reader: thread::JoinHandle<Vec<u8>>| reader.join().unwrap_or_default();
    Ok(Output { status, stdout: bytes(readers.0), stderr: bytes(readers.1) })
}

fn read(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.map(|mut pipe| pipe.read_to_end(&mut bytes));
        bytes
    })
}

fn ended(child: &mut Child) -> io::Result<std::process::ExitStatus> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if start.elapsed() > PATIENCE {
            child.kill().and_then(|()| child.wait())?;
            return Err(io::Error::other(format!("no answer within {} s", PATIENCE.as_secs())));
        }
        thread::sleep(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Another process writes it: one that a test beside this one forks would inherit the open file, and what is open
    /// for writing can't be executed.
    fn program(folder: &Path, script: &str) -> PathBuf {
        let path = folder.join("program");
        let write = r#"printf '#!/bin/sh\n%s\n' "$1" >"$0" && chmod 755 "$0""#;
        assert!(Command::new("sh").args(["-c", write]).arg(&path).arg(script).status().unwrap().success());
        path
    }

    #[test]
    fn programs_are_probed_by_running_them() {
        let folder = tempfile::tempdir().unwrap();
        for (script, said) in [
            ("echo 1.2; echo more", Ok("1.2")),
            ("echo; echo 1.2 >&2", Ok("1.2")),
            ("echo shim: not found >&2; exit 127", Err("shim: not found")),
            ("exit 3", Err("exit status: 3")),
        ] {
            let said = said.map(ToOwned::to_owned).map_err(ToOwned::to_owned);
            assert_eq!(attempt(&program(folder.path(), script), &[]), said, "{script}");
        }
        assert!(attempt(&folder.path().join("none"), &[]).is_err());
    }

    #[test]
    fn shims_are_recognized_as_scripts() {
        let folder = tempfile::tempdir().unwrap();
        assert!(is_script(&program(folder.path(), "exec python3")));
        assert!(!is_script(&env::current_exe().unwrap()));
    }

    #[test]
    fn only_executable_files_are_programs() {
        let folder = tempfile::tempdir().unwrap();
        let path = program(folder.path(), "");
        assert!(is_executable(&path) && !is_executable(folder.path()));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(!is_executable(&path));
    }
}
