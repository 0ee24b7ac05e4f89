//! HTTP as `c3` speaks it with every server but an engine: redirects that are judged, limits in time and size, certificates
//! that a company adds.
//!
//! Whoever asks makes the request for each `Step` of the way, so that a login goes to the origin that it is for and to no
//! other: to a step that is at home.

use std::io::{self, ErrorKind};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Body, Request, RequestBuilder, StatusCode, Url};
use tokio::time::timeout;

pub(crate) use self::answer::Answer;
pub use self::error::HttpError;
use self::error::causes;
pub(crate) use self::error::innermost;
pub(crate) use self::limits::Limits;
pub(crate) use self::pace::Upload;
pub(crate) use self::reach::is_loopback;
use self::reach::{Guarded, Reach};
use self::redirect::Route;
pub(crate) use self::redirect::origin;
pub(crate) use self::retry::{RETRIES, is_busy, wait};
pub use self::text::fetch_text;
pub(super) use self::trust::install_provider;
pub use self::trust::{Bundle, PIP, VARIABLES, beyond_system, trust};

mod answer;
mod error;
mod limits;
mod pace;
mod reach;
mod redirect;
mod retry;
mod speech;
mod text;
mod trust;

const USER_AGENT: &str = concat!("c3/", env!("CARGO_PKG_VERSION"));

/// A client for one server, and those that it redirects to.
#[derive(Debug)]
pub(crate) struct Client {
    /// The server's name in errors, such as "registry `quay.io`".
    server: String,
    limits: Limits,
    /// The nearest place that redirects may lead to, if the address comes from a stranger.
    nearest: Option<Reach>,
    /// Whether to follow redirects.
    follows: bool,
    /// One for each kind of place.
    clients: Arc<[OnceLock<reqwest::Client>; 8]>,
}

/// One request on the way of redirects.
pub(crate) struct Step<'a> {
    pub(crate) client: &'a reqwest::Client,
    pub(crate) url: &'a Url,
    /// Whether this is the first origin, the only one that may see a login.
    pub(crate) at_home: bool,
}

/// Why an upload got no response.
pub(crate) enum UploadError<E> {
    /// The server or the network.
    Http(HttpError),
    /// The content.
    Content(E),
}

impl Client {
    /// A client for a server, not yet connected.
    pub(crate) fn new(server: impl Into<String>) -> Result<Self, HttpError> {
        Ok(Self::with_limits(server, Limits::from_environment()?))
    }

    /// The same with these time limits.
    pub(crate) fn with_limits(server: impl Into<String>, limits: Limits) -> Self {
        Self { server: server.into(), limits, nearest: None, follows: true, clients: Arc::default() }
    }

    /// The same for an address from a stranger: redirects must stay in its network or lead farther away.
    fn guarded(self, nearest: Reach) -> Self {
        Self { nearest: Some(nearest), ..self }
    }

    /// The same, with redirects returned as responses: signed addresses are valid in one place only.
    pub(crate) fn without_redirects(self) -> Self {
        Self { follows: false, ..self }
    }

    /// The time limits.
    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    /// Sends a request, retries while the server is busy, and follows redirects.
    pub(crate) async fn send(
        &self,
        url: &Url,
        request: impl Fn(Step) -> RequestBuilder,
    ) -> Result<Answer, HttpError> {
        for attempt in 0..RETRIES {
            let answer = self.send_once(url, &request).await?;
            if !is_busy(answer.status()) {
                return Ok(answer);
            }
            wait(attempt, answer.headers()).await;
        }
        self.send_once(url, &request).await
    }

    /// Sends a request once, and follows redirects.
    pub(crate) async fn send_once(
        &self,
        url: &Url,
        request: impl Fn(Step) -> RequestBuilder,
    ) -> Result<Answer, HttpError> {
        let mut route = Route::new(url.clone(), self.nearest);
        loop {
            let client = self.client(&route)?;
            let step = Step { client, url: &route.url, at_home: route.at_home };
            let request = request(step).build().map_err(|error| unreachable(&self.server, &error))?;
            let method = request.method().clone();
            let answer = self.step(client, request, &route).await?;
            if !self.follows || !route.follow(&self.server, &method, answer.status(), answer.headers())? {
                return Ok(answer);
            }
        }
    }

