//! Parameters: inputs and outputs as engines see them, with identifiers for names.

use std::collections::BTreeSet;

use crate::component::{Component, Input, Output, Type, Via};
use crate::identifier;

/// An input and its identifier.
#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    /// The identifier.
    pub(crate) id: String,
    /// The input; includes the added `log_level`.
    pub(crate) input: Input,
}

impl Parameter {
    /// Whether an engine may omit it.
    pub(crate) fn optional(&self) -> bool {
        !self.input.required
    }

    /// The default that a manifest may show.
    pub(crate) fn default(&self) -> Option<&str> {
        self.input.default.as_deref().filter(|_| !self.input.secret)
    }

    /// The description on one line.
    pub(crate) fn description(&self) -> Option<String> {
        self.input.description.as_deref().map(one_line)
    }

    /// A summary for a comment: identifier, type, default, description.
    pub(crate) fn about(&self) -> String {
        let default = self.default().map(|text| format!(", by default {text}")).unwrap_or_default();
        let needed = if self.input.required { ", required" } else { &default };
        let about = self.description().map(|text| format!(": {text}")).unwrap_or_default();
        format!("{} ({}{needed}){about}", self.id, self.input.kind.name())
    }
}

/// An output and its identifier.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// The identifier, distinct from those of parameters.
    pub(crate) id: String,
    /// The output.
    pub(crate) output: Output,
}

impl Outcome {
    /// The description on one line.
    pub(crate) fn description(&self) -> Option<String> {
        self.output.description.as_deref().map(one_line)
    }
}

/// Name of the parameter of every operator with logging.
pub(crate) const LOG_LEVEL: &str = "log_level";

/// The parameters of a component; `log_level` comes last where `c3` adds it.
pub(crate) fn parameters(component: &Component, logging: bool) -> Vec<Parameter> {
    let is_log_level = |name: &str| identifier::fold(name).to_lowercase().trim_matches('_') == LOG_LEVEL;
    let declared = component.inputs.iter().any(|input| is_log_level(&input.name))
        || component.outputs.iter().any(|output| is_log_level(&output.name));
    let added = (logging && !declared).then(log_level);
    let inputs = component.inputs.iter().cloned().chain(added);
    inputs.map(|input| Parameter { id: identifier::fold(&input.name), input }).collect()
}

fn log_level() -> Input {
    Input {
        name: LOG_LEVEL.to_owned(),
        kind: Type::String,
        default: Some("INFO".to_owned()),
        via: Via::Environment,
        argument: None,
        word: false,
        required: false,
        unconditional: false,
        secret: false,
        description: Some("Level of the log messages: DEBUG, INFO, WARNING, ERROR or CRITICAL".to_owned()),
        location: crate::location::Location { cell: None, line: 1, column: 1 },
        reads: Vec::new(),
        span: 0..0,
    }
}

/// The outputs of a component; an identifier that is taken gets the suffix `_output`.
pub(crate) fn outcomes(component: &Component, parameters: &[Parameter]) -> Vec<Outcome> {
    let mut taken: BTreeSet<String> = parameters.iter().map(|parameter| parameter.id.clone()).collect();
    taken.extend(component.outputs.iter().map(|output| outcome_id(&output.name)));
    let mut given: BTreeSet<String> = parameters.iter().map(|parameter| parameter.id.clone()).collect();
    let mut outcomes = Vec::new();
    for output in &component.outputs {
        let mut id = outcome_id(&output.name);
        if given.contains(&id) {
            while taken.contains(&id) {
                id.push_str("_output");
            }
            taken.insert(id.clone());
        }
        given.insert(id.clone());
        outcomes.push(Outcome { id, output: output.clone() });
    }
    outcomes
}

/// The arguments that deliver all outputs of a component to one folder, each under its own name.
pub(crate) fn delivered_to(folder: &str, component: &Component, parameters: &[Parameter]) -> Vec<String> {
    let outcomes = outcomes(component, parameters).into_iter();
    outcomes.map(|outcome| format!("--{}={folder}", outcome.id)).collect()
}

/// The identifier of an output; kfp 1.8 allows no leading `_`.
fn outcome_id(name: &str) -> String {
    let id = identifier::fold(name);
    if id.starts_with('_') { format!("output{id}") } else { id }
}

/// A text on one line: white space and control characters become single blanks.
pub(crate) fn one_line(text: &str) -> String {
    let blank = |character: char| character.is_whitespace() || character.is_control();
    text.split(blank).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}
