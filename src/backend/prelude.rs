//! The entry point of an image: takes the parameters, runs the unchanged script and delivers the outputs.

use serde::Serialize;

use super::Operator;
use super::parameter::{outcomes, parameters};
use crate::artifact::Artifact;
use crate::component;
use crate::frontend::notebook::recording;

/// What the entry point knows of its operator.
#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is read by itself")]
struct Interface<'a> {
    name: &'a str,
    description: &'a str,
    source: &'a str,
    script: String,
    root: String,
    files: &'a [String],
    logging: bool,
    notebook: bool,
    ipython: bool,
    skips_dashes: bool,
    own_arguments: bool,
    cells: Vec<(usize, usize)>,
    raising: &'a [usize],
    record: Option<Record>,
    inputs: Vec<Input>,
    outputs: Vec<Output>,
}

/// How the run of a notebook is recorded.
#[derive(Serialize)]
struct Record {
    template: String,
    files: [Recorded; 2],
}

/// A file of the recorded run: its output, and its name.
#[derive(Serialize)]
struct Recorded {
    output: &'static str,
    name: String,
}

#[derive(Serialize)]
struct Input {
    name: String,
    id: String,
    #[serde(rename = "type")]
    kind: String,
    default: Option<String>,
    secret: bool,
    description: Option<String>,
    required: &'static str,
    via: component::Via,
    #[serde(skip_serializing_if = "Option::is_none")]
    argument: Option<component::Argument>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    word: bool,
}

#[derive(Serialize)]
struct Output {
    name: String,
    id: String,
    #[serde(rename = "type")]
    kind: String,
    read: bool,
    description: Option<String>,
}

/// The name of the entry point, which stands beside the script: `claimed_<stem>.py`.
#[must_use]
pub fn file_name(operator: &Operator) -> String {
    format!("claimed_{}.{}", operator.settings.stem, operator.runtime().extension)
}

/// The name of the template for recording a notebook's run, beside the script.
#[must_use]
pub fn template_name(operator: &Operator) -> Option<String> {
    operator.component.recorded.then(|| format!("claimed_{}.json", operator.settings.stem))
}

fn record(operator: &Operator) -> Option<Record> {
    let template = template_name(operator)?;
    let [notebook, page] = recording::file_names(&operator.component.source);
    let file = |output, name| Recorded { output, name };
    Some(Record { template, files: [file(recording::NOTEBOOK, notebook), file(recording::PAGE, page)] })
}

/// Writes the entry point.
#[must_use]
pub fn emit(operator: &Operator) -> Artifact {
    let Operator { component, settings } = operator;
    let parameters = parameters(component, settings.logging);
    let cells = settings.cells.iter().enumerate().map(|(index, first)| (*first, index + 1));
    let interface = Interface {
        name: &component.name,
        description: &component.description,
        source: &component.source,
        script: operator.script(),
        root: root(&settings.folder),
        files: &settings.files,
        logging: settings.logging && (settings.logs || component.logs),
        notebook: operator.script() != component.source,
        ipython: component.ipython,
        skips_dashes: settings.variant.is_some_and(|variant| variant.skips_dashes),
        own_arguments: settings.own_arguments || component.own_arguments,
        cells: cells.collect(),
        raising: &settings.raising,
        record: record(operator),
        outputs: outcomes(component, &parameters)
            .into_iter()
            .map(|outcome| Output {
                description: outcome.description(),
                id: outcome.id,
                kind: outcome.output.kind.name().to_owned(),
                name: outcome.output.name,
                read: outcome.output.read,
            })
            .collect(),
        inputs: parameters
            .into_iter()
            .map(|parameter| Input {
                description: parameter.description(),
                required: required(&parameter.input),
                via: parameter.input.via,
                argument: parameter.input.argument.clone(),
                word: parameter.input.word,
                default: parameter.default().map(ToOwned::to_owned),
                id: parameter.id,
                kind: parameter.input.kind.name().to_owned(),
                name: parameter.input.name,
                secret: parameter.input.secret,
            })
            .collect(),
    };
    let interface = serde_json::to_value(interface).unwrap_or_default();
    Artifact::new(file_name(operator), (operator.runtime().entry_point)(&interface))
}

/// Whether an input without a default is read for certain, or only in a branch or function that may not run.
fn required(input: &component::Input) -> &'static str {
    match input {
        input if !input.required => "no",
        input if input.unconditional => "always",
        _ => "maybe",
    }
}

/// The working directory seen from the script's folder.
fn root(folder: &str) -> String {
    match folder.matches('/').count() {
        0 => ".".to_owned(),
        depth => vec![".."; depth].join("/"),
    }
}

/// JSON in ASCII, so that the generated program needs no encoding, and without escaped quotes and
/// backslashes, which not every Dockerfile parser supports.
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

    /// The keys of an object, sorted.
    fn keys(value: &Value) -> BTreeSet<&str> {
        value.as_object().unwrap().keys().map(String::as_str).collect()
    }

    #[test]
    fn the_interface_has_the_keys_that_the_preludes_read() {
        let text = || "x".to_owned();
        let input = Input {
            name: text(),
            id: text(),
            kind: text(),
            default: None,
            secret: false,
            description: None,
            required: "no",
            via: component::Via::Argument,
            argument: Some(component::Argument::default()),
            word: true,
        };
        let file = || Recorded { output: "", name: text() };
        let output = Output { name: text(), id: text(), kind: text(), read: false, description: None };
        let interface = json!(Interface {
            name: "",
            description: "",
            source: "",
            script: text(),
            root: text(),
            files: &[],
            logging: false,
            notebook: false,
            ipython: false,
            skips_dashes: false,
            own_arguments: false,
            cells: Vec::new(),
            raising: &[],
            record: Some(Record { template: text(), files: [file(), file()] }),
            inputs: vec![input],
            outputs: vec![output],
        });
        let contract: Value =
            serde_json::from_str(include_str!("../../templates/contract/interface.json")).unwrap();
        let expected = |name: &str| -> BTreeSet<_> {
            contract[name].as_array().unwrap().iter().filter_map(Value::as_str).collect()
        };
        assert_eq!(keys(&interface), expected("interface"));
        let of_argument = &interface["inputs"][0];
        assert_eq!(keys(of_argument), &expected("input") | &expected("input_of_some"));
        assert_eq!(keys(&of_argument["argument"]), expected("argument"));
        assert_eq!(keys(&interface["outputs"][0]), expected("output"));
        assert_eq!(keys(&interface["record"]), expected("record"));
        assert_eq!(keys(&interface["record"]["files"][0]), expected("record_file"));
    }
}
