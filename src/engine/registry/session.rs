//! The session with a registry about one repository: login, retries, errors.

use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use reqwest::header::{ACCEPT, HeaderMap, HeaderName};
use reqwest::{Body, RequestBuilder, StatusCode, Url};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::RegistryError;
use super::challenge::Challenge;
use super::credentials::{Credential, credentials};
use crate::engine::http::{self, Answer, Client, HttpError, Limits, Step, Upload, UploadError, is_loopback};
use crate::reference::{NameError, Reference};

/// Largest response of a token server in bytes: a token must fit in a request header.
const TOKEN: usize = 256 << 10;
/// Most bytes of an error that are read.
const ERROR: usize = 64 << 10;

/// One registry, one repository.
pub(in crate::engine) struct Session {
    host: String,
    path: String,
    /// The registry's origin, which alone may see the login and ask for it.
    home: Url,
    client: Client,
    credential: Option<Credential>,
    /// The scopes to ask a token server for.
    scopes: Vec<String>,
    authorization: RwLock<Authorization>,
}

/// The authorization of requests.
#[derive(Clone, PartialEq, Eq)]
enum Authorization {
    None,
    Basic(String, String),
    Bearer(String),
}

/// The response of a token server, which may use both names for the token.
#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

/// The format of a registry's errors.
#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "errors")]
    _errors: Vec<IgnoredAny>,
}

impl Session {
    /// A session for reading. Looks up the login; sends nothing yet.
    pub(in crate::engine) fn open(reference: &Reference) -> Result<Self, RegistryError> {
        Self::with_scopes(reference, vec![format!("repository:{}:pull", reference.path)])
    }

    /// A session for writing, which may also mount blobs from other repositories of the registry.
    pub(in crate::engine) fn writing(
        reference: &Reference,
        sources: BTreeSet<String>,
    ) -> Result<Self, RegistryError> {
        let sources = sources.into_iter().filter(|source| *source != reference.path);
        let pulled = sources.map(|source| format!("repository:{source}:pull"));
        let pushed = format!("repository:{}:pull,push", reference.path);
        Self::with_scopes(reference, std::iter::once(pushed).chain(pulled).collect())
    }

    fn with_scopes(reference: &Reference, scopes: Vec<String>) -> Result<Self, RegistryError> {
        let Reference { host, path, .. } = reference.clone();
        let credential = credentials(&host)?;
        let client = Client::new(server(&host))?;
        let home = Url::parse(&origin(&host)).map_err(|_| NameError::Repository(host.clone()))?;
        let authorization = RwLock::new(Authorization::None);
        Ok(Self { host, path, home, client, credential, scopes, authorization })
    }

    /// A URL below the repository.
    pub(super) fn url(&self, below: &str) -> Result<Url, RegistryError> {
        let url = self.home.join(&format!("/v2/{}/{below}", self.path));
        url.map_err(|error| self.malformed(&error.to_string()))
    }

    /// The registry's time limits.
    pub(super) fn limits(&self) -> Limits {
        self.client.limits()
    }

    /// Gets a URL.
    pub(super) async fn get(&self, url: &Url, accept: &[&str]) -> Result<Answer, RegistryError> {
        let request = |client: &reqwest::Client, url: &Url| {
            let request = client.get(url.clone());
            accept.iter().fold(request, |request, kind| request.header(ACCEPT, *kind))
        };
        let answer = self.answer(url, request).await?;
        self.checked(answer).await
    }

    /// Sends a request, logs in if asked to, and returns the response. A challenge by another server, after a
    /// redirect, is ignored.
    pub(super) async fn answer(
        &self,
        url: &Url,
        request: impl Fn(&reqwest::Client, &Url) -> RequestBuilder,
    ) -> Result<Answer, RegistryError> {
        let shown = self.authorization();
        let send = async |shown: &Authorization| {
            self.client.send(url, |step| shown.on(request(step.client, step.url), step.at_home)).await
        };
        let answer = send(&shown).await?;
        let is_asked = answer.at_home && answer.status() == StatusCode::UNAUTHORIZED;
        if !is_asked || matches!(shown, Authorization::Basic(..)) {
            return Ok(answer);
        }
        // A token may have run out; if another request has got a new one meanwhile, that is as good.
        let fresh = match self.authorization() {
            current if current != shown => current,
            _ => self.authorize(answer.headers()).await?,
        };
        self.authorization.write().unwrap_or_else(PoisonError::into_inner).clone_from(&fresh);
        Ok(send(&fresh).await?)
    }

