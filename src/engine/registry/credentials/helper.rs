//! Asks a `docker-credential-…` program for a login.

use std::io::{self, ErrorKind, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;
use thiserror::Error;

use super::Credential;

const NOT_FOUND: &str = "credentials not found";
const TOKEN_USER: &str = "<token>";

/// Longest answer of a helper, in bytes.
const LONGEST: u64 = 1 << 20;

/// Polling interval for the end of a helper.
const MOMENT: Duration = Duration::from_millis(5);

/// Why a helper gave no login.
#[derive(Debug, Error)]
pub enum HelperError {
    /// Its name contains a path.
    #[error("has a name that no helper has")]
    Name,
    /// It is not installed.
    #[error("is not on `PATH`")]
    Missing,
    /// It can't be started or read.
    #[error("cannot be run: {0}")]
    Run(#[from] io::Error),
    /// It takes too long.
    #[error("gave no answer within {} s", .0.as_secs())]
    Silent(Duration),
    /// It ended with an error.
    #[error("failed: {0}")]
    Failed(String),
    /// Its answer isn't a login; not shown, as it may be a secret.
    #[error("gave an answer that is not a login")]
    Malformed,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: String,
}

/// The program of a helper, found on the `PATH` only.
pub(super) fn program(name: &str) -> Result<String, HelperError> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.+".contains(letter);
    if name.is_empty() || !name.chars().all(is_plain) {
        return Err(HelperError::Name);
    }
    Ok(format!("docker-credential-{name}"))
}

/// The login that `program` has for `server`, if any.
pub(super) fn ask(program: &str, server: &str, limit: Duration) -> Result<Option<Credential>, HelperError> {
    let mut child = start(program)?;
    match talk(&mut child, server, limit) {
        Ok((status, answer)) if status.success() => login(&answer),
        Ok((_, answer)) => refusal(&answer),
        Err(error) => {
            child.kill()?;
            child.wait()?;
            Err(error)
        }
    }
}

/// Asks the helper, and waits for its answer and end.
fn talk(child: &mut Child, server: &str, limit: Duration) -> Result<(ExitStatus, Vec<u8>), HelperError> {
    let end = Instant::now() + limit;
    send_server(child, server)?;
    let answer = listen(child).recv_timeout(limit).map_err(|_| HelperError::Silent(limit))??;
    if answer.len() as u64 > LONGEST {
        return Err(HelperError::Malformed);
    }
    loop {
        match child.try_wait()? {
            Some(status) => return Ok((status, answer)),
            None if Instant::now() >= end => return Err(HelperError::Silent(limit)),
            None => thread::sleep(MOMENT),
        }
    }
}

/// Starts the helper; its stderr goes to the user.
fn start(program: &str) -> Result<Child, HelperError> {
    let mut command = Command::new(program);
    command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped());
    command.spawn().map_err(|error| match error.kind() {
        ErrorKind::NotFound => HelperError::Missing,
        _ => HelperError::Run(error),
    })
}

/// Sends the server's name; a helper with a fixed answer may have ended already.
fn send_server(child: &mut Child, server: &str) -> io::Result<()> {
    let Some(mut stdin) = child.stdin.take() else {
        return Ok(());
    };
    match stdin.write_all(server.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

fn listen(child: &mut Child) -> Receiver<io::Result<Vec<u8>>> {
    let (sender, receiver) = mpsc::channel();
    let stdout = child.stdout.take();
    thread::spawn(move || {
        let mut answer = Vec::new();
        let read = stdout.map_or(Ok(0), |stdout| stdout.take(LONGEST + 1).read_to_end(&mut answer));
        // Nobody listens any more once the time is up.
        let _ = sender.send(read.map(|_| answer));
    });
    receiver
}

fn login(answer: &[u8]) -> Result<Option<Credential>, HelperError> {
    let answer = serde_json::from_slice(answer).map_err(|_| HelperError::Malformed)?;
    Ok(match answer {
        Answer { secret, .. } if secret.is_empty() => None,
        Answer { username, secret } if username == TOKEN_USER => Some(Credential::IdentityToken(secret)),
        Answer { username, secret } => Some(Credential::Password { username, password: secret }),
    })
}

fn refusal(answer: &[u8]) -> Result<Option<Credential>, HelperError> {
    let answer = String::from_utf8_lossy(answer);
    if answer.contains(NOT_FOUND) {
        return Ok(None);
    }
    let reason = answer.lines().map(str::trim).find(|line| !line.is_empty());
    Err(HelperError::Failed(reason.unwrap_or("no reason given").to_owned()))
}
