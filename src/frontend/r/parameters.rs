//! Parameters by assignment: the statements of a cell that only give names to literals.

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
use crate::frontend::parameters::{self, Assignment};
use crate::frontend::requirements::CommentLine;
use crate::language::Language;
use crate::source::Source;
use crate::value::Constant;

/// The top-level statements of a text that assign a literal to a name; none if the text is no R.
pub(crate) fn assignments(text: &str) -> Vec<Assignment> {
    let Ok(tree) = tree::parse(text) else { return Vec::new() };
    let shapes = shapes::find(&tree, text);
    let names = Names::new(text, &Shapes::default());
    let source = Source::new("", Language::R, text.to_owned());
    let comments = Comments::collect(&source, &shapes.comments);
    let is_top = |pair: &&Pair| {
        shapes
            .statements
            .iter()
            .any(|(statement, around)| around.kind() == "program" && statement.id() == pair.node.id())
    };
    let assignment = |pair: &Pair| {
        let (kind, value) = literal(pair, &names)?;
        let span = pair.node.byte_range();
        let behind = comments.trailing(source.line(span.end)..source.line(span.end) + 1).next();
        let directives =
            behind.map(|comment| directive::parse(comment.raw, &span, &mut Vec::new())).unwrap_or_default();
        let behind = behind.map(CommentLine::text).filter(|text| !text.is_empty() && !text.contains("c3:"));
        let behind = behind.map(str::to_owned);
        let name =
            matches!(pair.target.kind(), "identifier" | "string").then(|| literals::name(pair.target, text));
        let description = behind.or_else(|| comments.above(source.line(span.start)));
        Some(Assignment { name: name.flatten()?, kind, value, span, description, directives })
    };
    shapes.assignments.iter().filter(is_top).filter_map(assignment).collect()
}

/// The lines that let the environment override the assignments of a cell.
pub(crate) fn overrides(cell: &str) -> Option<String> {
    parameters::overrides(&assignments(cell), |assignment| {
        let name = &assignment.name;
        let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'_');
        let cast = match (&assignment.kind, &assignment.value) {
            (_, Constant::None) => return None,
            _ if !is_plain => return None,
            (Type::Integer, _) => "as.integer",
            (Type::Float, _) => "as.numeric",
            (Type::Boolean, _) => "as.logical",
            _ => "as.character",
        };
        Some(format!("{name} <- {cast}(Sys.getenv(\"{name}\", {name}))"))
    })
}

/// The value of a literal, perhaps with a sign.
fn literal(pair: &Pair, names: &Names) -> Option<(Type, Constant)> {
    let node = bare(pair.value);
    matches!(
        node.kind(),
        "string" | "float" | "integer" | "true" | "false" | "unary_operator" | "null" | "na"
    )
    .then_some(())?;
    let value = fold::fold(node, names)?;
    Some(match value.as_slice() {
        [] | [Atom::Missing] => (Type::String, Constant::None),
        [Atom::Bool(value)] => (Type::Boolean, Constant::Bool(*value)),
        [Atom::Int(value)] => (Type::Integer, Constant::Int(i128::from(*value))),
        [atom @ Atom::Double(_)] => (Type::Float, Constant::Text(atom.text()?)),
        [Atom::Text(text)] => (Type::String, Constant::Text(text.clone())),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_parameters() {
        let text = "# rows\nn <- 5L\nrate = 0.5 # of learning\nflag <- TRUE\n'a' -> name\nx <- f(1)\nif (a) b <- 1\nlow <- -1\n";
        let found: Vec<_> = assignments(text)
            .into_iter()
            .map(|found| (found.name, found.kind.name().to_owned(), found.value.text(), found.description))
            .collect();
        let expected = [
            ("n", "Integer", "5", Some("rows")),
            ("rate", "Float", "0.5", Some("of learning")),
            ("flag", "Boolean", "True", None),
            ("name", "String", "a", None),
            ("low", "Float", "-1", None),
        ];
        let expected = expected.map(|(name, kind, value, text)| {
            (name.to_owned(), kind.to_owned(), value.to_owned(), text.map(str::to_owned))
        });
        assert_eq!(found, expected);
    }
}
