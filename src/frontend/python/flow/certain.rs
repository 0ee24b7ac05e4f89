//! Certainty: the parts of a script that always run, before anything may have ended it.

use std::collections::HashSet;
use std::ops::Range;

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{
    BoolOp, Comprehension, Expr, Stmt, StmtFunctionDef, StmtIf, StmtMatch, StmtWith, WithItem,
};

use super::Ends;
use crate::frontend::python::last_name;
use crate::frontend::python::semantic::Model;
use crate::frontend::python::span;

/// Context managers that go on after an error.
const SUPPRESSING: &[&str] = &["suppress", "raises"];

/// The parts of a script that may not run.
#[derive(Debug, Default)]
pub(crate) struct Doubts {
    /// Conditional parts, by position, never nested.
    ranges: Vec<Range<usize>>,
    /// Where the script may have ended successfully.
    ended: Option<usize>,
}

impl Doubts {
    /// Finds them in a module.
    pub(crate) fn of(body: &[Stmt], model: &Model) -> Self {
        let mut finder = Finder {
            ends: Ends::new(model),
            found: Self::default(),
            is_open: false,
            in_function: false,
            leaves: false,
            leaving: HashSet::new(),
        };
        finder.visit_body(body);
        finder.found.ranges.sort_by_key(|range| range.start);
        finder.found
    }

    /// Whether code at a byte is certain to run.
    pub(crate) fn is_certain(&self, offset: usize) -> bool {
        let after = self.ranges.partition_point(|range| range.start <= offset);
        let is_within = after > 0 && self.ranges[after - 1].contains(&offset);
        !is_within && self.ended.is_none_or(|ended| offset < ended)
    }
}

struct Finder<'m, 'a, 'b> {
    ends: Ends<'m, 'a>,
    found: Doubts,
    /// Whether a conditional part is open.
    is_open: bool,
    in_function: bool,
    /// Whether the current function may end the program.
    leaves: bool,
    /// Functions that may end it.
    leaving: HashSet<&'b str>,
}

impl<'b> Finder<'_, '_, 'b> {
    /// Walks a part that may not run.
    fn doubt(&mut self, range: Range<usize>, walk: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.is_open, true);
        if !outer && !range.is_empty() {
            self.found.ranges.push(range);
        }
        walk(self);
        self.is_open = outer;
    }

    fn doubt_body(&mut self, body: &'b [Stmt]) {
        if let (Some(first), Some(last)) = (body.first(), body.last()) {
            self.doubt(span(first).start..span(last).end, |finder| finder.visit_body(body));
        }
    }

    fn doubt_expr(&mut self, expression: &'b Expr) {
        self.doubt(span(expression), |finder| finder.visit_expr(expression));
    }

    fn doubt_stmt(&mut self, statement: &'b Stmt) {
        self.doubt(span(statement), |finder| walk_stmt(finder, statement));
    }

    /// Walks code that runs when called.
    fn function(&mut self, range: Range<usize>, walk: impl FnOnce(&mut Self)) -> bool {
        let outer = std::mem::replace(&mut self.in_function, true);
        let leaves = std::mem::take(&mut self.leaves);
        self.doubt(range, walk);
        self.in_function = outer;
        std::mem::replace(&mut self.leaves, leaves)
    }

    fn definition(&mut self, function: &'b StmtFunctionDef, statement: &'b Stmt) {
        if self.function(span(statement), |finder| walk_stmt(finder, statement)) {
            self.leaving.insert(&function.name);
        }
    }

    fn condition(&mut self, condition: &'b StmtIf) {
        self.visit_expr(&condition.test);
        if is_main(&condition.test) {
            self.visit_body(&condition.body);
        } else {
            self.doubt_body(&condition.body);
        }
        for clause in &condition.elif_else_clauses {
            clause.test.iter().for_each(|test| self.doubt_expr(test));
            self.doubt_body(&clause.body);
        }
    }

    fn choice(&mut self, choice: &'b StmtMatch) {
        self.visit_expr(&choice.subject);
        for case in &choice.cases {
            self.doubt(span(case), |finder| finder.visit_match_case(case));
        }
    }

    fn with(&mut self, with: &'b StmtWith) {
        with.items.iter().for_each(|item| self.visit_with_item(item));
        if with.items.iter().any(suppresses) {
            self.doubt_body(&with.body);
        } else {
            self.visit_body(&with.body);
        }
    }

    /// The first iterable always runs; the other parts may not.
    fn comprehension(
        &mut self,
        whole: Range<usize>,
        generators: &'b [Comprehension],
        elements: [&'b Expr; 2],
    ) {
        let Some((first, others)) = generators.split_first() else { return };
        self.visit_expr(&first.iter);
        let certain = span(&first.iter);
        self.doubt(whole.start..certain.start, |_| {});
        self.doubt(certain.end..whole.end, |finder| {
            first.ifs.iter().for_each(|part| finder.visit_expr(part));
            for part in others {
                finder.visit_comprehension(part);
            }
            let [one, other] = elements;
            finder.visit_expr(one);
            if !std::ptr::eq(one, other) {
                finder.visit_expr(other);
            }
        });
    }

    /// The program may end here.
    fn end(&mut self, offset: usize) {
        if self.in_function {
            self.leaves = true;
        } else if self.found.ended.is_none_or(|ended| offset < ended) {
            self.found.ended = Some(offset);
        }
    }

    fn call(&mut self, expression: &'b Expr) {
        walk_expr(self, expression);
        let calls_leaving = match expression {
            Expr::Call(call) => {
                matches!(&*call.func, Expr::Name(name) if self.leaving.contains(name.id.as_str()))
            }
            _ => false,
        };
        if calls_leaving || self.ends.is_exit(expression) {
            self.end(span(expression).end);
        }
    }
}

