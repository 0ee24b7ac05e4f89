//! Calls that need the internet while the operator runs: installs and downloads.

use std::collections::BTreeMap;

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, ExprCall, Stmt};
use ruff_text_size::Ranged;

use super::{commands, downloads};
use crate::diagnostic::Diagnostic;
use crate::frontend::python::walk_if;

/// Longest path that is told, in attributes and calls; those of interest are shorter.
const MAX_LINKS: usize = 16;

/// A call with the dotted path of what is called: `nltk.download` of `import nltk as n; n.download()`.
pub(super) struct Call<'a> {
    /// As much of the path as names tell.
    pub(super) path: String,
    /// The call.
    pub(super) call: &'a ExprCall,
}

impl Call<'_> {
    /// The argument at a position, or of a name.
    pub(super) fn argument(&self, position: usize, name: &str) -> Option<&Expr> {
        self.call.arguments.find_argument_value(name, position)
    }

    /// The argument of a name.
    pub(super) fn keyword(&self, name: &str) -> Option<&Expr> {
        self.call.arguments.find_keyword(name).map(|keyword| &keyword.value)
    }

    /// The text of an argument, if it is a literal.
    pub(super) fn text(&self, position: usize, name: &str) -> Option<&str> {
        literal(self.argument(position, name)?)
    }
}

/// The text of an expression that is a literal.
pub(super) fn literal(expression: &Expr) -> Option<&str> {
    expression.as_string_literal_expr().map(|literal| literal.value.to_str())
}

/// Tells of every call that installs or downloads something.
pub(super) fn check(body: &[Stmt]) -> Vec<Diagnostic> {
    let mut finder = Finder::default();
    finder.visit_body(body);
    finder.diagnostics
}

#[derive(Default)]
struct Finder {
    /// What imported names stand for.
    names: BTreeMap<String, String>,
    diagnostics: Vec<Diagnostic>,
}

impl Finder {
    /// The dotted path of an expression such as `n.download`; of a long chain its end, so that it isn't walked down from
    /// each of its links.
    fn path(&self, expression: &Expr) -> String {
        let (mut parts, mut inner) = (Vec::new(), expression);
        for _ in 0..MAX_LINKS {
            inner = match inner {
                Expr::Name(name) => {
                    let name = name.id.as_str();
                    parts.push(self.names.get(name).map_or(name, String::as_str));
                    break;
                }
                Expr::Attribute(attribute) => {
                    parts.extend([attribute.attr.as_str(), "."]);
                    &attribute.value
                }
                Expr::Call(call) => {
                    parts.push("()");
                    &call.func
                }
                _ => break,
            };
        }
        parts.into_iter().rev().collect()
    }

    fn bind(&mut self, statement: &Stmt) {
        match statement {
            Stmt::Import(import) => {
                for alias in &import.names {
                    if let Some(name) = &alias.asname {
                        self.names.insert(name.to_string(), alias.name.to_string());
                    }
                }
            }
            Stmt::ImportFrom(import) => {
                for alias in &import.names {
                    let name = alias.asname.as_ref().unwrap_or(&alias.name);
                    let module = import.module.as_deref().unwrap_or_default();
                    self.names.insert(name.to_string(), format!("{module}.{}", alias.name));
                }
            }
            _ => {}
        }
    }
}

impl Visitor<'_> for Finder {
    fn visit_stmt(&mut self, statement: &Stmt) {
        self.bind(statement);
        match statement {
            Stmt::If(condition) => walk_if(self, condition),
            _ => walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, expression: &Expr) {
        if let Expr::Call(call) = expression
            && matches!(&*call.func, Expr::Name(_) | Expr::Attribute(_))
        {
            let found = Call { path: self.path(&call.func), call };
            let span = call.range().start().to_usize()..call.range().end().to_usize();
            let diagnostic = commands::check(&found).or_else(|| downloads::check(&found));
            self.diagnostics.extend(diagnostic.map(|diagnostic| diagnostic.at(span)));
        }
        walk_expr(self, expression);
    }
}
