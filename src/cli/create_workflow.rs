//! `c3 create-workflow`: joins operators into workflows.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use c3::artifact::{self, Artifact, Destination};
use c3::language::Language;
use c3::load;
use c3::reader;
use c3::reference::operator_name;
use c3::settings::{Config, Files, Layers};
use c3::source::Source;
use c3::workflow::{self, Engine, Operator, Remark, Settings, component_file, cwl::eoap, kfp_ir};
use clap::{Args, ValueEnum};

use super::console::{self, Messages};
use super::decide::decide;
use super::options::{LogLevel, OutputOptions, Replacing};
use c3::failure::{Failure, INPUT, USAGE};

#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Operators in the order in which they run: sources, whose files are beside them, or Kubeflow components
    #[arg(value_name = "OPERATOR", required = true)]
    operators: Vec<PathBuf>,

    /// Name of the workflow [default: that of the last operator]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// Folder for the files [default: that of the last operator]
    #[arg(short, long, value_name = "DIR")]
    output_dir: Option<PathBuf>,

    /// Platforms to write the workflow for, separated by commas
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "kubeflow,cwl")]
    target: Vec<Engine>,

    /// Number of parallel workers of each grid wrapper, not in a CWL workflow
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u32).range(1..))]
    parallel: u32,

    /// The operators of these sources were created with `--skip-logging`
    #[arg(long, alias = "skip_logging")]
    skip_logging: bool,

    #[command(flatten)]
    replacing: Replacing,

    #[command(flatten)]
    output: OutputOptions,
}

/// Suffixes of Kubeflow components.
const COMPONENTS: &[&str] = &["yaml", "yml"];

/// Runs the command.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let last = options.operators.last().map_or_else(|| Path::new(""), PathBuf::as_path);
    let stem = options.name.clone().unwrap_or_else(|| stem(last));
    let settings = Settings { name: name(&stem)?, stem, workers: options.parallel };
    let folder =
        options.output_dir.clone().unwrap_or_else(|| last.parent().unwrap_or(Path::new("")).to_path_buf());
    let read = options.operators.iter().map(|path| within(path, &folder, !options.skip_logging));
    let (sources, mut operators): (Vec<Source>, Vec<Operator>) =
        read.collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
    for engine in engines(options) {
        operators.iter_mut().try_for_each(|operator| take(operator, engine, &folder))?;
    }
    let (artifacts, remarks) = emit(&operators, options, &settings);
    show(&remarks, &sources, options.output.level());
    let existing = options.replacing.existing();
    let existing = decide(artifact::conflicts(&artifacts, &folder), &artifacts, existing)?;
    let destination = Destination { folder: &folder, stem: &settings.stem };
    let files = artifact::write(&artifacts, destination, &existing)?;
    warn_of_missing(&operators, &folder, options);
    console::print_files(&settings.name, &files, options.output.format)
}

/// Shows in the sources what could not be joined.
pub(super) fn show(remarks: &[Remark], sources: &[Source], level: LogLevel) {
    for Remark { operator, diagnostic } in remarks {
        console::diagnostics(std::slice::from_ref(diagnostic), &sources[*operator], level);
    }
}