impl<'b> Visitor<'b> for Finder<'_, '_, 'b> {
    fn visit_stmt(&mut self, statement: &'b Stmt) {
        match statement {
            Stmt::FunctionDef(function) => self.definition(function, statement),
            Stmt::ClassDef(_) | Stmt::While(_) => self.doubt_stmt(statement),
            Stmt::If(condition) => self.condition(condition),
            Stmt::For(repeat) => {
                self.visit_expr(&repeat.iter);
                self.doubt_body(&repeat.body);
                self.doubt_body(&repeat.orelse);
            }
            Stmt::Try(attempt) => {
                let end = attempt.finalbody.first().map_or(span(statement).end, |first| span(first).start);
                self.doubt(span(statement).start..end, |finder| {
                    finder.visit_body(&attempt.body);
                    attempt.handlers.iter().for_each(|handler| finder.visit_except_handler(handler));
                    finder.visit_body(&attempt.orelse);
                });
                self.visit_body(&attempt.finalbody);
            }
            Stmt::With(with) => self.with(with),
            Stmt::Match(choice) => self.choice(choice),
            Stmt::Assert(assertion) => {
                self.visit_expr(&assertion.test);
                assertion.msg.iter().for_each(|message| self.doubt_expr(message));
            }
            Stmt::Raise(raise) => {
                walk_stmt(self, statement);
                if self.ends.is_leaving(raise) {
                    self.end(span(statement).end);
                }
            }
            _ => walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, expression: &'b Expr) {
        let whole = span(expression);
        match expression {
            Expr::If(choice) => {
                self.visit_expr(&choice.test);
                self.doubt_expr(&choice.body);
                self.doubt_expr(&choice.orelse);
            }
            Expr::BoolOp(operation) if matches!(operation.op, BoolOp::And | BoolOp::Or) => {
                operation.values.iter().take(1).for_each(|value| self.visit_expr(value));
                operation.values.iter().skip(1).for_each(|value| self.doubt_expr(value));
            }
            Expr::Compare(compare) => {
                self.visit_expr(&compare.left);
                compare.comparators.iter().take(1).for_each(|value| self.visit_expr(value));
                compare.comparators.iter().skip(1).for_each(|value| self.doubt_expr(value));
            }
            Expr::Lambda(_) => {
                self.function(span(expression), |finder| walk_expr(finder, expression));
            }
            Expr::ListComp(found) => self.comprehension(whole, &found.generators, [&found.elt; 2]),
            Expr::SetComp(found) => self.comprehension(whole, &found.generators, [&found.elt; 2]),
            Expr::DictComp(found) => {
                self.comprehension(whole, &found.generators, [&found.key, &found.value]);
            }
            Expr::Generator(found) => self.comprehension(whole, &found.generators, [&found.elt; 2]),
            Expr::Call(_) => self.call(expression),
            _ => walk_expr(self, expression),
        }
    }
}

