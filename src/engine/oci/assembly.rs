//! Assembling: base, installed packages and files become an image.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::base::Base;
use super::config;
use super::error::OciError;
use super::files::{self, WorkingDir};
use super::index::{InstalledPython, distribution};
use super::installer::{self, Target};
use super::layer::{Blob, Body, Entry, Format, Layer, Packed, pack};
use super::manifest::{self, Document};
use super::origin::Origin;
use super::platform::Platform;
use super::python::{SYSTEM, access};
use super::wheels::{Failure, Job};
use super::{Assembler, ImageSpec, site};
use crate::context::Content;
use crate::engine::manifest::Descriptor;
use crate::hashed::digest;
use crate::installers::pip;
use crate::progress::Event;

/// Size from which a layer is kept in a file, in bytes before compression.
const LARGE: u64 = 1 << 20;

/// An image for one platform.
pub(super) struct Image {
    pub(super) platform: Platform,
    /// The layers of the base, from bottom to top.
    pub(super) base: Vec<Descriptor>,
    /// The layers above.
    pub(super) layers: Vec<Layer>,
    pub(super) config: Document,
    pub(super) manifest: Document,
}

impl Image {
    /// The digests of its layers.
    pub(super) fn digests(&self) -> impl Iterator<Item = &str> {
        let base = self.base.iter().map(|layer| layer.digest.as_str());
        base.chain(self.layers.iter().map(|layer| layer.packed.digest.as_str()))
    }
}

impl Assembler {
    /// Builds an image on a base.
    pub(super) fn image(&self, spec: &ImageSpec, origin: &Origin, base: Base) -> Result<Image, OciError> {
        let dir = working_dir(spec, &base);
        let mut layers = Vec::new();
        if !spec.recipe.installs.is_empty() {
            layers.extend(self.packages(spec, origin, &base, &dir)?);
        }
        for (what, entries) in files::layers(spec.context, &dir) {
            layers.push(self.layer(spec, what, &entries)?);
        }
        let config = config::config(&base.config, spec.recipe, &layers, spec.context.mtime());
        let config = Document::config(&config)?;
        let own: Vec<_> = layers.iter().map(|layer| &layer.packed).collect();
        let annotations = [
            ("org.opencontainers.image.base.digest", base.digest.clone()),
            ("org.opencontainers.image.base.name", base.name.clone()),
        ];
        let annotations: BTreeMap<_, _> =
            annotations.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let manifest = manifest::manifest(&config, &base.layers, &own, annotations)?;
        Ok(Image { platform: base.platform, base: base.layers, layers, config, manifest })
    }

    /// The layers with the requirements and their files.
    fn packages(
        &self,
        spec: &ImageSpec,
        origin: &Origin,
        base: &Base,
        dir: &WorkingDir,
    ) -> Result<Vec<Layer>, OciError> {
        let InstalledPython { python, distributions } = self.python(spec, origin, base)?;
        let machine = base.platform.machine().ok_or_else(|| OciError::Platform(base.platform.to_string()))?;
        let target = Target { python: &python, platform: &base.platform, machine };
        let requirements = files::requirements(spec.context, dir);
        let installs = &spec.recipe.installs;
        let commands = installs.iter().map(|words| format!("pip install {}", words.join(" ")));
        let what = commands.collect::<Vec<_>>().join(" && ");
        let format = self.format(spec);
        let name = name(spec, format, &target, &requirements, &distributions)?;
        let _turn = self.work.finish(self.making.take(&name));
        if let Some((packed, blob)) = self.cache.get(&name).filter(|_| !spec.no_cache) {
            return Ok(vec![Layer { packed, blob, what }]);
        }
        let job =
            Job { spec, format, target: &target, base, there: &distributions, name: &name, what: &what };
        match self.wheels(&job, requirements.clone()) {
            Ok(layers) => Ok(layers),
            Err(Failure::Failed(error)) => Err(error),
            Err(Failure::Unfit(reason)) => {
                spec.progress.report(&Event::Log(format!("all packages become one layer: {reason}")));
                let (packed, blob) = self.install(&job, requirements)?;
                Ok(vec![Layer { packed, blob, what }])
            }
        }
    }

    /// Installs all packages into one layer.
    fn install(&self, job: &Job, requirements: Vec<Entry>) -> Result<(Packed, Blob), OciError> {
        let Job { spec, target, .. } = job;
        let work = self.cache.work()?;
        let [files, folder] = ["files", "target"].map(|name| work.path().join(name));
        write_requirements(spec, &files)?;
        let installs = installs(spec)?;
        let (logins, progress) = (spec.logins, spec.progress);
        self.work.wait(installer::install(&installs, &files, &folder, target, logins, progress))?;
        spec.progress.report(&Event::Started("pack the packages".to_owned()));
        let installed = site::read(&folder)?;
        let folders = installed.iter().filter_map(|file| file.path.split_once('/'));
        refuse_replaced(
            job.base,
            job.there,
            &folders.filter_map(|(folder, _)| distribution(folder)).collect(),
        )?;
        let packages = site::arrange(installed, target.python);
        let entries = merged(packages.into_iter().chain(requirements));
        let go_on = || !self.work.interrupted();
        self.cache.put(job.name, |out| pack(&entries, job.format, go_on, out))
    }

