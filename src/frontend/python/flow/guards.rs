//! Guards: statements and expressions that ask whether a variable is set, and what is done if it isn't.

use std::rc::Rc;

use ruff_python_ast::{
    BoolOp, CmpOp, ExceptHandler, ExceptHandlerExceptHandler, Expr, ExprBoolOp, ExprCompare, ExprIf, Pattern,
    Stmt, StmtMatch, StmtTry, StmtWith, UnaryOp,
};

use super::facts::{Fact, Test};
use super::state::{End, Outcome, fallback, join_values};
use super::value::Value;
use super::walk::Walker;
use crate::frontend::interface::{Action, Fallback};
use crate::frontend::python::semantic::fold;
use crate::frontend::python::{entity::Entity, span};
use crate::value::Constant;

/// Errors of a variable that isn't set.
const MISSING: &[&str] = &["KeyError", "LookupError"];

/// Errors of what is done with `None`.
const OF_NONE: &[&str] = &["TypeError", "AttributeError"];

/// Errors of any kind.
const ANY: &[&str] = &["Exception", "BaseException"];

/// What a handler catches.
#[derive(Debug, Clone, Copy, Default)]
struct Catch {
    /// The error of a variable that isn't set.
    missing: bool,
    /// The error of what is done with `None`.
    of_none: bool,
    any: bool,
}

impl Catch {
    fn of<'e>(kinds: impl Iterator<Item = &'e Expr>) -> Self {
        let mut catch = Self::default();
        for kind in kinds {
            let kinds = match kind {
                Expr::Tuple(kinds) => &kinds.elts[..],
                kind => std::slice::from_ref(kind),
            };
            for kind in kinds {
                let name = match kind {
                    Expr::Name(name) => name.id.as_str(),
                    Expr::Attribute(attribute) => attribute.attr.as_str(),
                    _ => "",
                };
                catch.any |= ANY.contains(&name);
                catch.missing |= MISSING.contains(&name);
                catch.of_none |= OF_NONE.contains(&name);
            }
        }
        catch
    }

    fn handler(handler: &ExceptHandlerExceptHandler) -> Self {
        match &handler.type_ {
            None => Self { any: true, ..Self::default() },
            Some(kind) => Self::of(std::iter::once(&**kind)),
        }
    }

    fn catches(self, is_hard: bool) -> bool {
        self.any || if is_hard { self.missing } else { self.of_none }
    }
}

