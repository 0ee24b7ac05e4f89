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

/// Bytes of the digests that a header shows.
const LENGTH: usize = 6;

/// What a generated file says of its making. Files of `c3` 0.1.0 say no more than the version of `c3`, the component and
/// what was fetched.
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
    /// The image that the files name.
    pub image: Option<String>,
    /// The image that it is built from.
    pub base_image: Option<String>,
    /// The targets whose files were made with this one.
    pub targets: Vec<String>,
    /// Whether there are additional files in the image.
    pub files: bool,
    /// Whether it was made of a template of the user's.
    pub template: bool,
    /// Digests of files beside this one that can't hold a record, by their names.
    pub beside: BTreeMap<String, String>,
    /// The digest of the file's own content.
    pub content: Option<String>,
}

impl Stamp {
    /// The stamp of what this `c3` makes.
    #[must_use]
    pub fn now() -> Self {
        Self { c3: env!("CARGO_PKG_VERSION").to_owned(), ..Self::default() }
    }

    /// The stamp of what is made of a component now.
    #[must_use]
    pub fn of(component: &Component) -> Self {
        Self { component: digest(component), ..Self::now() }
    }

    /// The stamp of what is made of a component with files beside its source, by the digest of these.
    #[must_use]
    pub fn with_files(self, files: Option<String>) -> Self {
        let Some(files) = files else { return self };
        let both = Sha256::digest(format!("{}{files}", self.component));
        Self { component: hex(&both[..LENGTH]), ..self }
    }

    /// Whether a file of this stamp would say something else now.
    #[must_use]
    pub fn is_older(&self, now: &Self) -> bool {
        (&self.c3, &self.component) != (&now.c3, &now.component) || self.has_older_beside(now)
    }

    /// Whether a file beside one of this stamp would be another now.
    #[must_use]
    pub fn has_older_beside(&self, now: &Self) -> bool {
        self.beside.iter().any(|(name, digest)| now.beside.get(name).is_some_and(|other| other != digest))
    }

    /// The stamp of a generated file.
    #[must_use]
    pub fn find(text: &str) -> Option<Self> {
        Line::find(text).map(|(_, line)| line.stamp)
    }

    /// The stamp of a file that was made of a source of this name.
    #[must_use]
    pub fn read(text: &str, source: &str) -> Option<Self> {
        let (_, line) = Line::find(text)?;
        let is_of_source = line.title.ends_with(&format!(" of {source}")) && !line.stamp.component.is_empty();
        is_of_source.then_some(line.stamp)
    }

    /// Whether a file with this stamp is as it was made, but for line ends and trailing blanks. Nobody knows it of a file of
    /// 0.1.0.
    #[must_use]
    pub fn is_untouched(&self, text: &str) -> Option<bool> {
        self.content.as_ref().map(|digest| *digest == content::of_text(text))
    }

    /// Whether a file beside that of this stamp is as it was made.
    #[must_use]
    pub fn is_untouched_beside(&self, name: &str, bytes: &[u8]) -> Option<bool> {
        self.beside.get(name).map(|digest| *digest == of_bytes(bytes))
    }
}

/// Whether two files say that they were made of the same source, if they were made of one.
#[must_use]
pub fn is_of_same_source(one: &str, other: &str) -> bool {
    let (Some((_, one)), Some((_, other))) = (Line::find(one), Line::find(other)) else { return true };
    one.stamp.component.is_empty() || one.title == other.title
}

/// A generated text with the digest of its content in the record that it bears.
#[must_use]
pub fn sealed(text: &str) -> String {
    let Some((at, mut line)) = Line::find(text) else { return text.to_owned() };
    line.stamp.content = Some(content::of_text(text));
    let lines = text.split_inclusive('\n').enumerate();
    lines.map(|(number, own)| if number == at { format!("{line}\n") } else { own.to_owned() }).collect()
}

/// A text of a user's with a record of its own: first, or below what has to stand before it.
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

/// A component without positions and diagnostics: what an edit changes only if it changes the interface or the
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
