//! `c3 inspect`: shows the component of a source or image.

use std::path::Path;

use c3::check;
use c3::check::surroundings::{Listings, Surroundings};
use c3::component::{Component, Input, Requirement};
use c3::diagnostic::Diagnostic;
use c3::display;
use c3::engine::registry::{self, RegistryError};
use c3::files;
use c3::frontend;
use c3::load;
use c3::location::Location;
use c3::manifest;
use c3::neighbours::{self, Neighbours};
use c3::operator::image;
use c3::operator::project::Around;
use c3::requirement_files::{self, remote::Remote};
use c3::settings::{Config, Files, Layers, current_dir};
use c3::source::Source;
use clap::{Args, ValueEnum};

use super::console::{self, Messages};
use super::options::LogLevel;
use c3::failure::{Failure, INPUT};

#[derive(Args, Debug)]
pub(crate) struct Options {
    /// A source, or the reference of an image
    #[arg(value_name = "FILE|IMAGE")]
    subject: String,

    /// Form of the output
    #[arg(long, default_value = "table")]
    format: Format,
}

#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    /// For people.
    Table,
    /// For programs.
    Json,
}

/// Margin and space between columns.
const MARGIN: usize = 2;

/// Minimum width of the last column.
const NARROW: usize = 18;

/// Indent of a last cell on its own line.
const BELOW: usize = 6;

/// Maximum length of a default, in characters.
const MAX_CELL: usize = 40;

/// Runs the command.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let path = Path::new(&options.subject);
    let component = if path.exists() || is_file_name(&options.subject) {
        of_source(path)?
    } else {
        taken_for_image(&options.subject, LogLevel::Info);
        of_image(&options.subject)?
    };
    match options.format {
        Format::Json => console::print_json(&component),
        Format::Table => console::print(&table(&component)),
    }
}

/// Whether a text looks like a file name: it has a suffix of sources, and neither registry nor tag.
pub(super) fn is_file_name(text: &str) -> bool {
    let extension = Path::new(text).extension().is_some();
    let is_one = frontend::kind(Path::new(text)).is_some() || manifest::is_manifest(text);
    is_one || (extension && !text.contains(['/', ':', '@']))
}

/// Warns if a source's name without its suffix is used as an image.
pub(super) fn taken_for_image(subject: &str, level: LogLevel) {
    if let Some(source) = load::without_ending(Path::new(subject)) {
        let message = format!("`{subject}` is taken for an image; the source is `{}`", source.display());
        console::warning(&message, level);
    }
}

fn of_source(path: &Path) -> Result<Component, Failure> {
    let source = load::load(path)?;
    let (reading, own) = Config::with(&source);
    let mut messages = Messages::default();
    let Some(mut component) = reading.component else {
        messages.add(&reading.diagnostics, &source, LogLevel::Info);
        messages.show();
        return Err(Failure::diagnosed());
    };
    let settings = Layers::find(&Files::default(), &source, own)?.merged();
    let has_block = reading.metadata.is_some_and(|block| block.has_dependencies());
    let mut diagnostics = reading.diagnostics;
    let given = files::collect(&settings.additional_files, &current_dir()?)
        .map(|found| found.files)
        .unwrap_or_default();
    let neighbours = neighbours::find(&source, &reading.mentions, &component, &current_dir()?, &given);
    let mut around = Around { component: &mut component, diagnostics: &mut diagnostics };
    around.look(&source, &settings, has_block, &neighbours);
    let missing = missing(&source, &component, &settings, neighbours)?;
    messages.add(&diagnostics, &source, LogLevel::Info);
    diagnostics.extend(missing.clone());
    if let Some(missing) = missing {
        messages.add_line(&missing, &source, LogLevel::Info);
    }
    messages.show();
    component.diagnostics = diagnostics.iter().map(|found| source.resolve(found)).collect();
    settings.job.mark_secrets(&mut component);
    Ok(component)
}

/// The modules missing in the image; a custom base image may hold anything.
fn missing(
    source: &Source,
    component: &Component,
    settings: &Config,
    neighbours: Neighbours,
) -> Result<Option<Diagnostic>, Failure> {
    let is_open = settings.base_image.is_some() || settings.dockerfile_template.is_some();
    if is_open || neighbours.foreign.is_empty() {
        return Ok(None);
    }
    let root = current_dir()?;
    let files = requirement_files::resolve(&component.requirements, source.path(), &root, Remote::Left);
    let mut around = Surroundings::look(source.path(), &root, &files, None, &Listings::default());
    around.neighbours = neighbours.read;
    Ok(check::missing_modules(source, component, &around))
}

