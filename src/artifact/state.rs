//! How artifacts compare with the disk: the same, generated before and untouched, or the user's own.

use std::io::ErrorKind;
use std::path::Path;

use super::Artifact;
use crate::reader;
use crate::stamp::{self, Stamp};

/// How an artifact compares with the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// No such file.
    Missing,
    /// The same, except perhaps for line ends and trailing blanks.
    Same,
    /// Generated and untouched since, so nothing is lost.
    Untouched,
    /// Different, and perhaps edited.
    Differs,
}

impl State {
    /// Whether an existing file would change.
    pub(super) fn is_changed(self) -> bool {
        matches!(self, Self::Untouched | Self::Differs)
    }
}

/// The state of one of several artifacts in a folder.
pub(super) fn of(artifact: &Artifact, all: &[Artifact], folder: &Path) -> State {
    let path = folder.join(&artifact.name);
    match reader::read(&path) {
        Ok(found) if found == artifact.content => State::Same,
        Ok(found) => compared(&found, artifact, all, folder),
        // A link that leads nowhere is somebody's, too.
        Err(error) if error.kind() == ErrorKind::NotFound && path.symlink_metadata().is_err() => {
            State::Missing
        }
        Err(_) => State::Differs,
    }
}

fn compared(found: &[u8], artifact: &Artifact, all: &[Artifact], folder: &Path) -> State {
    let texts = std::str::from_utf8(found).ok().zip(std::str::from_utf8(&artifact.content).ok());
    let is_untouched = || beside(found, artifact, all, folder).unwrap_or_default();
    match texts {
        Some((found, new)) if stamp::is_same(found, new) => State::Same,
        Some((found, new)) if stamp::is_same_content(found, new) => State::Untouched,
        Some((found, new)) if is_own(found, new) => State::Untouched,
        _ if is_untouched() => State::Untouched,
        _ => State::Differs,
    }
}

/// Whether a text was generated from the same source and not edited.
fn is_own(found: &str, new: &str) -> bool {
    let untouched = Stamp::find(found).and_then(|stamp| stamp.is_untouched(found));
    untouched == Some(true) && stamp::is_of_same_source(found, new)
}

/// Whether a file that can't hold a record is untouched, according to the record in a file beside it.
fn beside(found: &[u8], artifact: &Artifact, all: &[Artifact], folder: &Path) -> Option<bool> {
    let others = all.iter().filter(|other| other.name != artifact.name);
    let mut stamps =
        others.filter_map(|other| Stamp::find(&reader::read_to_string(&folder.join(&other.name)).ok()?));
    stamps.find_map(|stamp| stamp.is_untouched_beside(&artifact.name, found))
}
