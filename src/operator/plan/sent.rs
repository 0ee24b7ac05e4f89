//! The operator's files as one zip, for an image that holds requirements only: an edit changes just the zip.

use std::io;

use super::{Plan, Stamp};
use crate::artifact::Artifact;
use crate::backend::containerless::OPERATOR;
use crate::backend::variant;
use crate::backend::{Settings, TARGETS, Target};
use crate::diagnostic::Diagnostic;
use crate::failure::{Failure, INPUT};
use crate::local::bundle::Bundle;
use crate::reference::ImageName;
use crate::stamp;

impl Plan {
    /// The zip for the platform that takes one, if it is chosen.
    pub(super) fn sent(&self) -> Result<Option<Artifact>, Vec<Diagnostic>> {
        let parcel = self.parcel(&self.request.targets());
        parcel.map(|(name, settings)| self.pack(name, settings)).transpose()
    }

    /// The record of new files, and of a zip beside them.
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        let targets: Vec<&Target> = TARGETS.iter().collect();
        let there = self.parcel(&targets).filter(|(name, _)| self.folder.join(name).exists());
        let sent = there.and_then(|(name, settings)| self.pack(name, settings).ok());
        let beside = sent.map(|zip| (zip.name, stamp::of_bytes(&zip.content)));
        Stamp { beside: beside.into_iter().collect(), ..self.settings.stamp.clone() }
    }

    /// The name of the zip for one of some targets, and the settings of its image.
    fn parcel(&self, targets: &[&Target]) -> Option<(String, Settings)> {
        let images = variant::images(&self.component, &self.settings, targets);
        images.into_iter().find_map(|image| {
            let end = image.settings.variant?.sends?;
            Some((format!("{}{end}", image.settings.stem), image.settings))
        })
    }

    fn pack(&self, name: String, settings: Settings) -> Result<Artifact, Vec<Diagnostic>> {
        if self.knows_no_files() {
            return Err(vec![unknown(&name)]);
        }
        let content = self.zip(settings).map_err(|failure| vec![unread(&name, &failure)])?;
        Ok(Artifact { name, content })
    }

    /// Whether there are additional files that aren't known.
    fn knows_no_files(&self) -> bool {
        self.files.is_empty() && !self.settings.files.is_empty()
    }

    /// The operator's files, which don't name their image: the same files give the same zip.
    fn zip(&self, settings: Settings) -> Result<Vec<u8>, Failure> {
        let failed = |error: io::Error| Failure::new(INPUT, error.to_string());
        let settings = Settings { image: ImageName::default(), base_image: String::new(), ..settings };
        let root = tempfile::Builder::new().prefix("c3-").tempdir().map_err(failed)?;
        self.working_dir_of(&settings)?.write_dir(root.path())?;
        let mut bundle = Bundle::default();
        bundle.add_folder(root.path(), OPERATOR, |_| false).map_err(failed)?;
        bundle.zip().map_err(failed)
    }
}

fn unknown(zip: &str) -> Diagnostic {
    Diagnostic::error("sent-files", format!("`{zip}` has additional files, and nothing here says which"))
        .hint("name them in `c3.toml` as `additional-files`, or run `c3 create-operator` with them")
}

fn unread(zip: &str, failure: &Failure) -> Diagnostic {
    let error = Diagnostic::error("sent-files", format!("failed to pack `{zip}`: {failure}"));
    failure.hint.iter().fold(error, Diagnostic::hint)
}
