//! The image of an operator: built by an engine, named, pushed.

use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use c3::backend::variant::Archive as Form;
use c3::backend::{Settings, runtime};
use c3::diagnostic::Diagnostic;
use c3::engine::build::Build;
use c3::engine::context::{Context, source_date_epoch};
use c3::engine::docker::Engine;
use c3::engine::endpoint::Endpoint;
use c3::engine::error::EngineError;
use c3::engine::progress::{Event, Progress};
use serde::Serialize;
use tempfile::NamedTempFile;

use super::failure::{Failure, INPUT};
use super::plan::Plan;

/// An image that was built.
#[derive(Debug, Serialize)]
pub(crate) struct Image {
    /// Its reference with the version.
    pub(crate) reference: String,
    /// Its id in the engine.
    pub(crate) id: String,
    /// The digest that the registry gave it.
    pub(crate) digest: Option<String>,
}

/// How an image is built.
pub(crate) struct Order<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) context: &'a Context,
    pub(crate) platform: Option<&'a str>,
    pub(crate) no_cache: bool,
    pub(crate) push: bool,
    pub(crate) base_archive: Option<&'a Path>,
    pub(crate) archive: Option<&'a Path>,
}

impl Order<'_> {
    /// The image's name without its tag.
    fn repository(&self) -> &str {
        self.settings.image.rsplit_once(':').map_or("", |(repository, _)| repository)
    }
}

/// Connects to the engine that is meant.
pub(crate) fn connect() -> Result<Engine, Failure> {
    Ok(Engine::connect(&Endpoint::from_environment()?)?)
}

/// Builds an image and pushes it as its version and as `latest`.
pub(crate) fn build(
    engine: &Engine,
    plan: &Plan,
    order: &Order,
    progress: &Progress,
) -> Result<Image, Failure> {
    let settings = order.settings;
    let form = settings.variant.map_or(Form::Image, |variant| variant.archive);
    let archive = order.archive.map(|path| Archive::create(path, form)).transpose()?;
    if settings.uses_base_image() {
        order.base_archive.map_or(Ok(()), |archive| engine.load(archive, progress))?;
        let base = engine.ensure_image(&settings.base_image, order.platform, progress)?;
        check_python(plan, base.variable("PYTHON_VERSION"))?;
    }
    let tags = [settings.image.clone(), format!("{}:latest", order.repository())];
    let build = Build {
        context: order.context,
        dockerfile: &settings.dockerfile,
        tags: &tags,
        platform: order.platform,
        no_cache: order.no_cache,
        args: &arguments(engine)?,
    };
    let id = engine.build(&build, progress)?;
    let digest = if order.push { Some(push(engine, &tags, progress)?) } else { None };
    if let Some(check) = settings.variant.and_then(|variant| (variant.check)(&plan.operator_in(settings))) {
        let said = engine.output(&settings.image, &check, progress)?;
        progress.report(&Event::Told(said));
    }
    if let Some(archive) = archive {
        archive.save(engine, &settings.image, progress)?;
    }
    if engine.interrupted() {
        return Err(EngineError::Interrupted.into());
    }
    Ok(Image { reference: settings.image.clone(), id, digest })
}

/// The build arguments: BuildKit takes the time of the image from one.
fn arguments(engine: &Engine) -> Result<BTreeMap<String, String>, Failure> {
    let epoch = source_date_epoch()?.filter(|_| engine.buildkit);
    Ok(epoch.map(|epoch| ("SOURCE_DATE_EPOCH".to_owned(), epoch.to_string())).into_iter().collect())
}

/// Pushes the version first: `latest` must not name an image that its version doesn't.
fn push(engine: &Engine, tags: &[String; 2], progress: &Progress) -> Result<String, Failure> {
    let digest = engine.push(&tags[0], progress)?;
    engine.push(&tags[1], progress)?;
    Ok(digest)
}

/// An archive that is going to be written; its place is known to be good before anything is built.
struct Archive<'a> {
    path: &'a Path,
    form: Form,
    file: NamedTempFile,
}

impl<'a> Archive<'a> {
    fn create(path: &'a Path, form: Form) -> Result<Self, Failure> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let anyone = Permissions::from_mode(0o666);
        let file = tempfile::Builder::new().prefix(".c3-").permissions(anyone).tempfile_in(folder);
        file.map(|file| Self { path, form, file }).map_err(|error| Self::failure(path, &error))
    }

    fn save(mut self, engine: &Engine, image: &str, progress: &Progress) -> Result<(), Failure> {
        match self.form {
            Form::Image => engine.save(image, &mut self.file, progress)?,
            Form::Container => engine.export(image, &mut self.file, progress)?,
        };
        self.file.persist(self.path).map(drop).map_err(|error| Self::failure(self.path, &error.error))
    }

    fn failure(path: &Path, error: &std::io::Error) -> Failure {
        Failure::new(INPUT, format!("cannot write the archive `{}`: {error}", path.display()))
            .hint("choose another file with `--archive`")
    }
}

/// The base image's own word on its Python decides whether `requires-python` is met.
fn check_python(plan: &Plan, version: Option<&str>) -> Result<(), Failure> {
    let mismatch = version.and_then(|version| runtime::python_mismatch(&plan.component, version));
    match mismatch {
        None => Ok(()),
        Some(Diagnostic { message, hint, .. }) => {
            let failure = Failure::new(INPUT, format!("`{}`: {message}", plan.source.display()));
            Err(hint.into_iter().fold(failure, Failure::hint))
        }
    }
}
