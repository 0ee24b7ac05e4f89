//! The notebook format: what a file says of its cells and of its kernel, in whatever way version 4 lets it say it.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::NotebookError;
use crate::component::Language;

/// A notebook as it stands in its file; outputs are skipped.
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

/// What a cell is.
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
pub(super) fn read(json: &str) -> Result<(Language, Vec<Cell>), NotebookError> {
    let document: Document = serde_json::from_str(json).map_err(NotebookError::Json)?;
    match (document.nbformat, document.cells) {
        (Some(4) | None, Some(cells)) => Ok((document.metadata.unwrap_or_default().language()?, cells)),
        (Some(4) | None, None) if document.worksheets.is_none() => Err(NotebookError::NoCells),
        (version, _) => Err(NotebookError::Version(version.unwrap_or(3))),
    }
}

impl Metadata {
    /// The language of the kernel; a notebook that says nothing is Python's, as Jupyter takes it.
    fn language(&self) -> Result<Language, NotebookError> {
        let text = |value: &Option<Value>, key: &str| {
            value.as_ref()?.get(key)?.as_str().filter(|text| !text.is_empty()).map(str::to_lowercase)
        };
        let said = text(&self.language_info, "name")
            .or_else(|| text(&self.kernelspec, "language"))
            .or_else(|| text(&self.kernelspec, "name"));
        match said.as_deref() {
            None => Ok(Language::Python),
            Some(name) if name.starts_with("python") || name.starts_with("ipython") => Ok(Language::Python),
            Some("r" | "ir") => Ok(Language::R),
            Some(other) => Err(NotebookError::Language(other.chars().take(40).collect())),
        }
    }
}
