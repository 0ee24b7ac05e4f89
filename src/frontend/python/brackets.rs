//! Unclosed brackets: errors that the parser reports after one mean nothing.

use std::ops::Range;

use ruff_python_ast::token::{TokenKind, Tokens};

use super::span;

/// The last bracket opened before a byte and never closed.
pub(super) fn unclosed(tokens: &Tokens, before: usize) -> Option<Range<usize>> {
    let mut open: Vec<(TokenKind, Range<usize>)> = Vec::new();
    for token in tokens {
        match closing(token.kind()) {
            Some(close) => open.push((close, span(token))),
            None if open.last().is_some_and(|(close, _)| *close == token.kind()) => {
                open.pop();
            }
            None => {}
        }
    }
    open.into_iter().map(|(_, span)| span).rfind(|span| span.start < before)
}

fn closing(kind: TokenKind) -> Option<TokenKind> {
    match kind {
        TokenKind::Lpar => Some(TokenKind::Rpar),
        TokenKind::Lsqb => Some(TokenKind::Rsqb),
        TokenKind::Lbrace => Some(TokenKind::Rbrace),
        _ => None,
    }
}
