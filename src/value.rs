//! Constants: values that are known without running the source, and how they stand in an environment.

use crate::component::Type;
use crate::display;

/// A value of the few kinds that environment variables are made from.
#[derive(Debug, Clone, PartialEq)]
pub enum Constant {
    /// `None` or `NULL`.
    None,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// A floating point number.
    Float(f64),
    /// A text.
    Text(String),
}

impl Constant {
    /// The text that Python's `str` gives.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::None => "None".to_owned(),
            Self::Bool(true) => "True".to_owned(),
            Self::Bool(false) => "False".to_owned(),
            Self::Int(value) => value.to_string(),
            Self::Float(value) => float_text(*value),
            Self::Text(text) => text.clone(),
        }
    }

    /// The value in JSON, as Python's `json.dumps` writes it; nothing if JSON doesn't have it.
    pub(crate) fn json(&self) -> Option<String> {
        match self {
            Self::None => Some("null".to_owned()),
            Self::Bool(value) => Some(value.to_string()),
            Self::Int(value) => Some(value.to_string()),
            Self::Float(value) => value.is_finite().then(|| float_text(*value)),
            Self::Text(text) => serde_json::to_string(text).ok(),
        }
    }

    /// The value as a floating point number, if it is a number.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "as Python's float() does")]
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Bool(value) => Some(f64::from(u8::from(*value))),
            Self::Int(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            _ => None,
        }
    }
}

/// A default as it would stand in the environment so that the cast gives the same value.
pub fn default_text(value: &Constant, kind: &Type) -> Result<String, String> {
    let invalid = || Err(format!("is {}, which is not a valid {}", quoted(value), kind.name()));
    match (kind, value) {
        (Type::Integer, Constant::Text(text)) => integer_text(text).map_or_else(invalid, Ok),
        (Type::Integer, Constant::Bool(value)) => Ok(u8::from(*value).to_string()),
        (Type::Integer, Constant::Float(value)) if value.is_finite() => {
            integer_text(&format!("{:.0}", value.trunc())).map_or_else(invalid, Ok)
        }
        (Type::Integer, Constant::Float(_)) => invalid(),
        (Type::Float, Constant::Text(text)) => {
            float_from_text(text).map_or_else(invalid, |_| Ok(text.trim().into()))
        }
        (Type::Float, Constant::Bool(value)) => Ok(float_text(f64::from(u8::from(*value)))),
        (Type::Boolean, Constant::Text(text)) => boolean(text).map_or_else(invalid, |value| Ok(truth(value))),
        (Type::Boolean, value) => value.number().map_or_else(invalid, |number| Ok(truth(number != 0.0))),
        (Type::List | Type::Dict, value) if !is_collection(&value.text(), kind) => invalid(),
        (_, value) => Ok(value.text()),
    }
}

/// Whether a text is JSON of the type, `List` or `Dict`.
#[must_use]
pub fn is_collection(text: &str, kind: &Type) -> bool {
    serde_json::from_str::<serde_json::Value>(text).is_ok_and(|value| match kind {
        Type::List => value.is_array(),
        _ => value.is_object(),
    })
}

fn truth(value: bool) -> String {
    Constant::Bool(value).text()
}

fn quoted(value: &Constant) -> String {
    format!("`{}`", display::beginning(&value.text(), 40))
}

/// A text as Python's `int` takes it, in its plain form: `" 1_000 "` → `1000`.
#[must_use]
pub fn integer_text(text: &str) -> Option<String> {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let valid =
        digits.split('_').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    let plain = digits.replace('_', "");
    let plain = match plain.trim_start_matches('0') {
        "" => "0",
        rest => rest,
    };
    valid.then(|| format!("{}{plain}", if plain == "0" { "" } else { sign }))
}

/// The number that Python's `float` makes of a text.
#[must_use]
pub fn float_from_text(text: &str) -> Option<f64> {
    let text = text.trim();
    let separated = |part: &str| {
        !part.is_empty() && !part.starts_with('_') && !part.ends_with('_') && !part.contains("__")
    };
    let valid = !text.contains('_')
        || text.split(['.', 'e', 'E', '+', '-']).all(|part| part.is_empty() || separated(part));
    valid.then(|| text.replace('_', "").parse().ok()).flatten()
}

