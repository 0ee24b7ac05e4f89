//! Bindings: the places where code binds a name, and to what, as far as the place tells.

use ruff_python_ast::Expr;

/// A place where code binds a name.
pub(super) struct Binding<'a> {
    /// The name; for `from … import *` the star.
    pub(super) name: &'a str,
    pub(super) value: Value<'a>,
    pub(super) at: Position,
}

impl Binding<'_> {
    /// Whether `*` is imported from a module here.
    pub(super) fn is_star_of(&self, module: &str) -> bool {
        matches!(&self.value, Value::Star(path) if path == module)
    }
}

/// What a name is bound to.
pub(super) enum Value<'a> {
    /// A module or an object in one, by its dotted path.
    Import(String),
    /// Whatever a module has under this name: `from module import *`.
    Star(String),
    /// The value of an expression.
    Expression(&'a Expr),
    /// A function, a class, a parameter, an element of something: nothing with a path.
    Other,
}

/// When code runs: its block, and its turn in the script's order of evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) block: usize,
    pub(super) turn: usize,
}
