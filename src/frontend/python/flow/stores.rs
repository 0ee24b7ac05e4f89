//! Stores: the names that statements bind, and what annotations say.

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, ExprContext, Operator, Stmt};

use crate::frontend::python::last_name;

/// The names that statements bind, without functions and classes.
pub(super) fn stored(body: &[Stmt]) -> Vec<&str> {
    let mut stores = Stores(Vec::new());
    stores.visit_body(body);
    stores.0
}

struct Stores<'a>(Vec<&'a str>);

impl<'a> Visitor<'a> for Stores<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        if !matches!(statement, Stmt::FunctionDef(_) | Stmt::ClassDef(_)) {
            walk_stmt(self, statement);
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Name(name) = expression
            && name.ctx != ExprContext::Load
        {
            self.0.push(&name.id);
        }
        walk_expr(self, expression);
    }
}

/// The names that an import binds.
pub(super) fn imported(statement: &Stmt) -> Vec<&str> {
    let names = match statement {
        Stmt::Import(import) => &import.names,
        Stmt::ImportFrom(import) => &import.names,
        _ => return Vec::new(),
    };
    let bound = names.iter().map(|alias| match &alias.asname {
        Some(name) => name.as_str(),
        None => alias.name.split('.').next().unwrap_or_default(),
    });
    bound.collect()
}

/// Whether an annotation allows no value: `str | None`, `Optional[str]`, `Union[str, None]`.
pub(super) fn is_optional(annotation: &Expr) -> bool {
    let is_named = |expression: &Expr, name: &str| last_name(expression) == Some(name);
    match annotation {
        Expr::NoneLiteral(_) => true,
        Expr::BinOp(union) if union.op == Operator::BitOr => {
            is_optional(&union.left) || is_optional(&union.right)
        }
        Expr::Subscript(subscript) if is_named(&subscript.value, "Optional") => true,
        Expr::Subscript(subscript) if is_named(&subscript.value, "Union") => match &*subscript.slice {
            Expr::Tuple(kinds) => kinds.elts.iter().any(is_optional),
            kind => is_optional(kind),
        },
        Expr::Subscript(subscript)
            if ["Final", "Annotated", "ClassVar"].iter().any(|name| is_named(&subscript.value, name)) =>
        {
            match &*subscript.slice {
                Expr::Tuple(parts) => parts.elts.first().is_some_and(is_optional),
                part => is_optional(part),
            }
        }
        Expr::StringLiteral(text) => {
            let text = text.value.to_str().replace(' ', "");
            text.contains("Optional[") || text.ends_with("|None") || text.starts_with("None|")
        }
        _ => false,
    }
}
