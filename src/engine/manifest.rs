//! Manifests and indexes of images, in OCI's or Docker's format.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::oci::platform::Platform;

/// Media type of an image's manifest.
pub(crate) const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
/// Media type of an index of images.
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// Docker's media type of an image's manifest.
pub(crate) const DOCKER_IMAGE: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Docker's media type of an index of images.
pub(crate) const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// Media type of a configuration.
pub(crate) const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// Media type of a layer.
pub(crate) const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
/// Media type of a layer that is compressed by gzip.
pub(crate) const LAYER_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// Media type of a layer that is compressed by zstd.
pub(crate) const LAYER_ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";
/// Docker's media type of a layer.
pub(crate) const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar";
/// Docker's media type of a layer that is compressed.
pub(crate) const DOCKER_LAYER_GZIP: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/// A manifest or an index.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum AnyManifest {
    /// One image.
    Image(Manifest),
    /// Images for several platforms.
    Index(Index),
}

/// A manifest.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Manifest {
    pub(crate) schema_version: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) media_type: Option<String>,
    pub(crate) config: Descriptor,
    /// From bottom to top.
    pub(crate) layers: Vec<Descriptor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) annotations: Option<BTreeMap<String, String>>,
}

/// A reference to content by its digest.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Descriptor {
    pub(crate) media_type: String,
    pub(crate) digest: String,
    /// Its size, in bytes.
    pub(crate) size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    urls: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    artifact_type: Option<String>,
}

/// Images for several platforms.
#[derive(Debug, Deserialize)]
pub(crate) struct Index {
    pub(crate) manifests: Vec<IndexEntry>,
}

/// One of them.
#[derive(Debug, Deserialize)]
pub(crate) struct IndexEntry {
    pub(crate) digest: String,
    pub(crate) platform: Option<Platform>,
}

impl Descriptor {
    /// A descriptor with these fields.
    pub(crate) fn new(media_type: &str, digest: String, size: u64) -> Self {
        let media_type = media_type.to_owned();
        Self { media_type, digest, size, urls: None, annotations: None, artifact_type: None }
    }

    /// The same with another media type.
    pub(crate) fn of_type(self, media_type: &str) -> Self {
        Self { media_type: media_type.to_owned(), ..self }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn manifests_round_trip() {
        let layer = json!({"mediaType": LAYER, "digest": "sha256:1", "size": 5, "urls": ["https://h/x"],
            "annotations": {"a": "b"}, "artifactType": "c/d"});
        let config = json!({"mediaType": CONFIG, "digest": "sha256:2", "size": 6});
        let text = json!({"schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": [layer],
            "annotations": {}});
        let AnyManifest::Image(manifest) = serde_json::from_value(text.clone()).unwrap() else { panic!() };
        assert_eq!(serde_json::to_value(&manifest).unwrap(), text);
        assert!(serde_json::to_string(&manifest).unwrap().starts_with(r#"{"schemaVersion":2,"mediaType":"#));
    }

    #[test]
    fn indexes_and_images_are_distinguished() {
        let index = json!({"schemaVersion": 2, "mediaType": DOCKER_INDEX, "manifests": [
            {"mediaType": DOCKER_IMAGE, "digest": "sha256:1", "size": 5, "platform": {"os": "linux", "architecture": "arm64",
                "variant": "v8", "os.version": "1"}},
            {"mediaType": INDEX, "digest": "sha256:2", "size": 6},
        ]});
        let AnyManifest::Index(index) = serde_json::from_value(index).unwrap() else { panic!() };
        let told: Vec<_> =
            index.manifests.iter().map(|entry| entry.platform.as_ref().map(ToString::to_string)).collect();
        assert_eq!(told, [Some("linux/arm64/v8".to_owned()), None]);
        for text in [
            json!({}),
            json!({"schemaVersion": 1, "fsLayers": []}),
            json!({"manifests": [{"size": 1}]}),
            json!([]),
        ] {
            assert!(serde_json::from_value::<AnyManifest>(text).is_err());
        }
    }
}
