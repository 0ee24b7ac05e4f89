//! What starts the container of a job.

use super::directives::accelerators;
use crate::backend::crossing::no_place;
use crate::backend::{Operator, containerless};
use crate::diagnostic::Diagnostic;
use crate::job::slurm::{Container, Place};
use crate::language::Language;

/// Rejects what no node can run.
pub(super) fn refuse(operator: &Operator, runtime: Container) -> Result<(), Vec<Diagnostic>> {
    let is_r = operator.component.language != Language::Python;
    let refusal = match runtime {
        Container::None if is_r => Some((
            "only operators in Python run on a node without a container",
            "choose `apptainer`, `singularity`, `podman` or `charliecloud` with `runtime` in `[slurm]`",
        )),
        Container::Charliecloud if operator.settings.slurm.mounts.iter().any(Place::is_read_only) => Some((
            "Charliecloud can't mount a folder for reading only",
            "leave `:ro` out of `mounts` in `[slurm]`, or choose another `runtime`",
        )),
        _ => None,
    };
    refusal.map_or(Ok(()), |(message, hint)| Err(vec![Diagnostic::error("job", message).hint(hint)]))
}

/// Reports GPUs that the runtime doesn't give to a container.
pub(super) fn review(operator: &Operator) -> Option<Diagnostic> {
    let settings = operator.settings;
    let is_charliecloud = settings.slurm.runtime == Some(Container::Charliecloud);
    let asks = !accelerators(&settings.job, Container::Apptainer).is_empty();
    let hint = "put the node's libraries into the image with `ch-fromhost`";
    (is_charliecloud && asks).then(|| no_place("slurm", "GPUs in a container of Charliecloud", hint))
}

/// The image of a container.
pub(super) fn image(operator: &Operator, runtime: Container) -> String {
    let settings = operator.settings;
    if let Some(image) = &settings.slurm.image {
        return image.to_string();
    }
    match runtime {
        Container::None => containerless::zip_name(operator),
        Container::Podman => settings.image.by_one(),
        Container::Charliecloud => settings.image.folder(),
        Container::Apptainer | Container::Singularity => settings.image.for_apptainer(),
    }
}

/// The command that starts a container, without the image; empty without a container.
pub(super) fn container(operator: &Operator, runtime: Container) -> Vec<String> {
    let fixed = match runtime {
        Container::None => return Vec::new(),
        Container::Apptainer => "apptainer exec --containall --no-home --pwd",
        Container::Singularity => "singularity exec --containall --no-home --pwd",
        // The user, who is root in there.
        Container::Podman => "podman run --rm --security-opt label=disable --user 0:0 --workdir",
        // The variables are those of the image.
        Container::Charliecloud => "ch-run --unset-env=* --set-env --set-env=HOME=/tmp --cd",
    };
    let mount = if runtime == Container::Podman { "--volume" } else { "--bind" };
    let mounts = operator.settings.slurm.mounts.iter();
    let mounts = mounts.flat_map(|place| [mount.to_owned(), mounted(place, runtime)]);
    let accelerators = accelerators(&operator.settings.job, runtime).iter().map(|&word| word.to_owned());
    let words = fixed.split(' ').map(ToOwned::to_owned);
    words.chain([operator.working_dir().to_owned()]).chain(accelerators).chain(mounts).collect()
}

/// A mount as the runtime takes it.
fn mounted(place: &Place, runtime: Container) -> String {
    let (source, target) = place.paths();
    if runtime == Container::Charliecloud { format!("{source}:{target}") } else { place.whole() }
}

/// The paths of mounts, on the node and in the container.
pub(super) fn mounts(operator: &Operator) -> Vec<[String; 2]> {
    let paths = |place: &Place| {
        let (source, target) = place.paths();
        [source.to_owned(), target.to_owned()]
    };
    operator.settings.slurm.mounts.iter().map(paths).collect()
}
