//! `c3 compile`: writes the files of many operators in parallel, without an engine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::check::counted;
use super::console::{self, Messages};
use super::options::{Emission, Format, LogLevel};
use super::planning;
use c3::artifact::{Artifact, Existing};
use c3::failure::{Failure, INPUT};
use c3::load;
use c3::operator::generated::{self, Generated};
use c3::operator::selection::{self, Chosen, LeftOut};
use c3::operator::{Plan, Purpose, sources};
use c3::reference::operator_name;
use c3::settings::current_dir;
use c3::{artifact, backend};

#[derive(Args, Debug)]
#[command(disable_version_flag = true)]
pub(crate) struct Options {
    /// Sources, and folders with sources
    #[arg(value_name = "FILE|FOLDER", required = true)]
    paths: Vec<PathBuf>,

    #[command(flatten)]
    emission: Emission,

    /// Only sources whose files are out of date; repository, version, base image and platforms are kept
    #[arg(long)]
    stale: bool,
}

/// Maximum number of sources without an operator to list.
const MOST_LISTED: usize = 10;

/// The result for one source.
struct Outcome {
    source: PathBuf,
    messages: Messages,
    result: Result<(String, Vec<PathBuf>), Failure>,
}

/// Runs the command: compiles every source, even if others fail.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let Chosen { operators: sources, left_out } = options.sources()?;
    let clashes = clashes(&sources, &options.emission);
    warn_of_images(&sources, options.emission.output.level());
    // A file that is wrong is told of once, not for each source.
    let current = current_dir()?;
    for source in &sources {
        options.emission.request.files.nearest(source, &current)?;
    }
    let compile = |source: &PathBuf| match clashes.get(source) {
        Some(first) => Outcome {
            source: source.clone(),
            messages: Messages::default(),
            result: Err(clash(source, *first)),
        },
        None => compile(source, options),
    };
    let outcomes = sources::each(&sources, compile);
    for outcome in &outcomes {
        outcome.messages.show();
        outcome.result.as_ref().err().map(console::failure);
    }
    report(&outcomes, &left_out, options)?;
    warn_of_left_out(&left_out, options.emission.output.level());
    if outcomes.len() > 1 {
        console::info(&summary(&outcomes), options.emission.output.level());
    }
    if !options.stale {
        console::suggest(&next(&outcomes), options.emission.output.next());
    }
    let worst =
        outcomes.iter().filter_map(|outcome| outcome.result.as_ref().err()).map(|failure| failure.code).max();
    worst.map_or(Ok(()), |code| Err(Failure { code, ..Failure::diagnosed() }))
}

impl Options {
    /// The sources to compile; with `--stale`, only those that have generated files.
    fn sources(&self) -> Result<Chosen, Failure> {
        let request = &self.emission.request;
        if !self.stale {
            return selection::operators(&self.paths, request);
        }
        let operators = generated::compiled(sources::collect(&self.paths)?, request);
        Ok(Chosen { operators, left_out: Vec::new() })
    }
}

/// Reports sources that aren't operators.
pub(super) fn warn_of_left_out(left_out: &[LeftOut], level: LogLevel) {
    let shown = left_out.iter().take(MOST_LISTED);
    let shown: Vec<_> = shown.map(|one| format!("`{}` ({})", one.source.display(), one.reason)).collect();
    if shown.is_empty() {
        return;
    }
    let more = left_out.len() - shown.len();
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    console::info(&format!("no operators: {}{more}", shown.join(", ")), level);
}

/// The same as JSON.
pub(super) fn left_out_json(left_out: &[LeftOut]) -> Vec<Value> {
    left_out.iter().map(|one| json!({"source": one.source, "reason": one.reason.to_string()})).collect()
}

/// Sources that would write the same files: each with the first of them.
pub(super) fn clashes<'a>(
    sources: &'a [PathBuf],
    emission: &Emission,
) -> BTreeMap<&'a PathBuf, Option<&'a PathBuf>> {
    let mut taken: BTreeMap<PathBuf, &PathBuf> = BTreeMap::new();
    let mut clashes = BTreeMap::new();
    for source in sources {
        let folder = emission.request.output_dir.as_deref().or(source.parent()).unwrap_or(Path::new(""));
        let stem = source.file_stem().unwrap_or_default().to_string_lossy();
        let dockerfile = emission.request.dockerfile.clone().unwrap_or_else(|| format!("{stem}.Dockerfile"));
        let manifests = backend::suffixes().map(|suffix| format!("{stem}{suffix}"));
        for file in manifests.chain([dockerfile]) {
            let first = *taken.entry(folder.join(&file)).or_insert(source);
            if first != source {
                clashes.insert(source, Some(first));
                clashes.entry(first).or_insert(None);
            }
        }
    }
    clashes
}

/// The failure of a source whose files another source would write too; `first` is the other, or nothing for
/// the first itself.
pub(super) fn clash(source: &Path, first: Option<&PathBuf>) -> Failure {
    first.map_or_else(Failure::diagnosed, |first| {
        let (source, first) = (source.display(), first.display());
        Failure::new(INPUT, format!("`{first}` and `{source}` would both write the same files"))
            .hint("name them one by one, each with an `--output-dir` of its own")
    })
}

/// Warns of sources whose operators share a name, so that one image would replace the other.
pub(super) fn warn_of_images(sources: &[PathBuf], level: LogLevel) {
    let mut taken: BTreeMap<String, &PathBuf> = BTreeMap::new();
    for source in sources {
        let stem = source.file_stem().unwrap_or_default().to_string_lossy();
        let Ok(name) = operator_name(&stem) else { continue };
        let other = *taken.entry(name.clone()).or_insert(source);
        if other != source {
            let (one, other) = (source.display(), other.display());
            console::warning(
                &format!("`{other}` and `{one}` are both called `{name}`, as their images"),
                level,
            );
        }
    }
}

