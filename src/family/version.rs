//! Versions: what is there by a version, and how it is raised in the file.

use toml_edit::{Document, Item};

/// What is known by the tag of an image, where that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Published {
    /// Nothing.
    Nothing,
    /// An image that was made of what it would be made of now.
    Same,
    /// Another image.
    Other,
}

/// What to do about one version of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is there as it should be.
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

/// The text of a file in which an image has another version; nothing else of it is touched.
#[must_use]
pub fn raised(text: &str, name: &str, version: &str) -> Option<String> {
    let document = Document::parse(text).ok()?;
    let images = document.get("image")?;
    let mut images = (0..).map_while(|index: usize| images.get(index));
    let image = images.find(|image| image.get("name").and_then(Item::as_str) == Some(name))?;
    let old = image.get("version")?.span()?;
    Some(format!("{}\"{version}\"{}", &text[..old.start], &text[old.end..]))
}
