//! Containers: created, run to their end with their output streamed, and always removed.

use std::future::Future;
use std::io::{self, Write};
use std::path::PathBuf;
use std::pin::{Pin, pin};
use std::time::Duration;

use bollard::container::{AttachContainerResults, LogOutput};
use bollard::errors::Error;
use bollard::models::{ContainerCreateBody, DeviceRequest, HostConfig, Mount as Bind, MountType};
use bollard::query_parameters::{
    AttachContainerOptionsBuilder, KillContainerOptionsBuilder, UploadToContainerOptionsBuilder,
};
use futures_util::stream::StreamExt;
use tar::{Builder, Header};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::docker::Engine;
use super::error::EngineError;
use super::http::VARIABLES;
use super::owner::Owner;
use crate::interruption::{Signal, asked_to_end};
use crate::standard_input;

/// Grace period of a container that is asked to stop.
const GRACE: Duration = Duration::from_secs(10);

/// Time limit for the last output of a container that has ended.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// The file of trusted certificates in a container: in a folder that every image has.
const CERTIFICATES: &str = "/etc/c3-certificates.pem";

/// Exit code if nobody reads the output any more, as in shells.
const CLOSED: u8 = 141;

/// A container to run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Container {
    /// Its image.
    pub image: String,
    /// The command, in place of the image's own.
    pub command: Option<Vec<String>>,
    /// Variables, as `NAME=value`.
    pub env: Vec<String>,
    /// The user, in place of the image's own.
    pub user: Option<String>,
    /// Files and folders to mount.
    pub mounts: Vec<Mount>,
    /// Trusted certificates in PEM format: copied into it, which works with remote engines too.
    pub certificates: Option<Vec<u8>>,
    /// Number of GPUs; -1 for all.
    pub gpus: Option<i64>,
}

/// A bind mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// The path on this machine.
    pub source: PathBuf,
    /// The path in the container.
    pub target: String,
    /// Whether it is read-only.
    pub read_only: bool,
}

impl Engine {
    /// Runs a container to its end, with its output on standard output and standard error, and returns its
    /// exit code: 130 or 143 if this program was interrupted.
    pub fn run_container(&self, container: &Container) -> Result<u8, EngineError> {
        self.sweep();
        let doing = format!("running `{}`", container.image);
        let failed = |error: &Error| self.error(&doing, error);
        let made = self.wait(&doing, async {
            self.patient.create_container(None, body(container)).await.map_err(|error| failed(&error))
        })?;
        let ended = self.finish(&doing, async {
            self.hand_over(&made.id, container).await.map_err(|error| failed(&error))?;
            self.attend(&made.id).await.map_err(|error| failed(&error))
        });
        self.removed(&made.id, ended)
    }

    /// Copies certificates into a container before it starts.
    async fn hand_over(&self, id: &str, container: &Container) -> Result<(), Error> {
        let Some(certificates) = &container.certificates else { return Ok(()) };
        let mut header = Header::new_ustar();
        header.set_mode(0o444);
        header.set_size(certificates.len() as u64);
        let mut archive = Builder::new(Vec::new());
        archive.append_data(&mut header, CERTIFICATES.trim_start_matches('/'), certificates.as_slice())?;
        let options = UploadToContainerOptionsBuilder::new().path("/").build();
        let archive = bollard::body_full(archive.into_inner()?.into());
        self.patient.upload_to_container(id, Some(options), archive).await
    }

    async fn attend(&self, id: &str) -> Result<u8, Error> {
        let options =
            AttachContainerOptionsBuilder::new().stream(true).stdin(true).stdout(true).stderr(true).build();
        let mut attached = self.patient.attach_container(id, Some(options)).await?;
        self.patient.start_container(id, None).await?;
        let unread = Box::pin(tokio::io::sink());
        tokio::spawn(feed(std::mem::replace(&mut attached.input, unread)));
        let mut ended = pin!(self.hand_on(id, attached, write));
        tokio::select! {
            biased;
            ended = &mut ended => ended,
            signal = self.work.asked_to_end() => Ok(self.stop(id, signal, ended).await),
        }
    }

