//! Checks: likely problems of a source that compiles, such as a missing package.

use std::collections::BTreeSet;

use crate::component::Component;
use crate::diagnostic::Diagnostic;
use crate::display;
use crate::language::Language;
use crate::source::Source;

mod data;
mod downloads;
pub mod installed;
mod python;
mod r;
pub mod staleness;
pub mod surroundings;

use surroundings::Surroundings;

/// The checks of a language.
struct Checks {
    language: Language,
    /// The diagnostics of a source.
    check: fn(&Source, &Component, &Surroundings) -> Vec<Diagnostic>,
    /// The missing distributions, if certain.
    missing: fn(&Source, &Component, &Surroundings) -> Vec<&'static str>,
    /// The missing modules, unless the front end reports them.
    modules: fn(&Source, &Component, &Surroundings) -> BTreeSet<String>,
}

/// A row for each language with checks.
static CHECKS: &[Checks] = &[
    Checks {
        language: Language::Python,
        check: python::check,
        missing: python::missing_distributions,
        modules: python::missing_modules,
    },
    Checks {
        language: Language::R,
        check: r::check,
        missing: |_, _, _| Vec::new(),
        modules: |_, _, _| BTreeSet::new(),
    },
];

fn checks(source: &Source) -> Option<&'static Checks> {
    CHECKS.iter().find(|checks| checks.language == source.language())
}

/// Checks a source with a known component; returns diagnostics by position.
#[must_use]
pub fn check(source: &Source, component: &Component, surroundings: &Surroundings) -> Vec<Diagnostic> {
    let check = |checks: &Checks| (checks.check)(source, component, surroundings);
    let mut diagnostics = checks(source).map(check).unwrap_or_default();
    diagnostics.sort_by_key(|diagnostic| diagnostic.span.as_ref().map(|span| span.start));
    diagnostics
}

/// A one-line summary of missing modules, for commands other than `check`.
#[must_use]
pub fn missing_modules(
    source: &Source,
    component: &Component,
    surroundings: &Surroundings,
) -> Option<Diagnostic> {
    let modules = (checks(source)?.modules)(source, component, surroundings);
    let names: Vec<_> = modules.iter().map(|module| format!("`{module}`")).collect();
    let are = if names.len() == 1 { "is" } else { "are" };
    let names = (!names.is_empty()).then(|| display::listed(&names))?;
    let path = source.display();
    let message = format!("{names} {are} imported, but nowhere installed: `c3 check {path}` says what to do");
    Some(Diagnostic::warning("missing-package", message))
}

/// The missing distributions, if certain.
#[must_use]
pub fn missing_distributions(
    source: &Source,
    component: &Component,
    surroundings: &Surroundings,
) -> Vec<&'static str> {
    checks(source).map(|checks| (checks.missing)(source, component, surroundings)).unwrap_or_default()
}
