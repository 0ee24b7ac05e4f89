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
    /// It crosses: the test `FILE::TEST` below `tests/engines/` runs the engine or parses the artifact.
    Proven(&'static str),
    /// It can't: why, and what to do instead.
    Cannot(&'static str, &'static str),
}

/// How each part of the interface crosses.
#[derive(Debug)]
pub struct Crossings {
    /// Values of inputs.
    pub inputs: Crossing,
    /// Values and files that outputs name.
    pub outputs: Crossing,
    /// Values to keep secret.
    pub secrets: Crossing,
    /// Resources of a node: `[job.requests]`, limits, GPUs, labels.
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

/// A part of an operator that a target may have no place for.
struct Part {
    /// The part, by name.
    what: String,
    /// Whether it is plural.
    several: bool,
    /// The bytes of the source where it is first mentioned.
    span: Option<Range<usize>>,
}

impl Part {
    /// Inputs or outputs by name; nothing if there are none.
    fn named<'a>(kind: &str, all: impl Iterator<Item = (&'a str, Option<Range<usize>>)>) -> Option<Self> {
        let (names, spans): (Vec<_>, Vec<_>) = all.map(|(name, span)| (format!("`{name}`"), span)).collect();
        let several = names.len() > 1;
        let plural = if several { "s" } else { "" };
        let what = format!("the {kind}{plural} {}", display::listed(&names));
        spans.into_iter().next().map(|span| Self { what, several, span })
    }

    /// Inputs of one kind.
    fn inputs(component: &Component, of: fn(&&Input) -> bool) -> Option<Self> {
        let inputs = component.inputs.iter().filter(of);
        Self::named("input", inputs.map(|input| (input.name.as_str(), Some(input.span.clone()))))
    }
}

/// Reports everything of an operator that can't cross to a target, by name.
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

/// The bytes of the source where an output is written; the executed notebook has none.
fn place(span: &Range<usize>) -> Option<Range<usize>> {
    (!span.is_empty()).then(|| span.clone())
}

/// The diagnostic for a part of the job's settings that a target has no place for.
pub(super) fn no_place(target: &str, what: &str, hint: &str) -> Diagnostic {
    Diagnostic::note("no-crossing", format!("`{target}` has no place for {what} of the job")).hint(hint)
}