    /// Sends a body that can't be sent twice, with the authorization of the request before. The registry may
    /// have given any URL; the login goes to its own origin only.
    pub(super) async fn put<E>(
        &self,
        url: &Url,
        content: Upload<E>,
        headers: &[(HeaderName, String)],
    ) -> Result<Answer, UploadError<E>> {
        let shown = self.authorization();
        let is_own = self.home.origin() == url.origin();
        let request = |client: &reqwest::Client, body: Body| {
            let request = client.put(url.clone()).body(body);
            let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
            shown.on(request, is_own)
        };
        let commit = self.limits().commit();
        if is_own {
            return self.client.upload(url, content, commit, request).await;
        }
        let client = self.client.for_what_is_sent("uploads", url);
        let sent = client.upload(url, content, commit, request).await;
        sent.map(Answer::of_another)
    }

    /// Reads a JSON body of at most this many bytes.
    pub(super) async fn json<T: DeserializeOwned>(
        &self,
        answer: Answer,
        limit: usize,
    ) -> Result<T, RegistryError> {
        let body = answer.document(limit).await?;
        serde_json::from_slice(&body).map_err(|error| self.malformed(&error.to_string()))
    }

    fn authorization(&self) -> Authorization {
        self.authorization.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn authorize(&self, headers: &HeaderMap) -> Result<Authorization, RegistryError> {
        match (Challenge::read(headers), &self.credential) {
            (Some(Challenge::Bearer { realm, service }), _) => self.token(&realm, service).await,
            (Some(Challenge::Basic), Some(Credential::Password { username, password })) => {
                Ok(Authorization::Basic(username.clone(), password.clone()))
            }
            _ => Err(self.denied()),
        }
    }

    /// Exchanges the login, if any, for a token for this repository. The token server may be anywhere, but
    /// what it gets goes nowhere else.
    async fn token(&self, realm: &str, service: Option<String>) -> Result<Authorization, RegistryError> {
        let realm = self.realm(realm)?;
        let client = self.client.for_what_is_sent("logins", &realm);
        let scopes = self.scopes.iter().map(|scope| ("scope", scope.clone()));
        let fields: Vec<_> = scopes.chain(service.map(|service| ("service", service))).collect();
        let answer = match &self.credential {
            Some(Credential::IdentityToken(token)) => {
                let form = self.grant(token, fields);
                client.send(&realm, |step| step.client.post(step.url.clone()).form(&form)).await?
            }
            credential => {
                let mut url = realm;
                url.query_pairs_mut().extend_pairs(fields);
                client.send(&url, |step| token_request(&step, credential.as_ref())).await?
            }
        };
        if answer.status() == StatusCode::BAD_REQUEST {
            return Err(self.denied());
        }
        let answer = self.checked(answer).await?;
        let token: Token = self.json(answer, TOKEN).await?;
        let token = token.token.or(token.access_token);
        token.map(Authorization::Bearer).ok_or_else(|| self.malformed("no token is given"))
    }

    /// The URL of a token server, if a login may be sent there: over HTTPS, or on this machine.
    fn realm(&self, realm: &str) -> Result<Url, RegistryError> {
        let refused = |server: &str, reason| RegistryError::Realm {
            host: self.host.clone(),
            server: server.to_owned(),
            reason,
        };
        let url = Url::parse(realm).map_err(|_| refused("?", "which is not an address"))?;
        let is_local = self.home.scheme() == "http" && is_loopback(&url);
        match url.scheme() {
            "https" | "http" if !url.username().is_empty() || url.password().is_some() => {
                Err(refused(&http::origin(&url), "with a login of its own in the address"))
            }
            "https" => Ok(url),
            "http" if is_local => Ok(url),
            "http" => Err(refused(&http::origin(&url), "where they would go over the network in plain HTTP")),
            _ => Err(refused(&http::origin(&url), "which is not a web address")),
        }
    }

    /// The form of an OAuth 2 token exchange: all scopes in one field.
    fn grant<'a>(&self, token: &str, fields: Vec<(&'a str, String)>) -> Vec<(&'a str, String)> {
        let grant = [("grant_type", "refresh_token"), ("client_id", "c3"), ("refresh_token", token)];
        let grant = grant.into_iter().map(|(name, value)| (name, value.to_owned()));
        let rest = fields.into_iter().filter(|(name, _)| *name != "scope");
        grant.chain(rest).chain([("scope", self.scopes.join(" "))]).collect()
    }

    /// The response, if successful.
    pub(super) async fn checked(&self, answer: Answer) -> Result<Answer, RegistryError> {
        match answer.status() {
            status if status.is_success() => Ok(answer),
            status if !answer.at_home => {
                Err(HttpError::Status { server: answer.server, status: status.to_string() }.into())
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(self.denied()),
            status => {
                let is_own = self.json::<Envelope>(answer, ERROR).await.is_ok();
                let missing = status == StatusCode::NOT_FOUND && is_own;
                Err(if missing { self.not_found() } else { self.failed(status) })
            }
        }
    }

    fn denied(&self) -> RegistryError {
        RegistryError::Denied { host: self.host.clone(), path: self.path.clone() }
    }

    fn not_found(&self) -> RegistryError {
        RegistryError::NotFound { host: self.host.clone(), path: self.path.clone() }
    }

    fn failed(&self, status: StatusCode) -> RegistryError {
        RegistryError::Status { host: self.host.clone(), path: self.path.clone(), status: status.to_string() }
    }

    /// The error for a malformed response.
    pub(super) fn malformed(&self, reason: &str) -> RegistryError {
        RegistryError::Malformed {
            host: self.host.clone(),
            path: self.path.clone(),
            reason: reason.to_owned(),
        }
    }

    /// The error for content that differs from its digest.
    pub(in crate::engine) fn damaged(&self, digest: &str) -> RegistryError {
        RegistryError::Damaged { host: self.host.clone(), path: self.path.clone(), digest: digest.to_owned() }
    }

    /// The error for an operation that takes too long.
    pub(super) fn late(&self, limit: Duration) -> RegistryError {
        HttpError::Endless { server: server(&self.host), limit }.into()
    }
}

