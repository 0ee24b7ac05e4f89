//! Imports of a script, required and optional.

use std::ops::Range;

use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{ExceptHandler, Expr, Stmt, StmtTry, StmtWith};

use crate::frontend::python::semantic::{self, Model, Role};

/// An imported module.
#[derive(Debug, Clone)]
pub(super) struct Import {
    /// The dotted path: `a.b` of `import a.b`, `a.b.c` of `from a.b import c`.
    pub(super) path: String,
    /// Bytes of its name in the source's text.
    pub(super) span: Range<usize>,
    /// Whether the script works without it.
    pub(super) optional: bool,
}

impl Import {
    /// The first part of the path.
    pub(super) fn module(&self) -> &str {
        self.path.split('.').next().unwrap_or(&self.path)
    }
}

/// Errors of a failed import.
const ERRORS: &[&str] = &["ImportError", "ModuleNotFoundError", "Exception", "BaseException"];

/// Conditions on which an import may depend.
const CONDITIONS: &[&str] =
    &["TYPE_CHECKING", "version_info", "platform", "system", "find_spec", "implementation", "is_available"];

/// All imports of external modules, in order.
pub(super) fn of(model: &Model) -> Vec<Import> {
    let foreign = model.imports().iter().filter(|import| !import.is_relative());
    foreign.map(|import| of_model(import, model)).collect()
}

fn of_model(import: &semantic::Import, model: &Model) -> Import {
    let optional = model.around(import).any(|(statement, role)| is_optional(statement, role));
    Import { path: import.path.clone(), span: import.span.clone(), optional }
}

/// Whether the body of a statement may not run, or its failure doesn't matter.
fn is_optional(statement: &Stmt, role: Role) -> bool {
    match statement {
        Stmt::Try(attempt) => role != Role::Always && catches(attempt),
        Stmt::If(condition) => mentions(&condition.test, CONDITIONS),
        Stmt::With(with) => suppresses(with),
        _ => false,
    }
}

fn catches(attempt: &StmtTry) -> bool {
    attempt.handlers.iter().any(|ExceptHandler::ExceptHandler(handler)| {
        handler.type_.as_deref().is_none_or(|kind| mentions(kind, ERRORS))
    })
}

/// `with suppress(ImportError)`.
fn suppresses(with: &StmtWith) -> bool {
    with.items
        .iter()
        .any(|item| mentions(&item.context_expr, &["suppress"]) && mentions(&item.context_expr, ERRORS))
}

/// Whether an expression contains one of these names or attributes.
fn mentions(expression: &Expr, names: &[&str]) -> bool {
    struct Search<'a>(&'a [&'a str], bool);
    impl Visitor<'_> for Search<'_> {
        fn visit_expr(&mut self, expression: &Expr) {
            self.1 |= match expression {
                Expr::Name(name) => self.0.contains(&name.id.as_str()),
                Expr::Attribute(attribute) => self.0.contains(&attribute.attr.as_str()),
                _ => false,
            };
            walk_expr(self, expression);
        }
    }
    let mut search = Search(names, false);
    search.visit_expr(expression);
    search.1
}
