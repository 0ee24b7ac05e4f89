//! Remarks: what could not be joined, where, and the remedy.

use super::Engine;
use crate::backend::parameter::{Outcome, Parameter};
use crate::component::Type;
use crate::diagnostic::Diagnostic;

/// A remark on an operator in a workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// Index of the operator, from 0.
    pub operator: usize,
    /// The remark, with its position in the source.
    pub diagnostic: Diagnostic,
}

impl Remark {
    pub(super) fn new(operator: usize, message: String, hint: impl Into<String>) -> Self {
        Self { operator, diagnostic: Diagnostic::warning("workflow", message).hint(hint) }
    }

    /// The same, at these bytes of the source, if known.
    pub(super) fn at(mut self, span: &std::ops::Range<usize>) -> Self {
        self.diagnostic.span = Some(span.clone()).filter(|span| !span.is_empty());
        self
    }

    /// The remark on a file that can't be passed between pods.
    pub(super) fn no_claim((at, other, outcome): (usize, &str, &Outcome), step: &str) -> Self {
        let message = format!(
            "output `{}` of `{other}` is a file, and no claim holds it for `{step}`: they are not joined",
            outcome.output.name
        );
        Self::new(
            at,
            message,
            "let both mount one claim: `volumes = [\"CLAIM:PATH\"]` in `[job]` of `c3.toml`",
        )
        .at(&outcome.output.span)
    }

    /// The remark on an output that doesn't fit the input of its name, at the place of the remedy.
    pub(super) fn misfit(
        engine: Engine,
        (at, other, outcome): (usize, &str, &Outcome),
        (step, id, parameter): (usize, &str, &Parameter),
    ) -> Self {
        let (from, to) = (&outcome.output.kind, &parameter.input.kind);
        let message = format!(
            "output `{}` of `{other}` is {}, which {} can't take for {} of `{id}`: they are not joined",
            outcome.output.name,
            from.name(),
            engine.name(),
            to.name(),
        );
        match remedy(engine, from, to) {
            Remedy::Output(kind) => {
                let hint =
                    format!("write `# c3: output={}` at the end of the line that sets it", kind.name());
                Self::new(at, message, hint).at(&outcome.output.span)
            }
            Remedy::Input(Type::Path(kind)) => {
                let hint = format!("write `# c3: input={kind}` at the end of the line that reads it");
                Self::new(step, message, hint).at(&parameter.input.span)
            }
            Remedy::Input(_) => {
                let hint = "read it as text, and convert it on a line of its own";
                Self::new(step, message, hint).at(&parameter.input.span)
            }
        }
    }
}

/// The side to change, and its new type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Remedy {
    /// The line that sets the output.
    Output(Type),
    /// The line that reads the input.
    Input(Type),
}

/// The change that joins an output and an input of different types.
pub(super) fn remedy(engine: Engine, from: &Type, to: &Type) -> Remedy {
    match (from, to) {
        (Type::Path(from), Type::Path(_)) => Remedy::Input(Type::Path(from.clone())),
        (Type::Path(from), _) => {
            let kind = if from == "Directory" { "Directory" } else { "File" };
            Remedy::Input(Type::Path(kind.to_owned()))
        }
        (_, Type::Path(_)) => Remedy::Output(to.clone()),
        _ if matches!(engine, Engine::Kubeflow | Engine::KfpIr) => Remedy::Output(to.clone()),
        _ => Remedy::Input(Type::String),
    }
}
