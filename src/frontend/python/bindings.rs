//! Bindings: every place where code gives a name a meaning, by scope.

use std::collections::BTreeMap;

use ruff_python_ast::visitor::{
    Visitor, walk_except_handler, walk_expr, walk_parameter, walk_pattern, walk_stmt, walk_type_param,
};
use ruff_python_ast::{
    Comprehension, ExceptHandler, Expr, ExprContext, Parameter, Pattern, Stmt, StmtFunctionDef, StmtImport,
    StmtImportFrom, TypeParam,
};

use super::names::Entity;

/// A name and what it is bound to.
pub(super) struct Binding<'a> {
    pub(super) name: &'a str,
    pub(super) value: Value<'a>,
}

/// What a name is bound to.
pub(super) enum Value<'a> {
    /// Something of the module `os`.
    Entity(Entity),
    /// The value of an expression.
    Expression(&'a Expr),
    /// Anything.
    Unknown,
}

/// The names that a module binds in its own scope.
pub(super) fn of_body(body: &[Stmt]) -> Vec<Binding<'_>> {
    let mut collector = Collector::default();
    collector.visit_body(body);
    collector.bindings
}

/// The names that a function binds in its own scope, its parameters among them.
pub(super) fn of_function(function: &StmtFunctionDef) -> Vec<Binding<'_>> {
    let mut collector = Collector::default();
    collector.visit_parameters(&function.parameters);
    collector.visit_body(&function.body);
    collector.bindings
}

/// The names that an expression binds in a scope of its own: a lambda's parameters, a comprehension's targets.
pub(super) fn of_expression(expression: &Expr) -> Option<Vec<Binding<'_>>> {
    let mut collector = Collector::default();
    match expression {
        Expr::Lambda(lambda) => {
            if let Some(parameters) = &lambda.parameters {
                collector.visit_parameters(parameters);
            }
        }
        expression => {
            for part in comprehensions(expression)? {
                collector.visit_expr(&part.target);
            }
        }
    }
    Some(collector.bindings)
}

fn comprehensions(expression: &Expr) -> Option<&[Comprehension]> {
    match expression {
        Expr::ListComp(list) => Some(&list.generators),
        Expr::SetComp(set) => Some(&set.generators),
        Expr::DictComp(dict) => Some(&dict.generators),
        Expr::Generator(generator) => Some(&generator.generators),
        _ => None,
    }
}

/// How often each name is bound, in whatever scope.
pub(super) fn counts(body: &[Stmt]) -> BTreeMap<&str, usize> {
    let mut collector = Collector { nested: true, ..Collector::default() };
    collector.visit_body(body);
    let mut counts = BTreeMap::new();
    for binding in collector.bindings {
        *counts.entry(binding.name).or_default() += 1;
    }
    counts
}

#[derive(Default)]
struct Collector<'a> {
    bindings: Vec<Binding<'a>>,
    /// Whether inner scopes are collected too.
    nested: bool,
}

impl<'a> Collector<'a> {
    fn bind(&mut self, name: &'a str, value: Value<'a>) {
        self.bindings.push(Binding { name, value });
    }

    fn bind_unknown(&mut self, name: &'a str) {
        self.bind(name, Value::Unknown);
    }

    fn import(&mut self, import: &'a StmtImport) {
        for alias in &import.names {
            let module = alias.name.as_str();
            let first = module.split('.').next().unwrap_or(module);
            let bound = alias.asname.as_ref().map_or(first, |name| name.as_str());
            let is_os = module == "os" || (alias.asname.is_none() && first == "os");
            self.bind(bound, if is_os { Value::Entity(Entity::Os) } else { Value::Unknown });
        }
    }

    fn import_from(&mut self, import: &'a StmtImportFrom) {
        let of_os = import.level == 0 && import.module.as_deref() == Some("os");
        let entity =
            |name: &str| Entity::Os.attribute(name).filter(|_| of_os).map_or(Value::Unknown, Value::Entity);
        for alias in &import.names {
            match (alias.name.as_str(), &alias.asname) {
                ("*", _) if of_os => {
                    for name in ["environ", "getenv"] {
                        self.bind(name, entity(name));
                    }
                }
                ("*", _) => {}
                (name, bound) => self.bind(bound.as_ref().map_or(name, |bound| bound.as_str()), entity(name)),
            }
        }
    }

    fn assign(&mut self, target: &'a Expr, value: &'a Expr) {
        match target {
            Expr::Name(name) => self.bind(&name.id, Value::Expression(value)),
            target => self.visit_expr(target),
        }
    }
}

impl<'a> Visitor<'a> for Collector<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::Import(import) => self.import(import),
            Stmt::ImportFrom(import) => self.import_from(import),
            Stmt::Assign(assign) => {
                self.visit_expr(&assign.value);
                assign.targets.iter().for_each(|target| self.assign(target, &assign.value));
            }
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    self.visit_expr(value);
                    self.assign(&assign.target, value);
                }
            }
            Stmt::FunctionDef(function) => {
                self.bind_unknown(&function.name);
                if self.nested {
                    walk_stmt(self, statement);
                }
            }
            Stmt::ClassDef(class) => {
                self.bind_unknown(&class.name);
                walk_stmt(self, statement);
            }
            _ => walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Named(named) => {
                self.visit_expr(&named.value);
                self.assign(&named.target, &named.value);
            }
            Expr::Name(name) if name.ctx != ExprContext::Load => self.bind_unknown(&name.id),
            Expr::Lambda(_)
            | Expr::ListComp(_)
            | Expr::SetComp(_)
            | Expr::DictComp(_)
            | Expr::Generator(_)
                if !self.nested => {}
            _ => walk_expr(self, expression),
        }
    }

    fn visit_parameter(&mut self, parameter: &'a Parameter) {
        self.bind_unknown(&parameter.name);
        walk_parameter(self, parameter);
    }

    fn visit_except_handler(&mut self, handler: &'a ExceptHandler) {
        let ExceptHandler::ExceptHandler(caught) = handler;
        if let Some(name) = &caught.name {
            self.bind_unknown(name);
        }
        walk_except_handler(self, handler);
    }

    fn visit_pattern(&mut self, pattern: &'a Pattern) {
        let name = match pattern {
            Pattern::MatchAs(pattern) => pattern.name.as_ref(),
            Pattern::MatchStar(pattern) => pattern.name.as_ref(),
            Pattern::MatchMapping(pattern) => pattern.rest.as_ref(),
            _ => None,
        };
        if let Some(name) = name {
            self.bind_unknown(name);
        }
        walk_pattern(self, pattern);
    }

    fn visit_type_param(&mut self, parameter: &'a TypeParam) {
        self.bind_unknown(parameter.name());
        walk_type_param(self, parameter);
    }
}
