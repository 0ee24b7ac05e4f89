//! Kubeflow components by any author as operators of a workflow.

use serde::Deserialize;
use yaml_serde::Value;

use super::{Engine, Operator};
use crate::backend::parameter::{Outcome, Parameter};
use crate::component::{Input, Output, Type, Via};
use crate::frontend::interface::is_secret_name;
use crate::location::Location;
use crate::manifest::scalar;
use crate::reference::operator_name;

#[derive(Deserialize)]
struct File {
    name: Option<String>,
    #[serde(default)]
    inputs: Vec<Port>,
    #[serde(default)]
    outputs: Vec<Port>,
    /// The key that every component has, and hardly anything else.
    #[serde(rename = "implementation")]
    _implementation: Value,
}

#[derive(Deserialize)]
struct Port {
    name: String,
    #[serde(rename = "type")]
    kind: Option<Value>,
    description: Option<String>,
    default: Option<Value>,
    #[serde(default)]
    optional: bool,
}

/// Reads a component file; `stem` is its file name without the suffix.
pub fn parse(text: &str, stem: &str) -> Result<Operator, String> {
    let file: File = yaml_serde::from_str(text).map_err(|error| error.to_string())?;
    let name = operator_name(file.name.as_deref().unwrap_or(stem)).map_err(|error| error.to_string())?;
    Ok(Operator {
        name,
        stem: stem.to_owned(),
        component_file: format!("{stem}{}", Engine::Kubeflow.step_suffix()),
        folder: String::new(),
        claims: None,
        compiled: None,
        package: None,
        parameters: file.inputs.into_iter().map(parameter).collect(),
        outcomes: file.outputs.into_iter().map(outcome).collect(),
    })
}

const NOWHERE: Location = Location { cell: None, line: 1, column: 1 };

fn parameter(port: Port) -> Parameter {
    let kind = kind(port.kind.as_ref());
    let default = port.default.as_ref().and_then(scalar);
    let is_open = kind == Type::String && port.optional && default.is_none();
    let input = Input {
        secret: is_open && is_secret_name(&port.name),
        required: default.is_none() && !port.optional,
        unconditional: false,
        via: Via::Environment,
        argument: None,
        word: false,
        name: port.name.clone(),
        kind,
        default,
        description: port.description,
        location: NOWHERE,
        reads: Vec::new(),
        span: 0..0,
    };
    Parameter { id: port.name, input }
}

fn outcome(port: Port) -> Outcome {
    let output = Output {
        name: port.name.clone(),
        kind: kind(port.kind.as_ref()),
        description: port.description,
        location: NOWHERE,
        read: false,
        span: 0..0,
    };
    Outcome { id: port.name, output }
}

/// The type of a port, by any name that kfp accepts; without one, an artifact.
fn kind(kind: Option<&Value>) -> Type {
    let name = kind.and_then(Value::as_str).unwrap_or("Artifact");
    match name.to_ascii_lowercase().as_str() {
        "string" | "str" | "text" => Type::String,
        "integer" | "int" => Type::Integer,
        "float" | "double" => Type::Float,
        "boolean" | "bool" => Type::Boolean,
        "list" | "jsonarray" => Type::List,
        "dict" | "dictionary" | "jsonobject" => Type::Dict,
        _ => Type::Path(name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_of_other_tools_are_read() {
        let text = "name: Count Rows\n\
                    inputs:\n\
                    - {name: table, type: CSV}\n\
                    - {name: limit, type: int, default: 5}\n\
                    - {name: api_token, type: String, optional: true}\n\
                    - {name: anything}\n\
                    outputs:\n- {name: rows, type: str}\n\
                    implementation: {container: {image: x}}\n";
        let operator = parse(text, "count").unwrap();
        assert_eq!(
            (operator.name.as_str(), operator.file(Engine::Cwl).as_str()),
            ("count-rows", "count.cwl")
        );
        let kinds: Vec<_> = operator.parameters.iter().map(|port| port.input.kind.name()).collect();
        assert_eq!(kinds, ["CSV", "Integer", "String", "Artifact"]);
        assert_eq!(operator.parameters[1].input.default.as_deref(), Some("5"));
        assert!(operator.parameters[2].input.secret);
        assert_eq!(operator.outcomes[0].output.kind, Type::String);
    }

    #[test]
    fn other_documents_are_refused() {
        for text in ["", "kind: Job", "[1]", "a: [", "name: '!'\nimplementation: {}"] {
            assert!(parse(text, "x").is_err(), "{text}");
        }
    }
}
