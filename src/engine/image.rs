//! Properties of an image.

use std::collections::BTreeMap;

use bollard::models::ImageInspect;

use crate::reference::Reference;

/// Fewest digits of an id that engines report.
const SHORTEST_ID: usize = 12;

/// An image in an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Its id.
    pub id: String,
    /// Operating system and architecture, like `linux/amd64`.
    pub platform: String,
    /// The variables of its environment, as `NAME=value`.
    pub env: Vec<String>,
    /// The words that begin every command in it.
    pub entry_point: Vec<String>,
    /// The default command after the entry point.
    pub command: Vec<String>,
    /// The directory that its programs start in.
    pub working_dir: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// `repository@digest` wherever it was pushed to or pulled from.
    pub digests: Vec<String>,
}

impl Image {
    /// The value of a variable of its environment.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&str> {
        let mut values = self.env.iter().filter_map(|pair| pair.split_once('='));
        values.rfind(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// Its digest in the registry of a name, if it was pulled from there or pushed to it.
    #[must_use]
    pub fn digest_in(&self, name: &str) -> Option<String> {
        let wanted = Reference::parse(name).ok()?;
        let digests = self.digests.iter().filter_map(|known| Reference::parse(known).ok());
        let mut own = digests.filter(|known| (&known.host, &known.path) == (&wanted.host, &wanted.path));
        own.next().map(|known| known.version)
    }

    /// Whether an id is this image's: engines report all of it or its start, with or without the name of the
    /// hash.
    pub(super) fn has_id(&self, id: &str) -> bool {
        let plain = |id: &str| id.strip_prefix("sha256:").unwrap_or(id).to_owned();
        let id = plain(id);
        id.len() >= SHORTEST_ID && plain(&self.id).starts_with(&id)
    }

    /// Whether it is for a platform such as `linux/arm64`; any will do if none is given.
    pub(super) fn runs_on(&self, platform: Option<&str>) -> bool {
        let mut parts = self.platform.split('/');
        platform.is_none_or(|platform| {
            platform.split('/').all(|wanted| parts.next().is_none_or(|part| part == wanted))
        })
    }
}

impl From<ImageInspect> for Image {
    fn from(image: ImageInspect) -> Self {
        let config = image.config.unwrap_or_default();
        let platform = [image.os, image.architecture, image.variant];
        let platform = platform.into_iter().flatten().filter(|part| !part.is_empty());
        Self {
            id: image.id.unwrap_or_default(),
            platform: platform.collect::<Vec<_>>().join("/"),
            env: config.env.unwrap_or_default(),
            entry_point: config.entrypoint.unwrap_or_default(),
            command: config.cmd.unwrap_or_default(),
            working_dir: config.working_dir.unwrap_or_default(),
            labels: config.labels.unwrap_or_default().into_iter().collect(),
            digests: image.repo_digests.unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(platform: &str) -> Image {
        let env = ["A=1=2", "PATH=/bin", "A=3"].map(str::to_owned).to_vec();
        Image {
            id: String::new(),
            platform: platform.to_owned(),
            env,
            entry_point: Vec::new(),
            command: Vec::new(),
            working_dir: String::new(),
            labels: BTreeMap::new(),
            digests: Vec::new(),
        }
    }

    #[test]
    fn images_run_on_matching_platforms_only() {
        assert!(image("linux/amd64").runs_on(None));
        assert!(image("linux/amd64").runs_on(Some("linux/amd64")));
        assert!(!image("linux/amd64").runs_on(Some("linux/arm64")));
        assert!(image("linux/arm64/v8").runs_on(Some("linux/arm64")));
        assert!(image("linux/arm64").runs_on(Some("linux/arm64/v8")));
        assert!(!image("linux/arm/v6").runs_on(Some("linux/arm/v7")));
    }

    #[test]
    fn the_digest_is_that_of_the_named_registry() {
        let (one, other) = (format!("sha256:{}", "1".repeat(64)), format!("sha256:{}", "2".repeat(64)));
        let digests = vec![format!("quay.io/a/b@{one}"), format!("python@{other}")];
        let image = Image { digests, ..image("") };
        assert_eq!(image.digest_in("quay.io/a/b:1"), Some(one));
        assert_eq!(image.digest_in("docker.io/library/python:3.12"), Some(other));
        assert_eq!(image.digest_in("quay.io/a/c:1"), None);
    }

    #[test]
    fn image_ids_may_be_abbreviated() {
        let image = Image { id: "sha256:0123456789abcdef".to_owned(), ..image("") };
        for id in ["sha256:0123456789abcdef", "0123456789abcdef", "0123456789ab", "sha256:0123456789ab"] {
            assert!(image.has_id(id), "{id}");
        }
        for id in ["", "sha256:", "0123", "123456789abc", "0123456789abcdef0"] {
            assert!(!image.has_id(id), "{id}");
        }
    }

    #[test]
    fn the_last_value_of_a_variable_wins() {
        assert_eq!(image("").variable("A"), Some("3"));
        assert_eq!(image("").variable("B"), None);
    }
}
