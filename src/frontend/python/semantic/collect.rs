//! Collecting: one walk in order of evaluation that records scopes, blocks, bindings and uses.

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_pattern, walk_stmt, walk_type_param};
use ruff_python_ast::{
    ExceptHandler, Expr, ExprContext, ExprNamed, Identifier, Pattern, Stmt, StmtAugAssign, TypeParam,
};
use ruff_text_size::{Ranged, TextSize};

use super::bindings::{Binding, Position, Value};
use super::blocks::{Blocks, Role};
use super::imports::Import;
use super::scopes::{Kind, Scopes};

mod blocks;
mod scopes;

/// Where a name is used.
pub(super) struct Use {
    pub(super) start: TextSize,
    pub(super) scope: usize,
    pub(super) at: Position,
}

/// The records of a walk.
#[derive(Default)]
pub(super) struct Collector<'a> {
    pub(super) scopes: Scopes<'a>,
    pub(super) blocks: Blocks<'a>,
    pub(super) bindings: Vec<Binding<'a>>,
    /// By position in the text.
    pub(super) uses: Vec<Use>,
    pub(super) imports: Vec<Import<'a>>,
    /// Bindings of names that belong to an enclosing function: the scope, the name, the binding.
    outer: Vec<(usize, &'a str, usize)>,
    scope: usize,
    block: usize,
    turn: usize,
}

impl<'a> Collector<'a> {
    /// Walks a module.
    pub(super) fn walk(body: &'a [Stmt]) -> Self {
        let mut collector = Self::default();
        let module = collector.blocks.open(Position { block: 0, turn: 0 }, Role::Frame, None);
        collector.scopes.open(Kind::Module, 0, module);
        collector.visit_body(body);
        collector.blocks.close(module);
        collector.finish();
        collector
    }

    /// Moves the bindings of outer names to their scopes, and sorts everything.
    fn finish(&mut self) {
        for (scope, name, binding) in std::mem::take(&mut self.outer) {
            let owner = self.scopes.of_nonlocal(scope, name).unwrap_or(scope);
            let bindings = self.scopes.0[owner].names.entry(name).or_default();
            bindings.push(binding);
            // Bindings are numbered in order of evaluation.
            bindings.sort_unstable();
        }
        self.scopes.shorten();
        self.uses.sort_unstable_by_key(|found| found.start);
    }

    /// The current position, never the same twice.
    fn here(&mut self) -> Position {
        self.turn += 1;
        Position { block: self.block, turn: self.turn }
    }

    fn add(&mut self, name: &'a str, value: Value<'a>) -> usize {
        let at = self.here();
        let at = Position { block: self.blocks.same(at.block), ..at };
        self.bindings.push(Binding { name, value, at });
        self.bindings.len() - 1
    }

    fn bind_in(&mut self, scope: usize, name: &'a str, value: Value<'a>) {
        let binding = self.add(name, value);
        if self.scopes.is_nonlocal(scope, name) {
            self.outer.push((scope, name, binding));
        } else {
            let owner = self.scopes.of_binding(scope, name);
            self.scopes.0[owner].names.entry(name).or_default().push(binding);
        }
    }

    fn bind(&mut self, name: &'a str, value: Value<'a>) {
        self.bind_in(self.scope, name, value);
    }

    fn bind_other(&mut self, name: Option<&'a Identifier>) {
        if let Some(name) = name {
            self.bind(name, Value::Other);
        }
    }

    fn import(&mut self, statement: &'a Stmt) {
        for import in Import::of(statement, self.block) {
            if let Some((name, path)) = import.bound() {
                self.bind(name, Value::Import(path));
            } else {
                let star = self.add("*", Value::Star(import.path.clone()));
                self.scopes.0[self.scope].stars.push(star);
            }
            self.imports.push(import);
        }
    }

    fn assign(&mut self, target: &'a Expr, value: &'a Expr) {
        match target {
            Expr::Name(name) => self.bind(&name.id, Value::Expression(value)),
            target => self.visit_expr(target),
        }
    }

    /// `name += …` leaves the name what it is, or derives a new value from it.
    fn augmented(&mut self, assign: &'a StmtAugAssign) {
        self.visit_expr(&assign.value);
        match &*assign.target {
            Expr::Name(name) => {
                self.use_name(name.range().start());
                self.bind(&name.id, Value::Expression(&assign.target));
            }
            target => self.visit_expr(target),
        }
    }

