//! `c3 create-operator`: from a source to an image in a registry and the files that name it.

use std::path::PathBuf;

use c3::artifact::{self, Artifact, ArtifactError, Existing};
use c3::backend::runtime::python_version;
use c3::backend::{Settings, variant};
use c3::context::Context;
use c3::engine::indexes::Given;
use c3::engine::oci::platform::Platform;
use c3::logins::BuildSecret;
use c3::progress::Progress;
use clap::{Args, ValueHint};
use serde_json::json;

use super::console::{self, Messages};
use super::failure::{Failure, USAGE};
use super::image::{Builder, Choice, Image, Order};
use super::kept::Kept;
use super::options::{Emission, FILES, Format, IMAGE, LogLevel};
use super::plan::{Plan, Purpose};
use super::version::{self, Claim};

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

    /// Secret of the build, may be repeated: the login `user:password` of a package index, if ID is its host, or what a
    /// Dockerfile template mounts with `RUN --mount=type=secret,id=ID`; also `id=ID,src=FILE` and `id=ID,env=NAME`. It
    /// stays in no layer
    #[arg(
        long,
        alias = "build_secret",
        value_name = "ID=FILE|env:NAME",
        help_heading = IMAGE,
        conflicts_with = "no_build"
    )]
    build_secret: Vec<BuildSecret>,

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
    fn builder(&self, plan: &Plan, parts: &[Part]) -> Result<Option<Builder>, Failure> {
        let variant = parts.iter().find_map(|part| part.settings.variant);
        if let Some(variant) = variant.filter(|_| self.pin) {
            let message =
                format!("`--pin` knows the operator's own image only, not that of `{}`", variant.name);
            return Err(
                Failure::new(USAGE, message).hint("leave it out, or choose other platforms with `--target`")
            );
        }
        if self.pin && !self.pushes(plan) {
            return Err(Failure::new(USAGE, "an image that isn't pushed has no digest for `--pin`")
                .hint("name a registry and namespace with `--repository`"));
        }
        if self.no_build {
            return Ok(None);
        }
        let level = plan.emission.telling.log_level;
        let builder = Builder::choose(self.builder, level)?;
        builder.check(plan, variant, &self.platform, level)?;
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
    let (version, claim) = version(options, &plan, &repository)?;
    plan.set_version(&version, &repository)?;
    let mut messages = Messages::default();
    let artifacts = plan.artifacts(emission, &mut messages);
    messages.show();
    let artifacts = artifacts?;
    let images = plan.images(emission);
    if options.archive.is_some() && images.len() > 1 {
        return Err(Failure::new(USAGE, "an archive holds one image, and the targets need several")
            .hint("choose one of them with `--target`"));
    }
    let mut parts: Vec<Part> =
        images.into_iter().map(|image| Part::new(&plan, image, &artifacts)).collect::<Result<_, _>>()?;
    let existing = decide(plan.conflicts(&artifacts, emission), emission.existing())?;
    artifact::check(&artifacts, plan.destination(), &existing)?;
    let builder = options.builder(&plan, &parts)?;
    let kept = parts.iter().filter(|_| options.keep_generated_files);
    kept.clone().try_for_each(|part| plan.check_context(&part.settings, emission))?;
    let kept: Vec<Kept> = kept
        .map(|part| Kept::stage(plan.context_folder(&part.settings), &part.context, &existing))
        .collect::<Result<_, _>>()?;
    let built = match builder {
        Some(builder) => build(options, &plan, &builder, &parts, claim.is_some())?,
        None => Vec::new(),
    };
    kept.into_iter().try_for_each(|kept| kept.place(emission.telling.log_level))?;
    let digest = built.first().and_then(|image| image.digest.as_ref()).filter(|_| options.pin);
    let artifacts = match digest {
        Some(digest) => {
            plan.pin(digest);
            for part in &mut parts {
                part.settings.image.clone_from(&plan.settings.image);
            }
            plan.artifacts(emission, &mut Messages::default())?
        }
        None => artifacts,
    };
    let files = artifact::write(&artifacts, plan.destination(), &existing)?;
    report(options, &plan, &files, &parts, &built)
}

/// One image that is wanted and what it is made of.
struct Part {
    settings: Settings,
    context: Context,
}

