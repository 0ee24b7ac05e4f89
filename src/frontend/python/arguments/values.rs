//! Values of options: their number, and known defaults.

use ruff_python_ast::Expr;

use super::keywords::Keywords;
use crate::frontend::python::parameters::literals;
use crate::frontend::python::semantic::{Model, fold, texts};
use crate::value::Constant;

/// Whether an option takes several values, and whether it may have none; nothing if unknown.
pub(super) fn values(keywords: &Keywords, model: &Model) -> Option<(bool, bool)> {
    let Some(nargs) = keywords.get("nargs").filter(|nargs| !nargs.is_none_literal_expr()) else {
        return Some((false, false));
    };
    match fold(nargs, model)? {
        Constant::Int(number) => (number > 0).then_some((true, false)),
        Constant::Text(text) => match text.as_str() {
            "?" => Some((false, true)),
            "*" => Some((true, true)),
            "+" => Some((true, false)),
            _ => None,
        },
        _ => None,
    }
}

/// A list of constants, or `None`.
pub(super) fn list(value: &Expr, model: &Model) -> Option<Constant> {
    match constant(value, model) {
        Some(Constant::None) => Some(Constant::None),
        Some(_) => None,
        None => literals::json(value, model).filter(|text| text.starts_with('[')).map(Constant::Text),
    }
}

/// Whether a default is empty.
pub(super) fn is_nothing(value: &Constant) -> bool {
    matches!(value, Constant::None | Constant::Int(0)) || *value == Constant::Text("[]".to_owned())
}

/// The value of a default, if known.
pub(super) fn constant(value: &Expr, model: &Model) -> Option<Constant> {
    let is_suppressed = || model.may_be(value, "argparse.SUPPRESS");
    let known = fold(value, model).or_else(|| path(value, model).map(Constant::Text));
    known.or_else(|| is_suppressed().then_some(Constant::None))
}

/// The text of `Path("a", "b")` and `os.path.join("a", "b")`.
fn path(value: &Expr, model: &Model) -> Option<String> {
    let call = value.as_call_expr().filter(|call| call.arguments.keywords.is_empty())?;
    let parts: Option<Vec<String>> = call.arguments.args.iter().map(|part| model.text(part)).collect();
    let paths = model.qualified(&call.func);
    match paths.first()?.as_str() {
        "pathlib.Path" | "pathlib.PurePath" => Some(texts::path(&parts?)),
        "os.path.join" => Some(texts::joined_path(&parts?)),
        _ => None,
    }
}
