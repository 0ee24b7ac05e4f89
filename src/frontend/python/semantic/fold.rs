//! Constant folding: the value of an expression that can be known without running it.

use ruff_python_ast::{
    Arguments, Expr, ExprCall, ExprFString, FStringPart, InterpolatedElement, InterpolatedStringElement,
    Number, Operator, UnaryOp,
};

use super::{Model, specs};
use crate::value::{self, Constant};

/// Longest text that folding produces, in bytes.
const MAX_TEXT: usize = 1 << 16;

/// Functions that convert constants.
const CONVERSIONS: &[&str] = &["str", "int", "float", "bool"];

/// The value of a constant expression.
pub(crate) fn fold(expression: &Expr, model: &Model) -> Option<Constant> {
    match expression {
        Expr::NoneLiteral(_) | Expr::BooleanLiteral(_) | Expr::StringLiteral(_) | Expr::NumberLiteral(_) => {
            literal(expression)
        }
        Expr::FString(literal) => fstring(literal, model),
        Expr::Name(name) => model.constant(name).cloned(),
        Expr::UnaryOp(unary) => self::unary(unary.op, &fold(&unary.operand, model)?),
        Expr::BinOp(binary) => {
            self::binary(binary.op, fold(&binary.left, model)?, fold(&binary.right, model)?)
        }
        Expr::Call(call) => conversion(call, model),
        _ => None,
    }
}

/// The value of a literal.
pub(crate) fn literal(expression: &Expr) -> Option<Constant> {
    match expression {
        Expr::NoneLiteral(_) => Some(Constant::None),
        Expr::BooleanLiteral(literal) => Some(Constant::Bool(literal.value)),
        Expr::StringLiteral(literal) => Some(Constant::Text(literal.value.to_str().to_owned())),
        Expr::NumberLiteral(literal) => number(&literal.value),
        Expr::BytesLiteral(literal) => {
            let bytes: Vec<u8> = literal.value.bytes().collect();
            String::from_utf8(bytes).ok().map(Constant::Text)
        }
        _ => None,
    }
}

fn number(number: &Number) -> Option<Constant> {
    match number {
        Number::Int(int) => int.to_string().parse().ok().map(Constant::Int),
        Number::Float(value) => Some(Constant::Float(*value)),
        Number::Complex { .. } => None,
    }
}

fn fstring(literal: &ExprFString, model: &Model) -> Option<Constant> {
    let mut text = String::new();
    for part in &literal.value {
        match part {
            FStringPart::Literal(literal) => text.push_str(&literal.value),
            FStringPart::FString(part) => {
                for element in &part.elements {
                    text.push_str(&fstring_element(element, model)?);
                }
            }
        }
    }
    Some(Constant::Text(text))
}

fn fstring_element(element: &InterpolatedStringElement, model: &Model) -> Option<String> {
    match element {
        InterpolatedStringElement::Literal(literal) => Some(literal.value.to_string()),
        InterpolatedStringElement::Interpolation(element) => {
            specs::formatted(&fold(&element.expression, model)?, &spec(element)?)
        }
    }
}

/// The format specification of a part of an f-string; nothing if it is more than a text.
pub(crate) fn spec(element: &InterpolatedElement) -> Option<String> {
    (element.conversion.is_none() && element.debug_text.is_none()).then_some(())?;
    let parts = element.format_spec.iter().flat_map(|spec| &spec.elements);
    let texts = parts.map(|part| match part {
        InterpolatedStringElement::Literal(literal) => Some(literal.value.to_string()),
        InterpolatedStringElement::Interpolation(_) => None,
    });
    texts.collect()
}

pub(crate) fn unary(operator: UnaryOp, operand: &Constant) -> Option<Constant> {
    match (operator, operand) {
        (UnaryOp::Not, operand) => Some(Constant::Bool(!truth(operand))),
        (UnaryOp::USub, Constant::Float(value)) => Some(Constant::Float(-value)),
        (UnaryOp::UAdd, Constant::Float(value)) => Some(Constant::Float(*value)),
        (UnaryOp::USub, operand) => integer(operand)?.checked_neg().map(Constant::Int),
        (UnaryOp::UAdd, operand) => integer(operand).map(Constant::Int),
        (UnaryOp::Invert, operand) => integer(operand).map(|value| Constant::Int(!value)),
    }
}

pub(crate) fn truth(value: &Constant) -> bool {
    match value {
        Constant::None => false,
        Constant::Text(text) => !text.is_empty(),
        value => value.number().is_some_and(|number| number != 0.0),
    }
}

fn integer(value: &Constant) -> Option<i128> {
    match value {
        Constant::Bool(value) => Some(i128::from(*value)),
        Constant::Int(value) => Some(*value),
        _ => None,
    }
}

