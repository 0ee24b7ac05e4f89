//! Elements of R's vectors: their coercion and arithmetic.

use super::literals;
use crate::component::Type;
use crate::value::Constant;

/// An element of a vector.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Atom {
    /// `NA`.
    Missing,
    Bool(bool),
    Int(i32),
    Double(f64),
    Text(String),
}

/// A value: `NULL` has no elements.
pub(super) type Vector = Vec<Atom>;

impl Atom {
    /// The result of `as.character`.
    pub(super) fn text(&self) -> Option<String> {
        Some(match self {
            Self::Missing => return None,
            Self::Bool(true) => "TRUE".to_owned(),
            Self::Bool(false) => "FALSE".to_owned(),
            Self::Int(value) => value.to_string(),
            Self::Double(value) => literals::number_text(*value),
            Self::Text(text) => text.clone(),
        })
    }

    /// The text as part of a longer one, where `NA` is a word.
    pub(super) fn word(&self) -> String {
        self.text().unwrap_or_else(|| "NA".to_owned())
    }

    fn number(&self) -> Option<f64> {
        match self {
            Self::Bool(value) => Some(f64::from(u8::from(*value))),
            Self::Int(value) => Some(f64::from(*value)),
            Self::Double(value) => Some(*value),
            _ => None,
        }
    }

    fn integer(&self) -> Option<i32> {
        match self {
            Self::Bool(value) => Some(i32::from(*value)),
            Self::Int(value) => Some(*value),
            _ => None,
        }
    }

    pub(super) fn rank(&self) -> usize {
        match self {
            Self::Missing => 0,
            Self::Bool(_) => 1,
            Self::Int(_) => 2,
            Self::Double(_) => 3,
            Self::Text(_) => 4,
        }
    }

    /// The element coerced to a vector of another type.
    pub(super) fn raised(self, rank: usize) -> Self {
        match (rank, &self) {
            (_, Self::Missing) => self,
            (4, _) => Self::Text(self.word()),
            (3, _) => self.number().map_or(self, Self::Double),
            (2, _) => self.integer().map_or(self, Self::Int),
            _ => self,
        }
    }
}

/// A default in the environment: the result of `as.character`.
pub(super) fn default(value: &[Atom]) -> Option<Constant> {
    match value {
        [] | [Atom::Missing] => Some(Constant::None),
        [atom] => atom.text().map(Constant::Text),
        _ => None,
    }
}

/// A default for a variable of this type: the number that R's cast makes of its text if only R reads it as
/// one, and nothing if an empty text gives `NA`.
pub(super) fn typed(text: &str, kind: &Type) -> Option<Constant> {
    let is_number = matches!(kind, Type::Integer | Type::Float);
    if text.is_empty() && (is_number || *kind == Type::Boolean) {
        return Some(Constant::None);
    }
    let value = literals::number_from_text(text).filter(|_| is_number)?;
    let is_hexadecimal = text.contains(['x', 'X']);
    match kind {
        Type::Integer if in_range(value) => Some(Constant::Float(value)),
        Type::Float if is_hexadecimal => Some(Constant::Float(value)),
        _ => None,
    }
}

/// Whether a number, truncated, is in the range of R's integers.
fn in_range(value: f64) -> bool {
    value.trunc().abs() <= f64::from(i32::MAX)
}

/// `5L`; `0.5L` and numbers out of range are doubles.
pub(super) fn integer(value: f64) -> Atom {
    if value.fract() == 0.0 && in_range(value) { Atom::Int(truncated(value)) } else { Atom::Double(value) }
}

#[expect(clippy::cast_possible_truncation, reason = "only numbers in the range of integers come here")]
fn truncated(value: f64) -> i32 {
    value as i32
}

pub(super) fn unary(operator: &str, operand: &Atom) -> Option<Atom> {
    match (operator, operand) {
        ("!", operand) => Some(Atom::Bool(operand.number()? == 0.0)),
        ("-", Atom::Double(value)) => Some(Atom::Double(-value)),
        ("+", Atom::Double(value)) => Some(Atom::Double(*value)),
        ("-", operand) => Some(Atom::Int(-operand.integer()?)),
        ("+", operand) => operand.integer().map(Atom::Int),
        _ => None,
    }
}

pub(super) fn is_arithmetic(operator: &str) -> bool {
    matches!(operator, "+" | "-" | "*" | "/" | "^" | "**" | "%%" | "%/%")
}

pub(super) fn binary(operator: &str, left: &Atom, right: &Atom) -> Option<Atom> {
    match (left.integer(), right.integer()) {
        (Some(left), Some(right)) if !matches!(operator, "/" | "^" | "**") => integers(operator, left, right),
        _ => doubles(operator, left.number()?, right.number()?).map(Atom::Double),
    }
}

/// R's integers overflow to `NA`, which is a useless default.
fn integers(operator: &str, left: i32, right: i32) -> Option<Atom> {
    let value = match operator {
        "+" => left.checked_add(right),
        "-" => left.checked_sub(right),
        "*" => left.checked_mul(right),
        "%%" => left.checked_sub(floor_division(left, right)?.checked_mul(right)?),
        "%/%" => floor_division(left, right),
        _ => None,
    };
    value.filter(|&value| value != i32::MIN).map(Atom::Int)
}

fn floor_division(left: i32, right: i32) -> Option<i32> {
    let quotient = left.checked_div(right)?;
    Some(if left % right != 0 && (left < 0) != (right < 0) { quotient - 1 } else { quotient })
}

fn doubles(operator: &str, left: f64, right: f64) -> Option<f64> {
    match operator {
        "+" => Some(left + right),
        "-" => Some(left - right),
        "*" => Some(left * right),
        "/" => Some(left / right),
        "^" | "**" => Some(left.powf(right)),
        "%%" if right != 0.0 => Some(left - (left / right).floor() * right),
        "%/%" if right != 0.0 => Some((left / right).floor()),
        _ => None,
    }
}

pub(super) fn converted(function: &str, value: &[Atom]) -> Option<Vector> {
    let convert = |atom: &Atom| {
        let number = || match atom {
            Atom::Text(text) => literals::number_from_text(text),
            atom => atom.number(),
        };
        match function {
            "as.character" => Some(atom.text().map_or(Atom::Missing, Atom::Text)),
            "as.numeric" | "as.double" => number().map(Atom::Double),
            "as.integer" => {
                number().filter(|&value| in_range(value)).map(|value| Atom::Int(truncated(value)))
            }
            "as.logical" => logical(atom),
            _ => None,
        }
    };
    value.iter().map(convert).collect()
}

fn logical(atom: &Atom) -> Option<Atom> {
    match atom {
        Atom::Text(text) => match text.as_str() {
            "T" | "TRUE" | "true" | "True" => Some(Atom::Bool(true)),
            "F" | "FALSE" | "false" | "False" => Some(Atom::Bool(false)),
            _ => None,
        },
        atom => atom.number().filter(|value| !value.is_nan()).map(|value| Atom::Bool(value != 0.0)),
    }
}
