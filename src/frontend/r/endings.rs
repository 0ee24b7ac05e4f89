//! Endings: where a script ends.

use tree_sitter::Node;

use super::literals;
use super::names::{Names, Value};

/// Functions that end a script.
const ENDS: &[&str] = &["stop", "quit", "q", "abort", "cli_abort", "stop_custom", "stopf", "rlang_abort"];

/// Those that raise no error.
const QUITS: &[&str] = &["quit", "q"];

/// Most calls of the script's own functions that are followed.
const MAX_CALLS: usize = 4;

/// Whether a statement ends the script: a call of `stop` or similar, or of the script's own function that
/// ends so.
pub(super) fn ends<'tree>(node: Node<'tree>, names: &Names<'tree>) -> bool {
    ending(node, names, MAX_CALLS).is_some()
}

/// Whether the last statement of a block ends the script in a way that nothing catches.
pub(super) fn quits<'tree>(node: Node<'tree>, names: &Names<'tree>) -> bool {
    let ending = last(node).and_then(|last| ending(last, names, MAX_CALLS));
    ending.is_some_and(|name| QUITS.contains(&name))
}

/// The function that ends the script.
fn ending<'tree>(node: Node<'tree>, names: &Names<'tree>, depth: usize) -> Option<&'static str> {
    let called = node.child_by_field_name("function").filter(|_| node.kind() == "call")?;
    if let Some(function) = names.function(called) {
        return ENDS.iter().find(|name| **name == function.name).copied();
    }
    let body = literals::name(called, names.text).and_then(|name| match names.only_value(&name)? {
        Value::Expression(value) if value.kind() == "function_definition" => {
            value.child_by_field_name("body")
        }
        _ => None,
    });
    ending(body.and_then(last)?, names, depth.checked_sub(1)?)
}

/// The statements of a block, or a single one.
pub(super) fn statements(node: Node<'_>) -> Vec<Node<'_>> {
    if node.kind() != "braced_expression" {
        return vec![node];
    }
    let mut cursor = node.walk();
    node.named_children(&mut cursor).filter(|child| child.kind() != "comment").collect()
}

/// The last statement of a block.
pub(super) fn last(node: Node<'_>) -> Option<Node<'_>> {
    statements(node).last().copied()
}
