//! `c3 snippet`: prints code that gives a task of a Kubeflow pipeline its volumes, secrets and resources.

use std::path::PathBuf;

use c3::backend::snippet::{self, Kfp};
use c3::job::Job;
use c3::load;
use c3::settings::{Config, Files, Layers};
use clap::{Args, ValueEnum};
use serde_json::json;

use super::console;
use super::options::{Format, LogLevel};
use c3::failure::Failure;

#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Python script, R script or notebook
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Version of Kubeflow Pipelines that the code is for
    #[arg(long, value_name = "VERSION", default_value = "2")]
    kfp: Version,

    #[command(flatten)]
    job: Job,

    /// Form of the output
    #[arg(long, default_value = "text")]
    format: Format,
}

/// A version of Kubeflow Pipelines.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    /// kfp 1.8
    #[value(name = "1.8", alias = "1")]
    V1,
    /// kfp 2 with kfp-kubernetes
    #[value(name = "2")]
    V2,
}

impl From<Version> for Kfp {
    fn from(version: Version) -> Self {
        match version {
            Version::V1 => Self::V1,
            Version::V2 => Self::V2,
        }
    }
}

/// Runs the command.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let source = load::load(&options.file)?;
    let (reading, own) = Config::with(&source);
    console::diagnostics(&reading.diagnostics, &source, LogLevel::Error);
    let mut component = reading.component.ok_or_else(Failure::diagnosed)?;
    let layers = Layers::find(&Files::default(), &source, own)?;
    let job = options.job.over(&layers.merged().job);
    job.mark_secrets(&mut component);
    let code = snippet::emit(&component, &job, &source.stem(), options.kfp.into());
    match options.format {
        Format::Text => console::print_for_programs(&code),
        Format::Json => {
            let source = source.display();
            console::print_json(&json!({"schema_version": 1, "source": source, "code": code}))
        }
    }
}
