//! Identifiers: how engines that allow only letters, digits and `_` spell a variable's name.

/// Reserved words for parameters: Python's keywords, and names of its methods.
const RESERVED: &[&str] = &[
    "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else",
    "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not",
    "or", "pass", "raise", "return", "self", "try", "while", "with", "yield",
];

/// A name normalised by the strictest engine.
#[must_use]
pub fn least(name: &str) -> String {
    fold(name).to_lowercase().trim_matches('_').to_owned()
}

/// A name as an identifier: `api key` → `api_key`, `größe` → `gru00f6u00dfe`, `1st` → `_1st`, `lambda` →
/// `lambda_value`.
#[must_use]
pub fn fold(name: &str) -> String {
    let digit_first = name.starts_with(|first: char| first.is_ascii_digit());
    let reserved = RESERVED.contains(&name.to_lowercase().trim_matches('_'));
    let before = digit_first.then_some("_".to_owned());
    let after = reserved.then_some("_value".to_owned());
    before.into_iter().chain(name.chars().map(fold_char)).chain(after).collect()
}

fn fold_char(character: char) -> String {
    match character {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '_' => character.to_string(),
        character if character.is_ascii() => "_".to_owned(),
        character => format!("u{:04x}", u32::from(character)),
    }
}

/// Whether a name is its own identifier.
#[must_use]
pub fn is_plain(name: &str) -> bool {
    fold(name) == name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_identifiers() {
        for (name, id) in [
            ("api key", "api_key"),
            ("my-var", "my_var"),
            ("1st", "_1st"),
            ("ä", "u00e4"),
            ("x_1", "x_1"),
            ("lambda", "lambda_value"),
            ("_Class", "_Class_value"),
            ("classes", "classes"),
            ("🚀", "u1f680"),
        ] {
            assert_eq!(fold(name), id);
            assert_eq!(is_plain(name), name == id);
        }
    }
}