/// The label of a workflow whose files have this stem.
fn name(stem: &str) -> Result<String, Failure> {
    let usage = |failure: Failure| Failure { code: USAGE, ..failure }.hint("name the workflow with `--name`");
    if stem.contains(['/', '\0']) {
        return Err(usage(Failure::new(USAGE, format!("`{stem}` is not a file name"))));
    }
    operator_name(stem).map_err(|error| usage(error.into()))
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// An operator with its files relative to a folder.
fn within(path: &Path, folder: &Path, logging: bool) -> Result<(Source, Operator), Failure> {
    let (source, operator) = operator(path, logging)?;
    Ok((source, operator.within(&way(folder, path.parent().unwrap_or(Path::new(""))))))
}

/// Reads a source or component; problems of a component have no position.
pub(super) fn operator(path: &Path, logging: bool) -> Result<(Source, Operator), Failure> {
    let is_component = path
        .extension()
        .is_some_and(|ending| COMPONENTS.iter().any(|known| ending.eq_ignore_ascii_case(known)));
    if is_component { of_component(path) } else { of_source(path, logging) }
}

fn of_component(path: &Path) -> Result<(Source, Operator), Failure> {
    let text = reader::read_to_string(path)
        .map_err(|error| Failure::new(INPUT, format!("cannot read `{}`: {error}", path.display())))?;
    let mut operator = component_file::parse(&text, &stem(path)).map_err(|error| {
        Failure::new(INPUT, format!("`{}` is not a Kubeflow component: {error}", path.display()))
            .hint("give the source of the operator, or the component that `c3 compile` wrote")
    })?;
    operator.component_file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok((Source::new(path, Language::Python, String::new()), operator))
}

/// Reads an operator's file that becomes part of an engine's workflow.
fn take(operator: &mut Operator, engine: Engine, folder: &Path) -> Result<(), Failure> {
    let file = operator.file(engine);
    let text = || reader::read_to_string(&folder.join(&file)).ok();
    let is_taken = match engine {
        Engine::KfpIr => {
            operator.compiled = text().and_then(|text| kfp_ir::parse(&text));
            operator.compiled.is_some()
        }
        Engine::Eoap => {
            operator.package = text().and_then(|text| eoap::parse(&text));
            operator.package.is_some()
        }
        _ => true,
    };
    if is_taken {
        return Ok(());
    }
    let message =
        format!("`{file}` is not there, or not what `c3` writes for the operator `{}`", operator.name);
    let target = engine.target().map_or("LIST", |target| target.name);
    Err(Failure::new(INPUT, message).hint(format!("write it: `c3 compile --target {target}`")))
}

fn of_source(path: &Path, logging: bool) -> Result<(Source, Operator), Failure> {
    let source = load::load(path)?;
    let (reading, own) = Config::with(&source);
    let mut messages = Messages::default();
    // Warnings are reported where the operator is compiled.
    messages.add(&reading.diagnostics, &source, LogLevel::Error);
    messages.show();
    let mut component = reading.component.ok_or_else(Failure::diagnosed)?;
    let settings = Layers::find(&Files::default(), &source, own)?.merged();
    if let Some(refusal) = settings.record(&mut component, &source) {
        console::diagnostics(&[refusal], &source, LogLevel::Error);
        return Err(Failure::diagnosed());
    }
    let claims = settings.job.volumes.iter().map(|volume| volume.claim().to_owned()).collect();
    let mut operator = Operator::new(&component, &source.stem(), logging);
    operator.claims = Some(claims);
    Ok((source, operator))
}

/// The relative path from one folder to another, with a trailing `/` unless it is empty.
fn way(from: &Path, to: &Path) -> String {
    let way = pathdiff::diff_paths(real(to), real(from)).unwrap_or_else(|| to.into());
    if way.as_os_str().is_empty() { String::new() } else { format!("{}/", way.to_string_lossy()) }
}

/// The absolute path of a folder without links and `..`, as far as it exists.
fn real(folder: &Path) -> PathBuf {
    let path = std::path::absolute(Path::new(".").join(folder)).unwrap_or_else(|_| folder.into());
    let found = path.ancestors().find_map(|above| {
        let rest = path.strip_prefix(above).ok()?;
        Some(above.canonicalize().ok()?.join(rest))
    });
    found.unwrap_or(path)
}

fn emit(operators: &[Operator], options: &Options, settings: &Settings) -> (Vec<Artifact>, Vec<Remark>) {
    let mut remarks: Vec<Remark> = Vec::new();
    let artifacts = engines(options).into_iter().map(|engine| {
        let (artifact, said) = workflow::emit(operators, engine, settings);
        for remark in said {
            if !remarks.contains(&remark) {
                remarks.push(remark);
            }
        }
        artifact
    });
    (artifacts.collect(), remarks)
}

/// The chosen engines, each once.
fn engines(options: &Options) -> Vec<Engine> {
    Engine::value_variants().iter().filter(|engine| options.target.contains(engine)).copied().collect()
}

/// Warns of files that the workflow names but that don't exist yet.
fn warn_of_missing(operators: &[Operator], folder: &Path, options: &Options) {
    let engines = engines(options);
    let named = operators.iter().flat_map(|operator| engines.iter().map(|engine| operator.file(*engine)));
    let missing: BTreeSet<_> = named.filter(|file| !folder.join(file).exists()).collect();
    for file in missing {
        let message = format!("the workflow names `{file}`, which does not exist yet: create its operator");
        console::warning(&message, options.output.level());
    }
}
