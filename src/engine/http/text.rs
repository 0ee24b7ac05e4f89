//! Fetches texts named by a source: its author must reach nothing through this machine.

use std::time::Duration;

use reqwest::Url;
use tokio::runtime::Builder;

use super::reach::{Reach, is_loopback};
use super::redirect::origin;
use super::{Client, HttpError};

/// The text at an address, of at most so many bytes.
///
/// The address begins with `https:`, or with `http:` on this machine, and holds no login; none is sent, and none is looked
/// up in a `.netrc`. Redirects never lead from HTTPS to HTTP, nor to a network nearer to this machine than the address's
/// own. Blocks on a runtime of its own, so it is not for asynchronous code.
pub fn fetch_text(address: &str, limit: usize) -> Result<String, HttpError> {
    let url = checked(address)?;
    let runtime = Builder::new_current_thread().enable_all().build();
    let server = format!("`{}`", origin(&url));
    let failed = |reason: String| HttpError::Unreachable { server: server.clone(), reason };
    let runtime = runtime.map_err(|error| failed(error.to_string()))?;
    let text = runtime.block_on(async {
        let client = Client::new(server.clone())?.guarded(Reach::looked_up(&url).await);
        let time = client.limits().question();
        let late = |_| Err(HttpError::Endless { server: server.clone(), limit: time });
        tokio::time::timeout(time, read(&client, &url, limit)).await.unwrap_or_else(late)
    });
    // A name that is still being looked up must not hold the program.
    runtime.shutdown_timeout(Duration::ZERO);
    text
}

async fn read(client: &Client, url: &Url, limit: usize) -> Result<String, HttpError> {
    let answer = client.send(url, |step| step.client.get(step.url.clone())).await?;
    let (server, status) = (answer.server.clone(), answer.status());
    if !status.is_success() {
        return Err(HttpError::Status { server, status: status.to_string() });
    }
    let body = answer.document(limit).await?;
    let text = String::from_utf8(body.into()).map_err(|_| HttpError::NoText { server })?;
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

/// Checks that an address may be fetched.
fn checked(address: &str) -> Result<Url, HttpError> {
    let parsed = Url::parse(address);
    let shown = parsed.as_ref().map_or_else(|_| "?".to_owned(), origin);
    let refused = |reason| HttpError::Address { address: shown.clone(), reason };
    let url = parsed.map_err(|_| refused("it is not an address"))?;
    let reason = match url.scheme() {
        "https" | "http" if !url.username().is_empty() || url.password().is_some() => {
            "it holds a login, which would end in every log"
        }
        "https" => return Ok(url),
        "http" if is_loopback(&url) => return Ok(url),
        "http" => "plain HTTP can be changed on its way",
        _ => "it is not a web address",
    };
    Err(refused(reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_or_loopback_urls_are_fetched() {
        for address in ["https://a/x", "http://127.0.0.1:1/x", "http://localhost/x", "http://[::1]/x"] {
            assert!(checked(address).is_ok(), "{address}");
        }
        for address in [
            "http://a/x",
            "http://10.0.0.1/x",
            "http://0.0.0.0/x",
            "http://localhost.a/x",
            "file:///etc/passwd",
            "ftp://a/x",
            "data:,x",
            "/x",
            "",
        ] {
            assert!(checked(address).is_err(), "{address}");
        }
    }

    #[test]
    fn urls_with_credentials_are_rejected_without_showing_them() {
        for address in ["https://bob:pw@a/x", "https://token@a/x"] {
            let error = checked(address).unwrap_err();
            assert!(!error.to_string().contains("bob") && !error.to_string().contains("token"), "{error}");
        }
    }
}
