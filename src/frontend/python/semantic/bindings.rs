//! Bindings: the places where code gives a name a meaning, and the meaning as far as the place tells it.

use ruff_python_ast::Expr;

/// A place where code gives a name a meaning.
pub(super) struct Binding<'a> {
    /// The name; of `from … import *` the star.
    pub(super) name: &'a str,
    pub(super) value: Value<'a>,
    pub(super) at: Position,
}

impl Binding<'_> {
    /// Whether everything of a module is imported here.
    pub(super) fn is_star_of(&self, module: &str) -> bool {
        matches!(&self.value, Value::Star(path) if path == module)
    }
}

/// What a name is bound to.
pub(super) enum Value<'a> {
    /// A module or a part of one, by its dotted path.
    Import(String),
    /// Whatever a module has under this name: `from module import *`.
    Star(String),
    /// The value of an expression.
    Expression(&'a Expr),
    /// A function, a class, a parameter, an item of something: nothing with a path.
    Other,
}

/// When code is run: the block that holds it, and its turn among all of the script in order of evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) block: usize,
    pub(super) turn: usize,
}