fn compile(source: &Path, options: &Options) -> Outcome {
    let mut messages = Messages::default();
    let work = if options.stale { update } else { try_compile };
    let result = work(source, &options.emission, &mut messages);
    Outcome { source: source.into(), messages, result }
}

fn try_compile(
    source: &Path,
    emission: &Emission,
    messages: &mut Messages,
) -> Result<(String, Vec<PathBuf>), Failure> {
    let level = emission.output.level();
    let mut plan = planning::plan(source, &emission.request, Purpose::Files, level, messages)?;
    plan.keep_version()?;
    let artifacts = planning::artifacts(&plan, level, messages)?;
    write(&plan, &artifacts, emission)
}

/// Regenerates existing files, those of a grid wrapper too, if one is out of date; returns the first image.
fn update(
    source: &Path,
    emission: &Emission,
    messages: &mut Messages,
) -> Result<(String, Vec<PathBuf>), Failure> {
    let made = [Generated::find, Generated::of_wrapper].map(|find| find(source, &emission.request));
    let made = made.iter().filter(|made| !made.is_empty());
    let updated = made.map(|made| update_files(source, made, emission, messages));
    let (images, files): (Vec<_>, Vec<_>) = updated.collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
    Ok((images.into_iter().next().unwrap_or_default(), files.concat()))
}

/// Regenerates the files of an operator if one is out of date, with the options recorded in them.
fn update_files(
    source: &Path,
    made: &Generated,
    emission: &Emission,
    messages: &mut Messages,
) -> Result<(String, Vec<PathBuf>), Failure> {
    let level = emission.output.level();
    let mut own = Messages::default();
    let mut plan = replan(source, made, emission, &mut own);
    if let Ok(plan) = &mut plan {
        plan.copy_files(made.has_files());
    }
    let is_fresh = plan.as_ref().is_ok_and(|plan| !made.is_stale(&plan.stamp()));
    if !is_fresh {
        messages.append(own);
    }
    let mut plan = plan?;
    plan.keep_version()?;
    let mut artifacts = if is_fresh { Vec::new() } else { planning::artifacts(&plan, level, messages)? };
    artifacts.retain(|artifact| made.has(&artifact.name));
    write(&plan, &artifacts, emission)
}

/// The plan of an operator, or of a grid wrapper, whose files are there.
fn replan(
    source: &Path,
    made: &Generated,
    emission: &Emission,
    messages: &mut Messages,
) -> Result<Plan, Failure> {
    let (request, level) = (made.request(&emission.request), emission.output.level());
    let Some(grid) = made.grid() else {
        return planning::plan(source, &request, Purpose::Files, level, messages);
    };
    let source = load::load(source)?.as_module();
    let plan = planning::plan_of(&source, &request, Purpose::Files, level, messages)?;
    planning::wrapped(plan, level, messages, |plan, diagnostics| plan.rewrapped(grid, diagnostics))
}

/// Writes files, and returns their image and paths.
fn write(
    plan: &Plan,
    artifacts: &[Artifact],
    emission: &Emission,
) -> Result<(String, Vec<PathBuf>), Failure> {
    let existing = match emission.replacing.existing() {
        Existing::Keep => {
            let conflicts = plan.conflicts(artifacts);
            if !conflicts.is_empty() {
                return Err(artifact::in_the_way(conflicts, artifacts).into());
            }
            Existing::Overwrite
        }
        existing => existing,
    };
    Ok((plan.settings.image.to_string(), artifact::write(artifacts, plan.destination(), &existing)?))
}

/// Suggestions for the next command.
fn next(outcomes: &[Outcome]) -> Vec<String> {
    let mut done = outcomes.iter().filter(|outcome| outcome.result.is_ok());
    let source = match (done.next(), done.next()) {
        (Some(Outcome { source, .. }), None) => console::argument(source),
        (Some(_), Some(_)) => "FILE".to_owned(),
        (None, _) => return Vec::new(),
    };
    vec![format!("`c3 create-operator {source}` builds its image")]
}

/// `40 operators: 152 files written, 2 failed`.
fn summary(outcomes: &[Outcome]) -> String {
    let done: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.result.as_ref().ok()).collect();
    let files = done.iter().map(|(_, files)| files.len()).sum();
    let failed = outcomes.len() - done.len();
    let failed = if failed == 0 { String::new() } else { format!(", {failed} failed") };
    let (operators, files) = (counted(outcomes.len(), "operator"), counted(files, "file"));
    format!("{operators}: {files} written{failed}")
}

fn report(outcomes: &[Outcome], left_out: &[LeftOut], options: &Options) -> Result<(), Failure> {
    match options.emission.output.format {
        Format::Text => {
            let files = outcomes
                .iter()
                .filter_map(|outcome| outcome.result.as_ref().ok())
                .flat_map(|(_, files)| files);
            console::print(&files.map(|file| format!("{}\n", file.display())).collect::<String>())
        }
        Format::Json => {
            let entry = |outcome: &Outcome| {
                let (image, files) = outcome
                    .result
                    .as_ref()
                    .ok()
                    .map_or((None, None), |(image, files)| (Some(image), Some(files)));
                let failure = outcome.result.as_ref().err();
                let error = failure.map(ToString::to_string);
                let hint = failure.and_then(|failure| failure.hint.as_deref());
                json!({"source": outcome.source, "image": image, "files": files, "error": error, "hint": hint})
            };
            let operators: Vec<_> = outcomes.iter().map(entry).collect();
            let left_out = left_out_json(left_out);
            console::print_json(&json!({"schema_version": 1, "operators": operators, "left_out": left_out}))
        }
    }
}
