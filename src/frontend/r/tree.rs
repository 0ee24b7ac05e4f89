//! The syntax tree of a script, and its first syntax error.

use std::ops::{ControlFlow, Range};

use tree_sitter::{Node, ParseOptions, ParseState, Parser, Tree};

use super::balance;
use crate::display;

/// Most steps of the parser after an error; recovery from many errors takes forever.
const MAX_RECOVERY: usize = 2_000;

/// Most bytes between an error and the point where the parser gave up.
const MAX_LOOKAHEAD: usize = 4096;

/// Why a text isn't valid R.
#[derive(Debug)]
pub(super) struct SyntaxError {
    /// What is wrong, in a phrase.
    pub(super) message: String,
    /// Bytes where it is.
    pub(super) span: Range<usize>,
    /// What to do, if there is more to say than to correct it.
    pub(super) hint: Option<&'static str>,
    /// Whether the text may be valid but exceeds a limit.
    pub(super) is_limit: bool,
}

impl SyntaxError {
    pub(super) fn new(message: String, span: Range<usize>) -> Self {
        Self { message, span, hint: None, is_limit: false }
    }

    /// The same error with a hint.
    pub(super) fn hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }
}

/// Parses a text.
pub(super) fn parse(text: &str) -> Result<Tree, SyntaxError> {
    if let Some(problem) = balance::problem(text) {
        return Err(unbalanced(problem));
    }
    let mut gave_up = 0;
    match parse_patiently(text, &mut gave_up) {
        Some(tree) => checked(tree, text),
        None => Err(error_near(text, gave_up)),
    }
}

fn unbalanced(problem: balance::Problem) -> SyntaxError {
    let message = match problem {
        balance::Problem::Open(_) => "this bracket is never closed",
        balance::Problem::Close(_) => "this bracket closes none that is open",
        balance::Problem::Quote(_) => "this quote is never closed",
        balance::Problem::Raw(_) => "a raw string needs a bracket behind its quote",
        balance::Problem::Deep(_) => "an expression is too deep or too long",
        balance::Problem::Long(_) => "it has more than the 2 million names, values and signs that are read",
    };
    let at = problem.offset();
    let error = SyntaxError::new(message.to_owned(), at..at + 1);
    match problem {
        balance::Problem::Deep(_) => error.hint("R can't run this either; simplify the expression"),
        balance::Problem::Long(_) => SyntaxError { is_limit: true, ..error }
            .hint("move data from the script into a file, and read that"),
        _ => error,
    }
}

/// Parses a text; gives up some steps after an error.
fn parse_patiently(text: &str, gave_up: &mut usize) -> Option<Tree> {
    let mut left = MAX_RECOVERY;
    let mut watch = |state: &ParseState| {
        if state.has_error() {
            if left == MAX_RECOVERY {
                *gave_up = state.current_byte_offset();
            }
            left -= 1;
        }
        if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let options = ParseOptions::new().progress_callback(&mut watch);
    let mut read = |at: usize, _| text.as_bytes().get(at..).unwrap_or_default();
    parser()?.parse_with_options(&mut read, None, Some(options))
}

fn parser() -> Option<Parser> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_r::LANGUAGE.into()).ok()?;
    Some(parser)
}

fn checked(tree: Tree, text: &str) -> Result<Tree, SyntaxError> {
    match first_error(&tree) {
        None => Ok(tree),
        Some(node) => Err(unexpected(node, text)),
    }
}

/// The error in a text that the parser gave up on: that of its first part, parsed completely.
fn error_near(text: &str, gave_up: usize) -> SyntaxError {
    let end = (gave_up + MAX_LOOKAHEAD).min(text.len());
    let end = (0..=end).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    let tree = parser().and_then(|mut parser| parser.parse(&text[..end], None));
    let error = tree.and_then(|tree| checked(tree, text).err());
    let at = gave_up.min(text.len().saturating_sub(1));
    error.unwrap_or_else(|| SyntaxError::new("unexpected text".to_owned(), at..at + 1))
}

/// Visits a node and all below it, each before those inside it.
pub(super) fn walk<'tree>(root: Node<'tree>, mut visit: impl FnMut(Node<'tree>)) {
    let mut cursor = root.walk();
    loop {
        visit(cursor.node());
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return;
            }
        }
    }
}

/// The first node that is wrong, innermost.
fn first_error(tree: &Tree) -> Option<Node<'_>> {
    let mut cursor = tree.walk();
    cursor.node().has_error().then_some(())?;
    loop {
        let node = cursor.node();
        if node.is_error() || node.is_missing() {
            return Some(node);
        }
        if !(node.has_error() && cursor.goto_first_child()) {
            while !cursor.goto_next_sibling() {
                cursor.goto_parent().then_some(())?;
            }
        }
    }
}

fn unexpected(node: Node, text: &str) -> SyntaxError {
    let node = culprit(node);
    let found = text[node.byte_range()].lines().next().unwrap_or_default();
    let message = match (node.is_missing(), found.is_empty()) {
        (true, _) if node.is_named() => "an expression is missing".to_owned(),
        (true, _) => format!("`{}` is missing", node.kind()),
        (_, true) => "something is missing".to_owned(),
        _ => format!("unexpected `{}`", display::beginning(found, 40)),
    };
    let start = node.start_byte();
    SyntaxError::new(message, start..node.end_byte().min(start + found.len().max(1)).max(start))
}

/// The node at fault: an error within an error, else the last token before it.
fn culprit(node: Node) -> Node {
    if node.is_missing() {
        return node;
    }
    let mut cursor = node.walk();
    let inner = node.children(&mut cursor).find(|child| child.is_error() || child.is_missing());
    inner.unwrap_or(node)
}
