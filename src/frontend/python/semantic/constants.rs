//! Constants: module-level names that are bound once, to a value that can be folded.

use ruff_python_ast::{Expr, Stmt};

use super::{Model, fold};

impl Model<'_> {
    /// Folds the assignments at the top of a module in order, each with the constants above.
    pub(super) fn find_constants(&mut self, body: &[Stmt]) {
        for (name, value) in body.iter().filter_map(assignment) {
            if let Some(binding) = self.only_binding(name)
                && let Some(constant) = fold(value, self)
            {
                self.constants.insert(binding, constant);
            }
        }
    }

    /// The only binding of a module-level name.
    pub(super) fn only_binding(&self, name: &str) -> Option<usize> {
        match self.noted.scopes.0.first()?.names.get(name)?.as_slice() {
            [binding] => Some(*binding),
            _ => None,
        }
    }
}

/// The name and the value of a statement that assigns to one name.
fn assignment(statement: &Stmt) -> Option<(&str, &Expr)> {
    match statement {
        Stmt::Assign(assign) => match assign.targets.as_slice() {
            [Expr::Name(name)] => Some((name.id.as_str(), &assign.value)),
            _ => None,
        },
        Stmt::AnnAssign(assign) => match (&*assign.target, &assign.value) {
            (Expr::Name(name), Some(value)) => Some((name.id.as_str(), value)),
            _ => None,
        },
        _ => None,
    }
}
