//! Values of parameters: constants, and lists and dicts of them as JSON.

use ruff_python_ast::Expr;

use crate::component::Type;
use crate::frontend::parameters::kind;
use crate::frontend::python::semantic::{Model, fold};
use crate::value::{Constant, float_text};

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
        _ => return Err("its value is known at run time only"),
    };
    let text = json(expression).ok_or("not all that it holds are plain values that JSON has")?;
    Ok((kind, Constant::Text(text)))
}

/// An expression as Python's `json.dumps` writes it.
fn json(expression: &Expr) -> Option<String> {
    match expression {
        Expr::List(list) => array(&list.elts),
        Expr::Tuple(tuple) => array(&tuple.elts),
        Expr::Dict(dict) => {
            let entry = |item: &ruff_python_ast::DictItem| {
                Some(format!("{}: {}", key(item.key.as_ref()?)?, json(&item.value)?))
            };
            let entries: Option<Vec<_>> = dict.items.iter().map(entry).collect();
            entries.map(|entries| format!("{{{}}}", entries.join(", ")))
        }
        _ => scalar(&fold(expression, &Model::default())?),
    }
}

fn array(items: &[Expr]) -> Option<String> {
    let items: Option<Vec<_>> = items.iter().map(json).collect();
    items.map(|items| format!("[{}]", items.join(", ")))
}

/// A key, which JSON has as a text.
fn key(expression: &Expr) -> Option<String> {
    match fold(expression, &Model::default())? {
        key @ (Constant::Text(_) | Constant::Int(_)) => scalar(&Constant::Text(key.text())),
        _ => None,
    }
}

fn scalar(value: &Constant) -> Option<String> {
    match value {
        Constant::None => Some("null".to_owned()),
        Constant::Bool(value) => Some(value.to_string()),
        Constant::Int(value) => Some(value.to_string()),
        Constant::Float(value) => value.is_finite().then(|| float_text(*value)),
        Constant::Text(text) => serde_json::to_string(text).ok(),
    }
}
