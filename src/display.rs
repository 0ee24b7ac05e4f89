//! Display of foreign texts: nothing acts on the terminal, nothing is hidden, passwords are masked.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::userinfo;

/// Whether a character controls a terminal or isn't visible: control and bidirectional characters, Unicode's
/// line separators, zero-width spaces, and characters for programs. Variation selectors, which emojis use,
/// aren't.
#[must_use]
pub fn is_hidden(character: char) -> bool {
    let has_no_width = matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e0fff}');
    character.is_control() || has_no_width || matches!(character, '\u{2028}'..='\u{202e}')
}

/// A text of several lines: hidden characters escaped as `\u{1b}`, secrets of URLs masked. Line ends and tabs stay.
#[must_use]
pub fn text(text: &str) -> Cow<'_, str> {
    escaped(userinfo::mask(text), |character| is_hidden(character) && !"\n\t".contains(character))
}

/// The same on one line: line ends and tabs are escaped too.
#[must_use]
pub fn line(text: &str) -> Cow<'_, str> {
    escaped(userinfo::mask(text), is_hidden)
}

/// The start of a text on one line, with `…` if it exceeds this many characters.
#[must_use]
pub fn beginning(text: &str, length: usize) -> Cow<'_, str> {
    let line = line(text);
    match line.char_indices().nth(length) {
        Some((end, _)) => format!("{}…", &line[..end]).into(),
        None => line,
    }
}

fn escaped(text: Cow<'_, str>, is_meant: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_meant) {
        return text;
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if is_meant(character) { push_escaped(&mut shown, character) } else { shown.push(character) }
    }
    shown.into()
}

/// Appends a character as an escape: `\n`, `\u{1b}`.
pub(crate) fn push_escaped(shown: &mut String, character: char) {
    match character {
        '\n' => shown.push_str("\\n"),
        '\r' => shown.push_str("\\r"),
        '\t' => shown.push_str("\\t"),
        character => drop(write!(shown, "\\u{{{:x}}}", u32::from(character))),
    }
}

/// Names in a sentence: `a`, `a and b`, `a, b and c`.
#[must_use]
pub fn listed(names: &[String]) -> String {
    match names.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        _ => names.concat(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn strings_are_displayed_as_in_the_preludes() {
        let contract: Value =
            serde_json::from_str(include_str!("../templates/contract/userinfo.json")).unwrap();
        for case in contract["shown"].as_array().unwrap() {
            assert_eq!(line(case[0].as_str().unwrap()), case[1].as_str().unwrap());
        }
    }

    #[test]
    fn line_breaks_are_preserved() {
        assert_eq!(text("a\n\tb\r\u{1b}"), "a\n\tb\\r\\u{1b}");
    }

    #[test]
    fn truncated_text_never_shows_part_of_a_password() {
        assert_eq!(beginning("abc", 3), "abc");
        assert_eq!(beginning("ab\nc", 3), "ab\\…");
        let long = format!("https://u:{}@host.example/", "secret".repeat(20));
        assert_eq!(beginning(&long, 40), "https://***@host.example/");
    }

    proptest! {
        #[test]
        fn hidden_characters_are_escaped(foreign in "\\PC*|[\\x00-\\x7f]*|.*") {
            prop_assert!(!line(&foreign).contains(is_hidden));
            let shown = text(&foreign).into_owned();
            prop_assert!(!shown.contains(|c| is_hidden(c) && c != '\n' && c != '\t'));
            prop_assert_eq!(text(&shown), shown.as_str());
        }
    }
}
