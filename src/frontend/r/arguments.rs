//! Arguments of calls, matched to a function's parameters as R does it.

use tree_sitter::Node;

use super::literals;

/// One argument; an empty one, as in `f(a, )`, has no value.
#[derive(Debug, Clone)]
pub(super) struct Argument<'tree> {
    pub(super) name: Option<String>,
    pub(super) value: Option<Node<'tree>>,
    /// The whole argument, with its name.
    pub(super) node: Node<'tree>,
}

impl Argument<'_> {
    /// Whether the argument stands for any number of others: `...`, `!!!x`.
    pub(super) fn is_spliced(&self) -> bool {
        self.value.is_some_and(|value| match value.kind() {
            "dots" => true,
            "unary_operator" => is_splice(value),
            _ => false,
        })
    }
}

/// Three negations in a row.
fn is_splice(node: Node) -> bool {
    let negated = |node: Node<'_>| {
        node.kind() == "unary_operator" && node.child(0).is_some_and(|child| child.kind() == "!")
    };
    let operand = |node: Node<'_>| {
        negated(node).then(|| node.child_by_field_name("rhs").map(|inner| inner.id())).flatten()
    };
    let Some(second) = node.child_by_field_name("rhs") else { return false };
    let Some(third) = second.child_by_field_name("rhs") else { return false };
    operand(node).is_some() && operand(second).is_some() && operand(third).is_some()
}

/// The arguments between the brackets of a call.
pub(super) fn of<'tree>(arguments: Node<'tree>, text: &str) -> Vec<Argument<'tree>> {
    let mut cursor = arguments.walk();
    let mut found: Vec<Argument> = Vec::new();
    let mut waiting = None;
    let mut comma = None;
    for child in arguments.named_children(&mut cursor) {
        match child.kind() {
            "argument" => waiting = Some(argument(child, text)),
            "comma" => {
                found.push(waiting.take().unwrap_or(Argument { name: None, value: None, node: child }));
                comma = Some(child);
            }
            _ => {}
        }
    }
    found.extend(waiting.or_else(|| comma.map(|node| Argument { name: None, value: None, node })));
    found
}

fn argument<'tree>(node: Node<'tree>, text: &str) -> Argument<'tree> {
    let name = node.child_by_field_name("name").and_then(|name| literals::name(name, text));
    Argument { name, value: node.child_by_field_name("value"), node }
}

/// The sole argument of a call, whatever its name.
pub(super) fn sole<'tree>(arguments: Node<'tree>, text: &str) -> Option<Node<'tree>> {
    let found = of(arguments, text);
    match found.as_slice() {
        [argument] if !argument.is_spliced() => argument.value,
        _ => None,
    }
}

/// Matches arguments to parameters: by exact name, by partial name, then by position. Parameters after `...`
/// need exact names; arguments without a parameter are dropped.
pub(super) fn matched<'tree>(formals: &[&str], arguments: Vec<Argument<'tree>>) -> Matched<'tree> {
    let before = formals.iter().position(|formal| *formal == "...").unwrap_or(formals.len());
    let mut slots: Vec<Option<Argument>> = formals.iter().map(|_| None).collect();
    let mut partial = Vec::new();
    for argument in arguments {
        match argument.name.as_ref().and_then(|name| formals.iter().position(|formal| formal == name)) {
            Some(at) if slots[at].is_none() => slots[at] = Some(argument),
            _ => partial.push(argument),
        }
    }
    let mut positional = Vec::new();
    for argument in partial {
        let begins = |name: &String| {
            formals[..before].iter().position(|formal| !name.is_empty() && formal.starts_with(name.as_str()))
        };
        match argument.name.as_ref().map(begins) {
            Some(Some(at)) if slots[at].is_none() => slots[at] = Some(argument),
            Some(_) => {}
            None => positional.push(argument),
        }
    }
    let free = (0..before).filter(|&at| slots[at].is_none()).collect::<Vec<_>>();
    for (at, argument) in free.into_iter().zip(positional) {
        slots[at] = Some(argument);
    }
    Matched { slots }
}

/// Arguments by the parameters that take them.
#[derive(Debug)]
pub(super) struct Matched<'tree> {
    slots: Vec<Option<Argument<'tree>>>,
}

impl<'tree> Matched<'tree> {
    /// The value that a parameter gets.
    pub(super) fn value(&self, at: usize) -> Option<Node<'tree>> {
        self.slots.get(at)?.as_ref()?.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frontend::r::{shapes, tree};

    fn values(text: &str) -> Vec<Option<String>> {
        let parsed = tree::parse(text).unwrap();
        let call = shapes::find(&parsed, text).calls[0];
        let matched = matched(&["x", "unset", "names"], of(call.arguments, text));
        (0..3).map(|at| matched.value(at).map(|node| text[node.byte_range()].to_owned())).collect()
    }

    #[test]
    fn arguments_are_matched_as_in_r() {
        let cases = [
            ("f(a, b)", [Some("a"), Some("b"), None]),
            ("f(unset = b, a)", [Some("a"), Some("b"), None]),
            ("f(u = b, x = a)", [Some("a"), Some("b"), None]),
            ("f(b, x = a)", [Some("a"), Some("b"), None]),
            ("f(n = NA, \"x\" = a, b)", [Some("a"), Some("b"), Some("NA")]),
            ("f(a, )", [Some("a"), None, None]),
            ("f(, b)", [None, Some("b"), None]),
            ("f(a, y = b)", [Some("a"), None, None]),
            ("f()", [None, None, None]),
        ];
        for (text, expected) in cases {
            assert_eq!(values(text), expected.map(|value| value.map(str::to_owned)), "{text}");
        }
    }
}
