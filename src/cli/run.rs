//! `c3 run`: runs an operator on this machine, in its image or without an engine.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use c3::component::Input;
use c3::frontend;
use c3::invocation::{Interface, Invocation, InvocationError, Request, parse_untyped};
use c3::manifest::{self, Manifest};
use c3::operator::{self, Plan, Purpose};
use c3::progress::{Progress, Verbosity};
use c3::reader;
use c3::run::{self, Run, in_image, on_machine};
use c3::settings::Config;
use clap::Args;

use super::console::{self, Messages};
use super::inspect::{is_file_name, taken_for_image};
use super::options::LogLevel;
use super::planning;
use super::tips;
use c3::failure::{Failure, INPUT, USAGE};

pub(super) mod help;
mod unpacked;

#[derive(Args, Debug)]
#[command(
    disable_version_flag = true,
    override_usage = "c3 run [OPTIONS] FILE|IMAGE|MANIFEST [--NAME VALUE]..."
)]
pub(crate) struct Options {
    /// A source, an image, or a generated file (Kubeflow component, Kubernetes job, CWL step), followed by the operator's
    /// parameters; `--help` there lists them
    #[arg(value_name = "OPERATOR", required = true, trailing_var_arg = true)]
    words: Vec<String>,

    /// Folder for the operator's outputs; without it they are dropped
    #[arg(short, long, value_name = "DIR")]
    output_dir: Option<PathBuf>,

    /// File or folder to mount at TARGET, or by its own name in the operator's working directory; `:ro` makes it read-only.
    /// The folder in the variable `CLAIMED_DATA_PATH` is mounted as `data`
    #[arg(long, value_name = "SOURCE[:TARGET][:ro]")]
    mount: Vec<String>,

    /// Variable for the operator; without a value, the one of this environment
    #[arg(short, long, value_name = "NAME[=VALUE]")]
    env: Vec<String>,

    /// GPUs for the operator: all, or how many
    #[arg(long, value_name = "all|N", value_parser = gpus)]
    gpus: Option<i64>,

    /// Run a source without an engine: as a process of this machine, with its packages in a cached virtual environment
    #[arg(long, conflicts_with_all = ["gpus", "base_image"])]
    no_engine: bool,

    /// Files and folders that the source needs: paths and globs relative to the current directory
    #[arg(short, long, value_name = "PATTERN")]
    additional_files: Vec<String>,

    /// Base image of the source
    #[arg(long, value_name = "IMAGE")]
    base_image: Option<String>,

    /// Version of the default base image [default: python3.12, for R R4.3.2]
    #[arg(long, value_name = "VERSION")]
    image_version: Option<String>,

    /// Add the executed notebook to the outputs of a notebook
    #[arg(long)]
    notebook_output: bool,

    /// Take the operator for an image as the original's program `claimed` does: `name` is docker.io/claimed/name:latest
    #[arg(long, hide = true)]
    component: bool,

    /// Log level
    #[arg(short, long, value_name = "LEVEL", default_value = "WARNING", ignore_case = true)]
    log_level: LogLevel,
}

/// What to run.
enum Operator {
    Source(Box<Plan>),
    Image(String),
    Manifest(Manifest),
}

/// Runs the command; the operator's exit code becomes its own.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    if options.component && unpacked::is_meant(options.subject()) {
        return unpacked::run(options);
    }
    let (progress, reporter) = (options.progress(), Progress::new(options.log_level.into()));
    let run = Run {
        parse_arguments: &|interface| options.invocation(interface),
        output_dir: options.output_dir.as_deref(),
        mounts: &options.mount,
        env: &options.env,
        gpus: options.gpus,
        progress: &progress,
        reporter: &reporter,
    };
    match options.operator()? {
        Operator::Source(plan) if options.no_engine => on_machine::source(&run, &plan),
        _ if options.no_engine => {
            let message = format!("`{}` is not a source, and an image needs an engine", options.subject());
            Err(Failure::new(USAGE, message).hint("name the script or notebook, or leave `--no-engine` out"))
        }
        Operator::Source(plan) => in_image::source(&run, *plan),
        Operator::Image(image) => in_image::image(&run, &image, None, options.component),
        Operator::Manifest(manifest) => {
            in_image::image(&run, &manifest.image, Some(&manifest), options.component)
        }
    }
}

