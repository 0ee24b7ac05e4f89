//! Shapes: what the queries of `grammars/r.scm` find in a syntax tree, in the order of the text.

use std::ops::Range;
use std::sync::LazyLock;

use tree_sitter::{Node, Query, QueryCursor, QueryError, QueryMatch, StreamingIterator, Tree};

/// The patterns, compiled once; an error is one of this program, found by its tests.
static PATTERNS: LazyLock<Result<Patterns, QueryError>> = LazyLock::new(Patterns::new);

/// The queries with what each of their patterns is for.
struct Patterns {
    query: Query,
    shapes: Vec<Shape>,
    roles: Vec<Option<Role>>,
}

/// What a pattern stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Comment,
    Statement,
    Function,
    Parameter,
    Loop,
    Assignment,
    Operator,
    Call,
    Membership,
    Element,
    Mention,
    Package,
    Text,
    Invalid,
}

impl Shape {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "comment" => Self::Comment,
            "statement" => Self::Statement,
            "function" => Self::Function,
            "parameter" => Self::Parameter,
            "loop" => Self::Loop,
            "assignment" => Self::Assignment,
            "operator" => Self::Operator,
            "call" => Self::Call,
            "membership" => Self::Membership,
            "element" => Self::Element,
            "mention" => Self::Mention,
            "package" => Self::Package,
            "text" => Self::Text,
            "invalid" => Self::Invalid,
            _ => return None,
        })
    }
}

/// What a capture is within its pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Whole,
    Value,
    Target,
    Operator,
    Function,
    Arguments,
}

impl Role {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "whole" => Self::Whole,
            "value" => Self::Value,
            "target" => Self::Target,
            "operator" => Self::Operator,
            "function" => Self::Function,
            "arguments" => Self::Arguments,
            _ => return None,
        })
    }
}

impl Patterns {
    fn new() -> Result<Self, QueryError> {
        let query = Query::new(&tree_sitter_r::LANGUAGE.into(), include_str!("../../../grammars/r.scm"))?;
        let shape = |pattern| {
            let settings = query.property_settings(pattern).iter();
            let name = settings
                .filter(|property| &*property.key == "shape")
                .find_map(|property| property.value.as_deref());
            name.and_then(Shape::named).unwrap_or(Shape::Invalid)
        };
        let shapes = (0..query.pattern_count()).map(shape).collect();
        let roles = query.capture_names().iter().map(|name| Role::named(name)).collect();
        Ok(Self { query, shapes, roles })
    }

    fn found<'tree>(&self, found: &QueryMatch<'_, 'tree>) -> Option<Found<'tree>> {
        let first = found.captures().first()?.node;
        let shape = *self.shapes.get(found.pattern_index)?;
        let mut result = Found {
            shape,
            whole: first,
            value: None,
            target: None,
            operator: None,
            function: None,
            arguments: None,
        };
        for capture in found.captures() {
            let node = Some(capture.node);
            match self.roles.get(capture.index as usize).copied().flatten()? {
                Role::Whole => result.whole = capture.node,
                Role::Value => result.value = node,
                Role::Target => result.target = node,
                Role::Operator => result.operator = node,
                Role::Function => result.function = node,
                Role::Arguments => result.arguments = node,
            }
        }
        Some(result)
    }
}

/// One match.
#[derive(Debug, Clone, Copy)]
struct Found<'tree> {
    shape: Shape,
    whole: Node<'tree>,
    value: Option<Node<'tree>>,
    target: Option<Node<'tree>>,
    operator: Option<Node<'tree>>,
    function: Option<Node<'tree>>,
    arguments: Option<Node<'tree>>,
}

/// A call of a function that has a name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'tree> {
    pub(super) node: Node<'tree>,
    pub(super) function: Node<'tree>,
    pub(super) arguments: Node<'tree>,
}

/// A value that is given to something: `target <- value`, `for (target in value)`, `value |> target`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair<'tree> {
    pub(super) node: Node<'tree>,
    pub(super) target: Node<'tree>,
    pub(super) value: Node<'tree>,
    /// The arrow or the pipe; none in a loop.
    pub(super) operator: Option<Node<'tree>>,
}

/// Everything that the queries find; each list is in the order of the text.
#[derive(Debug, Default)]
pub(super) struct Shapes<'tree> {
    pub(super) comments: Vec<Range<usize>>,
    /// Statements, with the node around them.
    pub(super) statements: Vec<(Node<'tree>, Node<'tree>)>,
    pub(super) functions: Vec<Node<'tree>>,
    pub(super) parameters: Vec<Node<'tree>>,
    pub(super) loops: Vec<Pair<'tree>>,
    pub(super) assignments: Vec<Pair<'tree>>,
    /// Comparisons and pipes.
    pub(super) operations: Vec<Pair<'tree>>,
    pub(super) calls: Vec<Call<'tree>>,
    /// Names that are looked for among the names of what a call gives.
    pub(super) memberships: Vec<Pair<'tree>>,
    /// Elements that are taken from what a call gives.
    pub(super) elements: Vec<Pair<'tree>>,
    pub(super) mentions: Vec<Node<'tree>>,
    pub(super) packages: Vec<Node<'tree>>,
    /// Strings and names with escapes.
    pub(super) strings: Vec<Node<'tree>>,
    pub(super) invalid: Vec<Node<'tree>>,
}

