//! `c3 wait`: waits for the end of a job, and fetches its outputs.

use c3::failure::Failure;
use clap::Args;

use super::jobs::{Named, Outputs};

#[derive(Args, Debug)]
pub(crate) struct Options {
    #[command(flatten)]
    named: Named,

    #[command(flatten)]
    outputs: Outputs,
}

/// Runs the command; the job's exit code becomes its own.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    options.named.follow(false, &options.outputs)
}
