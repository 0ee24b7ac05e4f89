//! Reads tags and labels from a registry without pulling an image.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use reqwest::Url;
use reqwest::header::{HeaderMap, LINK};
use serde::Deserialize;
use tokio::runtime::Builder;

pub use self::credentials::{Credential, CredentialError, HelperError, credentials};
pub use self::error::RegistryError;
pub(super) use self::session::Session;
use super::manifest::{AnyManifest, Index, IndexEntry};
use crate::hashed::digest;
use crate::reference::{Reference, valid_tag};

mod challenge;
mod credentials;
mod error;
mod images;
mod session;

/// Tags per page.
const PAGE: usize = 1000;
/// Largest page in bytes; registries without pages return all tags at once.
const PAGE_SIZE: usize = 16 << 20;
/// Most tags that are read: a longer list is taken for endless.
const TAGS: usize = 200_000;
/// Pages that may be small; a longer list must have a few tags per page.
const PAGES: usize = 100;
const FEW: usize = 10;
/// Concurrent requests.
const AT_ONCE: usize = 4;

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

/// The first of some tags of a repository whose image has a label with a value. What is no image, or is gone meanwhile,
/// has none.
///
/// Blocks on a runtime of its own, so it is not for asynchronous code.
pub fn labelled(
    repository: &str,
    tags: &[&str],
    (label, value): (&str, &str),
) -> Result<Option<String>, RegistryError> {
    in_time(&Reference::parse(repository)?, async |session| {
        for tags in tags.chunks(AT_ONCE) {
            let answers = join_all(tags.iter().map(|tag| image_labels(session, tag))).await;
            for (tag, labels) in tags.iter().zip(answers) {
                match labels {
                    Ok(labels) if labels.get(label).is_some_and(|found| found == value) => {
                        return Ok(Some((*tag).to_owned()));
                    }
                    Ok(_) | Err(RegistryError::NotFound { .. } | RegistryError::Malformed { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(None)
    })
}

/// An image in a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The digest of its manifest.
    pub digest: String,
    /// The digest of its configuration, which most engines use as id, if it is a single image.
    pub config: Option<String>,
}

/// What a registry has under a name with a tag or a digest; nothing if it has no such image.
///
/// Blocks on a runtime of its own, so it is not for asynchronous code.
pub fn named(reference: &str) -> Result<Option<Named>, RegistryError> {
    let reference = Reference::parse(reference)?;
    let manifest = in_time(&reference, async |session| session.manifest(&reference.version).await);
    match manifest {
        Ok(bytes) => Ok(Some(Named { digest: digest(&bytes), config: config(&bytes) })),
        Err(RegistryError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The digest of the configuration in a manifest.
fn config(manifest: &[u8]) -> Option<String> {
    match serde_json::from_slice(manifest).ok()? {
        AnyManifest::Image(image) => Some(image.config.digest),
        AnyManifest::Index(_) => None,
    }
}

/// Talks to the registry with a time limit.
fn in_time<T>(
    reference: &Reference,
    work: impl AsyncFnOnce(&Session) -> Result<T, RegistryError>,
) -> Result<T, RegistryError> {
    let session = Session::open(reference)?;
    let limit = session.limits().question();
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| session.malformed(&error.to_string()))?;
    let answer = runtime.block_on(async { tokio::time::timeout(limit, work(&session)).await });
    // A name that is still being looked up must not hold the program.
    runtime.shutdown_background();
    answer.unwrap_or_else(|_| Err(session.late(limit)))
}

async fn all_tags(session: &Session) -> Result<Vec<String>, RegistryError> {
    let mut tags = BTreeSet::new();
    let mut next = Some(session.url(&format!("tags/list?n={PAGE}"))?);
    for pages in 0.. {
        let Some(url) = next else { return Ok(tags.into_iter().collect()) };
        if tags.len() > TAGS || (pages > PAGES && tags.len() < pages * FEW) {
            break;
        }
        let answer = session.get(&url, &[]).await?;
        let link = linked_page(&url, answer.headers());
        let page: TagPage = session.json(answer, PAGE_SIZE).await?;
        let page = page.tags.unwrap_or_default();
        // A registry that knows no pages gives the same one for ever.
        let known = page.last().is_some_and(|last| tags.contains(last));
        next = link.or_else(|| following_page(&url, &page).filter(|_| !known));
        // What is no tag can't be the version of an image.
        tags.extend(page.into_iter().filter(|tag| valid_tag(tag).is_ok()));
    }
    Err(session.malformed(&format!("its list of tags has no end, or more than {TAGS} of them")))
}

/// The next page in a `Link` header, at the known address: registries behind a proxy may name themselves
/// wrongly, and the login is for no other host.
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

async fn image_labels(session: &Session, version: &str) -> Result<BTreeMap<String, String>, RegistryError> {
    let manifest = match manifest(session, version).await? {
        AnyManifest::Index(index) => match preferred(&index) {
            Some(digest) => manifest(session, &digest).await?,
            None => return Err(session.malformed("the index is empty")),
        },
        image @ AnyManifest::Image(_) => image,
    };
    let AnyManifest::Image(image) = manifest else {
        return Err(session.malformed("an index names an index"));
    };
    let bytes = session.blob_bytes(&image.config.digest).await?;
    let config: ImageConfig =
        serde_json::from_slice(&bytes).map_err(|error| session.malformed(&error.to_string()))?;
    Ok(config.config.unwrap_or_default().labels.unwrap_or_default())
}

async fn manifest(session: &Session, version: &str) -> Result<AnyManifest, RegistryError> {
    let bytes = session.manifest(version).await?;
    serde_json::from_slice(&bytes).map_err(|error| session.malformed(&error.to_string()))
}

/// The variant for `linux/amd64`, else the first.
fn preferred(index: &Index) -> Option<String> {
    let is_preferred = |entry: &&IndexEntry| {
        entry.platform.as_ref().is_some_and(|it| it.os == "linux" && it.architecture == "amd64")
    };
    let entry = index.manifests.iter().find(is_preferred).or(index.manifests.first());
    entry.map(|entry| entry.digest.clone())
}

#[cfg(test)]
mod tests;
