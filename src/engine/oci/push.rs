//! The push: layers that the registry lacks, then the configuration, then the manifests, so that no name ever means an
//! image that isn't whole.

use futures_util::stream::{self, TryStreamExt};
use tokio_util::bytes::Bytes;

use super::assembly::Image;
use super::disk::Piece;
use super::error::OciError;
use super::layer::{Blob, Layer};
use super::manifest::Document;
use super::origin::{self, Origin};
use super::verified::Expected;
use crate::engine::http::Upload;
use crate::engine::manifest::Descriptor;
use crate::engine::registry::{RegistryError, Session};
use crate::progress::{Event, Progress};
use crate::reference::Reference;

/// How many questions are asked of a registry at once.
const AT_ONCE: usize = 4;

/// A repository that is pushed to, and where the layers of the base come from.
pub(super) struct Push<'a> {
    target: &'a Reference,
    session: Session,
    origin: &'a Origin,
    progress: &'a Progress,
}

impl<'a> Push<'a> {
    pub(super) fn new(
        target: &'a Reference,
        origin: &'a Origin,
        progress: &'a Progress,
    ) -> Result<Self, OciError> {
        let session = Session::writing(target, origin.reference())?;
        Ok(Self { target, session, origin, progress })
    }

    /// Pushes all that an image is made of, and its manifest under its digest only.
    pub(super) async fn image(&self, image: &Image) -> Result<(), OciError> {
        let base = image.base.iter().map(Part::Base);
        let own = image.layers.iter().map(Part::Own);
        let parts = base.chain(own).chain([Part::Config(&image.config)]);
        stream::iter(parts.map(Ok)).try_for_each_concurrent(AT_ONCE, |part| self.part(part)).await
    }

    /// Gives a manifest a name.
    pub(super) async fn name(&self, name: &str, manifest: &Document) -> Result<(), OciError> {
        Ok(self.session.put_manifest(name, manifest.kind, &manifest.bytes).await?)
    }

    async fn part(&self, part: Part<'_>) -> Result<(), OciError> {
        if self.session.has_blob(part.digest()).await? {
            return Ok(());
        }
        match part {
            Part::Base(layer) => self.base_layer(layer).await,
            Part::Own(layer) => {
                self.progress.report(&Event::Started(format!("push layer {}", layer.what)));
                let open = async || self.body(layer).await;
                self.session.upload(&layer.packed.digest, layer.packed.size, open).await
            }
            Part::Config(config) => self.bytes(&config.digest, &config.bytes).await,
        }
    }

    /// Has the registry take a layer from the base's repository, or carries it there.
    async fn base_layer(&self, layer: &Descriptor) -> Result<(), OciError> {
        let near = self.origin.reference().filter(|source| source.host == self.target.host);
        if let Some(source) = near
            && self.mounted(&layer.digest, &source.path).await?
        {
            return Ok(());
        }
        self.progress.report(&Event::Started(format!("copy layer {} of the base image", layer.digest)));
        let expected = Expected::of(layer);
        let open = async || self.origin.body(expected.clone(), self.progress).await;
        self.session.upload(&layer.digest, expected.size, open).await
    }

    /// A registry may refuse to mount, but an answer that it gives instead is no reason to stop: the upload will tell.
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
        self.session.upload(digest, bytes.len() as u64, open).await
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

/// What a registry has to have before a manifest can name it.
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
