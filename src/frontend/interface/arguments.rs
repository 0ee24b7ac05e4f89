//! Options of a source's own command line among its variables: those with a name that is taken are left out.

use std::collections::BTreeMap;

use super::Access;
use super::names::{is_platform, is_system};
use crate::diagnostic::Diagnostic;
use crate::identifier;

/// Normalised names that entry points reserve.
const KEPT: &[&str] = &["executor_input"];

/// The accesses without options that share the name of a variable or of an earlier option.
pub(super) fn apart(accesses: Vec<Access>, diagnostics: &mut Vec<Diagnostic>) -> Vec<Access> {
    if accesses.iter().all(|access| access.argument.is_none()) {
        return accesses;
    }
    let variables = accesses.iter().filter(|access| access.argument.is_none());
    let known = variables.filter(|access| !is_system(&access.name) && !is_platform(&access.name));
    let mut taken: BTreeMap<String, String> = known
        .map(|access| (identifier::least(&access.name), format!("the variable `{}`", access.name)))
        .collect();
    taken.extend(KEPT.iter().map(|name| ((*name).to_owned(), "what Kubeflow hands on".to_owned())));
    let mut is_apart = |access: &Access| {
        let clash = clash(access, &mut taken);
        let is_free = clash.is_none();
        diagnostics.extend(clash);
        is_free
    };
    accesses.into_iter().filter(|access| access.argument.is_none() || is_apart(access)).collect()
}

/// Why an option can't be an input.
fn clash(access: &Access, taken: &mut BTreeMap<String, String>) -> Option<Diagnostic> {
    let spelling = access.argument.as_ref()?.spelling(&access.name).escape_debug().to_string();
    let note = |message: String| Diagnostic::note("unread-argument", message).at(access.span.clone());
    if access.directives.iter().any(|directive| directive.output().is_some()) {
        let message = format!("`{spelling}` is an option, which can't be an output");
        let warning = Diagnostic::warning("unread-argument", message).at(access.span.clone());
        return Some(
            warning.hint("write the path to a variable, `os.environ['result'] = path`, as an output"),
        );
    }
    if let Some(other) = taken.get(&identifier::least(&access.name)) {
        let hint = "give the value by that name, or choose another `dest`";
        return Some(note(format!("`{spelling}` is no input: {other} has its name")).hint(hint));
    }
    taken.insert(identifier::least(&access.name), format!("the option `{spelling}`"));
    None
}
