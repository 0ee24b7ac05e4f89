//! The notebook format: cells and kernel, in all variants of version 4.

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use super::NotebookError;
use crate::display;
use crate::frontend::{FRONTENDS, Frontend};

/// A notebook as stored; outputs are skipped.
#[derive(Deserialize)]
struct Document {
    nbformat: Option<u64>,
    cells: Option<Vec<Cell>>,
    worksheets: Option<IgnoredAny>,
    metadata: Option<Metadata>,
}

#[derive(Deserialize, Default)]
struct Metadata {
    kernelspec: Option<Value>,
    language_info: Option<Value>,
}

/// A cell of a notebook.
#[derive(Deserialize)]
pub(super) struct Cell {
    #[serde(default, rename = "cell_type")]
    kind: String,
    source: Option<Lines>,
    metadata: Option<CellMetadata>,
}

#[derive(Deserialize)]
struct CellMetadata {
    tags: Option<Value>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "the source of a cell is neither a text nor a list of texts")]
enum Lines {
    One(String),
    Many(Vec<String>),
}

/// The kind of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Code,
    Markdown,
    Raw,
}

impl Cell {
    pub(super) fn kind(&self) -> Kind {
        match self.kind.as_str() {
            "code" => Kind::Code,
            "markdown" => Kind::Markdown,
            _ => Kind::Raw,
        }
    }

    /// The text with `\n` at the end of each line but the last.
    pub(super) fn source(&self) -> String {
        let text = match &self.source {
            None => String::new(),
            Some(Lines::One(text)) => text.clone(),
            Some(Lines::Many(lines)) => lines.concat(),
        };
        if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text }
    }

    pub(super) fn has_tag(&self, name: &str) -> bool {
        let tags = self.metadata.as_ref().and_then(|metadata| metadata.tags.as_ref()?.as_array());
        tags.is_some_and(|tags| tags.iter().any(|tag| tag.as_str() == Some(name)))
    }
}

/// Reads a notebook: the language of its kernel and its cells.
pub(super) fn read(json: &str) -> Result<(&'static Frontend, Vec<Cell>), NotebookError> {
    let document: Document = parse(json)?;
    match (document.nbformat, document.cells) {
        (Some(4) | None, Some(cells)) => Ok((document.metadata.unwrap_or_default().frontend()?, cells)),
        (Some(4) | None, None) if document.worksheets.is_none() => Err(NotebookError::NoCells),
        (version, _) => Err(NotebookError::Version(version.unwrap_or(3))),
    }
}

/// Parses the JSON of a notebook.
pub(super) fn parse<T: DeserializeOwned>(json: &str) -> Result<T, NotebookError> {
    serde_json::from_str(json)
        .or_else(|error| serde_json::from_str(&with_numbers(json)).map_err(|_| error))
        .map_err(NotebookError::Json)
}

/// The JSON with a number in place of each `NaN` and `Infinity`, which Python writes into outputs although
/// JSON has neither.
fn with_numbers(json: &str) -> String {
    let (mut text, mut rest) = (String::with_capacity(json.len()), json);
    while let Some(at) = rest.find(['"', 'N', 'I']) {
        let (before, found) = rest.split_at(at);
        text.push_str(before);
        let word = ["NaN", "Infinity"].into_iter().find(|word| found.starts_with(word));
        let length = word.map_or_else(|| string_length(found), str::len);
        text.push_str(if word.is_some() { "0" } else { &found[..length] });
        rest = &found[length..];
    }
    text + rest
}

/// The length of a JSON string with its quotes, or of a single other character.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    if text.starts_with('"') { end.map_or(text.len(), |end| end + 2) } else { 1 }
}

/// The default language of a notebook.
const JUPYTER: &str = "python";

impl Metadata {
    /// The language of the kernel; as in Jupyter, the default is Python.
    fn frontend(&self) -> Result<&'static Frontend, NotebookError> {
        let text = |value: &Option<Value>, key: &str| {
            value.as_ref()?.get(key)?.as_str().filter(|text| !text.is_empty()).map(str::to_lowercase)
        };
        let is_python = |name: &String| name.contains("python");
        let said = text(&self.language_info, "name")
            .or_else(|| text(&self.kernelspec, "language"))
            .or_else(|| text(&self.kernelspec, "display_name").filter(is_python).map(|_| "python".to_owned()))
            .or_else(|| text(&self.kernelspec, "name"));
        let said = said.as_deref().unwrap_or(JUPYTER);
        let frontend = FRONTENDS.iter().find(|frontend| (frontend.is_kernel)(said));
        frontend.ok_or_else(|| NotebookError::Language(display::beginning(said, 40).into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    #[test]
    fn non_json_numbers_are_parsed() {
        let json = r#"{"nbformat": 4, "cells": [], "x": [NaN, -Infinity, "NaN \" Infinity"]}"#;
        let wanted = r#"{"nbformat": 4, "cells": [], "x": [0, -0, "NaN \" Infinity"]}"#;
        assert_eq!(with_numbers(json), wanted);
        assert!(read(json).is_ok());
        assert_eq!(with_numbers("N\"é"), "N\"é");
    }

    #[test]
    fn the_kernel_determines_the_language() {
        let cases = [
            ("{}", Some(Language::Python)),
            (
                r#"{"kernelspec": {"name": "my-env", "display_name": "Python (my env)"}}"#,
                Some(Language::Python),
            ),
            (r#"{"kernelspec": {"name": "ir"}}"#, Some(Language::R)),
            (r#"{"kernelspec": {"name": "python3"}, "language_info": {"name": "julia"}}"#, None),
        ];
        for (metadata, language) in cases {
            let read = read(&format!(r#"{{"nbformat": 4, "cells": [], "metadata": {metadata}}}"#));
            assert_eq!(read.ok().map(|(frontend, _)| frontend.language), language, "{metadata}");
        }
    }
}
