//! Builders of images: the configured engine, or `c3` itself.

use c3::backend::runtime;
use c3::engine::docker::{Engine, Kind};
use c3::engine::endpoint::{Endpoint, Rule};
use c3::engine::oci;
use c3::failure::Fault;
use c3::language::Language;
use c3::reference::Mirrors;

use super::{Check, State};

pub(super) fn engine(endpoint: &Endpoint, engine: Option<&Engine>) -> Check {
    let place = format!("{} ({})", endpoint.host, endpoint.rule);
    match engine {
        Some(engine) => {
            let builder = if engine.buildkit { "BuildKit" } else { "the classic builder" };
            let (kind, version) = (kind(engine), &engine.version);
            let text = format!("{kind} {version} at {place}, builds with {builder}");
            Check::new("engine", State::Found, text)
        }
        None => Check::new("engine", State::Missing, format!("container engine at {place}")),
    }
}

fn kind(engine: &Engine) -> &'static str {
    if engine.kind == Kind::Podman { "Podman" } else { "Docker Engine" }
}

/// What `--builder auto` chooses on this machine.
pub(super) fn builder(endpoint: &Endpoint, engine: Option<&Engine>) -> Check {
    let check = |state, text: String| Check::new("builder", state, format!("`--builder auto` {text}"));
    if let Some(engine) = engine {
        return check(State::Found, format!("builds with {}", kind(engine)));
    }
    if endpoint.rule != Rule::Default {
        let text = format!("fails: only the engine {} is asked; `--builder oci` needs none", endpoint.rule);
        return check(State::Missing, text);
    }
    let version = runtime::of(Language::Python).image_version.trim_start_matches("python");
    match oci::installer(version) {
        Ok(installer) => {
            let text = format!("makes images of Python without an engine, packages come by {installer}");
            check(State::Found, text)
        }
        Err(error) => {
            let broken = error.details();
            let reasons = if broken.is_empty() { String::new() } else { format!(" ({})", broken.join("; ")) };
            let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
            let text =
                format!("makes images of Python without an engine, but no packages: {error}{reasons}{hint}");
            check(State::Missing, text)
        }
    }
}

/// The default base image, from its mirror if it has one.
pub(super) fn base_image(engine: &Engine, mirrors: &Mirrors) -> Check {
    let runtime = runtime::of(Language::Python);
    let image = mirrors.of(&(runtime.base_image)(runtime.image_version).unwrap_or_default());
    let Some(base) = engine.inspect(&image).ok().flatten() else {
        let text = format!("base image {image} (it is pulled when first needed)");
        return Check::new("base image", State::Missing, text);
    };
    let version = base.variable("PYTHON_VERSION").unwrap_or("?");
    Check::new("base image", State::Found, format!("base image {image} with Python {version}"))
}
