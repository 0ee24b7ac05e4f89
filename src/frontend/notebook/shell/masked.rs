//! The Python in braces that IPython evaluates before a shell sees a command.

use crate::frontend::notebook::ipython::is_expression;

/// Longest expression, in bytes; limits what many open braces cost.
const LONGEST: usize = 400;

/// What a shell would take for more than a part of a word.
const SPECIAL: &[u8] = b" \t'\"`\\|&;()<>#";

/// A shell text of the same length in which Python in braces, such as `{' '.join(names)}`, is one word.
pub(super) fn masked(script: &str) -> String {
    let mut bytes = script.as_bytes().to_vec();
    let mut at = 0;
    while let Some(start) = script.get(at..).and_then(|rest| rest.find('{')).map(|found| at + found) {
        let is_of_shell =
            script[..start].ends_with('$') || script[start + 1..].starts_with(char::is_whitespace);
        let length = expression(&script[start + 1..]).filter(|_| !is_of_shell).map_or(0, str::len);
        let end = start + 1 + length;
        for byte in bytes[start..end].iter_mut().filter(|byte| SPECIAL.contains(byte)) {
            *byte = b'_';
        }
        at = end;
    }
    String::from_utf8(bytes).unwrap_or_else(|_| script.to_owned())
}

/// The Python up to the brace that closes a text, on one line.
fn expression(text: &str) -> Option<&str> {
    let mut depth = 1_usize;
    let within = |(at, character): &(usize, char)| *at < LONGEST && *character != '\n';
    for (at, character) in text.char_indices().take_while(within) {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(&text[..at]).filter(|text| is_expression(text));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_in_braces_is_one_word() {
        for (script, wanted) in [
            ("pip install {' '.join(x)} a", "pip install {___.join_x_} a"),
            ("pip install {f({'a': 1})}", "pip install {f_{_a_:_1}_}"),
            ("echo ${a b} {é or é}", "echo ${a b} {é_or_é}"),
            ("{ pip install a; } > {", "{ pip install a; } > {"),
            ("awk '{print $1}'", "awk '{print $1}'"),
            ("{a\n}", "{a\n}"),
        ] {
            assert_eq!(masked(script), wanted);
        }
    }
}
