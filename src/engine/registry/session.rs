//! The talk with one registry about one repository: login, retries, errors.

use std::error::Error;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use reqwest::header::{ACCEPT, HeaderMap};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::challenge::Challenge;
use super::credentials::{Credential, credentials};
use super::{RegistryError, transport};
use crate::reference::Reference;

/// One registry, one repository.
pub(in crate::engine) struct Session {
    host: String,
    path: String,
    client: Client,
    credential: Option<Credential>,
    /// What is to be allowed, as token servers are asked for it.
    scopes: Vec<String>,
    authorization: RwLock<Authorization>,
}

/// What goes with each request.
#[derive(Clone, PartialEq, Eq)]
enum Authorization {
    None,
    Basic(String, String),
    Bearer(String),
}

/// The answer of a token server, which may give the token under both names at once.
#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

/// The form of a registry's own errors.
#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "errors")]
    _errors: Vec<IgnoredAny>,
}

impl Session {
    /// A session for reading. Looks the login up; nothing is sent yet.
    pub(in crate::engine) fn open(reference: &Reference) -> Result<Self, RegistryError> {
        Self::with_scopes(reference, vec![format!("repository:{}:pull", reference.path)])
    }

    /// A session for writing, which may take blobs from another repository of the same registry, too.
    pub(in crate::engine) fn writing(
        reference: &Reference,
        source: Option<&Reference>,
    ) -> Result<Self, RegistryError> {
        let source = source.filter(|source| source.host == reference.host && source.path != reference.path);
        let pulled = source.map(|source| format!("repository:{}:pull", source.path));
        let pushed = format!("repository:{}:pull,push", reference.path);
        Self::with_scopes(reference, std::iter::once(pushed).chain(pulled).collect())
    }

    fn with_scopes(reference: &Reference, scopes: Vec<String>) -> Result<Self, RegistryError> {
        let Reference { host, path, .. } = reference.clone();
        let credential = credentials(&host)?;
        let client = transport::client(&host).map_err(|error| unreachable(&host, &error))?;
        Ok(Self { host, path, client, credential, scopes, authorization: RwLock::new(Authorization::None) })
    }

    /// The address of something in the repository.
    pub(super) fn url(&self, below: &str) -> Result<Url, RegistryError> {
        let url = format!("{}/v2/{}/{below}", transport::origin(&self.host), self.path);
        Url::parse(&url).map_err(|error| self.unreachable(&error))
    }

    /// Gets what is at an address.
    pub(super) async fn get(&self, url: &Url, accept: &[&str]) -> Result<Response, RegistryError> {
        let request = |client: &Client| {
            let request = client.get(url.clone());
            accept.iter().fold(request, |request, kind| request.header(ACCEPT, *kind))
        };
        let response = self.answer(url, request).await?;
        self.checked(response).await
    }

    /// Sends a request, logs in when the registry asks for it, and gives whatever it answers then.
    pub(super) async fn answer(
        &self,
        url: &Url,
        request: impl Fn(&Client) -> RequestBuilder,
    ) -> Result<Response, RegistryError> {
        let shown = self.authorization();
        let response = self.send(|| self.authorized(url, request(&self.client), &shown)).await?;
        if response.status() != StatusCode::UNAUTHORIZED || matches!(shown, Authorization::Basic(..)) {
            return Ok(response);
        }
        // A token may have run out; if another request has got a new one meanwhile, that is as good.
        let fresh = match self.authorization() {
            current if current != shown => current,
            _ => self.authorize(response.headers()).await?,
        };
        self.authorization.write().unwrap_or_else(PoisonError::into_inner).clone_from(&fresh);
        self.send(|| self.authorized(url, request(&self.client), &fresh)).await
    }

    /// Sends a request that can't be repeated, with the login that the one before it was let in by.
    pub(super) async fn once(
        &self,
        url: &Url,
        request: impl FnOnce(&Client) -> RequestBuilder,
    ) -> Result<Response, RegistryError> {
        let request = self.authorized(url, request(&self.client), &self.authorization());
        request.send().await.map_err(|error| self.unreachable(&error))
    }

