//! `c3 config`: prints the settings of a source, and their schema.

use std::path::PathBuf;

use c3::load;
use c3::settings::{self, Config, Files, Layers};
use c3::source::Source;
use clap::Args;
use serde_json::json;

use super::console;
use super::options::{Format, LogLevel};
use c3::failure::{Failure, INPUT};

#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Python script, R script or notebook
    #[arg(value_name = "FILE", required_unless_present = "schema")]
    file: Option<PathBuf>,

    /// Form of the output
    #[arg(long, default_value = "text")]
    format: Format,

    /// Print the JSON Schema of `c3.toml` instead
    #[arg(long, conflicts_with = "file")]
    schema: bool,
}

/// Runs the command.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    match &options.file {
        Some(file) => in_force(&load::load(file)?, options.format),
        None => console::print_json_alone(&settings::schema()),
    }
}

/// Prints the settings of a source as a `c3.toml` under a comment with their origins, or both as JSON.
fn in_force(source: &Source, format: Format) -> Result<(), Failure> {
    let (reading, own) = Config::with(source);
    if reading.component.is_none() {
        console::diagnostics(&reading.diagnostics, source, LogLevel::Error);
        return Err(Failure::diagnosed());
    }
    let layers = Layers::find(&Files::default(), source, own)?;
    let (places, settings) = (layers.places(source), layers.merged());
    if format == Format::Json {
        let source = source.display();
        return console::print_json(
            &json!({"schema_version": 1, "source": source, "files": places, "settings": settings}),
        );
    }
    let settings = toml::to_string(&settings)
        .map_err(|error| Failure::new(INPUT, format!("cannot write the settings as TOML: {error}")))?;
    let places = if places.is_empty() { "no file".to_owned() } else { places.join(", then ") };
    console::print(&format!("# {}: from {places}\n{settings}", source.display()))
}
