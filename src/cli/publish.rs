//! `c3 publish`: what was made is sent to the platforms that have an interface for it.

use std::path::PathBuf;
use std::time::Duration;

use c3::engine::image_archive;
use c3::progress::{Progress, Verbosity};
use c3::publish::submarine::Action;
use c3::publish::{Server, onedata, submarine};
use clap::{Args, Subcommand};

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
    /// Keep environments in Submarine
    Submarine(Submarine),
}

/// Where it is sent to.
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

    #[command(subcommand)]
    action: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// Make a new environment
    Create {
        /// Specification, <stem>.submarine.yaml or .json
        spec: PathBuf,
    },
    /// Give an environment another specification
    Update {
        /// Its name, which stays as it is
        name: String,
        /// Specification, <stem>.submarine.yaml or .json
        spec: PathBuf,
    },
    /// Delete an environment
    Delete {
        /// Its name
        name: String,
    },
    /// List the environments, as JSON
    List,
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
    let action = match &options.action {
        Verb::Create { spec } => Action::Create(spec),
        Verb::Update { name, spec } => Action::Update(name, spec),
        Verb::Delete { name } => Action::Delete(name),
        Verb::List => Action::List,
    };
    console::print_json(&submarine::send(&options.target.server()?, action)?)
}
