//! CWL: a v1.2 step that runs in its container under another user and a read-only root.

use serde::Serialize;
use serde_json::{Value, json};

use super::parameter::{Outcome, Parameter, one_line, outcomes, parameters};
use super::{Operator, template};
use crate::artifact::Artifact;
use crate::component::Type;
use crate::diagnostic::Diagnostic;
use crate::stamp::Stamp;
use crate::value;

pub(crate) mod eoap;

/// The context of `templates/cwl/tool.j2`.
#[derive(Serialize)]
struct Context {
    c3: String,
    source: String,
    name: String,
    description: String,
    /// None if the step runs without a container.
    image: Option<String>,
    /// The zip with the operator, if there is no image.
    zip: Option<String>,
    command: Vec<String>,
    arguments: Vec<String>,
    /// Variables beyond those of every step.
    environment: Vec<(String, String)>,
    /// Cores and memory, if set.
    resources: Option<Value>,
    /// Inputs whose values cwltool masks in its log.
    secrets: Vec<String>,
    inputs: Vec<Port>,
    outputs: Vec<Port>,
}

#[derive(Serialize)]
struct Port {
    id: String,
    /// Its name in the source.
    #[serde(skip)]
    name: String,
    /// The label, if set.
    label: Option<String>,
    kind: Value,
    description: Option<String>,
    default: Option<Value>,
    binding: Value,
    glob: String,
}

/// Writes `<stem>.cwl`.
#[expect(clippy::unnecessary_wraps, reason = "the signature of every target")]
pub(super) fn emit(operator: &Operator) -> Result<Vec<Artifact>, Vec<Diagnostic>> {
    Ok(vec![operator.artifact(".cwl", &template::render("cwl/step.cwl", &step(operator)))])
}

/// A step that runs the operator's image.
fn step(operator: &Operator) -> Context {
    let image = Some(operator.settings.image.to_string());
    Context { image, command: operator.command(), ..context(operator) }
}

/// Writes `<stem>.containerless.cwl`, which runs a zip beside it.
pub(super) fn containerless(operator: &Operator, zip: &Artifact) -> Artifact {
    let command = vec!["python3".to_owned()];
    let c3 = Stamp { image: None, base_image: None, ..operator.stamp_beside(zip) }.to_string();
    let context = Context { c3, zip: Some(zip.name.clone()), command, ..context(operator) };
    operator.artifact(".containerless.cwl", &template::render("cwl/step.cwl", &context))
}

/// The parts of a step that don't depend on what runs it.
fn context(operator: &Operator) -> Context {
    let Operator { component, settings } = operator;
    let parameters = parameters(component, settings.logging);
    let outcomes = outcomes(component, &parameters);
    Context {
        c3: operator.stamp().to_string(),
        source: component.source.clone(),
        name: component.name.clone(),
        description: one_line(&component.description),
        image: None,
        zip: None,
        command: Vec::new(),
        arguments: outcomes
            .iter()
            .flat_map(|outcome| [format!("--{}", outcome.id), folder(outcome)])
            .collect(),
        environment: Vec::new(),
        resources: None,
        secrets: secrets(&parameters),
        inputs: parameters.iter().map(input).collect(),
        outputs: outcomes.iter().map(output).collect(),
    }
}

/// Names that cwltool's own options take on a step's command line.
const TAKEN: &[&str] = &["help", "h"];

/// Reports inputs that can't be given on a runner's command line.
pub(super) fn review(operator: &Operator) -> Vec<Diagnostic> {
    let taken = operator.component.inputs.iter().filter(|input| TAKEN.contains(&input.name.as_str()));
    let notes = taken.map(|input| {
        let message = format!("runners of CWL take `--{}` for an option of their own", input.name);
        let note = Diagnostic::note("cwl-name", message).at(input.span.clone());
        note.hint("give its value in a file of inputs, `cwltool step.cwl inputs.yaml`, or rename it")
    });
    notes.collect()
}

/// The inputs whose values cwltool masks in its log.
pub(crate) fn secrets(parameters: &[Parameter]) -> Vec<String> {
    parameters.iter().filter(|it| it.input.secret).map(|it| it.id.clone()).collect()
}

/// The type of a parameter and its default. cwltool masks only strings, and fails if one is missing: a secret
/// is a string, and the empty string means that none is given.
pub(crate) fn declared(parameter: &Parameter) -> (Value, Option<Value>) {
    match (parameter.input.secret, parameter.optional()) {
        (true, true) => return (optional(json!("string")), Some(json!(""))),
        (true, false) => return (json!("string"), None),
        _ => {}
    }
    let default = parameter.default().and_then(|text| value(&parameter.input.kind, text));
    let kind = input_type(&parameter.input.kind, default.as_ref());
    (if parameter.optional() && default.is_none() { optional(kind) } else { kind }, default)
}

fn input(parameter: &Parameter) -> Port {
    let (kind, default) = declared(parameter);
    Port {
        id: parameter.id.clone(),
        name: parameter.input.name.clone(),
        label: None,
        kind,
        description: parameter.description(),
        binding: binding(parameter),
        default,
        glob: String::new(),
    }
}

/// A flag's prefix alone would be dropped when the value is false.
fn binding(parameter: &Parameter) -> Value {
    match parameter.input.kind {
        Type::Boolean => json!({"valueFrom": format!("--{}=$(self)", parameter.id)}),
        _ => json!({"prefix": format!("--{}", parameter.id)}),
    }
}

/// The type of an input; an integer beyond 32 bits is a `long`.
fn input_type(kind: &Type, default: Option<&Value>) -> Value {
    let is_long = || default.and_then(Value::as_i64).is_some_and(|value| i32::try_from(value).is_err());
    match kind.name() {
        "String" | "List" | "Dict" => json!("string"),
        "Integer" if is_long() => json!("long"),
        "Integer" => json!("int"),
        "Float" => json!("float"),
        "Boolean" => json!("boolean"),
        "File" => json!("File"),
        "Directory" => json!("Directory"),
        _ => json!(["File", "Directory"]),
    }
}

fn optional(kind: Value) -> Value {
    match kind {
        Value::Array(kinds) => std::iter::once(json!("null")).chain(kinds).collect(),
        kind => json!(["null", kind]),
    }
}

/// A default in the type's own form; one that JSON can't hold, and any path, is left to the source.
fn value(kind: &Type, text: &str) -> Option<Value> {
    match kind {
        Type::String | Type::List | Type::Dict => Some(json!(text)),
        Type::Integer => text.parse::<i64>().ok().map(|value| json!(value)),
        Type::Float => {
            value::float_from_text(text).filter(|value| value.is_finite()).map(|value| json!(value))
        }
        Type::Boolean => value::boolean(text).map(|value| json!(value)),
        Type::Path(_) => None,
    }
}

/// The type of a result, which may be missing.
pub(crate) fn delivered(kind: &Type) -> Value {
    optional(match kind.name() {
        "Directory" => json!("Directory"),
        // A text or a number is what the file holds.
        "String" | "Integer" | "Float" | "Boolean" | "File" => json!("File"),
        _ => json!(["File", "Directory"]),
    })
}

fn output(outcome: &Outcome) -> Port {
    Port {
        id: outcome.id.clone(),
        name: outcome.output.name.clone(),
        label: None,
        kind: delivered(&outcome.output.kind),
        description: outcome.description(),
        default: None,
        binding: Value::Null,
        glob: format!("{}*", folder(outcome)),
    }
}

/// The folder of a result below the output folder, where it keeps its own name.
fn folder(outcome: &Outcome) -> String {
    format!("c3_outputs/{}/", outcome.id)
}
