//! `c3 logs`: shows the log of a job.

use c3::failure::Failure;
use clap::Args;

use super::jobs::{Named, Outputs};

#[derive(Args, Debug)]
pub(crate) struct Options {
    #[command(flatten)]
    named: Named,

    /// Go on to the end of the job; its exit code becomes that of `c3`
    #[arg(short, long)]
    follow: bool,
}

/// Runs the command.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    if options.follow { options.named.follow(true, &Outputs::NONE) } else { options.named.show_log() }
}
