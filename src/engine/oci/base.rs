//! The base image: its manifest and configuration for one platform, and the source of its layers.

use serde_json::Value;

use super::error::OciError;
use super::manifest::chosen;
use super::origin::Origin;
use super::platform::Platform;
use crate::engine::manifest::{AnyManifest, Descriptor, Manifest};
use crate::hashed::digest;

/// A base image for one platform.
pub(super) struct Base {
    /// The name it was requested by.
    pub(super) name: String,
    /// The digest of its manifest.
    pub(super) digest: String,
    /// Its platform.
    pub(super) platform: Platform,
    /// Its layers, from bottom to top.
    pub(super) layers: Vec<Descriptor>,
    /// Its configuration.
    pub(super) config: Value,
}

impl Base {
    /// Reads an origin's image for a platform; default: for this machine, or the only one.
    pub(super) async fn read(origin: &Origin, wanted: Option<&Platform>) -> Result<Self, OciError> {
        let bytes = origin.manifest().await?;
        let (bytes, digest) = match parse(origin, wanted, &bytes)? {
            AnyManifest::Image(_) => (bytes.clone(), digest(&bytes)),
            AnyManifest::Index(index) => {
                let host = Platform::host();
                let entry = chosen(&index, wanted.unwrap_or(&host));
                let entry = entry.ok_or_else(|| failure(origin, wanted, "there is none"))?;
                (origin.document(&entry.digest).await?, entry.digest.clone())
            }
        };
        let AnyManifest::Image(manifest) = parse(origin, wanted, &bytes)? else {
            return Err(failure(origin, wanted, "an index names an index"));
        };
        Self::of(origin, wanted, manifest, digest).await
    }

    async fn of(
        origin: &Origin,
        wanted: Option<&Platform>,
        manifest: Manifest,
        digest: String,
    ) -> Result<Self, OciError> {
        let bytes = origin.blob_bytes(&manifest.config.digest).await?;
        let config: Value = serde_json::from_slice(&bytes).map_err(|error| {
            failure(origin, wanted, &format!("its configuration makes no sense: {error}"))
        })?;
        let platform = platform(&config);
        if wanted.is_some_and(|wanted| !wanted.runs(&platform)) {
            return Err(failure(origin, wanted, &format!("it is for {platform}")));
        }
        if config["config"]["OnBuild"].as_array().is_some_and(|commands| !commands.is_empty()) {
            return Err(OciError::OnBuild(origin.name.clone()));
        }
        Ok(Self { name: origin.name.clone(), digest, platform, layers: manifest.layers, config })
    }
}

fn parse(origin: &Origin, wanted: Option<&Platform>, bytes: &[u8]) -> Result<AnyManifest, OciError> {
    let read = serde_json::from_slice(bytes);
    read.map_err(|error| failure(origin, wanted, &format!("its manifest makes no sense: {error}")))
}

fn platform(config: &Value) -> Platform {
    let text = |name: &str| config[name].as_str().map(ToOwned::to_owned);
    let host = Platform::host();
    Platform {
        os: text("os").unwrap_or(host.os),
        architecture: text("architecture").unwrap_or(host.architecture),
        variant: text("variant").unwrap_or_default(),
    }
}

fn failure(origin: &Origin, wanted: Option<&Platform>, reason: &str) -> OciError {
    OciError::Base {
        image: origin.name.clone(),
        platform: wanted.map_or_else(|| Platform::host().to_string(), ToString::to_string),
        reason: reason.to_owned(),
    }
}
