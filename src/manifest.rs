//! Manifests: what a Kubeflow component, a Kubernetes job or a CWL step says about an operator, whoever wrote
//! it.

use std::collections::BTreeMap;

use serde::Deserialize;
use yaml_serde::{Mapping, Value};

use crate::component::{Input, Type, Via};
use crate::invocation::Interface;
use crate::location::Location;

/// The contents of a manifest.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// The image.
    pub image: String,
    /// The inputs.
    pub interface: Interface,
}

/// Suffixes of manifests.
const SUFFIXES: &[&str] = &[".yaml", ".yml", ".cwl"];

/// Whether a file is a manifest, judged by its name.
#[must_use]
pub fn is_manifest(name: &str) -> bool {
    SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
}

impl Manifest {
    /// Reads a manifest.
    pub fn parse(text: &str) -> Result<Self, String> {
        let document: Value = yaml_serde::from_str(text).map_err(|error| error.to_string())?;
        let packed = document.get("$graph").and_then(Value::as_sequence);
        let tool =
            packed.and_then(|all| all.iter().find(|one| text_at(one, "class") == Some("CommandLineTool")));
        let manifest = match (text_at(&document, "kind"), text_at(&document, "class")) {
            (Some("Job"), _) => job(&document),
            (_, Some("CommandLineTool")) => step(&document),
            _ => tool.map_or_else(|| component(&document), step),
        };
        manifest.ok_or_else(|| {
            "it is not a Kubeflow component, Kubernetes job or CWL step that names an image".to_owned()
        })
    }

    /// The manifest's values for inputs that aren't given otherwise.
    #[must_use]
    pub fn values(&self) -> BTreeMap<String, String> {
        let inputs = self.interface.inputs.iter();
        inputs.filter_map(|(_, input)| Some((input.name.clone(), input.default.clone()?))).collect()
    }

    /// The image's own interface, with the manifest's values as defaults.
    #[must_use]
    pub fn joined(&self, mut interface: Interface) -> Interface {
        let values = self.values();
        for (id, input) in &mut interface.inputs {
            if let Some(value) = values.get(id).or_else(|| values.get(&input.name)) {
                input.default = Some(value.clone());
                input.required = false;
            }
        }
        interface
    }
}

/// An input of a Kubeflow component.
#[derive(Deserialize)]
struct ComponentInput {
    name: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    default: Option<Value>,
    #[serde(default)]
    optional: bool,
    description: Option<String>,
}

fn component(document: &Value) -> Option<Manifest> {
    let image = document.get("implementation")?.get("container")?.get("image")?.as_str()?;
    let inputs: Option<Vec<ComponentInput>> = match document.get("inputs") {
        None => None,
        Some(inputs) => yaml_serde::from_value(inputs.clone()).ok()?,
    };
    let input = |found: ComponentInput| {
        // The original writes `None` for a parameter without a default.
        let default = found.default.as_ref().and_then(scalar).filter(|text| text != "None");
        Input {
            required: found.default.is_none() && !found.optional,
            description: found.description,
            ..input(found.name, Type::from(found.kind.unwrap_or_else(|| "String".to_owned())), default)
        }
    };
    Some(manifest(image, document, inputs.unwrap_or_default().into_iter().map(input)))
}

fn job(document: &Value) -> Option<Manifest> {
    let pod = document.get("spec")?.get("template")?.get("spec")?;
    let container = pod.get("containers")?.get(0)?;
    let image = text_at(container, "image")?;
    let variables = container.get("env").and_then(Value::as_sequence).into_iter().flatten();
    let input = |variable: &Value| {
        let name = text_at(variable, "name")?.to_owned();
        let value = variable.get("value").and_then(scalar);
        // What is to be filled in is no value: nothing here, `value_of_…` where the original wrote it.
        let is_value = |text: &String| !text.is_empty() && *text != format!("value_of_{name}");
        let default = value.filter(is_value).map(|text| text.replace("$$", "$"));
        let secret = variable.get("valueFrom").and_then(|from| from.get("secretKeyRef"));
        let optional = secret.and_then(|secret| secret.get("optional")).and_then(Value::as_bool);
        let required = secret.is_some() && optional != Some(true);
        Some(Input { required, secret: secret.is_some(), ..input(name, Type::String, default) })
    };
    Some(manifest(image, document, variables.filter_map(input)))
}

/// A CWL step; the original's has no image but runs its own program with the image as a parameter.
fn step(document: &Value) -> Option<Manifest> {
    let by_claimed = text_at(document, "baseCommand") == Some("claimed");
    let none = Mapping::new();
    let inputs = document.get("inputs").and_then(Value::as_mapping).unwrap_or(&none);
    let image = if by_claimed {
        document.get("inputs")?.get("component")?.get("default")?
    } else {
        document.get("requirements")?.get("DockerRequirement")?.get("dockerPull")?
    };
    let image = image.as_str()?;
    let inputs = inputs.iter().filter_map(|(name, port)| Some((name.as_str()?, port)));
    let inputs = inputs.filter(|(name, _)| !by_claimed || *name != "component");
    Some(manifest(image, document, inputs.map(|(name, port)| step_input(name, port))))
}

fn step_input(name: &str, port: &Value) -> Input {
    let kind = port.get("type").unwrap_or(port);
    let names: Vec<&str> = match kind {
        Value::Sequence(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        kind => kind.as_str().into_iter().collect(),
    };
    let optional = names.iter().any(|name| *name == "null" || name.ends_with('?'));
    let kind = match names.iter().find(|name| **name != "null").map(|name| name.trim_end_matches('?')) {
        Some("int" | "long") => Type::Integer,
        Some("float" | "double") => Type::Float,
        Some("boolean" | "bool") => Type::Boolean,
        Some(path @ ("File" | "Directory")) => Type::Path(path.to_owned()),
        _ => Type::String,
    };
    let default = port.get("default").and_then(scalar).filter(|text| text != "None");
    let description = text_at(port, "doc").map(ToOwned::to_owned);
    let required = !optional && port.get("default").is_none();
    Input { required, description, ..input(name.to_owned(), kind, default) }
}

fn manifest(image: &str, document: &Value, inputs: impl Iterator<Item = Input>) -> Manifest {
    let description = text_at(document, "description").or_else(|| text_at(document, "doc"));
    let interface = Interface {
        description: description.unwrap_or_default().to_owned(),
        inputs: inputs.map(|input| (input.name.clone(), input)).collect(),
        ..Interface::default()
    };
    Manifest { image: image.to_owned(), interface }
}

/// An input with nothing else known.
fn input(name: String, kind: Type, default: Option<String>) -> Input {
    Input {
        name,
        kind,
        default,
        required: false,
        unconditional: false,
        via: Via::Environment,
        argument: None,
        word: false,
        secret: false,
        description: None,
        location: Location { cell: None, line: 1, column: 1 },
        reads: Vec::new(),
        span: 0..0,
    }
}

fn text_at<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str()
}

/// A plain value as a text.
pub(crate) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
