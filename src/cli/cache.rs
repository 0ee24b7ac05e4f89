//! `c3 cache`: shows or cleans this machine's cache.

use c3::cache::{self, Cleaning, Kind};
use clap::{Args, Subcommand};
use indicatif::HumanBytes;
use serde_json::{Map, Value, json};

use super::console;
use super::options::Format;
use c3::failure::{Failure, INPUT};

#[derive(Args, Debug)]
#[command(after_help = "\
Layers, environments and unpacked operators are kept. C3_CACHE_SIZE limits
its size (such as 500M; default 10Gi): what was not used for longest goes first,
but nothing that is in use.")]
pub(crate) struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// Print the folder of the cache
    Dir,
    /// Remove all from the cache that isn't in use
    Clean {
        /// Form of the output
        #[arg(long, default_value = "text")]
        format: Format,
    },
}

/// Runs the command.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    match options.action {
        Action::Dir => console::print(&format!("{}\n", cache::folder()?.display())),
        Action::Clean { format } => clean(format),
    }
}

fn clean(format: Format) -> Result<(), Failure> {
    let cleaning = cache::clean()?;
    match format {
        Format::Text => console::print(&text(&cleaning))?,
        Format::Json => console::print_json(&json(&cleaning)?)?,
    }
    match cleaning.failures.split_first() {
        None => Ok(()),
        Some((first, others)) => {
            let failure = Failure::new(INPUT, first.as_str()).hint("remove it by hand");
            Err(Failure { details: others.to_vec(), ..failure })
        }
    }
}

fn text(cleaning: &Cleaning) -> String {
    let some = |words: String| Some(words).filter(|words| !words.is_empty());
    let freed = some(cleaning.removed()).map(|removed| format!(": {removed}")).unwrap_or_default();
    let in_use = some(cleaning.in_use()).map(|words| format!("in use: {words}\n")).unwrap_or_default();
    format!("freed {}{freed}\n{in_use}", HumanBytes(cleaning.freed))
}

fn json(cleaning: &Cleaning) -> Result<Value, Failure> {
    let numbers = |numbers: [usize; 3]| -> Map<String, Value> {
        Kind::ALL
            .iter()
            .zip(numbers)
            .map(|(kind, number)| (kind.folder().to_owned(), number.into()))
            .collect()
    };
    Ok(json!({
        "schema_version": 1,
        "folder": cache::folder()?,
        "freed_bytes": cleaning.freed,
        "removed": numbers(cleaning.removed),
        "in_use": numbers(cleaning.in_use),
        "failures": cleaning.failures,
    }))
}
