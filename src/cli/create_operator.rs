//! `c3 create-operator`: from a source to an image in a registry and the files that name it.

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use c3::artifact::{self, ArtifactError, Existing};
use c3::backend::runtime::python_version;
use c3::engine::context::Context;
use c3::engine::oci::platform::Platform;
use c3::engine::progress::Progress;
use c3::engine::registry;
use c3::reference::next_version;
use clap::{Args, ValueHint};
use serde_json::json;
use tempfile::TempDir;

use super::console::{self, Messages};
use super::failure::{Failure, INPUT, USAGE};
use super::image::{Builder, Choice, Image, Order};
use super::options::{Emission, FILES, Format, IMAGE, LogLevel};
use super::plan::{CONTEXT, Plan, Purpose};

#[derive(Args, Debug)]
#[command(disable_version_flag = true)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub(crate) struct Options {
    /// Python script, R script or notebook
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Files and folders that the operator needs in its image: paths and globs relative to the current directory
    #[arg(value_name = "ADDITIONAL_FILES", value_hint = ValueHint::AnyPath)]
    additional_files: Vec<String>,

    #[command(flatten)]
    emission: Emission,

    /// Platform of the image, such as linux/arm64; with `--builder oci` several [default: the engine's own]
    #[arg(long, value_name = "PLATFORM", value_delimiter = ',', help_heading = IMAGE)]
    platform: Vec<Platform>,

    /// What makes the image
    #[arg(long, default_value = "auto", help_heading = IMAGE)]
    builder: Choice,

    /// Save the image as an archive for `docker load`, too
    #[arg(long, value_name = "FILE", help_heading = IMAGE)]
    archive: Option<PathBuf>,

    /// Write the files only; no engine and no registry is asked
    #[arg(long, alias = "no_build", help_heading = IMAGE, conflicts_with_all = ["archive", "platform"])]
    no_build: bool,

    /// Name the image in every file by the digest that the registry knows it by
    #[arg(long, help_heading = IMAGE, conflicts_with_all = ["no_build", "local_mode"])]
    pin: bool,

    /// Build the image but push nothing
    #[arg(long, alias = "local_mode", help_heading = IMAGE)]
    local_mode: bool,

    /// Run every step of the build anew
    #[arg(long, alias = "no_cache", help_heading = IMAGE)]
    no_cache: bool,

    /// Leave the build context on disk, in <stem>.context beside the files
    #[arg(long, alias = "keep_generated_files", help_heading = FILES)]
    keep_generated_files: bool,
}

/// Runs the command.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let mut messages = Messages::default();
    let plan = options.plan(&mut messages);
    messages.show();
    create(options, plan?)
}

impl Options {
    /// Reads the source and decides everything but the version.
    pub(crate) fn plan(&self, messages: &mut Messages) -> Result<Plan, Failure> {
        let purpose = if self.no_build { Purpose::Files } else { Purpose::Image };
        Plan::new(&self.file, &self.additional_files, &self.emission, purpose, messages)
    }

    /// What makes the image, if one is made, and if it can make this one.
    fn builder(&self, plan: &Plan) -> Result<Option<Builder>, Failure> {
        if self.pin && !self.pushes(plan) {
            return Err(Failure::new(USAGE, "an image that isn't pushed has no digest for `--pin`")
                .hint("name a registry and namespace with `--repository`"));
        }
        if self.no_build {
            return Ok(None);
        }
        let level = plan.emission.log_level;
        let builder = Builder::choose(self.builder, level)?;
        builder.check(plan, &self.platform, level)?;
        Ok(Some(builder))
    }

    /// Whether the image goes to a registry.
    fn pushes(&self, plan: &Plan) -> bool {
        plan.emission.repository.is_some() && !self.local_mode
    }

    /// What is emitted.
    pub(crate) fn emission(&self) -> &Emission {
        &self.emission
    }
}