/// Whether a condition is `__name__ == "__main__"`, which holds for an operator.
pub(crate) fn is_main(test: &Expr) -> bool {
    let Expr::Compare(compare) = test else { return false };
    let sides = [Some(&*compare.left), compare.comparators.first()].into_iter().flatten();
    compare.comparators.len() == 1
        && compare.ops.iter().all(|operator| *operator == ruff_python_ast::CmpOp::Eq)
        && sides.clone().any(|side| matches!(side, Expr::Name(name) if name.id.as_str() == "__name__"))
        && sides
            .clone()
            .any(|side| matches!(side, Expr::StringLiteral(literal) if literal.value.to_str() == "__main__"))
}

fn suppresses(item: &WithItem) -> bool {
    let Expr::Call(call) = &item.context_expr else { return false };
    last_name(&call.func).is_some_and(|name| SUPPRESSING.contains(&name))
}

#[cfg(test)]
mod tests {
    use ruff_python_parser::parse_module;

    use super::*;

    /// Whether the text `HERE` in a script is certain to run.
    fn is_certain(script: &str) -> bool {
        let parsed = parse_module(script).unwrap();
        let body = &parsed.syntax().body;
        Doubts::of(body, &Model::new(body)).is_certain(script.find("HERE").unwrap())
    }

    #[test]
    fn unconditional_code_is_certain() {
        for script in [
            "HERE",
            "x = f(1, y=[HERE])",
            "if HERE: pass",
            "if __name__ == '__main__':\n x = HERE",
            "if '__main__' == __name__: HERE",
            "for x in HERE: pass",
            "with open(HERE) as f: pass",
            "with open(x) as f:\n HERE",
            "try: pass\nfinally: HERE",
            "HERE or x",
            "x if HERE else y",
            "[x for x in HERE if x]",
            "HERE < x < y",
            "if x: raise ValueError(x)\nHERE",
            "def f():\n import sys\n sys.exit()\nHERE",
            "assert x\nHERE",
            "HERE\nexit()",
            "match HERE:\n case 1: pass",
        ] {
            assert!(is_certain(script), "{script}");
        }
    }

    #[test]
    fn conditional_code_is_uncertain() {
        for script in [
            "if x: HERE",
            "if x: pass\nelif HERE: pass",
            "if x: pass\nelse: HERE",
            "while HERE: pass",
            "for x in y: HERE",
            "try: HERE\nexcept E: pass",
            "try: pass\nexcept E: HERE",
            "with contextlib.suppress(KeyError): HERE",
            "def f(): HERE",
            "def f(x=HERE): pass",
            "class C:\n x = HERE",
            "f = lambda: HERE",
            "x or HERE",
            "x and HERE",
            "HERE if x else y",
            "[HERE for x in y]",
            "{HERE: 1 for x in y}",
            "x < y < HERE",
            "match x:\n case 1: HERE",
            "assert x, HERE",
            "if x: exit()\nHERE",
            "import sys\nif x: sys.exit(0)\nHERE",
            "from sys import exit as bye\nx and bye()\nHERE",
            "raise SystemExit\nHERE",
            "def f(): quit()\nf()\nHERE",
            "if __name__ != '__main__': HERE",
        ] {
            assert!(!is_certain(script), "{script}");
        }
    }
}
