//! IPython in a notebook's code: whether it is imported, or used through the kernel's names.

use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{Expr, Stmt};

use super::semantic::Model;
use crate::component::Requirement;

/// Names that a kernel defines for its cells.
const NAMES: &[&str] = &["get_ipython", "display"];

/// The package.
const PACKAGE: &str = "ipython";

/// Whether code uses a name of the kernel that it doesn't bind itself.
pub(super) fn calls_shell(body: &[Stmt], model: &Model) -> bool {
    let mut finder = Finder { model, found: false };
    finder.visit_body(body);
    finder.found
}

/// Whether code imports IPython.
pub(super) fn is_imported(model: &Model) -> bool {
    model.imports().iter().any(|import| import.module() == "IPython")
}

/// Adds IPython to the requirements, unless it is there.
pub(in crate::frontend) fn require(requirements: &mut Vec<Requirement>) {
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

struct Finder<'m, 'a> {
    model: &'m Model<'a>,
    found: bool,
}

impl Visitor<'_> for Finder<'_, '_> {
    fn visit_expr(&mut self, expression: &Expr) {
        self.found |= NAMES.iter().any(|name| self.model.is_builtin(expression, name));
        walk_expr(self, expression);
    }
}
