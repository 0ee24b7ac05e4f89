//! `c3 create-operator`: builds the image of a source, pushes it, and writes the files that name it.

use std::path::{Path, PathBuf};
use std::time::Instant;

use c3::artifact::{self, Artifact, Existing};
use c3::backend;
use c3::engine::oci::Compression;
use c3::engine::oci::platform::Platform;
use c3::failure::{Failure, USAGE};
use c3::load;
use c3::logins::BuildSecret;
use c3::operator::image::Choice;
use c3::operator::selection;
use c3::operator::staged::StagedContext;
use c3::operator::versions::{self, Claim};
use c3::operator::{self, Builder, Image, Making, Part, Plan, Purpose};
use c3::progress::{LONG, Progress, seconds};
use c3::settings::{Config, FILES, IMAGE};
use c3::source::Source;
use clap::{Args, ValueHint};
use serde_json::json;

use super::console::{self, Messages};
use super::decide::decide;
use super::options::{Emission, Format, LogLevel};
use super::original;
use super::planning;

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

    /// Builder of the image
    #[arg(long, default_value = "auto", help_heading = IMAGE)]
    builder: Choice,

    /// Compression of the layers, with `--builder oci` [default: gzip]
    #[arg(long, value_name = "FORM", help_heading = IMAGE)]
    compression: Option<Compression>,

    /// Also save the image as an archive for `docker load`
    #[arg(long, value_name = "FILE", help_heading = IMAGE)]
    archive: Option<PathBuf>,

    /// Write only the files, without engine and registry
    #[arg(long, alias = "no_build", help_heading = IMAGE, conflicts_with_all = ["archive", "platform"])]
    no_build: bool,

    /// Pin the image in every file by its digest in the registry
    #[arg(long, help_heading = IMAGE, conflicts_with_all = ["no_build", "local_mode"])]
    pin: bool,

    /// Build the image, but don't push it
    #[arg(long, alias = "local_mode", help_heading = IMAGE)]
    local_mode: bool,

    /// Run every step of the build again
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
    let plan = options.plan(&options.source()?, &mut messages);
    messages.show();
    create(options, plan?)
}

impl Options {
    /// The source.
    pub(crate) fn source(&self) -> Result<Source, Failure> {
        Ok(load::load(&self.file)?)
    }

    /// Plans everything but the version.
    pub(crate) fn plan(&self, source: &Source, messages: &mut Messages) -> Result<Plan, Failure> {
        let purpose = if self.no_build { Purpose::Files } else { Purpose::Image };
        let mut request = self.emission.request.clone();
        request.settings.additional_files.clone_from(&self.additional_files);
        let plan = planning::plan_of(source, &request, purpose, self.level(), messages)?;
        messages.add(&selection::beside(&plan.source, &self.additional_files), &plan.source, self.level());
        Ok(plan)
    }

    /// The log level.
    pub(crate) fn level(&self) -> LogLevel {
        self.emission.output.level()
    }

    /// The builder of the image, if one is built and the builder supports it.
    fn builder(&self, plan: &Plan, parts: &[Part], progress: &Progress) -> Result<Option<Builder>, Failure> {
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
        let builder = Builder::choose(self.builder, self.compression, progress)?;
        let refused = builder.check(plan, variant, &self.platform)?;
        console::diagnostics(&refused, &plan.source, self.level());
        if refused.is_empty() { Ok(Some(builder)) } else { Err(Failure::diagnosed()) }
    }

    /// Whether the image is pushed.
    fn pushes(&self, plan: &Plan) -> bool {
        plan.request.settings.repository.is_some() && !self.local_mode
    }

    /// Determines a missing version: that of the existing manifests, or the next in the registry, which is
    /// claimed before a push.
    fn decide_version(&self, plan: &mut Plan, progress: &Progress) -> Result<Option<Claim>, Failure> {
        if self.no_build {
            return plan.keep_version().map(|()| None);
        }
        let Config { version, repository, .. } = &plan.request.settings;
        if version.is_some() || repository.is_none() {
            return Ok(None);
        }
        let (version, claim) = versions::next(plan, self.pushes(plan), progress)?;
        plan.set_version(&version)?;
        Ok(claim)
    }

    /// The build contexts to leave on disk.
    fn kept(&self, plan: &Plan, parts: &[Part], existing: &Existing) -> Result<Vec<StagedContext>, Failure> {
        let parts = parts.iter().filter(|_| self.keep_generated_files);
        parts
            .clone()
            .try_for_each(|part| plan.check_context(&part.settings, &self.emission.replacing.existing()))?;
        parts
            .map(|part| StagedContext::stage(plan.context_folder(&part.settings), &part.context, existing))
            .collect()
    }
}