    /// Reads a JSON body.
    pub(super) async fn json<T: DeserializeOwned>(&self, response: Response) -> Result<T, RegistryError> {
        let body = response.bytes().await.map_err(|error| self.unreachable(&error))?;
        serde_json::from_slice(&body).map_err(|error| self.malformed(&error.to_string()))
    }

    fn authorization(&self) -> Authorization {
        self.authorization.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The login is for the registry only: addresses that it gives may be anywhere.
    fn authorized(&self, url: &Url, request: RequestBuilder, shown: &Authorization) -> RequestBuilder {
        let own = Url::parse(&transport::origin(&self.host)).is_ok_and(|own| own.origin() == url.origin());
        match shown {
            Authorization::Basic(username, password) if own => request.basic_auth(username, Some(password)),
            Authorization::Bearer(token) if own => request.bearer_auth(token),
            _ => request,
        }
    }

    async fn send(&self, request: impl Fn() -> RequestBuilder) -> Result<Response, RegistryError> {
        let response = transport::send(request).await;
        response.map_err(|error| self.unreachable(&error))
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

    /// Trades the login, or none, for a token that opens this repository.
    async fn token(&self, realm: &str, service: Option<String>) -> Result<Authorization, RegistryError> {
        let response = self.send(|| self.token_request(realm, service.clone())).await?;
        if response.status() == StatusCode::BAD_REQUEST {
            return Err(self.denied());
        }
        let response = self.checked(response).await?;
        let answer: Token = self.json(response).await?;
        let token = answer.token.or(answer.access_token);
        token.map(Authorization::Bearer).ok_or_else(|| self.malformed("no token is given"))
    }

    fn token_request(&self, realm: &str, service: Option<String>) -> RequestBuilder {
        let scopes = self.scopes.iter().map(|scope| ("scope", scope.clone()));
        let fields: Vec<_> = scopes.chain(service.map(|service| ("service", service))).collect();
        match &self.credential {
            None => self.client.get(realm).query(&fields),
            Some(Credential::Password { username, password }) => {
                self.client.get(realm).query(&fields).basic_auth(username, Some(password))
            }
            Some(Credential::IdentityToken(token)) => {
                self.client.post(realm).form(&self.grant(token, fields))
            }
        }
    }

    /// The form by which OAuth 2 trades a token for another: all scopes in one field.
    fn grant<'a>(&self, token: &str, fields: Vec<(&'a str, String)>) -> Vec<(&'a str, String)> {
        let grant = [("grant_type", "refresh_token"), ("client_id", "c3"), ("refresh_token", token)];
        let grant = grant.into_iter().map(|(name, value)| (name, value.to_owned()));
        let rest = fields.into_iter().filter(|(name, _)| *name != "scope");
        grant.chain(rest).chain([("scope", self.scopes.join(" "))]).collect()
    }

    /// The answer, if it is a good one.
    pub(super) async fn checked(&self, response: Response) -> Result<Response, RegistryError> {
        match response.status() {
            status if status.is_success() => Ok(response),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(self.denied()),
            status => {
                let is_own = self.json::<Envelope>(response).await.is_ok();
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

    /// The error for an answer that makes no sense.
    pub(super) fn malformed(&self, reason: &str) -> RegistryError {
        RegistryError::Malformed {
            host: self.host.clone(),
            path: self.path.clone(),
            reason: reason.to_owned(),
        }
    }

    /// The error for no answer at all.
    pub(in crate::engine) fn unreachable(&self, error: &dyn Error) -> RegistryError {
        unreachable(&self.host, error)
    }

    /// The error for no answer in time.
    pub(super) fn late(&self, limit: Duration) -> RegistryError {
        let reason = format!("no answer within {} s", limit.as_secs());
        RegistryError::Unreachable { host: self.host.clone(), reason }
    }
}

/// The innermost cause says most.
fn unreachable(host: &str, error: &dyn Error) -> RegistryError {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    RegistryError::Unreachable { host: host.to_owned(), reason: cause.to_string() }
}
