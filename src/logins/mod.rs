//! Secrets of a build: logins of package indexes, where users keep them, and the address of each.

use std::collections::BTreeMap;
use std::fmt;

mod address;
mod netrc;
mod option;
mod settings;
mod sources;

pub use address::{Origin, with_login};
pub(crate) use option::RESERVED;
pub use option::{BuildSecret, BuildSecretError};
pub(crate) use settings::Settings;
pub use sources::NamedIndex;
pub(crate) use sources::{addresses, variable};

use address::Audience;

/// Secrets by id.
pub type Secrets = BTreeMap<String, Secret>;

/// A value that only its receiver may see.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Keeps a secret.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// Reveals the secret, for its receiver only.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Its text, if it is one line.
    pub(crate) fn line(&self) -> Option<String> {
        let text = std::str::from_utf8(&self.0).ok()?.trim_end_matches(['\r', '\n']);
        (!text.contains(['\r', '\n'])).then(|| text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("****")
    }
}

/// Credentials for a package index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    username: String,
    password: Secret,
}

impl Login {
    /// A login with a name and a password or token.
    #[must_use]
    pub fn new(username: &str, password: &str) -> Self {
        Self { username: username.to_owned(), password: Secret::new(password) }
    }

    /// Reads `user:password`, on one line.
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim_end_matches(['\r', '\n']);
        let (username, password) = text.split_once(':').filter(|_| !text.contains(['\r', '\n']))?;
        Some(Self::new(username, password))
    }
}

/// The source of logins on the command line.
const GIVEN: &str = "`--build-secret`";

/// The user's logins, with their audiences.
#[derive(Debug, Clone, Default)]
pub struct Logins {
    /// By precedence.
    known: Vec<Known>,
}

/// A login that was found.
#[derive(Debug, Clone)]
struct Known {
    audience: Audience,
    login: Login,
    /// Where it was found, for messages.
    place: &'static str,
}

impl Logins {
    /// Finds the user's logins for some addresses only: build secrets first, then those in the addresses of
    /// pip's and uv's settings, then uv's for named indexes, then the netrc file.
    pub fn of_user(
        urls: &[&str],
        secrets: &[BuildSecret],
        indexes: &[NamedIndex],
    ) -> Result<Self, BuildSecretError> {
        let origins: Vec<_> = urls.iter().filter_map(|url| Origin::of(url)).collect();
        let is_asked = |audience: &Audience| origins.iter().any(|origin| audience.includes(origin));
        let mut known = Vec::new();
        for secret in secrets {
            let audience = Audience::named(&secret.id);
            if is_asked(&audience) {
                known.push(Known { audience, login: secret.login()?, place: GIVEN });
            }
        }
        known.extend(sources::of_user(indexes).into_iter().filter(|known| is_asked(&known.audience)));
        Ok(Self { known })
    }

    /// The login for an address.
    #[must_use]
    pub fn of(&self, url: &str) -> Option<&Login> {
        self.known(url).map(|known| &known.login)
    }

    /// Where the login for an address was found, for messages.
    #[must_use]
    pub fn place(&self, url: &str) -> Option<&'static str> {
        self.known(url).map(|known| known.place)
    }

    /// Whether the build secret with this id is one of them.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.known.iter().any(|known| known.place == GIVEN && known.audience == Audience::named(id))
    }

    /// The passwords as they may appear in output.
    pub(crate) fn hidden(&self) -> Vec<String> {
        self.known.iter().flat_map(|known| known.login.forms()).collect()
    }

    fn known(&self, url: &str) -> Option<&Known> {
        let origin = Origin::of(url)?;
        self.known.iter().find(|known| known.audience.includes(&origin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_a_name_and_a_password_on_one_line() {
        assert_eq!(Login::parse("bob:p:w\n"), Some(Login::new("bob", "p:w")));
        assert_eq!(Login::parse("token"), None);
        assert_eq!(Login::parse("bob:pw\nmore"), None);
    }

    #[test]
    fn secrets_are_never_displayed() {
        let known = Known { audience: Audience::named("a"), login: Login::new("bob", "hunter2"), place: "" };
        let logins = Logins { known: vec![known] };
        assert!(!format!("{logins:?}").contains("hunter2"));
    }

    #[test]
    fn build_secrets_are_read_only_for_requested_hosts() {
        let secret: BuildSecret = "packages.example=/nonexistent".parse().unwrap();
        let asked = |url| Logins::of_user(&[url], std::slice::from_ref(&secret), &[]);
        assert!(asked("https://other.example/simple").is_ok());
        assert!(asked("https://packages.example/simple").is_err());
    }
}
