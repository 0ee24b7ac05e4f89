//! The entry point of an image: it takes the parameters, runs the unchanged script and delivers the outputs.

use serde::Serialize;

use super::parameter::{outcomes, parameters};
use super::runtime::Notation;
use super::{Operator, template};
use crate::artifact::Artifact;

/// What the entry point knows of its operator.
#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is read by itself")]
struct Interface<'a> {
    script: String,
    root: String,
    files: &'a [String],
    logging: bool,
    notebook: bool,
    ipython: bool,
    skips_dashes: bool,
    inputs: Vec<Input>,
    outputs: Vec<Output>,
}

#[derive(Serialize)]
struct Input {
    name: String,
    id: String,
    #[serde(rename = "type")]
    kind: String,
    default: Option<String>,
    secret: bool,
}

#[derive(Serialize)]
struct Output {
    name: String,
    id: String,
    #[serde(rename = "type")]
    kind: String,
    read: bool,
}

/// The interface as the language's template takes it.
#[derive(Serialize)]
#[serde(untagged)]
enum Form<'a> {
    /// JSON, which Python reads itself.
    Json(String),
    /// An expression of R's, which has no reader of JSON.
    Expression(Interface<'a>),
}

#[derive(Serialize)]
struct Context<'a> {
    interface: Form<'a>,
}

/// The name of the entry point, which stands beside the script: `claimed_<stem>.py`.
#[must_use]
pub fn file_name(operator: &Operator) -> String {
    format!("claimed_{}.{}", operator.settings.stem, operator.runtime().extension)
}

/// Writes the entry point.
#[must_use]
pub fn emit(operator: &Operator) -> Artifact {
    let Operator { component, settings } = operator;
    let parameters = parameters(component, settings.logging);
    let interface = Interface {
        script: operator.script(),
        root: root(&settings.folder),
        files: &settings.files,
        logging: settings.logging,
        notebook: operator.script() != component.source,
        ipython: component.ipython,
        skips_dashes: settings.variant.is_some_and(|variant| variant.skips_dashes),
        outputs: outcomes(component, &parameters)
            .into_iter()
            .map(|outcome| Output {
                id: outcome.id,
                kind: outcome.output.kind.name().to_owned(),
                name: outcome.output.name,
                read: outcome.output.read,
            })
            .collect(),
        inputs: parameters
            .into_iter()
            .map(|parameter| Input {
                default: parameter.default().map(ToOwned::to_owned),
                id: parameter.id,
                kind: parameter.input.kind.name().to_owned(),
                name: parameter.input.name,
                secret: parameter.input.secret,
            })
            .collect(),
    };
    let interface = match operator.runtime().notation {
        Notation::Json => Form::Json(ascii_json(&interface).unwrap_or_default()),
        Notation::Expression => Form::Expression(interface),
    };
    let context = Context { interface };
    Artifact::new(file_name(operator), template::render(operator.runtime().prelude, &context))
}

/// The working directory seen from the script's folder.
fn root(folder: &str) -> String {
    match folder.matches('/').count() {
        0 => ".".to_owned(),
        depth => vec![".."; depth].join("/"),
    }
}

/// JSON of ASCII characters only, so that the generated program needs no encoding, and without escaped quotes
/// and backslashes, which not every reader of Dockerfiles understands.
pub(super) fn ascii_json(value: &impl Serialize) -> Option<String> {
    let json = serde_json::to_string(value).ok()?;
    let mut units = [0; 2];
    let mut escaped = false;
    let mut ascii = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '"' | '\\' if escaped => {
                ascii.pop();
                ascii.push_str(if character == '"' { "\\u0022" } else { "\\u005c" });
            }
            ' '..='~' => ascii.push(character),
            character => {
                ascii.extend(character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
            }
        }
        escaped = character == '\\' && !escaped;
    }
    Some(ascii)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Value, json};

    use super::*;

    /// The keys of an object, in the order of letters.
    fn keys(value: &Value) -> BTreeSet<&str> {
        value.as_object().unwrap().keys().map(String::as_str).collect()
    }

    #[test]
    fn the_interface_has_the_keys_that_the_preludes_read() {
        let text = || "x".to_owned();
        let input = Input { name: text(), id: text(), kind: text(), default: None, secret: false };
        let output = Output { name: text(), id: text(), kind: text(), read: false };
        let interface = json!(Interface {
            script: text(),
            root: text(),
            files: &[],
            logging: false,
            notebook: false,
            ipython: false,
            skips_dashes: false,
            inputs: vec![input],
            outputs: vec![output],
        });
        let contract: Value =
            serde_json::from_str(include_str!("../../templates/contract/interface.json")).unwrap();
        let expected = |name: &str| -> BTreeSet<_> {
            contract[name].as_array().unwrap().iter().filter_map(Value::as_str).collect()
        };
        assert_eq!(keys(&interface), expected("interface"));
        assert_eq!(keys(&interface["inputs"][0]), expected("input"));
        assert_eq!(keys(&interface["outputs"][0]), expected("output"));
    }
}