    /// `x: int` alone makes a name local.
    fn declare(&mut self, target: &'a Expr) {
        match target {
            Expr::Name(name) if self.scopes.0[self.scope].kind == Kind::Function => {
                self.scopes.0[self.scope].names.entry(&name.id).or_default();
            }
            Expr::Name(_) => {}
            target => self.visit_expr(target),
        }
    }

    fn named(&mut self, named: &'a ExprNamed) {
        self.visit_expr(&named.value);
        let Expr::Name(name) = &*named.target else { return };
        let scope = self.scopes.of_walrus(self.scope);
        self.bind_in(scope, &name.id, Value::Expression(&named.value));
    }

    fn use_name(&mut self, start: TextSize) {
        let at = self.here();
        self.uses.push(Use { start, scope: self.scope, at });
    }
}

impl<'a> Visitor<'a> for Collector<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::Import(_) | Stmt::ImportFrom(_) => self.import(statement),
            Stmt::Global(global) => {
                global.names.iter().for_each(|name| self.scopes.make_global(self.scope, name));
            }
            Stmt::Nonlocal(nonlocal) => {
                nonlocal.names.iter().for_each(|name| self.scopes.make_nonlocal(self.scope, name));
            }
            Stmt::Assign(assign) => {
                self.visit_expr(&assign.value);
                assign.targets.iter().for_each(|target| self.assign(target, &assign.value));
            }
            Stmt::AnnAssign(assign) => {
                self.visit_expr(&assign.annotation);
                match &assign.value {
                    Some(value) => {
                        self.visit_expr(value);
                        self.assign(&assign.target, value);
                    }
                    None => self.declare(&assign.target),
                }
            }
            Stmt::AugAssign(assign) => self.augmented(assign),
            Stmt::FunctionDef(function) => self.function(function),
            Stmt::ClassDef(class) => self.class(class),
            Stmt::If(condition) => self.condition(condition, statement),
            Stmt::For(repeat) => self.repeat_for(repeat, statement),
            Stmt::While(repeat) => self.repeat_while(repeat, statement),
            Stmt::Try(attempt) => self.attempt(attempt, statement),
            Stmt::With(with) => self.with(with, statement),
            Stmt::Match(choice) => {
                self.visit_expr(&choice.subject);
                for case in &choice.cases {
                    self.within(Role::Branch, statement, |collector| collector.visit_match_case(case));
                }
            }
            _ => walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Named(named) => self.named(named),
            Expr::Name(name) if name.ctx == ExprContext::Load => self.use_name(name.range().start()),
            Expr::Name(name) => self.bind(&name.id, Value::Other),
            Expr::Lambda(lambda) => self.lambda(lambda),
            Expr::ListComp(list) => self.comprehension(&list.generators, &[&list.elt]),
            Expr::SetComp(set) => self.comprehension(&set.generators, &[&set.elt]),
            Expr::Generator(generator) => self.comprehension(&generator.generators, &[&generator.elt]),
            Expr::DictComp(dict) => self.comprehension(&dict.generators, &[&dict.key, &dict.value]),
            _ => walk_expr(self, expression),
        }
    }

    fn visit_except_handler(&mut self, handler: &'a ExceptHandler) {
        let ExceptHandler::ExceptHandler(caught) = handler;
        if let Some(kind) = &caught.type_ {
            self.visit_expr(kind);
        }
        self.bind_other(caught.name.as_ref());
        self.visit_body(&caught.body);
    }

    fn visit_pattern(&mut self, pattern: &'a Pattern) {
        self.bind_other(match pattern {
            Pattern::MatchAs(pattern) => pattern.name.as_ref(),
            Pattern::MatchStar(pattern) => pattern.name.as_ref(),
            Pattern::MatchMapping(pattern) => pattern.rest.as_ref(),
            _ => None,
        });
        walk_pattern(self, pattern);
    }

    fn visit_type_param(&mut self, parameter: &'a TypeParam) {
        self.bind_other(Some(parameter.name()));
        walk_type_param(self, parameter);
    }
}
