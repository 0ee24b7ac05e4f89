//! `c3 create-gridwrapper`: builds an operator whose workers call a function of a script for each of many
//! batches.

use c3::backend::grid::{self, STORES, Store};
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use super::console::Messages;
use super::{create_operator, planning};
use c3::failure::Failure;

/// Help heading of the grid's options.
const GRID: &str = "Grid";

#[derive(Args, Debug)]
#[command(disable_version_flag = true)]
#[group(skip)]
pub(crate) struct Options {
    /// Function of the script that is called for each batch, with its id (`simple`, `folder`: the paths of the batch and
    /// its result) and the script's parameters
    #[arg(
        short,
        long,
        alias = "component_process",
        value_name = "NAME",
        default_value = c3::frontend::PROCESS,
        help_heading = GRID
    )]
    process: String,

    /// Where the workers share which batches are done
    #[arg(
        short,
        long,
        value_name = "NAME",
        default_value = "local",
        value_parser = stores(),
        help_heading = GRID
    )]
    backend: &'static Store,

    #[command(flatten)]
    operator: create_operator::Options,
}

/// Runs the command.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let mut messages = Messages::default();
    let operator = &options.operator;
    // Workers call its functions.
    let source = operator.source()?.as_module();
    let plan = operator.plan(&source, &mut messages).and_then(|plan| {
        planning::wrapped(plan, operator.level(), &mut messages, |plan, diagnostics| {
            plan.wrapped(&options.process, options.backend, diagnostics)
        })
    });
    messages.show();
    create_operator::create(operator, plan?)
}

/// The names of the stores, including the original's long names.
fn stores() -> impl TypedValueParser<Value = &'static Store> {
    let name = |store: &Store| PossibleValue::new(store.name).help(store.help).alias(store.long_name);
    PossibleValuesParser::new(STORES.iter().map(name))
        .try_map(|name| grid::store(&name).ok_or("no such backend"))
}
