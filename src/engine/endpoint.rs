//! Which engine to use: the environment first, then Docker's contexts, then the default socket.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::failure::{ENGINE, Fault};
use crate::logins::variable;

/// Docker's default socket.
pub const DEFAULT_HOST: &str = "unix:///var/run/docker.sock";

/// The endpoint of an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its address, like `unix:///var/run/docker.sock` or `tcp://host:2376`.
    pub host: String,
    /// The folder with `ca.pem`, `cert.pem` and `key.pem`, if the engine uses TLS.
    pub certificates: Option<PathBuf>,
    /// Why this endpoint was chosen.
    pub rule: Rule,
}

/// The rule that chose an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// The variable `DOCKER_HOST`.
    DockerHost,
    /// The variable `DOCKER_CONTEXT` names a context.
    DockerContext(String),
    /// Docker's configuration names a context.
    CurrentContext(String),
    /// The default socket, as nothing is configured.
    Default,
}

impl Rule {
    /// The name of the context.
    fn context(&self) -> Option<&str> {
        match self {
            Self::DockerContext(name) | Self::CurrentContext(name) => Some(name),
            Self::DockerHost | Self::Default => None,
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DockerHost => write!(out, "from `DOCKER_HOST`"),
            Self::DockerContext(name) => write!(out, "context `{name}` from `DOCKER_CONTEXT`"),
            Self::CurrentContext(name) => {
                write!(out, "context `{name}` from Docker's configuration")
            }
            Self::Default => write!(out, "the default socket"),
        }
    }
}

/// Why no engine can be chosen.
#[derive(Debug, Error)]
pub enum EndpointError {
    /// The context doesn't exist.
    #[error("there is no Docker context `{0}`")]
    NoContext(String),
    /// A file of Docker's configuration is unreadable.
    #[error("cannot read `{}`: {reason}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The engine is behind SSH.
    #[error("engines behind SSH are not supported: `{0}`")]
    Ssh(String),
    /// The address has an unsupported scheme.
    #[error("`{0}` is not an address of an engine")]
    Address(String),
    /// A certificate for TLS is missing.
    #[error("`{host}` is asked by TLS, but `{}` is missing", path.display())]
    Certificate {
        /// The engine.
        host: String,
        /// The file that is missing.
        path: PathBuf,
    },
}

impl Fault for EndpointError {
    fn code(&self) -> u8 {
        ENGINE
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoContext(_) => Some("`docker context ls` lists those that exist".to_owned()),
            Self::Config { .. } => None,
            Self::Ssh(host) => Some(format!(
                "forward its socket: `ssh -nNT -L /tmp/docker.sock:/var/run/docker.sock {}`, and set `DOCKER_HOST=unix:///tmp/docker.sock`",
                host.trim_start_matches("ssh://")
            )),
            Self::Address(_) => {
                Some("an address begins with `unix://`, `tcp://`, `http://` or `https://`".to_owned())
            }
            Self::Certificate { .. } => Some(
                "set `DOCKER_CERT_PATH` to the folder with `ca.pem`, `cert.pem` and `key.pem`".to_owned(),
            ),
        }
    }
}

impl Endpoint {
    /// Chooses the engine by the environment and Docker's configuration.
    pub fn from_environment() -> Result<Self, EndpointError> {
        choose(&|name| std::env::var(name).ok())
    }
}

/// A variable of the environment by its name.
type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The relevant part of Docker's `config.json`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    current_context: Option<String>,
}

/// The relevant part of a context's `meta.json`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Meta {
    endpoints: Endpoints,
}

