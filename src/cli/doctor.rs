//! `c3 doctor`: checks what this machine has for building and running operators.

use c3::engine::docker::Engine;
use c3::engine::endpoint::Endpoint;
use clap::Args;
use serde::Serialize;
use serde_json::json;

use super::console;
use super::options::Format;
use c3::failure::{ENGINE, Failure};

mod engines;
mod programs;
mod registries;

#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Registry and namespace that operators are pushed to [default: that of `c3.toml`]
    #[arg(short, long, value_name = "REGISTRY/NAMESPACE")]
    repository: Option<String>,

    /// Form of the output
    #[arg(long, default_value = "text")]
    format: Format,
}

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// Present and working.
    Found,
    /// Missing.
    Missing,
    /// Present, but broken.
    Broken,
}

/// One line of the report.
#[derive(Debug, Serialize)]
struct Check {
    name: String,
    state: State,
    /// The finding, or what the missing thing is for.
    text: String,
}

impl Check {
    fn new(name: impl Into<String>, state: State, text: impl Into<String>) -> Self {
        Self { name: name.into(), state, text: text.into() }
    }

    fn line(&self) -> String {
        let state = match self.state {
            State::Found => "found  ",
            State::Missing => "missing",
            State::Broken => "broken ",
        };
        format!("{state} {}\n", self.text)
    }
}

/// Runs the command; without an engine it ends with exit code 3.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let (settings, named) = registries::named(options.repository.as_deref());
    let endpoint = Endpoint::from_environment()?;
    let engine = Engine::connect(&endpoint);
    let mut checks: Vec<Check> = settings.into_iter().collect();
    checks.push(engines::engine(&endpoint, engine.as_ref().ok()));
    checks.push(engines::builder(&endpoint, engine.as_ref().ok()));
    checks.extend(engine.as_ref().ok().map(|engine| engines::base_image(engine, &named.mirrors)));
    checks.extend(named.repositories.iter().map(|repository| registries::check(repository)));
    checks.extend(programs::checks());
    let failure = engine.err().map(|error| Failure { code: ENGINE, ..Failure::from(error) });
    match options.format {
        Format::Text => console::print_hanging(checks.iter().map(Check::line))?,
        Format::Json => {
            let error = failure.as_ref().map(console::failure_json);
            console::print_json(&json!({"schema_version": 1, "checks": checks, "error": error}))?;
        }
    }
    failure.map_or(Ok(()), Err)
}
