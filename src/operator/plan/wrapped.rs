//! The plan of a grid wrapper, from that of the operator.

use crate::backend::grid::{self, Process, Store};
use crate::backend::runtime;
use crate::backend::{Operator, Settings};
use crate::component::Component;
use crate::context::Content;
use crate::frontend;
use crate::frontend::notebook::recording::NAME;
use crate::job::RestartPolicy;
use crate::language::Language;
use crate::source::Source;
use crate::stamp::{Grid, Stamp};

use super::Plan;
use super::contents::check_entry;
use super::decisions::{checked_dockerfile_name, image};
use crate::diagnostic::Diagnostic;
use crate::failure::{Failure, INPUT};

/// The index of a worker's pod, which wrappers hide from the script.
const WORKER_INDEX: &str = "JOB_COMPLETION_INDEX";

/// Warns of a script that chooses its part by the index of a pod.
fn worker_index(found: &Diagnostic) -> Option<Diagnostic> {
    let is_meant = found.code == "platform-variable" && found.message.contains(WORKER_INDEX);
    let message = format!("`{WORKER_INDEX}` isn't set in a grid, whose workers take whatever batch is free");
    let warning =
        Diagnostic::warning("worker-index", message).hint("use the batch that the function is given");
    is_meant.then(|| Diagnostic { span: found.span.clone(), ..warning })
}

impl Plan {
    /// The plan of a grid wrapper around this operator: a program that calls a function of the script for each batch.
    pub fn wrapped(
        mut self,
        process: &str,
        store: &Store,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Result<Self, Failure> {
        self.check_process(process, store)?;
        self.check_restarts()?;
        self.check_recording()?;
        diagnostics.extend(frontend::read(&self.source).diagnostics.iter().filter_map(worker_index));
        // The function is handed its parameters; the script's command line stays what the worker is called with.
        self.component.inputs.retain(|input| input.argument.is_none());
        let names: Vec<_> = self.component.inputs.iter().map(|input| input.name.as_str()).collect();
        if let Some(error) = frontend::python::uncallable(&self.source, process, store.called_with, &names) {
            diagnostics.push(error);
            return Err(Failure::diagnosed());
        }
        self.deal(store);
        let program = grid::emit(&self.operator(), process, store);
        let text = String::from_utf8_lossy(&program.content).into_owned();
        let source = Source::new(self.source.path().with_file_name(&program.name), Language::Python, text);
        let reading = frontend::read(&source);
        let Some(component) = reading.component else {
            diagnostics.extend(reading.diagnostics);
            return Err(Failure::diagnosed());
        };
        let mut component = Component {
            ipython: self.component.ipython,
            own_arguments: self.component.own_arguments,
            ..component
        };
        for input in &mut component.inputs {
            // The wrapper reads all that the script may read.
            let own = self.component.inputs.iter().find(|own| own.name == input.name);
            input.unconditional &= own.is_none_or(|own| own.unconditional);
        }
        let stamp = self.wrapper_stamp(&component, process, store);
        self.settings.job.mark_secrets(&mut component);
        let dockerfile = checked_dockerfile_name(&source, &self.request)?;
        let image = image(&self.request, &component)?;
        let process = Some(Process::new(&self.operator(), process));
        let (stem, cells) = (source.stem(), Vec::new());
        let settings = Settings { stamp, image, stem, dockerfile, cells, process, ..self.settings };
        check_entry(&Operator { component: &component, settings: &settings })?;
        let wrapper = (program.name, Content::Bytes(program.content));
        let scripts = std::iter::once(wrapper).chain(self.scripts).collect();
        Ok(Self { source, component, settings, scripts, ..self })
    }

    /// The plan of a grid wrapper as a record tells it.
    pub fn rewrapped(self, recorded: &Grid, diagnostics: &mut Vec<Diagnostic>) -> Result<Self, Failure> {
        let store = grid::store(&recorded.store).ok_or_else(|| {
            let message = format!("no such backend: `{}`, which generated files name", recorded.store);
            Failure::new(INPUT, message).hint("run `c3 create-gridwrapper` again")
        })?;
        self.wrapped(&recorded.process, store, diagnostics)
    }

    /// The stamp of a wrapper: its script counts with all that is beside it.
    fn wrapper_stamp(&self, wrapper: &Component, process: &str, store: &Store) -> Stamp {
        let script = &self.settings.stamp;
        let grid = Grid { process: process.to_owned(), store: store.name.to_owned() };
        let stamp = Stamp::of(wrapper).with_files(Some(script.component.clone()));
        Stamp { grid: Some(grid), fetched: script.fetched.clone(), ..stamp }
    }

    /// Makes as many parts of the batches as the job has indexes, one for each worker.
    fn deal(&mut self, store: &Store) {
        let Some(parts) = store.parts else { return };
        let job = &mut self.settings.job;
        let count = job.indexed.or(job.parallelism).unwrap_or_default();
        job.indexed = Some(count);
        if job.value(parts).is_none() {
            job.values.extend(format!("{parts}={}", u32::from(count)).parse());
        }
    }

    /// Rejects restarts within a pod: Kubernetes would count them for all workers together.
    fn check_restarts(&self) -> Result<(), Failure> {
        if self.settings.job.restart_policy != Some(RestartPolicy::OnFailure) {
            return Ok(());
        }
        let message =
            "the workers of a grid can't be restarted in their pods: the sixth death would end all of them";
        Err(Failure::new(INPUT, message)
            .hint("leave out `restart-policy`: new pods take the places of failed ones"))
    }

    /// Rejects recording a notebook whose function is called for each batch.
    fn check_recording(&self) -> Result<(), Failure> {
        if !self.component.recorded {
            return Ok(());
        }
        let message = format!("grid wrappers don't support `{NAME}`: the notebook itself isn't run");
        Err(Failure::new(INPUT, message).hint(format!(
            "leave it out, or write `{NAME} = false` under `[operators.{}]` in `c3.toml`",
            self.source.stem()
        )))
    }

    /// Rejects a process function that the script doesn't define.
    fn check_process(&self, process: &str, store: &Store) -> Result<(), Failure> {
        let name = self.source.display();
        if !runtime::of(self.component.language).importable {
            let language = frontend::language_name(self.component.language);
            let message = format!("grid wrappers support only Python; `{name}` is {language}");
            return Err(Failure::new(INPUT, message).hint("use `c3 create-operator`, once for each batch"));
        }
        if frontend::python::defines(self.source.text(), process) {
            return Ok(());
        }
        let first = store.called_with.join(", ");
        Err(Failure::new(INPUT, format!("`{name}` has no function `{process}`")).hint(format!(
            "write `def {process}({first}, **parameters):`, or name another function with `--process`"
        )))
    }
}
