//! Plans for a command; diagnostics are collected for the caller.

use std::path::Path;

use c3::artifact::Artifact;
use c3::check::{self, surroundings::Listings};
use c3::diagnostic::Diagnostic;
use c3::failure::Failure;
use c3::frontend;
use c3::load;
use c3::operator::{self, Plan, Planned, Purpose, Request};
use c3::source::Source;

use super::console::Messages;
use super::options::LogLevel;

/// Loads a source and plans its operator.
pub(crate) fn plan(
    path: &Path,
    request: &Request,
    purpose: Purpose,
    level: LogLevel,
    messages: &mut Messages,
) -> Result<Plan, Failure> {
    plan_of(&load::load(path)?, request, purpose, level, messages)
}

/// Plans the operator of a source.
pub(crate) fn plan_of(
    source: &Source,
    request: &Request,
    purpose: Purpose,
    level: LogLevel,
    messages: &mut Messages,
) -> Result<Plan, Failure> {
    let Planned { plan, diagnostics } = operator::plan(source, request, purpose);
    messages.add(&diagnostics, source, level);
    if let Some(warning) = plan.as_ref().ok().and_then(missing) {
        messages.add_line(&warning, source, level);
    }
    plan
}

/// The plan of a grid wrapper around an operator.
pub(crate) fn wrapped(
    plan: Plan,
    level: LogLevel,
    messages: &mut Messages,
    wrap: impl FnOnce(Plan, &mut Vec<Diagnostic>) -> Result<Plan, Failure>,
) -> Result<Plan, Failure> {
    let (mut diagnostics, source) = (Vec::new(), plan.source.clone());
    let wrapped = wrap(plan, &mut diagnostics);
    messages.add(&diagnostics, &source, level);
    wrapped
}

/// The modules missing in the image; a custom base image may hold anything.
fn missing(plan: &Plan) -> Option<Diagnostic> {
    if plan.request.names_base() || !plan.imports_foreign() {
        return None;
    }
    let around = plan.surroundings(&Listings::default()).ok()?;
    check::missing_modules(&plan.source, &plan.component, &around)
}

/// The files of the chosen platforms.
pub(crate) fn artifacts(
    plan: &Plan,
    level: LogLevel,
    messages: &mut Messages,
) -> Result<Vec<Artifact>, Failure> {
    let warnings = plan.warnings();
    messages.add(&warnings, &plan.source, level);
    if frontend::has_error(&warnings) {
        return Err(Failure::diagnosed());
    }
    plan.emit().map_err(|diagnostics| {
        messages.add(&diagnostics, &plan.source, level);
        Failure::diagnosed()
    })
}