/// Builds, pushes and writes a plan.
pub(crate) fn create(options: &Options, mut plan: Plan) -> Result<(), Failure> {
    let start = Instant::now();
    let progress = Progress::new(options.level().into());
    let claim = options.decide_version(&mut plan, &progress)?;
    let artifacts = artifacts(&plan, options.level())?;
    let mut parts = operator::parts(&plan, &artifacts)?;
    if options.archive.is_some() && parts.len() > 1 {
        return Err(Failure::new(USAGE, "an archive holds one image, and the targets need several")
            .hint("choose one of them with `--target`"));
    }
    let existing = decide(plan.conflicts(&artifacts), &artifacts, options.emission.replacing.existing())?;
    artifact::check(&artifacts, plan.destination(), &existing)?;
    let builder = options.builder(&plan, &parts, &progress)?;
    let kept = options.kept(&plan, &parts, &existing)?;
    let built = match builder {
        Some(builder) => {
            let making = Making {
                platforms: &options.platform,
                no_cache: options.no_cache,
                secrets: &options.build_secret,
                push: options.pushes(&plan),
                claimed: claim.is_some(),
                key: None,
                archive: options.archive.as_deref(),
            };
            operator::build(&plan, &parts, &builder, &making, &progress)?
        }
        None => Vec::new(),
    };
    for kept in kept {
        console::info(&format!("build context: {}", kept.place()?.display()), options.level());
    }
    if let Some(warning) = Plan::moved(&parts, &built) {
        console::warning(&warning, options.level());
    }
    let artifacts = match plan.named_digest(&parts, &built, options.pin) {
        Some(digest) => {
            plan.pin(&digest);
            for part in &mut parts {
                part.settings.image.clone_from(&plan.settings.image);
            }
            plan.emit().map_err(|_| Failure::diagnosed())?
        }
        None => artifacts,
    };
    let files = artifact::write(&artifacts, plan.destination(), &existing)?;
    if start.elapsed() >= LONG {
        console::info(&format!("done in {}", seconds(start.elapsed())), options.level());
    }
    report(options, &plan, &files, &parts, &built)
}

/// The files of the chosen targets; shows their warnings.
fn artifacts(plan: &Plan, level: LogLevel) -> Result<Vec<Artifact>, Failure> {
    let mut messages = Messages::default();
    let artifacts = planning::artifacts(plan, level, &mut messages);
    messages.show();
    artifacts
}

fn report(
    options: &Options,
    plan: &Plan,
    files: &[PathBuf],
    parts: &[Part],
    built: &[Image],
) -> Result<(), Failure> {
    if let Some(note) = whereabouts(options, plan, built.first()) {
        console::info(&format!("note: {note}"), options.level());
    }
    let first = built.first();
    match options.emission.output.format {
        Format::Json => console::print_json(&json!({
            "schema_version": 1,
            "name": plan.component.name,
            "version": plan.settings.image.version,
            "image": parts.first().map(|part| part.settings.image.to_string()),
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
    show_next(plan, parts, options.archive.as_deref(), options.level());
    console::suggest(&next(options, plan, parts, built), options.emission.output.next());
    Ok(())
}

/// Suggestions for the next command; a target with its own image gives its own.
fn next(options: &Options, plan: &Plan, parts: &[Part], built: &[Image]) -> Vec<String> {
    let is_unloaded = built.iter().any(|image| image.archive.is_some()) && !options.pushes(plan);
    if is_unloaded || Plan::has_variant(parts) {
        return Vec::new();
    }
    let step = if options.no_build {
        "the same command without `--no-build` builds the image".to_owned()
    } else {
        let (image, logging) = (plan.settings.image.to_string(), plan.settings.logging);
        let inputs = backend::inputs(&plan.component, logging);
        let claimed =
            original::claimed_command(&image, &inputs).map(|command| format!("`{command}` runs it"));
        claimed.unwrap_or_else(|| format!("`c3 run {image}` runs it; add `--help` for its inputs"))
    };
    vec![step]
}

/// Shows the next steps of each platform.
fn show_next(plan: &Plan, parts: &[Part], archive: Option<&Path>, level: LogLevel) {
    for settings in parts.iter().map(|part| &part.settings) {
        let Some(variant) = settings.variant else { continue };
        console::next(variant.name, &(variant.next)(&plan.operator_in(settings), archive), level);
    }
}

/// Where the image is, if not in the engine or registry as usual.
fn whereabouts(options: &Options, plan: &Plan, image: Option<&Image>) -> Option<String> {
    let unnamed = image.and_then(|image| image.archive.as_ref()).filter(|_| options.archive.is_none());
    match unnamed {
        Some(archive) => {
            let archive = archive.display();
            Some(format!(
                "the image is in `{archive}`: take it into an engine with `docker load -i {archive}`"
            ))
        }
        None if plan.request.settings.repository.is_none() && options.no_build => {
            Some("the files name an image of this machine; name its registry with `--repository REGISTRY/NAMESPACE`".to_owned())
        }
        None if plan.request.settings.repository.is_none() && !options.local_mode => {
            Some("the image stays on this machine; push it with `--repository REGISTRY/NAMESPACE`".to_owned())
        }
        None => None,
    }
}
