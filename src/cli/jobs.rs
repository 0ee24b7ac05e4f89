//! Shared by the commands that start and watch jobs.

use std::env;
use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;

use c3::failure::Failure;
use c3::progress::Progress;
use c3::submit::kubernetes::{self, Kubectl};
use c3::submit::slurm::{self, Tasks};
use c3::submit::{Audience, SubmitError};
use clap::{Args, ValueEnum};

use super::console::{self, argument};
use super::options::LogLevel;

/// Engines that run jobs.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Engine {
    /// Kubernetes, through kubectl.
    Kubernetes,
    /// Slurm, through its own programs.
    Slurm,
}

/// The engine and its connection.
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

/// What to do with a job's outputs.
#[derive(Args, Debug, Clone)]
pub(super) struct Outputs {
    /// Wait for the end of the job and put its outputs into a folder; on Kubernetes they need a volume of the job
    #[arg(short, long, value_name = "DIR")]
    output_dir: Option<PathBuf>,
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
    /// Uses the namespace of a job's file if none is given.
    pub(super) fn settle(&mut self, of_job: Option<&str>) {
        self.namespace = self.namespace.take().or(of_job.map(ToOwned::to_owned));
    }

    /// `kubectl` for these options.
    pub(super) fn kubectl(&self) -> Result<Kubectl, SubmitError> {
        Kubectl::find(self.context.as_deref(), self.namespace.as_deref())
    }

    /// A job as an argument of another command.
    pub(super) fn named(&self, job: &str) -> String {
        let options = [("--context", &self.context), ("--namespace", &self.namespace)].into_iter();
        let options = options.filter_map(|(name, value)| Some([name.to_owned(), argument(value.as_ref()?)]));
        options.flatten().chain([job.to_owned()]).collect::<Vec<_>>().join(" ")
    }

    /// These options, with others as defaults.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            on: self.on.or(other.on),
            context: self.context.or(other.context),
            namespace: self.namespace.or(other.namespace),
            log_level: self.log_level,
        }
    }

    /// Where messages about jobs go.
    pub(super) fn reporter(&self) -> Progress {
        Progress::new(self.log_level.into())
    }
}

impl Outputs {
    /// Nothing is fetched.
    pub(super) const NONE: Self = Self { output_dir: None };

    /// Whether outputs are to be fetched.
    pub(super) fn are_wanted(&self) -> bool {
        self.output_dir.is_some()
    }

    /// These options, with others as defaults.
    pub(super) fn or(self, other: Self) -> Self {
        Self { output_dir: self.output_dir.or(other.output_dir) }
    }

    fn fetch(&self, job: &str, tasks: Option<&Tasks>, reach: &Reach) -> Result<(), Failure> {
        let Some(folder) = &self.output_dir else { return Ok(()) };
        let reporter = &reach.reporter();
        let named = || env::var_os("C3_OUTPUTS").filter(|path| !path.is_empty()).map(PathBuf::from);
        match tasks {
            Some(tasks) => tasks.fetch(job, folder, named().as_deref(), reporter),
            None => kubernetes::fetch(&reach.kubectl()?, job, folder, reporter),
        }
    }
}

impl Named {
    fn engine(&self) -> Engine {
        let is_number = self.job.starts_with(|first: char| first.is_ascii_digit())
            && self.job.chars().all(|character| character.is_ascii_digit() || character == '_');
        self.reach.on.unwrap_or(if is_number { Engine::Slurm } else { Engine::Kubernetes })
    }

    /// Follows the job to its end; exits with its exit code.
    pub(super) fn follow(&self, shows_log: bool, outputs: &Outputs) -> Result<(), Failure> {
        follow(self.engine(), &self.job, &self.reach, shows_log, outputs)
    }

    /// Shows the job's log so far.
    pub(super) fn show_log(&self) -> Result<(), Failure> {
        let reporter = self.reach.reporter();
        let audience = Audience { reporter: &reporter, log: Some(&print) };
        shown(match self.engine() {
            Engine::Kubernetes => kubernetes::show_log(&self.reach.kubectl()?, &self.job, audience),
            Engine::Slurm => slurm::show_log(&self.job, audience),
        })
        .map(drop)
    }

    /// Ends the job.
    pub(super) fn cancel(&self) -> Result<(), Failure> {
        Ok(match self.engine() {
            Engine::Kubernetes => kubernetes::cancel(&self.reach.kubectl()?, &self.job),
            Engine::Slurm => slurm::cancel(&self.job),
        }?)
    }
}

/// Follows a job to its end, and fetches its outputs; exits with its exit code.
pub(super) fn follow(
    engine: Engine,
    job: &str,
    reach: &Reach,
    shows_log: bool,
    outputs: &Outputs,
) -> Result<(), Failure> {
    let reporter = reach.reporter();
    let audience = Audience { reporter: &reporter, log: shows_log.then_some(&print) };
    let end = shown(match engine {
        Engine::Kubernetes => kubernetes::follow(&reach.kubectl()?, job, audience).map(|end| (end, None)),
        Engine::Slurm => slurm::follow(job, audience).map(|(end, tasks)| (end, Some(tasks))),
    })?;
    let Some((end, tasks)) = end else { return Ok(()) };
    let fetched = outputs.fetch(job, tasks.as_ref(), reach);
    if end.code == 0 {
        return fetched;
    }
    // The exit code is the job's, whatever becomes of its outputs.
    if let Err(failure) = fetched {
        console::failure(&failure);
    }
    Err(match end.reason {
        Some(reason) => Failure::new(end.code, format!("the job `{job}` failed: {reason}")),
        None => Failure::of_program(end.code),
    })
}

/// The result, or nothing if the reader of the log is gone, which is no error.
fn shown<T>(result: Result<T, SubmitError>) -> Result<Option<T>, Failure> {
    match result {
        Err(SubmitError::Log(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(None),
        result => Ok(Some(result?)),
    }
}

/// Prints a part of a log unchanged.
fn print(part: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(part)?;
    stdout.flush()
}