impl Options {
    /// The operator as the user named it.
    fn subject(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// The words after it.
    fn arguments(&self) -> &[String] {
        self.words.get(1..).unwrap_or_default()
    }

    fn operator(&self) -> Result<Operator, Failure> {
        let (subject, path) = (self.subject(), Path::new(self.subject()));
        let is_source = frontend::kind(path).is_some();
        if self.component || !(is_source || path.exists() || is_file_name(subject)) {
            if !self.component {
                taken_for_image(subject, self.log_level);
            }
            return Ok(Operator::Image(subject.to_owned()));
        }
        if !manifest::is_manifest(subject) {
            return Ok(Operator::Source(Box::new(self.plan(path)?)));
        }
        let unreadable = |reason: String| {
            Failure::new(INPUT, format!("cannot run `{subject}`: {reason}"))
                .hint("name a source, an image, or a file that `c3 create-operator` has written")
        };
        let text = reader::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
        Manifest::parse(&text).map(Operator::Manifest).map_err(unreadable)
    }

    fn plan(&self, path: &Path) -> Result<Plan, Failure> {
        let settings = Config {
            base_image: self.base_image.clone(),
            image_version: self.image_version.clone(),
            additional_files: self.additional_files.clone(),
            notebook_output: self.notebook_output.then_some(true),
            ..Config::default()
        };
        let request = operator::Request { settings, ..operator::Request::default() };
        let mut messages = Messages::default();
        let plan = planning::plan(path, &request, Purpose::Image, self.log_level, &mut messages);
        messages.show();
        plan
    }

    /// The values in the words after the operator; nothing if they ask for help, which is then shown.
    fn invocation(&self, interface: Option<&Interface>) -> Result<Option<Invocation>, Failure> {
        let Some(interface) = interface else { return self.untyped().map(Some) };
        // What `--env` says counts for any parameter, this environment for secrets only.
        let given: BTreeMap<_, _> = run::named(&self.env)?.into_iter().collect();
        let from_here = |input: &Input| given.get(&input.name).cloned().or_else(|| secret_here(input));
        let request = interface.read(self.arguments(), &from_here);
        let Request::Run(invocation) = request.map_err(|error| self.misplaced(error))? else {
            let outputs = "Outputs, put into the folder that `--output-dir` names";
            let text = help::text("run", self.subject(), interface, outputs);
            return console::print(&text).map(|()| None);
        };
        warn_of_shown(&invocation, self.log_level);
        Ok(Some(invocation))
    }

    /// A failure with a hint that options of `c3` go before the operator.
    fn misplaced(&self, error: InvocationError) -> Failure {
        let word = match &error {
            InvocationError::Unknown { name, nearest: None } => format!("--{name}"),
            InvocationError::Stray(word) => word.clone(),
            _ => return error.into(),
        };
        let program = super::command();
        let is_option = program.find_subcommand("run").is_some_and(|run| tips::has(run, &word));
        let failure = Failure::from(error);
        if is_option {
            let subject = self.subject();
            failure
                .hint(format!("options of `c3 run` stand before the operator: `c3 run {word} … {subject}`"))
        } else {
            failure
        }
    }

    /// The words after an image without a component, unchecked.
    fn untyped(&self) -> Result<Invocation, Failure> {
        if matches!(self.arguments(), [word] if word == "--help" || word == "-h") {
            let message = format!("`{}` carries no component that could tell its parameters", self.subject());
            return Err(Failure::new(INPUT, message).hint("see its source, or the files that came with it"));
        }
        if self.output_dir.is_some() {
            let message = format!("`{}` carries no component: its outputs are unknown", self.subject());
            console::warning(&message, self.log_level);
        }
        Ok(parse_untyped(self.arguments())?)
    }

    /// Progress: steps as lines only if requested; a spinner is harmless.
    fn progress(&self) -> Progress {
        let spins = self.log_level == LogLevel::Warning && std::io::stderr().is_terminal();
        Progress::new(if spins { Verbosity::Info } else { self.log_level.into() })
    }
}

/// The value of a secret in this environment.
pub(super) fn secret_here(input: &Input) -> Option<String> {
    std::env::var(&input.name).ok().filter(|_| input.secret)
}

/// Warns of secrets on the command line.
pub(super) fn warn_of_shown(invocation: &Invocation, level: LogLevel) {
    for name in &invocation.shown {
        let message = format!(
            "`{name}` is a secret, and command lines can be seen by others; set the variable `{name}` instead"
        );
        console::warning(&message, level);
    }
}

fn gpus(text: &str) -> Result<i64, String> {
    match text {
        "all" => Ok(-1),
        text => {
            text.parse().ok().filter(|count| *count > 0).ok_or_else(|| "write `all` or a number".to_owned())
        }
    }
}
