//! IPython in a notebook's code: whether it is imported, or called by the names that a kernel puts there.

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, ExprContext, Stmt};

use super::bindings;
use crate::component::Requirement;

/// Names that a kernel gives to the code of its cells.
const NAMES: &[&str] = &["get_ipython", "display"];

/// The package.
const PACKAGE: &str = "ipython";

/// Whether code uses a name of the kernel's that it doesn't bind itself.
pub(super) fn calls_shell(body: &[Stmt]) -> bool {
    let bound = bindings::counts(body);
    let mut finder = Finder::default();
    finder.visit_body(body);
    NAMES.iter().any(|name| finder.used.contains(name) && !bound.contains_key(name))
}

/// Whether code imports IPython.
pub(super) fn is_imported(body: &[Stmt]) -> bool {
    let mut finder = Finder::default();
    finder.visit_body(body);
    finder.imported
}

/// Adds IPython to what is installed, unless it is there.
pub(super) fn require(requirements: &mut Vec<Requirement>) {
    let is_ipython = |word: &String| {
        let end = word.find(|character: char| !character.is_ascii_alphanumeric()).unwrap_or(word.len());
        word[..end].eq_ignore_ascii_case(PACKAGE)
    };
    let named = requirements.iter().any(|requirement| match requirement {
        Requirement::Pip { words, .. } => words.iter().any(is_ipython),
        _ => false,
    });
    if !named {
        let text = PACKAGE.to_owned();
        requirements.push(Requirement::Pip { words: vec![text.clone()], text, metadata: false, span: 0..0 });
    }
}

#[derive(Default)]
struct Finder {
    used: Vec<&'static str>,
    imported: bool,
}

impl Visitor<'_> for Finder {
    fn visit_stmt(&mut self, statement: &Stmt) {
        let is_ipython = |module: &str| module.split('.').next() == Some("IPython");
        self.imported |= match statement {
            Stmt::Import(import) => import.names.iter().any(|alias| is_ipython(&alias.name)),
            Stmt::ImportFrom(import) => import.module.as_deref().is_some_and(is_ipython),
            _ => false,
        };
        walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expression: &Expr) {
        if let Expr::Name(name) = expression
            && name.ctx == ExprContext::Load
        {
            self.used.extend(NAMES.iter().filter(|known| **known == name.id.as_str()));
        }
        walk_expr(self, expression);
    }
}
