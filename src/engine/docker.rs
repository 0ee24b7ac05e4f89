//! Docker and Podman, through Docker's API: connects, inspects and tags images.

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

/// Time limit for a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// Time limit of the client itself for builds and transfers: long work is watched by [`Engine::wait`].
const UNLIMITED: Duration = Duration::from_hours(24 * 365);

/// The kind of engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Docker Engine.
    Docker,
    /// Podman's service.
    Podman,
}

/// A connected engine.
#[derive(Debug)]
pub struct Engine {
    /// Its endpoint, and why that was chosen.
    pub endpoint: Endpoint,
    /// Its kind.
    pub kind: Kind,
    /// Its version.
    pub version: String,
    /// Whether it builds with `BuildKit`.
    pub buildkit: bool,
    /// The version of its API, if reported.
    interface: Option<(u32, u32)>,
    pub(super) patient: Docker,
    pub(super) client: Docker,
    pub(super) patience: Patience,
    pub(super) pulse: Pulse,
    /// Whether containers of killed processes have been removed.
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

    /// Whether a build can use secrets that no layer keeps: if `BuildKit` has mounts, from Docker 20.10 on.
    #[must_use]
    pub fn keeps_secrets(&self) -> bool {
        self.buildkit && self.interface >= Some((1, 41))
    }

    /// Whether the user has pressed Ctrl-C since the engine was connected.
    #[must_use]
    pub fn interrupted(&self) -> bool {
        self.work.interrupted()
    }

    /// Whether the engine runs as an ordinary user, who is root in its containers.
    pub fn is_rootless(&self) -> Result<bool, EngineError> {
        let doing = "asking the engine about itself";
        self.wait(doing, async {
            let info = self.client.info().await;
            let info = info.map_err(|error| self.error(doing, &error))?;
            Ok(info.security_options.iter().flatten().any(|option| option.contains("rootless")))
        })
    }

    /// Inspects an image, if the engine has it.
    pub fn inspect(&self, name: &str) -> Result<Option<Image>, EngineError> {
        self.wait(&looking_for(name), self.look_for(name))
    }

    /// The same, within other work.
    pub(super) async fn look_for(&self, name: &str) -> Result<Option<Image>, EngineError> {
        match self.client.inspect_image(name).await {
            Ok(image) => Ok(Some(Image::from(image))),
            Err(Error::DockerResponseServerError { status_code: 404, .. }) => Ok(None),
            Err(error) => Err(self.error(&looking_for(name), &error)),
        }
    }

    /// Pulls an image unless the engine has it.
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

    /// Tags an image.
    pub fn tag(&self, image: &str, name: &str) -> Result<(), EngineError> {
        let (repository, tag) = repository_and_tag(name);
        let options = TagImageOptionsBuilder::new().repo(repository).tag(tag).build();
        let doing = format!("naming the image `{name}`");
        self.wait(&doing, async {
            let tagged = self.client.tag_image(image, Some(options)).await;
            tagged.map_err(|error| self.error(&doing, &error))
        })
    }

    /// Waits for work, unless the user presses Ctrl-C or the engine stops answering.
    pub(super) fn wait<T>(
        &self,
        doing: &str,
        work: impl Future<Output = Result<T, EngineError>>,
    ) -> Result<T, EngineError> {
        self.work.wait(self.attended(doing, work))
    }

    /// Waits for work that handles Ctrl-C itself, unless the engine stops answering.
    pub(super) fn finish<T>(
        &self,
        doing: &str,
        work: impl Future<Output = Result<T, EngineError>>,
    ) -> Result<T, EngineError> {
        self.work.finish(self.attended(doing, work))
    }

    /// The error for a failure of the client.
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

/// A client for an engine, not yet connected.
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

/// The URL of a build with our own session: bollard would open one without secrets, and asks for the classic
/// builder otherwise.
fn by_buildkit(uri: &str) -> Option<String> {
    let (path, query) = uri.split_once('?').filter(|(path, _)| path.ends_with("/build"))?;
    let has_session = query.split('&').any(|pair| pair.starts_with("session=c3-"));
    let pairs = query.split('&').map(|pair| if pair == "version=1" { "version=2" } else { pair });
    has_session.then(|| format!("{path}?{}", pairs.collect::<Vec<_>>().join("&")))
}

/// Converts base64 to the URL-safe alphabet, the only one engines accept for logins; bollard writes the
/// other.
fn url_safe(base64: &str) -> String {
    base64.replace('+', "-").replace('/', "_")
}

/// Asks an engine for its version, within the time limit for a connection.
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

/// Whether an engine includes `BuildKit`: Docker from 18.09 on, for Linux.
fn has_buildkit(version: &SystemVersion) -> bool {
    let is_linux = version.os.as_deref() == Some("linux");
    kind(version) == Kind::Docker && is_linux && interface(version) >= Some((1, 39))
}

/// The version of an engine's API, such as 1.41.
fn interface(version: &SystemVersion) -> Option<(u32, u32)> {
    let (major, minor) = version.api_version.as_deref()?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Whether the user enables `BuildKit`, by the variable of Docker's own client.
fn wants_buildkit() -> bool {
    !std::env::var("DOCKER_BUILDKIT").is_ok_and(|value| matches!(value.as_str(), "0" | "false"))
}

#[cfg(test)]
mod tests;
