//! Expressions that test whether a variable is set, and their values if it isn't.

use std::rc::Rc;

use ruff_python_ast::BoolOp;
use ruff_python_ast::Expr;
use ruff_python_ast::ExprBoolOp;
use ruff_python_ast::ExprIf;
use ruff_python_ast::UnaryOp;

use super::compares::told;
use super::state::End;
use super::state::fallback;
use super::state::join_values;
use super::value::Form;
use super::value::Value;
use super::walk::Walker;
use crate::frontend::facts::Test;
use crate::frontend::interface::Action;
use crate::frontend::python::semantic::fold;
use crate::frontend::python::span;

impl<'a> Walker<'_, 'a> {
    /// What an expression implies if it holds, and if it doesn't.
    pub(super) fn test(&mut self, expression: &'a Expr) -> Test {
        match expression {
            Expr::UnaryOp(unary) if unary.op == UnaryOp::Not => self.test(&unary.operand).negated(),
            Expr::BoolOp(operation) => self.tests(operation),
            Expr::Compare(compare) => self.compare(compare),
            expression => {
                let value = self.eval(expression);
                self.truth(&value, expression)
            }
        }
    }

    /// What the truth of a value implies.
    pub(super) fn truth(&mut self, value: &Value<'a>, expression: &'a Expr) -> Test {
        match value {
            Value::Read(..) => self.presence(value),
            Value::Length(reads) => self.presence(&Value::Read(reads.clone(), Form::Changed)),
            Value::Told(test) => (**test).clone(),
            value => {
                self.consume(value, span(expression));
                let outcome = match value {
                    Value::List(list) => Some(!list.is_empty()),
                    value => value.constant().map(|constant| fold::truth(&constant)),
                };
                told(outcome)
            }
        }
    }

    /// A test of whether a read has a value.
    pub(super) fn presence(&mut self, value: &Value<'a>) -> Test {
        let names = self.asked(value);
        self.records.tested.extend(names.iter().cloned());
        let test = Test::of_either(&names);
        // Where the default is something, only what is given can be nothing.
        if self.may_give(value) { Test::unknown() } else { test }
    }

    /// The variables whose reads test for them, and that may not be set.
    pub(super) fn asked(&self, value: &Value<'a>) -> Vec<String> {
        let Value::Read(reads, _) = value else { return Vec::new() };
        let records = reads.iter().map(|&read| &self.records.reads[read]);
        let open = records.filter(|record| !record.is_needed && (!record.is_hard || record.is_guarded));
        open.map(|record| record.name.clone()).collect()
    }

    pub(super) fn tests(&mut self, operation: &'a ExprBoolOp) -> Test {
        let known = self.state.facts.len();
        let mut tests = Vec::new();
        let is_all = operation.op == BoolOp::And;
        for value in &operation.values {
            self.ended = false;
            let test = self.test(value);
            if self.ended && value.is_call_expr() && known < self.state.facts.len() {
                let facts = self.state.facts[known..].to_vec();
                self.demand(&facts, known);
            }
            self.state.facts.extend(if is_all { &test.yes } else { &test.no }.iter().cloned());
            tests.push(test);
        }
        self.state.facts.truncate(known);
        if is_all { Test::all(tests) } else { Test::any(tests) }
    }

    pub(super) fn consume_other(&mut self, value: &Value<'a>, expression: &'a Expr) {
        if !matches!(value, Value::Read(..)) {
            self.consume(value, span(expression));
        }
    }

    /// `"x" in os.environ`.
    pub(super) fn membership(
        &mut self,
        view: &super::value::View,
        name: &Value<'a>,
        at: std::ops::Range<usize>,
    ) -> Test {
        self.touch(view);
        let Some(name) = self.name_of(name, "asked for", &at) else { return Test::unknown() };
        if view.over.contains(&name) {
            return Test { outcome: Some(true), ..Test::default() };
        }
        self.records.tested.insert(name.clone());
        if self.state.set(&name) != crate::frontend::interface::Set::Sure {
            self.note(name.clone(), Action::Test, at);
        }
        Test::of(&[name])
    }

    pub(super) fn compared(&mut self, value: &Value<'a>) {
        if let Value::Read(reads, _) = value {
            for &read in &**reads {
                self.records.reads[read].is_compared = true;
            }
        }
    }

    /// `x or "default"`: the operand after a read is its fallback.
    pub(super) fn operation(&mut self, operation: &'a ExprBoolOp) -> Value<'a> {
        if operation.op == BoolOp::And {
            return self.told(operation);
        }
        let known = self.state.facts.len();
        let mut joined: Option<(Vec<usize>, bool)> = None;
        let mut open: Vec<usize> = Vec::new();
        let mut last = Value::Unknown;
        let end = operation.values.last().map(span);
        for value in &operation.values {
            self.ended = false;
            let outer = self.instead;
            self.instead |= joined.is_some();
            let found = self.eval(value);
            self.instead = outer;
            if joined.is_some() {
                if self.ended && value.is_call_expr() {
                    let facts = self.state.facts[known..].to_vec();
                    self.demand(&facts, known);
                } else {
                    self.records.settle(&open, &fallback(Some(&found)));
                    open.retain(|&read| self.records.is_open(read));
                }
            }
            match &found {
                Value::Read(reads, form) => {
                    let (all, direct) = joined.get_or_insert_with(|| (Vec::new(), true));
                    all.extend(reads.iter());
                    open.extend(reads.iter());
                    *direct &= form.is_direct();
                    let names = self.asked(&found);
                    // The last one is not asked for: without it there is nothing.
                    if Some(span(value)) != end {
                        self.records.tested.extend(names.iter().cloned());
                    }
                    self.state.facts.extend(Test::of_either(&names).no);
                }
                Value::Told(test) => self.state.facts.extend(test.no.iter().cloned()),
                found => self.consume(found, span(value)),
            }
            last = found;
        }
        self.state.facts.truncate(known);
        match joined {
            Some((reads, true)) => Value::Read(reads.into(), Form::Direct),
            Some((reads, false)) => Value::Read(reads.into(), Form::Changed),
            None => last,
        }
    }

    pub(super) fn told(&mut self, operation: &'a ExprBoolOp) -> Value<'a> {
        let test = self.tests(operation);
        if test.is_empty() { Value::Unknown } else { Value::Told(Rc::new(test)) }
    }

    /// `a if test else b`.
    pub(super) fn choose(&mut self, choice: &'a ExprIf) -> Value<'a> {
        let test = self.test(&choice.test);
        let mut sides = Vec::new();
        for (part, facts, is_left) in [(&*choice.body, &test.yes, true), (&*choice.orelse, &test.no, false)] {
            let mut value = Value::Unknown;
            let is_taken = test.outcome.is_none_or(|outcome| outcome == is_left);
            let told = super::walk::told_outcome(&test, &choice.test);
            let is_run = told.is_none_or(|outcome| outcome == is_left);
            let outcome = self.branch_where(is_run, facts, |walker| {
                walker.ended = false;
                let outer = walker.instead;
                walker.instead |=
                    facts.iter().any(|fact| !fact.is_set && !walker.records.has_default(&fact.name));
                value = walker.eval(part);
                walker.instead = outer;
                if walker.ended && part.is_call_expr() { End::Exit } else { End::Open }
            });
            if outcome.end == End::Open && is_taken {
                sides.push((facts.clone(), value));
            } else {
                self.consume(&value, span(part));
            }
        }
        if let [(_, value)] = sides.as_slice() {
            return value.clone();
        }
        let values: Vec<_> =
            sides.iter().map(|(facts, value)| (facts.as_slice(), Some(value.clone()))).collect();
        let joined = join_values(&values, &mut self.records).unwrap_or(Value::Unknown);
        if matches!(joined, Value::Unknown) {
            for (_, value) in &sides {
                self.consume_quietly(value);
            }
        }
        joined
    }

    pub(super) fn consume_quietly(&mut self, value: &Value<'a>) {
        if let Value::Read(reads, _) = value {
            for &read in &**reads {
                self.records.reads[read].is_used = true;
            }
        }
    }
}
