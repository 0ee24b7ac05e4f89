//! Catches: code within `tryCatch(…)` and `try(…)`, and what happens if it fails.

use std::collections::BTreeMap;
use std::ops::Range;

use tree_sitter::Node;

use super::arguments::{self, Argument};
use super::endings::{ends, last};
use super::literals;
use super::names::{Names, Value};
use super::shapes::{Call, Shapes};

/// Most calls of the script's own functions that are followed outwards.
const MAX_CALLS: usize = 4;

/// What a script does after a caught failure.
#[derive(Debug, Clone, Copy)]
pub(super) enum Caught<'tree> {
    /// It uses a value.
    Taken(Node<'tree>),
    /// It continues.
    Gone,
}

/// A part of a script that something may catch.
#[derive(Debug)]
struct Part<'tree> {
    span: Range<usize>,
    /// The enclosing part; the first has none.
    parent: Option<usize>,
    kind: Kind<'tree>,
}

#[derive(Debug)]
enum Kind<'tree> {
    /// A call that catches, and the ranges of its handlers, which it doesn't.
    Call(Caught<'tree>, Vec<Range<usize>>),
    /// A named function.
    Function(String),
}

/// What is caught in a script.
#[derive(Debug)]
pub(super) struct Catches<'tree> {
    /// In order, outer before inner.
    parts: Vec<Part<'tree>>,
    /// Positions of calls, by function.
    calls: BTreeMap<String, Vec<usize>>,
}

impl<'tree> Catches<'tree> {
    pub(super) fn new(names: &Names<'tree>, shapes: &Shapes<'tree>) -> Self {
        let caught = shapes.calls.iter().filter_map(|call| {
            let (caught, handlers) = catching(call, names)?;
            Some((call.arguments.byte_range(), Kind::Call(caught, handlers)))
        });
        let functions = shapes.assignments.iter().filter(|pair| pair.value.kind() == "function_definition");
        let functions = functions.filter_map(|pair| {
            Some((pair.value.byte_range(), Kind::Function(literals::name(pair.target, names.text)?)))
        });
        let mut found: Vec<_> = caught.chain(functions).collect();
        found.sort_by_key(|(span, _)| (span.start, std::cmp::Reverse(span.end)));
        let mut parts: Vec<Part> = Vec::new();
        for (span, kind) in found {
            let mut parent = parts.len().checked_sub(1);
            while let Some(at) = parent.filter(|&at| parts[at].span.end <= span.start) {
                parent = parts[at].parent;
            }
            parts.push(Part { span, parent, kind });
        }
        let mut calls: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let is_catching = parts.iter().any(|part| matches!(part.kind, Kind::Call(..)));
        for call in shapes.calls.iter().filter(|_| is_catching) {
            if let Some(name) = literals::name(call.function, names.text) {
                calls.entry(name).or_default().push(call.node.start_byte());
            }
        }
        Self { parts, calls }
    }

    /// What happens if the script fails at a byte, if something catches it.
    pub(super) fn at(&self, offset: usize) -> Option<Caught<'tree>> {
        self.within(offset, MAX_CALLS)
    }

    fn within(&self, offset: usize, depth: usize) -> Option<Caught<'tree>> {
        let mut inner = self.parts.partition_point(|part| part.span.start <= offset).checked_sub(1);
        while let Some(part) = inner.and_then(|at| self.parts.get(at)) {
            inner = part.parent;
            match &part.kind {
                _ if part.span.end <= offset => {}
                Kind::Call(_, handlers) if handlers.iter().any(|handler| handler.contains(&offset)) => {}
                Kind::Call(caught, _) => return Some(*caught),
                Kind::Function(name) => return self.called(name, &part.span, depth.checked_sub(1)?),
            }
        }
        None
    }

    /// What happens if a function fails: nothing, unless every call of it is caught.
    fn called(&self, name: &str, span: &Range<usize>, depth: usize) -> Option<Caught<'tree>> {
        let calls = self.calls.get(name)?.iter().filter(|call| !span.contains(call));
        let caught: Option<Vec<_>> = calls.map(|&call| self.within(call, depth)).collect();
        caught?.first().copied()
    }
}

/// What a call does if part of it fails, and the ranges of its handlers.
fn catching<'tree>(call: &Call<'tree>, names: &Names<'tree>) -> Option<(Caught<'tree>, Vec<Range<usize>>)> {
    match names.function(call.function)?.name.as_str() {
        "try" => Some((Caught::Gone, Vec::new())),
        "tryCatch" | "try_fetch" => {
            let given = arguments::of(call.arguments, names.text);
            let is_handler =
                |argument: &&Argument| argument.name.as_deref().is_some_and(|name| name != "expr");
            let handlers = given.iter().filter(is_handler).map(|argument| argument.node.byte_range());
            let handler = given.iter().find(|argument| {
                argument.name.as_deref().is_some_and(|name| matches!(name, "error" | "condition"))
            });
            Some((handled(handler?.value?, names)?, handlers.collect()))
        }
        _ => None,
    }
}

/// What a handler does, unless it ends the script.
fn handled<'tree>(handler: Node<'tree>, names: &Names<'tree>) -> Option<Caught<'tree>> {
    let function = match handler.kind() {
        "identifier" => match literals::name(handler, names.text).and_then(|name| names.only_value(&name)) {
            Some(Value::Expression(value)) => value,
            _ => handler,
        },
        _ => handler,
    };
    let Some(body) = function.child_by_field_name("body") else {
        let is_end = names.function(function).is_some_and(|function| function.name == "stop");
        return (!is_end).then_some(Caught::Gone);
    };
    match last(body) {
        Some(last) if ends(last, names) => None,
        Some(last) => Some(Caught::Taken(last)),
        None => Some(Caught::Gone),
    }
}
