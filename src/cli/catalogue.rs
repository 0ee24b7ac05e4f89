//! `c3 catalogue`: writes static pages about a library of operators.

use std::fs;
use std::path::{Path, PathBuf};

use c3::artifact::{self, Artifact, Destination, Existing};
use c3::catalogue::{self, FOLDERS, GENERATOR, Library, Operator, Workflow};
use c3::check::{self, surroundings::Listings};
use c3::failure::{Failure, INPUT};
use c3::load;
use c3::operator::generated::Generated;
use c3::operator::selection::{self, Chosen};
use c3::operator::{self, Planned, Purpose, Request, sources};
use c3::reader;
use c3::reference;
use c3::settings::Config;
use c3::workflow::{Engine, graph};
use clap::Args;

use super::check::counted;
use super::compile::warn_of_left_out;
use super::console;
use super::options::OutputOptions;

#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Folder with the operators
    #[arg(value_name = "FOLDER", default_value = ".")]
    folder: PathBuf,

    /// Folder for the pages
    #[arg(short, long, value_name = "DIR", default_value = "site")]
    output_dir: PathBuf,

    /// Name of the library [default: that of the folder]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// Registry and namespace of the images [default: that of the files, else of `c3.toml`]
    #[arg(short, long, value_name = "REGISTRY/NAMESPACE")]
    repository: Option<String>,

    /// Show the sources, without the secrets in them
    #[arg(long)]
    source: bool,

    /// Replace pages that `c3 catalogue` has not written
    #[arg(long)]
    overwrite: bool,

    #[command(flatten)]
    output: OutputOptions,
}

/// Runs the command. Unreadable sources are listed; the others are shown.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let request = Request {
        settings: Config { repository: options.repository.clone(), ..Config::default() },
        ..Request::default()
    };
    let Chosen { operators, left_out } = selection::operators(&[folder(options)?], &request)?;
    let read = sources::each(&operators, |path| operator(path, &request, options));
    let mut library = Library { name: name(options), workflows: workflows(options), ..Library::default() };
    let mut worst = None;
    for (path, read) in operators.iter().zip(read) {
        match read {
            Ok(operator) => library.operators.push(operator),
            Err(failure) => {
                console::failure(&failure);
                worst = worst.max(Some(failure.code));
                library.failures.push((within(path, options), failure.to_string()));
            }
        }
    }
    write(&catalogue::pages(&library), options)?;
    warn_of_left_out(&left_out, options.output.level());
    let count = counted(library.operators.len(), "operator");
    console::info(&format!("{count} in the catalogue"), options.output.level());
    let index = options.output_dir.join("index.html");
    console::suggest(&[format!("open `{}` in a browser", console::argument(&index))], options.output.next());
    worst.map_or(Ok(()), |code| Err(Failure { code, ..Failure::diagnosed() }))
}

/// The folder of the library.
fn folder(options: &Options) -> Result<PathBuf, Failure> {
    let folder = &options.folder;
    if folder.is_dir() {
        return Ok(folder.clone());
    }
    let what = if folder.exists() { "is a file, not a folder" } else { "does not exist" };
    Err(Failure::new(INPUT, format!("`{}` {what}", folder.display()))
        .hint("name the folder that holds the operators"))
}

fn name(options: &Options) -> String {
    let of_folder = || {
        let folder = options.folder.canonicalize().unwrap_or_default();
        folder.file_name().map(|name| name.to_string_lossy().into_owned())
    };
    options.name.clone().or_else(of_folder).unwrap_or_else(|| "Operators".to_owned())
}

/// A path relative to the library.
fn within(path: &Path, options: &Options) -> String {
    path.strip_prefix(&options.folder).unwrap_or(path).display().to_string()
}

