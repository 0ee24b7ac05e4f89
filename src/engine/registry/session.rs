//! The talk with one registry about one repository: login, retries, errors.

use std::error::Error;
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
pub(super) struct Session {
    client: Client,
    host: String,
    path: String,
    credential: Option<Credential>,
    authorization: Authorization,
}

/// What goes with each request.
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
    /// Looks the login up; nothing is sent yet.
    pub(super) fn open(reference: &Reference) -> Result<Self, RegistryError> {
        let Reference { host, path, .. } = reference.clone();
        let credential = credentials(&host)?;
        let client = transport::client(&host).map_err(|error| unreachable(&host, &error))?;
        Ok(Self { client, host, path, credential, authorization: Authorization::None })
    }

    /// The address of something in the repository.
    pub(super) fn url(&self, below: &str) -> Result<Url, RegistryError> {
        let url = format!("{}/v2/{}/{below}", transport::origin(&self.host), self.path);
        Url::parse(&url).map_err(|error| self.unreachable(&error))
    }

    /// Gets what is at an address, and logs in when the registry asks for it.
    pub(super) async fn get(&mut self, url: &Url, accept: &[&str]) -> Result<Response, RegistryError> {
        let response = self.send(self.request(url, accept)).await?;
        let asked = response.status() == StatusCode::UNAUTHORIZED;
        if !asked || !matches!(self.authorization, Authorization::None) {
            return self.checked(response).await;
        }
        self.authorization = self.authorize(response.headers()).await?;
        let response = self.send(self.request(url, accept)).await?;
        self.checked(response).await
    }

    /// Reads a JSON body.
    pub(super) async fn json<T: DeserializeOwned>(&self, response: Response) -> Result<T, RegistryError> {
        let body = response.bytes().await.map_err(|error| self.unreachable(&error))?;
        serde_json::from_slice(&body).map_err(|error| self.malformed(&error.to_string()))
    }

    fn request(&self, url: &Url, accept: &[&str]) -> RequestBuilder {
        let request = self.client.get(url.clone());
        let request = accept.iter().fold(request, |request, kind| request.header(ACCEPT, *kind));
        match &self.authorization {
            Authorization::None => request,
            Authorization::Basic(username, password) => request.basic_auth(username, Some(password)),
            Authorization::Bearer(token) => request.bearer_auth(token),
        }
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, RegistryError> {
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
        let mut fields = vec![("scope", format!("repository:{}:pull", self.path))];
        fields.extend(service.map(|service| ("service", service)));
        let response = self.send(self.token_request(realm, fields)).await?;
        if response.status() == StatusCode::BAD_REQUEST {
            return Err(self.denied());
        }
        let response = self.checked(response).await?;
        let answer: Token = self.json(response).await?;
        let token = answer.token.or(answer.access_token);
        token.map(Authorization::Bearer).ok_or_else(|| self.malformed("no token is given"))
    }

    fn token_request(&self, realm: &str, mut fields: Vec<(&str, String)>) -> RequestBuilder {
        match &self.credential {
            None => self.client.get(realm).query(&fields),
            Some(Credential::Password { username, password }) => {
                self.client.get(realm).query(&fields).basic_auth(username, Some(password))
            }
            Some(Credential::IdentityToken(token)) => {
                let grant = [("grant_type", "refresh_token"), ("client_id", "c3"), ("refresh_token", token)];
                fields.extend(grant.map(|(name, value)| (name, value.to_owned())));
                self.client.post(realm).form(&fields)
            }
        }
    }

    async fn checked(&self, response: Response) -> Result<Response, RegistryError> {
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
    pub(super) fn unreachable(&self, error: &dyn Error) -> RegistryError {
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
