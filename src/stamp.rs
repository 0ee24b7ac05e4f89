//! Stamps: the record in the header of a generated file, which says what it was made of and whether it was edited since.
//!
//! ```text
//! # CWL step of add.py, made by c3 0.1.0 (component 8535b80951bc; version 0.7; image …; base …; targets cwl; content …)
//! ```

use std::collections::BTreeMap;
use std::fmt;

use sha2::{Digest, Sha256};

use self::line::Line;
use crate::component::Component;
use crate::hashed::hex;
use crate::location::Location;

mod content;
mod line;

pub use content::{is_same, is_same_content, of_bytes, without_record};

/// Bytes of the digests in a header.
const LENGTH: usize = 6;

/// The record of a generated file. Files of `c3` 0.1.0 have only the version of `c3`, the component and the
/// digest of fetched files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stamp {
    /// The version of `c3`.
    pub c3: String,
    /// A digest of the component without positions and diagnostics, or empty.
    pub component: String,
    /// SHA-256 of the requirement files that were fetched, in hexadecimal; a change is no reason to
    /// regenerate.
    pub fetched: Option<String>,
    /// The version of the operator.
    pub version: Option<String>,
    /// The image in the files.
    pub image: Option<String>,
    /// Its base image.
    pub base_image: Option<String>,
    /// The targets whose files were generated together.
    pub targets: Vec<String>,
    /// Whether the image has additional files.
    pub files: bool,
    /// Whether it was made from a user's template.
    pub template: bool,
    /// What a grid wrapper calls.
    pub grid: Option<Grid>,
    /// Digests of files beside this one that can't hold a record, by name.
    pub beside: BTreeMap<String, String>,
    /// The digest of the file's own content.
    pub content: Option<String>,
}

/// What the files of a grid wrapper were made of, besides its script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    /// The function that is called for each batch.
    pub process: String,
    /// The name of the store where workers share which batches are done.
    pub store: String,
}

impl Stamp {
    /// A stamp of this `c3`.
    #[must_use]
    pub fn now() -> Self {
        Self { c3: env!("CARGO_PKG_VERSION").to_owned(), ..Self::default() }
    }

    /// The stamp of a component.
    #[must_use]
    pub fn of(component: &Component) -> Self {
        Self { component: digest(component), ..Self::now() }
    }

    /// The stamp of a component with files beside its source, given their digest.
    #[must_use]
    pub fn with_files(self, files: Option<String>) -> Self {
        let Some(files) = files else { return self };
        let both = Sha256::digest(format!("{}{files}", self.component));
        Self { component: hex(&both[..LENGTH]), ..self }
    }

    /// Whether a file with this stamp would differ now.
    #[must_use]
    pub fn is_older(&self, now: &Self) -> bool {
        (&self.c3, &self.component) != (&now.c3, &now.component) || self.has_older_beside(now)
    }

    /// Whether a file beside one with this stamp would differ now.
    #[must_use]
    pub fn has_older_beside(&self, now: &Self) -> bool {
        self.beside.iter().any(|(name, digest)| now.beside.get(name).is_some_and(|other| other != digest))
    }

    /// The stamp of a generated file.
    #[must_use]
    pub fn find(text: &str) -> Option<Self> {
        Line::find(text).map(|(_, line)| line.stamp)
    }

    /// The stamp of a file generated from a source with this name.
    #[must_use]
    pub fn read(text: &str, source: &str) -> Option<Self> {
        let (_, line) = Line::find(text)?;
        let is_of_source = line.title.ends_with(&format!(" of {source}")) && !line.stamp.component.is_empty();
        is_of_source.then_some(line.stamp)
    }

    /// Whether a file with this stamp is unedited, except for line ends and trailing blanks; unknown for
    /// files of 0.1.0.
    #[must_use]
    pub fn is_untouched(&self, text: &str) -> Option<bool> {
        self.content.as_ref().map(|digest| *digest == content::of_text(text))
    }

    /// Whether a file beside the one with this stamp is unedited.
    #[must_use]
    pub fn is_untouched_beside(&self, name: &str, bytes: &[u8]) -> Option<bool> {
        self.beside.get(name).map(|digest| *digest == of_bytes(bytes))
    }
}

/// Whether two files name the same source, if they name one.
#[must_use]
pub fn is_of_same_source(one: &str, other: &str) -> bool {
    let (Some((_, one)), Some((_, other))) = (Line::find(one), Line::find(other)) else { return true };
    one.stamp.component.is_empty() || one.title == other.title
}

/// A generated text with the digest of its content added to its record.
#[must_use]
pub fn sealed(text: &str) -> String {
    let Some((at, mut line)) = Line::find(text) else { return text.to_owned() };
    line.stamp.content = Some(content::of_text(text));
    let lines = text.split_inclusive('\n').enumerate();
    lines.map(|(number, own)| if number == at { format!("{line}\n") } else { own.to_owned() }).collect()
}

/// A user's text with a record: at the top, or below lines that have to come first.
#[must_use]
pub fn recorded(text: &str, title: &str, stamp: &Stamp) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let own = text.split_inclusive('\n').filter(|own| Line::parse(own).is_none());
    let (first, rest): (Vec<_>, Vec<_>) = {
        let mut is_first = true;
        own.partition(|own| {
            is_first = is_first && line::stands_first(own);
            is_first
        })
    };
    let end = if first.last().is_some_and(|own| !own.ends_with('\n')) { "\n" } else { "" };
    format!("{}{end}# {title}, made by c3 {stamp}\n{}", first.concat(), rest.concat())
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields = line::fields(self);
        write!(f, "{}", self.c3)?;
        if fields.is_empty() { Ok(()) } else { write!(f, " ({})", fields.join("; ")) }
    }
}

/// A component without positions and diagnostics, which an edit changes only with the interface or the
/// requirements.
#[must_use]
pub fn essence(component: &Component) -> Component {
    let mut component = Component { diagnostics: Vec::new(), ..component.clone() };
    let nowhere = Location { cell: None, line: 0, column: 0 };
    for input in &mut component.inputs {
        input.location = nowhere;
        input.span = 0..0;
        input.reads.clear();
    }
    for output in &mut component.outputs {
        output.location = nowhere;
        output.span = 0..0;
    }
    component
}

fn digest(component: &Component) -> String {
    let json = serde_json::to_vec(&essence(component)).unwrap_or_default();
    hex(&Sha256::digest(&json)[..LENGTH])
}

#[cfg(test)]
mod tests;
