//! `c3 build`: builds the changed operators among many in parallel, and writes their files.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use c3::engine::oci::Compression;
use c3::engine::oci::platform::Platform;
use c3::failure::{Failure, INTERRUPTED};
use c3::logins::BuildSecret;
use c3::operator::image::Choice;
use c3::operator::renewal::{Renewal, Renewed};
use c3::operator::selection::{self, Chosen, LeftOut};
use c3::operator::{Builder, Plan, Purpose, sources};
use c3::progress::Progress;
use c3::reference::operator_name;
use c3::settings::{IMAGE, current_dir};
use clap::Args;
use indicatif::HumanBytes;
use serde_json::{Value, json};

use super::check::counted;
use super::compile::{clash, clashes, left_out_json, warn_of_images, warn_of_left_out};
use super::console::{self, Messages};
use super::options::{Emission, Format, LogLevel};
use super::planning;

/// Operators built at once on a machine with few cores: most of the time is spent waiting.
const AT_ONCE: usize = 4;

#[derive(Args, Debug)]
#[command(disable_version_flag = true)]
pub(crate) struct Options {
    /// Sources, and folders with sources
    #[arg(value_name = "FOLDER|FILE", default_value = ".")]
    paths: Vec<PathBuf>,

    #[command(flatten)]
    emission: Emission,

    /// Platform of the images, such as linux/arm64; with `--builder oci` several [default: the engine's own]
    #[arg(long, value_name = "PLATFORM", value_delimiter = ',', help_heading = IMAGE)]
    platform: Vec<Platform>,

    /// Builder of the images
    #[arg(long, default_value = "auto", help_heading = IMAGE)]
    builder: Choice,

    /// Compression of the layers, with `--builder oci` [default: gzip]
    #[arg(long, value_name = "FORM", help_heading = IMAGE)]
    compression: Option<Compression>,

    /// Build all again, with the newest packages and base images
    #[arg(long, alias = "no-cache", help_heading = IMAGE)]
    upgrade: bool,

    /// Pin the images in every file by their digests in the registry
    #[arg(long, help_heading = IMAGE, conflicts_with = "local_mode")]
    pin: bool,

    /// Build the images, but don't push them
    #[arg(long, alias = "local_mode", help_heading = IMAGE)]
    local_mode: bool,

    /// Secret of the builds, may be repeated: see `c3 create-operator --help`
    #[arg(long, alias = "build_secret", value_name = "ID=FILE|env:NAME", help_heading = IMAGE)]
    build_secret: Vec<BuildSecret>,

    /// How many operators are built at once [default: one for each core, at least 4]
    #[arg(short, long, value_name = "N")]
    jobs: Option<usize>,
}

/// The result for one operator.
struct Outcome {
    source: PathBuf,
    name: String,
    messages: Messages,
    took: Duration,
    result: Result<Renewed, Failure>,
}

/// Runs the command: builds every operator, even if others fail.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let start = Instant::now();
    let Chosen { operators, left_out } = selection::operators(&options.paths, &options.emission.request)?;
    let level = options.level();
    let current = current_dir()?;
    for source in &operators {
        options.emission.request.files.nearest(source, &current)?;
    }
    warn_of_images(&operators, level);
    let builder = Builder::choose(options.builder, options.compression, &Progress::new(level.into()))?;
    let renewal = options.renewal(&builder);
    let clashes = clashes(&operators, &options.emission);
    let build = |source: &PathBuf| {
        let refused = clashes.get(source).map(|first| clash(source, *first));
        build(source, refused, &renewal, options)
    };
    let outcomes = sources::each_at_once(&operators, options.at_once(), build);
    for outcome in &outcomes {
        outcome.messages.show();
        outcome.result.as_ref().err().map(console::failure);
    }
    warn_of_left_out(&left_out, level);
    report(&outcomes, &left_out, options)?;
    console::info(&summary(&outcomes, start.elapsed()), level);
    ended(&outcomes)
}

impl Options {
    fn level(&self) -> LogLevel {
        self.emission.output.level()
    }

    fn at_once(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(AT_ONCE, usize::from);
        self.jobs.unwrap_or_else(|| cores().max(AT_ONCE))
    }

    fn renewal<'a>(&'a self, builder: &'a Builder) -> Renewal<'a> {
        let mut renewal = Renewal::by(builder);
        renewal.platforms = &self.platform;
        renewal.secrets = &self.build_secret;
        renewal.push = !self.local_mode;
        renewal.upgrade = self.upgrade;
        renewal.pin = self.pin;
        renewal.existing = self.emission.replacing.existing();
        renewal
    }
}

fn build(source: &Path, refused: Option<Failure>, renewal: &Renewal, options: &Options) -> Outcome {
    let start = Instant::now();
    let mut messages = Messages::default();
    let result = match refused {
        Some(failure) => Err(failure),
        None if renewal.builder.interrupted() => Err(Failure::of_program(INTERRUPTED)),
        None => try_build(source, renewal, options, &mut messages),
    };
    let stem = source.file_stem().unwrap_or_default().to_string_lossy();
    let name = operator_name(&stem).unwrap_or_else(|_| stem.into_owned());
    let outcome = Outcome { source: source.into(), name, messages, took: start.elapsed(), result };
    console::info(&outcome.line(), options.level());
    outcome
}

