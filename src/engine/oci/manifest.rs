//! Manifests, always in OCI's format whatever that of the base is.

use std::collections::BTreeMap;

use serde_json::json;
use tokio_util::bytes::Bytes;

use super::error::OciError;
use super::layer::Packed;
use super::platform::Platform;
use crate::engine::manifest::{
    CONFIG, DOCKER_LAYER, DOCKER_LAYER_GZIP, Descriptor, IMAGE, INDEX, Index, IndexEntry, LAYER, LAYER_GZIP,
    Manifest,
};
use crate::hashed::digest;

/// A document that registries keep: a manifest, an index or a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Document {
    pub(super) kind: &'static str,
    pub(super) bytes: Bytes,
    pub(super) digest: String,
}

impl Document {
    /// A document with some content.
    pub(super) fn new(kind: &'static str, content: &impl serde::Serialize) -> Result<Self, OciError> {
        let bytes = serde_json::to_vec(content).map_err(std::io::Error::from);
        let bytes = Bytes::from(bytes.map_err(OciError::io("write", "the manifest"))?);
        Ok(Self { kind, digest: digest(&bytes), bytes })
    }

    /// A configuration.
    pub(super) fn config(content: &serde_json::Value) -> Result<Self, OciError> {
        Self::new(CONFIG, content)
    }

    /// Its size in bytes.
    pub(super) fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn descriptor(&self) -> Descriptor {
        Descriptor::new(self.kind, self.digest.clone(), self.size())
    }
}

/// The manifest of an image: layers of the base, then its own.
pub(super) fn manifest(
    config: &Document,
    base: &[Descriptor],
    own: &[&Packed],
    annotations: BTreeMap<String, String>,
) -> Result<Document, OciError> {
    let manifest = Manifest {
        schema_version: 2,
        media_type: Some(IMAGE.to_owned()),
        config: config.descriptor(),
        layers: base.iter().map(neutral).chain(own.iter().map(|packed| layer(packed))).collect(),
        annotations: Some(annotations),
    };
    Document::new(IMAGE, &manifest)
}

/// The index of a multi-platform image.
pub(super) fn index<'a>(
    images: impl Iterator<Item = (&'a Platform, &'a Document)>,
) -> Result<Document, OciError> {
    let entry = |(platform, manifest): (&Platform, &Document)| {
        json!({
            "mediaType": manifest.kind, "digest": manifest.digest, "size": manifest.size(), "platform": platform,
        })
    };
    let entries: Vec<_> = images.map(entry).collect();
    let index = json!({
        "schemaVersion": 2, "mediaType": INDEX, "manifests": entries,
    });
    Document::new(INDEX, &index)
}

/// The entry of an index for a platform; without one that names its platform, any.
pub(super) fn chosen<'a>(index: &'a Index, wanted: &Platform) -> Option<&'a IndexEntry> {
    let fits = |entry: &&IndexEntry| entry.platform.as_ref().is_some_and(|platform| wanted.runs(platform));
    index.manifests.iter().find(fits)
}

fn layer(packed: &Packed) -> Descriptor {
    Descriptor::new(packed.compression.media_type(), packed.digest.clone(), packed.size)
}

/// The layer with OCI's media type.
fn neutral(layer: &Descriptor) -> Descriptor {
    let kind = match layer.media_type.as_str() {
        DOCKER_LAYER_GZIP => LAYER_GZIP,
        DOCKER_LAYER => LAYER,
        own => own,
    };
    layer.clone().of_type(kind)
}

#[cfg(test)]
mod tests {
    use super::super::compression::Compression;
    use super::*;
    use crate::engine::manifest::LAYER_ZSTD;

    #[test]
    fn docker_layer_types_become_oci_types() {
        let docker = Descriptor::new(DOCKER_LAYER_GZIP, "sha256:1".into(), 5);
        let config = Document::config(&json!({})).unwrap();
        let own = Packed {
            digest: "sha256:2".into(),
            size: 6,
            diff_id: "sha256:3".into(),
            compression: Compression::Zstd,
        };
        let manifest = manifest(&config, &[docker], &[&own], BTreeMap::new()).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&manifest.bytes).unwrap();
        let kinds: Vec<_> =
            value["layers"].as_array().unwrap().iter().map(|layer| &layer["mediaType"]).collect();
        assert_eq!(kinds, [LAYER_GZIP, LAYER_ZSTD]);
        assert_eq!(value["config"]["digest"], config.digest);
        assert_eq!(manifest.digest, digest(&manifest.bytes));
    }

    #[test]
    fn image_indexes_round_trip() {
        let image = Document::config(&json!({"a": 1})).unwrap();
        let [amd, arm] = ["linux/amd64", "linux/arm64/v8"].map(|text| text.parse::<Platform>().unwrap());
        let index = index([(&amd, &image), (&arm, &image)].into_iter()).unwrap();
        let read: Index = serde_json::from_slice(&index.bytes).unwrap();
        assert_eq!(read.manifests.len(), 2);
        let plain: Platform = "linux/arm64".parse().unwrap();
        assert!(
            chosen(&read, &plain).is_some_and(|entry| !entry.platform.as_ref().unwrap().variant.is_empty())
        );
        assert!(chosen(&read, &"linux/s390x".parse().unwrap()).is_none());
    }
}