impl Authorization {
    /// Adds the authorization to a request, if it is for the registry.
    fn on(&self, request: RequestBuilder, at_home: bool) -> RequestBuilder {
        match self {
            Self::Basic(username, password) if at_home => request.basic_auth(username, Some(password)),
            Self::Bearer(token) if at_home => request.bearer_auth(token),
            _ => request,
        }
    }
}

fn token_request(step: &Step, credential: Option<&Credential>) -> RequestBuilder {
    let request = step.client.get(step.url.clone());
    match credential {
        Some(Credential::Password { username, password }) if step.at_home => {
            request.basic_auth(username, Some(password))
        }
        _ => request,
    }
}

/// The name of a registry in errors.
pub(super) fn server(host: &str) -> String {
    format!("registry `{host}`")
}

/// The origin of a registry: on this machine plain HTTP, as in Docker.
fn origin(host: &str) -> String {
    if host == "docker.io" {
        return "https://registry-1.docker.io".to_owned();
    }
    let plain = format!("http://{host}");
    let is_local = Url::parse(&plain).is_ok_and(|url| is_loopback(&url));
    if is_local { plain } else { format!("https://{host}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(host: &str) -> Session {
        let reference = Reference::parse(&format!("{host}/x/y")).unwrap();
        Session::with_scopes(&reference, Vec::new()).unwrap()
    }

    #[test]
    fn only_loopback_registries_skip_tls() {
        assert_eq!(origin("localhost:5000"), "http://localhost:5000");
        assert_eq!(origin("[::1]:5000"), "http://[::1]:5000");
        assert_eq!(origin("quay.io"), "https://quay.io");
        assert_eq!(origin("docker.io"), "https://registry-1.docker.io");
    }

    #[test]
    fn credentials_go_only_to_https_or_loopback() {
        let realm = |host: &str, realm: &str| session(host).realm(realm).map_err(|error| error.to_string());
        for host in ["quay.io", "127.0.0.1:5000"] {
            assert!(realm(host, "https://auth.example/token?a=b").is_ok());
            for wrong in [
                "http://auth.example/token",
                "http://10.0.0.1/",
                "file:///etc/passwd",
                "not a url",
                "/token",
                "",
            ] {
                assert!(realm(host, wrong).unwrap_err().contains("sends logins"), "{wrong}");
            }
            assert!(!realm(host, "https://bob:pw@auth.example/").unwrap_err().contains("pw"));
        }
        assert!(realm("127.0.0.1:5000", "http://127.0.0.1:5001/token").is_ok());
        assert!(realm("quay.io", "http://127.0.0.1:5001/token").is_err());
        assert!(realm("quay.io", "http://quay.io/token").is_err());
    }
}
