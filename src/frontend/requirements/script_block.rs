//! The PEP 723 block, `# /// script`.

use std::ops::Range;

use serde::Deserialize;

use super::command::MAX_WORD;
use super::uv::Uv;
use super::{Collected, CommentLine};
use crate::diagnostic::Diagnostic;
use crate::display;
use crate::frontend::credentials;
use crate::installers::pip::{self, Kind};
use crate::userinfo::has_userinfo;

/// The first line of a PEP 723 block.
const BLOCK_START: &str = "# /// script";

/// The line that ends it.
const BLOCK_END: &str = "# ///";

/// Comments that begin or end a block except for blanks or case, or an unclosed block: other tools wouldn't
/// see it, so its packages would be missing.
pub(super) fn malformed(comments: &[&CommentLine]) -> Vec<Diagnostic> {
    let whole = blocks(comments);
    let is_outside = |at: &usize| !whole.iter().any(|block| block.contains(at));
    let starts = (0..comments.len()).filter(is_outside).filter(|&at| begins_like_a_block(comments[at].raw));
    starts.map(|at| unclosed(&comments[at..])).collect()
}

fn begins_like_a_block(comment: &str) -> bool {
    let words = comment.trim_start_matches('#').trim().strip_prefix("///").map(str::trim);
    words.is_some_and(|kind| kind.eq_ignore_ascii_case("script") || kind.eq_ignore_ascii_case("scripts"))
}

/// The problem with a block, given its first line and the comments after it.
fn unclosed(comments: &[&CommentLine]) -> Diagnostic {
    let first = comments[0];
    let error = |message: &str, comment: &CommentLine| {
        let message = format!("the `script` block can't be read: {message}");
        Diagnostic::error("script-block", message).at(comment.span.clone())
    };
    if first.raw.trim_end() != BLOCK_START || first.column > 0 {
        return error("its first line is written otherwise", first)
            .hint("write `# /// script` at the beginning of a line");
    }
    let run = run_length(comments);
    match comments.get(run) {
        Some(next) if next.line == first.line + run && next.own_line => {
            error("a line doesn't begin with `# `", next).hint("write `# ` before each line of the block")
        }
        Some(next) if next.own_line => error("a blank line ends it before its last line `# ///`", first)
            .hint(format!("write `#` into line {}, which is empty", first.line + run + 1)),
        _ => error("its last line `# ///` is missing", first).hint("close it with `# ///`"),
    }
}

/// The PEP 723 blocks among comments, at most one in each run of adjacent lines.
pub(super) fn blocks(comments: &[&CommentLine]) -> Vec<Range<usize>> {
    let mut blocks = Vec::new();
    let mut start = 0;
    while start < comments.len() {
        let end = start + run_length(&comments[start..]).max(1);
        blocks.extend(block(&comments[start..end]).map(|block| start + block.start..start + block.end));
        start = end;
    }
    blocks
}

/// The number of adjacent comments in the first run.
fn run_length(comments: &[&CommentLine]) -> usize {
    let Some(first) = comments.first() else { return 0 };
    let belongs = |(at, comment): &(usize, &&CommentLine)| {
        comment.line == first.line + at
            && comment.column == 0
            && (comment.raw == "#" || comment.raw.starts_with("# "))
    };
    comments.iter().enumerate().take_while(belongs).count()
}

/// The block in a run; the last possible end line counts.
fn block(run: &[&CommentLine]) -> Option<Range<usize>> {
    let start = run.iter().position(|comment| comment.raw.trim_end() == BLOCK_START)?;
    let end = run.iter().rposition(|comment| comment.raw.trim_end() == BLOCK_END)?;
    (start < end).then_some(start..end + 1)
}

/// The content of a block.
pub(super) fn block_text(lines: &[&CommentLine]) -> String {
    let content = &lines[1..lines.len() - 1];
    content.iter().flat_map(|line| [line.raw.get(2..).unwrap_or_default(), "\n"]).collect()
}

/// The relevant fields of a PEP 723 block.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Block {
    #[serde(default)]
    dependencies: Vec<String>,
    requires_python: Option<String>,
    #[serde(default)]
    tool: Tool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Tool {
    uv: toml::Table,
}

pub(super) fn read_block(lines: &[&CommentLine], found: &mut Collected, diagnostics: &mut Vec<Diagnostic>) {
    let (Some(first), Some(last)) = (lines.first(), lines.last()) else { return };
    let span = first.span.start..last.span.end;
    if std::mem::replace(&mut found.has_block, true) {
        let message = "there is more than one `script` block";
        diagnostics
            .push(Diagnostic::error("script-block", message).at(span).hint("PEP 723 allows one; join them"));
        return;
    }
    let content = &lines[1..lines.len() - 1];
    let text = block_text(lines);
    match toml::from_str::<Block>(&text).map_err(|error| error.message().to_owned()).and_then(checked) {
        Ok(block) => {
            let lines = content.iter().map(|line| line.span.clone()).collect();
            found.metadata = Some(Metadata { text, first: first.span.clone(), lines });
            found.requires_python = found.requires_python.take().or(block.requires_python);
            let mut uv = Uv::read(&block.tool.uv);
            found.indexes = std::mem::take(&mut uv.named);
            diagnostics.extend(uv.diagnostics.iter().cloned().map(|problem| problem.at(span.clone())));
            let mut requirements = uv.requirements(block.dependencies, &span);
            let with = |line: &&&CommentLine| has_userinfo(line.raw);
            let line = content.iter().find(with).map_or(&span, |line| &line.span);
            diagnostics.extend(credentials::taken_out(&mut requirements, line.clone()));
            found.requirements.extend(requirements);
        }
        Err(problem) => {
            let message = format!("the `script` block can't be read: {problem}");
            diagnostics.push(
                Diagnostic::error("script-block", message)
                    .at(span)
                    .hint("write it as PEP 723 says, such as `# dependencies = [\"numpy\"]`"),
            );
        }
    }
}

/// A PEP 723 block, and its position in the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// The TOML.
    pub text: String,
    /// Bytes of its first line.
    pub first: Range<usize>,
    /// Bytes of each line of the TOML, with its `# `.
    lines: Vec<Range<usize>>,
}

impl Metadata {
    /// Whether it has dependencies, even an empty list.
    #[must_use]
    pub fn has_dependencies(&self) -> bool {
        toml::from_str::<toml::Table>(&self.text).is_ok_and(|table| table.contains_key("dependencies"))
    }

    /// The position of TOML bytes in the source.
    #[must_use]
    pub fn span(&self, bytes: &Range<usize>) -> Range<usize> {
        self.place(bytes.start)..self.place(bytes.end)
    }

    fn place(&self, offset: usize) -> usize {
        let mut rest = offset;
        for line in &self.lines {
            let length = line.len().saturating_sub(2);
            if rest <= length {
                return (line.start + 2 + rest).min(line.end);
            }
            rest -= length + 1;
        }
        self.lines.last().map_or(0, |line| line.end)
    }
}

/// Rejects dependencies that aren't valid by PEP 508.
fn checked(block: Block) -> Result<Block, String> {
    for text in &block.dependencies {
        if text.len() > MAX_WORD {
            return Err(format!("`{}` is longer than {MAX_WORD} bytes", display::beginning(text, 20)));
        }
        let arguments = pip::parse(std::slice::from_ref(text)).map_err(|problem| problem.message)?;
        if !arguments.iter().all(|argument| matches!(argument.kind, Kind::Package(_) | Kind::Direct(..))) {
            return Err(format!("`{}` is not a dependency", display::line(text)));
        }
    }
    Ok(block)
}
