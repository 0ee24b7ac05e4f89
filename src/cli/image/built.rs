//! An image by a container engine.

use std::collections::BTreeMap;
use std::io::Write;

use c3::backend::variant::Archive as Form;
use c3::engine::build::Build;
use c3::engine::context::source_date_epoch;
use c3::engine::docker::Engine;
use c3::engine::error::EngineError;
use c3::engine::progress::{Event, Progress};

use super::{Archive, Image, Order, check_python};
use crate::cli::failure::Failure;
use crate::cli::plan::Plan;
use crate::cli::version;

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
    let platform = order.platforms.first().map(ToString::to_string);
    let platform = platform.as_deref();
    if settings.uses_base_image() {
        order.base_archive.map_or(Ok(()), |archive| engine.load(archive, progress))?;
        let base = engine.ensure_image(&settings.base_image, platform, progress)?;
        check_python(plan, base.variable("PYTHON_VERSION"))?;
    }
    let tags = [settings.image.clone(), order.latest()];
    let build = Build {
        context: order.context,
        dockerfile: &settings.dockerfile,
        tags: &tags,
        platform,
        no_cache: order.no_cache,
        args: &arguments(engine)?,
        labels: &BTreeMap::new(),
        secrets: &c3::logins::Secrets::new(),
    };
    let id = engine.build(&build, progress)?;
    let digest = order.push.then(|| push(engine, order, &id, progress)).transpose()?;
    if let Some(check) = settings.variant.and_then(|variant| (variant.check)(&plan.operator_in(settings))) {
        let said = engine.output(&id, &settings.image, &check, progress)?;
        progress.report(&Event::Told(said));
    }
    let save =
        |archive: Archive| archive.save(|out, form| write(engine, &settings.image, form, out, progress));
    let archive = archive.map(save).transpose()?;
    if engine.interrupted() {
        return Err(EngineError::Interrupted.into());
    }
    Ok(Image { reference: settings.image.clone(), id, digest, archive })
}

/// Writes the archive of an image, or that of a container's files.
fn write(
    engine: &Engine,
    image: &str,
    form: Form,
    out: &mut dyn Write,
    progress: &Progress,
) -> Result<(), EngineError> {
    match form {
        Form::Image => engine.save(image, out, progress).map(drop),
        Form::Container => engine.export(image, out, progress).map(drop),
    }
}

/// The build arguments: BuildKit takes the time of the image from one.
pub(crate) fn arguments(engine: &Engine) -> Result<BTreeMap<String, String>, Failure> {
    let epoch = source_date_epoch()?.filter(|_| engine.buildkit);
    Ok(epoch.map(|epoch| ("SOURCE_DATE_EPOCH".to_owned(), epoch.to_string())).into_iter().collect())
}

fn push(engine: &Engine, order: &Order, id: &str, progress: &Progress) -> Result<String, Failure> {
    let latest = order.latest();
    version::push(
        order,
        id,
        || Ok(engine.push(&order.settings.image, progress)?),
        || Ok(engine.push(&latest, progress).map(drop)?),
    )
}
