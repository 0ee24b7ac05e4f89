//! The search for a base image's Python: in its configuration, or else in its layers.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Seek, Write};

use super::base::Base;
use super::config::variable;
use super::error::OciError;
use super::index::{Index, InstalledPython};
use super::origin::Origin;
use super::python::{Python, minor};
use super::verified::Expected;
use super::{Assembler, ImageSpec};
use crate::engine::manifest::Descriptor;
use crate::progress::Event;

/// The default `PATH` of an image.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

impl Assembler {
    /// The Python of a base image, if its version fits.
    pub(super) fn python(
        &self,
        spec: &ImageSpec,
        origin: &Origin,
        base: &Base,
    ) -> Result<InstalledPython, OciError> {
        let found = match Python::from_config(&base.config) {
            Some(python) => InstalledPython { python, distributions: BTreeSet::new() },
            None => self.search(spec, origin, base)?,
        };
        match spec.python.and_then(minor).filter(|wanted| *wanted != found.python.version) {
            None => Ok(found),
            Some(wanted) => {
                let version = found.python.version;
                Err(OciError::OtherPython { image: base.name.clone(), found: version, wanted })
            }
        }
    }

    /// Searches the layers, once per image.
    fn search(&self, spec: &ImageSpec, origin: &Origin, base: &Base) -> Result<InstalledPython, OciError> {
        let name = format!("python-{}", base.digest.trim_start_matches("sha256:"));
        if let Some(found) = self.cache.recall(&name).filter(|_| !spec.no_cache) {
            return Ok(found);
        }
        spec.progress.report(&Event::Started(format!("look for Python in {}", base.name)));
        let mut index = Index::default();
        for layer in &base.layers {
            let file = self.fetched(spec, origin, layer)?;
            index.add(file).map_err(OciError::io("read", format!("{} of {}", layer.digest, base.name)))?;
        }
        let path = variable(&base.config, "PATH").unwrap_or(PATH);
        let found = index.find(path);
        let found = found.map_err(|reason| OciError::Python { image: base.name.clone(), reason })?;
        self.cache.note_down(&name, &found)?;
        Ok(found)
    }

    /// A layer in a temporary file.
    fn fetched(&self, spec: &ImageSpec, origin: &Origin, layer: &Descriptor) -> Result<File, OciError> {
        let failed = |error| OciError::io("write", &layer.digest)(error);
        let mut file = tempfile::tempfile().map_err(failed)?;
        self.work.wait(origin.copy(Expected::of(layer), &mut file, spec.progress))?;
        file.flush().and_then(|()| file.rewind()).map_err(failed)?;
        Ok(file)
    }
}
