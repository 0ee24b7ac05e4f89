//! The command line: one file per command, shared options and messages beside them.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

mod build;
mod build_family;
mod cache;
mod cancel;
mod catalogue;
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
mod explain;
mod fix;
mod graph;
mod grid_clean;
mod grid_status;
mod help;
mod init;
mod inspect;
mod jobs;
mod logs;
mod man;
mod options;
mod original;
mod planning;
mod publish;
mod run;
mod snippet;
mod submit;
mod tips;
mod wait;

use c3::failure::Failure;

/// What stands below the commands in the help.
const AFTER_HELP: &str = "\
To begin with:
  c3 inspect FILE                        shows what c3 reads
  c3 create-operator FILE                builds and writes files
  c3 create-operator -r quay.io/me FILE  also pushes its image";

/// What stands below that in the long help.
const EXIT_CODES: &str = "\
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
    after_help = AFTER_HELP,
    after_long_help = format!("{AFTER_HELP}\n\n{EXIT_CODES}")
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build and push an operator, and write its files
    CreateOperator(create_operator::Options),
    /// Build an operator whose workers share batches
    ///
    /// Wraps a Python script or notebook; each worker calls its function for one batch after the other.
    CreateGridwrapper(create_gridwrapper::Options),
    /// Pack an operator that runs without a container
    ///
    /// Writes a zip that Python runs, packages included, and its CWL step.
    CreateContainerlessOperator(create_containerless_operator::Options),
    /// Build many operators, those that have changed
    ///
    /// Builds and pushes the images of all operators in folders, and writes their files. An operator that hasn't changed keeps
    /// its version, image and files.
    Build(build::Options),
    /// Join operators into a workflow
    ///
    /// Writes a CWL workflow and a Kubeflow pipeline, or a template of Argo, that run the operators one after the other.
    CreateWorkflow(create_workflow::Options),
    /// Draw a workflow
    ///
    /// Prints a picture of operators one after the other, or of a workflow that is there already.
    Graph(graph::Options),
    /// Write a page about a library of operators
    ///
    /// Static pages with a search: interface, image, commands for each engine, diagnostics and workflows. They need no
    /// server and load nothing from elsewhere.
    Catalogue(catalogue::Options),
    /// Write the files of operators without building
    Compile(compile::Options),
    /// Show what c3 reads from a source or an image
    Inspect(inspect::Options),
    /// Show the settings of a source
    Config(config::Options),
    /// Print code for a task of a Kubeflow pipeline
    ///
    /// The code gives the task its volumes, secrets and resources.
    Snippet(snippet::Options),
    /// Show the progress of a grid
    ///
    /// How many batches are done, in progress and waiting, and which have failed.
    GridStatus(grid_status::Options),
    /// Remove what a finished grid has left
    ///
    /// Locks and other marks that only its workers needed: what is done stays done, and what has failed stays failed.
    GridClean(grid_clean::Options),
    /// Send an image or environment to a platform
    Publish(publish::Options),
    /// Build images that depend on each other
    ///
    /// Raises the versions of all images that a change affects.
    BuildFamily(build_family::Options),
    /// Report likely problems of sources
    Check(check::Options),
    /// Explain the code of an error, warning or note
    Explain(explain::Options),
    /// Start with an example operator
    ///
    /// Writes a commented source, a `c3.toml` and, if wanted, a CI file; on a terminal it asks what to write.
    Init(init::Options),
    /// Fix what `check` finds, where that is safe
    Fix(fix::Options),
    /// Run an operator on this machine, in its image
    Run(run::Options),
    /// Start an operator's job on Kubernetes or Slurm
    ///
    /// Takes the job that `create-operator` has written, with values of this command line; secrets are taken from this
    /// environment. `--follow` shows the log and gives the exit code of the program.
    Submit(submit::Options),
    /// Show the log of a job
    Logs(logs::Options),
    /// Wait for a job and give its exit code
    Wait(wait::Options),
    /// End a job
    Cancel(cancel::Options),
    /// Check what this machine has and lacks
    ///
    /// Tries the engine, base image, registry, cluster and programs.
    Doctor(doctor::Options),
    /// Show or clean the cache
    Cache(cache::Options),
    /// Print completions for a shell
    Completions(completions::Options),
    /// Print or write the manual pages
    Man(man::Options),
}

/// The command line, for documentation.
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
    let parsed = help::arranged(command(), help::is_long(&words)).try_get_matches_from(&words);
    let cli = match parsed.and_then(|matches| Cli::from_arg_matches(&matches)) {
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
            | Command::GridClean(_)
            | Command::Publish(_)
            | Command::BuildFamily(_)
            | Command::Run(_)
            | Command::Submit(_)
    ) {
        c3::settings::trust_nearest()?;
    }
    match command {
        Command::CreateOperator(options) => create_operator::run(&options),
        Command::CreateGridwrapper(options) => create_gridwrapper::run(&options),
        Command::CreateContainerlessOperator(options) => create_containerless_operator::run(&options),
        Command::Build(options) => build::run(&options),
        Command::CreateWorkflow(options) => create_workflow::run(&options),
        Command::Graph(options) => graph::run(&options),
        Command::Catalogue(options) => catalogue::run(&options),
        Command::Compile(options) => compile::run(&options),
        Command::Inspect(options) => inspect::run(&options),
        Command::Config(options) => config::run(&options),
        Command::Snippet(options) => snippet::run(&options),
        Command::GridStatus(options) => grid_status::run(&options),
        Command::GridClean(options) => grid_clean::run(&options),
        Command::Publish(options) => publish::run(&options),
        Command::BuildFamily(options) => build_family::run(&options),
        Command::Check(options) => check::run(&options),
        Command::Explain(options) => explain::run(&options),
        Command::Init(options) => init::run(&options),
        Command::Fix(options) => fix::run(&options),
        Command::Run(options) => run::run(&options),
        Command::Submit(options) => submit::run(&options),
        Command::Logs(options) => logs::run(&options),
        Command::Wait(options) => wait::run(&options),
        Command::Cancel(options) => cancel::run(&options),
        Command::Doctor(options) => doctor::run(&options),
        Command::Cache(options) => cache::run(&options),
        Command::Completions(options) => completions::run(&options),
        Command::Man(options) => man::run(&options),
    }
}
