//! ONE DATA: uploads environments as image archives.

use std::io;
use std::path::Path;

use bytes::Bytes;
use futures_util::stream::{Stream, StreamExt, TryStreamExt};
use reqwest::multipart::{Form, Part};
use reqwest::{Client, StatusCode};
use tokio_util::io::ReaderStream;

use super::{PublishError, Server};
use crate::engine::http::Upload;
use crate::progress::{Event, Progress};
use crate::reader;

/// The resource of environments.
const PATH: &str = "api/v1/environment";

/// The environment variable with the token.
pub const TOKEN: &str = "ONEDATA_TOKEN";

/// Uploads the archive of an environment to a domain, and returns the server's response.
pub fn upload(
    server: &Server,
    token: &str,
    domain: &str,
    archive: &Path,
    progress: &Progress,
) -> Result<String, PublishError> {
    let name = archive.display().to_string();
    let failed = move |source| PublishError::Read { path: name.clone(), source };
    let file = reader::open(archive).map_err(failed.clone())?;
    let size = file.metadata().map_err(failed.clone())?.len();
    progress.report(&Event::Started(format!("upload {}", archive.display())));
    let pieces = ReaderStream::with_capacity(tokio::fs::File::from_std(file), 1 << 16);
    let pieces = counted(pieces, size, progress.clone()).map_err(failed);
    let name = archive.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let url = server.url(PATH, None)?;
    let request = |client: &Client, body| {
        // The media type is a good one, so the form is never without the archive.
        let part = Part::stream_with_length(body, size).file_name(name).mime_str("application/octet-stream");
        let form = part.map(|part| Form::new().part("environmentImage", part)).unwrap_or_default();
        let form = form.text("domainId", domain.to_owned());
        client.post(url.clone()).bearer_auth(token).multipart(form)
    };
    server.upload(&url, (Upload::new(pieces), size), request, hint)
}

/// The chunks of a file, with progress.
fn counted(
    pieces: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
    size: u64,
    progress: Progress,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let mut done = 0;
    pieces.inspect(move |piece| {
        done += piece.as_ref().map_or(0, Bytes::len) as u64;
        progress.report(&Event::Moved { done, total: Some(size) });
    })
}

/// Hints for failures in the guide, and for those usual for such servers.
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
