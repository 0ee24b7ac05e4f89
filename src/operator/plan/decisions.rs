//! Decisions by the command line and the settings.

use std::path::Path;

use crate::backend::{self, Settings, runtime};
use crate::boundary::{Boundary, BoundaryError};
use crate::component::Component;
use crate::engine::image_archive;
use crate::engine::oci::on_disk;
use crate::reference::{self, ImageName, Mirrors};
use crate::source::Source;

use super::{FIRST, usage};
use crate::failure::{Failure, Fault, INPUT, USAGE};
use crate::operator::Request;
use crate::settings::{Config, Layers};

/// Largest Dockerfile template, in bytes.
const TEMPLATE_LIMIT: u64 = 1 << 20;

/// The settings of the operator, as far as they don't depend on existing files.
pub(super) fn settings(
    source: &Source,
    component: &Component,
    request: &Request,
    root: &Path,
) -> Result<Settings, Failure> {
    let chosen = &request.settings;
    Ok(Settings {
        image: image(request, component)?,
        base_image: base_image(request, component)?,
        base_image_given: request.names_base(),
        mirrors: mirrors(request),
        image_version: image_version(request, component).to_owned(),
        choices: chosen.set.clone(),
        stem: source.stem(),
        dockerfile: checked_dockerfile_name(source, request)?,
        folder: folder_in_image(source.path(), root),
        logging: !chosen.skip_logging.unwrap_or_default(),
        cells: source.notebook().map(|notebook| notebook.starts.clone()).unwrap_or_default(),
        raising: raising(source),
        job: chosen.job.clone(),
        slurm: chosen.slurm.clone(),
        ..Settings::default()
    })
}

/// The numbers of a notebook's cells that may fail.
fn raising(source: &Source) -> Vec<usize> {
    let cells = source.notebook().into_iter().flat_map(|notebook| &notebook.raising);
    cells.map(|(number, _)| *number).collect()
}

/// The image of the operator, at the first version by default.
pub(super) fn image(request: &Request, component: &Component) -> Result<ImageName, Failure> {
    let Config { repository, version, .. } = &request.settings;
    let repository = reference::image_repository(repository.as_deref(), &component.name).map_err(usage)?;
    ImageName::new(repository, version.as_deref().unwrap_or(FIRST)).map_err(usage)
}

/// The name of the Dockerfile.
pub(super) fn dockerfile_name(source: &Source, request: &Request) -> String {
    request.dockerfile.clone().unwrap_or_else(|| format!("{}.Dockerfile", source.stem()))
}

/// The name of the Dockerfile, if it is a file name and no other file's.
pub(super) fn checked_dockerfile_name(source: &Source, request: &Request) -> Result<String, Failure> {
    let name = dockerfile_name(source, request);
    let is_name = !name.is_empty() && !name.contains(['/', '\0']) && name != "." && name != "..";
    let taken = backend::suffixes().any(|suffix| name == format!("{}{suffix}", source.stem()));
    if is_name && !taken && name != source.file_name() {
        return Ok(name);
    }
    let message = format!("`{name}` can't be the name of the Dockerfile");
    Err(Failure::new(USAGE, message)
        .hint("give a file name without folders that no other file has; the folder is `--output-dir`"))
}

/// The folder of the source below the working directory; outside of it the source stands alone.
pub(super) fn folder_in_image(path: &Path, root: &Path) -> String {
    let folder = path.canonicalize().ok().and_then(|path| path.parent().map(Path::to_path_buf));
    let root = root.canonicalize().unwrap_or_else(|_| root.into());
    let below = folder.as_deref().and_then(|folder| folder.strip_prefix(&root).ok()).and_then(Path::to_str);
    match below {
        None | Some("") => String::new(),
        Some(folder) => format!("{folder}/"),
    }
}

pub(super) fn base_image(request: &Request, component: &Component) -> Result<String, Failure> {
    if let Some(archive) = &request.base_image_tar {
        return Ok(image_archive::name(archive)?);
    }
    if let Some(image) = request.settings.base_image.as_ref().filter(|image| on_disk(image).is_some()) {
        return Ok(image.clone());
    }
    if let Some(image) = &request.settings.base_image {
        return match reference::Reference::parse(image) {
            Ok(_) => Ok(image.clone()),
            Err(error) => {
                let failure = Failure::from(error);
                Err(Failure { code: USAGE, ..failure }
                    .hint("name an image such as `python:3.12-slim` with `--base-image`"))
            }
        };
    }
    let runtime = runtime::of(component.language);
    let version = image_version(request, component);
    (runtime.base_image)(version).ok_or_else(|| {
        let message = format!("`{version}` is not a version of the base image for `{}`", component.source);
        Failure::new(USAGE, message).hint(format!(
            "write it as `--image-version {}`, or name an image with `--base-image`",
            runtime.image_version
        ))
    })
}

/// The mirrors for base images; an image on this machine isn't pulled.
fn mirrors(request: &Request) -> Mirrors {
    let is_here = request.settings.base_image.as_ref().is_some_and(|image| on_disk(image).is_some());
    if is_here || request.base_image_tar.is_some() {
        Mirrors::default()
    } else {
        request.settings.mirrors.clone()
    }
}

/// What `--image-version` says, or its default.
pub(super) fn image_version<'a>(request: &'a Request, component: &Component) -> &'a str {
    request.settings.image_version.as_deref().unwrap_or(runtime::of(component.language).image_version)
}

/// The version of Python in the default base image, where that is the one that is taken.
pub(super) fn default_python<'a>(request: &'a Request, component: &Component) -> Option<&'a str> {
    let version = image_version(request, component);
    let is_default = !request.names_base() && request.settings.dockerfile_template.is_none();
    is_default.then(|| runtime::python_version(version)).flatten()
}

/// The text of the Dockerfile template, if there is one: below the working directory, or the folder of the source or of
/// `c3.toml`.
pub(super) fn template(
    request: &Request,
    layers: &Layers,
    source: &Source,
    root: &Path,
) -> Result<Option<String>, Failure> {
    let Some(path) = &request.settings.dockerfile_template else { return Ok(None) };
    let folder = |path: &Path| path.parent().map(Path::to_path_buf);
    let folders = [Some(root.to_path_buf()), folder(source.path()), layers.file.as_deref().and_then(folder)];
    let read = Boundary::new(folders.into_iter().flatten()).read(path, TEMPLATE_LIMIT);
    let failure = |reason: String, hint: Option<String>| {
        let message = format!("failed to read the Dockerfile template: {reason}");
        let hint = hint.unwrap_or_else(|| "check the path given with `--dockerfile-template`".to_owned());
        Failure::new(INPUT, message).hint(hint)
    };
    let bytes = read.map_err(|error| {
        let is_outside = matches!(error, BoundaryError::Outside(_));
        failure(error.to_string(), error.hint().filter(|_| is_outside))
    })?;
    let text = String::from_utf8(bytes);
    text.map(Some).map_err(|_| failure(format!("`{}` is not valid UTF-8", path.display()), None))
}
