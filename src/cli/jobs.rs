//! What the commands share that start and watch jobs.

use std::io::{self, ErrorKind, Write};

use c3::failure::Failure;
use c3::progress::Progress;
use c3::submit::kubernetes::{self, Kubectl};
use c3::submit::{Audience, End, SubmitError, slurm};
use clap::{Args, ValueEnum};

use super::options::LogLevel;

/// Where jobs run.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Engine {
    /// Kubernetes, through kubectl.
    Kubernetes,
    /// Slurm, through its own programs.
    Slurm,
}

/// The engine and how it is reached.
#[derive(Args, Debug, Clone)]
pub(super) struct Reach {
    /// Engine of the job [default: that of its file or name: numbers are Slurm's]
    #[arg(long, value_name = "ENGINE")]
    pub(super) on: Option<Engine>,

    /// Context of the kubeconfig [default: the current one]
    #[arg(long, value_name = "NAME")]
    context: Option<String>,

    /// Namespace of the job [default: that of its file, else of the context]
    #[arg(short, long, value_name = "NAME")]
    pub(super) namespace: Option<String>,

    /// Log level
    #[arg(short, long, value_name = "LEVEL", default_value = "INFO", ignore_case = true)]
    pub(super) log_level: LogLevel,
}

/// A job that was started before.
#[derive(Args, Debug)]
pub(super) struct Named {
    /// Name of the job, as `c3 submit` has printed it
    #[arg(value_name = "JOB")]
    pub(super) job: String,

    #[command(flatten)]
    pub(super) reach: Reach,
}

impl Reach {
    /// `kubectl` for these options, in a job's own namespace where none is named.
    pub(super) fn kubectl(&self, of_job: Option<&str>) -> Result<Kubectl, SubmitError> {
        Kubectl::find(self.context.as_deref(), self.namespace.as_deref().or(of_job))
    }

    /// These, and others where nothing is said.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            on: self.on.or(other.on),
            context: self.context.or(other.context),
            namespace: self.namespace.or(other.namespace),
            log_level: self.log_level,
        }
    }

    /// Who is told of jobs.
    pub(super) fn teller(&self) -> Progress {
        Progress::new(self.log_level.into())
    }
}

impl Named {
    fn engine(&self) -> Engine {
        let is_number = self.job.starts_with(|first: char| first.is_ascii_digit())
            && self.job.chars().all(|character| character.is_ascii_digit() || character == '_');
        self.reach.on.unwrap_or(if is_number { Engine::Slurm } else { Engine::Kubernetes })
    }

    /// Follows the job to its end; its exit code becomes that of the program.
    pub(super) fn follow(&self, shows_log: bool) -> Result<(), Failure> {
        follow(self.engine(), &self.job, &self.reach, shows_log)
    }

    /// Shows what the job has said until now.
    pub(super) fn show_log(&self) -> Result<(), Failure> {
        let teller = self.reach.teller();
        let audience = Audience { teller: &teller, log: Some(&print) };
        shown(match self.engine() {
            Engine::Kubernetes => kubernetes::show_log(&self.reach.kubectl(None)?, &self.job, audience),
            Engine::Slurm => slurm::show_log(&self.job, audience),
        })
        .map(drop)
    }

    /// Ends the job.
    pub(super) fn cancel(&self) -> Result<(), Failure> {
        Ok(match self.engine() {
            Engine::Kubernetes => kubernetes::cancel(&self.reach.kubectl(None)?, &self.job),
            Engine::Slurm => slurm::cancel(&self.job),
        }?)
    }
}

/// Follows a job to its end; its exit code becomes that of the program.
pub(super) fn follow(engine: Engine, job: &str, reach: &Reach, shows_log: bool) -> Result<(), Failure> {
    let teller = reach.teller();
    let audience = Audience { teller: &teller, log: shows_log.then_some(&print) };
    let end = shown(match engine {
        Engine::Kubernetes => kubernetes::follow(&reach.kubectl(None)?, job, audience),
        Engine::Slurm => slurm::follow(job, audience),
    })?;
    match end {
        Some(End { code, reason: Some(reason) }) => {
            Err(Failure { code, ..Failure::new(code, format!("the job `{job}` failed: {reason}")) })
        }
        Some(End { code: 0, .. }) | None => Ok(()),
        Some(End { code, .. }) => Err(Failure::of_program(code)),
    }
}

/// What was shown, unless its reader has gone away, which is no error.
fn shown<T>(result: Result<T, SubmitError>) -> Result<Option<T>, Failure> {
    match result {
        Err(SubmitError::Log(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(None),
        result => Ok(Some(result?)),
    }
}

/// Prints a part of a program's log as it is.
fn print(part: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(part)?;
    stdout.flush()
}
