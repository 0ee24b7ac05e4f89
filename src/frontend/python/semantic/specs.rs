//! Format specifications: how `f"{x:03d}"`, `"%.2f"` and `"{:>5}"` write a constant.

use std::cmp::Ordering;

use crate::value::Constant;

/// Widest field that is made, in characters.
const MAX_WIDTH: usize = 1000;

/// A constant in the form that a specification asks for: an alignment, zeros in front, a width, a precision and a type.
pub(crate) fn formatted(value: &Constant, spec: &str) -> Option<String> {
    if spec.is_empty() {
        return Some(value.text());
    }
    let align = spec.chars().next().filter(|first| "<>^".contains(*first));
    let rest = spec.strip_prefix(['<', '>', '^']).unwrap_or(spec);
    let (is_filled, rest) = rest.strip_prefix('0').map_or((false, rest), |rest| (align.is_none(), rest));
    let (width, rest) = number(rest);
    let (precision, kind) = match rest.strip_prefix('.') {
        Some(rest) => number(rest),
        None => (None, rest),
    };
    let (text, is_number) = match (value, kind, precision) {
        (Constant::Text(text), "" | "s", None) if !is_filled => (text.clone(), false),
        (Constant::Int(value), "" | "d", None) => (value.to_string(), true),
        (Constant::Int(_) | Constant::Float(_), "f", _) => {
            (format!("{:.*}", precision.unwrap_or(6), value.number()?), true)
        }
        _ => return None,
    };
    let width = width.unwrap_or(0);
    let missing = width.saturating_sub(text.chars().count());
    (width <= MAX_WIDTH).then_some(())?;
    let blanks = |number| " ".repeat(number);
    Some(match (missing.cmp(&0), align) {
        (Ordering::Equal, _) => text,
        _ if is_filled => {
            let (sign, digits) = text.split_at(usize::from(text.starts_with('-')));
            format!("{sign}{}{digits}", "0".repeat(missing))
        }
        (_, Some('^')) => format!("{}{text}{}", blanks(missing / 2), blanks(missing - missing / 2)),
        (_, align) if align == Some('>') || (align.is_none() && is_number) => blanks(missing) + &text,
        _ => text + &blanks(missing),
    })
}

/// The digits that a text begins with, as a number, and the rest.
fn number(text: &str) -> (Option<usize>, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    (text[..end].parse().ok(), &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_written_as_python_writes_them() {
        let text = Constant::Text("a".to_owned());
        for (value, spec, expected) in [
            (Constant::Int(3), "03d", Some("003")),
            (Constant::Int(-3), "04", Some("-003")),
            (Constant::Int(3), "3", Some("  3")),
            (Constant::Int(3), "<3d", Some("3  ")),
            (Constant::Float(0.25), ".1f", Some("0.2")),
            (Constant::Float(1.5), "06.2f", Some("001.50")),
            (Constant::Int(2), "f", Some("2.000000")),
            (text.clone(), "3", Some("a  ")),
            (text.clone(), "^4", Some(" a  ")),
            (text.clone(), ">2s", Some(" a")),
            (text.clone(), "03", None),
            (text.clone(), ".1", None),
            (text, "d", None),
            (Constant::Float(1.5), "d", None),
            (Constant::Float(1.5), "e", None),
            (Constant::Int(3), ",", None),
            (Constant::Bool(true), "d", None),
        ] {
            assert_eq!(formatted(&value, spec).as_deref(), expected, "{value:?} {spec}");
        }
    }
}
