//! Keywords of a call, by name.

use ruff_python_ast::{Expr, ExprCall};

/// The keywords of a call.
pub(super) struct Keywords<'a> {
    call: &'a ExprCall,
    /// Whether there may be others: `**more`.
    pub(super) is_open: bool,
}

impl<'a> Keywords<'a> {
    pub(super) fn of(call: &'a ExprCall) -> Self {
        Self { call, is_open: call.arguments.keywords.iter().any(|keyword| keyword.arg.is_none()) }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.call.arguments.keywords.iter().filter_map(|keyword| keyword.arg.as_deref())
    }

    /// The value of a keyword.
    pub(super) fn get(&self, name: &str) -> Option<&'a Expr> {
        self.call.arguments.find_keyword(name).map(|keyword| &keyword.value)
    }

    /// The value of a keyword that is a literal text.
    pub(super) fn literal(&self, name: &str) -> Option<&'a str> {
        Some(self.get(name)?.as_string_literal_expr()?.value.to_str())
    }
}