impl<'a> Walker<'_, 'a> {
    /// Walks `try … except`: what is caught may be missing.
    pub(super) fn attempt(&mut self, attempt: &'a StmtTry) -> End {
        let before = self.records.reads.len();
        let mut outcomes = vec![self.branch(&[], |walker| {
            let end = walker.body(&attempt.body);
            if end == End::Open { walker.body(&attempt.orelse) } else { end }
        })];
        let after = self.records.reads.len();
        let end = attempt.body.last().map_or(0, |last| span(last).end);
        let start = attempt.body.first().map_or(0, |first| span(first).start);
        for ExceptHandler::ExceptHandler(handler) in &attempt.handlers {
            handler.type_.iter().for_each(|kind| self.eat(kind));
            let caught = self.caught(Catch::handler(handler), before..after, start..end);
            let facts = self.missing(&caught);
            self.records.caught.extend(&caught);
            let is_idle = handler.body.iter().all(does_nothing);
            let outcome = self.branch(&facts, |walker| {
                if let Some(name) = &handler.name {
                    walker.state.assign(name, Some(Value::Unknown));
                }
                walker.body(&handler.body)
            });
            let goes_on = outcome.end == End::Open || outcome.end == End::Away;
            if goes_on && (is_idle || Catch::handler(handler).missing) {
                self.records.tolerated.extend(caught);
            }
            outcomes.push(outcome);
        }
        self.state.join(&outcomes, &mut self.records);
        self.body(&attempt.finalbody);
        outcomes.iter().map(|outcome| outcome.end).min().unwrap_or(End::Open)
    }

    /// The reads among some whose failure is caught.
    fn caught(
        &self,
        catch: Catch,
        reads: std::ops::Range<usize>,
        bytes: std::ops::Range<usize>,
    ) -> Vec<usize> {
        let is_caught = |read: &usize| {
            let record = &self.records.reads[*read];
            let at = &self.records.uses[record.at].span;
            bytes.contains(&at.start) && !record.is_guarded && catch.catches(record.is_hard)
        };
        reads.filter(is_caught).collect()
    }

    fn missing(&self, reads: &[usize]) -> Vec<Fact> {
        let mut names: Vec<&String> = reads.iter().map(|&read| &self.records.reads[read].name).collect();
        names.sort();
        names.dedup();
        let is_any = names.len() > 1;
        names.into_iter().map(|name| Fact { name: name.clone(), is_set: false, is_any }).collect()
    }

    /// `with suppress(KeyError)` is `try … except KeyError: pass`.
    pub(super) fn with(&mut self, with: &'a StmtWith) -> End {
        let mut catch = None;
        for item in &with.items {
            if let Expr::Call(call) = &item.context_expr
                && self.model.may_be(&call.func, "contextlib.suppress")
            {
                catch = Some(Catch::of(call.arguments.args.iter()));
            }
            self.eat(&item.context_expr);
            if let Some(target) = &item.optional_vars {
                self.bind(target, &Value::Unknown);
            }
        }
        let Some(catch) = catch else { return self.body(&with.body) };
        let before = self.records.reads.len();
        let outcome = self.branch(&[], |walker| walker.body(&with.body));
        let bytes = with.body.first().map_or(0, |first| span(first).start)
            ..with.body.last().map_or(0, |last| span(last).end);
        let caught = self.caught(catch, before..self.records.reads.len(), bytes);
        let facts = self.missing(&caught);
        self.records.caught.extend(&caught);
        let other = self.branch(&facts, |_| End::Open);
        self.records.tolerated.extend(caught);
        self.state.join(&[outcome, other], &mut self.records);
        End::Open
    }

    /// `match` of what a read gives.
    pub(super) fn choice(&mut self, choice: &'a StmtMatch) -> End {
        let subject = self.eval(&choice.subject);
        let names = self.asked(&subject);
        if let Value::Access(Entity::Environ, view) = &subject {
            for case in &choice.cases {
                self.mapping(view, &case.pattern);
            }
        }
        let (mut outcomes, mut is_taken, mut is_total): (Vec<Outcome>, _, _) = (Vec::new(), false, false);
        for case in &choice.cases {
            let mut facts = Vec::new();
            if asks_missing(&case.pattern) {
                facts = Test::of(&names).no;
                self.records.tested.extend(names.iter().cloned());
                is_taken = true;
            } else if is_taken || !is_open(&case.pattern) {
                facts = Test::of(&names).yes;
            }
            self.compared(&subject);
            is_total |= is_open(&case.pattern) && case.guard.is_none();
            let outcome = self.branch(&facts, |walker| {
                walker.capture(&case.pattern, &subject);
                case.guard.iter().for_each(|guard| {
                    walker.test(guard);
                });
                walker.body(&case.body)
            });
            outcomes.push(outcome);
        }
        if !is_total {
            outcomes.push(self.branch(&[], |_| End::Open));
        }
        self.state.join(&outcomes, &mut self.records);
        outcomes.iter().map(|outcome| outcome.end).min().unwrap_or(End::Open)
    }

    /// `case {"x": value}` of the environment.
    fn mapping(&mut self, view: &super::value::View, pattern: &'a Pattern) {
        match pattern {
            Pattern::MatchMapping(mapping) => {
                for key in &mapping.keys {
                    let name = self.eval(key);
                    self.lookup(view, &name, Some(&Value::known(Constant::None)), false, span(key));
                }
            }
            Pattern::MatchOr(choice) => {
                choice.patterns.iter().for_each(|pattern| self.mapping(view, pattern));
            }
            _ => {}
        }
    }

    fn capture(&mut self, pattern: &'a Pattern, subject: &Value<'a>) {
        match pattern {
            Pattern::MatchAs(pattern) => {
                if let Some(name) = &pattern.name {
                    self.state.assign(name, Some(subject.clone()));
                }
                pattern.pattern.iter().for_each(|inner| self.capture(inner, subject));
            }
            Pattern::MatchMapping(mapping) => {
                mapping.patterns.iter().for_each(|inner| self.capture(inner, &Value::Unknown));
            }
            Pattern::MatchSequence(sequence) => {
                sequence.patterns.iter().for_each(|inner| self.capture(inner, &Value::Unknown));
            }
            Pattern::MatchValue(value) => self.eat(&value.value),
            _ => {}
        }
    }

    /// What an expression tells if it holds, and if it doesn't.
    pub(super) fn test(&mut self, expression: &'a Expr) -> Test {
        match expression {
            Expr::UnaryOp(unary) if unary.op == UnaryOp::Not => self.test(&unary.operand).negated(),
            Expr::BoolOp(operation) => self.tests(operation),
            Expr::Compare(compare) => self.compare(compare),
            Expr::Named(named) => {
                let value = self.eval(&named.value);
                let value = match value {
                    Value::Read(reads, _) => Value::Read(reads, false),
                    value => value,
                };
                self.bind(&named.target, &value);
                self.truth(&value, expression)
            }
            expression => {
                let value = self.eval(expression);
                self.truth(&value, expression)
            }
        }
    }

    /// What the truth of a value tells.
    pub(super) fn truth(&mut self, value: &Value<'a>, expression: &'a Expr) -> Test {
        match value {
            Value::Read(..) => self.presence(value),
            Value::Told(test) => (**test).clone(),
            value => {
                self.consume(value, span(expression));
                let outcome = match value {
                    Value::List(list) => Some(!list.is_empty()),
                    value => value.constant().map(|constant| fold::truth(&constant)),
                };
                Test { outcome, ..Test::default() }
            }
        }
    }

    /// Whether what a read gives is there.
    fn presence(&mut self, value: &Value<'a>) -> Test {
        let names = self.asked(value);
        self.records.tested.extend(names.iter().cloned());
        Test::of(&names)
    }

    /// The variables that may not be set where their reads are asked whether they are.
    pub(super) fn asked(&self, value: &Value<'a>) -> Vec<String> {
        let Value::Read(reads, _) = value else { return Vec::new() };
        let records = reads.iter().map(|&read| &self.records.reads[read]);
        let open = records.filter(|record| !record.is_needed && (!record.is_hard || record.is_guarded));
        open.map(|record| record.name.clone()).collect()
    }

    fn tests(&mut self, operation: &'a ExprBoolOp) -> Test {
        let known = self.state.facts.len();
        let mut tests = Vec::new();
        let is_all = operation.op == BoolOp::And;
        for value in &operation.values {
            self.ended = false;
            let test = self.test(value);
            if self.ended && value.is_call_expr() && known < self.state.facts.len() {
                let facts = self.state.facts[known..].to_vec();
                self.demand(&facts);
            }
            self.state.facts.extend_from_slice(if is_all { &test.yes } else { &test.no });
            tests.push(test);
        }
        self.state.facts.truncate(known);
        if is_all { Test::all(tests) } else { Test::any(tests) }
    }

    fn compare(&mut self, compare: &'a ExprCompare) -> Test {
        let left = self.eval(&compare.left);
        let ([operator], [right]) = (&*compare.ops, &*compare.comparators) else {
            self.consume(&left, span(&*compare.left));
            compare.comparators.iter().for_each(|value| self.eat(value));
            return Test::default();
        };
        let other = self.eval(right);
        let is_negative = matches!(operator, CmpOp::NotIn | CmpOp::NotEq | CmpOp::IsNot);
        let test = self.comparison(*operator, (&left, &compare.left), (&other, right));
        if is_negative { test.negated() } else { test }
    }

    fn comparison(
        &mut self,
        operator: CmpOp,
        (left, one): (&Value<'a>, &'a Expr),
        (right, other): (&Value<'a>, &'a Expr),
    ) -> Test {
        if matches!(operator, CmpOp::In | CmpOp::NotIn)
            && let Value::Access(Entity::Environ | Entity::Keys, view) = right
        {
            return self.membership(view, left, span(one));
        }
        let (read, against) = match (left, right) {
            (Value::Read(..), against) => (left, against),
            (against, Value::Read(..)) => (right, against),
            _ => {
                self.consume_other(left, one);
                self.consume_other(right, other);
                let outcome = match (operator, left.constant(), right.constant()) {
                    (CmpOp::Eq | CmpOp::NotEq, Some(left), Some(right)) => Some(left == right),
                    _ => None,
                };
                return Test { outcome, ..Test::default() };
            }
        };
        let is_equality = matches!(
            operator,
            CmpOp::Eq | CmpOp::NotEq | CmpOp::Is | CmpOp::IsNot | CmpOp::In | CmpOp::NotIn
        );
        let is_nothing = |value: &Value| value.constant().is_some_and(|constant| !fold::truth(&constant));
        let nothing = match against {
            Value::List(values) => !values.is_empty() && values.iter().all(is_nothing),
            value => is_nothing(value),
        };
        if nothing && is_equality {
            return self.presence(read).negated();
        }
        if nothing && matches!(operator, CmpOp::Gt) {
            return self.presence(read);
        }
        self.compared(read);
        self.consume_other(against, other);
        let mut test = if is_equality {
            Test { no: Vec::new(), ..Test::of(&self.asked(read)) }
        } else {
            Test::default()
        };
        if !is_equality {
            self.consume(read, span(one));
            test = Test::default();
        }
        test
    }

    fn consume_other(&mut self, value: &Value<'a>, expression: &'a Expr) {
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
        let Some(name) = self.name_of(name, "asked for", &at) else { return Test::default() };
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

    /// `x or "default"`: what follows a read is what it falls back to.
    pub(super) fn operation(&mut self, operation: &'a ExprBoolOp) -> Value<'a> {
        if operation.op == BoolOp::And {
            return self.told(operation);
        }
        let known = self.state.facts.len();
        let mut joined: Option<(Vec<usize>, bool)> = None;
        let mut last = Value::Unknown;
        let end = operation.values.last().map(span);
        for value in &operation.values {
            self.ended = false;
            let outer = self.instead;
            self.instead |= joined.is_some();
            let found = self.eval(value);
            self.instead = outer;
            if let Some((reads, _)) = &joined {
                let reads = reads.clone();
                if self.ended && value.is_call_expr() {
                    let facts = self.state.facts[known..].to_vec();
                    self.demand(&facts);
                } else {
                    self.records.settle(&reads, &fallback(Some(&found)));
                }
            }
            match &found {
                Value::Read(reads, is_direct) => {
                    let (all, direct) = joined.get_or_insert_with(|| (Vec::new(), true));
                    all.extend(reads.iter());
                    *direct &= is_direct;
                    let names = self.asked(&found);
                    // The last one is not asked for: without it there is nothing.
                    if Some(span(value)) != end {
                        self.records.tested.extend(names.iter().cloned());
                    }
                    self.state.facts.extend(Test::of(&names).no);
                }
                Value::Told(test) => self.state.facts.extend(test.no.iter().cloned()),
                found => self.consume(found, span(value)),
            }
            last = found;
        }
        self.state.facts.truncate(known);
        match joined {
            Some((reads, is_direct)) => Value::Read(reads.into(), is_direct),
            None => last,
        }
    }

    fn told(&mut self, operation: &'a ExprBoolOp) -> Value<'a> {
        let test = self.tests(operation);
        if test.is_empty() { Value::Unknown } else { Value::Told(Rc::new(test)) }
    }

    /// `a if test else b`.
    pub(super) fn choose(&mut self, choice: &'a ExprIf) -> Value<'a> {
        let test = self.test(&choice.test);
        let mut sides = Vec::new();
        for (part, facts, is_left) in [(&*choice.body, &test.yes, true), (&*choice.orelse, &test.no, false)] {
            let mut value = Value::Unknown;
            let outcome = self.branch(facts, |walker| {
                walker.ended = false;
                let outer = walker.instead;
                walker.instead |= facts.iter().any(|fact| !fact.is_set);
                value = walker.eval(part);
                walker.instead = outer;
                if walker.ended && part.is_call_expr() { End::Exit } else { End::Open }
            });
            if outcome.end == End::Open && test.outcome.is_none_or(|outcome| outcome == is_left) {
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
            sides.iter().for_each(|(_, value)| self.consume_quietly(value));
        }
        joined
    }

    fn consume_quietly(&mut self, value: &Value<'a>) {
        if let Value::Read(reads, _) = value {
            for &read in &**reads {
                self.records.reads[read].is_used = true;
            }
        }
    }

    /// What a function gives back of all that it returns.
    pub(super) fn returned(&mut self, returns: &[(Vec<Fact>, Value<'a>)]) -> Value<'a> {
        let values: Vec<_> =
            returns.iter().map(|(facts, value)| (facts.as_slice(), Some(value.clone()))).collect();
        match join_values(&values, &mut self.records) {
            Some(Value::Read(reads, _)) => Value::Read(reads, true),
            Some(value) => value,
            None => Value::known(Constant::None),
        }
    }

    /// Whether nothing is taken of a default.
    pub(super) fn explicit(default: Option<&Value<'a>>) -> Option<Fallback> {
        default.map(|value| match fallback(Some(value)) {
            Fallback::Absent => Fallback::Constant(Constant::None),
            fallback => fallback,
        })
    }
}

/// Whether a pattern is for what isn't set.
fn asks_missing(pattern: &Pattern) -> bool {
    match pattern {
        Pattern::MatchSingleton(singleton) => singleton.value == ruff_python_ast::Singleton::None,
        Pattern::MatchValue(value) => {
            matches!(&*value.value, Expr::StringLiteral(text) if text.value.is_empty())
        }
        Pattern::MatchOr(choice) => choice.patterns.iter().all(asks_missing),
        Pattern::MatchAs(inner) => inner.pattern.as_deref().is_some_and(asks_missing),
        _ => false,
    }
}

/// Whether a pattern is for anything.
fn is_open(pattern: &Pattern) -> bool {
    matches!(pattern, Pattern::MatchAs(inner) if inner.pattern.is_none())
}

fn does_nothing(statement: &Stmt) -> bool {
    match statement {
        Stmt::Pass(_) => true,
        Stmt::Expr(expression) => expression.value.is_literal_expr(),
        _ => false,
    }
}
