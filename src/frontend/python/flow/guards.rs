//! Guards: statements and expressions that test whether a variable is set, and what happens if it isn't.

use ruff_python_ast::CmpOp;
use ruff_python_ast::Expr;
use ruff_python_ast::Pattern;
use ruff_python_ast::PatternMatchAs as MatchAs;
use ruff_python_ast::PatternMatchSequence;
use ruff_python_ast::StmtMatch;

use super::state::End;
use super::state::fallback;
use super::state::join_values;
use super::value::Form;
use super::value::Value;
use super::walk::Walker;
use crate::frontend::facts::Fact;
use crate::frontend::facts::{Test, gather};
use crate::frontend::interface::Fallback;
use crate::frontend::python::entity::Entity;
use crate::frontend::python::span;
use crate::value::Constant;

impl<'a> Walker<'_, 'a> {
    /// `match` on the value of a read.
    pub(super) fn choice(&mut self, choice: &'a StmtMatch) -> End {
        let subject = self.eval(&choice.subject);
        if let Value::Access(Entity::Environ, view) = &subject {
            if choice.cases.iter().any(|case| matches!(case.pattern, Pattern::MatchMapping(_))) {
                self.records.understood.push(span(&*choice.subject));
            }
            for case in &choice.cases {
                self.mapping(view, &case.pattern);
            }
        }
        let (mut outcomes, mut ended, mut facts) = (Vec::new(), Vec::new(), Vec::new());
        for case in &choice.cases {
            let test = self.matched(&case.pattern, &subject);
            let under = [facts.clone(), test.yes.clone()].concat();
            let outcome = self.branch(&under, |walker| {
                walker.capture(&case.pattern, &subject);
                case.guard.iter().for_each(|guard| {
                    walker.test(guard);
                });
                walker.body(&case.body)
            });
            let is_guarded = case.guard.is_some();
            let no = if is_guarded { Test::all(vec![test, Test::unknown()]).no } else { test.no };
            ended.push((outcome.end, no.clone()));
            outcomes.push(outcome);
            gather(&mut facts, no);
        }
        if !choice.cases.iter().any(|case| is_open(&case.pattern) && case.guard.is_none()) {
            outcomes.push(self.branch(&facts, |_| End::Open));
        }
        self.state.join(&outcomes, &mut self.records);
        self.learn(&ended);
        outcomes.iter().map(|outcome| outcome.end).min().unwrap_or(End::Open)
    }

    /// What a pattern implies for its subject if it matches, and if it doesn't.
    fn matched(&mut self, pattern: &'a Pattern, subject: &Value<'a>) -> Test {
        match pattern {
            // `case _` looks at nothing and keeps nothing.
            Pattern::MatchAs(MatchAs { pattern: None, name: None, .. }) => {
                self.compared(subject);
                Test::default()
            }
            pattern if is_open(pattern) => Test::default(),
            pattern if asks_missing(pattern) => self.presence(subject).negated(),
            Pattern::MatchAs(MatchAs { pattern: Some(inner), .. }) => self.matched(inner, subject),
            Pattern::MatchOr(choice) => {
                let tests = choice.patterns.iter().map(|pattern| self.matched(pattern, subject));
                Test::any(tests.collect())
            }
            Pattern::MatchSequence(sequence) if parts(sequence, subject).is_some() => {
                let parts = parts(sequence, subject).unwrap_or_default();
                let asking = sequence.patterns.iter().zip(&parts).filter(|(pattern, _)| !is_open(pattern));
                let tests: Vec<Test> = asking.map(|(pattern, part)| self.matched(pattern, part)).collect();
                for part in &parts {
                    self.compared(part);
                }
                if tests.is_empty() { Test::default() } else { Test::all(tests) }
            }
            Pattern::MatchMapping(mapping) if matches!(subject, Value::Access(Entity::Environ, _)) => {
                let Value::Access(_, view) = subject else { return Test::unknown() };
                let names: Vec<(Value, _)> =
                    mapping.keys.iter().map(|key| (self.eval(key), span(key))).collect();
                let asked = names.into_iter().map(|(name, at)| self.membership(view, &name, at));
                let mut tests: Vec<Test> = asked.collect();
                if !mapping.patterns.iter().all(is_open) {
                    tests.push(Test::unknown());
                }
                Test::all(tests)
            }
            Pattern::MatchValue(value) => {
                self.compared(subject);
                let against = self.eval(&value.value);
                self.compared_with(CmpOp::Eq, subject, &against)
            }
            _ => {
                self.compared(subject);
                let names = self.asked(subject);
                let is_open = names.is_empty() || self.may_give(subject);
                if is_open { Test::unknown() } else { Test::all(vec![Test::of(&names), Test::unknown()]) }
            }
        }
    }

    /// `case {"x": value}` of the environment.
    pub(super) fn mapping(&mut self, view: &super::value::View, pattern: &'a Pattern) {
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

    pub(super) fn capture(&mut self, pattern: &'a Pattern, subject: &Value<'a>) {
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
                let parts = parts(sequence, subject).unwrap_or_default();
                for (at, inner) in sequence.patterns.iter().enumerate() {
                    self.capture(inner, parts.get(at).unwrap_or(&Value::Unknown));
                }
            }
            Pattern::MatchValue(value) => self.eat(&value.value),
            _ => {}
        }
    }

    /// The value of a function, from all its returns.
    pub(super) fn returned(&mut self, returns: &[(Vec<Fact>, Value<'a>)]) -> Value<'a> {
        let values: Vec<_> =
            returns.iter().map(|(facts, value)| (facts.as_slice(), Some(value.clone()))).collect();
        match join_values(&values, &mut self.records) {
            Some(Value::Read(reads, _)) => Value::Read(reads, Form::Direct),
            Some(value) => value,
            None => Value::known(Constant::None),
        }
    }

    /// The default, unless it is `None`.
    pub(super) fn explicit(default: Option<&Value<'a>>) -> Option<Fallback> {
        default.map(|value| match fallback(Some(value)) {
            Fallback::Absent => Fallback::Constant(Constant::None),
            fallback => fallback,
        })
    }
}

/// The elements that the parts of a pattern are matched with.
fn parts<'a>(sequence: &PatternMatchSequence, subject: &Value<'a>) -> Option<Vec<Value<'a>>> {
    let is_fixed = !sequence.patterns.iter().any(|pattern| matches!(pattern, Pattern::MatchStar(_)));
    subject.elements().filter(|parts| is_fixed && parts.len() == sequence.patterns.len())
}

/// Whether a pattern matches an unset variable.
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

/// Whether a pattern matches anything.
fn is_open(pattern: &Pattern) -> bool {
    matches!(pattern, Pattern::MatchAs(inner) if inner.pattern.is_none())
}
