//! `c3 publish`: uploads to platforms that have an API.

use std::path::PathBuf;
use std::time::Duration;

use c3::engine::image_archive;
use c3::progress::{Progress, Verbosity};
use c3::publish::submarine::{Action, Kind};
use c3::publish::{Server, onedata, submarine};
use c3::reader;
use clap::{Args, Subcommand};
use serde_json::Value;

use super::console;
use c3::failure::{Failure, USAGE};

#[derive(Args, Debug)]
pub(crate) struct Options {
    #[command(subcommand)]
    platform: Platform,
}

#[derive(Subcommand, Debug)]
enum Platform {
    /// Upload an environment to ONE DATA; one of the same name:tag is replaced
    Onedata(Onedata),
    /// Keep environments in Submarine, and run experiments there
    Submarine(Submarine),
}

/// The server.
#[derive(Args, Debug)]
struct Target {
    /// Address of the server, such as <https://host>
    #[arg(long, value_name = "URL")]
    server: String,

    /// How long the server may do nothing
    #[arg(long, value_name = "SECONDS", default_value = "600", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
}

#[derive(Args, Debug)]
struct Onedata {
    #[command(flatten)]
    target: Target,

    /// Id of the domain that gets the environment
    #[arg(long, value_name = "ID")]
    domain: String,

    /// Archive of the image, as `docker save` or `--archive` writes it; the token is read from `ONEDATA_TOKEN`
    #[arg(long, value_name = "FILE")]
    tar: PathBuf,
}

#[derive(Args, Debug)]
struct Submarine {
    #[command(flatten)]
    target: Target,

    /// File with the token of the server [default: the value of `SUBMARINE_TOKEN`, if it is set]
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,

    #[command(subcommand)]
    action: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// Make a new environment, or run an experiment
    #[command(visible_alias = "run")]
    Create {
        /// Specification, <stem>.submarine.yaml or .json, or <stem>.submarine.experiment.yaml
        spec: PathBuf,
    },
    /// Give an environment or an experiment another specification
    Update {
        /// Name of the environment, which stays as it is, or id of the experiment
        name: String,
        /// Specification, <stem>.submarine.yaml or .json, or <stem>.submarine.experiment.yaml
        spec: PathBuf,
    },
    /// Delete an environment or an experiment
    Delete {
        /// Name of the environment, or id of the experiment
        name: String,
    },
    /// List the environments, as JSON
    List {
        /// List the experiments instead
        #[arg(long)]
        experiments: bool,
    },
    /// Show an environment or an experiment, as JSON
    Get {
        /// Name of the environment, or id of the experiment
        name: String,
    },
    /// Show the status of an experiment
    Status {
        /// Id of the experiment, as `run` tells it
        id: String,
    },
    /// Show what the pods of an experiment have logged
    Logs {
        /// Id of the experiment, as `run` tells it
        id: String,
    },
}

/// Runs the command.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    match &options.platform {
        Platform::Onedata(options) => upload(options),
        Platform::Submarine(options) => keep(options),
    }
}

impl Target {
    fn server(&self) -> Result<Server, Failure> {
        let server = Server::new(&self.server, Duration::from_secs(self.timeout));
        server.map_err(|error| Failure { code: USAGE, ..Failure::from(error) })
    }
}

fn upload(options: &Onedata) -> Result<(), Failure> {
    let server = options.target.server()?;
    let token = std::env::var(onedata::TOKEN).ok().filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| {
        Failure::new(USAGE, format!("the environment variable `{}` holds no token", onedata::TOKEN))
            .hint("set it to the token of a user who has access to the domain")
    })?;
    let name = image_archive::name(&options.tar)?;
    let progress = Progress::new(Verbosity::Info);
    let uploaded = onedata::upload(&server, &token, &options.domain, &options.tar, &progress);
    progress.finish();
    uploaded?;
    console::print(&format!("{name}\n"))
}

fn keep(options: &Submarine) -> Result<(), Failure> {
    let server = options.target.server()?.with_token(options.token()?);
    let action = match &options.action {
        Verb::Create { spec } => Action::Create(spec),
        Verb::Update { name, spec } => Action::Update(name, spec),
        Verb::Delete { name } => Action::Delete(name),
        Verb::List { experiments: false } => Action::List(Kind::Environment),
        Verb::List { experiments: true } => Action::List(Kind::Experiment),
        Verb::Get { name } | Verb::Status { id: name } => Action::Get(name),
        Verb::Logs { id } => Action::Logs(id),
    };
    let result = submarine::send(&server, action)?;
    match &options.action {
        Verb::Status { .. } => console::print(&format!("{}\n", status(&result))),
        Verb::Logs { .. } => console::print(&logged(&result)),
        _ => console::print_json(&result),
    }
}

/// The status of an experiment, as the server names it.
fn status(experiment: &Value) -> &str {
    experiment["status"].as_str().unwrap_or("unknown")
}

/// The logs of all pods of an experiment, prefixed by the pod's name if there are several.
fn logged(result: &Value) -> String {
    let pods = result["logContent"].as_array().map_or(&[][..], Vec::as_slice);
    let lines = |pod: &Value| {
        let name = pod["podName"].as_str().unwrap_or_default().to_owned();
        let text = match &pod["podLog"] {
            Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n"),
            text => text.as_str().unwrap_or_default().to_owned(),
        };
        (name, text)
    };
    let all: Vec<_> = pods.iter().map(lines).collect();
    let marked = |(name, text): &(String, String)| {
        text.lines()
            .map(|line| if all.len() > 1 { format!("{name}: {line}\n") } else { format!("{line}\n") })
            .collect::<String>()
    };
    all.iter().map(marked).collect()
}

impl Submarine {
    /// The token from a file, else from the environment.
    fn token(&self) -> Result<Option<String>, Failure> {
        let given = match &self.token_file {
            None => std::env::var(submarine::TOKEN).ok(),
            Some(path) => Some(reader::read_to_string(path).map_err(|error| {
                Failure::new(USAGE, format!("cannot read `{}`: {error}", path.display()))
                    .hint("give a file that holds nothing but the token")
            })?),
        };
        Ok(given.map(|token| token.trim().to_owned()).filter(|token| !token.is_empty()))
    }
}
