//! `c3 cancel`: ends a job.

use c3::failure::Failure;
use clap::Args;

use super::console;
use super::jobs::Named;

#[derive(Args, Debug)]
pub(crate) struct Options {
    #[command(flatten)]
    named: Named,
}

/// Runs the command.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    options.named.cancel()?;
    console::info(&format!("the job `{}` is cancelled", options.named.job), options.named.reach.log_level);
    Ok(())
}
