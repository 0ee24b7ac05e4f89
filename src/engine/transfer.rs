//! Transfers of images: pull, push, and save to a file.

use std::collections::BTreeMap;
use std::io::Write;
use std::pin::pin;

use bollard::auth::DockerCredentials;
use bollard::errors::Error;
use bollard::models::{CreateImageInfo, ProgressDetail, PushImageInfo};
use bollard::query_parameters::{CreateImageOptionsBuilder, PushImageOptionsBuilder};
use futures_util::stream::{Stream, StreamExt};
use tokio_util::bytes::Bytes;

use super::docker::Engine;
use super::error::EngineError;
use super::image::Image;
use super::reason::{is_lost, reason, registry_error};
use super::reference::repository_and_tag;
use super::registry::{self, Credential, RegistryError, credentials};
use super::stream::Ending;
use crate::progress::{Event, Progress};
use crate::reference::registry_host;

impl Engine {
    /// Pulls an image, with the user's login if there is one.
    pub fn pull(&self, name: &str, platform: Option<&str>, progress: &Progress) -> Result<(), EngineError> {
        let (repository, tag) = repository_and_tag(name);
        let options =
            CreateImageOptionsBuilder::new().from_image(repository).platform(platform.unwrap_or_default());
        let options = if name.contains('@') { options } else { options.tag(tag) };
        let login = login(registry_host(name))?;
        progress.report(&Event::Started(format!("pull {name}")));
        let doing = format!("pulling `{name}`");
        self.wait(&doing, async {
            let messages = self.patient.create_image(Some(options.build()), None, login);
            let mut transfer = Transfer::default();
            let take = |message: CreateImageInfo| transfer.take(message.into(), progress);
            match self.moving(&doing, self.follow(messages, take)).await? {
                Ok(Ending::Whole) => Ok(()),
                Ok(Ending::Unsure(error)) => match self.look_for(name).await? {
                    Some(image) if transfer.has_brought(&image) => Ok(()),
                    _ => Err(self.error(&doing, &error)),
                },
                Err(error) if is_lost(&error) => Err(self.error(&doing, &error)),
                Err(error) => Err(EngineError::BaseImage {
                    image: name.to_owned(),
                    platform: platform.unwrap_or("this machine").to_owned(),
                    reason: reason(&error),
                }),
            }
        })
    }

    /// Pushes an image to its registry and returns its digest.
    pub fn push(&self, name: &str, progress: &Progress) -> Result<String, EngineError> {
        let (repository, tag) = repository_and_tag(name);
        let options = PushImageOptionsBuilder::new().tag(tag).build();
        let login = login(registry_host(name))?;
        progress.report(&Event::Started(format!("push {name}")));
        let doing = format!("pushing `{name}`");
        let mut transfer = Transfer::default();
        let ended = self.wait(&doing, async {
            let messages = self.patient.push_image(repository, Some(options), login);
            let take = |message: PushImageInfo| transfer.take(message.into(), progress);
            let ended = self.moving(&doing, self.follow(messages, take)).await?;
            ended.map_err(|error| self.push_error(name, &doing, &error))
        })?;
        match (ended, transfer.digest) {
            (Ending::Whole, Some(digest)) => Ok(digest),
            (Ending::Whole, None) => self.digest(name),
            (Ending::Unsure(_), Some(digest)) if is_there(name, &digest) => Ok(digest),
            (Ending::Unsure(error), _) => Err(self.error(&doing, &error)),
        }
    }

    /// Writes an image as an archive for `docker load`, and returns its size.
    pub fn save(&self, name: &str, mut out: impl Write, progress: &Progress) -> Result<u64, EngineError> {
        progress.report(&Event::Started(format!("save {name}")));
        let doing = format!("saving `{name}`");
        self.wait(&doing, async {
            self.written(self.patient.export_image(name), &mut out, &doing, progress).await
        })
    }

