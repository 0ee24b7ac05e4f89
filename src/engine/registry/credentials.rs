//! Looks up the login for a registry in the configuration of Docker, then of Podman.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fmt, fs};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::Deserialize;

pub use self::error::CredentialError;
pub use self::helper::HelperError;
use super::RegistryError;

mod error;
mod helper;

const HELPER_TIMEOUT: Duration = Duration::from_secs(30);
const DOCKER_HUB: &str = "docker.io";
const DOCKER_HUB_LOGIN: &str = "https://index.docker.io/v1/";

/// Credentials for a registry.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// A user and the password or access token.
    Password {
        /// The user.
        username: String,
        /// The password; never shown.
        password: String,
    },
    /// A refresh token of OAuth 2; never shown.
    IdentityToken(String),
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Password { username, .. } => write!(f, "Password({username}, ***)"),
            Self::IdentityToken(_) => write!(f, "IdentityToken(***)"),
        }
    }
}

/// The part of Docker's `config.json` about logins.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Config {
    cred_helpers: Option<BTreeMap<String, Option<String>>>,
    creds_store: Option<String>,
    auths: Option<BTreeMap<String, Option<Login>>>,
}

/// An entry of `auths`; its fields are empty when a helper keeps the login.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Login {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
}

/// A place that may hold the login.
enum Source {
    Helper(String),
    Login(Login),
}

/// The login for a registry, if one is configured.
pub fn credentials(host: &str) -> Result<Option<Credential>, RegistryError> {
    let files = config_files(|name| env::var_os(name).filter(|value| !value.is_empty()));
    Ok(first(files, |path| credential_in(&path, host))?)
}

/// The files with logins, by precedence.
fn config_files(variable: impl Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let folder = |name, below: &str| variable(name).map(|folder| Path::new(&folder).join(below));
    let docker = folder("DOCKER_CONFIG", "config.json");
    let podman = variable("REGISTRY_AUTH_FILE").map(PathBuf::from);
    [
        docker.or_else(|| folder("HOME", ".docker/config.json")),
        podman.or_else(|| folder("XDG_RUNTIME_DIR", "containers/auth.json")),
        folder("HOME", ".config/containers/auth.json"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The first result, or error, of `items`.
fn first<T, R, E>(
    items: impl IntoIterator<Item = T>,
    find: impl Fn(T) -> Result<Option<R>, E>,
) -> Result<Option<R>, E> {
    items.into_iter().find_map(|item| find(item).transpose()).transpose()
}

fn credential_in(path: &Path, host: &str) -> Result<Option<Credential>, CredentialError> {
    let sources = sources(read_config(path)?, host);
    first(sources, |source| match source {
        Source::Helper(name) => ask(&name, path, host),
        Source::Login(login) => decode(login, path, host),
    })
}

fn read_config(path: &Path) -> Result<Config, CredentialError> {
    let text = match fs::read(path) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Config::default());
        }
        Err(source) => {
            return Err(CredentialError::Read { path: path.to_owned(), source });
        }
        Ok(text) => text,
    };
    serde_json::from_slice(&text).map_err(|error| CredentialError::Syntax {
        path: path.to_owned(),
        line: error.line(),
        column: error.column(),
    })
}

/// The places in one file that may hold the login, by precedence.
fn sources(config: Config, host: &str) -> Vec<Source> {
    let helpers = config.cred_helpers.unwrap_or_default();
    let auths = config.auths.unwrap_or_default();
    let names = [lookup(&helpers, host).cloned().flatten(), config.creds_store];
    let names = names.into_iter().flatten().filter(|name| !name.is_empty());
    let login = lookup(&auths, host).cloned().flatten();
    names.map(Source::Helper).chain(login.map(Source::Login)).collect()
}

/// The entry for a registry, whose key may carry a scheme and a path; the shortest path wins.
fn lookup<'a, V>(entries: &'a BTreeMap<String, V>, host: &str) -> Option<&'a V> {
    let same_host = entries.iter().filter(|(key, _)| fold(split_key(key).0) == fold(host));
    let nearest = same_host.min_by_key(|(key, _)| split_key(key).1.len());
    entries.get(login_key(host)).or(nearest.map(|(_, entry)| entry))
}

fn split_key(key: &str) -> (&str, &str) {
    let bare = key.split_once("://").map_or(key, |(_, bare)| bare);
    bare.split_at(bare.find('/').unwrap_or(bare.len()))
}

/// Docker Hub has three names.
fn fold(host: &str) -> String {
    match host.to_ascii_lowercase().as_str() {
        "index.docker.io" | "registry-1.docker.io" => DOCKER_HUB.to_owned(),
        host => host.to_owned(),
    }
}

/// The key of a registry for `docker login`.
fn login_key(host: &str) -> &str {
    if fold(host) == DOCKER_HUB { DOCKER_HUB_LOGIN } else { host }
}

/// The command to log in; Docker Hub is its default.
pub(super) fn login_command(host: &str) -> String {
    if fold(host) == DOCKER_HUB { "docker login".to_owned() } else { format!("docker login {host}") }
}

fn ask(name: &str, path: &Path, host: &str) -> Result<Option<Credential>, CredentialError> {
    let answer =
        helper::program(name).and_then(|program| helper::ask(&program, login_key(host), HELPER_TIMEOUT));
    answer.map_err(|source| CredentialError::Helper {
        path: path.to_owned(),
        host: host.to_owned(),
        program: format!("docker-credential-{}", name.escape_debug()),
        source,
    })
}

fn decode(login: Login, path: &Path, host: &str) -> Result<Option<Credential>, CredentialError> {
    let Login { auth, username, password, identitytoken } = login;
    let said = |field: Option<String>| field.filter(|text| !text.is_empty());
    if let Some(token) = said(identitytoken) {
        return Ok(Some(Credential::IdentityToken(token)));
    }
    let Some(auth) = said(auth) else {
        let password = password.unwrap_or_default();
        return Ok(said(username).map(|username| Credential::Password { username, password }));
    };
    let error = || CredentialError::Login { path: path.to_owned(), host: host.to_owned() };
    decode_auth(&auth).map(Some).ok_or_else(error)
}

/// Decodes base64 of `user:password` as Docker does: padded or not, with or without line ends, without NULs
/// around the password; the first colon separates.
fn decode_auth(auth: &str) -> Option<Credential> {
    let auth = auth.replace(['\r', '\n'], "");
    let bytes = STANDARD_NO_PAD.decode(auth.trim_end_matches('=')).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (username, password) = text.split_once(':').filter(|(username, _)| !username.is_empty())?;
    let password = password.trim_matches('\0');
    Some(Credential::Password { username: username.to_owned(), password: password.to_owned() })
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;
