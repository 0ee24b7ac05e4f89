//! Manifests and blobs in the distribution protocol, both ways.

use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, LOCATION};
use reqwest::{Client, StatusCode, Url};
use tokio_util::bytes::Bytes;

use super::RegistryError;
use super::session::Session;
use crate::engine::http::{self, Answer, HttpError, RETRIES, Upload, UploadError, is_busy, wait};
use crate::engine::manifest;
use crate::hashed::digest;

/// Largest manifest in bytes; registries accept no larger ones.
const MANIFEST: usize = 4 << 20;
/// Largest configuration in bytes.
const CONFIG: usize = 8 << 20;

/// The supported types of manifests.
pub(super) const MANIFESTS: [&str; 4] =
    [manifest::IMAGE, manifest::INDEX, manifest::DOCKER_IMAGE, manifest::DOCKER_INDEX];

impl Session {
    /// A manifest, as raw bytes: they define its digest.
    pub(in crate::engine) async fn manifest(&self, version: &str) -> Result<Bytes, RegistryError> {
        let url = self.url(&format!("manifests/{version}"))?;
        let bytes = self.get(&url, &MANIFESTS).await?.document(MANIFEST).await?;
        if version.contains(':') { self.verified(bytes, version) } else { Ok(bytes) }
    }

    /// A blob to read, and to verify by its digest.
    pub(in crate::engine) async fn blob(&self, digest: &str) -> Result<Answer, RegistryError> {
        self.get(&self.url(&format!("blobs/{digest}"))?, &[]).await
    }

    /// A small blob.
    pub(in crate::engine) async fn blob_bytes(&self, digest: &str) -> Result<Bytes, RegistryError> {
        let bytes = self.blob(digest).await?.document(CONFIG).await?;
        self.verified(bytes, digest)
    }

    /// Verifies content by its digest.
    fn verified(&self, bytes: Bytes, expected: &str) -> Result<Bytes, RegistryError> {
        if digest(&bytes) == expected { Ok(bytes) } else { Err(self.damaged(expected)) }
    }

    /// Whether the repository has a blob.
    pub(in crate::engine) async fn has_blob(&self, digest: &str) -> Result<bool, RegistryError> {
        let url = self.url(&format!("blobs/{digest}"))?;
        let answer = self.answer(&url, |client, url| client.head(url.clone())).await?;
        match answer.status() {
            StatusCode::NOT_FOUND => Ok(false),
            // A store may be asked for the content only; what it doesn't tell is uploaded.
            status if !answer.at_home => Ok(status.is_success()),
            _ => self.checked(answer).await.map(|_| true),
        }
    }

    /// Mounts a blob from another repository, if the registry agrees.
    pub(in crate::engine) async fn mount(&self, digest: &str, from: &str) -> Result<bool, RegistryError> {
        let mut url = self.url("blobs/uploads/")?;
        url.query_pairs_mut().append_pair("mount", digest).append_pair("from", from);
        let answer = self.checked(self.answer(&url, empty_post).await?).await?;
        Ok(answer.status() == StatusCode::CREATED)
    }

    /// Uploads a blob; `open` gives its content for each attempt.
    pub(in crate::engine) async fn upload<E: From<RegistryError>>(
        &self,
        digest: &str,
        size: u64,
        open: impl AsyncFn() -> Result<Upload<E>, E>,
    ) -> Result<(), E> {
        for attempt in 0..RETRIES {
            match self.try_upload(digest, size, &open).await {
                Ok(answer) if !may_pass(&answer) => return Ok(self.checked(answer).await.map(drop)?),
                Ok(answer) => wait(attempt, answer.headers()).await,
                Err(UploadError::Http(error)) if !error.is_late() => wait(attempt, &HeaderMap::new()).await,
                Err(error) => return Err(failure(error)),
            }
        }
        let answer = self.try_upload(digest, size, &open).await.map_err(failure)?;
        Ok(self.checked(answer).await.map(drop)?)
    }

    async fn try_upload<E: From<RegistryError>>(
        &self,
        digest: &str,
        size: u64,
        open: &impl AsyncFn() -> Result<Upload<E>, E>,
    ) -> Result<Answer, UploadError<E>> {
        let mut url = self.begin_upload().await.map_err(|error| UploadError::Content(error.into()))?;
        url.query_pairs_mut().append_pair("digest", digest);
        let content = open().await.map_err(UploadError::Content)?;
        let kind = "application/octet-stream".to_owned();
        self.put(&url, content, &[(CONTENT_TYPE, kind), (CONTENT_LENGTH, size.to_string())]).await
    }

    /// The upload address for one blob.
    async fn begin_upload(&self) -> Result<Url, RegistryError> {
        let url = self.url("blobs/uploads/")?;
        let answer = self.checked(self.answer(&url, empty_post).await?).await?;
        let location = answer.headers().get(LOCATION).and_then(|location| location.to_str().ok());
        let location = location.and_then(|location| url.join(location).ok());
        let location = location.ok_or_else(|| self.malformed("it names no place for an upload"))?;
        match location.scheme() {
            "https" => Ok(location),
            "http" if url.scheme() == "http" => Ok(location),
            _ => Err(HttpError::Redirect {
                server: answer.server,
                target: http::origin(&location),
                reason: "for an upload, which is not followed from HTTPS to anything else",
            }
            .into()),
        }
    }

    /// Stores a manifest under a tag or its digest.
    pub(in crate::engine) async fn put_manifest(
        &self,
        version: &str,
        kind: &str,
        manifest: &Bytes,
    ) -> Result<(), RegistryError> {
        let url = self.url(&format!("manifests/{version}"))?;
        let put = |client: &Client, url: &Url| {
            client.put(url.clone()).header(CONTENT_TYPE, kind).body(manifest.clone())
        };
        self.checked(self.answer(&url, put).await?).await.map(drop)
    }
}

fn empty_post(client: &Client, url: &Url) -> reqwest::RequestBuilder {
    client.post(url.clone()).header(CONTENT_LENGTH, 0)
}

fn failure<E: From<RegistryError>>(error: UploadError<E>) -> E {
    match error {
        UploadError::Http(error) => RegistryError::from(error).into(),
        UploadError::Content(error) => error,
    }
}

/// Whether an upload with this response may succeed next time; includes an expired token.
fn may_pass(answer: &Answer) -> bool {
    is_busy(answer.status()) || (answer.at_home && answer.status() == StatusCode::UNAUTHORIZED)
}
