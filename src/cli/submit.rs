//! `c3 submit`: starts an operator's job on an engine.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::path::{Path, PathBuf};

use c3::component::{Input, Type};
use c3::failure::{Failure, INPUT, USAGE};
use c3::frontend;
use c3::invocation::{Interface, Invocation, Request};
use c3::manifest::Manifest;
use c3::operator::generated::Generated;
use c3::operator::{self, Purpose};
use c3::reader;
use c3::run::in_image;
use c3::stamp::Stamp;
use c3::submit::{kubernetes, slurm};
use clap::{Args, Parser};

use super::console::{self, Messages};
use super::jobs::{self, Engine, Outputs, Reach};
use super::planning;
use super::run::{help, secret_here, warn_of_shown};

mod options;

#[derive(Args, Debug)]
#[command(disable_version_flag = true, override_usage = "c3 submit [OPTIONS] FILE [--NAME VALUE]...")]
pub(crate) struct Options {
    /// A job that `c3` has written (`.job.yaml`, `.sbatch`), or the source that it was made of, followed by the operator's
    /// parameters; `--help` there lists them
    #[arg(value_name = "FILE", required = true, trailing_var_arg = true)]
    words: Vec<String>,

    #[command(flatten)]
    own: Own,
}

/// The command's own options; they may also follow the file if the operator has no input of that name.
#[derive(Args, Debug, Clone)]
struct Own {
    /// Show the log of the job until it ends; its exit code becomes that of `c3`
    #[arg(short, long)]
    follow: bool,

    #[command(flatten)]
    outputs: Outputs,

    #[command(flatten)]
    reach: Reach,
}

/// The same, following the file.
#[derive(Parser, Debug)]
#[command(name = "c3 submit", no_binary_name = true, disable_help_flag = true, disable_version_flag = true)]
struct Behind {
    #[command(flatten)]
    own: Own,
}

/// Suffixes of jobs, with their engines.
const SUFFIXES: &[(&str, Engine)] =
    &[(".yaml", Engine::Kubernetes), (".yml", Engine::Kubernetes), (".sbatch", Engine::Slurm)];

/// Suffixes of the jobs of a source, the usual engine first.
const MADE: &[(&str, Engine)] = &[(".job.yaml", Engine::Kubernetes), (".sbatch", Engine::Slurm)];

/// What to submit.
struct Call {
    engine: Engine,
    path: PathBuf,
    text: String,
    interface: Interface,
    own: Own,
    /// Parameters of the operator.
    words: Vec<String>,
}

/// Runs the command.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let mut call = options.call()?;
    let started = match call.engine {
        Engine::Kubernetes => call.start_on_kubernetes()?,
        Engine::Slurm => call.start_on_slurm()?,
    };
    let Some(name) = started else { return Ok(()) };
    let named = call.own.reach.named(&name);
    let level = call.own.reach.log_level;
    let outputs = &call.own.outputs;
    if call.own.follow || outputs.are_wanted() {
        let text =
            format!("started the job `{name}`; if this is stopped, it goes on: `c3 cancel {named}` ends it");
        console::info(&text, level);
        return jobs::follow(call.engine, &name, &call.own.reach, call.own.follow, outputs);
    }
    console::print(&format!("{name}\n"))?;
    let steps = [format!("`c3 logs --follow {named}` shows its log, `c3 cancel {named}` ends it")];
    console::suggest(&steps, level);
    Ok(())
}

impl Options {
    /// What the command line asks for.
    fn call(&self) -> Result<Call, Failure> {
        let subject = Path::new(self.words.first().map_or("", String::as_str));
        let words = self.words.get(1..).unwrap_or_default();
        if frontend::kind(subject).is_some() {
            return self.of_source(subject, words);
        }
        let name = subject.to_string_lossy();
        let Some((_, engine)) = SUFFIXES.iter().find(|(end, _)| name.ends_with(end)) else {
            return Err(Failure::new(USAGE, format!("`{name}` is not a job"))
                .hint("name a `.job.yaml` or `.sbatch` that `c3` has written, or its source"));
        };
        let text = read(subject)?;
        let interface = match engine {
            Engine::Kubernetes => of_manifest(&name, &text)?,
            Engine::Slurm => of_script(&name, &text, !words.is_empty())?,
        };
        let (own, words) = options::split(&self.own, words, &interface)?;
        Ok(Call { engine: *engine, path: subject.to_owned(), text, interface, own, words })
    }