fn operator(path: &Path, request: &Request, options: &Options) -> Result<Operator, Failure> {
    let source = load::load(path)?;
    let made = Generated::find(path, request);
    // Files that are there say what they were made for.
    let request = if made.is_empty() { request.clone() } else { made.request(request) };
    let Planned { plan, mut diagnostics } = operator::plan(&source, &request, Purpose::Files);
    let mut plan = plan.map_err(|failure| match diagnostics.iter().max_by_key(|found| found.severity) {
        Some(found) if failure.message.is_none() => {
            Failure::new(failure.code, format!("`{}`: {}", path.display(), found.message))
        }
        _ => failure,
    })?;
    plan.keep_version()?;
    if let Some(digest) = digest(&made, &plan.settings.image.version) {
        plan.pin(&digest);
    }
    diagnostics.extend(plan.warnings());
    diagnostics.extend(plan.emit().err().into_iter().flatten());
    diagnostics.extend(check::check(&source, &plan.component, &plan.surroundings(&Listings::default())?));
    diagnostics
        .sort_by_key(|found| (std::cmp::Reverse(found.severity), found.span.as_ref().map(|span| span.start)));
    Ok(Operator {
        path: within(path, options),
        findings: diagnostics.iter().map(|found| source.resolve(found)).collect(),
        targets: plan.request.targets().iter().map(|target| target.name).collect(),
        image: plan.settings.image.clone(),
        component: plan.component.clone(),
        source: options.source.then(|| source.text().to_owned()),
    })
}

/// The digest of a version, from the files.
fn digest(made: &Generated, version: &str) -> Option<String> {
    made.stamps().into_iter().find_map(|(_, stamp)| {
        let image = stamp.image?;
        let parts = reference::parts(&image);
        parts.digest.filter(|_| parts.tag == Some(version)).map(ToOwned::to_owned)
    })
}

/// The workflows of the library, one of those written for several engines.
fn workflows(options: &Options) -> Vec<Workflow> {
    let mut workflows: Vec<Workflow> = Vec::new();
    let ends = [".cwl", Engine::Kubeflow.suffix(), ".pipeline.yaml"];
    let files = load::kept_by_git(&options.folder);
    for end in ends {
        for path in files.iter().filter(|path| is_workflow(&path.to_string_lossy(), end)) {
            let shown = within(path, options);
            let stem = |path: &str| path.split('.').next().unwrap_or_default().to_owned();
            if workflows.iter().any(|other| stem(&other.path) == stem(&shown)) {
                continue;
            }
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let Ok(text) = reader::read_to_string(path) else { continue };
            match graph::parse(&name, &text) {
                Ok(graph) => workflows.extend(graph.map(|graph| Workflow { path: shown, graph })),
                Err(error) => {
                    let message = format!("`{}` is not in the catalogue: {error}", path.display());
                    console::warning(&message, options.output.level());
                }
            }
        }
    }
    workflows
}

/// Whether a file has a suffix of workflows, and isn't a single operator's.
fn is_workflow(path: &str, end: &str) -> bool {
    let mut longer = c3::backend::suffixes().filter(|suffix| suffix.len() > end.len());
    path.ends_with(end) && !longer.any(|suffix| path.ends_with(suffix))
}

/// Writes the pages, and removes those of deleted operators.
fn write(pages: &[Artifact], options: &Options) -> Result<(), Failure> {
    let folder = &options.output_dir;
    let failed = |path: &Path, error: &std::io::Error| {
        Failure::new(INPUT, format!("cannot write `{}`: {error}", path.display()))
    };
    for page in pages.iter().map(|page| folder.join(&page.name)) {
        if page.exists() && !is_ours(&page) && !options.overwrite {
            return Err(Failure::new(INPUT, format!("`{}` is not a page of a catalogue", page.display()))
                .hint("choose another folder with `-o`, or replace it with `--overwrite`"));
        }
    }
    for inner in FOLDERS.map(|inner| folder.join(inner)) {
        fs::create_dir_all(&inner).map_err(|error| failed(&inner, &error))?;
        let present = fs::read_dir(&inner).map_err(|error| failed(&inner, &error))?;
        for old in present.filter_map(Result::ok).map(|entry| entry.path()) {
            let is_page = pages.iter().any(|page| folder.join(&page.name) == old);
            if !is_page && is_ours(&old) {
                fs::remove_file(&old).map_err(|error| failed(&old, &error))?;
            }
        }
    }
    let files = artifact::write(pages, Destination { folder, stem: "index" }, &Existing::Overwrite)?;
    let shown = if options.output.format == super::options::Format::Json { &files[..] } else { &files[..1] };
    console::print_files(&name(options), shown, options.output.format)
}

/// Whether `c3 catalogue` wrote a page.
fn is_ours(path: &Path) -> bool {
    let is_page = path.extension().is_some_and(|end| end == "html");
    let generator = format!("<meta name=\"generator\" content=\"{GENERATOR}\">");
    is_page && reader::read_to_string(path).is_ok_and(|text| text.contains(&generator))
}
