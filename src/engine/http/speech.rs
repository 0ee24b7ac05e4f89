//! The protocol of a server that doesn't understand us, for errors: plain HTTP or TLS.

use std::env;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::reach::is_loopback;

const LIMIT: Duration = Duration::from_secs(3);
/// The start of a response in plain HTTP.
const HTTP: &[u8] = b"HTTP/";
/// The record types that a TLS server answers a greeting with: alert and handshake.
const TLS: [u8; 2] = [0x15, 0x16];

/// Whether a supposed HTTPS server speaks plain HTTP. Sends no login.
pub(super) async fn is_plain(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let question = format!("HEAD / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    answers(url, question.as_bytes()).await.is_some_and(|answer| answer.starts_with(HTTP))
}

/// Whether a supposed plain HTTP server speaks TLS.
pub(super) async fn is_encrypted(url: &Url) -> bool {
    let Some(greeting) = greeting(url) else { return false };
    answers(url, &greeting).await.is_some_and(|answer| TLS.contains(&answer[0]) && answer[1] == 3)
}

/// The first bytes of a server's answer.
async fn answers(url: &Url, question: &[u8]) -> Option<[u8; HTTP.len()]> {
    // Behind a proxy nothing can be told.
    let variables = ["http_proxy", "https_proxy", "all_proxy"];
    let is_proxied =
        variables.iter().any(|name| env::var_os(name).or(env::var_os(name.to_uppercase())).is_some());
    if is_proxied && !is_loopback(url) {
        return None;
    }
    timeout(LIMIT, ask(url, question)).await.ok()?.ok()
}

async fn ask(url: &Url, question: &[u8]) -> io::Result<[u8; HTTP.len()]> {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let mut stream = TcpStream::connect((host, url.port_or_known_default().unwrap_or_default())).await?;
    stream.write_all(question).await?;
    let mut answer = [0; HTTP.len()];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

/// The greeting of a TLS client.
fn greeting(url: &Url) -> Option<Vec<u8>> {
    super::trust::install_provider();
    let config = ClientConfig::builder().with_root_certificates(RootCertStore::empty()).with_no_client_auth();
    let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
    let mut connection = ClientConnection::new(Arc::new(config), ServerName::try_from(host).ok()?).ok()?;
    let mut greeting = Vec::new();
    connection.write_tls(&mut greeting).ok()?;
    Some(greeting)
}
