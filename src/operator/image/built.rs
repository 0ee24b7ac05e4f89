//! An image by a container engine.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use crate::backend::recipe::recipe;
use crate::backend::variant::Archive as Form;
use crate::context::source_date_epoch;
use crate::engine::build::Build;
use crate::engine::docker::{Engine, Kind};
use crate::engine::error::EngineError;
use crate::engine::indexes::{Index, Pip, Prepared, UsedIndexes, configured, prepare};
use crate::engine::proxies;
use crate::progress::Progress;
use crate::recipe::KEY_LABEL;

use super::installs::blamed;
use super::{Archive, Image, ImageBuild, check_python};
use crate::failure::{ENGINE, Failure, Fault};
use crate::operator::versions::{self, Pushed};
use crate::operator::{Part, Plan};

/// Builds an image and pushes it as its version and as `latest`.
pub fn build(engine: &Engine, build: &ImageBuild) -> Result<Image, Failure> {
    let ImageBuild { plan, part: Part { settings, .. }, making, progress } = *build;
    let reference = settings.image.to_string();
    let form = settings.variant.map_or(Form::Image, |variant| variant.archive);
    let archive = making.archive.map(|path| Archive::create(path, form)).transpose()?;
    let platform = making.platforms.first().map(ToString::to_string);
    let platform = platform.as_deref();
    let mut prepared = prepared(engine, build, &[])?;
    if settings.uses_base_image() {
        let archive = plan.request.base_image_tar.as_deref();
        archive.map_or(Ok(()), |archive| engine.load(archive, progress))?;
        let base = engine.ensure_image(&settings.pulled_image(), platform, progress)?;
        check_python(plan, base.variable("PYTHON_VERSION"))?;
        prepared = self::prepared(engine, build, &configured(|name| base.variable(name)))?;
    }
    build.warn_of_unused(&prepared.unused);
    let check = settings.variant.and_then(|variant| (variant.check)(&plan.operator_in(settings)));
    let tags = [reference.clone(), settings.image.latest().to_string()];
    let input = Build {
        context: &prepared.context,
        dockerfile: &settings.dockerfile,
        // What a check may refuse gets no name before it.
        tags: if check.is_some() { &[] } else { &tags },
        platform,
        no_cache: making.no_cache,
        args: &arguments(engine)?,
        labels: &making.key.map(|key| (KEY_LABEL.to_owned(), key.to_owned())).into_iter().collect(),
        secrets: &prepared.secrets,
        hidden: &prepared.hidden,
    };
    let id = engine.build(&input, progress).map_err(|error| unbuilt(error, plan, &prepared.asked))?;
    if let Some(check) = check {
        progress.info(engine.output(&id, &reference, &check, progress)?);
        tags.iter().try_for_each(|tag| engine.tag(&id, tag))?;
    }
    let pushed = making.push.then(|| push(engine, build, &id)).transpose()?;
    let save = |archive: Archive| archive.save(|out, form| write(engine, &reference, form, out, progress));
    let archive = archive.map(save).transpose()?;
    if engine.interrupted() {
        return Err(EngineError::Interrupted.into());
    }
    Ok(Image::new(reference, id, pushed, archive))
}

/// The build with logins of the indexes it uses, if the engine can keep them out of the image.
fn prepared(engine: &Engine, build: &ImageBuild, configured: &[Index]) -> Result<Prepared, Failure> {
    let Part { settings, context } = build.part;
    let operator = build.plan.operator_in(settings);
    let folder = recipe(&operator).working_dir;
    let installs = operator.pip_arguments_in(folder);
    let pip = Pip { installs: &installs, folder, configured };
    let prepared = prepare(context, &settings.dockerfile, pip, build.given())?;
    if prepared.secrets.is_empty() || engine.keeps_secrets() {
        return Ok(prepared);
    }
    Err(exposed(engine, &prepared.asked.hosts(true)))
}

/// The error for an engine that would keep build secrets in the image.
fn exposed(engine: &Engine, hosts: &BTreeSet<String>) -> Failure {
    let what = match hosts.first() {
        Some(host) => format!("the login of `{host}`"),
        None => "a build secret".to_owned(),
    };
    let (builder, remedy) = match engine.kind {
        Kind::Podman => {
            ("Podman, which builds without BuildKit", "choose Docker's engine, or `--builder oci`")
        }
        Kind::Docker if engine.buildkit => {
            ("a Docker Engine before 20.10", "update it, or choose `--builder oci`")
        }
        Kind::Docker => (
            "Docker's classic builder",
            "let BuildKit build: unset `DOCKER_BUILDKIT`; or choose `--builder oci`",
        ),
    };
    Failure::new(ENGINE, format!("{what} can't be given to {builder}: it would stay in the image"))
        .hint(remedy)
}

/// The error for a failed build, with the logins that were known.
fn unbuilt(error: EngineError, plan: &Plan, asked: &UsedIndexes) -> Failure {
    let hint = match &error {
        EngineError::Build { refused: Some(refusal), .. } => {
            asked.place(refusal.host()).map(|place| refusal.hint(Some(place)))
        }
        EngineError::Build { tail, .. } if error.hint().is_none() => asked.doubt(tail),
        _ => None,
    };
    let step = if let EngineError::Build { step, .. } = &error { step.clone() } else { String::new() };
    let failure = hint.into_iter().fold(Failure::from(error), Failure::hint);
    blamed(failure, plan, &step)
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

/// The build arguments: BuildKit takes the image's time from one; proxies don't stay in the image.
pub fn arguments(engine: &Engine) -> Result<BTreeMap<String, String>, Failure> {
    let epoch = source_date_epoch()?.filter(|_| engine.buildkit);
    let epoch = epoch.map(|epoch| ("SOURCE_DATE_EPOCH".to_owned(), epoch.to_string()));
    Ok(proxies::variables(&engine.endpoint)?.into_iter().chain(epoch).collect())
}

fn push(engine: &Engine, build: &ImageBuild, id: &str) -> Result<Pushed, Failure> {
    let image = &build.part.settings.image;
    let (version, latest) = (image.to_string(), image.latest().to_string());
    versions::push(
        build,
        id,
        || Ok(engine.push(&version, build.progress)?),
        || Ok(engine.push(&latest, build.progress).map(drop)?),
    )
}
