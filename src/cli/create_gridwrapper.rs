//! `c3 create-gridwrapper`: an operator that calls a function of a script for each of many batches, by many workers.

use c3::backend::grid::{self, STORES, Store};
use clap::Args;

use super::console::Messages;
use super::create_operator;
use super::failure::Failure;

#[derive(Args, Debug)]
#[command(disable_version_flag = true)]
#[group(skip)]
pub(crate) struct Options {
    #[command(flatten)]
    operator: create_operator::Options,

    /// Function of the script that is called with each batch and the script's parameters
    #[arg(short, long, alias = "component_process", value_name = "NAME", default_value = "grid_process")]
    process: String,

    #[arg(short, long, value_name = "NAME", default_value = "local", value_parser = store, help = stores_help())]
    backend: &'static Store,
}

/// Runs the command.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let mut messages = Messages::default();
    let operator = &options.operator;
    let plan = operator
        .plan(&mut messages)
        .and_then(|plan| plan.wrapped(&options.process, options.backend, operator.emission(), &mut messages));
    messages.show();
    create_operator::create(operator, plan?)
}

fn store(name: &str) -> Result<&'static Store, String> {
    let names = || STORES.iter().map(|store| store.name).collect::<Vec<_>>().join(", ");
    grid::store(name).ok_or_else(|| format!("no such backend; there are {}", names()))
}

fn stores_help() -> String {
    let lines = STORES.iter().map(|store| format!("{} ({})", store.name, store.help));
    format!("Where the workers keep what they tell each other: {}", lines.collect::<Vec<_>>().join("; "))
}
