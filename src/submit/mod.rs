//! Jobs: started on an engine with values, followed, waited for and cancelled, through the engine's own programs.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::failure::{ENGINE, Fault, INPUT};
use crate::progress::Progress;

mod batches;
mod command;
pub mod kubernetes;
pub mod slurm;

/// Writes a part of a log.
pub type WriteLog<'a> = &'a (dyn Fn(&[u8]) -> io::Result<()> + Sync);

/// Receivers of a job's messages and log.
#[derive(Clone, Copy)]
pub struct Audience<'a> {
    /// Receives messages about problems and the end.
    pub reporter: &'a Progress,
    /// Receives the log, in whole lines if several pods log at once; nobody while only waiting.
    pub log: Option<WriteLog<'a>>,
}

/// The end of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// The exit code of its program; 0 only if the whole job is done.
    pub code: u8,
    /// Why it failed, if it did.
    pub reason: Option<String>,
}

/// Why a job could not be started, watched or cancelled.
#[derive(Debug, Error)]
pub enum SubmitError {
    /// The engine's program is missing.
    #[error("`{0}` was not found")]
    NoProgram(&'static str),
    /// The engine's program did not start.
    #[error("failed to start `{program}`: {source}")]
    Start {
        /// The program.
        program: &'static str,
        /// The error of the system.
        source: io::Error,
    },
    /// The user may not do that.
    #[error("the cluster denies it: {0}")]
    Forbidden(String),
    /// The engine does not answer.
    #[error("failed to reach {engine}: {reason}")]
    Unreachable {
        /// The engine.
        engine: &'static str,
        /// The message of its program.
        reason: String,
    },
    /// The engine rejected a request.
    #[error("`{program}` failed: {reason}")]
    Refused {
        /// The program.
        program: &'static str,
        /// Its message.
        reason: String,
    },
    /// The engine does not know the job.
    #[error("there is no job `{0}`")]
    NoJob(String),
    /// The file is not the manifest of a job.
    #[error("{0}")]
    Manifest(String),
    /// The log could not be written.
    #[error("failed to write the log: {0}")]
    Log(io::Error),
    /// The job has no volume that outputs can be delivered to.
    #[error("the job has no volume for its outputs, so they would go with its pods")]
    NoVolume,
    /// The job was submitted without delivery of outputs.
    #[error("the job `{0}` was started without `--output-dir`: its outputs are where its script writes them")]
    Undelivered(String),
    /// The pod that reads the outputs failed.
    #[error("failed to read the outputs with the pod `{pod}`: {reason}")]
    Unread {
        /// The pod.
        pod: String,
        /// What happened.
        reason: String,
        /// Path of the outputs in the job's pods.
        place: String,
    },
    /// The outputs could not be unpacked.
    #[error("failed to copy the outputs: {0}")]
    Outputs(io::Error),
    /// The folder of the outputs is not visible here.
    #[error("there is no folder `{}` on this machine, where the job delivers its outputs", .0.display())]
    Unseen(PathBuf),
    /// The engine has forgotten the script of the job, and with it the names of its outputs.
    #[error("Slurm has forgotten the script of the job `{0}`, and with it what its outputs are")]
    Forgotten(String),
}

impl Fault for SubmitError {
    fn code(&self) -> u8 {
        match self {
            Self::Manifest(_)
            | Self::Log(_)
            | Self::NoVolume
            | Self::Undelivered(_)
            | Self::Outputs(_)
            | Self::Unseen(_) => INPUT,
            _ => ENGINE,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoProgram("kubectl") => "install kubectl; `c3 doctor` tells what is missing".to_owned(),
            Self::NoProgram(_) => "run this on a machine of the cluster, where Slurm is installed".to_owned(),
            Self::Forbidden(_) => "ask the cluster's administrator for this permission, or name another namespace with `--namespace`".to_owned(),
            Self::Unreachable { engine: "the cluster", .. } => {
                "check the context with `kubectl config current-context`, or name one with `--context`".to_owned()
            }
            Self::Unreachable { .. } => "check it with `sinfo`".to_owned(),
            Self::NoJob(_) => "`--namespace` and `--context` say where to look, `--on` names the engine".to_owned(),
            Self::Manifest(_) => "name a Kubernetes job or a Slurm job that `c3` has written, or its source".to_owned(),
            Self::NoVolume => "make the job anew with `--volume CLAIM:PATH`, or leave `--output-dir` out".to_owned(),
            Self::Undelivered(_) => "name the folder when the job is started: `c3 submit --output-dir DIR`".to_owned(),
            Self::Unread { place, .. } => format!("they stay in `{place}` of the job's volume; `c3 wait --output-dir DIR` tries again"),
            Self::Outputs(_) => "make room, or name another folder with `--output-dir`; they stay where they are".to_owned(),
            Self::Unseen(_) => "call this where the file system of the nodes is mounted; if the job was started with `C3_OUTPUTS`, set it to the same".to_owned(),
            Self::Forgotten(_) => "they are in the folder `NAME-JOB` where the job was submitted".to_owned(),
            Self::Start { .. } | Self::Refused { .. } | Self::Log(_) => return None,
        })
    }
}
