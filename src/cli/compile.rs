//! `c3 compile`: the files of many operators, in parallel, without an engine.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::Args;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use rayon::{ThreadPool, ThreadPoolBuilder};
use serde_json::json;

use super::console::{self, Messages};
use super::failure::{Failure, INPUT};
use super::options::{Emission, Format, LogLevel};
use super::plan::{Plan, Purpose};
use super::settings::current_dir;
use c3::artifact::Existing;
use c3::reference::operator_name;
use c3::workflow::Engine;
use c3::{artifact, backend, frontend};

#[derive(Args, Debug)]
#[command(disable_version_flag = true)]
pub(crate) struct Options {
    /// Sources, and folders whose sources are compiled
    #[arg(value_name = "FILE|FOLDER", required = true)]
    paths: Vec<PathBuf>,

    #[command(flatten)]
    emission: Emission,
}

/// Folders that hold no operators.
const SKIPPED: &[&str] = &["__pycache__", "node_modules", "site-packages"];

/// What became of one source.
struct Outcome {
    source: PathBuf,
    messages: Messages,
    result: Result<(String, Vec<PathBuf>), Failure>,
}

/// Runs the command: every source is compiled, whatever becomes of the others.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let mut sources = Vec::new();
    for path in &options.paths {
        find(path, true, &mut sources)?;
    }
    let mut seen = BTreeSet::new();
    sources.retain(|source| seen.insert(source.canonicalize().unwrap_or_else(|_| source.clone())));
    let clashes = clashes(&sources, &options.emission);
    warn_of_images(&sources, options.emission.log_level);
    if sources.is_empty() {
        return Err(Failure::new(INPUT, format!("no {} found", frontend::file_kinds()))
            .hint(format!("sources end in {}", frontend::extensions().join(", "))));
    }
    // A file that is wrong is told of once, not for each source.
    let current = current_dir()?;
    for source in &sources {
        options.emission.files.nearest(source, &current)?;
    }
    let compile = |source: &PathBuf| match clashes.get(source) {
        Some(first) => clash(source, *first),
        None => compile(source, &options.emission),
    };
    let outcomes: Vec<Outcome> = match threads() {
        Some(threads) => threads.install(|| sources.par_iter().map(compile).collect()),
        None => sources.iter().map(compile).collect(),
    };
    for outcome in &outcomes {
        outcome.messages.show();
        outcome.result.as_ref().err().map(console::failure);
    }
    report(&outcomes, options)?;
    let worst =
        outcomes.iter().filter_map(|outcome| outcome.result.as_ref().err()).map(|failure| failure.code).max();
    worst.map_or(Ok(()), |code| Err(Failure { code, ..Failure::diagnosed() }))
}

/// Adds a file, or the sources below a folder in the order of their names.
fn find(path: &Path, named: bool, sources: &mut Vec<PathBuf>) -> Result<(), Failure> {
    if !path.is_dir() {
        if named || (frontend::kind(path).is_some() && !is_private(path) && !is_pipeline(path)) {
            sources.push(path.into());
        }
        return Ok(());
    }
    if !named && (is_private(path) || path.join("pyvenv.cfg").exists()) {
        return Ok(());
    }
    let failed =
        |error: std::io::Error| Failure::new(INPUT, format!("cannot read `{}`: {error}", path.display()));
    let entries = path.read_dir().map_err(failed)?;
    let mut entries: Vec<PathBuf> =
        entries.map(|entry| Ok(entry?.path())).collect::<Result<_, _>>().map_err(failed)?;
    entries.sort();
    entries
        .iter()
        .filter(|entry| !entry.is_symlink() || entry.is_file())
        .try_for_each(|entry| find(entry, false, sources))
}

/// Hidden files, caches, and modules such as `__init__.py` that are no operators.
fn is_private(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with(['.', '_']) || SKIPPED.contains(&name.as_ref())
}

/// A program that `c3 create-workflow` has written.
fn is_pipeline(path: &Path) -> bool {
    path.to_string_lossy().ends_with(Engine::Kubeflow.suffix())
}

/// Threads with large stacks, unless the system denies them.
fn threads() -> Option<ThreadPool> {
    crate::STACKS.iter().find_map(|&stack| ThreadPoolBuilder::new().stack_size(stack).build().ok())
}

/// Sources that would write the same files: the first of them, and each other with the first.
fn clashes<'a>(sources: &'a [PathBuf], emission: &Emission) -> BTreeMap<&'a PathBuf, Option<&'a PathBuf>> {
    let mut taken: BTreeMap<PathBuf, &PathBuf> = BTreeMap::new();
    let mut clashes = BTreeMap::new();
    for source in sources {
        let folder = emission.output_dir.as_deref().or(source.parent()).unwrap_or(Path::new(""));
        let stem = source.file_stem().unwrap_or_default().to_string_lossy();
        let dockerfile = emission.dockerfile.clone().unwrap_or_else(|| format!("{stem}.Dockerfile"));
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

/// Refuses a source for the sake of the first of its name, which is refused too, but without a word.
fn clash(source: &Path, first: Option<&PathBuf>) -> Outcome {
    let failure = first.map_or_else(Failure::diagnosed, |first| {
        let (source, first) = (source.display(), first.display());
        Failure::new(INPUT, format!("`{first}` and `{source}` would both write the same files"))
            .hint("compile them one by one, each with an `--output-dir` of its own")
    });
    Outcome { source: source.into(), messages: Messages::default(), result: Err(failure) }
}

/// Tells of sources whose operators have one name, so that one image takes the place of the other.
fn warn_of_images(sources: &[PathBuf], level: LogLevel) {
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

fn compile(source: &Path, emission: &Emission) -> Outcome {
    let mut messages = Messages::default();
    let result = try_compile(source, emission, &mut messages);
    Outcome { source: source.into(), messages, result }
}

fn try_compile(
    source: &Path,
    emission: &Emission,
    messages: &mut Messages,
) -> Result<(String, Vec<PathBuf>), Failure> {
    let mut plan = Plan::new(source, &[], emission, Purpose::Files, messages)?;
    let emission = &plan.emission.clone();
    let repository = plan.repository(emission)?;
    let version =
        emission.version.clone().or_else(|| plan.present_version()).unwrap_or_else(|| "0.1".to_owned());
    plan.set_version(&version, &repository)?;
    let artifacts = plan.artifacts(emission, messages)?;
    let existing = match emission.existing() {
        Existing::Keep if plan.conflicts(&artifacts, emission).is_empty() => Existing::Overwrite,
        existing => existing,
    };
    Ok((plan.settings.image.clone(), artifact::write(&artifacts, &plan.folder, &existing)?))
}

fn report(outcomes: &[Outcome], options: &Options) -> Result<(), Failure> {
    match options.emission.format {
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
                let error = outcome
                    .result
                    .as_ref()
                    .err()
                    .map(|failure| failure.message.as_deref().unwrap_or("see the diagnostics"));
                json!({"source": outcome.source, "image": image, "files": files, "error": error})
            };
            console::print_json(
                &json!({"schema_version": 1, "operators": outcomes.iter().map(entry).collect::<Vec<_>>()}),
            )
        }
    }
}
