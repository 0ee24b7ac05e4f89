//! The `WWW-Authenticate` challenge of a registry.

use std::collections::BTreeMap;

use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};

/// How to log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// User and password with every request.
    Basic,
    /// A token, from another address.
    Bearer {
        /// The address.
        realm: String,
        /// The registry's name for the token server.
        service: Option<String>,
    },
}

impl Challenge {
    /// The challenge in a response; a token takes precedence over a password.
    pub(super) fn read(headers: &HeaderMap) -> Option<Self> {
        let values = headers.get_all(WWW_AUTHENTICATE).iter();
        let challenges = values.filter_map(|value| Self::parse(value.to_str().ok()?));
        challenges.min_by_key(|challenge| *challenge == Self::Basic)
    }

    fn parse(header: &str) -> Option<Self> {
        let (scheme, rest) = header.trim().split_once(' ').unwrap_or((header, ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        let mut parameters = parameters(rest);
        let realm = parameters.remove("realm")?;
        let bearer = Self::Bearer { realm, service: parameters.remove("service") };
        scheme.eq_ignore_ascii_case("bearer").then_some(bearer)
    }
}

/// Parses `name="value",name=value`.
fn parameters(mut text: &str) -> BTreeMap<String, String> {
    let mut parameters = BTreeMap::new();
    while let Some((name, rest)) = text.split_once('=') {
        let (value, rest) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => rest.split_at(rest.find(',').unwrap_or(rest.len())),
        };
        let name = name.trim_matches([' ', ',']).to_ascii_lowercase();
        parameters.insert(name, value.trim().to_owned());
        text = rest;
    }
    parameters
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer(realm: &str, service: Option<&str>) -> Challenge {
        Challenge::Bearer { realm: realm.to_owned(), service: service.map(str::to_owned) }
    }

    fn challenge(values: &[&'static str]) -> Option<Challenge> {
        let values = values.iter().map(|value| (WWW_AUTHENTICATE, value.parse().unwrap()));
        let mut headers = HeaderMap::new();
        values.for_each(|(name, value)| {
            headers.append(name, value);
        });
        Challenge::read(&headers)
    }

    #[test]
    fn basic_and_bearer_challenges_are_parsed() {
        assert_eq!(challenge(&[r#"Basic realm="basic-realm""#]), Some(Challenge::Basic));
        let header = r#"Bearer realm="https://a/t?x=1",service="r,s", scope="repository:x:pull,push""#;
        assert_eq!(challenge(&[header]), Some(bearer("https://a/t?x=1", Some("r,s"))));
        assert_eq!(challenge(&["bearer realm=https://a/t"]), Some(bearer("https://a/t", None)));
    }

    #[test]
    fn bearer_takes_precedence_over_basic() {
        let headers = ["Basic realm=\"x\"", "Bearer realm=\"https://a\""];
        assert_eq!(challenge(&headers), Some(bearer("https://a", None)));
    }

    #[test]
    fn unknown_auth_schemes_are_ignored() {
        assert_eq!(challenge(&["Negotiate"]), None);
        assert_eq!(challenge(&["Bearer scope=\"x\""]), None);
        assert_eq!(challenge(&[]), None);
    }
}