/// Finds all shapes in a tree.
pub(super) fn find<'tree>(tree: &'tree Tree, text: &str) -> Shapes<'tree> {
    let mut shapes = Shapes::default();
    let Ok(patterns) = PATTERNS.as_ref() else { return shapes };
    let mut cursor = QueryCursor::new();
    let mut matches = cursor.matches(&patterns.query, tree.root_node(), text.as_bytes());
    while let Some(found) = matches.next() {
        if let Some(found) = patterns.found(found) {
            shapes.add(found);
        }
    }
    shapes.sort();
    shapes
}

impl<'tree> Shapes<'tree> {
    fn add(&mut self, found: Found<'tree>) {
        let value = found.value.unwrap_or(found.whole);
        let pair =
            found.target.map(|target| Pair { node: found.whole, target, value, operator: found.operator });
        match found.shape {
            Shape::Comment => self.comments.push(value.byte_range()),
            Shape::Statement if value.kind() != "comment" => self.statements.push((value, found.whole)),
            Shape::Statement => {}
            Shape::Function => self.functions.push(value),
            Shape::Parameter => self.parameters.extend(found.target),
            Shape::Loop => self.loops.extend(pair),
            Shape::Assignment => self.assignments.extend(pair),
            Shape::Operator => self.operator(value),
            Shape::Call => {
                let call = found.function.zip(found.arguments);
                self.calls.extend(call.map(|(function, arguments)| Call {
                    node: found.whole,
                    function,
                    arguments,
                }));
            }
            Shape::Membership => self.memberships.extend(pair),
            Shape::Element => self.elements.extend(pair),
            Shape::Mention => self.mentions.push(value),
            Shape::Package => self.packages.push(value),
            Shape::Text => self.strings.push(value),
            Shape::Invalid => self.invalid.push(value),
        }
    }

    /// Takes an operator by its sign: both sides belong to the node around it.
    fn operator(&mut self, operator: Node<'tree>) {
        let Some(node) = operator.parent().filter(|node| node.kind() == "binary_operator") else { return };
        let side = |field| node.child_by_field_name(field);
        let Some((value, target)) = side("lhs").zip(side("rhs")) else { return };
        let pair = Pair { node, target, value, operator: Some(operator) };
        if operator.kind().starts_with("->") {
            self.assignments.push(pair);
        } else {
            self.operations.push(pair);
        }
    }

    /// Matches come by their ends; here they stand by their beginnings, the outer before the inner.
    fn sort(&mut self) {
        let by_place = |node: &Node| (node.start_byte(), std::cmp::Reverse(node.end_byte()));
        self.comments.sort_by_key(|span| span.start);
        self.statements.sort_by_key(|(node, _)| by_place(node));
        self.calls.sort_by_key(|call| by_place(&call.node));
        for pairs in [
            &mut self.loops,
            &mut self.assignments,
            &mut self.operations,
            &mut self.memberships,
            &mut self.elements,
        ] {
            pairs.sort_by_key(|pair| by_place(&pair.node));
        }
        for nodes in [
            &mut self.functions,
            &mut self.parameters,
            &mut self.mentions,
            &mut self.packages,
            &mut self.strings,
            &mut self.invalid,
        ] {
            nodes.sort_by_key(by_place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frontend::r::tree;

    #[test]
    fn every_pattern_has_a_shape_and_known_captures() {
        let patterns = PATTERNS.as_ref().unwrap();
        for pattern in 0..patterns.query.pattern_count() {
            let named =
                patterns.query.property_settings(pattern).iter().any(|property| &*property.key == "shape");
            assert!(named, "pattern {pattern} has no shape");
        }
        assert!(patterns.roles.iter().all(Option::is_some));
    }

    #[test]
    fn shapes_are_found_in_their_order() {
        let text = "# c\nf <- function(a) { g(h(1)) }\nfor (i in x) y -> z\n'a' |> k()\np::q\ng() == \"\"\n";
        let tree = tree::parse(text).unwrap();
        let shapes = find(&tree, text);
        let names: Vec<_> = shapes.calls.iter().map(|call| &text[call.function.byte_range()]).collect();
        assert_eq!(names, ["g", "h", "k", "g"]);
        assert_eq!(shapes.comments, vec![0..3]);
        assert_eq!((shapes.functions.len(), shapes.parameters.len(), shapes.loops.len()), (1, 1, 1));
        assert_eq!((shapes.assignments.len(), shapes.operations.len(), shapes.packages.len()), (2, 2, 1));
        assert_eq!(shapes.statements.len(), 6);
    }
}
