//! Staleness: generated files that would be different if regenerated.

use crate::diagnostic::Diagnostic;
use crate::display;
use crate::stamp::Stamp;

/// Reports generated files that are out of date, by names and records.
#[must_use]
pub fn check(made: &[(String, Stamp)], now: &Stamp, source: &str) -> Vec<Diagnostic> {
    let is_same = |stamp: &Stamp| stamp.component == now.component && !stamp.has_older_beside(now);
    let (same, changed): (Vec<_>, Vec<_>) = made.iter().partition(|(_, stamp)| is_same(stamp));
    let older: Vec<_> = same.into_iter().filter(|(_, stamp)| stamp.c3 != now.c3).collect();
    let changed = diagnostic(&changed, "the source has changed since", source);
    let version = older.first().map(|(_, stamp)| stamp.c3.as_str()).unwrap_or_default();
    let reason = format!("made by c3 {version}, and this is c3 {}", now.c3);
    changed.into_iter().chain(diagnostic(&older, &reason, source)).collect()
}

fn diagnostic(files: &[&(String, Stamp)], reason: &str, source: &str) -> Option<Diagnostic> {
    let names: Vec<_> = files.iter().map(|(name, _)| format!("`{name}`")).collect();
    let are = if names.len() == 1 { "is" } else { "are" };
    let subject = (!names.is_empty()).then(|| format!("{} {are}", display::listed(&names)))?;
    Some(
        Diagnostic::warning("stale-files", format!("{subject} out of date: {reason}"))
            .hint(format!("run `c3 compile --stale {source}`")),
    )
}
