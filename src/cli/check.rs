//! `c3 check`: reports likely problems of sources.

use std::path::{Path, PathBuf};

use c3::check;
use c3::check::surroundings::Listings;
use c3::diagnostic::{Diagnostic, Severity};
use c3::language::Language;
use c3::load::{self, LoadError};
use c3::operator::generated::{self, Generated};
use c3::operator::{self, Plan, Planned, Purpose, Request, sources};
use c3::report::{self, Entry, github, sarif, terminal};
use c3::rules::{RULES, Rule};
use c3::settings::{Config, TargetName, target_names};
use c3::source::Source;
use clap::{Args, ValueEnum};

use super::console;
use c3::failure::{Failure, Fault};

#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Sources, and folders with sources
    #[arg(value_name = "FILE|FOLDER", required = true)]
    paths: Vec<PathBuf>,

    /// Form of the output
    #[arg(long, default_value = "text")]
    format: Format,

    /// Also report generated files that are out of date
    #[arg(long)]
    stale: bool,

    /// Leave out sources without generated files
    #[arg(long)]
    compiled: bool,

    /// Exit with 0 even if problems are found
    #[arg(long)]
    exit_zero: bool,

    /// Codes to leave out, separated by commas
    #[arg(long, value_name = "CODES", value_delimiter = ',', value_parser = rule)]
    ignore: Vec<Rule>,

    /// Folder of the generated files [default: that of the source]
    #[arg(short, long, value_name = "DIR")]
    output_dir: Option<PathBuf>,

    /// Platforms that the operators are for, separated by commas
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = target_names())]
    target: Option<Vec<TargetName>>,

    /// Base image of the operators
    #[arg(long, value_name = "IMAGE")]
    base_image: Option<String>,

    /// Version of the default base image [default: python3.12, for R R4.3.2]
    #[arg(long, value_name = "VERSION")]
    image_version: Option<String>,
}

#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// SARIF 2.1.0, for code review.
    Sarif,
    /// Annotations of GitHub Actions.
    Github,
}

/// The findings in one source.
struct Checked {
    source: Source,
    diagnostics: Vec<Diagnostic>,
}

/// Runs the command.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let request = options.request();
    let sources = sources::collect(&options.paths)?;
    let sources = if options.compiled { generated::compiled(sources, &request) } else { sources };
    let listings = Listings::default();
    let checked = sources::each(&sources, |path| check(path, &request, options.stale, &listings));
    let mut checked: Vec<Checked> = checked.into_iter().collect::<Result<_, _>>()?;
    for checked in &mut checked {
        checked
            .diagnostics
            .retain(|diagnostic| options.ignore.iter().all(|rule| rule.code != diagnostic.code));
    }
    show(&checked, options.format)?;
    let worst = diagnostics(&checked).map(|diagnostic| diagnostic.severity).max();
    if worst >= Some(Severity::Warning) && !options.exit_zero { Err(Failure::diagnosed()) } else { Ok(()) }
}

impl Options {
    /// The options for the plans of the sources.
    fn request(&self) -> Request {
        let settings = Config {
            targets: self.target.clone(),
            base_image: self.base_image.clone(),
            image_version: self.image_version.clone(),
            ..Config::default()
        };
        Request { settings, output_dir: self.output_dir.clone(), ..Request::default() }
    }
}

/// The rule of a code.
fn rule(code: &str) -> Result<Rule, String> {
    let rule = RULES.iter().find(|rule| rule.code == code);
    rule.copied().ok_or_else(|| "no such code; `c3 explain` lists them".to_owned())
}

fn diagnostics(checked: &[Checked]) -> impl Iterator<Item = &Diagnostic> {
    checked.iter().flat_map(|checked| &checked.diagnostics)
}

fn check(path: &Path, request: &Request, stale: bool, listings: &Listings) -> Result<Checked, Failure> {
    let source = match load::load(path) {
        Ok(source) => source,
        Err(error) => return Ok(unreadable(path, &error)),
    };
    let Planned { plan, mut diagnostics } = operator::plan(&source, request, Purpose::Files);
    if let Some(mut plan) = undiagnosed(plan)? {
        diagnostics.extend(plan.warnings());
        diagnostics.extend(plan.emit().err().into_iter().flatten());
        diagnostics.extend(check::check(&source, &plan.component, &plan.surroundings(listings)?));
        if stale {
            diagnostics.extend(staleness(&mut plan, request));
            diagnostics.extend(wrapper_staleness(source.clone(), request));
        }
    }
    diagnostics.sort_by_key(|diagnostic| diagnostic.span.as_ref().map(|span| span.start));
    Ok(Checked { source, diagnostics })
}