    /// A layer with files: in memory, unless it is large.
    pub(super) fn layer(&self, spec: &ImageSpec, what: String, entries: &[Entry]) -> Result<Layer, OciError> {
        let go_on = || !self.work.interrupted();
        let format = self.format(spec);
        let size: u64 = entries.iter().map(|entry| entry.content.as_ref().map_or(0, Body::size)).sum();
        if size < LARGE {
            let mut bytes = Vec::new();
            let packed = pack(entries, format, go_on, &mut bytes)?;
            return Ok(Layer { packed, blob: Blob::Bytes(bytes.into()), what });
        }
        let name = layer_name(entries, format)?;
        let cached = if spec.no_cache { None } else { self.cache.get(&name) };
        let (packed, blob) = match cached {
            Some(found) => found,
            None => self.cache.put(&name, |out| pack(entries, format, go_on, out))?,
        };
        Ok(Layer { packed, blob, what })
    }

    /// The format of an image's layers.
    fn format(&self, spec: &ImageSpec) -> Format {
        Format { mtime: spec.context.mtime(), compression: self.compression }
    }
}

/// Writes the requirement files into a new folder.
pub(super) fn write_requirements(spec: &ImageSpec, folder: &Path) -> Result<(), OciError> {
    fs::create_dir(folder).map_err(OciError::io("write", folder.display()))?;
    for (path, content, _) in spec.context.below(crate::recipe::REQUIREMENTS) {
        let path = folder.join(path);
        let written = match content {
            None => fs::create_dir(&path),
            Some(Content::Bytes(bytes)) => fs::write(&path, bytes),
            Some(Content::Disk(disk)) => fs::copy(disk, &path).map(drop),
        };
        written.map_err(OciError::io("write", path.display()))?;
    }
    Ok(())
}

/// The packages to install, command by command.
pub(super) fn installs(spec: &ImageSpec) -> Result<Vec<installer::PipInstall>, OciError> {
    let lists = requirement_texts(spec);
    let read = |path: &str| lists.get(path).cloned();
    spec.recipe.installs.iter().map(|words| installer::PipInstall::new(words, &read)).collect()
}

/// The texts of the requirement files, by their paths.
fn requirement_texts(spec: &ImageSpec) -> BTreeMap<String, String> {
    let files = spec.context.below(crate::recipe::REQUIREMENTS);
    let texts = files.filter_map(|(path, content, _)| match content {
        Some(Content::Bytes(bytes)) => Some((path.to_owned(), pip::text(bytes).ok()?)),
        _ => None,
    });
    texts.collect()
}

/// Rejects packages that the base has in another version: an upper layer can't uninstall it as pip would.
pub(super) fn refuse_replaced(
    base: &Base,
    there: &BTreeSet<(String, String)>,
    installed: &BTreeSet<(String, String)>,
) -> Result<(), OciError> {
    let other = |(name, version): &(String, String)| {
        there.iter().find(|(known, present)| known == name && present != version)
    };
    match installed.iter().find_map(other) {
        None => Ok(()),
        Some((package, version)) => Err(OciError::Present {
            image: base.name.clone(),
            package: package.clone(),
            version: version.clone(),
        }),
    }
}

/// The working directory, based on the permissions in the base image.
fn working_dir(spec: &ImageSpec, base: &Base) -> WorkingDir {
    let folder = spec.recipe.working_dir;
    let above: Vec<&str> = folder.match_indices('/').skip(1).map(|(end, _)| &folder[..end]).collect();
    let named = base.config["config"]["WorkingDir"].as_str().unwrap_or_default();
    let path = config::variable(&base.config, "PATH").unwrap_or_default();
    let is_there = |folder: &&str| {
        let inside = format!("{folder}/");
        named == *folder
            || named.starts_with(&inside)
            || path.split(':').any(|path| path.starts_with(&inside))
    };
    let access = |folder: &str| if is_there(&folder) { access(folder) } else { SYSTEM };
    let above = above.into_iter().map(|folder| (folder.trim_start_matches('/').to_owned(), access(folder)));
    WorkingDir { path: folder.trim_start_matches('/').to_owned(), above: above.collect() }
}

/// Entries sorted by path, each path once: engines reject layers with duplicates.
pub(super) fn merged(entries: impl Iterator<Item = Entry>) -> Vec<Entry> {
    let entries: BTreeMap<String, Entry> = entries.map(|entry| (entry.path.clone(), entry)).collect();
    entries.into_values().collect()
}

/// The cache key of a layer with packages: everything that it depends on.
fn name(
    spec: &ImageSpec,
    format: Format,
    target: &Target,
    requirements: &[Entry],
    there: &BTreeSet<(String, String)>,
) -> Result<String, OciError> {
    let key = (
        env!("CARGO_PKG_VERSION"),
        &spec.recipe.installs,
        format!("{target:?}"),
        installer::fingerprint(),
        layer_name(requirements, format)?,
        there,
    );
    let key = serde_json::to_vec(&key).map_err(std::io::Error::from);
    let key = digest(&key.map_err(OciError::io("write", "the name of a layer"))?);
    Ok(key.trim_start_matches("sha256:").to_owned())
}

/// The identity of a layer before packing: the digest of its uncompressed form, and its compression.
fn layer_name(entries: &[Entry], format: Format) -> Result<String, OciError> {
    let plain = super::layer::plain_digest(entries, format.mtime)?;
    let key = format!("{plain} {:?}", format.compression);
    Ok(digest(key.as_bytes()).trim_start_matches("sha256:").to_owned())
}
