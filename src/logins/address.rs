//! Audiences of a login: an origin, or a host.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;

use super::{Login, Logins};

/// The origin of an address: a login is sent to no other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    scheme: String,
    /// The host, in lower case.
    pub host: String,
    port: Option<u16>,
}

impl Origin {
    /// The origin of an HTTP address.
    #[must_use]
    pub fn of(url: &str) -> Option<Self> {
        let url = Url::parse(url.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        Some(Self {
            scheme: url.scheme().to_owned(),
            host: url.host_str()?.to_owned(),
            port: url.port_or_known_default(),
        })
    }

    /// The host, with its port if not the default.
    #[must_use]
    pub fn name(&self) -> String {
        let usual = if self.scheme == "https" { 443 } else { 80 };
        match self.port.filter(|port| *port != usual) {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }
}

/// The audience of a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Audience {
    /// Scheme, host and port.
    Origin(Origin),
    /// A host, on one port or all.
    Host(String, Option<u16>),
}

impl Audience {
    /// A host by name, perhaps with a port.
    pub(super) fn named(name: &str) -> Self {
        let name = name.to_lowercase();
        let port = name.rsplit_once(':').and_then(|(host, port)| Some((host.to_owned(), port.parse().ok()?)));
        match port {
            Some((host, port)) => Self::Host(host, Some(port)),
            None => Self::Host(name, None),
        }
    }

    pub(super) fn includes(&self, origin: &Origin) -> bool {
        match self {
            Self::Origin(own) => own == origin,
            Self::Host(host, port) => *host == origin.host && (port.is_none() || *port == origin.port),
        }
    }
}

/// The login in an address.
pub(super) fn userinfo(url: &str) -> Option<(Audience, Login)> {
    let parsed = Url::parse(url.trim()).ok()?;
    let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let (username, password) = (decoded(parsed.username()), parsed.password().map(decoded));
    let is_there = !username.is_empty() || password.is_some();
    let login = is_there.then(|| Login::new(&username, &password.unwrap_or_default()))?;
    Some((Audience::Origin(Origin::of(url)?), login))
}

/// An address with its login, unless it holds one.
#[must_use]
pub fn with_login(url: &str, logins: &Logins) -> String {
    let has_own = || userinfo(url).is_some();
    match (logins.of(url).filter(|_| !has_own()), url.split_once("://")) {
        (Some(login), Some((scheme, rest))) => {
            let [username, password] = login.encoded();
            format!("{scheme}://{username}:{password}@{rest}")
        }
        _ => url.to_owned(),
    }
}

impl Login {
    /// Name and password encoded for an address, without characters that pip, uv or a shell would interpret.
    pub(super) fn encoded(&self) -> [String; 2] {
        let password = String::from_utf8_lossy(self.password.expose()).into_owned();
        [self.username.clone(), password].map(|text| utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string())
    }

    /// The forms in which the password may appear in a program's output.
    pub(super) fn forms(&self) -> [String; 2] {
        let [_, encoded] = self.encoded();
        [String::from_utf8_lossy(self.password.expose()).into_owned(), encoded]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logins::Known;

    fn known(audience: Audience) -> Logins {
        Logins { known: vec![Known { audience, login: Login::new("bob", "p@s:/${X}%41"), place: "" }] }
    }

    #[test]
    fn credentials_are_percent_encoded_in_urls() {
        let logins = known(Audience::named("packages.example"));
        let url = with_login("https://packages.example/simple?a=b#c", &logins);
        assert_eq!(url, "https://bob:p%40s%3A%2F%24%7BX%7D%2541@packages.example/simple?a=b#c");
        let (_, login) = userinfo(&url).unwrap();
        assert_eq!(login, Login::new("bob", "p@s:/${X}%41"));
    }

    #[test]
    fn urls_keep_their_own_credentials() {
        let logins = known(Audience::named("packages.example"));
        let url = "https://eve@packages.example/simple";
        assert_eq!(with_login(url, &logins), url);
    }

    #[test]
    fn credentials_go_only_to_their_audience() {
        let (audience, _) = userinfo("https://bob:pw@Packages.Example/simple").unwrap();
        let logins = known(audience);
        assert!(logins.of("https://packages.example:443/other").is_some());
        for url in [
            "http://packages.example/simple",
            "https://packages.example:8443/simple",
            "https://packages.example.evil/simple",
            "https://evil/packages.example",
            "https://packages.example@evil/simple",
            "file://packages.example/simple",
            "packages.example",
        ] {
            assert!(logins.of(url).is_none(), "{url}");
        }
    }

    #[test]
    fn a_host_may_be_named_with_its_port() {
        let logins = known(Audience::named("packages.example:8443"));
        assert!(logins.of("https://packages.example:8443/simple").is_some());
        assert!(logins.of("https://packages.example/simple").is_none());
        let logins = known(Audience::named("Packages.example"));
        assert!(logins.of("https://packages.example:8443/simple").is_some());
    }

    #[test]
    fn default_ports_are_omitted() {
        let name = |url| Origin::of(url).unwrap().name();
        assert_eq!(name("https://a.example:443/x"), "a.example");
        assert_eq!(name("http://a.example:8080/x"), "a.example:8080");
    }
}
