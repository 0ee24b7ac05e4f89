//! Images without an engine: `c3` puts packages and files on a base image itself, and pushes the result.

mod archive;
mod assembly;
mod base;
mod cache;
mod compression;
mod config;
mod disk;
mod error;
mod files;
mod index;
mod installer;
mod layer;
mod manifest;
mod members;
mod mounts;
mod origin;
pub mod platform;
mod push;
mod python;
mod scripts;
mod search;
mod site;
mod turns;
mod verified;
mod wheels;

use self::assembly::Image;
use self::base::Base;
use self::cache::Cache;
pub use self::compression::Compression;
pub use self::disk::on_disk;
pub use self::error::OciError;
use self::manifest::Document;
use self::mounts::Seen;
use self::origin::Origin;
use self::platform::Platform;
use self::push::Push;
use self::turns::Turns;
use std::collections::BTreeMap;
use std::path::Path;

use super::registry::RegistryError;
use super::work::Work;
use crate::context::Context;
use crate::logins::Logins;
use crate::progress::{Event, Progress};
use crate::recipe::Recipe;
use crate::reference::Reference;

/// The installer for a version of Python such as `3.12` without an engine, in words.
pub fn installer(version: &str) -> Result<String, OciError> {
    installer::name(version)
}

/// Builds images without an engine.
#[derive(Debug)]
pub struct Assembler {
    cache: Cache,
    work: Work,
    /// The compression of new layers.
    compression: Compression,
    /// Locks for making layers.
    making: Turns,
    /// Locks for uploading layers.
    uploading: Turns,
}

/// The base images, one per platform.
pub struct Bases {
    origin: Origin,
    images: Vec<Base>,
}

/// An image to build.
#[derive(Debug, Clone, Copy)]
pub struct ImageSpec<'a> {
    /// The version of Python that the base must have, if it matters.
    pub python: Option<&'a str>,
    /// Its configuration, and the packages to install.
    pub recipe: &'a Recipe,
    /// Its files.
    pub context: &'a Context,
    /// The user's logins for the package indexes.
    pub logins: &'a Logins,
    /// Whether to ignore cached packages.
    pub no_cache: bool,
    /// Where progress goes.
    pub progress: &'a Progress,
}

/// A new image, not stored anywhere yet.
pub struct Assembled {
    origin: Origin,
    images: Vec<Image>,
    /// The manifest, or the index of several platforms.
    top: Document,
    /// Its creation time, in seconds since 1970.
    created: u64,
}

impl Assembler {
    /// Opens the cache; connects to nothing yet.
    pub fn new(compression: Compression) -> Result<Self, OciError> {
        let work = Work::new().map_err(OciError::io("start", "the runtime"))?;
        let (making, uploading) = (Turns::default(), Turns::default());
        Ok(Self { cache: Cache::open()?, work, compression, making, uploading })
    }

    /// The compression of new layers.
    #[must_use]
    pub fn compression(&self) -> Compression {
        self.compression
    }

    /// Whether the user has pressed Ctrl-C.
    #[must_use]
    pub fn interrupted(&self) -> bool {
        self.work.interrupted()
    }

    /// Reads a base image for these platforms; default: for this machine. It is pulled `from` this name, that
    /// of a mirror or its own.
    pub fn read(
        &self,
        image: &str,
        from: &str,
        platforms: &[Platform],
        progress: &Progress,
    ) -> Result<Bases, OciError> {
        progress.report(&Event::Started(format!("read {from}")));
        let origin = Origin::open(from)?.called(image);
        let wanted: Vec<_> = match platforms {
            [] => vec![None],
            platforms => platforms.iter().map(Some).collect(),
        };
        let images = wanted.into_iter().map(|platform| self.work.wait(Base::read(&origin, platform)));
        let images = images.collect::<Result<_, _>>()?;
        Ok(Bases { origin, images })
    }

    /// Builds an image on its bases.
    pub fn assemble(&self, bases: Bases, spec: &ImageSpec) -> Result<Assembled, OciError> {
        let Bases { origin, images } = bases;
        let images =
            images.into_iter().map(|base| self.image(spec, &origin, base)).collect::<Result<Vec<_>, _>>()?;
        self.cache.trim(spec.progress);
        let top = match images.as_slice() {
            [image] => image.manifest.clone(),
            images => manifest::index(images.iter().map(|image| (&image.platform, &image.manifest)))?,
        };
        Ok(Assembled { origin, images, top, created: spec.context.mtime() })
    }

    /// The labels of an image in an archive, if it exists.
    #[must_use]
    pub fn labels(&self, archive: &Path) -> Option<BTreeMap<String, String>> {
        let origin = Origin::open(&format!("docker-archive:{}", archive.display())).ok()?;
        let base = self.work.wait(Base::read(&origin, None)).ok()?;
        serde_json::from_value(base.config["config"]["Labels"].clone()).ok()
    }

    /// Pushes an image to a repository without naming it; returns the bytes uploaded.
    pub fn push(&self, image: &Assembled, repository: &str, progress: &Progress) -> Result<u64, OciError> {
        let target = Reference::parse(repository).map_err(RegistryError::from)?;
        let seen = Seen { cache: &self.cache, turns: &self.uploading };
        let siblings = image.images.iter().flat_map(Image::digests);
        let siblings = siblings.filter_map(|layer| seen.sibling(&target, layer)).collect();
        let push = Push::new(&target, &image.origin, progress, Some((seen, siblings)))?;
        self.work.wait(async {
            for one in &image.images {
                push.image(one).await?;
                if one.manifest != image.top {
                    push.name(&one.manifest.digest, &one.manifest).await?;
                }
            }
            Ok(push.uploaded())
        })
    }

    /// Names an image in the repository that it was pushed to.
    pub fn name(
        &self,
        image: &Assembled,
        repository: &str,
        tag: &str,
        progress: &Progress,
    ) -> Result<(), OciError> {
        let target = Reference::parse(repository).map_err(RegistryError::from)?;
        let push = Push::new(&target, &image.origin, progress, None)?;
        progress.report(&Event::Started(format!("push {repository}:{tag}")));
        self.work.wait(push.name(tag, &image.top))
    }
}

impl Bases {
    /// The digests of the bases, as their identity.
    #[must_use]
    pub fn digests(&self) -> String {
        self.images.iter().map(|base| base.digest.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// The versions of Python that the bases declare.
    pub fn python_versions(&self) -> impl Iterator<Item = &str> {
        self.images.iter().filter_map(|base| config::variable(&base.config, "PYTHON_VERSION"))
    }
}

impl Assembled {
    /// Its digest in registries.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.top.digest
    }

    /// The digest of its configuration, which engines use as id; of several platforms the first.
    #[must_use]
    pub fn id(&self) -> &str {
        self.images.first().map_or("", |image| &image.config.digest)
    }
}
