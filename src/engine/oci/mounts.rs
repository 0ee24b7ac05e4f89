//! Layers in sibling repositories: a registry can mount them without an upload.

use serde::{Deserialize, Serialize};

use super::cache::Cache;
use super::turns::Turns;
use crate::hashed::digest;
use crate::reference::Reference;

/// The repository of a layer.
#[derive(Serialize, Deserialize)]
struct LayerLocation {
    repository: String,
}

/// The layers that this user has pushed.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) cache: &'a Cache,
    pub(super) turns: &'a Turns,
}

impl Seen<'_> {
    /// Another repository of the same registry with a layer.
    pub(super) fn sibling(&self, target: &Reference, layer: &str) -> Option<String> {
        let location: LayerLocation = self.cache.recall(&name(target, layer))?;
        Some(location.repository).filter(|repository| *repository != target.path)
    }

    /// Records that a repository has a layer. On failure it is just uploaded again some time.
    pub(super) fn note(&self, target: &Reference, layer: &str) {
        let location = LayerLocation { repository: target.path.clone() };
        let _ = self.cache.note_down(&name(target, layer), &location);
    }
}

/// The cache key of a record.
fn name(target: &Reference, layer: &str) -> String {
    let name = digest(format!("{} has {layer}", target.host).as_bytes());
    format!("seen-{}", name.trim_start_matches("sha256:"))
}
