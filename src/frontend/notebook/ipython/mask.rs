//! Masks a cell for the parser, which doesn't survive every input.

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{Mode, lexer};

/// A cell whose escapes are all `%` or `!`, with tokens in their places: the parser doesn't survive others
/// after an unclosed bracket.
pub(super) fn masked(cell: &str) -> String {
    let mut continued = false;
    let lines = cell.split_inclusive('\n').map(|line| {
        let text = line.trim_start_matches([' ', '\t', '\u{c}']);
        let is_escape = text.starts_with(['!', '%', '?', ',', ';', '/']);
        let masked = if is_escape { masked_escape(line, text) } else { line.to_owned() };
        let masked = if is_escape || continued { masked.replace('?', "_") } else { masked };
        continued = line.ends_with("\\\n") && (is_escape || continued);
        masked
    });
    lines.collect()
}

/// Whether a cell holds something that isn't a token.
pub(super) fn is_torn(cell: &str) -> bool {
    let mut lexer = lexer::lex(cell, Mode::Ipython);
    while lexer.next_token() != TokenKind::EndOfFile {}
    !lexer.finish().is_empty()
}

fn masked_escape(line: &str, text: &str) -> String {
    let indent = &line[..line.len() - text.len()];
    let mark = if text.starts_with('!') { '!' } else { '%' };
    let rest = &text[1..];
    match rest.strip_prefix(['!', '%']) {
        Some(rest) => format!("{indent}{mark} {rest}"),
        None => format!("{indent}{mark}{rest}"),
    }
}
