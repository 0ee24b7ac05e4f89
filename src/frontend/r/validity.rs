//! Validity: what the grammar accepts and R doesn't, in a tree without errors.

use std::collections::{BTreeMap, BTreeSet};

use tree_sitter::Node;

use super::literals;
use super::shapes::{Pair, Shapes};
use super::tree::SyntaxError;
use crate::display;

/// Finds the first thing that R rejects.
pub(super) fn check(shapes: &Shapes, text: &str) -> Result<(), SyntaxError> {
    let problems = [
        shapes.invalid.first().map(|node| error(*node, text)),
        shapes.operations.iter().find_map(|pair| misplaced(pair)).map(|node| error(node, text)),
        unseparated(shapes, text),
        repeated(shapes, text),
        shapes.strings.iter().find(|node| literals::name(**node, text).is_none()).map(|node| escape(*node)),
    ];
    let first = problems.into_iter().flatten().min_by_key(|error| error.span.start);
    first.map_or(Ok(()), Err)
}

fn error(node: Node, text: &str) -> SyntaxError {
    let found = text[node.byte_range()].lines().next().unwrap_or_default();
    let error =
        SyntaxError::new(format!("unexpected `{}`", display::beginning(found, 40)), node.byte_range());
    match found {
        "else" => error.hint("write `else` on the line of the `}` before it, or R ends the `if` there"),
        _ => error,
    }
}

fn escape(node: Node) -> SyntaxError {
    SyntaxError::new("a string with an escape that R doesn't know".to_owned(), node.byte_range())
        .hint("write `\\\\` for a backslash, or a raw string such as `r\"(C:\\data)\"`")
}

/// Chained comparisons, `a < b < c`, and pipes into something other than a call.
fn misplaced<'tree>(pair: &Pair<'tree>) -> Option<Node<'tree>> {
    let operator = pair.operator?;
    if operator.kind() == "|>" {
        return (!matches!(pair.target.kind(), "call" | "extract_operator" | "subset" | "subset2"))
            .then_some(pair.target);
    }
    let inner =
        pair.value.child_by_field_name("operator").filter(|_| pair.value.kind() == "binary_operator")?;
    COMPARISONS.contains(&inner.kind()).then_some(operator)
}

/// Operators that can't be chained.
const COMPARISONS: &[&str] = &["<", "<=", ">", ">=", "==", "!="];

/// Two statements in one line without `;` between them.
fn unseparated(shapes: &Shapes, text: &str) -> Option<SyntaxError> {
    let mut ends: BTreeMap<usize, usize> = BTreeMap::new();
    let joined = shapes.statements.iter().find(|(statement, around)| {
        let end = ends.insert(around.id(), statement.end_byte());
        end.is_some_and(|end| {
            !text.get(end..statement.start_byte()).is_none_or(|between| between.contains(['\n', ';']))
        })
    });
    joined.map(|(statement, _)| error(*statement, text))
}

/// Two parameters of one name.
fn repeated(shapes: &Shapes, text: &str) -> Option<SyntaxError> {
    let mut seen = BTreeSet::new();
    let is_repeated = |node: &&Node| {
        let list = node.parent().and_then(|parameter| parameter.parent()).map(|list| list.id());
        !seen.insert((list, literals::name(**node, text)))
    };
    let node = shapes.parameters.iter().find(is_repeated)?;
    Some(SyntaxError::new(
        format!("the parameter `{}` is there twice", &text[node.byte_range()]),
        node.byte_range(),
    ))
}