    async fn step(
        &self,
        client: &reqwest::Client,
        request: Request,
        route: &Route,
    ) -> Result<Answer, HttpError> {
        let (server, limits) = (route.server(&self.server), self.limits);
        let response = match timeout(limits.idle, client.execute(request)).await {
            Err(_) => return Err(HttpError::Stalled { server, limit: limits.idle, bytes: 0 }),
            Ok(Err(error)) => return Err(self.failure(server, &route.url, &error).await),
            Ok(Ok(response)) => response,
        };
        // Many a server of HTTPS says so in words of plain HTTP.
        let is_doubtful = response.status() == StatusCode::BAD_REQUEST && route.url.scheme() == "http";
        if is_doubtful && speech::is_encrypted(&route.url).await {
            return Err(HttpError::Encrypted { server });
        }
        Ok(Answer { server, at_home: route.at_home, response, limits })
    }

    /// Sends a body that can't be sent twice: no retries for a busy server, no redirects. `answer` is the
    /// time limit for the response once everything is sent.
    pub(crate) async fn upload<E>(
        &self,
        url: &Url,
        upload: Upload<E>,
        answer: Duration,
        request: impl FnOnce(&reqwest::Client, Body) -> RequestBuilder,
    ) -> Result<Answer, UploadError<E>> {
        let Upload { body, broken, moved } = upload;
        let (server, limits) = (self.server.clone(), self.limits);
        let client = self.client(&Route::new(url.clone(), None)).map_err(UploadError::Http)?;
        let sent = tokio::select! {
            biased;
            sent = request(client, body).send() => sent,
            error = pace::stall(server.clone(), moved, limits, answer) => return Err(UploadError::Http(error)),
        };
        match sent {
            Ok(response) => Ok(Answer { server, at_home: true, response, limits }),
            Err(error) => Err(match broken.try_recv() {
                Ok(error) => UploadError::Content(error),
                Err(_) => UploadError::Http(self.failure(server, url, &error).await),
            }),
        }
    }

    /// The same client for another server that this one refers to for something, such as "logins".
    pub(crate) fn for_what_is_sent(&self, what: &str, url: &Url) -> Self {
        let server = format!("`{}` ({} sends {what} there)", origin(url), self.server);
        Self { server, nearest: self.nearest, clients: Arc::clone(&self.clients), ..*self }
    }

    /// The client for the current place of a request.
    fn client(&self, route: &Route) -> Result<&reqwest::Client, HttpError> {
        let (is_secure, is_local) = (route.url.scheme() == "https", is_loopback(&route.url));
        let nearest = self.nearest.filter(|_| route.is_redirected());
        let kind = usize::from(is_secure) + 2 * usize::from(is_local) + 4 * usize::from(nearest.is_some());
        let slot = &self.clients[kind];
        if let Some(client) = slot.get() {
            return Ok(client);
        }
        trust::install_provider();
        let mut builder = reqwest::Client::builder().user_agent(USER_AGENT).redirect(Policy::none());
        builder = builder.connect_timeout(self.limits.connect());
        // Certificates are read where they are needed only: there are many.
        builder = if is_secure {
            builder.tls_backend_preconfigured(trust::tls()?)
        } else {
            builder.tls_certs_only([])
        };
        // As with Docker, no proxy stands before the own machine.
        builder = if is_local { builder.no_proxy() } else { builder };
        if let Some(nearest) = nearest {
            builder = builder.dns_resolver(Guarded(nearest));
        }
        let client = builder.build().map_err(|error| unreachable(&self.server, &error))?;
        Ok(slot.get_or_init(|| client))
    }

    /// The error for a failed transport.
    async fn failure(&self, server: String, url: &Url, error: &reqwest::Error) -> HttpError {
        let (reason, is_secure) = (innermost(error), url.scheme() == "https");
        if error.is_timeout() {
            let seconds = self.limits.connect().as_secs();
            HttpError::Unreachable { server, reason: format!("no connection within {seconds} s") }
        } else if is_untrusted(error) {
            HttpError::Untrusted { server, reason }
        } else if is_refused(error) {
            HttpError::Unreachable { server, reason }
        } else if is_secure && speech::is_plain(url).await {
            HttpError::Plain { server }
        } else if !is_secure && speech::is_encrypted(url).await {
            HttpError::Encrypted { server }
        } else if error.is_connect() || error.is_builder() {
            HttpError::Unreachable { server, reason }
        } else {
            HttpError::Broken { server, reason }
        }
    }
}

fn unreachable(server: &str, error: &reqwest::Error) -> HttpError {
    HttpError::Unreachable { server: server.to_owned(), reason: innermost(error) }
}

fn is_untrusted(error: &reqwest::Error) -> bool {
    let causes = causes(error).filter_map(|cause| cause.downcast_ref());
    causes.into_iter().any(|cause| matches!(cause, rustls::Error::InvalidCertificate(_)))
}

fn is_refused(error: &reqwest::Error) -> bool {
    let mut causes = causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>());
    causes.any(|cause| cause.kind() == ErrorKind::ConnectionRefused)
}
