//! Idle code: functions that nothing else in the script names, so that no run calls them.

use std::collections::HashMap;
use std::ops::Range;

use crate::frontend::r::literals;
use crate::frontend::r::names::Names;
use crate::frontend::r::shapes::Shapes;

/// Functions that may call another one by a name that is known at run time only.
const CALLING: &[&str] = &["eval", "evalq", "get", "mget", "get0"];

/// Where functions are that no run calls.
pub(super) fn idle(names: &Names, shapes: &Shapes) -> Vec<Range<usize>> {
    let is_calling = |name: &str| CALLING.contains(&name);
    let may_call_any = shapes.calls.iter().any(|call| is_calling(&names.text[call.function.byte_range()]));
    let functions = shapes.assignments.iter().filter(|pair| pair.value.kind() == "function_definition");
    let plain = functions.filter(|pair| ["identifier", "string"].contains(&pair.target.kind()));
    // A method of a generic function is called by its class: `print.result`.
    let plain = plain.filter_map(|pair| {
        let name = literals::name(pair.target, names.text).filter(|name| !name.contains('.'))?;
        Some((name, pair.node.byte_range()))
    });
    let plain: Vec<(String, Range<usize>)> = plain.collect();
    if may_call_any || plain.is_empty() {
        return Vec::new();
    }
    let counts = words(names.text);
    plain.into_iter().filter(|(name, _)| counts.get(&**name) == Some(&1)).map(|(_, span)| span).collect()
}

/// How often each word stands in a text.
fn words(text: &str) -> HashMap<&str, usize> {
    let mut counts = HashMap::new();
    for word in text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '.') {
        *counts.entry(word).or_default() += 1;
    }
    counts
}
