//! `c3 man`: prints or writes the manual pages.

use std::path::{Path, PathBuf};

use c3::artifact::{self, Artifact, Destination, Existing};
use clap::{Args, Command};
use clap_mangen::Man;
use clap_mangen::roff::{self, Roff};

use super::console;
use c3::failure::{Failure, INPUT};

#[derive(Args, Debug)]
#[command(after_help = "Read it with `c3 man | man -l -`.")]
pub(crate) struct Options {
    /// Write a page for `c3` and one for each of its commands into this folder, such as
    /// ~/.local/share/man/man1, instead of printing the first
    #[arg(short, long, value_name = "DIR")]
    output_dir: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let mut command = super::command().disable_help_subcommand(true);
    command.build();
    match &options.output_dir {
        None => console::print_for_programs(&String::from_utf8_lossy(&page(command)?)),
        Some(folder) => write(command, folder),
    }
}

fn write(command: Command, folder: &Path) -> Result<(), Failure> {
    let commands = command.get_subcommands().cloned().collect::<Vec<_>>();
    let pages = std::iter::once(command).chain(commands).map(artifact).collect::<Result<Vec<_>, _>>()?;
    let files = artifact::write(&pages, Destination { folder, stem: "" }, &Existing::Overwrite)?;
    console::print(&files.iter().map(|file| format!("{}\n", file.display())).collect::<String>())
}

fn artifact(command: Command) -> Result<Artifact, Failure> {
    let name = Man::new(command.clone()).get_filename();
    Ok(Artifact { name, content: page(command)? })
}

fn page(mut command: Command) -> Result<Vec<u8>, Failure> {
    command.build();
    let title = command.get_display_name().unwrap_or(command.get_name()).to_uppercase();
    let notes = command
        .get_after_long_help()
        .or(command.get_after_help())
        .map(ToString::to_string)
        .unwrap_or_default();
    let man = Man::new(command.after_help(None::<&str>).after_long_help(None::<&str>))
        .title(title)
        .date(" ")
        .source(concat!("c3 ", env!("CARGO_PKG_VERSION")));
    let mut page = Vec::new();
    let written = man.render(&mut page).and_then(|()| section(&notes).to_writer(&mut page));
    written.map_err(|error| Failure::new(INPUT, format!("cannot write the manual: {error}")))?;
    Ok(page)
}

/// A section of preformatted text, from the help's footer.
fn section(notes: &str) -> Roff {
    let mut section = Roff::new();
    if !notes.is_empty() {
        section.control("SH", ["NOTES"]).control("nf", []);
        section
            .text(notes.lines().flat_map(|line| [roff::roman(line), roff::line_break()]).collect::<Vec<_>>());
        section.control("fi", []);
    }
    section
}
