//! Literals of R: the values of strings, names and numbers, and how R writes numbers as text.

use tree_sitter::Node;

/// The name in an identifier or string: `` `a b` ``, `"a b"`, `a`.
pub(super) fn name(node: Node, text: &str) -> Option<String> {
    let written = text.get(node.byte_range())?;
    match node.kind() {
        "string" => string(node, text),
        "identifier" => match written.strip_prefix('`') {
            Some(quoted) => unescaped(quoted.strip_suffix('`')?),
            None => Some(written.to_owned()),
        },
        "null" => Some("NULL".to_owned()),
        "dot_dot_i" => Some(written.to_owned()),
        _ => None,
    }
}

/// The value of a string, raw or with escapes; none if R rejects it.
pub(super) fn string(node: Node, text: &str) -> Option<String> {
    let open = node.child_by_field_name("open")?;
    let close = node.child_by_field_name("close")?;
    let content = text.get(open.end_byte()..close.start_byte())?;
    if open.end_byte() - open.start_byte() > 1 { Some(content.to_owned()) } else { unescaped(content) }
}

/// Resolves escapes as R's scanner does.
fn unescaped(content: &str) -> Option<String> {
    let mut result = String::with_capacity(content.len());
    let mut rest = content;
    while let Some(at) = rest.find('\\') {
        result.push_str(&rest[..at]);
        let (character, after) = escape(&rest[at + 1..])?;
        result.push(character);
        rest = after;
    }
    result.push_str(rest);
    Some(result)
}

/// The character of an escape, and what follows it; nothing for a NUL.
fn escape(rest: &str) -> Option<(char, &str)> {
    let first = rest.chars().next()?;
    let after = &rest[first.len_utf8()..];
    let plain = match first {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'v' => '\u{b}',
        '\\' | '"' | '\'' | '`' | ' ' | '\n' => first,
        '0'..='7' => return coded(rest, 8, 3),
        'x' => return coded(after, 16, 2),
        'u' => return braced(after, 4),
        'U' => return braced(after, 8),
        _ => return None,
    };
    Some((plain, after))
}

/// A character by its number in at most this many digits.
fn coded(rest: &str, radix: u32, most: usize) -> Option<(char, &str)> {
    let digits = rest.chars().take(most).take_while(|digit| digit.is_digit(radix)).count();
    let character = char::from_u32(u32::from_str_radix(&rest[..digits], radix).ok()?)?;
    (character != '\0').then_some((character, &rest[digits..]))
}

/// `\u00e9` or `\u{e9}`.
fn braced(rest: &str, most: usize) -> Option<(char, &str)> {
    match rest.strip_prefix('{') {
        Some(inner) => {
            let (character, after) = coded(inner, 16, most)?;
            Some((character, after.strip_prefix('}')?))
        }
        None => coded(rest, 16, most),
    }
}

/// The value of a number, without the `L` of an integer.
pub(super) fn number(text: &str) -> Option<f64> {
    let text = text.strip_suffix('L').unwrap_or(text);
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => hexadecimal(digits),
        None => text.parse().ok(),
    }
}

/// Hexadecimal digits; with a fraction or exponent they are left to R.
fn hexadecimal(digits: &str) -> Option<f64> {
    let digit = |digit: char| digit.to_digit(16).map(f64::from);
    (!digits.is_empty()).then_some(())?;
    digits.chars().try_fold(0.0, |value, next| Some(value * 16.0 + digit(next)?))
}

/// The number that R's `as.numeric` makes of a text.
pub(super) fn number_from_text(text: &str) -> Option<f64> {
    let text = text.trim_matches(|character: char| character.is_ascii_whitespace());
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1.0, digits),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let named = match digits.to_ascii_lowercase().as_str() {
        "inf" | "infinity" => Some(f64::INFINITY),
        "nan" => Some(f64::NAN),
        _ => None,
    };
    let plain = digits.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    named
        .or_else(|| plain.then(|| number(digits).filter(|_| !digits.ends_with('L'))).flatten())
        .map(|value| sign * value)
}

/// Most digits in the result of R's `as.character`.
const DIGITS: usize = 15;

/// A number as R's `as.character` writes it: `5`, `0.1`, `1e+05`.
pub(super) fn number_text(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Inf" } else { "-Inf" }.to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let (digits, exponent) = significant(value.abs());
    let sign = if value < 0.0 { "-" } else { "" };
    let (fixed, scientific) = (fixed(&digits, exponent), scientific(&digits, exponent));
    // R prefers the fixed form unless it is longer.
    let text = if fixed.len() <= scientific.len() { fixed } else { scientific };
    format!("{sign}{text}")
}

/// The significant digits of a positive number, without trailing zeros, and the exponent of the first.
fn significant(value: f64) -> (String, i32) {
    let text = format!("{value:.*e}", DIGITS - 1);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits = mantissa.replace('.', "");
    let digits = digits.trim_end_matches('0');
    (if digits.is_empty() { "0" } else { digits }.to_owned(), exponent.parse().unwrap_or(0))
}

fn fixed(digits: &str, exponent: i32) -> String {
    let Ok(whole) = usize::try_from(exponent + 1) else {
        let zeros = usize::try_from(-exponent - 1).unwrap_or(0);
        return format!("0.{}{digits}", "0".repeat(zeros));
    };
    if digits.len() <= whole {
        return format!("{digits}{}", "0".repeat(whole - digits.len()));
    }
    match digits.split_at(whole) {
        ("", fraction) => format!("0.{fraction}"),
        (whole, fraction) => format!("{whole}.{fraction}"),
    }
}

fn scientific(digits: &str, exponent: i32) -> String {
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{first}{point}{rest}e{sign}{:02}", exponent.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_formatted_as_in_r() {
        let cases = [
            (5.0, "5"),
            (0.1, "0.1"),
            (1e5, "1e+05"),
            (100_001.0, "100001"),
            (123_456.0, "123456"),
            (1e15, "1e+15"),
            (0.1 + 0.2, "0.3"),
            (1.0 / 3.0, "0.333333333333333"),
            (1e-4, "1e-04"),
            (0.0012, "0.0012"),
            (-2.5, "-2.5"),
            (1e300, "1e+300"),
            (3600.0, "3600"),
            (-0.0, "0"),
            (1_234_567.891, "1234567.891"),
            (f64::NEG_INFINITY, "-Inf"),
        ];
        for (value, text) in cases {
            assert_eq!(number_text(value), text);
        }
    }

    #[test]
    fn escapes_are_resolved_as_in_r() {
        let cases = [
            ("a\\n\\t\\\\", Some("a\n\t\\")),
            ("\\x41\\102\\u00e9\\U{1F600}", Some("AB\u{e9}\u{1f600}")),
            ("\\\"\\'\\`\\ ", Some("\"'` ")),
            ("\\q", None),
            ("\\0", None),
            ("\\u{zz}", None),
        ];
        for (content, value) in cases {
            assert_eq!(unescaped(content).as_deref(), value, "{content}");
        }
    }

    #[test]
    fn numbers_are_parsed_as_in_r() {
        for (text, value) in
            [("5", 5.0), ("0x1F", 31.0), ("1e3", 1000.0), (".5", 0.5), ("5L", 5.0), ("1.", 1.0)]
        {
            assert_eq!(number(text), Some(value), "{text}");
        }
        for (text, value) in [
            (" 5 ", Some(5.0)),
            ("-1e3", Some(-1000.0)),
            ("5L", None),
            ("five", None),
            ("", None),
            ("Inf", Some(f64::INFINITY)),
            ("--1", None),
        ] {
            assert_eq!(number_from_text(text), value, "{text}");
        }
    }
}