    /// The job written for a source.
    fn of_source(&self, source: &Path, words: &[String]) -> Result<Call, Failure> {
        let request = operator::Request::default();
        let made = Generated::find(source, &request);
        let mut messages = Messages::default();
        let level = self.own.reach.log_level;
        let request = made.request(&request);
        let plan = planning::plan(source, &request, Purpose::Files, level, &mut messages);
        let plan = plan.inspect_err(|_| messages.show())?;
        let interface = Interface::of(&plan.component, plan.settings.logging);
        let (own, words) = options::split(&self.own, words, &interface)?;
        let job = MADE.iter().find_map(|(end, engine)| {
            let path = source.with_extension(end.trim_start_matches('.'));
            (own.reach.on.is_none_or(|on| on == *engine) && path.is_file()).then_some((path, *engine))
        });
        let Some((path, engine)) = job else { return Err(unmade(source, own.reach.on)) };
        if made.is_stale(&plan.settings.stamp) {
            let (source, path) = (console::argument(source), path.display());
            let text =
                format!("`{path}` is older than its source: `c3 create-operator {source}` makes it anew");
            console::warning(&text, level);
        }
        Ok(Call { engine, text: read(&path)?, path, interface, own, words })
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    reader::read_to_string(path).map_err(|error| {
        Failure::new(INPUT, format!("failed to read `{}`: {error}", path.display()))
            .hint("name a `.job.yaml` or `.sbatch` that `c3` has written, or its source")
    })
}

/// The failure for a source without a job.
fn unmade(source: &Path, on: Option<Engine>) -> Failure {
    let (target, what) = match on {
        Some(Engine::Slurm) => (" --target slurm", "Slurm job"),
        _ => ("", "job"),
    };
    let shown = console::argument(source);
    Failure::new(INPUT, format!("there is no {what} of `{}` beside it", source.display())).hint(format!(
        "`c3 create-operator -r REGISTRY/NAMESPACE{target} {shown}` builds the image and writes it"
    ))
}

/// The interface of a job's operator: from its image, else from the job.
fn of_manifest(name: &str, text: &str) -> Result<Interface, Failure> {
    let manifest = Manifest::parse(text).map_err(|reason| {
        Failure::new(INPUT, format!("failed to read `{name}`: {reason}"))
            .hint("name a `.job.yaml` that `c3` has written")
    })?;
    let known = in_image::declared_interface(&manifest.image).ok().flatten();
    Ok(known.map_or_else(|| manifest.interface.clone(), |interface| manifest.joined(interface)))
}

/// The interface of a script's operator, from its image; not needed without values.
fn of_script(name: &str, text: &str, is_needed: bool) -> Result<Interface, Failure> {
    let image = Stamp::find(text).and_then(|stamp| stamp.image);
    let known = image.and_then(|image| in_image::declared_interface(&image).ok().flatten());
    match known {
        None if is_needed => Err(Failure::new(INPUT, format!("nothing tells the parameters of `{name}`"))
            .hint("name its source, beside which it has to lie; its image is not to be had here")),
        known => Ok(known.unwrap_or_default()),
    }
}

impl Call {
    /// The values in the words after the file; nothing if they ask for help, which is then shown.
    fn invocation(&self, interface: &Interface) -> Result<Option<Invocation>, Failure> {
        let none = |_: &Input| None;
        let elsewhere: &dyn Fn(&Input) -> Option<String> =
            if self.engine == Engine::Kubernetes { &secret_here } else { &none };
        match interface.read(&self.words, elsewhere)? {
            Request::Run(invocation) => {
                self.warn_of_paths(&invocation);
                Ok(Some(invocation))
            }
            Request::Help => {
                console::print(&help::text("submit", &self.path.to_string_lossy(), interface, "Outputs"))
                    .map(|()| None)
            }
        }
    }

    /// Warns of paths of this machine: a job sees only its volumes.
    fn warn_of_paths(&self, invocation: &Invocation) {
        let inputs = self.interface.inputs.iter().filter(|(_, input)| matches!(input.kind, Type::Path(_)));
        for (id, input) in inputs.filter(|_| self.engine == Engine::Kubernetes) {
            let value = invocation.values.get(&input.name);
            if let Some(path) = value.filter(|value| Path::new(value).exists()) {
                let text = format!(
                    "`{path}` is on this machine; for `{id}` the job takes the path of a volume of its own"
                );
                console::warning(&text, self.own.reach.log_level);
            }
        }
    }

    fn start_on_kubernetes(&mut self) -> Result<Option<String>, Failure> {
        let job = kubernetes::Job::parse(&self.text)?;
        self.own.reach.settle(job.namespace());
        let interface = job.satisfied(self.interface.clone());
        let Some(invocation) = self.invocation(&interface)? else { return Ok(None) };
        warn_of_shown(&invocation, self.own.reach.log_level);
        if !job.image().contains('/') {
            let image = job.image();
            let text = format!(
                "`{image}` is in no registry, so a cluster has it only if it was loaded there: `c3 create-operator -r REGISTRY/NAMESPACE` pushes it"
            );
            console::warning(&text, self.own.reach.log_level);
        }
        let job = if self.own.outputs.are_wanted() { job.delivering(&interface)? } else { job };
        let kubectl = self.own.reach.kubectl()?;
        let prepared = job.prepared(&interface, &invocation, &suffix());
        kubernetes::create(&kubectl, &prepared)?;
        Ok(Some(prepared.name))
    }

    fn start_on_slurm(&self) -> Result<Option<String>, Failure> {
        let mut interface = self.interface.clone();
        // The job takes them from files of the cluster.
        interface
            .inputs
            .iter_mut()
            .filter(|(_, input)| input.secret)
            .for_each(|(_, input)| input.required = false);
        let Some(invocation) = self.invocation(&interface)? else { return Ok(None) };
        if let Some(name) = invocation.shown.first() {
            return Err(Failure::new(
                USAGE,
                format!("`{name}` is a secret, and Slurm shows command lines to everybody"),
            )
            .hint("put it into the file that the job reads, by default `~/.c3/secrets/OPERATOR/NAME`"));
        }
        Ok(Some(slurm::submit(&self.path, &interface, &invocation)?))
    }
}

/// Five random letters and digits for the name of a job.
fn suffix() -> String {
    const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let number = RandomState::new().build_hasher().finish();
    let letter = |byte: u8| char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]);
    number.to_le_bytes().into_iter().take(5).map(letter).collect()
}
