//! Which parts of an operator's interface cross to a target, each with its proof; the rest is reported when
//! files are written.

use std::ops::Range;

use super::{Operator, Target};
use crate::component::Input;
use crate::diagnostic::Diagnostic;
use crate::shown;

/// Whether a part of the interface crosses to a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crossing {
    /// It arrives: `FILE::TEST`, below `tests/engines/`, runs the engine or parses what was written.
    Proven(&'static str),
    /// The target has no place for it: why, and what to do.
    Cannot(&'static str, &'static str),
}

/// How each part of the interface crosses.
#[derive(Debug)]
pub struct Crossings {
    /// Values of inputs.
    pub inputs: Crossing,
    /// Values and files that outputs name.
    pub outputs: Crossing,
    /// Values that nobody may see.
    pub secrets: Crossing,
    /// What a job asks of a node: `[job.requests]`, limits, GPUs, labels.
    pub resources: Crossing,
    /// Claims of persistent volumes: `[job] volumes`.
    pub volumes: Crossing,
    /// Files that inputs name.
    pub files: Crossing,
    /// The script's exit code.
    pub exit_code: Crossing,
}

impl Crossings {
    /// Each part by its name.
    #[must_use]
    pub fn all(&self) -> [(&'static str, Crossing); 7] {
        [
            ("inputs", self.inputs),
            ("outputs", self.outputs),
            ("secrets", self.secrets),
            ("resources", self.resources),
            ("volumes", self.volumes),
            ("files", self.files),
            ("exit code", self.exit_code),
        ]
    }
}

/// Tells what of an operator can't cross to a target.
pub(super) fn review(operator: &Operator, target: &Target) -> Vec<Diagnostic> {
    let Operator { component, settings } = operator;
    let (crossings, job) = (target.crossings, &settings.job);
    let first = |of: fn(&&Input) -> bool| component.inputs.iter().find(of);
    let input = |input: &Input| (format!("the input `{}`", input.name), Some(input.span.clone()));
    let asked = Some(job.asked_of_nodes()).filter(|asked| !asked.is_empty());
    let output = component.outputs.first().filter(|_| job.volumes.is_empty());
    let used = [
        (crossings.inputs, first(|input| input.required && !input.secret).map(input)),
        (
            crossings.outputs,
            output.map(|output| (format!("the output `{}`", output.name), place(&output.span))),
        ),
        (
            crossings.secrets,
            first(|input| input.secret).map(|it| (format!("the secret `{}`", it.name), None)),
        ),
        (
            crossings.resources,
            asked.map(|asked| (format!("what the job asks of a node, {},", shown::listed(&asked)), None)),
        ),
        (
            crossings.volumes,
            job.volumes.first().map(|volume| (format!("the volume `{}`", volume.claim()), None)),
        ),
        (crossings.files, first(|input| input.kind.is_path()).map(input)),
    ];
    let told = used.into_iter().filter_map(|(crossing, used)| match (crossing, used) {
        (Crossing::Cannot(why, remedy), Some((what, span))) => {
            let message = format!("{what} doesn't cross to `{}`: {why}", target.name);
            let note = Diagnostic::note("no-crossing", message).hint(remedy);
            // The line may hold the default of a secret.
            Some(Diagnostic { span, covered: true, ..note })
        }
        _ => None,
    });
    told.collect()
}

/// The bytes of the source where an output is written; the executed notebook is written nowhere.
fn place(span: &Range<usize>) -> Option<Range<usize>> {
    (!span.is_empty()).then(|| span.clone())
}

/// Tells that a target has no place for a part of the job's settings.
pub(super) fn no_place(target: &str, what: &str, hint: &str) -> Diagnostic {
    Diagnostic::note("no-crossing", format!("`{target}` has no place for {what} of the job")).hint(hint)
}
