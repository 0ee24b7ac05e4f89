//! Names as Kubernetes and container registries accept them: operators, repositories, tags.

use std::fmt;
use std::net::Ipv6Addr;

use thiserror::Error;

use crate::failure::Fault;

pub use self::mirrors::Mirrors;
pub use self::version::{newest_first, next_version, successor};

mod mirrors;
mod version;

const MAX_LABEL: usize = 63;
const MAX_REPOSITORY: usize = 255;
const MAX_TAG: usize = 128;
const DOCKER_HUB: &str = "docker.io";

/// Why a name cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NameError {
    /// A file name without an ASCII letter or digit.
    #[error("file name `{0}` has no letter or digit to name an operator by")]
    NoLabel(String),
    /// A file name that is too long for a Kubernetes label.
    #[error("operator name `{0}` is longer than {MAX_LABEL} characters")]
    LongLabel(String),
    /// An empty repository.
    #[error("image repository is empty")]
    NoRepository,
    /// A URL instead of a repository.
    #[error("image repository `{0}` is a web address")]
    Scheme(String),
    /// Upper-case letters outside the host.
    #[error("image repository `{0}` has upper-case letters")]
    UpperCase(String),
    /// Any other violation of the grammar of references.
    #[error("`{0}` is not an image repository")]
    Repository(String),
    /// A repository too long for registries.
    #[error("image repository `{0}` is longer than {MAX_REPOSITORY} characters")]
    LongRepository(String),
    /// A version that can't be a tag.
    #[error("version `{0}` is not an image tag")]
    Tag(String),
    /// A digest other than `sha256:…`.
    #[error("`{0}` is not an image digest")]
    Digest(String),
}

impl Fault for NameError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoLabel(_) => "rename the file, for example to `my_operator`".to_owned(),
            Self::LongLabel(_) => format!("rename the file to at most {MAX_LABEL} characters"),
            Self::NoRepository => "leave `-r` out to keep the image local".to_owned(),
            Self::Scheme(text) => {
                format!("leave the scheme out: `{}`", text.rsplit("://").next().unwrap_or(text))
            }
            Self::UpperCase(text) => format!("write `{}`", text.to_lowercase()),
            Self::Repository(_) => {
                "write `HOST[:PORT]/PATH` in lower case and without a tag, as `quay.io/me`".to_owned()
            }
            Self::LongRepository(_) => "choose a shorter repository".to_owned(),
            Self::Tag(_) => format!(
                "use at most {MAX_TAG} letters, digits, `_`, `.` and `-`, the first neither `.` nor `-`"
            ),
            Self::Digest(_) => "write `sha256:` and 64 hexadecimal digits".to_owned(),
        })
    }
}

/// A parsed image reference, with Docker's defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The registry, with its port.
    pub host: String,
    /// The repository within the registry.
    pub path: String,
    /// The digest if there is one, else the tag.
    pub version: String,
}

impl Reference {
    /// Parses `[HOST[:PORT]/]PATH[:TAG][@DIGEST]`.
    pub fn parse(reference: &str) -> Result<Self, NameError> {
        let (tagged, digest) = split_suffix(reference, '@');
        let (repository, tag) = split_suffix(tagged, ':');
        check_repository(repository, repository)?;
        tag.map_or(Ok(()), valid_tag)?;
        digest.map_or(Ok(()), check_digest)?;
        Ok(Self {
            host: registry_host(repository).to_owned(),
            path: registry_path(repository),
            version: digest.or(tag).unwrap_or("latest").to_owned(),
        })
    }
}

/// The name of an operator's image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageName {
    /// Registry, namespace and name.
    pub repository: String,
    /// The version, at the start of its tag.
    pub version: String,
    /// The suffix of the version in its tag, such as `cuda11`; usually empty.
    pub flavour: String,
    /// Its digest in the registry, if pinned.
    pub digest: Option<String>,
}

impl ImageName {
    /// A version in a repository.
    pub fn new(repository: impl Into<String>, version: &str) -> Result<Self, NameError> {
        valid_tag(version)?;
        let version = version.to_owned();
        Ok(Self { repository: repository.into(), version, ..Self::default() })
    }

    /// Its tag.
    #[must_use]
    pub fn tag(&self) -> String {
        format!("{}{}", self.version, self.flavour)
    }

    /// The reference by digest if known, else by tag: no runtime but Docker's accepts both.
    #[must_use]
    pub fn by_one(&self) -> String {
        self.digest
            .as_ref()
            .map_or_else(|| self.to_string(), |digest| format!("{}@{digest}", self.repository))
    }

    /// The image for Apptainer: in a registry, or a file with the name that `apptainer pull` gives it.
    #[must_use]
    pub fn for_apptainer(&self) -> String {
        if self.repository.contains('/') {
            format!("docker://{}", self.by_one())
        } else {
            format!("{}_{}.sif", self.repository, self.tag())
        }
    }

    /// The folder that an image is unpacked into: its name and tag, without its registry.
    #[must_use]
    pub fn folder(&self) -> String {
        let name = self.repository.rsplit('/').next().unwrap_or_default();
        format!("{name}_{}", self.tag())
    }

