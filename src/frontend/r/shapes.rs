//! Shapes: the nodes found by the queries of `grammars/r.scm`, in order.

use std::ops::Range;

use tree_sitter::{Node, QueryCursor, StreamingIterator, Tree};

use super::invalid;
use super::patterns::{PATTERNS, Shape};

/// Functions that are reported where they are passed on.
const MENTIONED: &[&str] = &["Sys.getenv", "Sys.setenv", "`Sys.getenv`", "`Sys.setenv`"];

/// Nodes that something can be assigned to.
const TARGETS: &[&str] = &[
    "identifier",
    "string",
    "call",
    "subset",
    "subset2",
    "extract_operator",
    "namespace_operator",
    "parenthesized_expression",
];

/// A call of a named function.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'tree> {
    pub(super) node: Node<'tree>,
    pub(super) function: Node<'tree>,
    pub(super) arguments: Node<'tree>,
}

/// A value and its target: `target <- value`, `for (target in value)`, `value |> target`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair<'tree> {
    pub(super) node: Node<'tree>,
    pub(super) target: Node<'tree>,
    pub(super) value: Node<'tree>,
    /// The arrow or the pipe; none in a loop.
    pub(super) operator: Option<Node<'tree>>,
}

/// The results of the queries, each list in order.
#[derive(Debug, Default)]
pub(super) struct Shapes<'tree> {
    pub(super) comments: Vec<Range<usize>>,
    /// Statements with their parent nodes.
    pub(super) statements: Vec<(Node<'tree>, Node<'tree>)>,
    pub(super) functions: Vec<Node<'tree>>,
    pub(super) parameters: Vec<Node<'tree>>,
    pub(super) loops: Vec<Pair<'tree>>,
    pub(super) assignments: Vec<Pair<'tree>>,
    /// Comparisons and pipes.
    pub(super) operations: Vec<Pair<'tree>>,
    pub(super) calls: Vec<Call<'tree>>,
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
        if let (Some(capture), Some(shape)) = (found.captures().first(), patterns.shape(found.pattern_index))
        {
            shapes.add(capture.node, shape, text);
        }
    }
    shapes.sort();
    shapes
}

/// A named child of a node.
fn part<'tree>(node: Node<'tree>, field: &str) -> Option<Node<'tree>> {
    node.child_by_field_name(field).filter(Node::is_named)
}

impl<'tree> Shapes<'tree> {
    fn add(&mut self, node: Node<'tree>, shape: Shape, text: &str) {
        match shape {
            Shape::Comment => self.comments.push(node.byte_range()),
            Shape::Block => self.block(node),
            Shape::Function => self.functions.push(node),
            Shape::Parameter => {
                self.parameters.extend(part(node, "name"));
                self.refuse_assignment(node, "default");
            }
            Shape::Loop => {
                let pair = part(node, "variable").zip(part(node, "sequence"));
                let pair = pair.map(|(target, value)| Pair { node, target, value, operator: None });
                self.loops.extend(pair);
                self.refuse_assignment(node, "sequence");
            }
            Shape::Operator => self.operator(node, text),
            Shape::Call => self.calls.extend(call(node)),
            Shape::Argument => self.refuse_assignment(node, "value"),
            Shape::Condition => self.refuse_assignment(node, "condition"),
            Shape::Name => self.name(node, &text[node.byte_range()]),
            Shape::Package => {
                self.packages.extend(part(node, "lhs"));
                self.refuse_half(node);
            }
            Shape::Text => {
                let content = part(node, "content");
                self.strings.extend(content.filter(has_escape).map(|_| node));
            }
            Shape::Extract => self.refuse_half(node),
            Shape::Number => {
                self.invalid.extend(invalid::number(&text[node.byte_range()]).then_some(node));
            }
        }
    }

    /// The statements of a program, or of a block in braces.
    fn block(&mut self, block: Node<'tree>) {
        let mut cursor = block.walk();
        let is_program = block.kind() == "program";
        let is_statement = |child: &Node| child.is_named() && child.kind() != "comment";
        let children: Vec<Node> = if is_program {
            block.children(&mut cursor).collect()
        } else {
            block.children_by_field_name("body", &mut cursor).collect()
        };
        self.statements.extend(children.into_iter().filter(is_statement).map(|child| (child, block)));
    }

    fn name(&mut self, node: Node<'tree>, name: &str) {
        self.mentions.extend(MENTIONED.contains(&name).then_some(node));
        self.strings.extend(name.contains('\\').then_some(node));
        self.invalid.extend(invalid::name(name).then_some(node));
    }

    /// Records operators without a right side as invalid.
    fn refuse_half(&mut self, node: Node<'tree>) {
        self.invalid.extend(node.child_by_field_name("rhs").is_none().then_some(node));
    }

    /// Records `=` as invalid where R doesn't allow an assignment.
    fn refuse_assignment(&mut self, around: Node<'tree>, field: &str) {
        let inner = part(around, field).filter(|inner| inner.kind() == "binary_operator");
        let sign = inner.and_then(|inner| inner.child_by_field_name("operator"));
        self.invalid.extend(sign.filter(|sign| sign.kind() == "="));
    }

    /// Sorts an operator by its sign.
    fn operator(&mut self, node: Node<'tree>, text: &str) {
        let Some(operator) = node.child_by_field_name("operator") else { return };
        let Some((value, target)) = part(node, "lhs").zip(part(node, "rhs")) else { return };
        let pair = Pair { node, target, value, operator: Some(operator) };
        match operator.kind() {
            "<-" | "<<-" | "=" | ":=" if TARGETS.contains(&value.kind()) => {
                self.assignments.push(Pair { target: value, value: target, ..pair });
            }
            "->" | "->>" => self.assignments.push(pair),
            "|>" | "<" | "<=" | ">" | ">=" | "==" | "!=" => self.operations.push(pair),
            "special" if &text[operator.byte_range()] == "%>%" => self.operations.push(pair),
            _ => {}
        }
    }

    /// Sorts matches, which come by their ends, by their starts, outer before inner.
    fn sort(&mut self) {
        let by_place = |node: &Node| (node.start_byte(), std::cmp::Reverse(node.end_byte()));
        self.comments.sort_by_key(|span| span.start);
        self.statements.sort_by_key(|(node, _)| by_place(node));
        self.calls.sort_by_key(|call| by_place(&call.node));
        for pairs in [&mut self.loops, &mut self.assignments, &mut self.operations] {
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

/// A call of a named function.
fn call(node: Node<'_>) -> Option<Call<'_>> {
    let function = part(node, "function")?;
    let is_named = ["identifier", "string", "namespace_operator"].contains(&function.kind());
    let arguments = part(node, "arguments").filter(|_| is_named)?;
    Some(Call { node, function, arguments })
}

fn has_escape(content: &Node) -> bool {
    let mut cursor = content.walk();
    content.named_children(&mut cursor).any(|child| child.kind() == "escape_sequence")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frontend::r::tree;

    #[test]
    fn shapes_are_found_in_order() {
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
