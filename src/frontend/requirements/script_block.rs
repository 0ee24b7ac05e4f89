//! The PEP 723 block, `# /// script`.

use std::ops::Range;

use serde::Deserialize;

use super::command::MAX_WORD;
use super::{CommentLine, Found};
use crate::component::Requirement;
use crate::config::Config;
use crate::diagnostic::Diagnostic;

/// The line that begins a PEP 723 block.
const BLOCK_START: &str = "# /// script";

/// The line that ends it.
const BLOCK_END: &str = "# ///";

/// The PEP 723 blocks among comments, at most one in each run of lines that stand directly below each other.
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

/// How many comments form one run with the first.
fn run_length(comments: &[&CommentLine]) -> usize {
    let Some(first) = comments.first() else { return 0 };
    let belongs = |(at, comment): &(usize, &&CommentLine)| {
        comment.line == first.line + at
            && comment.column == 0
            && (comment.raw == "#" || comment.raw.starts_with("# "))
    };
    comments.iter().enumerate().take_while(belongs).count()
}

/// The block in a run; it ends with the last line that may end it.
fn block(run: &[&CommentLine]) -> Option<Range<usize>> {
    let start = run.iter().position(|comment| comment.raw.trim_end() == BLOCK_START)?;
    let end = run.iter().rposition(|comment| comment.raw.trim_end() == BLOCK_END)?;
    (start < end).then_some(start..end + 1)
}

/// What stands between the first and the last line of a block.
pub(super) fn block_text(lines: &[&CommentLine]) -> String {
    let content = &lines[1..lines.len() - 1];
    content.iter().flat_map(|line| [line.raw.get(2..).unwrap_or_default(), "\n"]).collect()
}

/// The fields of a PEP 723 block that matter here.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Block {
    #[serde(default)]
    dependencies: Vec<String>,
    requires_python: Option<String>,
}

pub(super) fn read_block(lines: &[&CommentLine], found: &mut Found, diagnostics: &mut Vec<Diagnostic>) {
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
    match Config::parse_tool(&text) {
        Ok(config) => found.config = config,
        // What isn't TOML at all is told of below.
        Err(_) if toml::from_str::<toml::Table>(&text).is_err() => {}
        Err(problem) => {
            let span = problem.span.map(|at| place(content, at.start)..place(content, at.end));
            let diagnostic =
                Diagnostic::error("settings", problem.message).at(span.unwrap_or(first.span.clone()));
            diagnostics.push(Diagnostic { hint: problem.hint, ..diagnostic });
        }
    }
    match toml::from_str::<Block>(&text).map_err(|error| error.message().to_owned()).and_then(checked) {
        Ok(block) => {
            found.requires_python = found.requires_python.take().or(block.requires_python);
            found.requirements.extend(block.dependencies.into_iter().map(dependency));
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

/// Where a byte of a block's text is in the source: each line stands behind `# ` there.
fn place(content: &[&CommentLine], offset: usize) -> usize {
    let mut rest = offset;
    for line in content {
        let length = line.raw.len().saturating_sub(2);
        if rest <= length {
            return (line.span.start + 2 + rest).min(line.span.end);
        }
        rest -= length + 1;
    }
    content.last().map_or(0, |line| line.span.end)
}

fn checked(block: Block) -> Result<Block, String> {
    let is_bad =
        |text: &&String| text.contains(char::is_control) || text.trim().is_empty() || text.len() > MAX_WORD;
    let bad = block.dependencies.iter().find(is_bad);
    match bad {
        Some(text) => {
            let text: String = text.chars().take(40).collect();
            Err(format!("`{}` is no dependency", text.escape_debug()))
        }
        None => Ok(block),
    }
}

fn dependency(text: String) -> Requirement {
    Requirement::Pip { words: vec![text.clone()], text, metadata: true }
}
