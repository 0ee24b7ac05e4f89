//! Images on their way: pull from a registry, push to a registry, save to a file.

use std::collections::BTreeMap;
use std::io::Write;
use std::pin::pin;

use bollard::auth::DockerCredentials;
use bollard::errors::Error;
use bollard::models::{CreateImageInfo, ProgressDetail, PushImageInfo};
use bollard::query_parameters::{CreateImageOptionsBuilder, PushImageOptionsBuilder};
use futures_util::stream::{Stream, StreamExt};

use super::docker::Engine;
use super::error::EngineError;
use super::progress::{Event, Progress};
use super::reason::{is_lost, reason, registry_error};
use super::reference::repository_and_tag;
use super::registry::{Credential, RegistryError, credentials};
use crate::reference::registry_host;

impl Engine {
    /// Pulls an image, with the user's login where there is one.
    pub fn pull(&self, name: &str, platform: Option<&str>, progress: &Progress) -> Result<(), EngineError> {
        let (repository, tag) = repository_and_tag(name);
        let options =
            CreateImageOptionsBuilder::new().from_image(repository).platform(platform.unwrap_or_default());
        let options = if name.contains('@') { options } else { options.tag(tag) };
        let login = login(registry_host(name))?;
        progress.report(&Event::Started(format!("pull {name}")));
        self.wait(async {
            let messages = self.patient.create_image(Some(options.build()), None, login);
            match follow(messages, progress).await {
                Ok(_) => Ok(()),
                Err(error) if is_lost(&error) => Err(self.error(&format!("pulling `{name}`"), &error)),
                Err(error) => Err(EngineError::BaseImage {
                    image: name.to_owned(),
                    platform: platform.unwrap_or("this machine").to_owned(),
                    reason: reason(&error),
                }),
            }
        })
    }

    /// Pushes an image to the registry in its name and gives its digest.
    pub fn push(&self, name: &str, progress: &Progress) -> Result<String, EngineError> {
        let (repository, tag) = repository_and_tag(name);
        let options = PushImageOptionsBuilder::new().tag(tag).build();
        let login = login(registry_host(name))?;
        progress.report(&Event::Started(format!("push {name}")));
        let said = self.wait(async {
            let messages = self.patient.push_image(repository, Some(options), login);
            follow(messages, progress).await.map_err(|error| self.push_error(name, &error))
        })?;
        match said {
            Some(digest) => Ok(digest),
            None => self.digest(name),
        }
    }

    /// Writes an image as an archive for `docker load`, and gives its size.
    pub fn save(&self, name: &str, mut out: impl Write, progress: &Progress) -> Result<u64, EngineError> {
        let mut done = 0;
        progress.report(&Event::Started(format!("save {name}")));
        self.wait(async {
            let mut pieces = pin!(self.patient.export_image(name));
            while let Some(piece) = pieces.next().await {
                let piece = piece.map_err(|error| self.error(&format!("saving `{name}`"), &error))?;
                out.write_all(&piece).map_err(EngineError::Archive)?;
                done += piece.len() as u64;
                progress.report(&Event::Moved { done, total: None });
            }
            out.flush().map_err(EngineError::Archive)
        })?;
        Ok(done)
    }

    fn push_error(&self, name: &str, error: &Error) -> EngineError {
        let doing = format!("pushing `{name}`");
        if is_lost(error) { self.error(&doing, error) } else { registry_error(name, &doing, reason(error)) }
    }

    /// The digest that an engine remembers of a push it hasn't told.
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

/// The user's login for a registry, as engines want it.
pub(super) fn login(host: &str) -> Result<Option<DockerCredentials>, RegistryError> {
    let login = DockerCredentials { serveraddress: Some(host.to_owned()), ..DockerCredentials::default() };
    Ok(credentials(host)?.map(|credential| match credential {
        Credential::Password { username, password } => {
            DockerCredentials { username: Some(username), password: Some(password), ..login }
        }
        Credential::IdentityToken(token) => DockerCredentials { identitytoken: Some(token), ..login },
    }))
}

/// A message about a layer on its way.
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

/// Follows a transfer to its end; gives the digest if one was told.
async fn follow(
    messages: impl Stream<Item = Result<impl Into<Message>, Error>>,
    progress: &Progress,
) -> Result<Option<String>, Error> {
    let mut messages = pin!(messages);
    let mut layers = BTreeMap::new();
    let mut said = None;
    while let Some(message) = messages.next().await {
        let message = message?.into();
        if let Some((layer, (current, total))) = message.layer.clone().zip(moved(&message)) {
            layers.insert(layer, (current, total));
            progress.report(&sum(&layers));
        }
        said = message.status.as_deref().and_then(digest).or(said);
    }
    Ok(said)
}

/// How much of a layer is through, and how much it is.
fn moved(message: &Message) -> Option<(u64, u64)> {
    let detail = message.detail.as_ref()?;
    Some((detail.current?.try_into().ok()?, detail.total?.try_into().ok()?))
}

/// How much of all layers is through.
fn sum(layers: &BTreeMap<String, (u64, u64)>) -> Event {
    let (done, total) = layers
        .values()
        .fold((0, 0), |(done, total), (current, size)| (done + current.min(size), total + size));
    Event::Moved { done, total: Some(total) }
}

/// The digest in a status like `1.0: digest: sha256:… size: 528`.
fn digest(status: &str) -> Option<String> {
    let (_, rest) = status.split_once("digest: ")?;
    rest.split_whitespace().next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_told_in_a_status() {
        assert_eq!(digest("1: digest: sha256:01 size: 528").as_deref(), Some("sha256:01"));
        assert_eq!(digest("Pushed"), None);
    }

    #[test]
    fn layers_are_added_up() {
        let layers = BTreeMap::from([("a".to_owned(), (5, 10)), ("b".to_owned(), (30, 20))]);
        assert_eq!(sum(&layers), Event::Moved { done: 25, total: Some(30) });
    }
}
