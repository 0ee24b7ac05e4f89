//! Where layers were seen: a registry can take what one of its repositories has into another, without an upload.

use serde::{Deserialize, Serialize};

use super::cache::Cache;
use super::turns::Turns;
use crate::hashed::digest;
use crate::reference::Reference;

/// What is noted of a layer.
#[derive(Serialize, Deserialize)]
struct Place {
    repository: String,
}

/// The layers that were pushed by this user.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) cache: &'a Cache,
    pub(super) turns: &'a Turns,
}

impl Seen<'_> {
    /// Another repository of the same registry that had a layer.
    pub(super) fn sibling(&self, target: &Reference, layer: &str) -> Option<String> {
        let place: Place = self.cache.recall(&name(target, layer))?;
        Some(place.repository).filter(|repository| *repository != target.path)
    }

    /// Notes that a repository has a layer. What can't be noted is uploaded again one day.
    pub(super) fn note(&self, target: &Reference, layer: &str) {
        let place = Place { repository: target.path.clone() };
        let _ = self.cache.note_down(&name(target, layer), &place);
    }
}

/// The name of a note.
fn name(target: &Reference, layer: &str) -> String {
    let name = digest(format!("{} has {layer}", target.host).as_bytes());
    format!("seen-{}", name.trim_start_matches("sha256:"))
}
