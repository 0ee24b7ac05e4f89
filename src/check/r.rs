//! Checks of R, beyond those of its front end.

use crate::component::Component;
use crate::diagnostic::Diagnostic;
use crate::frontend::r::DESCRIPTION;

/// Checks a script.
pub(super) fn check(component: &Component) -> Vec<Diagnostic> {
    let missing = || {
        let message = format!("no description found, `{DESCRIPTION}` is used");
        Diagnostic::warning("missing-description", message)
            .hint("describe the operator in a comment at the top of the file")
    };
    (component.description == DESCRIPTION).then(missing).into_iter().collect()
}
