//! Definitions and comprehensions: which of their parts have their own scope.

use ruff_python_ast::visitor::Visitor;
use ruff_python_ast::{
    AnyParameterRef, Comprehension, Expr, ExprLambda, Parameters, StmtClassDef, StmtFunctionDef, TypeParams,
};

use super::{Collector, Kind, Role, Value};

impl<'a> Collector<'a> {
    /// Walks a part of the tree in its own scope, which runs in place.
    fn scoped(&mut self, kind: Kind, walk: impl FnOnce(&mut Self)) {
        let frame = self.blocks.frame(self.block);
        let inner = self.scopes.open(kind, self.scope, frame);
        let outer = std::mem::replace(&mut self.scope, inner);
        walk(self);
        self.scope = outer;
    }

    /// Walks the body of a function, which runs later.
    fn called(&mut self, parameters: Option<&'a Parameters>, walk: impl FnOnce(&mut Self)) {
        let at = self.here();
        let frame = self.blocks.open(at, Role::Frame, None);
        self.block = frame;
        self.scoped(Kind::Function, |collector| {
            for parameter in parameters.iter().flat_map(|parameters| parameters.iter()) {
                collector.bind(parameter.name(), Value::Other);
            }
            walk(collector);
        });
        self.block = at.block;
        self.blocks.close(frame);
    }

    /// Walks a part of a definition in the scope of its type parameters, if any.
    fn typed(&mut self, parameters: Option<&'a TypeParams>, walk: impl FnOnce(&mut Self)) {
        match parameters {
            None => walk(self),
            Some(parameters) => self.scoped(Kind::Types, |collector| {
                collector.visit_type_params(parameters);
                walk(collector);
            }),
        }
    }

    fn defaults(&mut self, parameters: &'a Parameters) {
        parameters.iter().filter_map(AnyParameterRef::default).for_each(|part| self.visit_expr(part));
    }

    fn annotations(&mut self, function: &'a StmtFunctionDef) {
        let annotations = function.parameters.iter().filter_map(AnyParameterRef::annotation);
        annotations.chain(function.returns.as_deref()).for_each(|part| self.visit_expr(part));
    }

    pub(super) fn function(&mut self, function: &'a StmtFunctionDef) {
        function.decorator_list.iter().for_each(|decorator| self.visit_decorator(decorator));
        self.defaults(&function.parameters);
        self.typed(function.type_params.as_deref(), |collector| {
            collector.annotations(function);
            collector.called(Some(&function.parameters), |collector| collector.visit_body(&function.body));
        });
        self.bind(&function.name, Value::Other);
    }

    pub(super) fn lambda(&mut self, lambda: &'a ExprLambda) {
        lambda.parameters.iter().for_each(|parameters| self.defaults(parameters));
        self.called(lambda.parameters.as_deref(), |collector| collector.visit_expr(&lambda.body));
    }

    pub(super) fn class(&mut self, class: &'a StmtClassDef) {
        class.decorator_list.iter().for_each(|decorator| self.visit_decorator(decorator));
        self.typed(class.type_params.as_deref(), |collector| {
            class.arguments.iter().for_each(|arguments| collector.visit_arguments(arguments));
            collector.scoped(Kind::Class, |collector| collector.visit_body(&class.body));
        });
        self.bind(&class.name, Value::Other);
    }

    /// The first iterable is evaluated outside.
    pub(super) fn comprehension(&mut self, generators: &'a [Comprehension], elements: &[&'a Expr]) {
        generators.iter().take(1).for_each(|first| self.visit_expr(&first.iter));
        self.scoped(Kind::Comprehension, |collector| {
            for (at, part) in generators.iter().enumerate() {
                if at > 0 {
                    collector.visit_expr(&part.iter);
                }
                collector.visit_expr(&part.target);
                part.ifs.iter().for_each(|condition| collector.visit_expr(condition));
            }
            for element in elements {
                collector.visit_expr(element);
            }
        });
    }
}
