//! Names and numbers that the grammar accepts and R doesn't.

/// Words that are no names.
const RESERVED: &[&str] = &["else", "in", "if", "for", "while", "function", "repeat"];

/// Whether R rejects a name.
pub(super) fn name(text: &str) -> bool {
    text == "``" || RESERVED.contains(&text) || (text.starts_with('_') && text.len() > 1)
}

/// Whether a number lacks its exponent: `1e`, `1e+`, `1eL`.
pub(super) fn number(text: &str) -> bool {
    let Some((digits, exponent)) = text.split_once(['e', 'E']) else { return false };
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let is_digit = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    !digits.is_empty() && digits.bytes().all(is_digit) && ["", "L"].contains(&exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_invalid_in_r_are_found() {
        let names = ["``", "_x", "if", "repeat"].map(name);
        assert_eq!(names, [true; 4]);
        assert_eq!(["_", "x_", "`if`", "iff", "x"].map(name), [false; 5]);
        assert_eq!(["1e", "1.5E+", ".5e-L", "1eL"].map(number), [true; 4]);
        assert_eq!(["1e5", "0xe", "1e+5L", "e", "1"].map(number), [false; 5]);
    }
}
