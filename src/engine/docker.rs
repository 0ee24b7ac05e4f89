//! Docker and Podman, by Docker's API: connect, look up images, name them.

use std::future::Future;
use std::sync::OnceLock;
use std::time::Duration;

use bollard::errors::Error;
use bollard::models::SystemVersion;
use bollard::query_parameters::TagImageOptionsBuilder;
use bollard::{API_DEFAULT_VERSION, Docker};

use super::endpoint::Endpoint;
use super::error::EngineError;
use super::image::Image;
use super::patience::{Patience, Pulse};
use super::reason::{is_lost, reason};
use super::reference::repository_and_tag;
use super::work::Work;
use crate::progress::Progress;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);

/// How long the client itself waits for builds and transfers: what is long is watched by [`Engine::wait`].
const UNLIMITED: Duration = Duration::from_hours(24 * 365);

/// Which engine answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Docker Engine.
    Docker,
    /// Podman's service.
    Podman,
}

/// An engine that has answered.
#[derive(Debug)]
pub struct Engine {
    /// Where it is and why it was asked.
    pub endpoint: Endpoint,
    /// Which one it is.
    pub kind: Kind,
    /// Its version.
    pub version: String,
    /// Whether images are built by `BuildKit`.
    pub buildkit: bool,
    /// The version of its interface, if it tells one.
    interface: Option<(u32, u32)>,
    pub(super) patient: Docker,
    pub(super) client: Docker,
    pub(super) patience: Patience,
    pub(super) pulse: Pulse,
    /// Whether containers that killed processes have left were looked for.
    pub(super) swept: OnceLock<()>,
    pub(super) work: Work,
}

impl Engine {
    /// Connects to an engine and asks what it is.
    pub fn connect(endpoint: &Endpoint) -> Result<Self, EngineError> {
        let unreachable = |reason: String| EngineError::Unreachable {
            endpoint: endpoint.host.clone(),
            rule: endpoint.rule.clone(),
            reason,
        };
        let client = client(endpoint).map_err(|error| unreachable(reason(&error)))?;
        let work = Work::new().map_err(|error| unreachable(error.to_string()))?;
        let greeted = work.wait(async { greet(&client).await.map_err(|error| unreachable(reason(&error))) });
        match greeted {
            Ok(version) => Ok(Self::new(endpoint.clone(), client, work, version)),
            Err(error) => {
                work.abandon();
                Err(error)
            }
        }
    }

    fn new(endpoint: Endpoint, client: Docker, work: Work, version: SystemVersion) -> Self {
        let patience = Patience::from_environment();
        Self {
            kind: kind(&version),
            interface: interface(&version),
            buildkit: has_buildkit(&version) && wants_buildkit(),
            version: version.version.unwrap_or_default(),
            patient: client.clone().with_timeout(UNLIMITED),
            endpoint,
            client: client.with_timeout(patience.answer),
            patience,
            pulse: Pulse::new(),
            swept: OnceLock::new(),
            work,
        }
    }

    /// Whether a build can see something that stays in no layer: where `BuildKit` knows mounts, from Docker 20.10 on.
    #[must_use]
    pub fn keeps_secrets(&self) -> bool {
        self.buildkit && self.interface >= Some((1, 41))
    }

    /// Whether the user has pressed Ctrl-C since the engine was connected.
    #[must_use]
    pub fn interrupted(&self) -> bool {
        self.work.interrupted()
    }

    /// Whether the engine runs as an ordinary user, whom its containers know as root.
    pub fn is_rootless(&self) -> Result<bool, EngineError> {
        let doing = "asking the engine about itself";
        self.wait(doing, async {
            let info = self.client.info().await;
            let info = info.map_err(|error| self.error(doing, &error))?;
            Ok(info.security_options.iter().flatten().any(|option| option.contains("rootless")))
        })
    }

    /// What the engine knows about an image, if it has it.
    pub fn inspect(&self, name: &str) -> Result<Option<Image>, EngineError> {
        self.wait(&looking_for(name), self.look_for(name))
    }

    /// The same, for work that is waited for already.
    pub(super) async fn look_for(&self, name: &str) -> Result<Option<Image>, EngineError> {
        match self.client.inspect_image(name).await {
            Ok(image) => Ok(Some(Image::from(image))),
            Err(Error::DockerResponseServerError { status_code: 404, .. }) => Ok(None),
            Err(error) => Err(self.error(&looking_for(name), &error)),
        }
    }

    /// Sees to it that the engine has an image, and pulls it only if it hasn't.
    pub fn ensure_image(
        &self,
        name: &str,
        platform: Option<&str>,
        progress: &Progress,
    ) -> Result<Image, EngineError> {
        if let Some(image) = self.inspect(name)?.filter(|image| image.runs_on(platform)) {
            return Ok(image);
        }
        self.pull(name, platform, progress)?;
        self.inspect(name)?.filter(|image| image.runs_on(platform)).ok_or_else(|| EngineError::BaseImage {
            image: name.to_owned(),
            platform: platform.unwrap_or("this machine").to_owned(),
            reason: "its registry has none".to_owned(),
        })
    }

