//! CWL: a v1.2 workflow that cwltool and Toil run without JavaScript.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::Value;

use super::{Engine, Origin, Route, Settings, Step, Workflow, WorkflowOutput, listed};
use crate::backend::cwl::{declared, delivered, secrets};
use crate::backend::parameter::Parameter;
use crate::backend::template;

pub mod eoap;

#[derive(Serialize)]
struct Context {
    c3: &'static str,
    operators: String,
    name: String,
    /// Whether any step needs expressions.
    evaluates: bool,
    /// Inputs whose values cwltool hides in its log.
    secrets: Vec<String>,
    inputs: Vec<Port>,
    outputs: Vec<Port>,
    steps: Vec<Stage>,
}

#[derive(Serialize)]
struct Port {
    id: String,
    kind: Value,
    description: Option<String>,
    default: Option<Value>,
    source: String,
}

#[derive(Serialize)]
struct Stage {
    id: String,
    run: String,
    inputs: Vec<Link>,
    outputs: Vec<String>,
}

/// An entry of a step's `in`.
#[derive(Serialize)]
struct Link {
    id: String,
    source: Option<String>,
    loads: bool,
    value: Option<String>,
}

/// Characters of a relative reference that need no escape.
const PATH: AsciiSet = NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_').remove(b'~');

/// Writes `<name>.workflow.cwl`.
pub(super) fn emit(workflow: &Workflow, settings: &Settings) -> String {
    template::render("cwl/workflow.cwl", &context(workflow, settings))
}

fn context(workflow: &Workflow, settings: &Settings) -> Context {
    let steps: Vec<_> = workflow.steps.iter().map(stage).collect();
    Context {
        c3: env!("CARGO_PKG_VERSION"),
        operators: listed(workflow),
        name: settings.name.clone(),
        evaluates: steps.iter().flat_map(|step| &step.inputs).any(|link| link.value.is_some()),
        secrets: secrets(&workflow.inputs),
        inputs: workflow.inputs.iter().map(input).collect(),
        outputs: workflow.outputs.iter().map(output).collect(),
        steps,
    }
}

fn input(parameter: &Parameter) -> Port {
    let (kind, default) = declared(parameter);
    Port {
        id: parameter.id.clone(),
        kind,
        description: parameter.description(),
        default,
        source: String::new(),
    }
}

fn output(output: &WorkflowOutput) -> Port {
    Port {
        id: output.id.clone(),
        kind: delivered(&output.outcome.output.kind),
        description: output.outcome.description(),
        default: None,
        source: format!("{}/{}", output.step, output.outcome.id),
    }
}

fn stage(step: &Step) -> Stage {
    let taken = |id: &str| step.operator.parameters.iter().any(|parameter| parameter.id == id);
    Stage {
        id: step.id.clone(),
        run: utf8_percent_encode(&step.operator.file(Engine::Cwl), &PATH).to_string(),
        inputs: step
            .sources
            .iter()
            .flat_map(|(parameter, origin)| links(parameter, origin, &taken))
            .collect(),
        outputs: step.operator.outcomes.iter().map(|outcome| outcome.id.clone()).collect(),
    }
}

/// The entries of a parameter. A text from a file has an entry of its own before the parameter's: Toil reads
/// no file for a parameter with a default.
fn links(parameter: &Parameter, origin: &Origin, taken: &dyn Fn(&str) -> bool) -> Vec<Link> {
    let id = parameter.id.clone();
    match origin {
        Origin::Unset => Vec::new(),
        Origin::Input(input) => {
            // A component file doesn't tell files from folders, but the step does.
            let is_vague = parameter.input.kind.name() == "Artifact";
            let value = is_vague.then(|| "$(self)".to_owned());
            vec![Link { id, source: Some(input.clone()), loads: false, value }]
        }
        Origin::Output { step, outcome, route } => {
            let source = Some(format!("{step}/{}", outcome.id));
            let itself = Some("$(self)".to_owned());
            match route {
                // The expression stands for the promise that the result is there and of the right kind.
                Route::File => vec![Link { id, source, loads: false, value: itself }],
                Route::Text => {
                    let mut file = format!("{id}_file");
                    while taken(&file) {
                        file.push('_');
                    }
                    let value = Some(format!("$(inputs.{file}.contents)"));
                    vec![
                        Link { id: file, source, loads: true, value: itself },
                        Link { id, source: None, loads: false, value },
                    ]
                }
            }
        }
    }
}
