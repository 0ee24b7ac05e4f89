//! `c3 wait`: waits for the end of a job.

use c3::failure::Failure;
use clap::Args;

use super::jobs::Named;

#[derive(Args, Debug)]
pub(crate) struct Options {
    #[command(flatten)]
    named: Named,
}

/// Runs the command; the job's exit code becomes its own.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    options.named.follow(false)
}