/// Builds, pushes and writes what a plan says.
pub(crate) fn create(options: &Options, mut plan: Plan) -> Result<(), Failure> {
    let emission = &plan.emission.clone();
    let repository = plan.repository(emission)?;
    let version = version(options, &plan, &repository)?;
    plan.set_version(&version, &repository)?;
    let mut messages = Messages::default();
    let artifacts = plan.artifacts(emission, &mut messages);
    messages.show();
    let artifacts = artifacts?;
    let context = plan.context(&artifacts)?;
    let existing = decide(plan.conflicts(&artifacts, emission), emission.existing())?;
    let builder = options.builder(&plan)?;
    let kept = options.keep_generated_files.then(|| Kept::stage(&plan, &context, &existing)).transpose()?;
    let image = builder.map(|builder| build(options, &plan, &builder, &context, &repository)).transpose()?;
    if let Some(kept) = kept {
        kept.place(emission.log_level)?;
    }
    let digest = image.as_ref().and_then(|image| image.digest.as_ref()).filter(|_| options.pin);
    let artifacts = match digest {
        Some(digest) => {
            plan.pin(digest);
            plan.artifacts(emission, &mut Messages::default())?
        }
        None => artifacts,
    };
    let files = artifact::write(&artifacts, &plan.folder, &existing)?;
    report(options, &plan, &files, image.as_ref())
}

/// Makes the image.
fn build(
    options: &Options,
    plan: &Plan,
    builder: &Builder,
    context: &Context,
    repository: &str,
) -> Result<Image, Failure> {
    let emission = &plan.emission;
    let push = options.pushes(plan);
    let archive = options.archive.clone().or_else(|| builder.archive(plan).filter(|_| !push));
    let order = Order {
        context,
        repository,
        platforms: &options.platform,
        python: emission.image_version.as_deref().and_then(python_version),
        no_cache: options.no_cache,
        push,
        archive: archive.as_deref(),
    };
    let progress = Progress::new(emission.log_level.into());
    let built = builder.build(plan, &order, &progress);
    progress.finish();
    built
}

/// The version of the image: as given, as it stands in the manifests, or the next in the registry.
fn version(options: &Options, plan: &Plan, repository: &str) -> Result<String, Failure> {
    let first = || "0.1".to_owned();
    match &plan.emission.version {
        Some(version) => Ok(version.clone()),
        None if options.no_build => Ok(plan.present_version().unwrap_or_else(first)),
        None if plan.emission.repository.is_none() => Ok(first()),
        None => match registry::tags(repository) {
            Ok(tags) => Ok(next_version(&tags)),
            Err(error) => {
                let failure = Failure::from(error);
                let remedy = failure.hint.clone().unwrap_or_else(|| "try again".to_owned());
                Err(failure.hint(format!("{remedy}, or tell the version with `-v VERSION`")))
            }
        },
    }
}

/// Settles what happens to files that are there before anything long begins; asks where somebody can answer.
pub(crate) fn decide(conflicts: Vec<PathBuf>, existing: Existing) -> Result<Existing, Failure> {
    if existing != Existing::Keep {
        return Ok(existing);
    }
    if conflicts.is_empty() {
        return Ok(Existing::Overwrite);
    }
    let error = ArtifactError::Exists(conflicts);
    if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        return Err(error.into());
    }
    match ask(&format!("{error}\n[o]verwrite, [r]ename or [k]eep? ")).as_str() {
        "o" | "overwrite" => Ok(Existing::Overwrite),
        "r" | "rename" => Ok(Existing::Rename { name: None, replace: false }),
        _ => Err(error.into()),
    }
}

fn ask(question: &str) -> String {
    let _ = write!(anstream::stderr().lock(), "{question}");
    let mut answer = String::new();
    let _ = std::io::stdin().read_line(&mut answer);
    answer.trim().to_lowercase()
}

/// A build context that is going to be left on disk; it is ready before the build begins.
struct Kept {
    folder: PathBuf,
    staged: TempDir,
}

