//! `c3 grid-clean`: removes what a finished grid left.

use c3::failure::Failure;
use c3::grid::clean::clean;
use c3::grid::storage::Storage;
use clap::Args;
use serde_json::json;

use super::console;
use super::options::Format;

#[derive(Args, Debug)]
pub(crate) struct Options {
    /// The folder of the marks (`gw_coordinator_path`) or of the results (`sgw_target_folder`), or the connection to it in
    /// an object store (`gw_coordinator_connection`), or a file that holds the connection
    #[arg(value_name = "FOLDER|CONNECTION")]
    place: String,

    /// Form of the output
    #[arg(long, default_value = "text")]
    format: Format,
}

/// Runs the command.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let removed = clean(&Storage::find(&options.place)?)?;
    match options.format {
        Format::Json => console::print_json(&json!({ "schema_version": 1, "removed": removed })),
        Format::Text => {
            console::print(&format!("{removed} mark{} removed\n", if removed == 1 { "" } else { "s" }))
        }
    }
}