/// The plan, or nothing if diagnostics explain why there is none.
fn undiagnosed(plan: Result<Plan, Failure>) -> Result<Option<Plan>, Failure> {
    match plan {
        Err(failure) if failure.message.is_none() => Ok(None),
        plan => plan.map(Some),
    }
}

fn staleness(plan: &mut Plan, request: &Request) -> Vec<Diagnostic> {
    let made = Generated::find(plan.source.path(), request);
    plan.copy_files(made.has_files());
    check::staleness::check(&made.stamps(), &plan.stamp(), &plan.source.display())
}

/// Reports files of a source's grid wrapper that are out of date, or what keeps them from being made again.
fn wrapper_staleness(source: Source, request: &Request) -> Vec<Diagnostic> {
    let made = Generated::of_wrapper(source.path(), request);
    let Some(grid) = made.grid() else { return Vec::new() };
    let (name, mut diagnostics) = (source.display(), Vec::new());
    let planned = operator::plan(&source.as_module(), request, Purpose::Files);
    match planned.plan.and_then(|plan| plan.rewrapped(grid, &mut diagnostics)) {
        Ok(mut plan) => {
            plan.copy_files(made.has_files());
            check::staleness::check(&made.stamps(), &plan.stamp(), &name)
        }
        Err(failure) => {
            let told = failure.message.map(|message| {
                let message = format!("the files of its grid wrapper can't be made again: {message}");
                Diagnostic { hint: failure.hint, ..Diagnostic::warning("stale-files", message) }
            });
            diagnostics.into_iter().chain(told).collect()
        }
    }
}

/// A finding for a file that can't be read.
fn unreadable(path: &Path, error: &LoadError) -> Checked {
    let diagnostic = Diagnostic::error("unreadable-source", error.to_string());
    let diagnostic = match error.hint() {
        Some(hint) => diagnostic.hint(hint),
        None => diagnostic,
    };
    let source = Source::new(path, Language::Python, String::new());
    Checked { source, diagnostics: vec![diagnostic] }
}

fn show(checked: &[Checked], format: Format) -> Result<(), Failure> {
    match format {
        Format::Text => console::print_styled(&text(checked)),
        Format::Json => console::print_json(&report::json(&entries(checked))),
        Format::Sarif => console::print_json(&sarif::log(&entries(checked))),
        Format::Github => console::print(&github::commands(&entries(checked))),
    }
}

fn entries(checked: &[Checked]) -> Vec<Entry> {
    let entries = checked.iter().flat_map(|Checked { source, diagnostics }| {
        let entry =
            |diagnostic: &Diagnostic| Entry { file: source.display(), finding: source.resolve(diagnostic) };
        diagnostics.iter().map(entry)
    });
    entries.collect()
}

fn text(checked: &[Checked]) -> String {
    let frames = checked.iter().flat_map(|Checked { source, diagnostics }| {
        diagnostics.iter().map(|diagnostic| terminal::render(diagnostic, source, true) + "\n\n")
    });
    frames.collect::<String>() + &summary(checked)
}

/// `3 files: 1 error, 2 warnings, 1 note`.
fn summary(checked: &[Checked]) -> String {
    let count = |severity| diagnostics(checked).filter(|diagnostic| diagnostic.severity == severity).count();
    let kinds = [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Note, "note")];
    let found: Vec<_> = kinds
        .iter()
        .map(|(severity, name)| (count(*severity), name))
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| counted(count, name))
        .collect();
    let found = if found.is_empty() { "nothing found".to_owned() } else { found.join(", ") };
    format!("{}: {found}\n", counted(checked.len(), "file"))
}

pub(crate) fn counted(count: usize, name: &str) -> String {
    format!("{count} {name}{}", if count == 1 { "" } else { "s" })
}
