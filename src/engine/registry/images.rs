//! What the distribution protocol has for images: manifests and blobs, there and back.

use oci_client::manifest::{
    IMAGE_MANIFEST_LIST_MEDIA_TYPE, IMAGE_MANIFEST_MEDIA_TYPE, OCI_IMAGE_INDEX_MEDIA_TYPE,
    OCI_IMAGE_MEDIA_TYPE,
};
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, LOCATION};
use reqwest::{Body, Response, StatusCode, Url};
use tokio_util::bytes::Bytes;

use super::session::Session;
use super::{RegistryError, transport};

/// The kinds of manifests that are understood.
pub(super) const MANIFESTS: [&str; 4] = [
    OCI_IMAGE_MEDIA_TYPE,
    OCI_IMAGE_INDEX_MEDIA_TYPE,
    IMAGE_MANIFEST_MEDIA_TYPE,
    IMAGE_MANIFEST_LIST_MEDIA_TYPE,
];

impl Session {
    /// A manifest, byte by byte: its digest is that of its bytes.
    pub(in crate::engine) async fn manifest(&self, version: &str) -> Result<Bytes, RegistryError> {
        let url = self.url(&format!("manifests/{version}"))?;
        let response = self.get(&url, &MANIFESTS).await?;
        response.bytes().await.map_err(|error| self.unreachable(&error))
    }

    /// A blob, which is still to be read.
    pub(in crate::engine) async fn blob(&self, digest: &str) -> Result<Response, RegistryError> {
        self.get(&self.url(&format!("blobs/{digest}"))?, &[]).await
    }

    /// A small blob.
    pub(in crate::engine) async fn blob_bytes(&self, digest: &str) -> Result<Bytes, RegistryError> {
        let response = self.blob(digest).await?;
        response.bytes().await.map_err(|error| self.unreachable(&error))
    }

    /// Whether the repository has a blob.
    pub(in crate::engine) async fn has_blob(&self, digest: &str) -> Result<bool, RegistryError> {
        let url = self.url(&format!("blobs/{digest}"))?;
        let response = self.answer(&url, |client| client.head(url.clone())).await?;
        match response.status() {
            StatusCode::NOT_FOUND => Ok(false),
            _ => self.checked(response).await.map(|_| true),
        }
    }

    /// Has the registry take a blob from another of its repositories; it may not want to.
    pub(in crate::engine) async fn mount(&self, digest: &str, from: &str) -> Result<bool, RegistryError> {
        let mut url = self.url("blobs/uploads/")?;
        url.query_pairs_mut().append_pair("mount", digest).append_pair("from", from);
        let post = |client: &reqwest::Client| client.post(url.clone()).header(CONTENT_LENGTH, 0);
        let response = self.checked(self.answer(&url, post).await?).await?;
        Ok(response.status() == StatusCode::CREATED)
    }

    /// Uploads a blob; `open` gives its content, anew for each attempt.
    pub(in crate::engine) async fn upload<E: From<RegistryError>>(
        &self,
        digest: &str,
        size: u64,
        open: impl AsyncFn() -> Result<Body, E>,
    ) -> Result<(), E> {
        for attempt in 0..transport::RETRIES {
            match self.try_upload(digest, size, &open).await {
                Ok(response) if !may_pass(response.status()) => {
                    return Ok(self.checked(response).await.map(drop)?);
                }
                Ok(response) => transport::wait(attempt, response.headers()).await,
                Err(UploadError::Broken(_)) => transport::wait(attempt, &HeaderMap::new()).await,
                Err(UploadError::Other(error)) => return Err(error),
            }
        }
        match self.try_upload(digest, size, &open).await {
            Ok(response) => Ok(self.checked(response).await.map(drop)?),
            Err(UploadError::Broken(error)) => Err(error.into()),
            Err(UploadError::Other(error)) => Err(error),
        }
    }

    async fn try_upload<E: From<RegistryError>>(
        &self,
        digest: &str,
        size: u64,
        open: &impl AsyncFn() -> Result<Body, E>,
    ) -> Result<Response, UploadError<E>> {
        let mut url = self.begin_upload().await.map_err(|error| UploadError::Other(error.into()))?;
        url.query_pairs_mut().append_pair("digest", digest);
        let body = open().await.map_err(UploadError::Other)?;
        let put = |client: &reqwest::Client| {
            let request = client.put(url.clone()).header(CONTENT_TYPE, "application/octet-stream");
            request.header(CONTENT_LENGTH, size).body(body)
        };
        self.once(&url, put).await.map_err(UploadError::Broken)
    }

    /// The address that the registry opens for one blob.
    async fn begin_upload(&self) -> Result<Url, RegistryError> {
        let url = self.url("blobs/uploads/")?;
        let post = |client: &reqwest::Client| client.post(url.clone()).header(CONTENT_LENGTH, 0);
        let response = self.checked(self.answer(&url, post).await?).await?;
        let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
        let location = location.and_then(|location| url.join(location).ok());
        location.ok_or_else(|| self.malformed("it names no place for an upload"))
    }

    /// Puts a manifest under a tag or its digest.
    pub(in crate::engine) async fn put_manifest(
        &self,
        version: &str,
        kind: &str,
        manifest: &Bytes,
    ) -> Result<(), RegistryError> {
        let url = self.url(&format!("manifests/{version}"))?;
        let put = |client: &reqwest::Client| {
            client.put(url.clone()).header(CONTENT_TYPE, kind).body(manifest.clone())
        };
        self.checked(self.answer(&url, put).await?).await.map(drop)
    }
}

/// Why an attempt to upload came to no answer.
enum UploadError<E> {
    /// The connection broke, which may not happen again.
    Broken(RegistryError),
    /// Something that stays so.
    Other(E),
}

/// Whether an upload that was answered so may go through next time: a token that ran out meanwhile counts, too.
fn may_pass(status: StatusCode) -> bool {
    transport::is_busy(status) || status == StatusCode::UNAUTHORIZED
}
