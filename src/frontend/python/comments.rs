//! The comments of a script, by line: descriptions, directives and requirements.

use std::collections::BTreeMap;
use std::ops::Range;

use ruff_python_ast::token::Tokens;

use super::{is_comment, span};
use crate::frontend::requirements::{self, CommentLine};
use crate::source::Source;

/// Comments by line, counting lines from 0.
pub(super) struct Comments<'a> {
    lines: BTreeMap<usize, CommentLine<'a>>,
}

/// Comments for tools, which are no description.
const PRAGMAS: &[&str] = &[
    "!",
    "-*-",
    "%%",
    "type:",
    "noqa",
    "pylint:",
    "fmt:",
    "isort:",
    "pragma:",
    "mypy:",
    "ruff:",
    "pyright:",
    "coding",
    "c3:",
    "region",
    "endregion",
];

/// Most comment lines that a description takes.
const MAX_LINES: usize = 100;

impl<'a> Comments<'a> {
    pub(super) fn collect(source: &'a Source, tokens: &Tokens) -> Self {
        let lines = tokens.iter().filter(|token| is_comment(token.kind())).map(|token| {
            let span = span(token);
            let line = source.line(span.start);
            let column = span.start - source.line_start(span.start);
            let own_line = source.line_text(line)[..column].trim().is_empty();
            (line, CommentLine { raw: &source.text()[span.clone()], span, line, column, own_line })
        });
        Self { lines: lines.collect() }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &CommentLine<'a>> {
        self.lines.values()
    }

    /// The comments at the end of the lines in a range.
    pub(super) fn trailing(&self, lines: Range<usize>) -> impl Iterator<Item = &CommentLine<'a>> {
        self.lines.range(lines).map(|(_, comment)| comment).filter(|comment| !comment.own_line)
    }

    /// The description in the comment lines directly above a line.
    pub(super) fn above(&self, line: usize) -> Option<String> {
        let mut texts: Vec<&str> = (0..line)
            .rev()
            .map_while(|line| self.lines.get(&line).filter(|comment| comment.own_line))
            .take(MAX_LINES)
            .map_while(|comment| (!self.is_of_command(comment.line)).then_some(comment.text()))
            .collect();
        texts.reverse();
        let texts: Vec<&str> = texts
            .into_iter()
            .map(|text| text.trim_start_matches(':').trim())
            .filter(|text| says_something(text))
            .collect();
        (!texts.is_empty()).then(|| texts.join(" "))
    }

    /// Whether a comment is a command that installs something, or continues one after a backslash.
    fn is_of_command(&self, line: usize) -> bool {
        let text = |line: usize| self.lines.get(&line).map_or("", CommentLine::text);
        let is_continued = |line: &usize| text(*line).ends_with('\\');
        let first = (0..line).rev().take_while(is_continued).last().unwrap_or(line);
        (first..=line).any(|line| requirements::is_command(text(line)))
    }
}

fn says_something(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric) && !PRAGMAS.iter().any(|pragma| text.starts_with(pragma))
}
