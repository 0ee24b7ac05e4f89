//! Checks: what is doubtful about a source although it can be compiled, such as a package that nothing installs.

use crate::component::Component;
use crate::diagnostic::Diagnostic;
use crate::language::Language;
use crate::source::Source;

pub mod installed;
mod python;
mod r;
pub mod staleness;
pub mod surroundings;

use surroundings::Surroundings;

/// Checks a source whose component is known, by position.
#[must_use]
pub fn check(source: &Source, component: &Component, surroundings: &Surroundings) -> Vec<Diagnostic> {
    let mut diagnostics = match source.language() {
        Language::Python => python::check(source, component, surroundings),
        Language::R => r::check(component),
    };
    diagnostics.sort_by_key(|diagnostic| diagnostic.span.as_ref().map(|span| span.start));
    diagnostics
}

/// The distributions that a source imports and nothing installs, where it is sure which they are.
#[must_use]
pub fn missing_distributions(
    source: &Source,
    component: &Component,
    surroundings: &Surroundings,
) -> Vec<&'static str> {
    match source.language() {
        Language::Python => python::missing_distributions(source, component, surroundings),
        Language::R => Vec::new(),
    }
}
