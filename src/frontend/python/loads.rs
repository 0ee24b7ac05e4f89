//! Modules that a script imports, as the files that they may be.

use super::module;
use super::semantic::Model;
use crate::source::Source;

/// The paths that the modules may have from the folder of the script, the longest first: the last name of an import may be
/// that of a module, or of something in one.
pub(in crate::frontend) fn loads(source: &Source) -> Vec<String> {
    let Some(parsed) = module(source) else { return Vec::new() };
    let model = Model::new(&parsed.syntax().body);
    model.imports().iter().flat_map(|import| files(&import.path)).collect()
}

/// The files that a dotted path may mean.
fn files(path: &str) -> Vec<String> {
    let names = path.trim_start_matches('.');
    // One dot means the folder of the script, each further one the folder above.
    let above = "../".repeat((path.len() - names.len()).saturating_sub(1));
    let names: Vec<_> = names.split('.').filter(|name| !name.is_empty()).collect();
    (1..=names.len()).rev().map(|length| format!("{above}{}.py", names[..length].join("/"))).collect()
}
