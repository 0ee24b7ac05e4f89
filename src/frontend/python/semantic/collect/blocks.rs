//! Statements that contain others: which of their parts run, and how often.

use ruff_python_ast::visitor::Visitor;
use ruff_python_ast::{Stmt, StmtFor, StmtIf, StmtTry, StmtWhile, StmtWith};

use super::{Collector, Role};

impl<'a> Collector<'a> {
    /// Walks a part of a statement as a block.
    pub(super) fn within(&mut self, role: Role, statement: &'a Stmt, walk: impl FnOnce(&mut Self)) {
        let at = self.here();
        let block = self.blocks.open(at, role, Some(statement));
        self.block = block;
        walk(self);
        self.block = at.block;
        self.blocks.close(block);
    }

    fn suite(&mut self, role: Role, statement: &'a Stmt, body: &'a [Stmt]) {
        if !body.is_empty() {
            self.within(role, statement, |collector| collector.visit_body(body));
        }
    }

    pub(super) fn condition(&mut self, condition: &'a StmtIf, statement: &'a Stmt) {
        self.visit_expr(&condition.test);
        self.suite(Role::Branch, statement, &condition.body);
        for clause in &condition.elif_else_clauses {
            clause.test.iter().for_each(|test| self.visit_expr(test));
            self.suite(Role::Branch, statement, &clause.body);
        }
    }

    pub(super) fn repeat_for(&mut self, repeat: &'a StmtFor, statement: &'a Stmt) {
        self.visit_expr(&repeat.iter);
        self.within(Role::Loop, statement, |collector| {
            collector.visit_expr(&repeat.target);
            collector.visit_body(&repeat.body);
        });
        self.suite(Role::Perhaps, statement, &repeat.orelse);
    }

    pub(super) fn repeat_while(&mut self, repeat: &'a StmtWhile, statement: &'a Stmt) {
        self.within(Role::Loop, statement, |collector| {
            collector.visit_expr(&repeat.test);
            collector.visit_body(&repeat.body);
        });
        self.suite(Role::Perhaps, statement, &repeat.orelse);
    }

    /// The `else` of a `try` runs after all of the body, so it goes into its block.
    pub(super) fn attempt(&mut self, attempt: &'a StmtTry, statement: &'a Stmt) {
        self.within(Role::Perhaps, statement, |collector| {
            collector.visit_body(&attempt.body);
        });
        for handler in &attempt.handlers {
            self.within(Role::Branch, statement, |collector| collector.visit_except_handler(handler));
        }
        self.suite(Role::Perhaps, statement, &attempt.orelse);
        self.suite(Role::Always, statement, &attempt.finalbody);
    }

    pub(super) fn with(&mut self, with: &'a StmtWith, statement: &'a Stmt) {
        with.items.iter().for_each(|item| self.visit_with_item(item));
        self.suite(Role::Always, statement, &with.body);
    }
}
