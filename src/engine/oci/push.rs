//! Pushing: layers that the registry lacks, then the configuration, then the manifests, so that a name never
//! refers to an incomplete image.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::stream::{self, TryStreamExt};
use tokio_util::bytes::Bytes;

use super::assembly::Image;
use super::disk::Piece;
use super::error::OciError;
use super::layer::{Blob, Layer};
use super::manifest::Document;
use super::mounts::Seen;
use super::origin::{self, Origin};
use super::verified::Expected;
use crate::engine::http::Upload;
use crate::engine::manifest::Descriptor;
use crate::engine::registry::{RegistryError, Session};
use crate::progress::{Event, Progress};
use crate::reference::Reference;

/// Concurrent requests to a registry.
const AT_ONCE: usize = 4;

/// The target repository, and the origin of the base's layers.
pub(super) struct Push<'a> {
    target: &'a Reference,
    session: Session,
    origin: &'a Origin,
    progress: &'a Progress,
    seen: Option<Seen<'a>>,
    uploaded: AtomicU64,
}

impl<'a> Push<'a> {
    pub(super) fn new(
        target: &'a Reference,
        origin: &'a Origin,
        progress: &'a Progress,
        own: Option<(Seen<'a>, BTreeSet<String>)>,
    ) -> Result<Self, OciError> {
        let near = origin.reference().filter(|source| source.host == target.host);
        let (seen, siblings) = own.unzip();
        let sources =
            near.map(|source| source.path.clone()).into_iter().chain(siblings.into_iter().flatten());
        let session = Session::writing(target, sources.collect())?;
        Ok(Self { target, session, origin, progress, seen, uploaded: AtomicU64::new(0) })
    }

    /// The bytes uploaded.
    pub(super) fn uploaded(&self) -> u64 {
        self.uploaded.load(Ordering::Relaxed)
    }

    /// Pushes everything that an image is made of, and its manifest by digest only.
    pub(super) async fn image(&self, image: &Image) -> Result<(), OciError> {
        let base = image.base.iter().map(Part::Base);
        let own = image.layers.iter().map(Part::Own);
        let parts = base.chain(own).chain([Part::Config(&image.config)]);
        stream::iter(parts.map(Ok)).try_for_each_concurrent(AT_ONCE, |part| self.part(part)).await
    }

    /// Tags a manifest.
    pub(super) async fn name(&self, name: &str, manifest: &Document) -> Result<(), OciError> {
        Ok(self.session.put_manifest(name, manifest.kind, &manifest.bytes).await?)
    }

    async fn part(&self, part: Part<'_>) -> Result<(), OciError> {
        if self.session.has_blob(part.digest()).await? {
            return Ok(());
        }
        match part {
            Part::Base(layer) => self.base_layer(layer).await,
            Part::Own(layer) => self.own_layer(layer).await,
            Part::Config(config) => self.bytes(&config.digest, &config.bytes).await,
        }
    }

    async fn own_layer(&self, layer: &Layer) -> Result<(), OciError> {
        let what = format!("push layer {}", layer.what);
        let open = async || self.body(layer).await;
        self.shared(&layer.packed.digest, layer.packed.size, what, open).await
    }

    /// Mounts a layer from a sibling repository, or uploads it while others wait for it.
    async fn shared(
        &self,
        digest: &str,
        size: u64,
        what: String,
        open: impl AsyncFn() -> Result<Upload<OciError>, OciError>,
    ) -> Result<(), OciError> {
        let _turn = match &self.seen {
            Some(seen) => Some(seen.turns.take(digest).await),
            None => None,
        };
        let sibling = self.seen.as_ref().and_then(|seen| seen.sibling(self.target, digest));
        let is_mounted = match sibling {
            Some(from) => self.mounted(digest, &from).await?,
            None => false,
        };
        if !is_mounted {
            self.progress.report(&Event::Started(what));
            self.upload(digest, size, open).await?;
            self.seen.iter().for_each(|seen| seen.note(self.target, digest));
        }
        Ok(())
    }

    async fn upload(
        &self,
        digest: &str,
        size: u64,
        open: impl AsyncFn() -> Result<Upload<OciError>, OciError>,
    ) -> Result<(), OciError> {
        self.session.upload(digest, size, open).await?;
        self.uploaded.fetch_add(size, Ordering::Relaxed);
        Ok(())
    }

    /// Mounts a layer from the base's repository, or copies it.
    async fn base_layer(&self, layer: &Descriptor) -> Result<(), OciError> {
        let near = self.origin.reference().filter(|source| source.host == self.target.host);
        if let Some(source) = near
            && self.mounted(&layer.digest, &source.path).await?
        {
            return Ok(());
        }
        let what = format!("copy layer {} of the base image", layer.digest);
        let expected = Expected::of(layer);
        let open = async || self.origin.body(expected.clone(), self.progress).await;
        self.shared(&layer.digest, expected.size, what, open).await
    }

    /// Whether a layer was mounted. A registry may refuse; other failures are left to the upload.
    async fn mounted(&self, digest: &str, from: &str) -> Result<bool, OciError> {
        match self.session.mount(digest, from).await {
            Err(
                RegistryError::Denied { .. } | RegistryError::Status { .. } | RegistryError::NotFound { .. },
            ) => Ok(false),
            answer => Ok(answer?),
        }
    }

    async fn bytes(&self, digest: &str, bytes: &Bytes) -> Result<(), OciError> {
        let open = async || Ok(Upload::of_bytes(bytes));
        self.upload(digest, bytes.len() as u64, open).await
    }

    async fn body(&self, layer: &Layer) -> Result<Upload<OciError>, OciError> {
        match &layer.blob {
            Blob::Bytes(bytes) => Ok(Upload::of_bytes(bytes)),
            Blob::File(path) => {
                let piece = Piece { path: path.clone(), start: 0, size: layer.packed.size };
                let expected = Expected { digest: layer.packed.digest.clone(), size: layer.packed.size };
                origin::body(&piece, expected, self.progress).await
            }
        }
    }
}

/// What a registry must have before a manifest.
enum Part<'a> {
    Base(&'a Descriptor),
    Own(&'a Layer),
    Config(&'a Document),
}

impl Part<'_> {
    fn digest(&self) -> &str {
        match self {
            Self::Base(layer) => &layer.digest,
            Self::Own(layer) => &layer.packed.digest,
            Self::Config(config) => &config.digest,
        }
    }
}
