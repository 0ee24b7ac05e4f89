//! Names that nothing defines, such as those that only a platform's own notebooks have.

use std::collections::BTreeSet;

use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{Expr, ExprName, Stmt};
use ruff_text_size::Ranged;

use crate::diagnostic::Diagnostic;
use crate::frontend::python::flow::Doubts;
use crate::frontend::python::semantic::Model;
use crate::frontend::python::unimported::may_bind_out_of_sight;

/// The names that Python defines, its site module and a notebook's kernel included; from `dir(builtins)` of Python 3.13.
const DEFINED: &str = include_str!("builtins.txt");

/// Warns of the first use of each name that nothing defines, at module level and outside of conditions.
pub(super) fn check(body: &[Stmt], model: &Model, text: &str) -> Vec<Diagnostic> {
    if may_bind_out_of_sight(text) {
        return Vec::new();
    }
    let mut finder = Finder { model, defined: DEFINED.split_whitespace().collect(), found: Vec::new() };
    finder.visit_body(body);
    if finder.found.is_empty() {
        return Vec::new();
    }
    let doubts = Doubts::of(body, model);
    let mut seen = BTreeSet::new();
    let certain = finder.found.into_iter().filter(|name| doubts.is_certain(name.start().to_usize()));
    certain.filter(|name| seen.insert(name.id.as_str())).map(warning).collect()
}

fn warning(name: &ExprName) -> Diagnostic {
    let span = name.start().to_usize()..name.end().to_usize();
    Diagnostic::warning("undefined-name", format!("nothing defines `{}`: this line fails", name.id))
        .at(span)
        .hint("define or import it; what only a platform's notebooks have, such as `dbutils`, no image has")
}

struct Finder<'a, 'm> {
    model: &'m Model<'m>,
    defined: BTreeSet<&'static str>,
    found: Vec<&'a ExprName>,
}

impl<'a> Visitor<'a> for Finder<'a, '_> {
    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Name(name) = expression
            && name.ctx.is_load()
            && !name.id.starts_with('_')
            && !self.defined.contains(name.id.as_str())
            && self.model.is_unbound(&name.id)
        {
            self.found.push(name);
        }
        walk_expr(self, expression);
    }

    /// Annotations may be read by type checkers only.
    fn visit_annotation(&mut self, _: &'a Expr) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frontend::python;
    use crate::language::Language;
    use crate::source::Source;

    #[test]
    fn undefined_names_are_reported_once() {
        let cases = [
            ("x = dbutils.widgets.get('x')\ndbutils.fs.ls('/')", &["dbutils"][..]),
            ("df = spark.read.csv('x')\nprint(raw_input())", &["spark", "raw_input"]),
            ("def f(): return spark", &[]),
            ("def f(): return spark\nf()", &[]),
            ("if a: pass", &["a"]),
            ("import sys\nif sys.argv: spark", &[]),
            ("try: unicode\nexcept NameError: unicode = str", &[]),
            ("from x import *\nspark", &[]),
            ("def f(x: Missing) -> Other: pass\nf(1)", &[]),
            ("class A:\n  b = 1\n  c = [b for _ in range(b)]\nprint(__file__, exit, WindowsError)", &[]),
            ("for i in range(3): pass\nprint(i, [j for j in 'a'], (k := 2), k)\nlambda m, *n: (m, n)", &[]),
            ("with open('x') as f, f as (g, h): print(g, h)\nmatch f:\n case [p, *q]: print(p, q)", &[]),
            ("def f[T](x: T): return T\nf(1)\ntype U = int\nU", &[]),
        ];
        for (text, wanted) in cases {
            let source = Source::new("x.py", Language::Python, text.to_owned());
            let parsed = python::module(&source).unwrap();
            let body = &parsed.syntax().body;
            let found = check(body, &Model::new(body), text);
            let found: Vec<_> = found.iter().map(|found| &text[found.span.clone().unwrap()]).collect();
            assert_eq!(found, wanted, "{text}");
        }
    }
}
