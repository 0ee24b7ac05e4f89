//! HTTP as registries, and stores of objects, want it: scheme, proxy, patience.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, Response, StatusCode};

const USER_AGENT: &str = concat!("c3/", env!("CARGO_PKG_VERSION"));
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How often a busy registry is asked again.
pub(super) const RETRIES: u32 = 2;
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: u64 = 10;

/// The client for a host.
pub(crate) fn client(host: &str) -> reqwest::Result<Client> {
    // A provider that is installed already is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder().user_agent(USER_AGENT).connect_timeout(CONNECT_TIMEOUT);
    // As with Docker, no proxy stands before the own machine.
    let builder = if is_loopback(host) { builder.no_proxy() } else { builder };
    builder.build()
}

/// Where the interface of a registry is: on this machine in plain HTTP, as with Docker.
pub(super) fn origin(host: &str) -> String {
    match host {
        "docker.io" => "https://registry-1.docker.io".to_owned(),
        host if is_loopback(host) => format!("http://{host}"),
        host => format!("https://{host}"),
    }
}

/// Sends a request, again after a while when the other side is busy.
pub(crate) async fn send(request: impl Fn() -> RequestBuilder) -> reqwest::Result<Response> {
    for attempt in 0..RETRIES {
        let response = request().send().await?;
        if !is_busy(response.status()) {
            return Ok(response);
        }
        wait(attempt, response.headers()).await;
    }
    request().send().await
}

/// Whether it is worth asking again.
pub(super) fn is_busy(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()
}

/// Waits before the next attempt: as long as the registry asks for, else longer each time.
pub(super) async fn wait(attempt: u32, headers: &HeaderMap) {
    let own = FIRST_WAIT * 2_u32.pow(attempt);
    tokio::time::sleep(asked_wait(headers).unwrap_or(own)).await;
}

fn asked_wait(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(LONGEST_WAIT)))
}

fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, _)) if !host.ends_with(']') => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    name == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_told_from_the_network() {
        for host in ["localhost", "localhost:5000", "127.0.0.1:5000", "127.9.9.9", "[::1]", "[::1]:5000"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["docker.io", "localhost.example", "128.0.0.1", "[::2]:1", "10.0.0.1:5000"] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn only_this_machine_goes_without_tls() {
        assert_eq!(origin("localhost:5000"), "http://localhost:5000");
        assert_eq!(origin("quay.io"), "https://quay.io");
        assert_eq!(origin("docker.io"), "https://registry-1.docker.io");
    }

    #[test]
    fn the_asked_wait_has_a_limit() {
        let wait = |value: &str| asked_wait(&HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]));
        assert_eq!(wait("3"), Some(Duration::from_secs(3)));
        assert_eq!(wait("3600"), Some(Duration::from_secs(10)));
        assert_eq!(wait("Fri, 31 Dec 1999 23:59:59 GMT"), None);
    }
}
