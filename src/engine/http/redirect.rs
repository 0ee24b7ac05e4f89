//! Redirects: never from HTTPS to HTTP, and never with a login to another origin.

use reqwest::header::{HeaderMap, LOCATION};
use reqwest::{Method, StatusCode, Url};

use super::HttpError;
use super::reach::{Reach, is_loopback};

/// Most redirects that are followed.
const MOST: usize = 10;

/// The way of one request from address to address.
#[derive(Debug)]
pub(super) struct Route {
    /// Where it is now.
    pub(super) url: Url,
    /// Whether it has never left the first origin.
    pub(super) at_home: bool,
    /// The nearest place that a stranger may lead to; default: anywhere.
    nearest: Option<Reach>,
    hops: usize,
}

impl Route {
    pub(super) fn new(url: Url, nearest: Option<Reach>) -> Self {
        Self { url, at_home: true, nearest, hops: 0 }
    }

    /// Whether it was redirected.
    pub(super) fn is_redirected(&self) -> bool {
        self.hops > 0
    }

    /// The current server's name in errors.
    pub(super) fn server(&self, first: &str) -> String {
        if self.at_home {
            first.to_owned()
        } else {
            format!("`{}` ({first} redirects there)", origin(&self.url))
        }
    }

    /// Follows the redirect of a response; returns whether there was one.
    pub(super) fn follow(
        &mut self,
        first: &str,
        method: &Method,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> Result<bool, HttpError> {
        let Some(location) = location(status, headers) else { return Ok(false) };
        let mut next =
            self.url.join(location).map_err(|_| self.refusal(first, "?", "which is not an address"))?;
        let target = origin(&next);
        if let Some(reason) = self.objection(&next, method, status) {
            return Err(self.refusal(first, &target, reason));
        }
        // A login that the server writes into the address is none of the user's.
        let _ = next.set_username("").and_then(|()| next.set_password(None));
        next.set_fragment(None);
        self.at_home &= next.origin() == self.url.origin();
        self.url = next;
        self.hops += 1;
        Ok(true)
    }

    /// Why a redirect isn't followed.
    fn objection(&self, next: &Url, method: &Method, status: StatusCode) -> Option<&'static str> {
        let is_read = matches!(*method, Method::GET | Method::HEAD);
        let stays = matches!(status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
        let is_near = |nearest| Reach::named(next).is_some_and(|reach| reach < nearest);
        if self.hops == MOST {
            Some("and so on without end")
        } else if !matches!(next.scheme(), "http" | "https") || !next.has_host() {
            Some("which is not a web address")
        } else if self.url.scheme() == "https" && next.scheme() == "http" {
            Some("from HTTPS to plain HTTP, which is not followed")
        } else if !(is_read || (stays && next.origin() == self.url.origin())) {
            Some("where nothing is sent to")
        } else if self.nearest.is_some() && next.scheme() == "http" && !is_loopback(next) {
            Some("in plain HTTP, which is not followed")
        } else if self.nearest.is_some_and(is_near) {
            Some("in a nearer network, which is not followed")
        } else {
            None
        }
    }

    fn refusal(&self, first: &str, target: &str, reason: &'static str) -> HttpError {
        HttpError::Redirect { server: self.server(first), target: target.to_owned(), reason }
    }
}

fn location(status: StatusCode, headers: &HeaderMap) -> Option<&str> {
    let redirects = matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308);
    headers.get(LOCATION).filter(|_| redirects)?.to_str().ok()
}

/// Scheme, host and port of an address, without login and path, which may hold secrets.
pub(crate) fn origin(url: &Url) -> String {
    match url.origin() {
        origin if origin.is_tuple() => origin.ascii_serialization(),
        _ => format!("{}:", url.scheme()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The next address of a redirect, or the reason why it isn't followed.
    fn led(
        from: &str,
        method: &Method,
        status: u16,
        to: &'static str,
        nearest: Option<Reach>,
    ) -> Result<Route, String> {
        let mut route = Route::new(from.parse().unwrap(), nearest);
        let headers = HeaderMap::from_iter([(LOCATION, to.parse().unwrap())]);
        let status = StatusCode::from_u16(status).unwrap();
        match route.follow("`s`", method, status, &headers) {
            Ok(followed) => {
                assert!(followed);
                Ok(route)
            }
            Err(error) => Err(error.to_string()),
        }
    }

    fn get(from: &str, to: &'static str) -> Result<Route, String> {
        led(from, &Method::GET, 307, to, None)
    }

    #[test]
    fn redirects_that_leave_the_origin_never_return_home() {
        assert!(get("https://a/x", "/y").unwrap().at_home);
        assert!(get("https://a/x", "https://a:443/y").unwrap().at_home);
        for to in ["https://b/x", "https://a:8443/x", "https://sub.a/x"] {
            assert!(!get("https://a/x", to).unwrap().at_home, "{to}");
        }
        let mut route = get("https://a/x", "https://b/x").unwrap();
        let headers = HeaderMap::from_iter([(LOCATION, "https://a/secret".parse().unwrap())]);
        route.follow("`s`", &Method::GET, StatusCode::FOUND, &headers).unwrap();
        assert_eq!((route.url.as_str(), route.at_home), ("https://a/secret", false));
    }

    #[test]
    fn credentials_in_redirect_urls_are_dropped() {
        assert_eq!(get("https://a/x", "https://u:p@b/y#f").unwrap().url.as_str(), "https://b/y");
    }

    #[test]
    fn redirects_never_downgrade_https_or_leave_http() {
        assert!(get("https://a/x", "http://a/x").unwrap_err().contains("plain HTTP"));
        assert!(get("http://a/x", "https://a/x").is_ok());
        for to in ["file:///etc/passwd", "data:text/plain,x", "ftp://a/x", "javascript:0"] {
            assert!(get("http://a/x", to).unwrap_err().contains("not a web address"), "{to}");
        }
    }

    #[test]
    fn request_bodies_stay_within_their_origin() {
        let sent = |status, to| led("https://a/x", &Method::POST, status, to, None);
        assert!(sent(307, "/y").is_ok());
        assert!(sent(308, "https://b/y").is_err());
        assert!(sent(302, "/y").is_err());
    }

    #[test]
    fn redirects_never_enter_a_nearer_network() {
        let led = |nearest, to| led("https://a/x", &Method::GET, 302, to, Some(nearest));
        for to in
            ["https://127.0.0.1/x", "https://169.254.169.254/x", "https://10.0.0.1/x", "https://[::1]/x"]
        {
            assert!(led(Reach::Public, to).unwrap_err().contains("nearer"), "{to}");
        }
        assert!(led(Reach::Private, "https://10.0.0.1/x").is_ok());
        assert!(led(Reach::Private, "https://169.254.169.254/x").is_err());
        assert!(led(Reach::Machine, "https://127.0.0.1/x").is_ok());
        assert!(led(Reach::Public, "https://b/x").is_ok());
    }

    #[test]
    fn cycles_are_detected() {
        let mut route = Route::new("http://a/x".parse().unwrap(), None);
        let headers = HeaderMap::from_iter([(LOCATION, "/x".parse().unwrap())]);
        let mut follow = || route.follow("`s`", &Method::GET, StatusCode::FOUND, &headers);
        for _ in 0..MOST {
            assert_eq!(follow(), Ok(true));
        }
        assert!(follow().unwrap_err().to_string().contains("without end"));
    }
}
