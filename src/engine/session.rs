//! A session with `BuildKit`: what it may ask for during a build, namely registry logins and build secrets.

use std::collections::HashMap;
use std::path::Path;
use std::time::SystemTime;

use bollard::auth::DockerCredentials;
use bollard_buildkit_proto::health::health_check_response::ServingStatus;
use bollard_buildkit_proto::health::health_server::{Health, HealthServer};
use bollard_buildkit_proto::health::{
    HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse,
};
use bollard_buildkit_proto::moby::buildkit::secrets::v1::secrets_server::{Secrets, SecretsServer};
use bollard_buildkit_proto::moby::buildkit::secrets::v1::{GetSecretRequest, GetSecretResponse};
use bollard_buildkit_proto::moby::filesync::v1::auth_server::{Auth, AuthServer};
use bollard_buildkit_proto::moby::filesync::v1::{
    CredentialsRequest, CredentialsResponse, FetchTokenRequest, FetchTokenResponse, GetTokenAuthorityRequest,
    GetTokenAuthorityResponse, VerifyTokenAuthorityRequest, VerifyTokenAuthorityResponse,
};
use futures_util::stream;
use reqwest::header::{CONNECTION, UPGRADE};
use reqwest::{Certificate, Client, Identity, StatusCode, Upgraded};
use tokio::io::{copy_bidirectional, duplex};
use tokio::task::JoinHandle;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::{Request, Response, Status, async_trait};

use super::build::Logins;
use super::endpoint::Endpoint;
use super::error::EngineError;
use super::http::install_provider;
use crate::logins::Secrets as BuildSecrets;

/// Buffer of a session, in bytes.
const BUFFER: usize = 64 << 10;

/// The methods that `BuildKit` may call.
const METHODS: [&str; 2] =
    ["/moby.filesync.v1.Auth/Credentials", "/moby.buildkit.secrets.v1.Secrets/GetSecret"];

/// A session, open until dropped.
pub(super) struct Session {
    /// Its id, which a build refers to.
    pub(super) id: String,
    wire: JoinHandle<()>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.wire.abort();
    }
}

impl Session {
    /// Opens a session with an engine, which may ask for these logins and secrets by name, and for nothing
    /// else.
    pub(super) async fn open(
        endpoint: &Endpoint,
        logins: Logins,
        secrets: BuildSecrets,
    ) -> Result<Self, EngineError> {
        let lost = |reason: String| EngineError::Lost {
            endpoint: endpoint.host.clone(),
            doing: "opening a session".to_owned(),
            reason,
        };
        let id = name();
        let mut upgraded = upgrade(endpoint, &id).await.map_err(lost)?;
        let (mut outer, inner) = duplex(BUFFER);
        let services = Routes::new(HealthServer::new(Healthy))
            .add_service(AuthServer::new(Registries(logins)))
            .add_service(SecretsServer::new(Vault(secrets)));
        let incoming = stream::iter([Ok::<_, std::io::Error>(inner)]);
        tokio::spawn(Server::builder().add_routes(services).serve_with_incoming(incoming));
        let wire = tokio::spawn(async move { drop(copy_bidirectional(&mut upgraded, &mut outer).await) });
        Ok(Self { id, wire })
    }
}

/// A unique id.
fn name() -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    format!("c3-{}-{}", std::process::id(), now.as_nanos())
}

/// Upgrades a connection, so that the engine can make calls.
async fn upgrade(endpoint: &Endpoint, id: &str) -> Result<Upgraded, String> {
    let client = client(endpoint)?;
    let mut request = client
        .post(format!("{}/session", address(endpoint)))
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "h2c")
        .header("X-Docker-Expose-Session-Uuid", id);
    for method in METHODS {
        request = request.header("X-Docker-Expose-Session-Grpc-Method", method);
    }
    let response = request.send().await.map_err(|error| error.to_string())?;
    match response.status() {
        StatusCode::SWITCHING_PROTOCOLS => response.upgrade().await.map_err(|error| error.to_string()),
        status => Err(format!("it answers with the HTTP status {status}")),
    }
}

/// The engine's address as a URL.
fn address(endpoint: &Endpoint) -> String {
    let scheme = if endpoint.certificates.is_some() { "https" } else { "http" };
    match endpoint.host.split_once("://") {
        Some(("tcp" | "http" | "https", host)) => format!("{scheme}://{}", host.trim_end_matches('/')),
        _ => "http://localhost".to_owned(),
    }
}