/// Words for true, as the entry points read them; case doesn't matter.
pub const TRUE: &[&str] = &["true", "1", "yes", "on", "y", "t"];

/// Words for false.
pub const FALSE: &[&str] = &["false", "0", "no", "off", "n", "f"];

/// The truth value that a text stands for; an empty one is false, as in Python.
#[must_use]
pub fn boolean(text: &str) -> Option<bool> {
    let text = text.trim();
    let is_one_of = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    match text {
        "" => Some(false),
        _ if is_one_of(TRUE) => Some(true),
        _ => is_one_of(FALSE).then_some(false),
    }
}

/// A list of values in JSON, as Python's `json.dumps` writes it; nothing if one of them isn't in JSON.
pub(crate) fn json_list(items: impl Iterator<Item = Option<String>>) -> Option<String> {
    let items: Option<Vec<_>> = items.collect();
    items.map(|items| format!("[{}]", items.join(", ")))
}

/// A number as Python's `repr` writes it.
#[must_use]
pub fn float_text(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    let text = format!("{value:?}");
    match text.split_once('e') {
        None => text,
        Some((digits, exponent)) => {
            let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |rest| ('-', rest));
            format!("{digits}e{sign}{exponent:0>2}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boolean_words_match_the_preludes() {
        let contract: serde_json::Value =
            serde_json::from_str(include_str!("../templates/contract/truth.json")).unwrap();
        for (key, value) in [("true", Some(true)), ("false", Some(false)), ("neither", None)] {
            for word in contract[key].as_array().unwrap().iter().map(|word| word.as_str().unwrap()) {
                assert_eq!((boolean(word), boolean(&word.to_uppercase())), (value, value), "{word}");
            }
        }
        let list = |words: &[&str]| serde_json::json!(words);
        assert_eq!((&contract["true"], &contract["false"]), (&list(TRUE), &list(FALSE)));
    }

    #[test]
    fn floats_are_formatted_as_in_python() {
        let cases = [
            (5.0, "5.0"),
            (0.1, "0.1"),
            (1e16, "1e+16"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"),
            (1.5e300, "1.5e+300"),
            (-0.0, "-0.0"),
            (f64::INFINITY, "inf"),
            (f64::NAN, "nan"),
            (123_456_789.0, "123456789.0"),
        ];
        for (value, text) in cases {
            assert_eq!(float_text(value), text);
        }
    }

    #[test]
    fn integers_are_parsed_as_in_python() {
        let cases = [
            ("5", Some("5")),
            (" +1_000 ", Some("1000")),
            ("-007", Some("-7")),
            ("-0", Some("0")),
            ("", None),
            ("1__0", None),
            ("_1", None),
            ("5.0", None),
            ("0x10", None),
            ("1e3", None),
            ("--1", None),
        ];
        for (text, plain) in cases {
            assert_eq!(integer_text(text).as_deref(), plain, "{text:?}");
        }
    }

    #[test]
    fn defaults_are_normalized_to_their_type() {
        let text = |text: &str| Constant::Text(text.to_owned());
        let cases = [
            (Type::Integer, Constant::Float(5.9), Some("5")),
            (Type::Integer, Constant::Float(-0.3), Some("0")),
            (Type::Integer, Constant::Bool(true), Some("1")),
            (Type::Integer, text("five"), None),
            (Type::Integer, Constant::Float(f64::NAN), None),
            (Type::Float, Constant::Int(5), Some("5")),
            (Type::Float, text(" 1e-3 "), Some("1e-3")),
            (Type::Float, text("1_0.5"), Some("1_0.5")),
            (Type::Float, text("x"), None),
            (Type::Boolean, text("False"), Some("False")),
            (Type::Boolean, text("yes"), Some("True")),
            (Type::Boolean, text(""), Some("False")),
            (Type::Boolean, Constant::Int(0), Some("False")),
            (Type::Boolean, text("perhaps"), None),
            (Type::List, text("[1]"), Some("[1]")),
            (Type::List, text("{}"), None),
            (Type::Dict, text("{}"), Some("{}")),
            (Type::String, Constant::Float(0.5), Some("0.5")),
            (Type::String, Constant::Bool(true), Some("True")),
        ];
        for (kind, value, expected) in cases {
            assert_eq!(default_text(&value, &kind).ok().as_deref(), expected, "{value:?} as {}", kind.name());
        }
    }
}