pub(crate) fn binary(operator: Operator, left: Constant, right: Constant) -> Option<Constant> {
    match (operator, left, right) {
        (Operator::Add, Constant::Text(left), Constant::Text(right)) => text(left + &right),
        (Operator::Mult, Constant::Text(text), Constant::Int(times))
        | (Operator::Mult, Constant::Int(times), Constant::Text(text)) => repeat(&text, times),
        (operator, left, right) => match (integer(&left), integer(&right)) {
            (Some(left), Some(right)) => integers(operator, left, right),
            _ => floats(operator, left.number()?, right.number()?),
        },
    }
}

fn text(text: String) -> Option<Constant> {
    (text.len() <= MAX_TEXT).then_some(Constant::Text(text))
}

fn repeat(text: &str, times: i128) -> Option<Constant> {
    let times = usize::try_from(times.max(0)).ok()?;
    (text.len().checked_mul(times)? <= MAX_TEXT).then(|| Constant::Text(text.repeat(times)))
}

#[expect(clippy::cast_precision_loss, reason = "as Python's true division does")]
fn integers(operator: Operator, left: i128, right: i128) -> Option<Constant> {
    let value = match operator {
        Operator::Add => left.checked_add(right),
        Operator::Sub => left.checked_sub(right),
        Operator::Mult => left.checked_mul(right),
        Operator::Div if right != 0 => return Some(Constant::Float(left as f64 / right as f64)),
        Operator::FloorDiv => floor_division(left, right),
        Operator::Mod => left.checked_sub(floor_division(left, right)?.checked_mul(right)?),
        Operator::Pow if right < 0 && left != 0 => {
            return Some(Constant::Float((left as f64).powf(right as f64)));
        }
        Operator::Pow => left.checked_pow(u32::try_from(right).ok()?),
        Operator::LShift => left.checked_mul(2_i128.checked_pow(u32::try_from(right).ok()?)?),
        Operator::RShift => left.checked_shr(u32::try_from(right).ok()?),
        Operator::BitAnd => Some(left & right),
        Operator::BitOr => Some(left | right),
        Operator::BitXor => Some(left ^ right),
        _ => None,
    };
    value.map(Constant::Int)
}

/// Division rounded towards minus infinity, as Python's `//` does.
fn floor_division(left: i128, right: i128) -> Option<i128> {
    let quotient = left.checked_div(right)?;
    let inexact = left % right != 0;
    Some(if inexact && (left < 0) != (right < 0) { quotient - 1 } else { quotient })
}

fn floats(operator: Operator, left: f64, right: f64) -> Option<Constant> {
    let value = match operator {
        Operator::Add => left + right,
        Operator::Sub => left - right,
        Operator::Mult => left * right,
        Operator::Div if right != 0.0 => left / right,
        Operator::FloorDiv if right != 0.0 => floor_quotient(left, right),
        Operator::Pow if left > 0.0 => left.powf(right),
        _ => return None,
    };
    Some(Constant::Float(value))
}

/// Division rounded towards minus infinity, by way of the remainder as CPython does.
fn floor_quotient(left: f64, right: f64) -> f64 {
    let remainder = left % right;
    let quotient = (left - remainder) / right;
    if remainder != 0.0 && (right < 0.0) != (remainder < 0.0) {
        (quotient - 1.0).round()
    } else {
        quotient.round()
    }
}

/// `str(…)`, `int(…)`, `float(…)` or `bool(…)` of a constant.
fn conversion(call: &ExprCall, model: &Model) -> Option<Constant> {
    let function = CONVERSIONS.iter().find(|name| model.is_builtin(&call.func, name))?;
    converted(function, &fold(sole_argument(&call.arguments)?, model)?)
}

/// The result of `str`, `int`, `float` or `bool` on a constant.
pub(crate) fn converted(function: &str, value: &Constant) -> Option<Constant> {
    match (function, value) {
        ("str", value) => Some(Constant::Text(value.text())),
        ("bool", value) => Some(Constant::Bool(truth(value))),
        ("float", Constant::Text(text)) => value::float_from_text(text).map(Constant::Float),
        ("float", value) => value.number().map(Constant::Float),
        ("int", Constant::Text(text)) => value::integer_text(text)?.parse().ok().map(Constant::Int),
        ("int", Constant::Float(value)) => truncated(*value).map(Constant::Int),
        ("int", value) => integer(value).map(Constant::Int),
        _ => None,
    }
}

/// The whole part of a number, as Python's `int` takes it.
fn truncated(value: f64) -> Option<i128> {
    value.is_finite().then(|| format!("{:.0}", value.trunc()).parse().ok()).flatten()
}

/// The only argument of a call.
pub(crate) fn sole_argument(arguments: &Arguments) -> Option<&Expr> {
    match (&*arguments.args, &*arguments.keywords) {
        ([argument], []) if !argument.is_starred_expr() => Some(argument),
        _ => None,
    }
}
