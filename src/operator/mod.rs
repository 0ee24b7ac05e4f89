//! Operators: from a source to its files and images.

use std::path::Path;

use crate::artifact::Artifact;
use crate::backend::{Settings, variant};
use crate::context::Context;
use crate::engine::oci::platform::Platform;
use crate::failure::Failure;
use crate::logins::BuildSecret;
use crate::progress::Progress;

pub mod generated;
pub mod image;
mod legacy;
mod plan;
pub mod project;
pub mod renewal;
mod request;
pub mod selection;
pub mod sources;
pub mod staged;
pub mod versions;

pub use image::{Builder, Image};
pub use plan::{ARCHIVE, CONTEXT, Plan, Planned, Purpose, fingerprint, made, packed, plan};
pub use request::Request;

use image::ImageBuild;

/// How to build the images of an operator, and where they go.
#[derive(Debug, Clone, Copy, Default)]
pub struct Making<'a> {
    /// The platforms of the image; if empty, the engine's own.
    pub platforms: &'a [Platform],
    /// Whether to ignore caches.
    pub no_cache: bool,
    /// Secrets for the build, which no layer keeps.
    pub secrets: &'a [BuildSecret],
    /// Whether the images are pushed.
    pub push: bool,
    /// Whether the version was chosen as the next one, which others may have chosen too.
    pub claimed: bool,
    /// The key of the images' contents, to store as a label.
    pub key: Option<&'a str>,
    /// The archive to write the image to.
    pub archive: Option<&'a Path>,
}

/// One image of a plan, and its contents.
#[derive(Debug)]
pub struct Part {
    /// The operator's settings as they are for this image.
    pub settings: Settings,
    /// Its build context.
    pub context: Context,
}

/// The images of a plan, with the artifacts emitted for them.
pub fn parts(plan: &Plan, artifacts: &[Artifact]) -> Result<Vec<Part>, Failure> {
    let part = |image: variant::Image| {
        let context = plan.context(artifacts, &image.settings)?;
        Ok(Part { settings: image.settings, context })
    };
    plan.images().into_iter().map(part).collect()
}

/// Builds images, and pushes and saves them if asked to.
pub fn build(
    plan: &Plan,
    parts: &[Part],
    builder: &Builder,
    making: &Making,
    progress: &Progress,
) -> Result<Vec<Image>, Failure> {
    let archive = making.archive.map(Path::to_path_buf);
    let archive = archive.or_else(|| builder.archive(plan).filter(|_| !making.push));
    let making = &Making { archive: archive.as_deref(), ..*making };
    let images =
        parts.iter().map(|part| builder.build(&ImageBuild { plan, part, making, progress })).collect();
    progress.finish();
    images
}

#[cfg(test)]
mod tests;
