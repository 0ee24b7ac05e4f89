//! `c3 fix`: makes safe edits of sources.

use std::path::{Path, PathBuf};

use c3::artifact;
use c3::check::{self, surroundings::Listings};
use c3::failure::{Failure, INPUT};
use c3::fix::{self, Change, Refusal};
use c3::frontend::{self, Reading};
use c3::load;
use c3::operator::{self, Planned, Purpose, Request, sources};
use c3::reader;
use c3::source::Source;
use clap::Args;
use serde_json::{Value, json};

use super::console;
use super::options::{Format, LogLevel};

/// Adds imports of `os` and the like that the original did by itself, and the packages that are imported and not
/// installed, where it is sure which they are; or converts how they are
/// written. What is read from the source stays the same.
#[derive(Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Options {
    /// Sources, and folders with sources
    #[arg(value_name = "FILE|FOLDER", required = true)]
    paths: Vec<PathBuf>,

    /// Turn `# pip install` lines into a PEP 723 block instead
    #[arg(long)]
    to_script_block: bool,

    /// Turn the dependencies of the PEP 723 block into `# pip install` lines instead
    #[arg(long, conflicts_with = "to_script_block")]
    to_comments: bool,

    /// Make inputs of the plain values at the top of a script, or in the first cell of a notebook that has some, instead
    #[arg(long, conflicts_with_all = ["to_script_block", "to_comments"])]
    parameters: bool,

    /// Show what would be changed, and change nothing
    #[arg(long)]
    diff: bool,

    /// Form of the output
    #[arg(long, default_value = "text")]
    format: Format,
}

impl Options {
    fn change(&self) -> Change {
        match (self.to_script_block, self.to_comments) {
            (true, _) => Change::ToScriptBlock,
            (_, true) => Change::ToComments,
            _ => Change::AddPackages,
        }
    }
}

/// Runs the command: fixes every source, even if others fail.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let (request, listings) = (Request::default(), Listings::default());
    let (mut failed, mut files) = (None, Vec::new());
    for path in sources::collect(&options.paths)? {
        let mended = mend(&path, options, &request, &listings);
        files.push(entry(&path, &mended));
        match mended {
            Ok(diff) if options.format == Format::Text => console::print_for_programs(&diff)?,
            Ok(_) => {}
            Err(failure) => {
                console::failure(&failure);
                failed = Some(failure.code);
            }
        }
    }
    if options.format == Format::Json {
        console::print_json(&json!({"schema_version": 1, "written": !options.diff, "files": files}))?;
    }
    failed.map_or(Ok(()), |code| Err(Failure { code, ..Failure::diagnosed() }))
}

/// The result for one source as JSON.
fn entry(path: &Path, mended: &Result<String, Failure>) -> Value {
    match mended {
        Ok(diff) => json!({"file": path, "changed": !diff.is_empty(), "diff": diff}),
        Err(failure) => json!({"file": path, "changed": false, "error": console::failure_json(failure)}),
    }
}

/// Fixes one source, and returns the diff.
fn mend(path: &Path, options: &Options, request: &Request, listings: &Listings) -> Result<String, Failure> {
    let source = load::load(path)?;
    let file = reader::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    let refused = |refusal: Refusal| refused(path, &refusal);
    if options.parameters {
        return with_parameters(&source, path, &file, options);
    }
    let imported = fix::add_imports(&source, &file).map_err(refused)?;
    let (source, with_imports) = imported.unwrap_or((source, file.clone()));
    let Planned { plan, diagnostics } = operator::plan(&source, request, Purpose::Files);
    let plan = plan.inspect_err(|_| console::diagnostics(&diagnostics, &source, LogLevel::Error))?;
    let missing = check::missing_distributions(&source, &plan.component, &plan.surroundings(listings)?);
    // A line would count in place of the project's file, not with it.
    let missing = if plan.project.is_none() { missing } else { Vec::new() };
    let own = plan.project.as_ref().and_then(|_| frontend::read(&source).component);
    let component = own.as_ref().unwrap_or(&plan.component);
    let fixed = fix::fix(options.change(), &source, &with_imports, component, &missing).map_err(refused)?;
    write(path, &file, &fixed.unwrap_or(with_imports), options)
}

/// Turns a source's plain values into inputs, and returns the diff.
fn with_parameters(source: &Source, path: &Path, file: &str, options: &Options) -> Result<String, Failure> {
    let Reading { component, diagnostics, .. } = frontend::read(source);
    let Some(component) = component else {
        console::diagnostics(&diagnostics, source, LogLevel::Error);
        return Err(Failure::diagnosed());
    };
    let text = fix::add_parameters(source, file, &component).map_err(|refusal| refused(path, &refusal))?;
    if let Some(text) = text {
        return write(path, file, &text, options);
    }
    let message =
        format!("`{}` has no further plain value at the top that could become an input", path.display());
    console::info(&message, LogLevel::Info);
    Ok(String::new())
}

/// Writes a changed file unless it is only to be shown; returns the diff.
fn write(path: &Path, file: &str, text: &str, options: &Options) -> Result<String, Failure> {
    if text == file {
        return Ok(String::new());
    }
    let diff = fix::diff(&path.display().to_string(), file, text);
    if !options.diff {
        artifact::replace(path, text.as_bytes())?;
    }
    Ok(diff)
}

fn refused(path: &Path, refusal: &Refusal) -> Failure {
    Failure::new(INPUT, format!("`{}` {refusal}", path.display())).hint(refusal.hint())
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(INPUT, format!("cannot read `{}`: {error}", path.display()))
}
