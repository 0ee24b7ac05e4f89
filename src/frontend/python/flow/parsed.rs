//! Parsed texts: what patterns, formats and the parts of a URL say of a text that is read.

use std::rc::Rc;

use regex::Regex;

use super::calls::Bytes;
use super::catches::Failure;
use super::value::{Form, Given, Value};
use super::walk::Walker;
use crate::frontend::facts::Test;
use crate::value::Constant;

/// Functions that match a pattern, which is their first argument, with a text.
const MATCHING: &[(&str, &str, &str)] =
    &[("re.match", "^(?:", ")"), ("re.fullmatch", "^(?:", ")$"), ("re.search", "", "")];

/// Functions that parse a text by a format, which is their second argument.
const FORMATTED: &[&str] = &["datetime.datetime.strptime", "time.strptime"];

/// Functions that take a URL apart.
const URLS: &[&str] = &["urllib.parse.urlparse", "urllib.parse.urlsplit"];

/// The parts of a URL.
const PARTS: &[&str] =
    &["scheme", "netloc", "path", "query", "fragment", "hostname", "port", "username", "password"];

/// Methods of a match, which `None` has not.
const OF_MATCHES: &[&str] = &["group", "groups", "groupdict", "start", "end", "span"];

impl<'a> Walker<'_, 'a> {
    /// The result of a function that parses a text.
    pub(super) fn of_parsed(&mut self, path: &str, given: &Given<'a>, at: &Bytes) -> Option<Value<'a>> {
        if let Some((_, head, tail)) = MATCHING.iter().find(|(known, ..)| *known == path) {
            let [pattern, text @ Value::Read(..)] = given.positional.as_slice() else { return None };
            self.need(text, "TypeError");
            let pattern = format!("{head}{}{tail}", pattern.as_text()?);
            let default = self.default_text(text)?;
            let holds = Regex::new(&pattern).ok()?.is_match(&default);
            self.consume(text, at.clone());
            return Some(self.told_by_default(text, holds));
        }
        if FORMATTED.contains(&path) {
            let text = given.positional.first()?;
            if let Some(format) = given.get(1, "format").and_then(Value::as_text) {
                self.reject(text, "ValueError", |text| is_other_form(text, &format));
            }
            return None;
        }
        match given.positional.first() {
            Some(Value::Read(reads, _)) if URLS.contains(&path) => Some(Value::Url(reads.clone())),
            _ => None,
        }
    }

    /// A part of the URL that a variable has.
    pub(super) fn part_of_url(&mut self, reads: &Rc<[usize]>, part: &str, at: Bytes) -> Value<'a> {
        let url = Value::Read(reads.clone(), Form::Changed);
        if !PARTS.contains(&part) {
            self.consume(&url, at);
            return Value::Unknown;
        }
        let Some(default) = self.default_of(&url).map(|default| default.text()) else { return url };
        let (scheme, rest) = default.split_once("://").unwrap_or(("", &default));
        match (part, scheme) {
            _ if default.trim().is_empty() => url,
            ("scheme" | "netloc", "") => self.told_by_default(&url, false),
            ("scheme", _) => url,
            ("netloc", _) if !rest.starts_with('/') => url,
            _ => {
                self.consume(&url, at);
                Value::Unknown
            }
        }
    }

    /// `m.group(1)` of a match, which fails where nothing matches.
    pub(super) fn of_match(&mut self, test: &Test, method: &str) {
        if OF_MATCHES.contains(&method) {
            self.failure = Failure::Error("AttributeError");
            self.demand(&test.no, self.state.facts.len());
        }
    }

    /// The text that an unchanged read gives if the variable isn't set, or that any has if it is empty.
    fn default_text(&self, read: &Value<'a>) -> Option<String> {
        let Value::Read(_, form) = read else { return None };
        let is_known = !matches!(form, Form::Changed);
        match self.default_of(read)? {
            Constant::Text(text) if text.is_empty() || (is_known && text.is_ascii()) => Some(text),
            _ => None,
        }
    }

    /// What holds of the default of a read, or doesn't; of other texts nothing is known.
    fn told_by_default(&self, read: &Value<'a>, holds: bool) -> Value<'a> {
        Value::Told(Rc::new(self.test_by_default(read, holds)))
    }

    /// A test that holds of the default of a read, or doesn't.
    pub(super) fn test_by_default(&self, read: &Value<'a>, holds: bool) -> Test {
        let given = Test::of_either(&self.asked(read));
        if holds {
            Test::any(vec![given.negated(), Test::unknown()])
        } else {
            Test::all(vec![given, Test::unknown()])
        }
    }
}

/// Whether a text certainly isn't of a form that `strptime` takes.
fn is_other_form(text: &str, format: &str) -> bool {
    let (mut pattern, mut rest) = ("(?i)^".to_owned(), format.chars());
    while let Some(character) = rest.next() {
        let part = match character {
            '%' => match rest.next() {
                Some('Y') => r"\d{4}",
                Some('d' | 'm' | 'H' | 'I' | 'M' | 'S' | 'U' | 'W') => r"[ ]?\d{1,2}",
                Some('y') => r"\d{2}",
                Some('j') => r"\d{1,3}",
                Some('f') => r"\d{1,6}",
                Some('%') => "%",
                _ => ".*",
            },
            space if space.is_whitespace() => r"\s*",
            other => {
                pattern.push_str(&regex::escape(&other.to_string()));
                continue;
            }
        };
        pattern.push_str(part);
    }
    Regex::new(&(pattern + "$")).is_ok_and(|form| !form.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_another_form_are_known() {
        for (text, format) in [
            ("01.02.2024", "%Y-%m-%d"),
            ("", "%H:%M"),
            ("2024-02-01", "%Y-%m-%d %H:%M"),
            ("2024-02-01 10:00", "%Y-%m-%d"),
            ("now", "%j"),
        ] {
            assert!(is_other_form(text, format), "{text} {format}");
        }
        for (text, format) in [
            ("2024-2-1", "%Y-%m-%d"),
            ("01 Feb 2024", "%d %b %Y"),
            ("2024-02-01T10:00:00.5+01:00", "%Y-%m-%dT%H:%M:%S.%f%z"),
            ("100%", "%j%%"),
        ] {
            assert!(!is_other_form(text, format), "{text} {format}");
        }
    }
}
