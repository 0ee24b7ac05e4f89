//! The command line: one file per command, shared options and messages beside them.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

mod build_family;
mod cache;
mod check;
mod compile;
mod completions;
mod config;
mod console;
mod create_containerless_operator;
mod create_gridwrapper;
mod create_operator;
mod create_workflow;
mod decide;
mod doctor;
mod fix;
mod grid_status;
mod inspect;
mod man;
mod options;
mod original;
mod planning;
mod publish;
mod run;
mod snippet;
mod tips;

use c3::failure::Failure;

/// What stands below the commands in the help.
const AFTER_HELP: &str = "\
To begin with:
  c3 inspect FILE                        shows what is read of a source
  c3 create-operator FILE                builds it here, writes its files
  c3 create-operator -r quay.io/me FILE  pushes its image, too

Exit codes:
  0 done, 1 the input is at fault, 2 usage, 3 an engine, a registry or
  the network failed, 130 interrupted";

/// Compiles Python scripts, notebooks and R scripts into container images, Kubeflow components, Kubernetes jobs and CWL steps.
///
/// The source is read, never run.
#[derive(Parser)]
#[command(
    name = "c3",
    bin_name = "c3",
    version,
    propagate_version = false,
    max_term_width = 80,
    args_override_self = true,
    after_help = AFTER_HELP
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build and push the image of an operator and write its files
    CreateOperator(create_operator::Options),
    /// Build and push an operator of a Python script or notebook, whose workers share many batches of work
    CreateGridwrapper(create_gridwrapper::Options),
    /// Pack an operator with its packages into one zip that Python runs without a container, and write its CWL step
    CreateContainerlessOperator(create_containerless_operator::Options),
    /// Write the CWL workflow and the Kubeflow pipeline of operators that come one after the other
    CreateWorkflow(create_workflow::Options),
    /// Write the files of many operators at once, without an engine
    Compile(compile::Options),
    /// Show the component of a source or an image; nothing is written
    Inspect(inspect::Options),
    /// Show the settings that are in force for a source
    Config(config::Options),
    /// Print code that gives a task of a Kubeflow pipeline its volumes, secrets and resources
    Snippet(snippet::Options),
    /// Tell how far a run of a grid is, and which batches have failed
    GridStatus(grid_status::Options),
    /// Send what was made to a platform
    Publish(publish::Options),
    /// Build images of which some are built from others, and raise the versions of all that a change concerns
    BuildFamily(build_family::Options),
    /// Report likely problems of sources, for people or for programs
    Check(check::Options),
    /// Mend what `check` finds and is safe to mend
    Fix(fix::Options),
    /// Run an operator on this machine, in its image
    Run(run::Options),
    /// Tell which engine, base image, registry and tools are there or missing
    Doctor(doctor::Options),
    /// Show or clean what is kept for the next time
    Cache(cache::Options),
    /// Print what a shell needs to complete the command line of `c3`
    Completions(completions::Options),
    /// Print the manual, or write a page for each command
    Man(man::Options),
}

/// The command line, for what describes it.
fn command() -> clap::Command {
    Cli::command()
}

/// Runs the program: 0 done, 1 the input is at fault, 2 usage, 3 an engine, registry or network failed, 130 interrupted.
pub(crate) fn main(arguments: Vec<OsString>) -> ExitCode {
    if original::asks_help(&arguments) {
        return console::print(original::HELP).map_or_else(|failure| end(&failure), |()| ExitCode::SUCCESS);
    }
    let words = match original::words(arguments) {
        Ok(words) => words,
        Err(failure) => return end(&failure),
    };
    console::expect(&words);
    let cli = match Cli::try_parse_from(&words) {
        Ok(cli) => cli,
        Err(error) => {
            let error = tips::improved(error, &words, &command());
            console::usage(&error);
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => end(&failure),
    }
}

fn end(failure: &Failure) -> ExitCode {
    console::end(failure);
    ExitCode::from(failure.code)
}

fn run(command: Command) -> Result<(), Failure> {
    if matches!(
        command,
        Command::Inspect(_)
            | Command::GridStatus(_)
            | Command::Publish(_)
            | Command::BuildFamily(_)
            | Command::Run(_)
    ) {
        c3::settings::trust_nearest()?;
    }
    match command {
        Command::CreateOperator(options) => create_operator::run(&options),
        Command::CreateGridwrapper(options) => create_gridwrapper::run(&options),
        Command::CreateContainerlessOperator(options) => create_containerless_operator::run(&options),
        Command::CreateWorkflow(options) => create_workflow::run(&options),
        Command::Compile(options) => compile::run(&options),
        Command::Inspect(options) => inspect::run(&options),
        Command::Config(options) => config::run(&options),
        Command::Snippet(options) => snippet::run(&options),
        Command::GridStatus(options) => grid_status::run(&options),
        Command::Publish(options) => publish::run(&options),
        Command::BuildFamily(options) => build_family::run(&options),
        Command::Check(options) => check::run(&options),
        Command::Fix(options) => fix::run(&options),
        Command::Run(options) => run::run(&options),
        Command::Doctor(options) => doctor::run(&options),
        Command::Cache(options) => cache::run(&options),
        Command::Completions(options) => completions::run(&options),
        Command::Man(options) => man::run(&options),
    }
}