impl Part {
    fn new(plan: &Plan, image: variant::Image, artifacts: &[Artifact]) -> Result<Self, Failure> {
        let context = plan.context(artifacts, &image.settings)?;
        Ok(Self { settings: image.settings, context })
    }
}

/// Makes the images, and pushes and saves them as far as that is wanted.
fn build(
    options: &Options,
    plan: &Plan,
    builder: &Builder,
    parts: &[Part],
    claimed: bool,
) -> Result<Vec<Image>, Failure> {
    let emission = &plan.emission;
    let push = options.pushes(plan);
    let archive = options.archive.clone().or_else(|| builder.archive(plan).filter(|_| !push));
    let progress = Progress::new(emission.telling.log_level.into());
    let given = Given { secrets: &options.build_secret, indexes: &plan.indexes };
    let build = |part: &Part| {
        let order = Order {
            settings: &part.settings,
            context: &part.context,
            platforms: &options.platform,
            python: emission.image_version.as_deref().and_then(python_version),
            no_cache: options.no_cache,
            given,
            push,
            claimed,
            base_archive: emission.base_image_tar.as_deref(),
            archive: archive.as_deref(),
        };
        builder.build(plan, &order, &progress)
    };
    let images = parts.iter().map(build).collect();
    progress.finish();
    images
}

/// The version of the image: as given, as it stands in the manifests, or the next in the registry, which is claimed if
/// it is going to be pushed.
fn version(options: &Options, plan: &Plan, repository: &str) -> Result<(String, Option<Claim>), Failure> {
    let first = || "0.1".to_owned();
    match &plan.emission.version {
        Some(version) => Ok((version.clone(), None)),
        None if options.no_build => Ok((plan.present_version().unwrap_or_else(first), None)),
        None if plan.emission.repository.is_none() => Ok((first(), None)),
        None => version::next(plan, repository, options.pushes(plan)),
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
    let error = artifact::in_the_way(conflicts);
    if !matches!(error, ArtifactError::Exists(_)) || !console::answers() {
        return Err(error.into());
    }
    match console::ask(&format!("{error}\n[o]verwrite, [r]ename or [k]eep? ")).unwrap_or_default().as_str() {
        "o" | "overwrite" => Ok(Existing::Overwrite),
        "r" | "rename" => Ok(Existing::Rename { name: None, replace: false }),
        _ => Err(error.into()),
    }
}

fn report(
    options: &Options,
    plan: &Plan,
    files: &[PathBuf],
    parts: &[Part],
    built: &[Image],
) -> Result<(), Failure> {
    let emission = &plan.emission;
    if let Some(note) = whereabouts(options, plan, built.first()) {
        console::info(&format!("note: {note}"), emission.telling.log_level);
    }
    let first = built.first();
    match emission.telling.format {
        Format::Json => console::print_json(&json!({
            "schema_version": 1,
            "name": plan.component.name,
            "version": plan.settings.version,
            "image": parts.first().map(|part| &part.settings.image),
            "id": first.map(|image| &image.id),
            "digest": first.and_then(|image| image.digest.as_ref()),
            "archive": first.and_then(|image| image.archive.as_ref()),
            "images": built,
            "files": files,
        }))?,
        Format::Text => {
            let files = files.iter().map(|file| format!("{}\n", file.display()));
            let digest =
                |image: &Image| image.digest.as_ref().map(|digest| format!("@{digest}")).unwrap_or_default();
            let images = built.iter().map(|image| format!("{}{}\n", image.reference, digest(image)));
            console::print(&images.chain(files).collect::<String>())?;
        }
    }
    tell_next(plan, parts, emission.telling.log_level);
    Ok(())
}

/// Tells what each platform wants done next.
fn tell_next(plan: &Plan, parts: &[Part], level: LogLevel) {
    for settings in parts.iter().map(|part| &part.settings) {
        let Some(variant) = settings.variant else { continue };
        console::next(variant.name, &(variant.next)(&plan.operator_in(settings)), level);
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
        None if plan.emission.repository.is_none() && options.no_build => {
            Some("the files name an image of this machine; name its registry with `--repository REGISTRY/NAMESPACE`".to_owned())
        }
        None if plan.emission.repository.is_none() && !options.local_mode => {
            Some("the image stays on this machine; push it with `--repository REGISTRY/NAMESPACE`".to_owned())
        }
        None => None,
    }
}
