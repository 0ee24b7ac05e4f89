//! The environment as a whole: reads by name from `Sys.getenv()`, or from a copy of it.

use tree_sitter::Node;

use super::{Finder, whole};
use crate::frontend::interface::{Action, Fallback};
use crate::frontend::r::arguments;
use crate::frontend::r::literals;
use crate::frontend::r::names::Value;
use crate::frontend::r::tree;
use crate::frontend::r::wrappers::bare;

/// Functions that convert all variables to another kind of vector.
const CONVERSIONS: &[&str] = &[LIST, "as.vector", "identity"];

/// The conversion to a list.
const LIST: &str = "as.list";

/// Longest chain of copies that is followed.
const MAX_CHAIN: usize = 4;

/// Most copies in a script that are followed; each costs a walk over the whole tree.
const MAX_COPIES: usize = 50;

/// An expression that holds all variables.
#[derive(Clone, Copy)]
struct All<'tree> {
    node: Node<'tree>,
    /// Whether it is a list, in which `[[` gives `NULL` for a missing element; in a vector it fails.
    is_list: bool,
}

/// What a script does with the whole environment.
enum Taken<'tree> {
    /// Reads the element with this name.
    Element { name: Node<'tree>, at: Node<'tree>, fails: bool },
    /// Reads a field: `env$x`.
    Field { name: Node<'tree>, at: Node<'tree> },
    /// Tests for a name.
    Test(Node<'tree>),
    /// Binds a name to it.
    Copy { name: Node<'tree>, value: Node<'tree>, is_list: bool },
    /// Anything else.
    Whole,
}

