//! Images that `c3` builds itself.

use super::installs::blamed;
use super::refusal::refusals;
use crate::backend::recipe::recipe;
use crate::backend::runtime::python_version;
use crate::backend::variant::Archive as Form;
use crate::diagnostic::Diagnostic;
use crate::engine::indexes::{IndexError, Pip, UsedIndexes, configured_here};
use crate::engine::oci::{Assembled, Assembler, ImageSpec, OciError};

use super::{Archive, Image, ImageBuild, check_python};
use crate::failure::Failure;
use crate::operator::versions::{self, Pushed};
use crate::operator::{Part, Plan};
use crate::recipe::{KEY_LABEL, Named};
use crate::reference::ImageName;

/// Requirements that need a container to build.
pub(super) fn refused(plan: &Plan) -> Vec<Diagnostic> {
    refusals(&plan.component, &plan.settings, &plan.source, &plan.requirement_texts())
}

/// Builds an image, and pushes it as its version and as `latest`, or writes it to an archive.
pub(super) fn build(assembler: &Assembler, build: &ImageBuild) -> Result<Image, Failure> {
    let ImageBuild { plan, part: Part { context, .. }, making, progress } = *build;
    let settings = &plan.settings;
    let archive = making.archive.map(|path| Archive::create(path, Form::Image)).transpose()?;
    let bases = assembler.read(&settings.base_image, &settings.pulled_image(), making.platforms, progress)?;
    bases.python_versions().try_for_each(|version| check_python(plan, Some(version)))?;
    let mut recipe = recipe(&plan.operator());
    let key = making.key.map(|key| Named { name: KEY_LABEL, value: key.to_owned() });
    recipe.labels.extend(key);
    let pip = Pip { installs: &recipe.installs, folder: "", configured: &configured_here() };
    let asked = UsedIndexes::of(context, pip, build.given()).map_err(IndexError::from)?;
    build.warn_of_unused(&asked.unused(making.secrets));
    let assembly = ImageSpec {
        python: plan.request.settings.image_version.as_deref().and_then(python_version),
        recipe: &recipe,
        context,
        logins: &asked.logins,
        no_cache: making.no_cache,
        progress,
    };
    let image = assembler.assemble(bases, &assembly).map_err(|error| unmade(error, plan, &asked))?;
    let (pushed, uploaded) = match making.push.then(|| push(assembler, &image, build)).transpose()? {
        Some((pushed, uploaded)) => (Some(pushed), Some(uploaded)),
        None => (None, None),
    };
    let reference = settings.image.to_string();
    let tags = [reference.clone(), settings.image.latest().to_string()];
    let save = |archive: Archive| archive.save(|out, _| assembler.save(&image, &tags, out, progress));
    let archive = archive.map(save).transpose()?;
    if assembler.interrupted() {
        return Err(OciError::Interrupted.into());
    }
    Ok(Image { uploaded, ..Image::new(reference, image.id().to_owned(), pushed, archive) })
}

/// Pushes an image; returns the bytes uploaded.
fn push(assembler: &Assembler, image: &Assembled, build: &ImageBuild) -> Result<(Pushed, u64), Failure> {
    let ImageName { repository, .. } = &build.part.settings.image;
    let (tag, latest) = (build.part.settings.image.tag(), build.part.settings.image.latest().tag());
    let uploaded = assembler.push(image, repository, build.progress)?;
    let name = |tag: &str| assembler.name(image, repository, tag, build.progress);
    let digest = image.digest().to_owned();
    let pushed =
        versions::push(build, image.id(), || Ok(name(&tag).map(|()| digest)?), || Ok(name(&latest)?))?;
    Ok((pushed, uploaded))
}

/// The error for an image that `c3` failed to build, with the logins that were known.
fn unmade(error: OciError, plan: &Plan, asked: &UsedIndexes) -> Failure {
    let hint = match &error {
        OciError::Install { refused: Some(refusal), .. } => {
            asked.place(refusal.host()).map(|place| refusal.hint(Some(place)))
        }
        OciError::Install { tail, .. } => asked.doubt(tail),
        _ => None,
    };
    let command =
        if let OciError::Install { command, .. } = &error { command.clone() } else { String::new() };
    let failure = hint.into_iter().fold(Failure::from(error), Failure::hint);
    blamed(failure, plan, &command)
}
