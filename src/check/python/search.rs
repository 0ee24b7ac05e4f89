//! Python's search path for modules, and whether a script changes it.

use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{Expr, ExprContext, Stmt};

use crate::frontend::python::semantic::{Model, Names};

/// The search path.
const PATH: &str = "sys.path";

/// Whether code calls a method of the search path, or assigns to it.
pub(super) fn extends_path(body: &[Stmt], model: &Model) -> bool {
    let mut finder = Finder { model, names: model.names_of("sys"), found: false };
    finder.visit_body(body);
    finder.found
}

struct Finder<'m, 'a> {
    model: &'m Model<'a>,
    names: Names<'a>,
    found: bool,
}

impl Finder<'_, '_> {
    fn is_path(&self, expression: &Expr) -> bool {
        self.names.begin(expression) && self.model.may_be(expression, PATH)
    }

    fn changes(&self, expression: &Expr) -> bool {
        match expression {
            Expr::Attribute(attribute) => {
                self.is_path(&attribute.value)
                    || (attribute.ctx == ExprContext::Store && self.is_path(expression))
            }
            Expr::Name(name) => name.ctx == ExprContext::Store && self.is_path(expression),
            Expr::Subscript(subscript) => {
                subscript.ctx == ExprContext::Store && self.is_path(&subscript.value)
            }
            _ => false,
        }
    }
}

impl Visitor<'_> for Finder<'_, '_> {
    fn visit_expr(&mut self, expression: &Expr) {
        self.found |= self.changes(expression);
        walk_expr(self, expression);
    }
}

#[cfg(test)]
mod tests {
    use ruff_python_parser::parse_module;

    use super::*;

    #[test]
    fn every_way_to_extend_the_path_is_recognized() {
        let cases = [
            ("import sys\nsys.path.append('x')", true),
            ("import sys as s\ns.path.insert(0, 'x')", true),
            ("from sys import path\npath.append('x')", true),
            ("from sys import path as p\np += ['x']", true),
            ("import sys\nadd = sys.path.append\nadd('x')", true),
            ("import sys\nsys.path += ['x']", true),
            ("import sys\nsys.path = ['x', *sys.path]", true),
            ("import sys\nsys.path[0:0] = ['x']", true),
            ("import sys\nprint(sys.path)", false),
            ("import sys\nprint(sys.path[0])", false),
            ("# sys.path.append('x')\n'sys.path.append'", false),
            ("def f(sys): sys.path.append('x')", false),
            ("from os import path\npath.join('x')", false),
        ];
        for (script, extends) in cases {
            let parsed = parse_module(script).unwrap();
            let body = &parsed.syntax().body;
            assert_eq!(extends_path(body, &Model::new(body)), extends, "{script}");
        }
    }
}
