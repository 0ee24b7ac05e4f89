//! Depth: whether the syntax tree of a script would exhaust the stack, decided before parsing.

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{Mode, lexer};

/// Deepest nesting of brackets that is parsed; CPython itself stops at 200.
const MAX_NESTING: usize = 1000;

/// Longest chain of operators in an expression that is parsed; CPython itself stops at some thousands.
const MAX_LINKS: usize = 1_000_000;

/// The position of an expression that nests too deep or is too long. A quick look at the bytes rules most
/// texts out; only then are strings and comments told apart from code.
pub(super) fn excess(text: &str) -> Option<usize> {
    first_excess(text.bytes().map(Link::of_byte)).filter(|_| first_excess(tokens(text)).is_some())
}

fn tokens(text: &str) -> impl Iterator<Item = Link> {
    let mut lexer = lexer::lex(text, Mode::Module);
    let kinds = std::iter::from_fn(move || Some(lexer.next_token()));
    kinds.take_while(|kind| *kind != TokenKind::EndOfFile).map(Link::of_token)
}

/// The effect of a piece of code on the depth of the tree.
enum Link {
    Open,
    Close,
    /// A comma or the end of a statement: the count starts over.
    Separator,
    /// The end of a line, which ends a statement outside brackets.
    Line,
    /// Goes one level deeper, as operators do.
    Deeper,
    None,
}

impl Link {
    fn of_byte(byte: u8) -> Self {
        match byte {
            b'(' | b'[' | b'{' => Self::Open,
            b')' | b']' | b'}' => Self::Close,
            b',' | b';' => Self::Separator,
            b'\n' => Self::Line,
            b' ' | b'\t' | b':' => Self::Deeper,
            byte if b"+-*/%@&|^<>.~".contains(&byte) => Self::Deeper,
            _ => Self::None,
        }
    }

    fn of_token(kind: TokenKind) -> Self {
        match kind {
            TokenKind::Lpar | TokenKind::Lsqb | TokenKind::Lbrace => Self::Open,
            TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace => Self::Close,
            TokenKind::Comma | TokenKind::Semi => Self::Separator,
            TokenKind::Newline => Self::Line,
            TokenKind::Comment
            | TokenKind::NonLogicalNewline
            | TokenKind::String
            | TokenKind::FStringMiddle
            | TokenKind::Name => Self::None,
            _ => Self::Deeper,
        }
    }
}

/// The position of the first link that goes too deep.
fn first_excess(links: impl Iterator<Item = Link>) -> Option<usize> {
    let (mut depth, mut length) = (0_usize, 0_usize);
    for (position, link) in links.enumerate() {
        match link {
            Link::Open => (depth, length) = (depth + 1, length + 1),
            Link::Close => depth = depth.saturating_sub(1),
            Link::Separator => length = 0,
            Link::Line if depth == 0 => length = 0,
            Link::Line | Link::Deeper => length += 1,
            Link::None => {}
        }
        if depth > MAX_NESTING || length > MAX_LINKS {
            return Some(position);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_depth_of_code_is_measured() {
        assert_eq!(excess("x = f(a[0], {1: (2)})\n"), None);
        assert_eq!(excess(&format!("x = {}1{}", "(".repeat(1001), ")".repeat(1001))), Some(1004));
        assert!(excess(&"1+".repeat(1_000_001)).is_some());
        assert!(excess(&format!("({}1)", "\nnot ".repeat(1_000_001))).is_some());
    }

    #[test]
    fn text_has_no_nesting_depth() {
        assert_eq!(excess(&format!("x = '{}'\n# {}\n", "(".repeat(5000), "[{(".repeat(5000))), None);
        assert_eq!(excess(&format!("\"\"\"{}\"\"\"\n", " - ".repeat(1_000_000))), None);
    }

    #[test]
    fn data_literals_count_as_flat() {
        assert_eq!(excess(&format!("x = [{}]\n", "-1.0, ".repeat(1_000_000))), None);
        assert_eq!(excess(&"x = -1\n".repeat(1_000_000)), None);
    }
}
