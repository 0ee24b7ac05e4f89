//! ONE DATA: environments are uploaded as archives of images.

use std::path::Path;

use futures_util::stream::{Stream, StreamExt};
use reqwest::multipart::{Form, Part};
use reqwest::{Body, StatusCode};
use tokio::sync::watch;
use tokio_util::io::ReaderStream;

use super::{PublishError, Server};
use crate::engine::progress::{Event, Progress};

/// The resource that takes environments.
const PATH: &str = "api/v1/environment";

/// The environment variable with the token.
pub const TOKEN: &str = "ONEDATA_TOKEN";

/// Uploads the archive of an environment to a domain, and gives what the server says.
pub fn upload(
    server: &Server,
    token: &str,
    domain: &str,
    archive: &Path,
    progress: &Progress,
) -> Result<String, PublishError> {
    let failed = |source| PublishError::Read { path: archive.display().to_string(), source };
    let file = std::fs::File::open(archive).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    let (sender, moved) = watch::channel(0);
    progress.report(&Event::Started(format!("upload {}", archive.display())));
    let bar = progress.clone();
    server.wait(size, &moved, async {
        let pieces = ReaderStream::with_capacity(tokio::fs::File::from_std(file), 1 << 16);
        let pieces = Body::wrap_stream(counted(pieces, size, sender, bar));
        let name = archive.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let part = Part::stream_with_length(pieces, size).file_name(name);
        let part = part.mime_str("application/octet-stream");
        let part = part.map_err(|error| server.failure(&error, (0, size)))?;
        let form = Form::new().part("environmentImage", part).text("domainId", domain.to_owned());
        let request = server.client()?.post(server.url(PATH, None)?).bearer_auth(token).multipart(form);
        let response =
            request.send().await.map_err(|error| server.failure(&error, (*moved.borrow(), size)))?;
        server.accepted(response, hint).await
    })
}

/// The pieces of a file; what is taken of them is told.
fn counted(
    pieces: impl Stream<Item = std::io::Result<bytes::Bytes>> + Send + 'static,
    size: u64,
    sender: watch::Sender<u64>,
    progress: Progress,
) -> impl Stream<Item = std::io::Result<bytes::Bytes>> + Send + 'static {
    pieces.inspect(move |piece| {
        let length = piece.as_ref().map_or(0, bytes::Bytes::len) as u64;
        sender.send_modify(|done| *done += length);
        progress.report(&Event::Moved { done: *sender.borrow(), total: Some(size) });
    })
}

/// The failures that the guide explains, and those that servers of its kind know.
fn hint(status: StatusCode) -> String {
    let hint = match status {
        StatusCode::UNAUTHORIZED => "set `ONEDATA_TOKEN` to a token that is valid",
        StatusCode::FORBIDDEN => {
            "an environment is updated by its uploader, a domain admin or a super admin only; choose another name, and a domain that you have access to"
        }
        StatusCode::NOT_FOUND => {
            "check the address of the server, which is the one before `/api/v1/environment`"
        }
        StatusCode::CONFLICT => {
            "an environment of that name exists: in this domain use it, overwrite it with the very same `name:tag`, or choose another name; one in another domain can't be used, so upload with a different name"
        }
        StatusCode::PAYLOAD_TOO_LARGE => {
            "the server takes no image of that size: install with pip rather than conda, and only what is needed"
        }
        status if status.is_server_error() => "try again later",
        _ => "",
    };
    hint.to_owned()
}