fn try_build(
    source: &Path,
    renewal: &Renewal,
    options: &Options,
    messages: &mut Messages,
) -> Result<Renewed, Failure> {
    let level = options.level();
    let plan = planning::plan(source, &options.emission.request, Purpose::Image, level, messages)?;
    planning::artifacts(&plan, level, messages)?;
    check(&plan, renewal, level, messages)?;
    let progress = Progress::of_one(level.into(), &plan.component.name);
    renewal.renew(plan, &progress)
}

/// Rejects options that the builder doesn't support.
fn check(plan: &Plan, renewal: &Renewal, level: LogLevel, messages: &mut Messages) -> Result<(), Failure> {
    let variant = plan.images().into_iter().find_map(|image| image.settings.variant);
    let refused = renewal.builder.check(plan, variant, renewal.platforms)?;
    messages.add(&refused, &plan.source, level);
    if refused.is_empty() { Ok(()) } else { Err(Failure::diagnosed()) }
}

impl Outcome {
    fn state(&self) -> &'static str {
        self.result.as_ref().map_or("failed", |renewed| renewed.state.word())
    }

    /// `draw: pushed 0.2`.
    fn line(&self) -> String {
        let version = self.result.as_ref().map(|renewed| format!(" {}", renewed.version)).unwrap_or_default();
        format!("{}: {}{version}", self.name, self.state())
    }

    /// A row of the table.
    fn row(&self) -> [String; 5] {
        let renewed = self.result.as_ref().ok();
        let none = || "-".to_owned();
        [
            self.name.clone(),
            renewed.map_or_else(none, |renewed| renewed.version.clone()),
            self.state().to_owned(),
            format!("{:.1}", self.took.as_secs_f64()),
            renewed.and_then(|it| it.uploaded).map_or_else(none, |bytes| HumanBytes(bytes).to_string()),
        ]
    }

    fn json(&self) -> Value {
        let renewed = self.result.as_ref().ok();
        let failure = self.result.as_ref().err();
        json!({
            "source": self.source,
            "name": self.name,
            "state": self.state(),
            "version": renewed.map(|renewed| &renewed.version),
            "image": renewed.map(|renewed| &renewed.image),
            "digest": renewed.and_then(|renewed| renewed.digest.as_ref()),
            "by_digest": renewed.and_then(Renewed::by_digest),
            "files": renewed.map(|renewed| &renewed.files),
            "seconds": (self.took.as_secs_f64() * 1000.0).round() / 1000.0,
            "bytes": renewed.and_then(|renewed| renewed.uploaded),
            "error": failure.map(ToString::to_string),
            "hint": failure.and_then(|failure| failure.hint.as_deref()),
        })
    }
}

fn report(outcomes: &[Outcome], left_out: &[LeftOut], options: &Options) -> Result<(), Failure> {
    match options.emission.output.format {
        Format::Text => console::print(&table(outcomes)),
        Format::Json => {
            let operators: Vec<_> = outcomes.iter().map(Outcome::json).collect();
            let left_out = left_out_json(left_out);
            console::print_json(&json!({"schema_version": 1, "operators": operators, "left_out": left_out}))
        }
    }
}

/// The results as a table with aligned columns.
fn table(outcomes: &[Outcome]) -> String {
    let heading = ["operator", "version", "state", "seconds", "uploaded"].map(ToOwned::to_owned);
    let rows: Vec<_> = std::iter::once(heading).chain(outcomes.iter().map(Outcome::row)).collect();
    let widths: Vec<_> =
        (0..5).map(|at| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or_default()).collect();
    let line = |row: &[String; 5]| {
        let cells: String = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}  ")).collect();
        format!("{}\n", cells.trim_end())
    };
    rows.iter().map(line).collect()
}

/// `40 operators: 2 pushed, 37 unchanged, 1 failed in 3.1 s`.
fn summary(outcomes: &[Outcome], took: Duration) -> String {
    let number = |state: &str| outcomes.iter().filter(|outcome| outcome.state() == state).count();
    let states = ["pushed", "built", "unchanged", "failed"].into_iter().map(|state| (number(state), state));
    let states = states.filter(|(number, _)| *number > 0).map(|(number, state)| format!("{number} {state}"));
    let (operators, states) = (counted(outcomes.len(), "operator"), states.collect::<Vec<_>>().join(", "));
    format!("{operators}: {states} in {:.1} s", took.as_secs_f64())
}

/// The exit of the command: code 1 if only some have failed, else the common failure.
fn ended(outcomes: &[Outcome]) -> Result<(), Failure> {
    let codes: Vec<_> =
        outcomes.iter().filter_map(|outcome| outcome.result.as_ref().err()).map(|it| it.code).collect();
    let failed = Failure::diagnosed();
    match codes.iter().max() {
        None => Ok(()),
        Some(&code) if code == INTERRUPTED || codes.len() == outcomes.len() => {
            Err(Failure { code, ..failed })
        }
        Some(_) => Err(failed),
    }
}
