//! Wrappers: code around calls that processes their results, such as `as.integer(…)`, `nzchar(…)`, pipes.

use std::collections::{BTreeMap, BTreeSet};

use tree_sitter::Node;

use super::arguments::{self, Argument};
use super::names::{Function, Names};
use super::shapes::{Call, Pair, Shapes};
use crate::component::Type;

/// The wrappers of calls, by node.
#[derive(Debug)]
pub(super) struct Wrappers<'tree> {
    pipes: BTreeMap<usize, Pair<'tree>>,
    casts: BTreeMap<usize, Type>,
    tests: BTreeSet<usize>,
}

impl<'tree> Wrappers<'tree> {
    /// Finds the wrappers of calls: `as.integer(…)`, `nzchar(…)`, also after a pipe.
    pub(super) fn new(names: &Names<'tree>, shapes: &Shapes<'tree>) -> Self {
        let mut found = Self { pipes: pipes(shapes), casts: BTreeMap::new(), tests: BTreeSet::new() };
        found.find(names, shapes);
        found
    }

    fn find(&mut self, names: &Names<'tree>, shapes: &Shapes<'tree>) {
        for call in &shapes.calls {
            let sole = arguments::sole(call.arguments, names.text);
            let piped = self.pipes.get(&call.node.id()).map(|pair| pair.value);
            let is_empty = call.arguments.named_child_count() == 0;
            if let Some(compared) = identical(call, names).and_then(|(one, other)| compared(one, other)) {
                self.tests.insert(self.receiver(compared).id());
            }
            if let Some(value) = sole.filter(|_| piped.is_none()).or(piped.filter(|_| is_empty)) {
                self.wrap(names, call.function, value);
            }
        }
        let comparisons = shapes
            .operations
            .iter()
            .filter(|pair| pair.operator.is_some_and(|operator| matches!(operator.kind(), "==" | "!=")));
        for compared in comparisons.filter_map(|pair| compared(pair.value, pair.target)) {
            self.tests.insert(self.receiver(compared).id());
        }
        // `x %>% as.integer` without brackets.
        let targets: Vec<Pair> =
            self.pipes.values().filter(|pair| pair.target.kind() != "call").copied().collect();
        for pair in targets {
            self.wrap(names, pair.target, pair.value);
        }
    }

    /// The call that gives an expression its value: with a pipe, the right side.
    fn receiver(&self, node: Node<'tree>) -> Node<'tree> {
        let node = bare(node);
        let target = node.child_by_field_name("rhs").filter(|_| node.kind() == "binary_operator");
        target.filter(|target| self.pipes.contains_key(&target.id())).unwrap_or(node)
    }

    fn wrap(&mut self, names: &Names<'tree>, function: Node, value: Node<'tree>) {
        let Some(function) = names.function(function) else { return };
        let value = self.receiver(value).id();
        if let Some(kind) = cast(&function) {
            self.casts.insert(value, kind);
        } else if function.is_base("nzchar") || function.is_base("nchar") {
            self.tests.insert(value);
        }
    }

    /// The value that a pipe passes to a call.
    pub(super) fn piped(&self, call: Node) -> Option<Node<'tree>> {
        self.pipes.get(&call.id()).map(|pair| pair.value)
    }

    /// The type that the result of a call is converted to.
    pub(super) fn cast(&self, call: Node) -> Option<Type> {
        self.casts.get(&call.id()).cloned()
    }

    /// Whether the result of a call is only compared with the empty text.
    pub(super) fn is_tested(&self, call: Node) -> bool {
        self.tests.contains(&call.id())
    }
}

/// Piped values, by the call that gets them.
fn pipes<'tree>(shapes: &Shapes<'tree>) -> BTreeMap<usize, Pair<'tree>> {
    let pipes = shapes.operations.iter().filter(|pair| {
        // The only special operator among the shapes is `%>%`.
        pair.operator.is_some_and(|operator| matches!(operator.kind(), "|>" | "special"))
    });
    pipes.map(|pair| (pair.target.id(), *pair)).collect()
}

/// What `identical` compares.
fn identical<'tree>(call: &Call<'tree>, names: &Names<'tree>) -> Option<(Node<'tree>, Node<'tree>)> {
    names.function(call.function).filter(|function| function.is_base("identical"))?;
    match arguments::of(call.arguments, names.text).as_slice() {
        [Argument { value: Some(one), .. }, Argument { value: Some(other), .. }] => Some((*one, *other)),
        _ => None,
    }
}

/// The value compared with the empty text, if one side is that: an unset variable is empty.
fn compared<'tree>(one: Node<'tree>, other: Node<'tree>) -> Option<Node<'tree>> {
    let is_empty = |node: Node| node.kind() == "string" && node.child_by_field_name("content").is_none();
    if is_empty(one) { Some(other) } else { Some(one).filter(|_| is_empty(other)) }
}

/// The type that a function of R converts to.
fn cast(function: &Function) -> Option<Type> {
    let kinds = [
        ("as.numeric", Type::Float),
        ("as.double", Type::Float),
        ("as.integer", Type::Integer),
        ("as.logical", Type::Boolean),
        ("as.character", Type::String),
    ];
    kinds.into_iter().find(|(name, _)| function.is_base(name)).map(|(_, kind)| kind)
}

/// An expression without its brackets.
pub(super) fn bare(node: Node<'_>) -> Node<'_> {
    let mut node = node;
    while node.kind() == "parenthesized_expression" {
        match node.child_by_field_name("body") {
            Some(body) => node = body,
            None => break,
        }
    }
    node
}
