//! Files without a full record: those of `c3` 0.1.0, and manifests by others. They are parsed, not searched.

use crate::manifest::Manifest;
use crate::recipe::{BASE_LABEL, FILES, VERSION_LABEL};
use crate::reference;
use crate::stamp::Stamp;

/// A record, completed from the text that holds it.
pub(crate) fn completed(stamp: Stamp, text: &str) -> Stamp {
    if stamp.content.is_some() {
        return stamp;
    }
    let image = Manifest::parse(text).ok().map(|manifest| manifest.image);
    let tag = image.as_deref().and_then(|image| reference::parts(image).tag.map(ToOwned::to_owned));
    Stamp {
        version: tag.or_else(|| labelled(text, VERSION_LABEL)),
        base_image: argument(text).or_else(|| labelled(text, BASE_LABEL)),
        files: text.lines().any(copies_files),
        image,
        ..stamp
    }
}

/// What a file says about its making, whoever made it.
pub(crate) fn stamp_of(text: &str) -> Stamp {
    completed(Stamp::find(text).unwrap_or_default(), text)
}

/// The image that a Dockerfile begins with.
fn argument(dockerfile: &str) -> Option<String> {
    let value = dockerfile.lines().find_map(|line| line.strip_prefix("ARG BASE_IMAGE="))?;
    Some(value.trim_matches(['"', '\'']).to_owned())
}

/// A label of a Dockerfile, one per line.
fn labelled(dockerfile: &str, name: &str) -> Option<String> {
    let label = |line: &str| {
        let line = line.trim_start();
        let value = line.strip_prefix("LABEL ").unwrap_or(line).strip_prefix(name)?.strip_prefix("=\"")?;
        value.split('"').next().map(ToOwned::to_owned)
    };
    dockerfile.lines().find_map(label)
}

fn copies_files(line: &str) -> bool {
    line.starts_with("COPY ") && line.split(' ').any(|word| word.strip_suffix('/') == Some(FILES))
}
