//! Checks of R, beyond those of its front end.

use std::collections::BTreeSet;

use super::data::Job;
use super::downloads;
use super::surroundings::Surroundings;
use crate::component::Component;
use crate::diagnostic::Diagnostic;
use crate::frontend::r::{DESCRIPTION, Deed, deeds};
use crate::language::Language;
use crate::source::Source;

/// Checks a script.
pub(super) fn check(source: &Source, component: &Component, surroundings: &Surroundings) -> Vec<Diagnostic> {
    let job = Job::of(component, surroundings, source.text());
    let mut told = with_files(source.text(), job.as_ref());
    let beside = surroundings.neighbours.iter().filter(|neighbour| neighbour.language == Language::R);
    for neighbour in beside {
        told.extend(with_files(&neighbour.text, job.as_ref()).into_iter().map(|found| neighbour.told(found)));
    }
    let unindexed = job.as_ref().map(|job| job.unindexed(&told));
    undescribed(component).into_iter().chain(told).chain(unindexed.into_iter().flatten()).collect()
}

fn undescribed(component: &Component) -> Option<Diagnostic> {
    let missing = || {
        let message = format!("no description found, `{DESCRIPTION}` is used");
        Diagnostic::warning("missing-description", message)
            .hint("describe the operator in a comment at the top of the file")
    };
    (component.description == DESCRIPTION).then(missing)
}

/// Diagnostics about downloads, and about a platform's rules.
fn with_files(text: &str, job: Option<&Job>) -> Vec<Diagnostic> {
    let none = BTreeSet::new();
    let deeds = deeds(text, job.map_or(&none, |job| &job.names));
    let mut walked = BTreeSet::new();
    let mut said = |deed| match (deed, job) {
        (Deed::Downloads(what), None) => Some(downloads::note(&what)),
        (Deed::Downloads(what), Some(job)) => Some(job.offline(downloads::note(&what))),
        (Deed::Writes(place), Some(job)) => job.written(place, &deeds.delivered),
        (Deed::Walks(place), Some(job)) => job.walked(place, &mut walked),
        (_, None) => None,
    };
    deeds.calls.into_iter().filter_map(|(deed, span)| Some(said(deed)?.at(span))).collect()
}
