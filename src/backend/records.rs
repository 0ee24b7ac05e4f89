//! The records of an operator's files.

use super::Operator;
use crate::artifact::Artifact;
use crate::stamp::{self, Stamp};

impl Operator<'_> {
    /// The record of its files.
    pub(super) fn stamp(&self) -> Stamp {
        let settings = self.settings;
        let said = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        Stamp {
            version: said(&settings.image.version),
            image: said(&settings.image.to_string()).filter(|_| !settings.image.repository.is_empty()),
            base_image: said(&settings.base_image),
            files: !settings.files.is_empty(),
            ..settings.stamp.clone()
        }
    }

    /// The record of a file that speaks for one beside it.
    pub(super) fn stamp_beside(&self, file: &Artifact) -> Stamp {
        let digest = stamp::of_bytes(&file.content);
        Stamp { beside: [(file.name.clone(), digest)].into(), ..self.stamp() }
    }

    /// An artifact whose text holds a record.
    pub(super) fn artifact(&self, suffix: &str, text: &str) -> Artifact {
        Artifact::new(format!("{}{suffix}", self.settings.stem), stamp::sealed(text))
    }

    /// A file that can't hold a record; another one holds it.
    pub(super) fn bare_artifact(&self, suffix: &str, text: String) -> Artifact {
        Artifact::new(format!("{}{suffix}", self.settings.stem), text)
    }
}
