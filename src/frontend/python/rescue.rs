//! What a program does without a variable: `try: x = os.environ['x']` and `except KeyError: x = 1`.

use std::collections::BTreeMap;

use ruff_python_ast::{ExceptHandler, ExceptHandlerExceptHandler, Expr, Stmt, StmtTry};

use super::semantic::{assignment, sole_argument};
use crate::frontend::interface::Fallback;
use crate::value::Constant;

/// What a missing variable in the body of a `try` comes to.
#[derive(Debug, Clone)]
pub(super) struct Rescue {
    /// What the handler sets variables of the program to.
    assigned: BTreeMap<String, Fallback>,
    /// Whether it does nothing, so that the program goes on without.
    ignored: bool,
}

impl Rescue {
    /// What the first handler does that catches it, if one does.
    pub(super) fn of(attempt: &StmtTry, fallback: impl Fn(&Expr) -> Fallback) -> Option<Self> {
        let handlers = attempt.handlers.iter().map(|ExceptHandler::ExceptHandler(handler)| handler);
        let handler = handlers.into_iter().find(|handler| catches(handler))?;
        let assigned = handler.body.iter().filter_map(assignment);
        Some(Self {
            assigned: assigned.map(|(name, value)| (name.to_owned(), fallback(value))).collect(),
            ignored: handler.body.iter().all(does_nothing),
        })
    }

    /// What a read by `os.environ[…]` in a statement falls back to.
    pub(super) fn fallback(&self, statement: &Stmt) -> Fallback {
        let set = assignment(statement);
        match set.and_then(|(name, value)| Some((self.assigned.get(name)?, value))) {
            Some((fallback, value)) if is_plain_read(value) => fallback.clone(),
            Some(_) => Fallback::Computed,
            None if self.ignored => Fallback::Constant(Constant::None),
            None => Fallback::Missing,
        }
    }
}

/// Whether a handler catches the error of a variable that isn't set.
fn catches(handler: &ExceptHandlerExceptHandler) -> bool {
    let is_meant = |kind: &Expr| match kind {
        Expr::Name(name) => {
            ["KeyError", "LookupError", "Exception", "BaseException"].contains(&name.id.as_str())
        }
        _ => false,
    };
    match handler.type_.as_deref() {
        None => true,
        Some(Expr::Tuple(kinds)) => kinds.elts.iter().any(is_meant),
        Some(kind) => is_meant(kind),
    }
}

fn does_nothing(statement: &Stmt) -> bool {
    match statement {
        Stmt::Pass(_) => true,
        Stmt::Expr(expression) => expression.value.is_literal_expr(),
        _ => false,
    }
}

/// Whether a value is that of a variable as it is, or made a number or a truth value.
fn is_plain_read(value: &Expr) -> bool {
    match value {
        Expr::Subscript(_) => true,
        Expr::Call(call) => {
            let casts = ["int", "float", "bool", "str"];
            let is_cast = matches!(&*call.func, Expr::Name(name) if casts.contains(&name.id.as_str()));
            is_cast && sole_argument(&call.arguments).is_some_and(Expr::is_subscript_expr)
        }
        _ => false,
    }
}