    /// Gives an image one more name.
    pub fn tag(&self, image: &str, name: &str) -> Result<(), EngineError> {
        let (repository, tag) = repository_and_tag(name);
        let options = TagImageOptionsBuilder::new().repo(repository).tag(tag).build();
        let doing = format!("naming the image `{name}`");
        self.wait(&doing, async {
            let tagged = self.client.tag_image(image, Some(options)).await;
            tagged.map_err(|error| self.error(&doing, &error))
        })
    }

    /// Waits for some work, unless the user presses Ctrl-C or the engine answers no more.
    pub(super) fn wait<T>(
        &self,
        doing: &str,
        work: impl Future<Output = Result<T, EngineError>>,
    ) -> Result<T, EngineError> {
        self.work.wait(self.attended(doing, work))
    }

    /// Waits for some work that deals with Ctrl-C itself, unless the engine answers no more.
    pub(super) fn finish<T>(
        &self,
        doing: &str,
        work: impl Future<Output = Result<T, EngineError>>,
    ) -> Result<T, EngineError> {
        self.work.finish(self.attended(doing, work))
    }

    /// What it means that the client has failed while doing something.
    pub(super) fn error(&self, doing: &str, error: &Error) -> EngineError {
        let (endpoint, doing) = (self.endpoint.host.clone(), doing.to_owned());
        match error {
            Error::RequestTimeoutError => {
                EngineError::Silent { endpoint, doing, seconds: self.patience.answer.as_secs() }
            }
            error if is_lost(error) => EngineError::Lost { endpoint, doing, reason: reason(error) },
            error => EngineError::Refused { doing, reason: reason(error) },
        }
    }
}

fn looking_for(name: &str) -> String {
    format!("looking for `{name}`")
}

/// A client for an engine; nothing is asked yet.
fn client(endpoint: &Endpoint) -> Result<Docker, Error> {
    let (host, seconds) = (endpoint.host.as_str(), CONNECT.as_secs());
    let client = if let Some(folder) = &endpoint.certificates {
        let [key, certificate, ca] = ["key.pem", "cert.pem", "ca.pem"].map(|file| folder.join(file));
        Docker::connect_with_ssl(host, &key, &certificate, &ca, seconds, API_DEFAULT_VERSION)?
    } else if host.starts_with("unix://") || host.starts_with("npipe://") {
        Docker::connect_with_socket(host, seconds, API_DEFAULT_VERSION)?
    } else {
        Docker::connect_with_http(host, seconds, API_DEFAULT_VERSION)?
    };
    Ok(client.with_request_modifier(|mut request| {
        for name in ["X-Registry-Auth", "X-Registry-Config"] {
            let login = request.headers_mut().get_mut(name);
            let safe = login.as_ref().and_then(|login| url_safe(login.to_str().ok()?).try_into().ok());
            if let (Some(login), Some(safe)) = (login, safe) {
                *login = safe;
            }
        }
        if let Some(uri) = by_buildkit(&request.uri().to_string()).and_then(|uri| uri.parse().ok()) {
            *request.uri_mut() = uri;
        }
        request
    }))
}

/// The address of a build that has a session of ours: bollard would open one that has no secrets, and asks for the
/// classic builder where it doesn't.
fn by_buildkit(uri: &str) -> Option<String> {
    let (path, query) = uri.split_once('?').filter(|(path, _)| path.ends_with("/build"))?;
    let has_session = query.split('&').any(|pair| pair.starts_with("session=c3-"));
    let pairs = query.split('&').map(|pair| if pair == "version=1" { "version=2" } else { pair });
    has_session.then(|| format!("{path}?{}", pairs.collect::<Vec<_>>().join("&")))
}

/// Engines read logins in the URL-safe alphabet of Base64 only; bollard writes the other one.
fn url_safe(base64: &str) -> String {
    base64.replace('+', "-").replace('/', "_")
}

/// Asks an engine for its version, within the time a connection may take.
async fn greet(client: &Docker) -> Result<SystemVersion, Error> {
    let question = async {
        client.ping().await?;
        client.version().await
    };
    tokio::time::timeout(CONNECT, question).await.unwrap_or(Err(Error::RequestTimeoutError))
}

fn kind(version: &SystemVersion) -> Kind {
    let components = version.components.iter().flatten();
    let is_podman = components.into_iter().any(|component| component.name.starts_with("Podman"));
    if is_podman { Kind::Podman } else { Kind::Docker }
}

/// Whether an engine has `BuildKit` in it: Docker from 18.09 on, for Linux.
fn has_buildkit(version: &SystemVersion) -> bool {
    let is_linux = version.os.as_deref() == Some("linux");
    kind(version) == Kind::Docker && is_linux && interface(version) >= Some((1, 39))
}

/// The version of an engine's interface, such as 1.41.
fn interface(version: &SystemVersion) -> Option<(u32, u32)> {
    let (major, minor) = version.api_version.as_deref()?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Whether the user lets `BuildKit` build, as Docker's own client asks it.
fn wants_buildkit() -> bool {
    !std::env::var("DOCKER_BUILDKIT").is_ok_and(|value| matches!(value.as_str(), "0" | "false"))
}

#[cfg(test)]
mod tests;