fn client(endpoint: &Endpoint) -> Result<Client, String> {
    install_provider();
    let mut builder = Client::builder().no_proxy().http1_only();
    if let Some(path) = endpoint.host.strip_prefix("unix://") {
        builder = builder.unix_socket(path);
    }
    if let Some(folder) = &endpoint.certificates {
        let authorities = Certificate::from_pem_bundle(&read(&folder.join("ca.pem"))?);
        builder = builder.tls_certs_merge(authorities.map_err(|error| error.to_string())?);
        let pair = [read(&folder.join("cert.pem"))?, read(&folder.join("key.pem"))?].concat();
        builder = builder.identity(Identity::from_pem(&pair).map_err(|error| error.to_string())?);
    }
    builder.build().map_err(|error| error.to_string())
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))
}

/// The logins of registries.
struct Registries(HashMap<String, DockerCredentials>);

#[async_trait]
impl Auth for Registries {
    async fn credentials(
        &self,
        request: Request<CredentialsRequest>,
    ) -> Result<Response<CredentialsResponse>, Status> {
        let login = self.0.get(&request.get_ref().host).cloned().unwrap_or_default();
        let password = login.username.zip(login.password);
        let token = login.identitytoken.map(|token| (String::new(), token));
        let (username, secret) = token.or(password).unwrap_or_default();
        Ok(Response::new(CredentialsResponse { username, secret }))
    }

    async fn fetch_token(
        &self,
        _: Request<FetchTokenRequest>,
    ) -> Result<Response<FetchTokenResponse>, Status> {
        Err(Status::unimplemented("tokens are fetched by the engine"))
    }

    async fn get_token_authority(
        &self,
        _: Request<GetTokenAuthorityRequest>,
    ) -> Result<Response<GetTokenAuthorityResponse>, Status> {
        Err(Status::unavailable("tokens are fetched by the engine"))
    }

    async fn verify_token_authority(
        &self,
        _: Request<VerifyTokenAuthorityRequest>,
    ) -> Result<Response<VerifyTokenAuthorityResponse>, Status> {
        Err(Status::unavailable("tokens are fetched by the engine"))
    }
}

/// The build secrets.
struct Vault(BuildSecrets);

#[async_trait]
impl Secrets for Vault {
    async fn get_secret(
        &self,
        request: Request<GetSecretRequest>,
    ) -> Result<Response<GetSecretResponse>, Status> {
        let id = &request.get_ref().id;
        let secret = self.0.get(id).ok_or_else(|| Status::not_found(format!("there is no secret `{id}`")))?;
        Ok(Response::new(GetSecretResponse { data: secret.expose().to_vec() }))
    }
}

/// The health check of the session.
struct Healthy;

#[async_trait]
impl Health for Healthy {
    async fn check(&self, _: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        Ok(Response::new(HealthCheckResponse { status: ServingStatus::Serving.into() }))
    }

    async fn list(&self, _: Request<HealthListRequest>) -> Result<Response<HealthListResponse>, Status> {
        Err(Status::unimplemented("there is one service"))
    }

    type WatchStream = stream::Empty<Result<HealthCheckResponse, Status>>;

    async fn watch(&self, _: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        Err(Status::unimplemented("health is asked for, not watched"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::endpoint::Rule;

    #[test]
    fn engine_addresses_become_http_urls() {
        let address = |host: &str, certificates: Option<&str>| {
            let certificates = certificates.map(Into::into);
            address(&Endpoint { host: host.to_owned(), certificates, rule: Rule::Default })
        };
        assert_eq!(address("unix:///var/run/docker.sock", None), "http://localhost");
        assert_eq!(address("tcp://a.example:2375/", None), "http://a.example:2375");
        assert_eq!(address("tcp://a.example:2376", Some("/certificates")), "https://a.example:2376");
    }

    #[tokio::test]
    async fn builds_can_request_only_their_own_secrets() {
        let secret = crate::logins::Secret::new("pw");
        let vault = Vault(BuildSecrets::from([("token".to_owned(), secret)]));
        let ask = |id: &str| GetSecretRequest { id: id.to_owned(), ..GetSecretRequest::default() };
        let given = vault.get_secret(Request::new(ask("token"))).await.unwrap();
        assert_eq!(given.into_inner().data, b"pw");
        assert!(vault.get_secret(Request::new(ask("other"))).await.is_err());
    }
}
