//! The files around a source that belong to its operator: code it loads, and the requirements of its project.

use crate::component::Component;
use crate::diagnostic::Diagnostic;
use crate::frontend::r;
use crate::language::Language;
use crate::neighbours::Neighbours;
use crate::project::{self, Project, Wanted};
use crate::settings::Config;
use crate::source::Source;

/// The code of the diagnostic for missing R packages.
const MISSING: &str = "missing-package";

/// What was read of a source.
pub struct Around<'a> {
    /// Its component.
    pub component: &'a mut Component,
    /// Its diagnostics.
    pub diagnostics: &'a mut Vec<Diagnostic>,
}

impl Around<'_> {
    /// Adds what belongs to the operator; returns the requirements file in use, if any, and its digest if
    /// packages are installed from it.
    pub fn look(
        &mut self,
        source: &Source,
        settings: &Config,
        has_block: bool,
        neighbours: &Neighbours,
    ) -> Option<(String, Option<String>)> {
        self.diagnostics.extend(neighbours.diagnostics.iter().cloned());
        self.forget_installed(source, neighbours);
        self.diagnostics.extend(settings.record(self.component, source));
        let needs_some = match source.language() {
            Language::R => self.diagnostics.iter().any(|found| found.code == MISSING),
            Language::Python => !neighbours.foreign.is_empty(),
            #[cfg(test)]
            Language::Toy => false,
        };
        if !needs_some || project::names_packages(self.component, has_block) {
            return None;
        }
        let wanted = Wanted { named: settings.requirements.as_deref(), has_conda: has_conda(settings) };
        let Project { file, digest, requirements, diagnostics } = project::find(source, wanted)?;
        self.diagnostics.extend(diagnostics);
        if requirements.is_empty() {
            return None;
        }
        self.component.requirements.extend(requirements);
        if source.language() == Language::R {
            self.weigh_packages(source, neighbours);
        }
        Some((file, digest))
    }

    /// Reports missing packages of R again, now that more is known.
    fn weigh_packages(&mut self, source: &Source, neighbours: &Neighbours) {
        self.diagnostics.retain(|found| found.code != MISSING);
        self.diagnostics.extend(self.missing_packages(source, neighbours));
    }

    /// Says nothing of packages that a file beside the source uses and the source installs.
    fn forget_installed(&mut self, source: &Source, neighbours: &Neighbours) {
        if neighbours.diagnostics.iter().all(|found| found.code != MISSING) {
            return;
        }
        let missing = self.missing_packages(source, neighbours);
        let is_missing = |found: &Diagnostic| missing.iter().any(|other| other.message == found.message);
        self.diagnostics.retain(|found| found.code != MISSING || is_missing(found));
    }

    /// The packages of R that the source or a file beside it uses, and the source doesn't install.
    fn missing_packages(&self, source: &Source, neighbours: &Neighbours) -> Vec<Diagnostic> {
        let mut missing = r::missing(source.text(), &self.component.requirements);
        for file in neighbours.read.iter().filter(|file| file.language == Language::R) {
            let found = r::missing(&file.text, &self.component.requirements).into_iter();
            missing.extend(found.map(|found| file.told(found)));
        }
        missing
    }
}

/// Whether the chosen base image has conda, judged by its name.
fn has_conda(settings: &Config) -> bool {
    let image = settings.base_image.as_deref().unwrap_or_default();
    ["conda", "mamba", "miniforge"].iter().any(|word| image.contains(word))
}
