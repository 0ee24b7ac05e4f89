//! Where a base image comes from: a registry, or a folder or archive on disk.

use std::io::{self, Write};

use futures_util::stream::{Stream, StreamExt, TryStreamExt};
use reqwest::Body;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::bytes::Bytes;
use tokio_util::io::ReaderStream;

use super::disk::{Disk, Piece, on_disk};
use super::error::OciError;
use crate::engine::progress::{Event, Progress};
use crate::engine::registry::{RegistryError, Session};
use crate::hashed::Hashed;
use crate::reference::Reference;

/// How much of a file is read at once.
const BUFFER: usize = 1 << 20;

/// A place with a base image in it.
pub(super) struct Origin {
    /// The name by which it was asked for.
    pub(super) name: String,
    place: Place,
}

enum Place {
    Registry(Reference, Box<Session>),
    Disk(Disk),
}

impl Origin {
    /// The place that a name means; of a registry nothing is asked yet.
    pub(super) fn open(name: &str) -> Result<Self, OciError> {
        let place = if let Some((kind, path)) = on_disk(name) {
            Place::Disk(Disk::open(kind, path)?)
        } else {
            let reference = Reference::parse(name).map_err(RegistryError::from)?;
            let session = Session::open(&reference)?;
            Place::Registry(reference, Box::new(session))
        };
        Ok(Self { name: name.to_owned(), place })
    }

    /// The repository it is in, if that is in a registry.
    pub(super) fn reference(&self) -> Option<&Reference> {
        match &self.place {
            Place::Registry(reference, _) => Some(reference),
            Place::Disk(_) => None,
        }
    }

    /// The manifest or index that the name means.
    pub(super) async fn manifest(&self) -> Result<Bytes, OciError> {
        match &self.place {
            Place::Registry(reference, session) => Ok(session.manifest(&reference.version).await?),
            Place::Disk(disk) => Ok(disk.manifest.clone()),
        }
    }

    /// A manifest by its digest.
    pub(super) async fn document(&self, digest: &str) -> Result<Bytes, OciError> {
        match &self.place {
            Place::Registry(_, session) => Ok(session.manifest(digest).await?),
            Place::Disk(_) => self.blob_bytes(digest).await,
        }
    }

    /// A small blob.
    pub(super) async fn blob_bytes(&self, digest: &str) -> Result<Bytes, OciError> {
        match &self.place {
            Place::Registry(_, session) => Ok(session.blob_bytes(digest).await?),
            Place::Disk(disk) => disk.piece(digest)?.bytes().map_err(OciError::io("read", digest)),
        }
    }

    /// A blob, to be sent somewhere else.
    pub(super) async fn body(&self, digest: &str, progress: &Progress) -> Result<Body, OciError> {
        match &self.place {
            Place::Registry(_, session) => {
                let response = session.blob(digest).await?;
                Ok(Body::wrap_stream(counted(response.bytes_stream(), progress)))
            }
            Place::Disk(disk) => body(disk.piece(digest)?, progress).await,
        }
    }

    /// Writes a blob, and sees that it is what its digest says.
    pub(super) async fn copy(
        &self,
        digest: &str,
        out: &mut impl Write,
        progress: &Progress,
    ) -> Result<(), OciError> {
        let mut out = Hashed::new(out);
        match &self.place {
            Place::Registry(_, session) => {
                let mut pieces = Box::pin(counted(session.blob(digest).await?.bytes_stream(), progress));
                while let Some(piece) =
                    pieces.try_next().await.map_err(|error| session.unreachable(&error))?
                {
                    out.write_all(&piece).map_err(OciError::io("write", digest))?;
                }
            }
            Place::Disk(disk) => {
                let mut content = disk.piece(digest)?.open().map_err(OciError::io("read", digest))?;
                io::copy(&mut content, &mut out).map_err(OciError::io("copy", digest))?;
            }
        }
        if out.finish().1 == digest { Ok(()) } else { Err(OciError::Damaged(digest.to_owned())) }
    }
}

/// A file, or a part of one, to be sent.
pub(super) async fn body(piece: &Piece, progress: &Progress) -> Result<Body, OciError> {
    let name = piece.path.display();
    let mut file = tokio::fs::File::open(&piece.path).await.map_err(OciError::io("read", &name))?;
    file.seek(io::SeekFrom::Start(piece.start)).await.map_err(OciError::io("read", &name))?;
    let pieces = ReaderStream::with_capacity(file.take(piece.size), BUFFER);
    Ok(Body::wrap_stream(counted(pieces, progress)))
}

/// The same stream, which tells of itself.
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
