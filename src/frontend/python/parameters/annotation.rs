//! Annotations of parameters: the types that they name.

use ruff_python_ast::{Expr, Operator};
use ruff_python_parser::parse_expression;

use crate::component::Type;
use crate::frontend::parameters;
use crate::frontend::python::last_name;
use crate::frontend::python::semantic::{Model, fold};

/// Types by their names in Python and `typing`.
const KINDS: &[(Type, &[&str])] = &[
    (Type::String, &["str", "Text"]),
    (Type::Integer, &["int"]),
    (Type::Float, &["float"]),
    (Type::Boolean, &["bool"]),
    (
        Type::List,
        &["list", "List", "tuple", "Tuple", "Sequence", "Iterable", "Collection", "MutableSequence"],
    ),
    (Type::Dict, &["dict", "Dict", "Mapping", "MutableMapping"]),
];

/// Wrappers around a type.
const WRAPPERS: &[&str] = &["Optional", "Union", "Final", "Annotated", "ClassVar"];

/// The type that an annotation names; none if there are several, or another one.
pub(in crate::frontend::python) fn kind(annotation: &Expr) -> Option<Type> {
    match annotation {
        Expr::Name(_) | Expr::Attribute(_) => named(last_name(annotation)?),
        Expr::StringLiteral(text) => parsed(text.value.to_str()),
        Expr::BinOp(union) if union.op == Operator::BitOr => sole(&[&union.left, &union.right]),
        Expr::Subscript(subscript) => {
            let parts: Vec<&Expr> = match &*subscript.slice {
                Expr::Tuple(parts) => parts.elts.iter().collect(),
                part => vec![part],
            };
            match last_name(&subscript.value)? {
                "Literal" => same(
                    parts.iter().map(|part| fold(part, &Model::default()).as_ref().map(parameters::kind)),
                ),
                "Union" => sole(&parts),
                name if WRAPPERS.contains(&name) => kind(parts.first()?),
                name => named(name),
            }
        }
        _ => None,
    }
}

/// The type that a text names, as in a comment.
pub(super) fn parsed(text: &str) -> Option<Type> {
    (text.len() < 200).then(|| parse_expression(text).ok()).flatten().and_then(|parsed| kind(parsed.expr()))
}

fn named(name: &str) -> Option<Type> {
    KINDS.iter().find(|(_, names)| names.contains(&name)).map(|(kind, _)| kind.clone())
}

/// The only type of a union besides `None`.
fn sole(parts: &[&Expr]) -> Option<Type> {
    let parts = parts.iter().filter(|part| !part.is_none_literal_expr());
    same(parts.map(|part| kind(part)))
}

fn same(mut kinds: impl Iterator<Item = Option<Type>>) -> Option<Type> {
    let first = kinds.next()??;
    kinds.all(|kind| kind.as_ref() == Some(&first)).then_some(first)
}
