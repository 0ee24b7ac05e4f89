//! Values of parameters: constants, and lists and dicts of them as JSON.

use ruff_python_ast::Expr;

use crate::component::Type;
use crate::frontend::parameters::{COMPUTED, NOT_JSON, kind};
use crate::frontend::python::semantic::{Model, fold};
use crate::value::{Constant, json_list};

/// The type and the value of an expression, or why it has none.
pub(super) fn value(expression: &Expr) -> Result<(Type, Constant), &'static str> {
    if let Some(value) = fold(expression, &Model::default()) {
        return Ok((kind(&value), value));
    }
    let kind = match expression {
        Expr::List(_) | Expr::Tuple(_) => Type::List,
        Expr::Dict(_) => Type::Dict,
        Expr::Set(_) => return Err("JSON, by which lists are given, has no sets"),
        Expr::BytesLiteral(_) => return Err("bytes can't be given"),
        _ => return Err(COMPUTED),
    };
    let text = json(expression, &Model::default()).ok_or(NOT_JSON)?;
    Ok((kind, Constant::Text(text)))
}

/// An expression as Python's `json.dumps` writes it.
pub(in crate::frontend::python) fn json(expression: &Expr, model: &Model) -> Option<String> {
    let json = |expression: &Expr| json(expression, model);
    match expression {
        Expr::List(list) => json_list(list.elts.iter().map(json)),
        Expr::Tuple(tuple) => json_list(tuple.elts.iter().map(json)),
        Expr::Dict(dict) => {
            let entry = |item: &ruff_python_ast::DictItem| {
                Some(format!("{}: {}", key(item.key.as_ref()?)?, json(&item.value)?))
            };
            let entries: Option<Vec<_>> = dict.items.iter().map(entry).collect();
            entries.map(|entries| format!("{{{}}}", entries.join(", ")))
        }
        _ => fold(expression, model)?.json(),
    }
}

/// A key; JSON has only texts.
fn key(expression: &Expr) -> Option<String> {
    match fold(expression, &Model::default())? {
        key @ (Constant::Text(_) | Constant::Int(_)) => Constant::Text(key.text()).json(),
        _ => None,
    }
}
