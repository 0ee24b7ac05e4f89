//! Parses the connection to a folder of an object store like the workers, see
//! `templates/runtime/grid/connection.py`.

use std::fmt;

use super::error::GridError;

/// A folder of an object store, and the login for it.
#[derive(Clone, PartialEq, Eq)]
pub struct Connection {
    /// Scheme, host and port; none for Amazon's.
    pub endpoint: Option<String>,
    /// Name of the bucket.
    pub bucket: String,
    /// Path in the bucket, without slashes at either end.
    pub path: String,
    /// Access key and secret, unless they come from elsewhere.
    pub login: Option<(String, String)>,
}

/// The parts of `ENDPOINT/BUCKET/PATH`.
struct Parts<'a> {
    scheme: Option<&'a str>,
    host: &'a str,
    port: Option<&'a str>,
    bucket: &'a str,
    path: &'a str,
}

/// Whether a text looks like a connection.
#[must_use]
pub fn is_connection(text: &str) -> bool {
    below_scheme(text).is_some()
}

fn below_scheme(text: &str) -> Option<&str> {
    text.strip_prefix("cos://").or_else(|| text.strip_prefix("s3://"))
}

impl Connection {
    /// Reads `cos://KEY:SECRET@ENDPOINT/BUCKET/PATH`.
    ///
    /// The secret may hold any characters: it ends at the first `@` with an endpoint behind it. Without `KEY:SECRET@`
    /// the login is looked for elsewhere, and `s3://BUCKET/PATH` is in Amazon's store.
    pub fn parse(text: &str) -> Result<Self, GridError> {
        let rest = below_scheme(text).ok_or(GridError::Connection)?;
        let (login, place) = split_login(rest);
        match (login, place) {
            (None, place) if !place.as_ref().is_some_and(Parts::is_certain) => Self::of_amazon(rest),
            (None, Some(place)) => Ok(Self::of(&place, None)),
            (Some(login), Some(place)) => {
                let (key, secret) = login.split_once(':').ok_or(GridError::Connection)?;
                let given = !key.is_empty() && !secret.is_empty();
                Ok(Self::of(&place, given.then(|| (key.to_owned(), secret.to_owned()))))
            }
            (_, None) => Err(GridError::Connection),
        }
    }

    fn of(place: &Parts<'_>, login: Option<(String, String)>) -> Self {
        let port = place.port.map(|port| format!(":{port}")).unwrap_or_default();
        let endpoint = format!("{}://{}{port}", place.scheme.unwrap_or("https"), place.host);
        let path = place.path.trim_matches('/').to_owned();
        Self { endpoint: Some(endpoint), bucket: place.bucket.to_owned(), path, login }
    }

    fn of_amazon(text: &str) -> Result<Self, GridError> {
        let (bucket, path) = text.split_once('/').unwrap_or((text, ""));
        if !is_name(bucket) {
            return Err(GridError::Connection);
        }
        Ok(Self {
            endpoint: None,
            bucket: bucket.to_owned(),
            path: path.trim_matches('/').to_owned(),
            login: None,
        })
    }
}

/// The place, without the login.
impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.endpoint.as_deref().unwrap_or("s3:/"), self.bucket, self.path)
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection({self})")
    }
}

/// Splits the login from the place; a certain endpoint takes precedence.
fn split_login(text: &str) -> (Option<&str>, Option<Parts<'_>>) {
    let splits = || text.match_indices('@').map(|(end, _)| (&text[..end], Parts::read(&text[end + 1..])));
    let certain = splits().find(|(_, place)| place.as_ref().is_some_and(Parts::is_certain));
    match certain.or_else(|| splits().find(|(_, place)| place.is_some())) {
        Some((login, place)) => (Some(login), place),
        None => (None, Parts::read(text)),
    }
}

impl<'a> Parts<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let scheme = ["http", "https"]
            .into_iter()
            .find(|scheme| text.strip_prefix(scheme).is_some_and(|rest| rest.starts_with("://")));
        let rest = scheme.map_or(text, |scheme| &text[scheme.len() + 3..]);
        let (authority, below) = rest.split_once('/')?;
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !authority.ends_with(']') => (host, Some(port)),
            _ => (authority, None),
        };
        let (bucket, path) = below.split_once('/').unwrap_or((below, ""));
        let good = is_host(host) && port.is_none_or(is_port) && is_name(bucket);
        good.then_some(Self { scheme, host, port, bucket, path })
    }

    /// Whether it certainly has an endpoint and a bucket, rather than parts of a secret.
    fn is_certain(&self) -> bool {
        self.host.contains('.') || self.host == "localhost" || self.port.is_some() || self.scheme.is_some()
    }
}

fn is_host(text: &str) -> bool {
    let address = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    address.map_or_else(
        || is_name(text),
        |address| !address.is_empty() && address.chars().all(|c| c.is_ascii_hexdigit() || c == ':'),
    )
}

fn is_port(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit())
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// The contract between the workers and this program.
    fn contract() -> Value {
        serde_json::from_str(include_str!("../../templates/contract/connections.json")).unwrap()
    }

    #[test]
    fn connections_are_parsed_as_by_the_workers() {
        for row in contract()["connections"].as_array().unwrap() {
            let [text, endpoint, bucket, path, key, secret] =
                std::array::from_fn(|at| row[at].as_str().map(str::to_owned));
            let connection = Connection::parse(&text.unwrap()).unwrap();
            let shown = format!("{connection} {connection:?}");
            assert!(secret.as_ref().is_none_or(|secret| !shown.contains(secret)), "{shown}");
            assert_eq!(connection.endpoint, endpoint, "{row}");
            assert_eq!((Some(connection.bucket), Some(connection.path)), (bucket, path), "{row}");
            assert_eq!(connection.login, key.zip(secret), "{row}");
        }
    }

    #[test]
    fn invalid_connections_are_rejected_without_leaking_them() {
        for text in contract()["refused"].as_array().unwrap() {
            let error = Connection::parse(text.as_str().unwrap()).unwrap_err();
            assert!(!error.to_string().contains("topsecret"), "{error}");
        }
    }
}
