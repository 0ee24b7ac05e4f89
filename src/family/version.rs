//! Versions: what is published, and raising a version in the file.

use toml_edit::{Document, Item};

/// What is published under a tag, if asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Published {
    /// Nothing.
    Nothing,
    /// An image with the same contents.
    Same,
    /// Another image.
    Other,
}

/// What to do about one version of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It exists and is up to date.
    Present,
    /// Build it.
    Build,
    /// It is taken by something else: try the next version.
    Raise,
}

/// What to do about a version, given what is published of it without and with CUDA.
#[must_use]
pub fn verdict(published: &[Published]) -> Verdict {
    if published.contains(&Published::Other) {
        Verdict::Raise
    } else if published.contains(&Published::Nothing) {
        Verdict::Build
    } else {
        Verdict::Present
    }
}

/// The text of a file with another version of an image, otherwise unchanged.
#[must_use]
pub fn raised(text: &str, name: &str, version: &str) -> Option<String> {
    let document = Document::parse(text).ok()?;
    let images = document.get("image")?;
    let mut images = (0..).map_while(|index: usize| images.get(index));
    let image = images.find(|image| image.get("name").and_then(Item::as_str) == Some(name))?;
    let old = image.get("version")?.span()?;
    Some(format!("{}\"{version}\"{}", &text[..old.start], &text[old.end..]))
}
