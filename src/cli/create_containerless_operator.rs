//! `c3 create-containerless-operator`: packs an operator and its packages in one zip that needs only Python.

use std::path::{Path, PathBuf};

use c3::artifact::{self, Artifact};
use c3::backend::containerless::{self, OPERATOR, PACKAGES, PROGRAMS};
use c3::backend::runtime;
use c3::component::Requirement;
use c3::local::bundle::Bundle;
use c3::local::environment::{Environment, Packages};
use c3::operator::{Plan, Purpose, Request};
use c3::progress::Progress;
use c3::settings::Config;
use clap::Args;

use super::console::{self, Messages};
use super::decide::decide;
use super::options::{LogLevel, OutputOptions, Replacing};
use super::planning;
use c3::failure::{Failure, INPUT};

#[derive(Args, Debug)]
#[command(disable_version_flag = true)]
pub(crate) struct Options {
    /// Python script or notebook
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Files and folders that the operator needs: paths and globs relative to the current directory
    #[arg(value_name = "ADDITIONAL_FILES")]
    additional_files: Vec<String>,

    /// Version of the operator, which is part of the zip's name
    #[arg(short, long, value_name = "VERSION", default_value = "latest")]
    version: String,

    /// Folder for the files [default: that of the source]
    #[arg(short, long, value_name = "DIR")]
    output_dir: Option<PathBuf>,

    /// Leave logging to the script: no logger, no parameter `log_level`
    #[arg(long, alias = "skip_logging")]
    skip_logging: bool,

    /// Add the executed notebook to the outputs of a notebook
    #[arg(long)]
    notebook_output: bool,

    /// Build packages without a wheel on this machine; their build scripts run as you
    #[arg(long, alias = "allow_build")]
    allow_build: bool,

    #[command(flatten)]
    replacing: Replacing,

    #[command(flatten)]
    output: OutputOptions,
}

/// Runs the command.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let mut messages = Messages::default();
    let level = options.output.level();
    let plan = planning::plan(&options.file, &options.request(), Purpose::Image, level, &mut messages);
    messages.show();
    let mut plan = plan?;
    check(&plan)?;
    warn_of_system_packages(&plan, level);
    plan.keep_here(&options.version)?;
    let progress = Progress::new(level.into());
    let packages = if options.allow_build { Packages::Any } else { Packages::Wheels };
    let packed = pack(&plan, packages, &progress);
    progress.finish();
    let zip = packed?;
    let step = containerless::step(&plan.operator(), &zip);
    let artifacts = [zip, step];
    let existing = options.replacing.existing();
    let existing = decide(artifact::conflicts(&artifacts, &plan.folder), &artifacts, existing)?;
    let files = artifact::write(&artifacts, plan.destination(), &existing)?;
    console::print_files(&plan.component.name, &files, options.output.format)
}

impl Options {
    fn request(&self) -> Request {
        let settings = Config {
            additional_files: self.additional_files.clone(),
            skip_logging: self.skip_logging.then_some(true),
            notebook_output: self.notebook_output.then_some(true),
            ..Config::default()
        };
        Request { settings, output_dir: self.output_dir.clone(), ..Request::default() }
    }
}

/// Refuses R, whose packages can't be moved to another machine.
fn check(plan: &Plan) -> Result<(), Failure> {
    if runtime::of(plan.component.language).importable {
        return Ok(());
    }
    let message = format!("only Python runs without a container; `{}` is not Python", plan.source.display());
    Err(Failure::new(INPUT, message)
        .hint("use `c3 create-operator`, or run it here with `c3 run --no-engine`"))
}

/// Warns of system packages that the operator's machine has to have.
fn warn_of_system_packages(plan: &Plan, level: LogLevel) {
    for requirement in &plan.component.requirements {
        if let Requirement::System { text, .. } = requirement {
            console::warning(&format!("to be done where the operator runs: `{text}`"), level);
        }
    }
}

/// Packs the zip: files as in the image, packages as in a virtual environment, and a start program.
fn pack(plan: &Plan, packages: Packages, progress: &Progress) -> Result<Artifact, Failure> {
    let failed = |error: std::io::Error| Failure::new(INPUT, format!("cannot pack the operator: {error}"));
    let root = tempfile::Builder::new().prefix("c3-").tempdir().map_err(failed)?;
    plan.working_dir()?.write_dir(root.path())?;
    let operator = plan.operator();
    let environment = Environment::prepare(&operator, root.path(), packages, progress)?;
    let mut bundle = Bundle::default();
    bundle.add_folder(root.path(), OPERATOR, |_| false).map_err(failed)?;
    bundle.add_folder(&environment.packages(), PACKAGES, is_tool).map_err(failed)?;
    let native = bundle.is_native().then(|| environment.machine());
    let program = containerless::program(&operator, &bundle.digest(), native.as_deref());
    for name in PROGRAMS {
        bundle.add(name, program.clone().into_bytes());
    }
    let content = bundle.zip().map_err(failed)?;
    Ok(Artifact { name: containerless::zip_name(&operator), content })
}

/// Whether an entry of an environment isn't an operator's package: an installer or a cache.
fn is_tool(name: &str) -> bool {
    let is_pip = name == "pip" || (name.starts_with("pip-") && Path::new(name).extension().is_some());
    is_pip || name.starts_with("_virtualenv.") || name == "__pycache__"
}