impl Kept {
    fn stage(plan: &Plan, context: &Context, existing: &Existing) -> Result<Self, Failure> {
        let folder = plan.folder.join(format!("{}{CONTEXT}", plan.settings.stem));
        let failed = |error| Self::failure(&folder, &error);
        std::fs::create_dir_all(&plan.folder).map_err(failed)?;
        let staged = tempfile::Builder::new().prefix(".c3-").tempdir_in(&plan.folder).map_err(failed)?;
        context.write_dir(&staged.path().join("new"))?;
        if folder.exists() && *existing != Existing::Overwrite && !same(&staged.path().join("new"), &folder) {
            return Err(ArtifactError::Exists(vec![folder]).into());
        }
        Ok(Self { folder, staged })
    }

    fn place(self, level: LogLevel) -> Result<(), Failure> {
        let failed = |error| Self::failure(&self.folder, &error);
        if self.folder.exists() {
            std::fs::rename(&self.folder, self.staged.path().join("old")).map_err(failed)?;
        }
        std::fs::rename(self.staged.path().join("new"), &self.folder).map_err(failed)?;
        console::info(&format!("build context: {}", self.folder.display()), level);
        Ok(())
    }

    fn failure(folder: &Path, error: &std::io::Error) -> Failure {
        Failure::new(INPUT, format!("cannot write the build context `{}`: {error}", folder.display()))
    }
}

/// Whether two files, or all files of two folders, have the same content.
fn same(one: &Path, other: &Path) -> bool {
    match (names(one), names(other)) {
        (Some(ones), Some(others)) => {
            ones == others && ones.iter().all(|name| same(&one.join(name), &other.join(name)))
        }
        (None, None) => {
            matches!((std::fs::read(one), std::fs::read(other)), (Ok(one), Ok(other)) if one == other)
        }
        _ => false,
    }
}

/// The names in a folder, sorted; nothing for a file.
fn names(path: &Path) -> Option<Vec<OsString>> {
    let mut names: Vec<_> = path.read_dir().ok()?.filter_map(|entry| Some(entry.ok()?.file_name())).collect();
    names.sort();
    Some(names)
}

fn report(options: &Options, plan: &Plan, files: &[PathBuf], image: Option<&Image>) -> Result<(), Failure> {
    let emission = &plan.emission;
    if let Some(note) = whereabouts(options, plan, image) {
        console::info(&format!("note: {note}"), emission.log_level);
    }
    match emission.format {
        Format::Json => console::print_json(&json!({
            "schema_version": 1,
            "name": plan.component.name,
            "version": plan.settings.version,
            "image": plan.settings.image,
            "id": image.map(|image| &image.id),
            "digest": image.and_then(|image| image.digest.as_ref()),
            "archive": image.and_then(|image| image.archive.as_ref()),
            "files": files,
        })),
        Format::Text => {
            let files = files.iter().map(|file| format!("{}\n", file.display()));
            let digest = image.and_then(|image| image.digest.as_ref()).map(|digest| format!("@{digest}"));
            let image = image.map(|image| format!("{}{}\n", image.reference, digest.unwrap_or_default()));
            console::print(&image.into_iter().chain(files).collect::<String>())
        }
    }
}

/// Where the image is, if that isn't plain.
fn whereabouts(options: &Options, plan: &Plan, image: Option<&Image>) -> Option<String> {
    let unnamed = image.and_then(|image| image.archive.as_ref()).filter(|_| options.archive.is_none());
    match unnamed {
        Some(archive) => {
            let archive = archive.display();
            Some(format!(
                "the image is in `{archive}`: take it into an engine with `docker load -i {archive}`"
            ))
        }
        None if plan.emission.repository.is_none() && !options.local_mode => {
            Some("the image stays on this machine; push it with `--repository REGISTRY/NAMESPACE`".to_owned())
        }
        None => None,
    }
}
