//! Files that were made of a source before: which there are, and what they say of the options they were made with.

use std::path::{Path, PathBuf};

use crate::backend::stamp::Stamp;
use crate::backend::{self, TARGETS, Target};
use crate::reader;
use crate::recipe::FILES;
use crate::recipe::{BASE_LABEL, VERSION_LABEL};
use crate::reference;

use super::Request;
use crate::settings::{Config, TargetName};

/// The files that were made of one source and bear a stamp.
pub struct Generated {
    /// Name of the operator.
    name: String,
    files: Vec<File>,
}

struct File {
    name: String,
    text: String,
    stamp: Stamp,
}

impl Generated {
    /// Looks for them where they would be written now.
    #[must_use]
    pub fn find(source: &Path, options: &Request) -> Self {
        let stem = source.file_stem().unwrap_or_default().to_string_lossy();
        let own = source.file_name().unwrap_or_default().to_string_lossy();
        let folder = options.output_dir.as_deref().or(source.parent()).unwrap_or(Path::new(""));
        let dockerfile = options.dockerfile.clone().unwrap_or_else(|| format!("{stem}.Dockerfile"));
        let manifests = backend::suffixes().map(|suffix| format!("{stem}{suffix}"));
        let file = |name: String| {
            let text = reader::read_to_string(&folder.join(&name)).ok()?;
            let stamp = Stamp::read(&text, &own)?;
            Some(File { name, text, stamp })
        };
        let files = [dockerfile].into_iter().chain(manifests).filter_map(file).collect();
        Self { name: reference::operator_name(&stem).unwrap_or_default(), files }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Whether a file of this name is among them.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.files.iter().any(|file| file.name == name)
    }

    /// Their names and stamps.
    #[must_use]
    pub fn stamps(&self) -> Vec<(String, Stamp)> {
        self.files.iter().map(|file| (file.name.clone(), file.stamp.clone())).collect()
    }

    /// Whether one of them would bear another stamp now.
    #[must_use]
    pub fn is_stale(&self, now: &Stamp) -> bool {
        self.files.iter().any(|file| file.stamp.is_older(now))
    }

    /// The platforms that they were made for, among those that the command line names if it does.
    fn targets(&self, given: &Request) -> Vec<&'static Target> {
        let is_there =
            |target: &Target| target.suffixes.iter().any(|end| self.files.iter().any(|file| ends(file, end)));
        let is_meant = |target: &Target| {
            let given = given.settings.targets.as_ref();
            given.is_none_or(|given| given.iter().any(|meant| meant.0.name == target.name))
        };
        TARGETS.iter().filter(|target| is_there(target) && is_meant(target)).collect()
    }

    /// The options with what the files tell of those that aren't given.
    pub fn options(&self, given: &Request, options: &Request) -> Request {
        let image = self.image();
        let chosen = &options.settings;
        let base_image = || match (&chosen.image_version, &chosen.dockerfile_template) {
            (None, None) => self.base_image(),
            _ => None,
        };
        let version = || image.as_ref().map(|image| image.1.clone()).or_else(|| self.version());
        let settings = Config {
            targets: Some(self.targets(given).into_iter().map(TargetName).collect()),
            repository: chosen.repository.clone().or_else(|| image.as_ref()?.0.clone()),
            version: chosen.version.clone().or_else(version),
            base_image: chosen.base_image.clone().or_else(base_image),
            ..chosen.clone()
        };
        Request { settings, ..options.clone() }
    }

    /// The namespace and the version of the image that the manifests name.
    fn image(&self) -> Option<(Option<String>, String)> {
        let image = format!("claimed-{}:", self.name);
        self.files.iter().flat_map(|file| file.text.lines()).find_map(|line| {
            let (before, after) = line.split_once(&image)?;
            let is_part = |c: char| c.is_ascii_alphanumeric() || "._-:/".contains(c);
            let start = before.rfind(|c: char| !is_part(c)).map_or(0, |at| at + 1);
            let end = after.find(|c: char| !is_part(c) || c == '/').unwrap_or(after.len());
            let namespace = Some(before[start..].trim_end_matches('/').to_owned());
            reference::valid_tag(&after[..end]).ok()?;
            Some((namespace.filter(|text| !text.is_empty()), after[..end].to_owned()))
        })
    }

    /// The version that the Dockerfiles tell.
    fn version(&self) -> Option<String> {
        self.files.iter().find_map(|file| label(&file.text, VERSION_LABEL)).map(ToOwned::to_owned)
    }

    /// The image that the operator's Dockerfile begins with, or that of a target if there is one only.
    fn base_image(&self) -> Option<String> {
        let mut lines = self.files.iter().flat_map(|file| file.text.lines());
        let own = lines.find_map(|line| line.strip_prefix("ARG BASE_IMAGE="));
        let mut labels = self.files.iter().filter_map(|file| label(&file.text, BASE_LABEL));
        let sole = labels.next().filter(|_| labels.next().is_none());
        Some(own.or(sole)?.trim_matches(['"', '\'']).to_owned())
            .filter(|image| reference::Reference::parse(image).is_ok())
    }

    /// Whether the Dockerfile copies additional files.
    #[must_use]
    pub fn copies_files(&self) -> bool {
        let copied = format!(" {FILES}/ ");
        self.files
            .iter()
            .flat_map(|file| file.text.lines())
            .any(|line| line.starts_with("COPY ") && line.contains(&copied))
    }
}

/// The value of a label in a Dockerfile.
#[must_use]
pub fn label<'a>(dockerfile: &'a str, name: &str) -> Option<&'a str> {
    let (_, value) = dockerfile.split_once(&format!("{name}=\""))?;
    value.split('"').next()
}

/// Whether a file is the one of a suffix: `x.job.yaml` is not that of `.yaml`.
fn ends(file: &File, suffix: &str) -> bool {
    let longest = backend::suffixes().filter(|end| file.name.ends_with(end)).max_by_key(|end| end.len());
    longest == Some(suffix)
}

/// The sources of which there are generated files.
#[must_use]
pub fn compiled(sources: Vec<PathBuf>, options: &Request) -> Vec<PathBuf> {
    sources.into_iter().filter(|source| !Generated::find(source, options).is_empty()).collect()
}