    /// Writes chunks from an engine, and returns their size.
    pub(super) async fn written(
        &self,
        pieces: impl Stream<Item = Result<Bytes, Error>>,
        out: &mut impl Write,
        doing: &str,
        progress: &Progress,
    ) -> Result<u64, EngineError> {
        let (mut pieces, mut done) = (pin!(pieces), 0);
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|error| self.error(doing, &error))?;
            self.pulse.beat();
            out.write_all(&piece).map_err(EngineError::Archive)?;
            done += piece.len() as u64;
            progress.report(&Event::Moved { done, total: None });
        }
        out.flush().map_err(EngineError::Archive)?;
        Ok(done)
    }

    fn push_error(&self, name: &str, doing: &str, error: &Error) -> EngineError {
        if is_lost(error) { self.error(doing, error) } else { registry_error(name, doing, reason(error)) }
    }

    /// The digest of a push that the engine didn't report but remembers.
    fn digest(&self, name: &str) -> Result<String, EngineError> {
        let (repository, _) = repository_and_tag(name);
        let digests = self.inspect(name)?.map(|image| image.digests).unwrap_or_default();
        let mut digests = digests.iter().filter_map(|digest| digest.split_once('@'));
        let digest = digests.rfind(|(name, _)| *name == repository);
        let digest = digest.map(|(_, digest)| digest.to_owned());
        digest.ok_or_else(|| EngineError::Refused {
            doing: format!("pushing `{name}`"),
            reason: "the engine gives no digest".to_owned(),
        })
    }
}

/// The user's login for a registry, in the engine's format.
pub(super) fn login(host: &str) -> Result<Option<DockerCredentials>, RegistryError> {
    let login = DockerCredentials { serveraddress: Some(host.to_owned()), ..DockerCredentials::default() };
    Ok(credentials(host)?.map(|credential| match credential {
        Credential::Password { username, password } => {
            DockerCredentials { username: Some(username), password: Some(password), ..login }
        }
        Credential::IdentityToken(token) => DockerCredentials { identitytoken: Some(token), ..login },
    }))
}

/// A message about the transfer of a layer.
struct Message {
    layer: Option<String>,
    status: Option<String>,
    detail: Option<ProgressDetail>,
}

impl From<PushImageInfo> for Message {
    fn from(info: PushImageInfo) -> Self {
        // The name of the layer is not handed on by bollard; the sizes tell the layers apart.
        let layer =
            info.progress_detail.as_ref().and_then(|detail| detail.total).map(|total| total.to_string());
        Self { layer, status: info.status, detail: info.progress_detail }
    }
}

impl From<CreateImageInfo> for Message {
    fn from(info: CreateImageInfo) -> Self {
        Self { layer: info.id, status: info.status, detail: info.progress_detail }
    }
}

/// The state of a transfer.
#[derive(Debug, Default)]
struct Transfer {
    layers: BTreeMap<String, (u64, u64)>,
    /// The image's digest, if reported.
    digest: Option<String>,
    /// The subject of the last message: with Podman, finally, the image's id.
    last: Option<String>,
}

impl Transfer {
    fn take(&mut self, message: Message, progress: &Progress) {
        if let Some((layer, (current, total))) = message.layer.clone().zip(moved(&message)) {
            self.layers.insert(layer, (current, total));
            progress.report(&sum(&self.layers));
        }
        self.digest = message.status.as_deref().and_then(digest).or(self.digest.take());
        self.last = message.layer;
    }

    /// Whether an image is the one transferred: engines report it at the end.
    fn has_brought(&self, image: &Image) -> bool {
        match &self.digest {
            Some(digest) => image.digests.iter().any(|name| name.ends_with(digest)),
            None => self.last.as_ref().is_some_and(|id| image.has_id(id)),
        }
    }
}

/// Whether the registry has this name for the image with this digest.
fn is_there(name: &str, digest: &str) -> bool {
    registry::named(name).is_ok_and(|named| named.is_some_and(|named| named.digest == digest))
}

/// Bytes transferred of a layer, and its size.
fn moved(message: &Message) -> Option<(u64, u64)> {
    let detail = message.detail.as_ref()?;
    Some((detail.current?.try_into().ok()?, detail.total?.try_into().ok()?))
}

/// Bytes transferred of all layers.
fn sum(layers: &BTreeMap<String, (u64, u64)>) -> Event {
    let (done, total) = layers
        .values()
        .fold((0, 0), |(done, total), (current, size)| (done + current.min(size), total + size));
    Event::Moved { done, total: Some(total) }
}

/// The digest in a status like `1.0: digest: sha256:… size: 528` or `Digest: sha256:…`.
fn digest(status: &str) -> Option<String> {
    let (_, rest) = status.split_once("igest: ")?;
    rest.split_whitespace().next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_read_from_status_lines() {
        assert_eq!(digest("1: digest: sha256:01 size: 528").as_deref(), Some("sha256:01"));
        assert_eq!(digest("Digest: sha256:01").as_deref(), Some("sha256:01"));
        assert_eq!(digest("Pushed"), None);
    }

    #[test]
    fn layer_progress_is_summed() {
        let layers = BTreeMap::from([("a".to_owned(), (5, 10)), ("b".to_owned(), (30, 20))]);
        assert_eq!(sum(&layers), Event::Moved { done: 25, total: Some(30) });
    }
}
