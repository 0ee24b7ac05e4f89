//! Reads tags and labels from a container registry, without pulling an image.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use oci_client::client::linux_amd64_resolver;
use oci_client::manifest::{
    IMAGE_MANIFEST_LIST_MEDIA_TYPE, IMAGE_MANIFEST_MEDIA_TYPE, OCI_IMAGE_INDEX_MEDIA_TYPE,
    OCI_IMAGE_MEDIA_TYPE, OciImageIndex, OciManifest,
};
use reqwest::Url;
use reqwest::header::{HeaderMap, LINK};
use serde::Deserialize;
use tokio::runtime::Builder;

pub use self::credentials::{Credential, CredentialError, HelperError, credentials};
pub use self::error::RegistryError;
use self::session::Session;
pub(crate) use self::transport::client;
use crate::reference::Reference;

mod challenge;
mod credentials;
mod error;
mod session;
pub(crate) mod transport;

const TIMEOUT: Duration = Duration::from_secs(30);
const PAGE: usize = 1000;
const MANIFESTS: [&str; 4] = [
    OCI_IMAGE_MEDIA_TYPE,
    OCI_IMAGE_INDEX_MEDIA_TYPE,
    IMAGE_MANIFEST_MEDIA_TYPE,
    IMAGE_MANIFEST_LIST_MEDIA_TYPE,
];

#[derive(Deserialize)]
struct TagPage {
    tags: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ImageConfig {
    config: Option<ContainerConfig>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct ContainerConfig {
    labels: Option<BTreeMap<String, String>>,
}

/// All tags of a repository, sorted as text; none if there is no such repository.
///
/// Blocks on a runtime of its own, so it is not for asynchronous code.
pub fn tags(repository: &str) -> Result<Vec<String>, RegistryError> {
    match in_time(&Reference::parse(repository)?, all_tags) {
        Err(RegistryError::NotFound { .. }) => Ok(Vec::new()),
        answer => answer,
    }
}

/// The labels of an image, of its variant for `linux/amd64` if there are several.
///
/// Blocks on a runtime of its own, so it is not for asynchronous code.
pub fn labels(reference: &str) -> Result<BTreeMap<String, String>, RegistryError> {
    let reference = Reference::parse(reference)?;
    in_time(&reference, async |session| image_labels(session, &reference.version).await)
}

/// Has `work` talk to the registry for a limited time.
fn in_time<T>(
    reference: &Reference,
    work: impl AsyncFnOnce(&mut Session) -> Result<T, RegistryError>,
) -> Result<T, RegistryError> {
    let mut session = Session::open(reference)?;
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| session.unreachable(&error))?;
    let answer = runtime.block_on(async { tokio::time::timeout(TIMEOUT, work(&mut session)).await });
    // A name that is still being looked up must not hold the program.
    runtime.shutdown_background();
    answer.unwrap_or_else(|_| Err(session.late(TIMEOUT)))
}

async fn all_tags(session: &mut Session) -> Result<Vec<String>, RegistryError> {
    let mut tags = BTreeSet::new();
    let mut next = Some(session.url(&format!("tags/list?n={PAGE}"))?);
    while let Some(url) = next {
        let response = session.get(&url, &[]).await?;
        let link = linked_page(&url, response.headers());
        let page: TagPage = session.json(response).await?;
        let page = page.tags.unwrap_or_default();
        // A registry that knows no pages gives the same one for ever.
        let known = page.last().is_some_and(|last| tags.contains(last));
        next = link.or_else(|| following_page(&url, &page).filter(|_| !known));
        tags.extend(page);
    }
    Ok(tags.into_iter().collect())
}

/// The next page that a `Link` header names, at the address we know: registries behind a proxy
/// name themselves wrongly, and the login is for no other host.
fn linked_page(url: &Url, headers: &HeaderMap) -> Option<Url> {
    let links = headers.get(LINK)?.to_str().ok()?;
    let link = links.split(',').find(|link| link.contains("rel=\"next\"") || link.contains("rel=next"))?;
    let (target, _) = link.trim().strip_prefix('<')?.split_once('>')?;
    let target = url.join(target).ok()?;
    let mut next = url.clone();
    next.set_path(target.path());
    next.set_query(target.query());
    (next != *url).then_some(next)
}

/// The page after a full one without a link.
fn following_page(url: &Url, page: &[String]) -> Option<Url> {
    let last = page.last().filter(|_| page.len() == PAGE)?;
    let mut next = url.clone();
    next.query_pairs_mut().clear().append_pair("n", &PAGE.to_string()).append_pair("last", last);
    Some(next)
}

async fn image_labels(
    session: &mut Session,
    version: &str,
) -> Result<BTreeMap<String, String>, RegistryError> {
    let manifest = match manifest(session, version).await? {
        OciManifest::ImageIndex(index) => match preferred(&index) {
            Some(digest) => manifest(session, &digest).await?,
            None => return Err(session.malformed("the index is empty")),
        },
        image @ OciManifest::Image(_) => image,
    };
    let OciManifest::Image(image) = manifest else {
        return Err(session.malformed("an index names an index"));
    };
    let url = session.url(&format!("blobs/{}", image.config.digest))?;
    let response = session.get(&url, &[]).await?;
    let config: ImageConfig = session.json(response).await?;
    Ok(config.config.unwrap_or_default().labels.unwrap_or_default())
}

async fn manifest(session: &mut Session, version: &str) -> Result<OciManifest, RegistryError> {
    let url = session.url(&format!("manifests/{version}"))?;
    let response = session.get(&url, &MANIFESTS).await?;
    session.json(response).await
}

/// The variant for `linux/amd64`, else the first.
fn preferred(index: &OciImageIndex) -> Option<String> {
    let first = || index.manifests.first().map(|entry| entry.digest.clone());
    linux_amd64_resolver(&index.manifests).or_else(first)
}

#[cfg(test)]
mod tests;
