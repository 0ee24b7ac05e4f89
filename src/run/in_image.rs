//! An operator in its image: built from its source, found in the engine, or pulled.

use std::collections::BTreeMap;

use crate::backend;
use crate::diagnostic::Diagnostic;
use crate::engine::container::{Container, Mount};
use crate::engine::docker::Engine;
use crate::engine::error::EngineError;
use crate::engine::http::beyond_system;
use crate::engine::image::Image;
use crate::engine::oci::Compression;
use crate::engine::oci::platform::Platform;
use crate::engine::proxies;
use crate::engine::registry;
use crate::invocation::{Interface, Invocation};
use crate::manifest::Manifest;
use crate::operator::image::{self, ImageBuild, built};
use crate::operator::{Making, Part, Plan};
use crate::progress::Progress;
use crate::recipe::KEY_LABEL;
use crate::reference::Reference;

use super::passing::{self, passed};
use super::results::Results;
use super::{Run, data};
use crate::failure::{ENGINE, Failure, INPUT, USAGE};

/// The tag of images built for a run.
const TAG: &str = "latest";

/// Folder of a container for outputs.
const OUTPUTS: &str = "/c3-outputs";

/// The default working directory of the original's images.
const WORKING_DIR: &str = "/opt/app-root/src";

/// Runs a source: builds its image, with the engine's cache.
pub fn source(run: &Run, mut plan: Plan) -> Result<(), Failure> {
    let interface = Interface::of(&plan.component, plan.settings.logging);
    let Some(mut invocation) = (run.parse_arguments)(Some(&interface))? else { return Ok(()) };
    let mut call = Call::prepare(run, &interface, &mut invocation)?;
    // Graphics processors are an engine's to give.
    let otherwise = run.gpus.is_none().then_some("run it without an engine with `--no-engine`");
    let engine = image::connect(otherwise)?;
    let name = build(run.progress, &engine, &mut plan)?;
    call.in_component = true;
    call.run(&engine, &name, &invocation)
}

fn build(progress: &Progress, engine: &Engine, plan: &mut Plan) -> Result<String, Failure> {
    plan.keep_here(TAG)?;
    let key = key(engine, plan)?;
    let reference = plan.settings.image.to_string();
    if key.is_some() && known_key(engine, &reference)? == key {
        return Ok(reference);
    }
    let artifacts = backend::emit(&plan.operator(), &[]).map_err(refused)?;
    let part = Part { context: plan.context(&artifacts, &plan.settings)?, settings: plan.settings.clone() };
    let making = Making { key: key.as_deref(), ..Making::default() };
    let image = ImageBuild { plan, part: &part, making: &making, progress };
    let built = built::build(engine, &image);
    progress.finish();
    Ok(built?.reference)
}

/// The key of the image's contents, if the engine has its base.
fn key(engine: &Engine, plan: &Plan) -> Result<Option<String>, Failure> {
    let base = image::base_of(engine, &plan.settings.pulled_image())?;
    base.map(|base| plan.key(&base, &[Platform::host()], Compression::default())).transpose()
}

/// The key of the last built image.
fn known_key(engine: &Engine, reference: &str) -> Result<Option<String>, EngineError> {
    Ok(engine.inspect(reference)?.and_then(|image| image.labels.get(KEY_LABEL).cloned()))
}

/// The failure for an operator whose Dockerfile can't be written.
fn refused(diagnostics: Vec<Diagnostic>) -> Failure {
    let Some(Diagnostic { message, hint, .. }) = diagnostics.into_iter().next() else {
        return Failure::diagnosed();
    };
    hint.into_iter().fold(Failure::new(INPUT, message), Failure::hint)
}

/// Runs an image, by itself or as a manifest names it.
///
/// Where the name is one as the original's program `claimed` takes it, `is_claimed`, it is filled in.
pub fn image(run: &Run, name: &str, manifest: Option<&Manifest>, is_claimed: bool) -> Result<(), Failure> {
    Reference::parse(name).map_err(|error| Failure { code: USAGE, ..Failure::from(error) })?;
    let engine = image::connect(None)?;
    let name = if is_claimed { claimed_name(&engine, name)? } else { name.to_owned() };
    let progress = run.progress;
    let known = labels(&engine, &name, progress).and_then(|labels| interface(&name, &labels));
    let known = known.inspect_err(|_| progress.finish())?;
    let in_component = known.is_some();
    let interface = match (known, manifest) {
        (Some(known), Some(manifest)) => Some(manifest.joined(known)),
        (None, Some(manifest)) => Some(of_manifest(&name, manifest)?),
        (known, None) => known,
    };
    let invocation = (run.parse_arguments)(interface.as_ref()).inspect_err(|_| progress.finish())?;
    let Some(mut invocation) = invocation else { return Ok(()) };
    for (name, value) in manifest.map(Manifest::values).into_iter().flatten() {
        invocation.values.entry(name).or_insert(value);
    }
    let interface = interface.unwrap_or_default();
    let call = Call { in_component, ..Call::prepare(run, &interface, &mut invocation)? };
    let pulled = ensure(&engine, &name, progress);
    progress.finish();
    pulled?;
    call.run(&engine, &name, &invocation)
}

/// A manifest's own interface for an image without a component; the manifest must be this compiler's or the
/// original's.
fn of_manifest(name: &str, manifest: &Manifest) -> Result<Interface, Failure> {
    let last = name.rsplit('/').next().unwrap_or(name);
    if last.starts_with("claimed-") {
        return Ok(manifest.interface.clone());
    }
    Err(Failure::new(
        INPUT,
        format!("`{name}` is not an operator's image: neither its name nor a label says so"),
    )
    .hint("only files that `c3` or the original have written can be run"))
}

