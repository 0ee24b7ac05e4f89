//! Files that a script sources.

use super::names::Names;
use super::shapes::Call;
use super::{arguments, fold, shapes, tree};
use crate::source::Source;

/// Functions that run the file that their first argument names.
const LOADERS: [&str; 2] = ["source", "sys.source"];

/// The name of that argument.
const FILE: &str = "file";

/// The paths of the files, as far as they are known.
pub(in crate::frontend) fn loads(source: &Source) -> Vec<String> {
    let text = source.text();
    let Ok(tree) = tree::parse(text) else { return Vec::new() };
    let shapes = shapes::find(&tree, text);
    let names = Names::new(text, &shapes);
    shapes.calls.iter().filter_map(|call| file(call, &names)).collect()
}

fn file(call: &Call, names: &Names) -> Option<String> {
    let function = names.function(call.function)?;
    LOADERS.iter().any(|loader| function.is_base(loader)).then_some(())?;
    let given = arguments::of(call.arguments, names.text);
    let written = given.iter().find(|argument| argument.name.as_deref() == Some(FILE));
    let file = written.or_else(|| given.iter().find(|argument| argument.name.is_none()))?;
    fold::text(file.value?, names)
}
