//! What is on disk: its version, and where it differs from what will be written.

use std::path::PathBuf;

use crate::artifact::{self, Artifact, ArtifactError, Existing};
use crate::backend::{self, Operator, Settings, TARGETS, variant};
use crate::failure::Failure;
use crate::reader;
use crate::reference::{self, ImageName};
use crate::stamp::Stamp;

use super::Plan;
use crate::operator::image::Image;
use crate::operator::{Part, legacy};

impl Plan {
    /// Takes the version of the existing manifests by default.
    pub fn keep_version(&mut self) -> Result<(), Failure> {
        let present = self.present_tag().filter(|_| self.request.settings.version.is_none());
        present.map_or(Ok(()), |(version, _)| self.set_version(&version))
    }

    /// The digest to write into the files: if asked for, if they have one for this version already, or if the
    /// version has moved, since nodes and Kubeflow's cache keep what they know by a tag.
    #[must_use]
    pub fn named_digest(&self, parts: &[Part], built: &[Image], asked: bool) -> Option<String> {
        let image = built.first().filter(|_| !Self::has_variant(parts))?;
        image.digest.clone().filter(|_| asked || image.moved || self.is_pinned())
    }

    /// The digest of an unchanged image to write into the files: if asked for, or if they have one now.
    #[must_use]
    pub fn kept_digest(&self, digest: Option<&String>, asked: bool) -> Option<String> {
        digest.filter(|_| asked || self.is_pinned()).cloned()
    }

    /// The warning for a version that named another image before.
    #[must_use]
    pub fn moved(parts: &[Part], built: &[Image]) -> Option<String> {
        let moved = built.iter().find(|image| image.moved)?;
        let remedy = if Self::has_variant(parts) {
            "nodes that have the old one keep it: leave out `-v` to get a version of its own"
        } else {
            "the files name it by its digest, for nodes and Kubeflow's cache keep what they know by a tag"
        };
        Some(format!("`{}` named another image before; {remedy}", moved.reference))
    }

    /// Whether any image belongs to a platform.
    #[must_use]
    pub fn has_variant(parts: &[Part]) -> bool {
        parts.iter().any(|part| part.settings.variant.is_some())
    }

    /// Whether the existing manifests pin this version by digest.
    fn is_pinned(&self) -> bool {
        let version = &self.settings.image.version;
        self.present_tag().is_some_and(|(present, digest)| present == *version && digest.is_some())
    }

    /// The version in the existing manifests, and its digest if pinned.
    fn present_tag(&self) -> Option<(String, Option<String>)> {
        let own = format!("claimed-{}", self.component.name);
        let variants = TARGETS.iter().filter_map(|target| target.variant);
        let others = variants.map(|variant| variant::repository_of(&own, variant));
        let names: Vec<_> = others.chain([own.clone()]).collect();
        backend::suffixes().find_map(|suffix| {
            let path = self.folder.join(format!("{}{suffix}", self.settings.stem));
            let stamp = legacy::stamp_of(&reader::read_to_string(&path).ok()?);
            let image = stamp.image.as_deref().map(reference::parts);
            image.is_none_or(|image| names.iter().any(|name| name == image.name)).then_some(())?;
            let version = stamp.version.clone().filter(|version| reference::valid_tag(version).is_ok())?;
            Some((version, image.and_then(|image| image.digest).map(ToOwned::to_owned)))
        })
    }

    /// The existing files that differ in more than the version.
    #[must_use]
    pub fn conflicts(&self, artifacts: &[Artifact]) -> Vec<PathBuf> {
        let conflicts = artifact::conflicts(artifacts, &self.folder);
        let Some((before, digest)) = self.present_tag().filter(|_| !conflicts.is_empty()) else {
            return conflicts;
        };
        let image = ImageName { version: before, digest, ..self.settings.image.clone() };
        let settings = Settings { image, ..self.settings.clone() };
        let operator = Operator { component: &self.component, settings: &settings };
        let before = backend::emit(&operator, &self.request.targets()).unwrap_or_default();
        let differs = artifact::conflicts(&before, &self.folder);
        conflicts.into_iter().filter(|path| differs.contains(path)).collect()
    }

    /// Refuses to replace a folder that isn't the operator's build context, unless asked to.
    pub fn check_context(&self, settings: &Settings, existing: &Existing) -> Result<(), ArtifactError> {
        let folder = self.context_folder(settings);
        let is_empty = || folder.read_dir().is_ok_and(|mut entries| entries.next().is_none());
        let dockerfile = || reader::read_to_string(&folder.join(&settings.dockerfile)).ok();
        let is_own = || dockerfile().is_some_and(|text| is_own(&text, &self.component.source));
        let is_free = *existing == Existing::Overwrite || folder.symlink_metadata().is_err();
        if is_free || is_empty() || is_own() { Ok(()) } else { Err(ArtifactError::exists(folder)) }
    }
}

/// Whether a Dockerfile was generated from a source, and isn't known to be edited.
fn is_own(dockerfile: &str, source: &str) -> bool {
    Stamp::read(dockerfile, source).is_some_and(|stamp| stamp.is_untouched(dockerfile) != Some(false))
}