    /// Passes on a container's output until it ends, and returns its exit code. The end of the output may get
    /// lost on the way from the engine, the exit code doesn't.
    pub(super) async fn hand_on(
        &self,
        id: &str,
        mut attached: AttachContainerResults,
        mut take: impl FnMut(LogOutput) -> io::Result<()>,
    ) -> Result<u8, Error> {
        let (mut ended, mut code) = (pin!(self.exit_code(id)), None);
        loop {
            tokio::select! {
                biased;
                piece = attached.output.next() => {
                    let Some(piece) = piece else { break };
                    self.pulse.beat();
                    if take(piece?).is_err() {
                        return Ok(CLOSED);
                    }
                }
                exit = &mut ended, if code.is_none() => code = Some(exit?),
                () = tokio::time::sleep(LAST_WORDS), if code.is_some() => break,
            }
        }
        match code {
            Some(code) => Ok(code),
            None => ended.await,
        }
    }

    async fn exit_code(&self, id: &str) -> Result<u8, Error> {
        let status = match pin!(self.patient.wait_container(id, None)).next().await {
            Some(Ok(ended)) => ended.status_code,
            Some(Err(Error::DockerContainerWaitError { code, .. })) => code,
            Some(Err(error)) => return Err(error),
            None => 1,
        };
        Ok(u8::try_from(status).unwrap_or(1))
    }

    /// Passes a signal on and waits for the end, with a time limit; a second signal ends the wait.
    async fn stop(
        &self,
        id: &str,
        signal: Signal,
        ended: Pin<&mut impl Future<Output = Result<u8, Error>>>,
    ) -> u8 {
        let options = KillContainerOptionsBuilder::new().signal(signal.name()).build();
        let _ = self.patient.kill_container(id, Some(options)).await; // it may just have ended
        tokio::select! {
            _ = ended => {}
            _ = asked_to_end() => {}
            () = tokio::time::sleep(GRACE) => {}
        }
        signal.exit_code()
    }
}

/// Passes standard input on, and its end.
async fn feed(mut input: Pin<Box<dyn AsyncWrite + Send>>) {
    let mut pieces = standard_input::pieces();
    while let Some(piece) = pieces.recv().await {
        if input.write_all(&piece).await.is_err() || input.flush().await.is_err() {
            return;
        }
    }
    let _ = input.shutdown().await; // the container may have ended
}

fn write(piece: LogOutput) -> io::Result<()> {
    match piece {
        LogOutput::StdErr { message } => io::stderr().lock().write_all(&message),
        LogOutput::StdOut { message } | LogOutput::Console { message } => {
            let mut stdout = io::stdout().lock();
            stdout.write_all(&message)?;
            stdout.flush()
        }
        LogOutput::StdIn { .. } => Ok(()),
    }
}

/// The variables of a container: those that name certificates come before its own.
fn variables(container: &Container) -> Vec<String> {
    let certificates = container.certificates.iter().flat_map(|_| VARIABLES);
    let named = certificates.map(|name| format!("{name}={CERTIFICATES}"));
    named.chain(container.env.iter().cloned()).collect()
}

fn body(container: &Container) -> ContainerCreateBody {
    let host = HostConfig {
        mounts: Some(container.mounts.iter().map(bind).collect()),
        device_requests: container.gpus.map(|count| vec![gpus(count)]),
        // SELinux else keeps containers from the files of users, whose labels are not ours to change.
        security_opt: (!container.mounts.is_empty()).then(|| vec!["label=disable".to_owned()]),
        ..HostConfig::default()
    };
    ContainerCreateBody {
        image: Some(container.image.clone()),
        cmd: container.command.clone(),
        env: Some(variables(container)),
        user: container.user.clone(),
        labels: Owner::current().map(|owner| owner.labels()),
        attach_stdin: Some(true),
        open_stdin: Some(true),
        stdin_once: Some(true),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        host_config: Some(host),
        ..ContainerCreateBody::default()
    }
}

fn bind(mount: &Mount) -> Bind {
    Bind {
        typ: Some(MountType::BIND),
        source: Some(mount.source.to_string_lossy().into_owned()),
        target: Some(mount.target.clone()),
        read_only: Some(mount.read_only),
        ..Bind::default()
    }
}

fn gpus(count: i64) -> DeviceRequest {
    DeviceRequest {
        count: Some(count),
        capabilities: Some(vec![vec!["gpu".to_owned()]]),
        ..DeviceRequest::default()
    }
}