#[derive(Deserialize)]
struct Endpoints {
    docker: Target,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Target {
    host: String,
}

/// Applies the rules in Docker's order.
fn choose(env: Lookup) -> Result<Endpoint, EndpointError> {
    let set = |name: &str| env(name).filter(|value| !value.is_empty());
    let folder = config_folder(&set);
    if let Some(host) = set("DOCKER_HOST") {
        return endpoint(host, certificates(&set, &folder), Rule::DockerHost);
    }
    let rule = context_rule(&set, &folder)?;
    match rule.context() {
        None => endpoint(DEFAULT_HOST.to_owned(), None, rule),
        Some(name) => {
            let (host, certificates) = context(&folder, name)?;
            endpoint(host, certificates, rule)
        }
    }
}

/// The rule that names a context; `default` is the default socket.
fn context_rule(set: Lookup, folder: &Path) -> Result<Rule, EndpointError> {
    let rule = match set("DOCKER_CONTEXT") {
        Some(name) => Some(Rule::DockerContext(name)),
        None => current_context(folder)?.map(Rule::CurrentContext),
    };
    Ok(rule.filter(|rule| rule.context() != Some("default")).unwrap_or(Rule::Default))
}

/// The folder of the Docker client's configuration.
fn config_folder(set: Lookup) -> PathBuf {
    match set("DOCKER_CONFIG") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(set("HOME").or_else(|| set("USERPROFILE")).unwrap_or_default()).join(".docker"),
    }
}

/// The folder with the certificates, if the environment enables TLS.
fn certificates(set: Lookup, folder: &Path) -> Option<PathBuf> {
    set("DOCKER_TLS_VERIFY").map(|_| set("DOCKER_CERT_PATH").map_or_else(|| folder.to_owned(), PathBuf::from))
}

/// The context chosen with `docker context use`.
fn current_context(folder: &Path) -> Result<Option<String>, EndpointError> {
    let config: Option<Config> = read(&folder.join("config.json"))?;
    Ok(config.and_then(|config| config.current_context).filter(|name| !name.is_empty()))
}

/// The address of a context's engine, and the folder with its certificates.
fn context(folder: &Path, name: &str) -> Result<(String, Option<PathBuf>), EndpointError> {
    let id = context_id(name);
    let contexts = folder.join("contexts");
    let meta: Option<Meta> = read(&contexts.join("meta").join(&id).join("meta.json"))?;
    let meta = meta.ok_or_else(|| EndpointError::NoContext(name.to_owned()))?;
    let certificates = contexts.join("tls").join(&id).join("docker");
    Ok((meta.endpoints.docker.host, certificates.is_dir().then_some(certificates)))
}

/// The name of the folder that Docker gives a context.
fn context_id(name: &str) -> String {
    let digest = Sha256::digest(name);
    let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

/// Docker's `config.json`, if it exists.
pub(super) fn configuration<T: for<'a> Deserialize<'a>>() -> Result<Option<T>, EndpointError> {
    read(&config_folder(&variable).join("config.json"))
}

/// Reads a JSON file, if it exists.
fn read<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<Option<T>, EndpointError> {
    let failure = |reason: String| EndpointError::Config { path: path.to_owned(), reason };
    match std::fs::read(path) {
        Ok(text) => serde_json::from_slice(&text).map(Some).map_err(|error| failure(error.to_string())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failure(error.to_string())),
    }
}

/// Checks that an endpoint is supported.
fn endpoint(host: String, certificates: Option<PathBuf>, rule: Rule) -> Result<Endpoint, EndpointError> {
    let scheme = host.split_once("://").map_or("", |(scheme, _)| scheme);
    let certificates = match scheme {
        "unix" | "npipe" | "http" => None,
        "tcp" => certificates,
        "https" => Some(certificates.unwrap_or_default()),
        "ssh" => return Err(EndpointError::Ssh(host)),
        _ => return Err(EndpointError::Address(host)),
    };
    let missing = certificates.as_ref().map(|folder| folder.join("ca.pem")).filter(|path| !path.is_file());
    match missing {
        Some(path) => Err(EndpointError::Certificate { host, path }),
        None => Ok(Endpoint { host, certificates, rule }),
    }
}

#[cfg(test)]
mod tests;
