//! Which parts of an operator's interface cross to a target, each with its proof; the rest is reported when
//! files are written.

use std::ops::Range;

use super::{Operator, Target};
use crate::component::{Component, Input};
use crate::diagnostic::Diagnostic;
use crate::display;

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

/// What of an operator a target may have no place for.
struct Part {
    /// It, by name.
    what: String,
    /// Whether it is several.
    several: bool,
    /// The bytes of the source where the first of it stands.
    span: Option<Range<usize>>,
}

impl Part {
    /// Inputs or outputs; nothing, if there are none.
    fn named<'a>(kind: &str, all: impl Iterator<Item = (&'a str, Option<Range<usize>>)>) -> Option<Self> {
        let (names, spans): (Vec<_>, Vec<_>) = all.map(|(name, span)| (format!("`{name}`"), span)).collect();
        let several = names.len() > 1;
        let plural = if several { "s" } else { "" };
        let what = format!("the {kind}{plural} {}", display::listed(&names));
        spans.into_iter().next().map(|span| Self { what, several, span })
    }

    /// Inputs of some kind.
    fn inputs(component: &Component, of: fn(&&Input) -> bool) -> Option<Self> {
        let inputs = component.inputs.iter().filter(of);
        Self::named("input", inputs.map(|input| (input.name.as_str(), Some(input.span.clone()))))
    }
}

/// Tells what of an operator can't cross to a target, all of it by name.
pub(super) fn review(operator: &Operator, target: &Target) -> Vec<Diagnostic> {
    let Operator { component, settings } = operator;
    let (crossings, job) = (target.crossings, &settings.job);
    let outputs = component.outputs.iter().filter(|_| job.volumes.is_empty());
    let secrets = component.inputs.iter().filter(|input| input.secret);
    let asked = Some(job.asked_of_nodes()).filter(|asked| !asked.is_empty());
    let asked = asked.map(|asked| format!("what the job asks of a node, {},", display::listed(&asked)));
    let used = [
        (crossings.inputs, Part::inputs(component, |input| input.required && !input.secret)),
        (
            crossings.outputs,
            Part::named("output", outputs.map(|output| (output.name.as_str(), place(&output.span)))),
        ),
        (crossings.secrets, Part::named("secret", secrets.map(|secret| (secret.name.as_str(), None)))),
        (crossings.resources, asked.map(|what| Part { what, several: false, span: None })),
        (crossings.volumes, Part::named("volume", job.volumes.iter().map(|volume| (volume.claim(), None)))),
        (crossings.files, Part::inputs(component, |input| input.kind.is_path())),
    ];
    let told = used.into_iter().filter_map(|(crossing, used)| match (crossing, used) {
        (Crossing::Cannot(why, remedy), Some(Part { what, several, span })) => {
            let verb = if several { "don't" } else { "doesn't" };
            let message = format!("{what} {verb} cross to `{}`: {why}", target.name);
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
