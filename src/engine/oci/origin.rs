//! Origins of base images: a registry, or a folder or archive on disk.

use std::io::{self, Write};

use futures_util::stream::{Stream, StreamExt, TryStreamExt};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::bytes::Bytes;
use tokio_util::io::ReaderStream;

use super::disk::{Disk, Piece, on_disk};
use super::error::OciError;
use super::verified::{Expected, verified};
use crate::engine::http::Upload;
use crate::engine::registry::{RegistryError, Session};
use crate::hashed::Hashed;
use crate::progress::{Event, Progress};
use crate::reference::Reference;

/// Read buffer of files, in bytes.
const BUFFER: usize = 1 << 20;

/// Where a base image comes from.
pub(super) struct Origin {
    /// The name it was requested by.
    pub(super) name: String,
    location: Location,
}

enum Location {
    Registry(Reference, Box<Session>),
    Disk(Disk),
}

impl Origin {
    /// The origin of a name; not connected yet.
    pub(super) fn open(name: &str) -> Result<Self, OciError> {
        let location = if let Some((kind, path)) = on_disk(name) {
            Location::Disk(Disk::open(kind, path)?)
        } else {
            let reference = Reference::parse(name).map_err(RegistryError::from)?;
            let session = Session::open(&reference)?;
            Location::Registry(reference, Box::new(session))
        };
        Ok(Self { name: name.to_owned(), location })
    }

    /// The same origin for an image known by another name.
    pub(super) fn called(self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self }
    }

    /// The repository, if the origin is a registry.
    pub(super) fn reference(&self) -> Option<&Reference> {
        match &self.location {
            Location::Registry(reference, _) => Some(reference),
            Location::Disk(_) => None,
        }
    }

    /// The manifest or index of the name.
    pub(super) async fn manifest(&self) -> Result<Bytes, OciError> {
        match &self.location {
            Location::Registry(reference, session) => Ok(session.manifest(&reference.version).await?),
            Location::Disk(disk) => Ok(disk.manifest.clone()),
        }
    }

    /// A manifest by its digest.
    pub(super) async fn document(&self, digest: &str) -> Result<Bytes, OciError> {
        match &self.location {
            Location::Registry(_, session) => Ok(session.manifest(digest).await?),
            Location::Disk(_) => self.blob_bytes(digest).await,
        }
    }

    /// A small blob.
    pub(super) async fn blob_bytes(&self, digest: &str) -> Result<Bytes, OciError> {
        match &self.location {
            Location::Registry(_, session) => Ok(session.blob_bytes(digest).await?),
            Location::Disk(disk) => disk.document(digest),
        }
    }

    /// A blob as a body to upload.
    pub(super) async fn body(
        &self,
        expected: Expected,
        progress: &Progress,
    ) -> Result<Upload<OciError>, OciError> {
        match &self.location {
            Location::Registry(_, session) => Ok(Upload::new(pulled(session, expected, progress).await?)),
            Location::Disk(disk) => body(disk.piece(&expected.digest)?, expected, progress).await,
        }
    }

    /// Writes a blob, verified by its digest.
    pub(super) async fn copy(
        &self,
        expected: Expected,
        out: &mut impl Write,
        progress: &Progress,
    ) -> Result<(), OciError> {
        let digest = expected.digest.clone();
        match &self.location {
            Location::Registry(_, session) => {
                let mut pieces = Box::pin(pulled(session, expected, progress).await?);
                while let Some(piece) = pieces.try_next().await? {
                    out.write_all(&piece).map_err(OciError::io("write", &digest))?;
                }
                Ok(())
            }
            Location::Disk(disk) => {
                let mut content = disk.piece(&digest)?.open().map_err(OciError::io("read", &digest))?;
                let mut out = Hashed::new(out);
                io::copy(&mut content, &mut out).map_err(OciError::io("copy", &digest))?;
                if out.finish().1 == digest { Ok(()) } else { Err(OciError::Damaged(digest)) }
            }
        }
    }
}

/// A blob of a registry.
async fn pulled(
    session: &Session,
    expected: Expected,
    progress: &Progress,
) -> Result<impl Stream<Item = Result<Bytes, OciError>> + Send + use<>, OciError> {
    let damaged = session.damaged(&expected.digest).into();
    let pieces = session.blob(&expected.digest).await?.pieces();
    let pieces = counted(pieces, progress).map_err(|error| RegistryError::from(error).into());
    Ok(verified(pieces, expected, damaged))
}

/// A file, or a part of one, as a body.
pub(super) async fn body(
    piece: &Piece,
    expected: Expected,
    progress: &Progress,
) -> Result<Upload<OciError>, OciError> {
    let name = piece.path.display().to_string();
    let mut file = tokio::fs::File::open(&piece.path).await.map_err(OciError::io("read", &name))?;
    file.seek(io::SeekFrom::Start(piece.start)).await.map_err(OciError::io("read", &name))?;
    let pieces = ReaderStream::with_capacity(file.take(piece.size), BUFFER);
    let pieces = counted(pieces, progress).map_err(move |error| OciError::io("read", &name)(error));
    let damaged = OciError::Damaged(expected.digest.clone());
    Ok(Upload::new(verified(pieces, expected, damaged)))
}

/// The same stream, with progress.
fn counted<E, S: Stream<Item = Result<Bytes, E>>>(
    stream: S,
    progress: &Progress,
) -> impl Stream<Item = Result<Bytes, E>> + use<E, S> {
    let (progress, mut done) = (progress.clone(), 0);
    stream.inspect(move |piece| {
        done += piece.as_ref().map_or(0, Bytes::len) as u64;
        progress.report(&Event::Moved { done, total: None });
    })
}
