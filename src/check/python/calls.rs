//! Calls that need internet access while the operator runs: installs and downloads.

use std::collections::BTreeSet;

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, ExprCall, Stmt};
use ruff_text_size::Ranged;

use super::{commands, downloads};
use crate::diagnostic::Diagnostic;
use crate::frontend::python::semantic::Model;
use crate::frontend::python::walk_if;

/// A call, with the dotted paths of everything that it may call: `nltk.download` of `import nltk as n;
/// n.download()`.
pub(super) struct Call<'m> {
    /// The paths.
    pub(super) paths: Vec<String>,
    node: &'m ExprCall,
    /// What names refer to.
    pub(super) model: &'m Model<'m>,
    /// The distributions in the image.
    pub(super) installed: &'m BTreeSet<String>,
}

impl<'m> Call<'m> {
    /// The path of the called function, if it is one of these.
    pub(super) fn known(&self, paths: &[&str]) -> Option<&str> {
        self.paths.iter().map(String::as_str).find(|path| paths.contains(path))
    }

    /// The last part of the called function's path.
    pub(super) fn name(&self) -> &str {
        match &*self.node.func {
            Expr::Attribute(attribute) => &attribute.attr,
            Expr::Name(name) => &name.id,
            _ => "",
        }
    }

    /// The argument at a position or with a name.
    pub(super) fn argument(&self, position: usize, name: &str) -> Option<&'m Expr> {
        self.node.arguments.find_argument_value(name, position)
    }

    /// The object of a method call.
    pub(super) fn receiver(&self) -> Option<&'m Expr> {
        self.node.func.as_attribute_expr().map(|method| &*method.value)
    }

    /// The keyword argument with a name.
    pub(super) fn keyword(&self, name: &str) -> Option<&'m Expr> {
        self.node.arguments.find_keyword(name).map(|keyword| &keyword.value)
    }

    /// The text of an argument, if known.
    pub(super) fn text(&self, position: usize, name: &str) -> Option<String> {
        self.model.text(self.argument(position, name)?)
    }
}

/// Reports every call that installs or downloads something.
pub(super) fn check(body: &[Stmt], model: &Model, installed: &BTreeSet<String>) -> Vec<Diagnostic> {
    find(body, model, installed, |call| commands::check(call).or_else(|| downloads::check(call)))
}

/// Diagnostics of calls, each with its location.
pub(super) fn find<'m>(
    body: &'m [Stmt],
    model: &'m Model<'m>,
    installed: &'m BTreeSet<String>,
    check: impl FnMut(&Call<'m>) -> Option<Diagnostic>,
) -> Vec<Diagnostic> {
    let mut finder = Finder { model, installed, check, diagnostics: Vec::new() };
    finder.visit_body(body);
    finder.diagnostics
}

struct Finder<'m, F> {
    model: &'m Model<'m>,
    installed: &'m BTreeSet<String>,
    check: F,
    diagnostics: Vec<Diagnostic>,
}

impl<'m, F: FnMut(&Call<'m>) -> Option<Diagnostic>> Visitor<'m> for Finder<'m, F> {
    fn visit_stmt(&mut self, statement: &'m Stmt) {
        match statement {
            Stmt::If(condition) => walk_if(self, condition),
            _ => walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, expression: &'m Expr) {
        if let Expr::Call(call) = expression {
            let found = Call {
                paths: self.model.qualified(&call.func),
                node: call,
                model: self.model,
                installed: self.installed,
            };
            let span = call.range().start().to_usize()..call.range().end().to_usize();
            let diagnostic = (self.check)(&found);
            self.diagnostics.extend(diagnostic.map(|diagnostic| diagnostic.at(span)));
        }
        walk_expr(self, expression);
    }
}