impl<'tree> Finder<'_, 'tree> {
    /// `Sys.getenv()`: all variables; a note unless the script only reads some of them by name.
    pub(super) fn everything(&mut self, call: Node<'tree>) {
        if !self.follow(All { node: call, is_list: false }, MAX_CHAIN) {
            self.found.diagnostics.push(whole(call));
        }
    }

    /// Adds the reads from an expression that holds all variables; returns whether there are no other uses.
    fn follow(&mut self, all: All<'tree>, depth: usize) -> bool {
        match self.use_of(all) {
            Taken::Element { name, at, fails } => {
                let (cast, before) = (self.wrappers.cast(at), self.found.uses.len());
                self.each(name, &Action::read(Fallback::Missing, cast), at);
                for read in &mut self.found.uses[before..] {
                    (read.fails, read.gives_missing) = (fails, !fails);
                }
                true
            }
            Taken::Field { name, at } => {
                let Some(variable) = literals::name(name, self.names.text) else { return false };
                let action = Action::read(Fallback::Missing, self.wrappers.cast(at));
                self.add(variable, action, at.byte_range(), at.start_byte());
                self.found.uses.iter_mut().rev().take(1).for_each(|read| read.gives_missing = true);
                true
            }
            Taken::Test(name) => {
                self.each(name, &Action::Test, name);
                true
            }
            Taken::Copy { name, value, is_list } if depth > 0 => {
                self.follow_copy(name, All { node: value, is_list }, depth - 1)
            }
            Taken::Copy { .. } | Taken::Whole => false,
        }
    }

    /// Follows the uses of a name that is bound once, to all variables.
    fn follow_copy(&mut self, target: Node<'tree>, value: All<'tree>, depth: usize) -> bool {
        let text = self.names.text;
        self.copies += 1;
        let name = literals::name(target, text).filter(|_| self.copies <= MAX_COPIES);
        let Some(name) = name else { return false };
        let is_copy = |at: usize| {
            let held = self.names.value_at(&name, at);
            matches!(held, Some(Value::Expression(bound)) if bound.id() == value.node.id())
        };
        let uses = occurrences(target, &name, text).into_iter();
        let uses: Vec<Node> = uses.filter(|node| is_copy(node.start_byte())).collect();
        let is_known =
            !uses.is_empty() && target.parent().is_some_and(|assignment| is_copy(assignment.end_byte()));
        uses.into_iter()
            .fold(is_known, |is_known, node| self.follow(All { node, ..value }, depth) && is_known)
    }

    /// What the script does with an expression that holds all variables.
    fn use_of(&self, all: All<'tree>) -> Taken<'tree> {
        let All { mut node, mut is_list } = all;
        while let Some(around) = node.parent() {
            let field = |field| around.child_by_field_name(field);
            match around.kind() {
                "parenthesized_expression" | "arguments" | "argument" => node = around,
                "call" if let Some(name) = self.conversion(around) => {
                    (node, is_list) = (around, is_list || name == LIST);
                }
                "call" if self.gives_names(around) => return self.among(around),
                "subset" | "subset2" if field("function") == Some(node) => {
                    let index = field("arguments").and_then(|list| arguments::sole(list, self.names.text));
                    let fails = around.kind() == "subset2" && !is_list;
                    return index.map_or(Taken::Whole, |name| Taken::Element { name, at: around, fails });
                }
                "extract_operator" if field("lhs") == Some(node) => {
                    return field("rhs").map_or(Taken::Whole, |name| Taken::Field { name, at: around });
                }
                "binary_operator" => match self.sign(around) {
                    "|>" | "%>%" if field("lhs") == Some(node) => {
                        let name = field("rhs").and_then(|target| self.conversion(target));
                        let Some(name) = name else { return Taken::Whole };
                        (node, is_list) = (around, is_list || name == LIST);
                    }
                    "<-" | "=" | "<<-" if field("rhs") == Some(node) => {
                        return copy(field("lhs"), node, is_list);
                    }
                    "->" | "->>" if field("lhs") == Some(node) => return copy(field("rhs"), node, is_list),
                    _ => return Taken::Whole,
                },
                _ => return Taken::Whole,
            }
        }
        Taken::Whole
    }

    /// `"x" %in% names(…)`.
    fn among(&self, names: Node<'tree>) -> Taken<'tree> {
        let around = names.parent().filter(|around| around.kind() == "binary_operator");
        let name = around.filter(|around| self.sign(*around) == "%in%");
        let name = name.and_then(|around| around.child_by_field_name("lhs")).filter(|name| *name != names);
        name.map_or(Taken::Whole, |name| Taken::Test(bare(name)))
    }

    /// The function of [`CONVERSIONS`] that is called.
    fn conversion(&self, call: Node<'tree>) -> Option<&'static str> {
        let function = self.names.called(call)?;
        CONVERSIONS.iter().copied().find(|name| function.is_base(name))
    }

    fn gives_names(&self, call: Node<'tree>) -> bool {
        self.names.called(call).is_some_and(|function| function.is_base("names"))
    }

    fn sign(&self, operation: Node<'tree>) -> &str {
        operation.child_by_field_name("operator").map_or("", |sign| &self.names.text[sign.byte_range()])
    }
}

fn copy<'tree>(target: Option<Node<'tree>>, value: Node<'tree>, is_list: bool) -> Taken<'tree> {
    match target.filter(|target| target.kind() == "identifier") {
        Some(name) => Taken::Copy { name, value, is_list },
        None => Taken::Whole,
    }
}

/// Every other occurrence of an identifier, except as the name of an argument or field.
fn occurrences<'tree>(target: Node<'tree>, name: &str, text: &str) -> Vec<Node<'tree>> {
    let root = std::iter::successors(Some(target), Node::parent).last().unwrap_or(target);
    let mut found = Vec::new();
    tree::walk(root, |node| {
        let is_use = node.kind() == "identifier" && node != target && !is_label(node);
        if is_use && literals::name(node, text).as_deref() == Some(name) {
            found.push(node);
        }
    });
    found
}

/// Whether a node is the name of an argument or of a field.
fn is_label(node: Node) -> bool {
    node.parent().is_some_and(|around| match around.kind() {
        "argument" => around.child_by_field_name("name") == Some(node),
        "extract_operator" => around.child_by_field_name("rhs") == Some(node),
        _ => false,
    })
}
