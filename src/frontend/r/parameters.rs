//! Parameters by assignment: statements of a cell that only assign plain values.

use std::ops::Range;

use tree_sitter::Node;

use super::arguments;
use super::atom::Atom;
use super::comments::Comments;
use super::fold;
use super::literals;
use super::names::Names;
use super::shapes::{self, Pair, Shapes};
use super::tree;
use super::wrappers::bare;
use crate::component::Type;
use crate::frontend::directive;
use crate::frontend::interface::Fallback;
use crate::frontend::parameters::{self, Assignment, COMPUTED, Cell, NOT_JSON};
use crate::frontend::requirements::CommentLine;
use crate::language::Language;
use crate::source::Source;
use crate::value::{Constant, json_list};

/// The functions that convert values to the shape of a default.
const VALUES: &str = include_str!("../../../templates/runtime/cell/values.R");

const NESTED: &str = "it is assigned in a block, such as under a condition";

/// The assignments at the top level of a text; none if it isn't valid R.
pub(crate) fn assignments(text: &str) -> Cell {
    let Ok(tree) = tree::parse(text) else { return Cell::default() };
    let shapes = shapes::find(&tree, text);
    let source = Source::new("", Language::R, text.to_owned());
    let comments = Comments::collect(&source, &shapes.comments);
    let names = Names::new(text, &Shapes::default());
    let reader = Reader { text, shapes: &shapes, names, source: &source, comments: &comments };
    let mut cell = Cell::default();
    shapes.assignments.iter().for_each(|pair| reader.read(pair, &mut cell));
    cell
}

struct Reader<'a> {
    text: &'a str,
    shapes: &'a Shapes<'a>,
    names: Names<'a>,
    source: &'a Source,
    comments: &'a Comments<'a>,
}

impl<'a> Reader<'a> {
    fn read(&self, pair: &Pair<'a>, cell: &mut Cell) {
        let span = pair.node.byte_range();
        let Some(name) = self.name(pair.target) else { return self.alter(pair.target, cell) };
        let Some(value) = self.value(pair) else { return };
        let is_plain = |character: char| character.is_ascii_alphanumeric() || "._".contains(character);
        match (self.is_top(pair), literal(value, &self.names)) {
            (None, _) => {}
            (Some(false), _) => cell.leave_out(&name, NESTED, span),
            (_, Err(why)) => cell.leave_out(&name, why, span),
            _ if !name.chars().all(is_plain) => {
                cell.leave_out(&name, "its name needs quotes in R", span);
            }
            (_, Ok((kind, value))) => {
                // `NA` alone is logical, and says nothing.
                let is_open = value == Constant::None && kind.is_none();
                let kind = kind.unwrap_or(Type::String);
                cell.add(self.assignment(name, (kind, is_open, value), &span));
            }
        }
    }

    fn name(&self, target: Node) -> Option<String> {
        matches!(target.kind(), "identifier" | "string").then(|| literals::name(target, self.text)).flatten()
    }

    /// The value at the end of a chain `a <- b <- 5`, unless it is a function.
    fn value(&self, pair: &Pair<'a>) -> Option<Node<'a>> {
        let mut value = bare(pair.value);
        while let Some(next) = self.shapes.assignments.iter().find(|next| next.node.id() == value.id()) {
            value = bare(next.value);
        }
        (value.kind() != "function_definition").then_some(value)
    }

    /// Whether an assignment, or its chain, is a statement of the cell; none within a function.
    fn is_top(&self, pair: &Pair<'a>) -> Option<bool> {
        let mut node = pair.node;
        loop {
            let around = node.parent()?;
            let is_chain = self.shapes.assignments.iter().any(|other| other.node.id() == around.id());
            match around.kind() {
                "program" => return Some(true),
                "parenthesized_expression" => {}
                _ if is_chain => {}
                _ => break,
            }
            node = around;
        }
        let mut around = node.parent();
        while let Some(node) = around {
            (node.kind() != "function_definition").then_some(())?;
            around = node.parent();
        }
        Some(false)
    }

    /// Records that the base of a target such as `x$y` is altered.
    fn alter(&self, target: Node, cell: &mut Cell) {
        if target.kind() == "identifier"
            && let Some(name) = literals::name(target, self.text)
        {
            cell.alter(&name);
        }
        let mut cursor = target.walk();
        target.named_children(&mut cursor).for_each(|part| self.alter(part, cell));
    }

    fn assignment(
        &self,
        name: String,
        (kind, is_open, value): (Type, bool, Constant),
        span: &Range<usize>,
    ) -> Assignment {
        let line = self.source.line(span.end);
        let behind = self.comments.trailing(line..line + 1).next();
        let directives = behind.map(|comment| directive::parse(comment.raw, span, &mut Vec::new()));
        let said = behind.map(CommentLine::text).filter(|text| !text.is_empty() && !text.contains("c3:"));
        let above = || self.comments.above(self.source.line(span.start));
        Assignment {
            name,
            is_open,
            kind,
            value: Fallback::Constant(value),
            description: said.map(str::to_owned).or_else(above),
            directives: directives.unwrap_or_default(),
            span: span.clone(),
        }
    }
}

/// The lines that let the environment override the assignments of a cell.
pub(crate) fn overrides(cell: &str) -> Option<String> {
    let statements = parameters::overrides(&assignments(cell).assignments, |assignment| {
        let name = &assignment.name;
        let text = format!("Sys.getenv(\"{name}\")");
        let value = match assignment.kind {
            Type::Integer => format!("as.integer({text})"),
            Type::Float => format!("as.numeric({text})"),
            Type::Boolean => format!("as.logical({text})"),
            Type::List => format!(".c3_vector(\"{name}\", {name})"),
            _ if assignment.takes_any() => format!(".c3_open({text})"),
            _ => text,
        };
        Some(format!("if (!is.na(Sys.getenv(\"{name}\", NA))) {name} <- {value}"))
    })?;
    let is_plain = !statements.contains("<- .c3_");
    Some(if is_plain { statements } else { format!("{VALUES}\n{statements}\nrm(.c3_vector, .c3_open)") })
}

/// The type and value of a constant expression, or why it has none; a missing value may be of any type.
fn literal(node: Node, names: &Names) -> Result<(Option<Type>, Constant), &'static str> {
    let value = fold::fold(node, names).ok_or(COMPUTED)?;
    if is_vector(node, names) {
        return Ok((Some(Type::List), Constant::Text(vector(node, &value, names)?)));
    }
    let (kind, value) = match value.as_slice() {
        [] => return Ok((None, Constant::None)),
        [Atom::Missing] => return Ok((missing(&names.text[node.byte_range()]), Constant::None)),
        [Atom::Bool(value)] => (Type::Boolean, Constant::Bool(*value)),
        [Atom::Int(value)] => (Type::Integer, Constant::Int(i128::from(*value))),
        [atom @ Atom::Double(_)] => (Type::Float, Constant::Text(atom.text().ok_or(COMPUTED)?)),
        [Atom::Text(text)] => (Type::String, Constant::Text(text.clone())),
        _ => return Err(COMPUTED),
    };
    Ok((Some(kind), value))
}

