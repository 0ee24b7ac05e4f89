//! An image that `c3` makes itself.

use c3::backend::recipe::recipe;
use c3::backend::variant::Archive as Form;
use c3::engine::indexes::{Asked, IndexError, Pip, configured_here};
use c3::engine::oci::{Assembled, Assembler, OciError, Order as Assembly};
use c3::operator::refusal::refusals;
use c3::progress::Progress;

use super::{Archive, Image, Order, check_python};
use crate::cli::console;
use crate::cli::failure::Failure;
use crate::cli::options::LogLevel;
use crate::cli::plan::Plan;
use crate::cli::version;

/// Refuses what has to be built in a container.
pub(super) fn check(plan: &Plan, level: LogLevel) -> Result<(), Failure> {
    let refused = refusals(&plan.component, &plan.settings, &plan.source, &plan.requirement_texts());
    console::diagnostics(&refused, &plan.source, level);
    if refused.is_empty() { Ok(()) } else { Err(Failure::diagnosed()) }
}

/// Makes an image and pushes it as its version and as `latest`, or writes it to an archive.
pub(super) fn build(
    assembler: &Assembler,
    plan: &Plan,
    order: &Order,
    progress: &Progress,
) -> Result<Image, Failure> {
    let settings = &plan.settings;
    let archive = order.archive.map(|path| Archive::create(path, Form::Image)).transpose()?;
    let bases = assembler.read(&settings.base_image, order.platforms, progress)?;
    bases.python_versions().try_for_each(|version| check_python(plan, Some(version)))?;
    let recipe = recipe(&plan.operator());
    let pip = Pip { installs: &recipe.installs, folder: "", configured: &configured_here() };
    let asked = Asked::of(order.context, pip, order.given).map_err(IndexError::from)?;
    order.tell_unused(&asked.unused(order.given.secrets), plan.emission.telling.log_level);
    let assembly = Assembly {
        python: order.python,
        recipe: &recipe,
        context: order.context,
        logins: &asked.logins,
        no_cache: order.no_cache,
        progress,
    };
    let image = assembler.assemble(bases, &assembly).map_err(|error| unmade(error, &asked))?;
    let digest = order.push.then(|| push(assembler, &image, order, progress)).transpose()?;
    let tags = [settings.image.clone(), order.latest()];
    let save = |archive: Archive| archive.save(|out, _| assembler.save(&image, &tags, out, progress));
    let archive = archive.map(save).transpose()?;
    if assembler.interrupted() {
        return Err(OciError::Interrupted.into());
    }
    Ok(Image { reference: settings.image.clone(), id: image.id().to_owned(), digest, archive })
}

fn push(
    assembler: &Assembler,
    image: &Assembled,
    order: &Order,
    progress: &Progress,
) -> Result<String, Failure> {
    let repository = order.repository();
    assembler.push(image, repository, progress)?;
    let name = |tag: &str| assembler.name(image, repository, tag, progress);
    let digest = image.digest().to_owned();
    let version = &order.settings.version;
    version::push(order, image.id(), || Ok(name(version).map(|()| digest)?), || Ok(name("latest")?))
}

/// An image that couldn't be made: who wanted a login is told with what was known of it.
fn unmade(error: OciError, asked: &Asked) -> Failure {
    let hint = match &error {
        OciError::Install { refused: Some(refusal), .. } => {
            asked.place(refusal.host()).map(|place| refusal.hint(Some(place)))
        }
        OciError::Install { tail, .. } => asked.doubt(tail),
        _ => None,
    };
    let failure = Failure::from(error);
    hint.into_iter().fold(failure, Failure::hint)
}
