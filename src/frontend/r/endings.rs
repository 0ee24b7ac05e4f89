//! Endings: where a script ends, rather than going on.

use tree_sitter::Node;

use super::literals;
use super::names::{Names, Value};

/// Functions that end a script.
const ENDS: &[&str] = &["stop", "quit", "q", "abort", "cli_abort", "stop_custom", "stopf", "rlang_abort"];

/// How many functions of the script's own are looked into, one within the other.
const MAX_CALLS: usize = 4;

/// Whether a statement ends the script: a call of `stop` and the like, or of a function of the script's own that ends so.
pub(super) fn ends<'tree>(node: Node<'tree>, names: &Names<'tree>) -> bool {
    ends_within(node, names, MAX_CALLS)
}

fn ends_within<'tree>(node: Node<'tree>, names: &Names<'tree>, depth: usize) -> bool {
    let function = node.child_by_field_name("function").filter(|_| node.kind() == "call");
    let Some(called) = function else { return false };
    if let Some(function) = names.function(called) {
        return ENDS.contains(&function.name.as_str());
    }
    let body = literals::name(called, names.text).and_then(|name| match names.only_value(&name)? {
        Value::Expression(value) if value.kind() == "function_definition" => {
            value.child_by_field_name("body")
        }
        _ => None,
    });
    depth > 0 && body.and_then(last).is_some_and(|last| ends_within(last, names, depth - 1))
}

/// The statements of a block, or the one that stands without.
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
