//! Targets of assignments, and what assigning to them does to the environment.

use std::rc::Rc;

use ruff_python_ast::Expr;
use ruff_python_ast::ExprSubscript;
use ruff_python_ast::StmtAnnAssign;
use ruff_python_ast::StmtAugAssign;

use super::state::End;
use super::value::Form;
use super::value::Value;
use super::value::View;
use super::walk::Walker;
use crate::frontend::python::entity::Entity;
use crate::frontend::python::span;

impl<'a> Walker<'_, 'a> {
    /// Binds a target to a value.
    pub(super) fn bind(&mut self, target: &'a Expr, value: &Value<'a>) {
        match target {
            Expr::Name(name) => self.state.assign(&name.id, Some(value.clone())),
            Expr::Starred(starred) => self.bind(&starred.value, &Value::Unknown),
            Expr::Tuple(tuple) => self.unpack(&tuple.elts, value),
            Expr::List(list) => self.unpack(&list.elts, value),
            Expr::Subscript(subscript) => {
                if let Some(view) = self.environ(&subscript.value) {
                    let name = self.eval(&subscript.slice);
                    self.write(&view, &name, value, span(target));
                } else {
                    if self.stands_in_dict(subscript, value) {
                        return;
                    }
                    self.consume(value, span(target));
                    self.eat(&subscript.value);
                    self.eat(&subscript.slice);
                    if let Expr::Name(name) = &*subscript.value
                        && self.state.lookup(&name.id).is_some()
                    {
                        self.state.assign(&name.id, Some(Value::Unknown));
                    }
                }
            }
            Expr::Attribute(attribute) => {
                if self.entities.of(target) == Some(Entity::Environ) && self.replace(value, span(target)) {
                    return;
                }
                if let Some(class) = self.class_of(&attribute.value) {
                    self.member(class, &attribute.attr, value);
                } else if self.is_options(&attribute.value) {
                    self.consume(value, span(target));
                    self.set_option(&attribute.attr);
                } else {
                    self.consume(value, span(target));
                    self.eat(&attribute.value);
                }
            }
            target => {
                self.consume(value, span(target));
                self.eat(target);
            }
        }
    }

    /// `x["a"] = "d"` where `x["a"]` is the value of a variable that isn't set.
    fn stands_in_dict(&mut self, subscript: &'a ExprSubscript, value: &Value<'a>) -> bool {
        let Some(Value::Dict(pairs)) = self.named_value(&subscript.value).cloned() else { return false };
        let key = self.eval(&subscript.slice);
        let known = pairs.iter().rev().find(|(known, _)| known.is_same(&key));
        known.is_some_and(|(_, known)| self.stands_in(known, value))
    }

    /// Records an attribute; one that gets several values is unknown.
    pub(super) fn member(&mut self, class: usize, name: &'a str, value: &Value<'a>) {
        let known = self.state.classes[class].get(name).cloned();
        if known.is_some_and(|known| self.stands_in(&known, value)) {
            return;
        }
        let members = &mut self.state.classes[class];
        let value = match members.get(name) {
            Some(known) if !known.is_same(value) && !matches!(value, Value::Read(..)) => Value::Unknown,
            _ => value.clone(),
        };
        members.insert(name, value);
    }

    pub(super) fn unpack(&mut self, targets: &'a [Expr], value: &Value<'a>) {
        let parts = self
            .elements_of(value)
            .filter(|parts| parts.len() == targets.len() && !targets.iter().any(Expr::is_starred_expr));
        if parts.is_none() {
            self.unpack_parts(value, targets);
            self.consume(value, targets.first().map_or(0..0, span));
        }
        for (at, target) in targets.iter().enumerate() {
            let part = parts.as_ref().map_or(Value::Unknown, |parts| parts[at].clone());
            self.bind(target, &part);
        }
    }

    pub(super) fn annotated(&mut self, assign: &'a StmtAnnAssign) -> End {
        if let Some(value) = &assign.value {
            let found = self.eval(value);
            if let (Value::Read(reads, _), true) = (&found, super::stores::is_optional(&assign.annotation)) {
                for &read in &**reads {
                    self.records.reads[read].is_optional = true;
                }
            }
            let found = self.named(value, found);
            self.bind(&assign.target, &found);
        } else if !assign.target.is_name_expr() {
            self.eat(&assign.target);
        }
        self.eat(&assign.annotation);
        End::Open
    }

    pub(super) fn augmented(&mut self, assign: &'a StmtAugAssign) -> End {
        match &*assign.target {
            Expr::Name(name) => {
                let old = self.eval(&assign.target);
                let added = self.eval(&assign.value);
                if let Value::Access(Entity::Environ, view) = &old {
                    self.update(view, &added, span(assign));
                } else {
                    self.consume(&added, span(&*assign.value));
                    let value = self.joined(assign.op, &old, &added);
                    if matches!(value, Value::Unknown) {
                        self.consume(&old, span(assign));
                    }
                    self.state.assign(&name.id, Some(value));
                }
            }
            Expr::Subscript(subscript) if self.environ(&subscript.value).is_some() => {
                let Some(view) = self.environ(&subscript.value) else { return End::Open };
                let name = self.eval(&subscript.slice);
                let at = span(subscript);
                let read = self.lookup(&view, &name, None, true, at.clone());
                self.consume(&read, at.clone());
                self.eat(&assign.value);
                self.write(&view, &name, &Value::Unknown, at);
            }
            target => {
                let view = self.environ(target);
                let added = self.eval(&assign.value);
                if let Some(view) = view {
                    self.update(&view, &added, span(assign));
                } else {
                    self.consume(&added, span(&*assign.value));
                    self.eat(target);
                }
            }
        }
        End::Open
    }

    /// A value that gets a name: an alias of the environment is tracked.
    pub(super) fn named(&mut self, expression: &'a Expr, value: Value<'a>) -> Value<'a> {
        match value {
            Value::Access(entity, view) if view.site.is_none() => {
                self.sites.push((span(expression), false));
                let site = Some(self.sites.len() - 1);
                Value::Access(entity, Rc::new(View { site, ..view.as_ref().clone() }))
            }
            value => self.changed(value),
        }
    }

    /// A value that has a name or more done to it: of a read, the default is kept if it is known.
    pub(super) fn changed(&self, value: Value<'a>) -> Value<'a> {
        let default = self.sole_default(&value);
        match value {
            Value::Read(reads, Form::Direct) => Value::Read(reads, Form::changed(default)),
            value => value,
        }
    }
}
