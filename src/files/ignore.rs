//! `.dockerignore`, read with Docker's own rules.

use std::io;
use std::path::Path;

use regex::Regex;

use crate::reader;

/// The rules of one `.dockerignore`, in the order of the file.
#[derive(Debug, Default)]
pub(super) struct Ignore {
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    pattern: Regex,
    exception: bool,
}

impl Ignore {
    /// Reads the `.dockerignore` of a folder; a folder without one ignores nothing.
    pub(super) fn read(root: &Path) -> io::Result<Self> {
        match reader::read_to_string(&root.join(".dockerignore")) {
            Ok(text) => Self::parse(&text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    /// Parses the text of a `.dockerignore`.
    pub(super) fn parse(text: &str) -> io::Result<Self> {
        let lines = text.trim_start_matches('\u{feff}').lines();
        let rules = lines.filter_map(rule).collect::<Result<_, _>>();
        Ok(Self { rules: rules.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))? })
    }

    /// Whether a path is left out: the last rule decides that matches it or one of its parents.
    pub(super) fn excludes(&self, path: &str) -> bool {
        let matching = self.rules.iter().rfind(|rule| rule.matches(path));
        matching.is_some_and(|rule| !rule.exception)
    }

    /// Whether nothing below an excluded folder can come back by an exception.
    pub(super) fn is_final(&self) -> bool {
        !self.rules.iter().any(|rule| rule.exception)
    }
}

impl Rule {
    fn matches(&self, path: &str) -> bool {
        with_parents(path).any(|path| self.pattern.is_match(path))
    }
}

/// A path and all folders above it.
fn with_parents(path: &str) -> impl Iterator<Item = &str> {
    let parents = path.match_indices('/').map(|(end, _)| &path[..end]);
    parents.chain(std::iter::once(path))
}

/// The rule of one line; comments and empty lines have none.
fn rule(line: &str) -> Option<Result<Rule, regex::Error>> {
    let line = if line.starts_with('#') { "" } else { line.trim() };
    let (exception, pattern) = match line.strip_prefix('!') {
        Some(rest) => (true, rest.trim()),
        None => (false, line),
    };
    let pattern = clean(pattern);
    (!pattern.is_empty())
        .then(|| Regex::new(&expression(&pattern)).map(|pattern| Rule { pattern, exception }))
}

/// A pattern without empty, `.` and resolvable `..` components, as Go's `filepath.Clean` leaves it.
fn clean(pattern: &str) -> String {
    let mut parts = Vec::new();
    for part in pattern.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The regular expression of a pattern, translated as Docker's `patternmatcher` does.
fn expression(pattern: &str) -> String {
    let mut expression = String::from("^(?s:");
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        let (translated, used) = token(rest, first);
        expression.push_str(&translated);
        rest = &rest[used..];
    }
    expression + ")$"
}

/// The first token of a pattern as an expression, and its length.
fn token(rest: &str, first: char) -> (String, usize) {
    match first {
        '*' if rest == "**" || rest == "**/" => (".*".to_owned(), rest.len()),
        '*' if rest.starts_with("**/") => ("(?:.*/)?".to_owned(), 3),
        '*' if rest.starts_with("**") => ("(?:.*/)?".to_owned(), 2),
        '*' => ("[^/]*".to_owned(), 1),
        '?' => ("[^/]".to_owned(), 1),
        '[' => class(rest).unwrap_or_else(|| (r"\[".to_owned(), 1)),
        '\\' => escaped(rest),
        first => (regex::escape(first.encode_utf8(&mut [0; 4])), first.len_utf8()),
    }
}

/// A character class like `[a-z]` or `[^a]`, its members made harmless.
fn class(rest: &str) -> Option<(String, usize)> {
    let end = rest[1..].find(']')? + 1;
    let members = &rest[1..end];
    let (negation, members) = match members.strip_prefix('^') {
        Some(members) => ("^", members),
        None => ("", members),
    };
    let members = members.replace('[', r"\[").replace('&', r"\&").replace('~', r"\~");
    (!members.is_empty()).then(|| (format!("[{negation}{members}]"), end + 1))
}

/// A backslash takes the meaning from the character after it.
fn escaped(rest: &str) -> (String, usize) {
    let next = rest.chars().nth(1).unwrap_or('\\');
    let used = if rest.len() > 1 { 1 + next.len_utf8() } else { 1 };
    (regex::escape(next.encode_utf8(&mut [0; 4])), used)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn excluded(rules: &str, path: &str) -> bool {
        Ignore::parse(rules).unwrap().excludes(path)
    }

    #[test]
    fn a_pattern_is_anchored_at_the_root() {
        assert!(excluded("secret.txt", "secret.txt"));
        assert!(!excluded("secret.txt", "data/secret.txt"));
        assert!(excluded("**/secret.txt", "secret.txt"));
        assert!(excluded("**/secret.txt", "a/b/secret.txt"));
    }

    #[test]
    fn excluding_a_folder_excludes_its_content() {
        assert!(excluded("data", "data/a/b.csv"));
        assert!(excluded("/data/", "data/a/b.csv"));
        assert!(excluded("./data/./x/..", "data/a/b.csv"));
        assert!(!excluded("data", "database"));
    }

    #[test]
    fn the_last_matching_rule_wins() {
        let rules = "*.md\n!README*.md\nREADME-secret.md";
        assert!(excluded(rules, "notes.md"));
        assert!(!excluded(rules, "README.md"));
        assert!(excluded(rules, "README-secret.md"));
        assert!(!excluded("data\n!data/keep.csv", "data/keep.csv"));
        assert!(excluded("data\n!data/keep.csv", "data/drop.csv"));
    }

    #[test]
    fn wildcards_match_within_one_component() {
        assert!(excluded("*/temp*", "some/temporary.txt"));
        assert!(!excluded("*/temp*", "some/deep/temporary.txt"));
        assert!(excluded("temp?", "tempa"));
        assert!(!excluded("temp?", "temp"));
        assert!(excluded("log[0-9].txt", "log7.txt"));
        assert!(!excluded("log[^0-9].txt", "log7.txt"));
    }

    #[test]
    fn double_stars_cross_folders() {
        assert!(excluded("**", "a/b"));
        assert!(excluded("a/**", "a/b/c"));
        assert!(excluded("a/**/z", "a/z"));
        assert!(excluded("a/**/z", "a/b/c/z"));
    }

    #[test]
    fn comments_and_blank_lines_are_ignored() {
        assert!(!excluded("# data\n\n   \n!\n", "data"));
        assert!(excluded("\u{feff}data  ", "data"));
        assert!(!excluded("#data", "#data"));
        assert!(excluded(r"\#data", "#data"));
    }

    #[test]
    fn special_characters_are_literal() {
        assert!(excluded("a.b+(c)", "a.b+(c)"));
        assert!(!excluded("a.b", "axb"));
        assert!(excluded("[a", "[a"));
        assert!(excluded(r"a\*", "a*"));
        assert!(!excluded(r"a\*", "ab"));
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_without_a_panic(rules in any::<String>(), path in "[a-z./]{0,20}") {
            if let Ok(ignore) = Ignore::parse(&rules) {
                ignore.excludes(&path);
            }
        }

        #[test]
        fn a_plain_name_excludes_itself_and_its_content(name in "[a-z_. -]{0,8}[a-z]", below in "[a-z]{1,8}") {
            prop_assume!(!name.starts_with(' '));
            let ignore = Ignore::parse(&name).unwrap();
            let path = clean(&name);
            prop_assert!(ignore.excludes(&path));
            let below = format!("{path}/{below}");
            prop_assert!(ignore.excludes(&below));
        }
    }
}
