//! Numbers and sequences: what builtins and `itertools` make of constants and known lists.

use std::rc::Rc;

use super::value::{Given, Value};
use super::walk::MAX_ELEMENTS;
use crate::frontend::python::semantic::{fold, texts};
use crate::value::Constant;
use ruff_python_ast::{Expr, ExprSlice};

/// The result of a function of constants or known lists.
pub(super) fn computed<'a>(path: &str, given: &Given<'a>) -> Option<Value<'a>> {
    let values = given.positional.as_slice();
    (given.named.is_empty() && !given.is_open).then_some(())?;
    match (path, values) {
        ("builtins.max" | "builtins.min", [_, _, ..]) => {
            let number = |value: &&Value| value.constant().and_then(|constant| constant.number());
            values.iter().all(|value| number(&value).is_some()).then_some(())?;
            // Of equal ones the first counts.
            let is_better =
                |one: f64, other: f64| if path.ends_with("max") { one > other } else { one < other };
            let best = values.iter().reduce(|best, value| {
                if is_better(number(&value).unwrap_or(0.0), number(&best).unwrap_or(0.0)) {
                    value
                } else {
                    best
                }
            });
            best.cloned()
        }
        ("builtins.abs", [value]) => match value.constant()? {
            Constant::Int(number) => Some(Value::known(Constant::Int(number.checked_abs()?))),
            Constant::Float(number) => Some(Value::known(Constant::Float(number.abs()))),
            _ => None,
        },
        ("builtins.round", [value]) => match value.constant()? {
            Constant::Float(number) => {
                let whole = Constant::Float(number.round_ties_even());
                fold::converted("int", &whole).map(Value::known)
            }
            constant @ Constant::Int(_) => Some(Value::known(constant)),
            _ => None,
        },
        ("builtins.range", [_] | [_, _]) => {
            let bound = |value: &Value| match value.constant()? {
                Constant::Int(number) => Some(number),
                _ => None,
            };
            let (first, end) = match values {
                [end] => (0, bound(end)?),
                _ => (bound(&values[0])?, bound(&values[1])?),
            };
            let length = usize::try_from(end.checked_sub(first)?.max(0)).ok()?;
            (length <= MAX_ELEMENTS).then_some(())?;
            Some(Value::List(Rc::new(
                (first..end).map(|number| Value::known(Constant::Int(number))).collect(),
            )))
        }
        ("itertools.chain", lists) => joined(lists),
        ("itertools.chain.from_iterable", [lists]) => joined(&lists.elements()?),
        ("itertools.product", lists) => {
            let lists: Vec<Vec<Value>> = lists.iter().map(Value::elements).collect::<Option<_>>()?;
            let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
            for list in lists {
                (rows.len().checked_mul(list.len())? <= MAX_ELEMENTS).then_some(())?;
                let longer = |row: &Vec<Value<'a>>| {
                    let row = row.clone();
                    list.iter()
                        .map(move |value| [row.as_slice(), std::slice::from_ref(value)].concat())
                        .collect::<Vec<_>>()
                };
                rows = rows.iter().flat_map(longer).collect();
            }
            Some(Value::List(Rc::new(rows.into_iter().map(|row| Value::List(Rc::new(row))).collect())))
        }
        ("platform.system", []) => Some(Value::text("Linux".to_owned())),
        ("os.path.dirname", [path]) => {
            Some(Value::made_of(Constant::Text(texts::folder(&path.as_text()?)), &[path]))
        }
        ("os.path.basename", [path]) => {
            Some(Value::made_of(Constant::Text(texts::last(&path.as_text()?)), &[path]))
        }
        _ => None,
    }
}

fn joined<'a>(lists: &[Value<'a>]) -> Option<Value<'a>> {
    let lists: Vec<Vec<Value>> = lists.iter().map(Value::elements).collect::<Option<_>>()?;
    let all = lists.concat();
    (all.len() <= MAX_ELEMENTS).then(|| Value::List(Rc::new(all)))
}

/// `"abc"[1:]`, `"abc"[0]`.
pub(super) fn sliced<'a>(text: &Value<'a>, index: &Expr) -> Option<Value<'a>> {
    // The elements of bytes are numbers.
    (!matches!(text, Value::Literal(Expr::BytesLiteral(_)))).then_some(())?;
    let whole = text.as_text().filter(|whole| whole.is_ascii())?;
    let length = i128::try_from(whole.len()).ok()?;
    let number = |bound: &Expr| match fold::literal(bound).or_else(|| negative(bound))? {
        Constant::Int(number) => Some(if number < 0 { number + length } else { number }),
        _ => None,
    };
    let clamped = |number: i128| usize::try_from(number.clamp(0, length)).ok();
    let part = match index {
        Expr::Slice(ExprSlice { lower, upper, step: None, .. }) => {
            let from = lower.as_deref().map_or(Some(0), number).and_then(clamped)?;
            let to = upper.as_deref().map_or(Some(length), number).and_then(clamped)?;
            whole.get(from..to.max(from))?
        }
        index => {
            let at = usize::try_from(number(index)?).ok()?;
            whole.get(at..at + 1)?
        }
    };
    Some(Value::made_of(Constant::Text(part.to_owned()), &[text]))
}

fn negative(bound: &Expr) -> Option<Constant> {
    let unary = bound.as_unary_op_expr()?;
    fold::unary(unary.op, &fold::literal(&unary.operand)?)
}

/// The names of constants of Python in an image, at which the constants are looked up.
pub(super) const CONSTANTS: &[&str] =
    &["TYPE_CHECKING", "sep", "pathsep", "curdir", "pardir", "devnull", "linesep", "name", "platform"];

/// The constants of Python in an image.
pub(super) fn of_image(path: &str) -> Option<Constant> {
    let text = match path {
        "typing.TYPE_CHECKING" => return Some(Constant::Bool(false)),
        "os.sep" | "os.path.sep" => "/",
        "os.pathsep" => ":",
        "os.curdir" => ".",
        "os.pardir" => "..",
        "os.devnull" => "/dev/null",
        "os.linesep" => "\n",
        "os.name" => "posix",
        "sys.platform" => "linux",
        _ => return None,
    };
    Some(Constant::Text(text.to_owned()))
}
