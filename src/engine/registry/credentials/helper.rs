//! Asks a `docker-credential-…` program for a login.

use std::io::{self, ErrorKind, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use serde::Deserialize;
use thiserror::Error;

use super::Credential;

const NOT_FOUND: &str = "credentials not found";
const TOKEN_USER: &str = "<token>";

/// Why a helper gave no login.
#[derive(Debug, Error)]
pub enum HelperError {
    /// It is not installed.
    #[error("is not on `PATH`")]
    Missing,
    /// It cannot be run or heard.
    #[error("cannot be run: {0}")]
    Run(#[from] io::Error),
    /// It takes too long.
    #[error("gave no answer within {} s", .0.as_secs())]
    Silent(Duration),
    /// It ended with an error of its own.
    #[error("failed: {0}")]
    Failed(String),
    /// It said something else than a login; this is not shown, for it may be a secret.
    #[error("gave an answer that is no login")]
    Malformed,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: String,
}

/// The login that `program` keeps for `server`, if any.
pub(super) fn ask(program: &str, server: &str, limit: Duration) -> Result<Option<Credential>, HelperError> {
    let mut child = start(program)?;
    tell(&mut child, server)?;
    let Ok(answer) = listen(&mut child).recv_timeout(limit) else {
        child.kill()?;
        child.wait()?;
        return Err(HelperError::Silent(limit));
    };
    if child.wait()?.success() { login(&answer?) } else { refusal(&answer?) }
}

/// Starts the helper; what it writes to stderr is meant for the user.
fn start(program: &str) -> Result<Child, HelperError> {
    let mut command = Command::new(program);
    command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped());
    command.spawn().map_err(|error| match error.kind() {
        ErrorKind::NotFound => HelperError::Missing,
        _ => HelperError::Run(error),
    })
}

/// Names the server; a helper with one fixed answer may have ended without listening.
fn tell(child: &mut Child, server: &str) -> io::Result<()> {
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
        let read = stdout.map_or(Ok(0), |mut stdout| stdout.read_to_end(&mut answer));
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
