//! Image builds: streams the context to the engine, and its messages back.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};

use bollard::auth::DockerCredentials;
use bollard::errors::Error;
use bollard::query_parameters::{BuildImageOptions, BuildImageOptionsBuilder};
use futures_util::stream::{self, Stream, StreamExt};
use tokio::task::JoinHandle;
use tokio_util::bytes::Bytes;
use tokio_util::io::{ReaderStream, SyncIoBridge};

use super::docker::Engine;
use super::error::EngineError;
use super::patience::Pulse;
use super::reason::{is_lost, reason};
use super::reference::{DOCKER_HUB, base_images};
use super::session::Session;
use super::steps::Steps;
use super::stream::Ending;
use super::transfer::login;
use crate::context::{Context, ContextError};
use crate::logins::Secrets;
use crate::progress::{Event, Progress};
use crate::reference::registry_host;

/// Bytes of a context buffered between reader and engine.
const BUFFER: usize = 256 << 10;

/// The activity in messages.
const BUILDING: &str = "building the image";

/// Logins by the names of their registries.
pub(super) type Logins = HashMap<String, DockerCredentials>;

/// An image to build.
#[derive(Debug, Clone, Copy)]
pub struct Build<'a> {
    /// The files.
    pub context: &'a Context,
    /// Name of the Dockerfile in the context.
    pub dockerfile: &'a str,
    /// Names of the image.
    pub tags: &'a [String],
    /// The platform, such as `linux/arm64`; default: the engine's own.
    pub platform: Option<&'a str>,
    /// Whether to ignore the build cache.
    pub no_cache: bool,
    /// Values for the Dockerfile's `ARG`s.
    pub args: &'a BTreeMap<String, String>,
    /// Labels besides those of the Dockerfile.
    pub labels: &'a BTreeMap<String, String>,
    /// Secrets that its steps may mount, with `BuildKit` only.
    pub secrets: &'a Secrets,
    /// Texts to mask in all output.
    pub hidden: &'a [String],
}

impl Engine {
    /// Builds an image, tags it and returns its id.
    pub fn build(&self, build: &Build, progress: &Progress) -> Result<String, EngineError> {
        self.sweep();
        let trusting = self.trusting(build, progress)?;
        let build = &Build { context: trusting.as_ref().unwrap_or(build.context), ..*build };
        let logins = logins(build);
        let image = self.wait(BUILDING, self.run(build, logins, progress))?;
        for tag in build.tags.iter().skip(1) {
            self.tag(&image, tag)?;
        }
        Ok(image)
    }

    async fn run(
        &self,
        build: &Build<'_>,
        logins: Logins,
        progress: &Progress,
    ) -> Result<String, EngineError> {
        let (broken, context_error) = channel();
        let body = bollard::body_try_stream(upload(build.context, progress, &self.pulse, broken));
        let (session, logins) = if self.buildkit {
            let session = Session::open(&self.endpoint, logins, build.secrets.clone()).await?;
            (Some(session), None)
        } else {
            (None, Some(logins))
        };
        let options = Self::options(build, session.as_ref());
        let messages = self.patient.build_image(options, logins, Some(body));
        let mut steps = Steps::hiding(build.hidden);
        let take = |message| steps.take(message).iter().for_each(|event| progress.report(event));
        match self.follow(messages, take).await {
            Ok(Ending::Whole) => steps.image().ok_or_else(|| self.silence()),
            Ok(Ending::Unsure(error)) => self.built(build, steps, &error).await,
            Err(error) => Err(self.failure(steps, &error, &context_error)),
        }
    }

    /// The image of a build whose connection may have broken off, if the engine had finished and has the
    /// image.
    async fn built(&self, build: &Build<'_>, steps: Steps, error: &Error) -> Result<String, EngineError> {
        if let Some(image) = steps.is_complete().then(|| steps.image()).flatten() {
            let name = build.tags.first().unwrap_or(&image);
            if self.look_for(name).await?.is_some_and(|found| found.has_id(&image)) {
                return Ok(image);
            }
        }
        Err(self.error(BUILDING, error))
    }

    fn options(build: &Build, session: Option<&Session>) -> BuildImageOptions {
        let [args, labels] = [build.args, build.labels].map(|pairs| HashMap::from_iter(pairs.clone()));
        let mut options = BuildImageOptionsBuilder::new()
            .dockerfile(build.dockerfile)
            .nocache(build.no_cache)
            .rm(true)
            .forcerm(true)
            .buildargs(&args)
            .labels(&labels);
        if let Some(tag) = build.tags.first() {
            options = options.t(tag);
        }
        if let Some(platform) = build.platform {
            options = options.platform(platform);
        }
        if let Some(session) = session {
            options = options.session(&session.id);
        }
        options.build()
    }

    /// Why a build ended: the context, the connection, or a step.
    fn failure(&self, steps: Steps, error: &Error, context: &Receiver<ContextError>) -> EngineError {
        match context.try_recv() {
            Ok(error) => EngineError::Context(error),
            Err(_) if is_lost(error) => self.error(BUILDING, error),
            Err(_) => steps.failure(&reason(error)),
        }
    }

    /// The error for messages that end without an image.
    fn silence(&self) -> EngineError {
        EngineError::Lost {
            endpoint: self.endpoint.host.clone(),
            doing: BUILDING.to_owned(),
            reason: "the connection was closed".to_owned(),
        }
    }
}

/// The context as a stream; an error that ends it is sent to `broken`.
fn upload(
    context: &Context,
    progress: &Progress,
    pulse: &Pulse,
    broken: Sender<ContextError>,
) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
    let (writer, reader) = tokio::io::duplex(BUFFER);
    let (packed, progress, total) = (context.clone(), progress.clone(), context.size());
    let pulse = pulse.clone();
    let packing = tokio::task::spawn_blocking(move || packed.write_tar(SyncIoBridge::new(writer)));
    let mut done = 0;
    let bytes = ReaderStream::with_capacity(reader, BUFFER).inspect(move |piece| {
        pulse.beat();
        done += piece.as_ref().map_or(0, Bytes::len) as u64;
        progress.report(&Event::Moved { done, total: Some(total) });
    });
    bytes.chain(stream::once(end(packing, broken)).filter_map(async |end| end.err().map(Err)))
}

/// Waits for the end of packing, so that a truncated context is never taken for a complete one.
async fn end(packing: JoinHandle<Result<(), ContextError>>, broken: Sender<ContextError>) -> io::Result<()> {
    match packing.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => {
            drop(broken.send(error));
            Err(io::Error::other("the build context is broken"))
        }
        Err(error) => Err(io::Error::other(error)),
    }
}

/// The logins for the registries of the Dockerfile's base images; an unreadable one is skipped, since the
/// image may be local.
fn logins(build: &Build) -> Logins {
    let dockerfile = build.context.text(build.dockerfile);
    let hosts = base_images(&dockerfile).into_iter().map(registry_host);
    let logins = hosts.filter_map(|host| Some((host, login(host).ok().flatten()?)));
    logins.flat_map(|(host, login)| names(host).map(|name| (name.to_owned(), login.clone()))).collect()
}

/// The names under which engines look up a registry's login.
fn names(host: &str) -> [&str; 2] {
    if host == DOCKER_HUB { ["https://index.docker.io/v1/", "registry-1.docker.io"] } else { [host; 2] }
}
