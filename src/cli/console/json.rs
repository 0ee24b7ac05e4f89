//! JSON that is safe to show on a terminal: hidden characters are escaped, passwords in URLs masked.

use std::io::{self, Write};

use c3::{display, userinfo};
use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter, PrettyFormatter, Serializer};

/// Serializes a value on several lines.
pub(super) fn text(value: &impl Serialize) -> serde_json::Result<String> {
    let mut bytes = Vec::new();
    value.serialize(&mut Serializer::with_formatter(&mut bytes, Shown::default()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Collects each string before it is written.
#[derive(Default)]
struct Shown {
    form: PrettyFormatter<'static>,
    string: String,
}

impl Formatter for Shown {
    fn begin_string<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.string.clear();
        Ok(())
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, _: &mut W, fragment: &str) -> io::Result<()> {
        self.string.push_str(fragment);
        Ok(())
    }

    fn write_char_escape<W: ?Sized + Write>(&mut self, _: &mut W, escape: CharEscape) -> io::Result<()> {
        self.string.push(match escape {
            CharEscape::Quote => '"',
            CharEscape::ReverseSolidus => '\\',
            CharEscape::Solidus => '/',
            CharEscape::Backspace => '\u{8}',
            CharEscape::FormFeed => '\u{c}',
            CharEscape::LineFeed => '\n',
            CharEscape::CarriageReturn => '\r',
            CharEscape::Tab => '\t',
            CharEscape::AsciiControl(byte) => char::from(byte),
        });
        Ok(())
    }

    fn end_string<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        let json = serde_json::to_string(&*userinfo::mask(&self.string))?;
        writer.write_all(escaped(&json).as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.form.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.form.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.form.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.form.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.form.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.form.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.form.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.form.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.form.end_object_value(writer)
    }
}

/// JSON with every hidden character as `\u202e`.
fn escaped(json: &str) -> String {
    let mut units = [0; 2];
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        if display::is_hidden(character) {
            text.extend(character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            text.push(character);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn json_round_trips_without_hidden_characters() {
        let value = json!({"a\"\\\n\u{1b}\u{202e}": ["\u{9b}31m\u{feff}\u{e0041}ü/\t", 1, null, [], {}, {"b": true}]});
        let json = text(&value).unwrap();
        assert!(!json.contains(|c| display::is_hidden(c) && c != '\n'), "{json}");
        assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), value);
        assert_eq!(json.lines().count(), serde_json::to_string_pretty(&value).unwrap().lines().count());
    }

    #[test]
    fn passwords_are_masked_inside_strings() {
        let value = json!(["see https://h.example", "a@b.example", "postgres://u:p\"w@h.example"]);
        let shown: Value = serde_json::from_str(&text(&value).unwrap()).unwrap();
        assert_eq!(shown, json!(["see https://h.example", "a@b.example", "postgres://***@h.example"]));
    }
}
