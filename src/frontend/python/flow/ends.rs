//! What ends a program: `sys.exit` and similar calls, under any alias.

use ruff_python_ast::{Expr, ExprCall, Stmt, StmtRaise};

use crate::frontend::python::semantic::{Model, Names};

/// Functions that end the program at once.
const EXITS: &[&str] = &["sys.exit", "os._exit", "os.abort"];

/// Those that raise no exception.
const KILLS: &[&str] = &["os._exit", "os.abort"];

/// Builtins for the interactive prompt.
const BUILTINS: &[&str] = &["exit", "quit"];

/// Recognises what ends a script.
pub(crate) struct Ends<'m, 'a> {
    model: &'m Model<'a>,
    /// Names that may refer to such a function; a quick filter.
    names: [Names<'a>; 2],
}

impl<'m, 'a> Ends<'m, 'a> {
    pub(crate) fn new(model: &'m Model<'a>) -> Self {
        Self { model, names: [model.names_of("sys"), model.names_of("os")] }
    }

    /// Whether an expression is a call that ends the program, perhaps successfully.
    pub(crate) fn is_exit(&self, expression: &Expr) -> bool {
        let Expr::Call(call) = expression else { return false };
        BUILTINS.iter().any(|name| self.model.is_builtin(&call.func, name))
            || (self.names.iter().any(|names| names.begin(&call.func))
                && self.model.qualified(&call.func).iter().any(|path| EXITS.contains(&path.as_str())))
    }

    /// Whether a call ends the process immediately, so that nothing catches it.
    pub(crate) fn is_kill(&self, expression: &Expr) -> bool {
        let Expr::Call(call) = expression else { return false };
        self.model.qualified(&call.func).iter().any(|path| KILLS.contains(&path.as_str()))
    }

    /// Whether a statement explicitly ends the program with a failure.
    pub(crate) fn is_failure(&self, statement: &Stmt) -> bool {
        let says_so = |call: &ExprCall| match call.arguments.args.first() {
            Some(Expr::NumberLiteral(number)) => number.value.as_int().is_none_or(|code| *code != 0),
            Some(first) => first.is_string_literal_expr() || first.is_f_string_expr(),
            None => false,
        };
        match statement {
            Stmt::Raise(raise) if self.is_leaving(raise) => {
                raise.exc.as_deref().and_then(Expr::as_call_expr).is_some_and(says_so)
            }
            Stmt::Raise(_) => true,
            Stmt::Expr(expression) => expression.value.as_call_expr().is_some_and(says_so),
            _ => false,
        }
    }

    /// Whether a statement raises `SystemExit`, which isn't a failure.
    pub(crate) fn is_leaving(&self, raise: &StmtRaise) -> bool {
        let raised = raise.exc.as_deref().map(|raised| match raised {
            Expr::Call(call) => &*call.func,
            raised => raised,
        });
        raised.is_some_and(|raised| self.model.is_builtin(raised, "SystemExit"))
    }
}
