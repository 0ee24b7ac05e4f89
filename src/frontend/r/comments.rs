//! The comments of a script, by line: descriptions, directives and system packages.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::frontend::requirements::{self, CommentLine};
use crate::source::Source;

/// Comments by line, counting lines from 0.
pub(super) struct Comments<'a> {
    lines: BTreeMap<usize, CommentLine<'a>>,
}

/// Comments for tools, which are no description.
const PRAGMAS: &[&str] = &["!", "-*-", "nolint", "styler:", "nocov", "c3:", "region", "endregion"];

/// Prefixes of a notebook's prose and cell headers.
const NOTEBOOK: &[&str] = &["#|", "# %%"];

/// Most comment lines that a description takes.
const MAX_LINES: usize = 100;

impl<'a> Comments<'a> {
    pub(super) fn collect(source: &'a Source, spans: &[Range<usize>]) -> Self {
        let line = |span: &Range<usize>| {
            let line = source.line(span.start);
            let column = span.start - source.line_start(span.start);
            let own_line = source.line_text(line)[..column].trim().is_empty();
            let raw = source.text()[span.clone()].trim_end();
            (line, CommentLine { raw, span: span.clone(), line, column, own_line })
        };
        Self { lines: spans.iter().map(line).collect() }
    }

    /// The comments that may hold commands: all except a notebook's prose.
    pub(super) fn iter(&self) -> impl Iterator<Item = &CommentLine<'a>> {
        self.lines.values().filter(|comment| !is_of_notebook(comment))
    }

    /// The comments at the end of the lines in a range.
    pub(super) fn trailing(&self, lines: Range<usize>) -> impl Iterator<Item = &CommentLine<'a>> {
        self.lines.range(lines).map(|(_, comment)| comment).filter(|comment| !comment.own_line)
    }

    /// The description in the comment lines directly above a line; in roxygen, the text without tags.
    pub(super) fn above(&self, line: usize) -> Option<String> {
        let is_own = |comment: &&CommentLine| comment.own_line && !is_of_notebook(comment);
        let roxygen = self.lines.get(&line.checked_sub(1)?).is_some_and(is_roxygen);
        let mut texts: Vec<&str> = (0..line)
            .rev()
            .map_while(|line| self.lines.get(&line).filter(is_own))
            .take(MAX_LINES)
            .take_while(|comment| is_roxygen(comment) == roxygen && !is_command(comment))
            .map(prose)
            .collect();
        texts.reverse();
        texts.retain(|text| says_something(text));
        let untagged = texts.iter().take_while(|text| !roxygen || !text.starts_with('@')).count();
        texts.truncate(if untagged == 0 { texts.len() } else { untagged });
        (!texts.is_empty()).then(|| texts.join(" "))
    }

    /// The description of the script: the first comments before any code, or the title or first paragraph of
    /// roxygen. Comments directly above one of the lines `taken` describe those.
    pub(super) fn leading(&self, code: usize, taken: &[usize]) -> Option<String> {
        let lines: Vec<&CommentLine> = self.lines.range(..code).map(|(_, comment)| comment).collect();
        let mut blocks: Vec<&[&CommentLine]> =
            lines.chunk_by(|one, next| next.line == one.line + 1 && kind(one) == kind(next)).collect();
        blocks.retain(|block| block.first().is_some_and(|comment| !is_of_notebook(comment)));
        let is_free = |block: &&[&CommentLine]| {
            block.last().is_some_and(|comment| !taken.contains(&(comment.line + 1)))
        };
        blocks.into_iter().filter(is_free).find_map(paragraph)
    }
}

/// The text of adjacent comments.
fn paragraph(block: &[&CommentLine]) -> Option<String> {
    let first = block.iter().position(|comment| says_something(prose(comment)) && !is_command(comment))?;
    if is_roxygen(block[first]) {
        let block = block[first..].iter().map(|comment| prose(comment));
        let text = |(at, line): (usize, &'_ str)| (at == 0 || !line.starts_with('@')) && says_something(line);
        let lines: Vec<&str> =
            block.enumerate().take_while(|&(at, line)| text((at, line))).map(|(_, line)| line).collect();
        let lines = lines.join(" ");
        let text = lines.trim_start_matches("@title").trim_start_matches("@description").trim();
        return Some(text.to_owned()).filter(|text| !text.is_empty() && !text.starts_with('@'));
    }
    let lines = block[first..]
        .iter()
        .take(MAX_LINES)
        .filter(|comment| !is_command(comment))
        .map(|comment| prose(comment));
    let lines: Vec<&str> = lines.filter(|text| says_something(text)).collect();
    Some(lines.join("\n"))
}

/// What separates a block of comments from the next.
fn kind(comment: &CommentLine) -> (bool, bool) {
    (is_of_notebook(comment), is_roxygen(comment))
}

fn is_roxygen(comment: &CommentLine) -> bool {
    comment.raw.starts_with("#'")
}

fn is_command(comment: &CommentLine) -> bool {
    requirements::is_command(comment.text())
}

fn is_of_notebook(comment: &CommentLine) -> bool {
    NOTEBOOK.iter().any(|mark| comment.raw.starts_with(mark))
}

/// The comment without its marks, including those of roxygen and editor sections.
fn prose<'a>(comment: &CommentLine<'a>) -> &'a str {
    if comment.raw.starts_with("#!") {
        return "";
    }
    let text = comment.raw.trim_start_matches('#').trim();
    let text = text.strip_prefix('\'').unwrap_or(text).trim();
    let plain = ["----", "====", "####"].iter().find_map(|mark| {
        let character = mark.chars().next()?;
        text.ends_with(mark).then(|| text.trim_end_matches(character).trim_end())
    });
    plain.unwrap_or(text).trim_start_matches(':').trim()
}

fn says_something(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric) && !PRAGMAS.iter().any(|pragma| text.starts_with(pragma))
}