/// The component in an image's label; asks the engine first, then the registry.
fn of_image(reference: &str) -> Result<Component, Failure> {
    let local = image::connect(None).ok().and_then(|engine| engine.inspect(reference).ok().flatten());
    let labels = match local {
        Some(image) => image.labels,
        None => registry::labels(reference).map_err(|error| elsewhere(reference, error))?,
    };
    image::component(reference, &labels)?.ok_or_else(|| {
        Failure::new(INPUT, format!("`{reference}` carries no component"))
            .hint("only images that `c3` has built do, and none with hundreds of inputs; inspect the source")
    })
}

/// The failure for an image that neither engine nor registry has.
fn elsewhere(reference: &str, error: RegistryError) -> Failure {
    let failure = Failure::from(error);
    let message = failure.message.unwrap_or_default();
    Failure { message: Some(format!("no engine here has `{reference}`, and {message}")), ..failure }
}

fn table(component: &Component) -> String {
    let description = console::hanging(&indented(&component.description), MARGIN, console::stdout_width());
    let mut text = format!("{}\n{description}\n", display::line(&component.name));
    let inputs = component.inputs.iter().map(|input| {
        let need = match (&input.default, input.required) {
            (Some(default), _) => format!("default \"{}\"", display::beginning(default, MAX_CELL)),
            (None, true) => "required".to_owned(),
            (None, false) => "optional".to_owned(),
        };
        let secret = if input.secret { ", secret" } else { "" };
        let description = input.description.clone().unwrap_or_default();
        [
            input.name.clone(),
            input.kind.name().to_owned(),
            format!("{need}{secret}{}", way(input)),
            place(&input.location),
            description,
        ]
    });
    let outputs = component.outputs.iter().map(|output| {
        let description = output.description.clone().unwrap_or_default();
        [
            output.name.clone(),
            output.kind.name().to_owned(),
            String::new(),
            place(&output.location),
            description,
        ]
    });
    let width = console::stdout_width();
    if component.inputs.is_empty() {
        text += "\nno inputs: `c3 explain no-inputs` tells how to have some\n";
    }
    text += &section("inputs", &inputs.collect::<Vec<_>>(), width);
    text += &section("outputs", &outputs.collect::<Vec<_>>(), width);
    text +=
        &section("requirements", &component.requirements.iter().map(requirement).collect::<Vec<_>>(), width);
    text
}

/// How the script takes an input, if not as a variable.
fn way(input: &Input) -> String {
    match &input.argument {
        None => String::new(),
        Some(argument) if argument.is_positional() => ", argument".to_owned(),
        Some(argument) => format!(", option {}", argument.spelling(&input.name)),
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

fn place(location: &Location) -> String {
    match location.cell {
        None => format!("line {}", location.line),
        Some(cell) => format!("cell {cell} line {}", location.line),
    }
}

fn requirement(requirement: &Requirement) -> [String; 2] {
    match requirement {
        Requirement::Pip { text, .. } => ["pip".to_owned(), text.clone()],
        Requirement::Conda { text, .. } => ["conda".to_owned(), text.clone()],
        Requirement::System { text, .. } => ["system".to_owned(), text.clone()],
        Requirement::R { text, .. } => ["r".to_owned(), text.clone()],
    }
}

/// A title and rows in columns; the last cell wraps at the width of the terminal.
fn section<const N: usize>(title: &str, rows: &[[String; N]], width: Option<usize>) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let cells = |row: &[String; N]| row.each_ref().map(|cell| display::line(cell).into_owned());
    let rows: Vec<_> = rows.iter().map(cells).collect();
    let widest = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(widest);
    let last: usize = MARGIN + widths[..N - 1].iter().map(|width| width + MARGIN).sum::<usize>();
    // Where too little room is left, the last cell has lines of its own.
    let is_below = width.is_some_and(|width| last + NARROW > width && last + widths[N - 1] > width);
    let row = |row: &[String; N]| {
        let cells = row[..N - 1].iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}  "));
        let start = format!("{:MARGIN$}{}", "", cells.collect::<String>());
        let (start, indent) = if is_below && !row[N - 1].is_empty() {
            (format!("{}\n{:BELOW$}", start.trim_end(), ""), BELOW)
        } else {
            (start, last)
        };
        let text = format!("{start}{}", row[N - 1]);
        format!("{}\n", console::hanging(text.trim_end(), indent, width))
    };
    format!("\n{title}\n{}", rows.iter().map(row).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_fit_the_terminal_width() {
        let rows = [["a".to_owned(), "Integer".to_owned(), "words that go on and on, to the end".to_owned()]];
        assert_eq!(section("t", &rows, None), "\nt\n  a  Integer  words that go on and on, to the end\n");
        let narrow = "\nt\n  a  Integer  words that go on\n              and on, to the end\n";
        assert_eq!(section("t", &rows, Some(33)), narrow);
        let below = "\nt\n  a  Integer\n      words that go on and on,\n      to the end\n";
        assert_eq!(section("t", &rows, Some(30)), below);
    }
}