/// A call of `c` as JSON.
fn vector(node: Node, values: &[Atom], names: &Names) -> Result<String, &'static str> {
    let is_named = |node: Node| arguments::of(node, names.text).iter().any(|part| part.name.is_some());
    if node.child_by_field_name("arguments").is_some_and(is_named) {
        return Err("a vector with names can't be given");
    }
    json_list(values.iter().map(|value| constant(value).json())).ok_or(NOT_JSON)
}

/// The type of a missing value.
fn missing(word: &str) -> Option<Type> {
    match word {
        "NA_integer_" => Some(Type::Integer),
        "NA_real_" => Some(Type::Float),
        "NA_character_" => Some(Type::String),
        _ => None,
    }
}

/// Whether an expression is a call of `c` with elements.
fn is_vector(node: Node, names: &Names) -> bool {
    let function = node.child_by_field_name("function").and_then(|function| names.function(function));
    let arguments = node.child_by_field_name("arguments").map(|node| arguments::of(node, names.text));
    function.is_some_and(|function| function.name == "c") && arguments.is_some_and(|parts| !parts.is_empty())
}

fn constant(atom: &Atom) -> Constant {
    match atom {
        Atom::Missing => Constant::None,
        Atom::Bool(value) => Constant::Bool(*value),
        Atom::Int(value) => Constant::Int(i128::from(*value)),
        Atom::Double(value) => Constant::Float(*value),
        Atom::Text(text) => Constant::Text(text.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_values_are_parameters() {
        let cases = [
            ("# rows\nn <- 5L", &["n: Integer = 5 # rows"][..], &[][..]),
            ("rate = 0.5 # of learning", &["rate: Float = 0.5 # of learning"], &[]),
            ("flag <- TRUE\nt <- T", &["flag: Boolean = True", "t: Boolean = True"], &[]),
            ("'a' -> name\nlow <- -1", &["name: String = a", "low: Float = -1"], &[]),
            ("a <- b <- 5L", &["a: Integer = 5", "b: Integer = 5"], &[]),
            (
                "x <- NULL\ny <- NA\nz <- NA_real_",
                &["x: String? = None", "y: String? = None", "z: Float = None"],
                &[],
            ),
            (
                "v <- c('a', \"b\")\nw <- c(1L, NA)\nu <- c(0.5, 2)",
                &["v: List = [\"a\", \"b\"]", "w: List = [1, null]", "u: List = [0.5, 2.0]"],
                &[],
            ),
            ("x <- f(1)\nl <- list(1)\nm <- c(a = 1)\n`a b` <- 1", &[], &["x", "l", "m", "a b"]),
            ("if (a) b <- 1\nfor (i in j) { k <- 1 }", &[], &["b", "k"]),
            ("f <- function(x) { y <- 1 }", &[], &[]),
            ("n <- 5\nn <- g(n)\nv <- c(1)\nv[2] <- 3", &["n: String? = ?", "v: List = ?"], &[]),
        ];
        for (text, wanted, others) in cases {
            let Cell { assignments, left_out, .. } = assignments(text);
            let shown = assignments.into_iter().map(|found| {
                let value = match found.value {
                    Fallback::Constant(value) => value.text(),
                    _ => "?".to_owned(),
                };
                let open = if found.is_open { "?" } else { "" };
                let said = found.description.map(|text| format!(" # {text}")).unwrap_or_default();
                format!("{}: {}{open} = {value}{said}", found.name, found.kind.name())
            });
            let left_out: Vec<_> = left_out.into_iter().map(|(name, ..)| name).collect();
            assert_eq!(
                (shown.collect::<Vec<_>>(), left_out),
                (
                    wanted.iter().map(ToString::to_string).collect(),
                    others.iter().map(ToString::to_string).collect()
                ),
                "{text}"
            );
        }
    }
}
