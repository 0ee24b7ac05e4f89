//! Files generated from a source before, and the options recorded in them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::backend::{self, TARGETS, Target, grid};
use crate::reader;
use crate::reference;
use crate::settings::{Config, TargetName};
use crate::stamp::{Grid, Stamp};

use super::{Request, legacy};

/// The generated files of one source that hold a record; those of a custom template don't.
pub struct Generated {
    stem: String,
    files: Vec<File>,
}

struct File {
    name: String,
    stamp: Stamp,
}

impl File {
    /// The files that can't hold a record, and whose records this file holds.
    fn beside(&self) -> impl Iterator<Item = Self> {
        self.stamp.beside.keys().map(|name| Self { name: name.clone(), stamp: self.stamp.clone() })
    }
}

impl Generated {
    /// Looks for them where they would be written now.
    #[must_use]
    pub fn find(source: &Path, options: &Request) -> Self {
        let stem = source.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let own = source.file_name().unwrap_or_default().to_string_lossy();
        Self::of(stem, &own, source, options)
    }

    /// Looks for those of the source's grid wrapper.
    #[must_use]
    pub fn of_wrapper(source: &Path, options: &Request) -> Self {
        let stem = grid::wrapper(&source.file_stem().unwrap_or_default().to_string_lossy());
        let own = format!("{stem}.py");
        let mut made = Self::of(stem, &own, source, options);
        made.files.retain(|file| file.stamp.grid.is_some());
        made
    }

    /// Looks for the files of an operator with this stem, made of a source with this name.
    fn of(stem: String, own: &str, source: &Path, options: &Request) -> Self {
        let folder = options.output_dir.as_deref().or(source.parent()).unwrap_or(Path::new(""));
        let dockerfile = options.dockerfile.clone().unwrap_or_else(|| format!("{stem}.Dockerfile"));
        let manifests = backend::suffixes().map(|suffix| format!("{stem}{suffix}"));
        let file = |name: String| {
            let text = reader::read_to_string(&folder.join(&name)).ok()?;
            let stamp = Stamp::read(&text, own).filter(|stamp| !stamp.template)?;
            Some(File { name, stamp: legacy::completed(stamp, &text) })
        };
        let mut files: Vec<_> = [dockerfile].into_iter().chain(manifests).filter_map(file).collect();
        let beside = files.iter().flat_map(File::beside);
        let beside: Vec<_> = beside.filter(|file| folder.join(&file.name).exists()).collect();
        files.extend(beside);
        Self { stem, files }
    }

    /// The function that a grid wrapper calls, and the store of its workers.
    #[must_use]
    pub fn grid(&self) -> Option<&Grid> {
        self.first(|stamp| stamp.grid.as_ref())
    }

    /// Whether it is empty.
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

    /// Whether one of them would get another record now.
    #[must_use]
    pub fn is_stale(&self, now: &Stamp) -> bool {
        self.files.iter().any(|file| file.stamp.is_older(now))
    }

    /// The targets they were generated for, limited to those on the command line if it names any.
    fn targets(&self, given: &Request) -> Vec<&'static Target> {
        let is_there =
            |target: &Target| target.suffixes.iter().any(|end| self.has(&format!("{}{end}", self.stem)));
        let is_meant = |target: &Target| {
            let given = given.settings.targets.as_ref();
            given.is_none_or(|given| given.iter().any(|meant| meant.0.name == target.name))
        };
        TARGETS.iter().filter(|target| is_there(target) && is_meant(target)).collect()
    }

    /// The request for the existing files: their records fill in what neither the request nor settings say.
    #[must_use]
    pub fn request(&self, given: &Request) -> Request {
        let targets = Some(self.targets(given).into_iter().map(TargetName).collect());
        let remembered = Config {
            repository: self.namespace(),
            version: self.first(|stamp| stamp.version.clone()),
            base_image: self.base_image(),
            ..Config::default()
        };
        Request { settings: Config { targets, ..given.settings.clone() }, remembered, ..given.clone() }
    }

    /// The first value that a record has.
    fn first<'a, T>(&'a self, said: impl Fn(&'a Stamp) -> Option<T>) -> Option<T> {
        self.files.iter().find_map(|file| said(&file.stamp))
    }

    /// Registry and namespace of the images.
    fn namespace(&self) -> Option<String> {
        let image = self.first(|stamp| stamp.image.as_deref())?;
        reference::parts(image).namespace.map(ToOwned::to_owned)
    }

    /// The base image, if there is exactly one: several are the defaults of several targets.
    fn base_image(&self) -> Option<String> {
        let images: BTreeSet<_> =
            self.files.iter().filter_map(|file| file.stamp.base_image.as_ref()).collect();
        let sole = images.first().filter(|_| images.len() == 1)?;
        reference::Reference::parse(sole).is_ok().then(|| (*sole).clone())
    }

    /// Whether additional files are in the image.
    #[must_use]
    pub fn has_files(&self) -> bool {
        self.files.iter().any(|file| file.stamp.files)
    }
}

/// The sources that have generated files.
#[must_use]
pub fn compiled(sources: Vec<PathBuf>, options: &Request) -> Vec<PathBuf> {
    let is_made = |find: fn(&Path, &Request) -> Generated, source: &Path| !find(source, options).is_empty();
    let is_compiled =
        |source: &PathBuf| is_made(Generated::find, source) || is_made(Generated::of_wrapper, source);
    sources.into_iter().filter(is_compiled).collect()
}