/// The image name completed as by the original's `claimed`, unless the engine has it as given.
fn claimed_name(engine: &Engine, name: &str) -> Result<String, Failure> {
    if engine.inspect(name)?.is_some() { Ok(name.to_owned()) } else { Ok(filled_in(name)) }
}

/// `name` → `docker.io/claimed/name:latest`.
fn filled_in(name: &str) -> String {
    let owner = if name.contains('/') { "" } else { "docker.io/claimed/" };
    let last = name.rsplit('/').next().unwrap_or(name);
    let tag = if last.contains([':', '@']) { "" } else { ":latest" };
    format!("{owner}{name}{tag}")
}

/// The labels of an image: from the engine, or from the registry, which avoids pulling what can't run.
fn labels(engine: &Engine, name: &str, progress: &Progress) -> Result<BTreeMap<String, String>, Failure> {
    if let Some(image) = engine.inspect(name)? {
        return Ok(image.labels);
    }
    match registry::labels(name) {
        Ok(labels) => Ok(labels),
        Err(_) => Ok(ensure(engine, name, progress)?.labels),
    }
}

fn ensure(engine: &Engine, name: &str, progress: &Progress) -> Result<Image, Failure> {
    engine.ensure_image(name, None, progress).map_err(|error| match error {
        EngineError::BaseImage { image, reason, .. } => {
            Failure::new(ENGINE, format!("failed to pull the image `{image}`: {reason}"))
                .hint("check its name, or log in to its registry with `docker login`")
        }
        error => error.into(),
    })
}

/// The interface that an image in a registry declares, if it does.
pub fn declared_interface(name: &str) -> Result<Option<Interface>, Failure> {
    interface(name, &registry::labels(name)?)
}

/// The interface in an image's label.
fn interface(name: &str, labels: &BTreeMap<String, String>) -> Result<Option<Interface>, Failure> {
    let component = image::component(name, labels)?;
    Ok(component.map(|component| Interface::of(&component, true)))
}

/// The connections between this machine and the operator.
struct Call<'a> {
    run: &'a Run<'a>,
    interface: &'a Interface,
    /// Whether the image has `c3`'s entry point.
    in_component: bool,
    shared: Vec<data::Shared>,
    env: Vec<(String, String)>,
    results: Option<Results>,
}

impl<'a> Call<'a> {
    fn prepare(
        run: &'a Run<'a>,
        interface: &'a Interface,
        invocation: &mut Invocation,
    ) -> Result<Self, Failure> {
        let mut shared = data::shared(run.mounts)?;
        shared.extend(data::inputs(interface, invocation, !shared.is_empty())?);
        let env = passing::named(run.env)?;
        let results = Results::of_run(run, interface)?;
        Ok(Self { run, interface, in_component: false, shared, env, results })
    }

    fn run(mut self, engine: &Engine, name: &str, invocation: &Invocation) -> Result<(), Failure> {
        let image = engine
            .inspect(name)?
            .ok_or_else(|| Failure::new(ENGINE, format!("the image `{name}` is gone from the engine")))?;
        let user = self.user(engine)?;
        let mounts = self.mounts(&image.working_dir);
        let outputs = self.results.as_ref().map(|_| OUTPUTS);
        let passed = passed(self.interface, invocation, outputs);
        // What is given counts before the proxies that Docker's configuration names.
        let proxies = proxies::variables(&engine.endpoint)?;
        let variables: BTreeMap<_, _> = proxies.into_iter().chain(self.env).chain(passed.variables).collect();
        let container = Container {
            image: name.to_owned(),
            command: command(&image, passed.arguments),
            env: variables.iter().map(|(name, value)| format!("{name}={value}")).collect(),
            user,
            mounts,
            gpus: self.run.gpus,
            certificates: beyond_system()?,
        };
        match engine.run_container(&container)? {
            0 => self.results.map_or(Ok(()), |results| results.place(self.run.reporter)),
            code => {
                self.results.map_or(Ok(()), |results| results.drop(self.run.reporter))?;
                Err(Failure::of_program(code))
            }
        }
    }

    /// The calling user, in the group that owns the image's files. An image without such a group keeps its
    /// own user if no files are shared.
    fn user(&self, engine: &Engine) -> Result<Option<String>, Failure> {
        if !self.in_component && self.shared.is_empty() {
            return Ok(None);
        }
        let id = if engine.is_rootless()? { 0 } else { rustix::process::getuid().as_raw() };
        Ok(Some(format!("{id}:0")))
    }

    fn mounts(&mut self, working_dir: &str) -> Vec<Mount> {
        let working_dir = if working_dir.is_empty() { WORKING_DIR } else { working_dir };
        let shared = std::mem::take(&mut self.shared).into_iter().map(|shared| shared.mount(working_dir));
        let results = self.results.as_ref().map(|results| Mount {
            source: results.staged().to_path_buf(),
            target: OUTPUTS.to_owned(),
            read_only: false,
        });
        shared.chain(results).collect()
    }
}

/// The image's own command, unless arguments are added.
fn command(image: &Image, added: Vec<String>) -> Option<Vec<String>> {
    let before = if image.entry_point.is_empty() { image.command.clone() } else { Vec::new() };
    (!added.is_empty()).then(|| before.into_iter().chain(added).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_substituted_as_by_the_original() {
        assert_eq!(filled_in("claimed-x"), "docker.io/claimed/claimed-x:latest");
        assert_eq!(filled_in("claimed-x:0.1"), "docker.io/claimed/claimed-x:0.1");
        assert_eq!(filled_in("me/claimed-x"), "me/claimed-x:latest");
        assert_eq!(filled_in("localhost:5000/claimed-x"), "localhost:5000/claimed-x:latest");
        assert_eq!(filled_in("me/x@sha256:1"), "me/x@sha256:1");
    }
}
