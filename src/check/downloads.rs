//! Messages about downloads while an operator runs.

use crate::diagnostic::Diagnostic;

/// The note about what downloads.
pub(super) fn note(what: &str) -> Diagnostic {
    Diagnostic::note("run-time-download", format!("`{what}` downloads here while the operator runs")).hint(
        "many clusters have no internet: make it an additional file of the image, or take its place as an input",
    )
}
