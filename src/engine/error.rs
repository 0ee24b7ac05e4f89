//! Errors of engines, and what to do about them.

use thiserror::Error;

use crate::failure::{ENGINE, Fault, INPUT, INTERRUPTED};

use super::endpoint::{EndpointError, Rule};
use super::http::HttpError;
use super::indexes::{FETCH_PATH, Refusal};
use super::patience::VARIABLE;
use super::reason::NO_ANSWER;
use super::reference::DOCKER_HUB;
use super::registry::RegistryError;
use super::work::Interrupted;
use crate::context::ContextError;
use crate::reference::registry_host;

/// Why an engine failed.
#[derive(Debug, Error)]
pub enum EngineError {
    /// No engine answers.
    #[error("no container engine answers at `{endpoint}` ({rule}): {reason}")]
    Unreachable {
        /// Where it was looked for.
        endpoint: String,
        /// Why this endpoint was chosen.
        rule: Rule,
        /// What the system says.
        reason: String,
    },
    /// No engine can be chosen.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// The connection broke off.
    #[error("the engine at `{endpoint}` went away while {doing}: {reason}")]
    Lost {
        /// Where the engine was.
        endpoint: String,
        /// The activity.
        doing: String,
        /// What the system says.
        reason: String,
    },
    /// The engine accepts connections and doesn't answer.
    #[error("the engine at `{endpoint}` has stopped answering while {doing}: no answer within {seconds} s")]
    Silent {
        /// Where the engine is.
        endpoint: String,
        /// The activity.
        doing: String,
        /// Seconds waited for an answer.
        seconds: u64,
    },
    /// The engine answers, but the work makes no progress.
    #[error("{doing} has not moved for {seconds} s")]
    Standstill {
        /// The activity.
        doing: String,
        /// Seconds without progress.
        seconds: u64,
    },
    /// The engine answers with an error.
    #[error("{doing} failed: {reason}")]
    Refused {
        /// The activity.
        doing: String,
        /// What the engine says.
        reason: String,
    },
    /// A step of the build failed.
    #[error("the image build failed at `{step}`")]
    Build {
        /// The step as written in the Dockerfile.
        step: String,
        /// The end of its output, and the engine's error.
        tail: Vec<String>,
        /// The server that required a login.
        refused: Option<Refusal>,
    },
    /// The check of a new image failed.
    #[error("the check of the image `{image}` ended with {code}")]
    Check {
        /// The image.
        image: String,
        /// The exit code.
        code: i64,
        /// What it printed.
        said: String,
    },
    /// The base image is not here and failed to pull.
    #[error("failed to pull the base image `{image}` for {platform}: {reason}")]
    BaseImage {
        /// Name of the image.
        image: String,
        /// The platform it is needed for.
        platform: String,
        /// What the registry says.
        reason: String,
    },
    /// A registry doesn't let this user in.
    #[error("the registry `{host}` refuses `{reference}`: {reason}")]
    Denied {
        /// The registry.
        host: String,
        /// The image.
        reference: String,
        /// What the registry says.
        reason: String,
    },
    /// A registry doesn't answer.
    #[error("the registry `{host}` does not answer: {reason}")]
    Registry {
        /// The registry.
        host: String,
        /// What the system says.
        reason: String,
    },
    /// A registry without TLS, which engines don't talk to unless told so.
    #[error("the registry `{0}` speaks plain HTTP, the engine expects HTTPS")]
    PlainHttp(String),
    /// The login of a registry can't be read.
    #[error(transparent)]
    Credentials(#[from] RegistryError),
    /// Certificates that a build or a container is to trust can't be read.
    #[error(transparent)]
    Certificates(#[from] HttpError),
    /// The build context can't be read.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// An image can't be written to a file.
    #[error("cannot write the archive: {0}")]
    Archive(#[source] std::io::Error),
    /// The user has pressed Ctrl-C.
    #[error("interrupted")]
    Interrupted,
}

impl From<Interrupted> for EngineError {
    fn from(_: Interrupted) -> Self {
        Self::Interrupted
    }
}

impl Fault for EngineError {
    fn code(&self) -> u8 {
        match self {
            Self::Interrupted => INTERRUPTED,
            Self::Build { .. } | Self::Check { .. } => INPUT,
            _ => ENGINE,
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Build { tail, .. } => tail.clone(),
            Self::Check { said, .. } => said.lines().map(ToOwned::to_owned).collect(),
            _ => Vec::new(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Unreachable { endpoint, rule, reason } => Some(unreachable(endpoint, rule, reason)),
            Self::Endpoint(error) => error.hint(),
            Self::Lost { .. } => Some("look into the engine's log, then run the command again".to_owned()),
            Self::Silent { .. } => Some(format!(
                "restart the engine, then run the command again; if it is only slow, give it more seconds to answer with `{VARIABLE}`"
            )),
            Self::Standstill { .. } => Some(format!(
                "check the network and the registry, then run the command again; if they are only slow, raise `{VARIABLE}`"
            )),
            Self::BaseImage { image, .. } => Some(format!(
                "load `{image}` into the engine, log in with `{}`, or choose another with `--base-image`",
                login_command(registry_host(image))
            )),
            Self::Denied { host, .. } => Some(format!("log in with `{}`", login_command(host))),
            Self::Registry { host, .. } => Some(format!(
                "check the name `{host}` and the network, or leave the image local with `--local-mode`"
            )),
            Self::PlainHttp(host) => Some(format!(
                "list `{host}` under `insecure-registries` in Docker's `daemon.json`, or as `insecure = true` in Podman's `registries.conf`"
            )),
            Self::Credentials(error) => error.hint(),
            Self::Certificates(error) => error.hint(),
            Self::Context(error) => error.hint(),
            Self::Archive(_) => Some("check the path and the free space".to_owned()),
            Self::Check { .. } => {
                Some("change the versions of packages that don't go together, then build again".to_owned())
            }
            Self::Build { refused: Some(refusal), .. } => Some(refusal.hint(None)),
            Self::Build { step, .. } if step.contains(FETCH_PATH) => Some(
                "where an index has a login packages come as wheels only: install what has none in a `# pip install` line of its own that doesn't ask that index"
                    .to_owned(),
            ),
            Self::Refused { .. } | Self::Build { .. } | Self::Interrupted => None,
        }
    }
}

/// The remedy for an engine that isn't there.
fn unreachable(endpoint: &str, rule: &Rule, reason: &str) -> String {
    if reason.contains("ermission denied") {
        return format!(
            "this user may not use `{endpoint}`: join the group it belongs to, or name another engine with `DOCKER_HOST`"
        );
    }
    let start = if reason == NO_ANSWER { "restart" } else { "start" };
    match rule {
        Rule::Default => {
            format!("{start} Docker, or name another engine with `DOCKER_HOST`")
        }
        Rule::DockerHost => format!("{start} that engine, or unset `DOCKER_HOST`"),
        Rule::DockerContext(_) => format!("{start} that engine, or unset `DOCKER_CONTEXT`"),
        Rule::CurrentContext(_) => {
            format!("{start} that engine, or choose another with `docker context use`")
        }
    }
}

/// How one logs in to a registry; Docker Hub isn't named.
fn login_command(host: &str) -> String {
    if host == DOCKER_HUB { "docker login".to_owned() } else { format!("docker login {host}") }
}
