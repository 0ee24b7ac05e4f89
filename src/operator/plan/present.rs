//! What is on disk already: its version, and where it differs from what is to be written.

use std::path::PathBuf;

use crate::artifact::{self, Artifact, ArtifactError, Existing};
use crate::backend::stamp::Stamp;
use crate::backend::{self, Operator, Settings, TARGETS, variant};
use crate::reader;
use crate::recipe::VERSION_LABEL;
use crate::reference::{self, ImageName};

use super::Plan;
use crate::operator::generated::label;

impl Plan {
    /// The version of the manifests that are there.
    #[must_use]
    pub fn present_version(&self) -> Option<String> {
        self.present_tag().map(|(version, _)| version)
    }

    /// The version of the manifests that are there, and the digest behind it if the image is pinned.
    fn present_tag(&self) -> Option<(String, Option<String>)> {
        let own = format!("claimed-{}", self.component.name);
        let files =
            TARGETS.iter().flat_map(|target| target.suffixes.iter().map(move |suffix| (target, suffix)));
        files.into_iter().find_map(|(target, suffix)| {
            let image =
                target.variant.map_or_else(|| own.clone(), |variant| variant::repository_of(&own, variant));
            let path = self.folder.join(format!("{}{suffix}", self.settings.stem));
            let text = reader::read_to_string(&path).ok()?;
            tag_in(&text, &format!("{image}:")).or_else(|| Some((labelled(&text)?, None)))
        })
    }

    /// The files that are there and differ in more than the version from those to be written.
    #[must_use]
    pub fn conflicts(&self, artifacts: &[Artifact]) -> Vec<PathBuf> {
        let conflicts = self.differing(artifacts);
        let Some((before, digest)) = self.present_tag().filter(|_| !conflicts.is_empty()) else {
            return conflicts;
        };
        let image = ImageName { version: before, digest, ..self.settings.image.clone() };
        let settings = Settings { image, ..self.settings.clone() };
        let operator = Operator { component: &self.component, settings: &settings };
        let before = backend::emit(&operator, &self.request.targets()).unwrap_or_default();
        let differs = self.differing(&before);
        conflicts.into_iter().filter(|path| differs.contains(path)).collect()
    }

    /// Refuses to replace a folder that is no build context of the operator's, unless that is asked for.
    pub fn check_context(&self, settings: &Settings, existing: &Existing) -> Result<(), ArtifactError> {
        let folder = self.context_folder(settings);
        let is_empty = || folder.read_dir().is_ok_and(|mut entries| entries.next().is_none());
        let dockerfile = || reader::read_to_string(&folder.join(&settings.dockerfile)).ok();
        let is_own = || dockerfile().is_some_and(|text| Stamp::read(&text, &self.component.source).is_some());
        let is_free = *existing == Existing::Overwrite || folder.symlink_metadata().is_err();
        if is_free || is_empty() || is_own() { Ok(()) } else { Err(ArtifactError::Exists(vec![folder])) }
    }

    /// The files that are there and differ in more than their stamps.
    fn differing(&self, artifacts: &[Artifact]) -> Vec<PathBuf> {
        let now = self.settings.stamp.to_string();
        let is_same = |artifact: &Artifact| {
            let text = reader::read_to_string(&self.folder.join(&artifact.name)).ok()?;
            let before = Stamp::read(&text, &self.component.source)?.to_string();
            Some(text.replacen(&before, &now, 1).as_bytes() == artifact.content)
        };
        let changed: Vec<_> =
            artifacts.iter().filter(|artifact| is_same(artifact) != Some(true)).cloned().collect();
        artifact::conflicts(&changed, &self.folder)
    }
}

/// The version of an image that a text names, and the digest behind it if the image is pinned.
fn tag_in(text: &str, image: &str) -> Option<(String, Option<String>)> {
    let (_, version) = text.lines().find_map(|line| line.split_once(image))?;
    let end =
        version.find(|c: char| !c.is_ascii_alphanumeric() && !"._-".contains(c)).unwrap_or(version.len());
    let (version, rest) = version.split_at(end);
    reference::valid_tag(version).ok()?;
    Some((version.to_owned(), pinned(rest)))
}

/// The version that a Dockerfile tells.
fn labelled(dockerfile: &str) -> Option<String> {
    let version = label(dockerfile, VERSION_LABEL)?;
    reference::valid_tag(version).ok().map(|()| version.to_owned())
}

/// The digest at the beginning of what follows a version.
fn pinned(text: &str) -> Option<String> {
    const LENGTH: usize = "sha256:".len() + 64;
    let digest = text.strip_prefix('@')?.get(..LENGTH)?;
    digest.starts_with("sha256:").then(|| digest.to_owned())
}
