//! An operator without an engine: in an environment on this machine, with its files laid out as in the image.

use std::os::unix::fs::symlink;
use std::path::{Component as Part, Path};
use std::process::Command;

use crate::backend::runtime;
use crate::component::Requirement;
use crate::engine::http::Bundle;
use crate::invocation::{Interface, Invocation};
use crate::local::environment::{Environment, EnvironmentError, Packages};
use crate::local::process;
use crate::operator::Plan;
use crate::operator::image::installs::blamed;
use crate::progress::Progress;
use tempfile::TempDir;

use super::Run;
use super::data::{self, Shared};
use super::passing::{self, passed};
use super::results::Results;
use crate::failure::{Failure, INPUT, USAGE};

/// Variables that would affect the operator's interpreter.
const FOREIGN: &[&str] =
    &["PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "R_PROFILE", "R_PROFILE_USER", "R_LIBS_USER"];

/// Runs a source as a process.
pub fn source(run: &Run, plan: &Plan) -> Result<(), Failure> {
    let interface = Interface::of(&plan.component, plan.settings.logging);
    let Some(mut invocation) = (run.parse_arguments)(Some(&interface))? else { return Ok(()) };
    let mut shared = data::shared(run.mounts)?;
    shared.extend(data::inputs(&interface, &mut invocation, !shared.is_empty())?);
    let env = passing::named(run.env)?;
    let results = Results::of_run(run, &interface)?;
    warn_of_undone(plan, run.reporter);
    let root = lay_out(plan)?;
    shared.iter().try_for_each(|shared| link(shared, root.path(), &mut invocation))?;
    let environment = environment(plan, run.progress, root.path())?;
    let mut command = command(plan, &interface, root.path());
    let outputs = results.as_ref().map(|results| results.staged().to_string_lossy().into_owned());
    let passed = passed(&interface, &invocation, outputs.as_deref());
    let certificates = Bundle::for_programs()?;
    command.envs(certificates.variables());
    command.envs(env).envs(environment.variables()).envs(passed.variables).args(passed.arguments);
    let code = process::run(command)
        .map_err(|error| Failure::new(INPUT, format!("cannot run `{}`: {error}", plan.source.display())))?;
    match (code, results) {
        (0, Some(results)) => results.place(run.reporter),
        (0, None) => Ok(()),
        (code, results) => {
            results.map_or(Ok(()), |results| results.drop(run.reporter))?;
            Err(Failure::of_program(code))
        }
    }
}

/// Warns of what the image would have and this machine may lack.
fn warn_of_undone(plan: &Plan, reporter: &Progress) {
    for requirement in &plan.component.requirements {
        let text = match requirement {
            Requirement::System { text, .. } => text.clone(),
            Requirement::Conda { text, .. } => format!("conda {text}"),
            _ => continue,
        };
        reporter.warn(format!("not done without an engine: `{text}`"));
    }
}

/// The operator's files in a temporary folder.
fn lay_out(plan: &Plan) -> Result<TempDir, Failure> {
    let failed = |error| Failure::new(INPUT, format!("cannot make a temporary folder: {error}"));
    let root = tempfile::Builder::new().prefix("c3-").tempdir().map_err(failed)?;
    plan.working_dir()?.write_dir(root.path())?;
    Ok(root)
}

/// Makes a shared file visible: by a link below the working directory, or an input at its own path.
fn link(shared: &Shared, root: &Path, invocation: &mut Invocation) -> Result<(), Failure> {
    if let Some(value) = invocation.values.values_mut().find(|value| **value == shared.target) {
        *value = shared.source.to_string_lossy().into_owned();
        return Ok(());
    }
    let target = Path::new(&shared.target);
    let is_below = target.components().all(|part| matches!(part, Part::Normal(_)));
    if shared.read_only || !is_below {
        let what =
            if shared.read_only { "`:ro` can't be kept" } else { "a target is below the working directory" };
        return Err(Failure::new(USAGE, format!("`{}`: without an engine {what}", shared.target)));
    }
    let link = root.join(target);
    std::fs::create_dir_all(link.parent().unwrap_or(root))
        .and_then(|()| symlink(&shared.source, &link))
        .map_err(|error| Failure::new(INPUT, format!("cannot share `{}`: {error}", shared.target)))
}

fn environment(plan: &Plan, progress: &Progress, root: &Path) -> Result<Environment, Failure> {
    let made = Environment::prepare(&plan.operator(), root, Packages::Any, progress);
    progress.finish();
    made.map_err(|error| {
        let command = if let EnvironmentError::Failed { command, .. } = &error {
            command.clone()
        } else {
            String::new()
        };
        blamed(Failure::from(error), plan, &command)
    })
}

/// The operator's program, without variables that it would take for its own.
fn command(plan: &Plan, interface: &Interface, root: &Path) -> Command {
    let words = plan.operator().command_in(&root.to_string_lossy());
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).current_dir(root);
    let names = interface.inputs.iter().map(|(_, input)| &input.name);
    for name in names.chain(interface.outputs.iter().map(|(_, output)| &output.name)) {
        command.env_remove(name);
    }
    for name in FOREIGN {
        command.env_remove(name);
    }
    let constants = runtime::of(plan.component.language).environment;
    command.envs(constants.iter().copied());
    command
}