    /// The same repository with the tag `latest`.
    #[must_use]
    pub fn latest(&self) -> Self {
        Self { version: "latest".to_owned(), digest: None, ..self.clone() }
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.repository, self.tag())?;
        self.digest.as_ref().map_or(Ok(()), |digest| write!(f, "@{digest}"))
    }
}

/// The operator's name from a file's stem, as an RFC 1123 label.
pub fn operator_name(stem: &str) -> Result<String, NameError> {
    let words = stem.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    let name = words.join("-").to_ascii_lowercase();
    match name.len() {
        0 => Err(NameError::NoLabel(stem.to_owned())),
        1..=MAX_LABEL => Ok(name),
        _ => Err(NameError::LongLabel(name)),
    }
}

/// The repository of an operator's image: `<repository>/claimed-<name>`.
pub fn image_repository(repository: Option<&str>, name: &str) -> Result<String, NameError> {
    let Some(repository) = repository else {
        return Ok(format!("claimed-{name}"));
    };
    let image = format!("{}/claimed-{name}", repository.trim_end_matches('/'));
    check_repository(&image, repository).map(|()| image)
}

/// The parts of an image reference, as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts<'a> {
    /// Registry and namespace, if there are any.
    pub namespace: Option<&'a str>,
    /// The last part of the repository.
    pub name: &'a str,
    /// The tag, if there is one.
    pub tag: Option<&'a str>,
    /// The digest, if there is one.
    pub digest: Option<&'a str>,
}

/// Splits an image reference.
#[must_use]
pub fn parts(image: &str) -> Parts<'_> {
    let (tagged, digest) = split_suffix(image, '@');
    let (repository, tag) = split_suffix(tagged, ':');
    let (namespace, name) =
        repository.rsplit_once('/').map_or((None, repository), |(namespace, name)| (Some(namespace), name));
    Parts { namespace, name, tag, digest }
}

/// Checks that a version can be the tag of an image.
pub fn valid_tag(version: &str) -> Result<(), NameError> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let valid = version.len() <= MAX_TAG
        && version.starts_with(is_word)
        && version.chars().all(|c| is_word(c) || ".-".contains(c));
    valid.then_some(()).ok_or_else(|| NameError::Tag(version.to_owned()))
}

/// The registry of a reference: its first component if that looks like a host, else Docker Hub.
#[must_use]
pub fn registry_host(reference: &str) -> &str {
    match split_host(reference).0 {
        "index.docker.io" => DOCKER_HUB,
        host => host,
    }
}

fn split_host(reference: &str) -> (&str, &str) {
    match reference.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (host, path),
        _ => (DOCKER_HUB, reference),
    }
}

/// The path in the registry; Docker Hub keeps names without an owner under `library`.
fn registry_path(repository: &str) -> String {
    let (_, path) = split_host(repository);
    if registry_host(repository) == DOCKER_HUB && !path.contains('/') {
        format!("library/{path}")
    } else {
        path.to_owned()
    }
}

/// Splits off a tag or digest; a port isn't one, as a path follows it.
fn split_suffix(reference: &str, mark: char) -> (&str, Option<&str>) {
    match reference.rsplit_once(mark) {
        Some((head, suffix)) if !suffix.contains('/') => (head, Some(suffix)),
        _ => (reference, None),
    }
}

fn check_digest(digest: &str) -> Result<(), NameError> {
    let hex = digest.strip_prefix("sha256:").unwrap_or_default();
    let valid = hex.len() == 64 && hex.chars().all(|c| c.is_ascii_hexdigit());
    valid.then_some(()).ok_or_else(|| NameError::Digest(digest.to_owned()))
}

/// Checks a repository by the grammar of distribution/reference; errors name the user's input.
fn check_repository(repository: &str, given: &str) -> Result<(), NameError> {
    let error = match repository {
        _ if given.is_empty() => return Err(NameError::NoRepository),
        _ if given.contains("://") => NameError::Scheme,
        name if is_repository(name) && name.len() <= MAX_REPOSITORY => return Ok(()),
        name if is_repository(name) => NameError::LongRepository,
        name if is_repository(&name.to_lowercase()) => NameError::UpperCase,
        _ => NameError::Repository,
    };
    Err(error(given.to_owned()))
}

fn is_repository(repository: &str) -> bool {
    let (host, path) = split_host(repository);
    is_host(host) && path.split('/').all(is_path_component)
}

/// `[a-z0-9]+`, joined by `.`, `_`, `__` or any number of `-`.
fn is_path_component(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_separator = |run: &str| matches!(run, "." | "_" | "__") || run.chars().all(|c| c == '-');
    text.starts_with(is_word) && text.ends_with(is_word) && text.split(is_word).all(is_separator)
}

fn is_host(text: &str) -> bool {
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) if !text.ends_with(']') => (name, Some(port)),
        _ => (text, None),
    };
    port.is_none_or(is_port) && (is_ipv6(name) || name.split('.').all(is_domain_label))
}

fn is_port(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

fn is_ipv6(text: &str) -> bool {
    let address = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    address.is_some_and(|address| address.parse::<Ipv6Addr>().is_ok())
}

fn is_domain_label(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric();
    text.starts_with(is_word) && text.ends_with(is_word) && text.chars().all(|c| is_word(c) || c == '-')
}

#[cfg(test)]
mod tests;
