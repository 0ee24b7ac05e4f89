//! Guards: statements and expressions that ask whether a variable is set, and what is done if it isn't.

use ruff_python_ast::ExceptHandler;
use ruff_python_ast::ExceptHandlerExceptHandler;
use ruff_python_ast::Expr;
use ruff_python_ast::Pattern;
use ruff_python_ast::Stmt;
use ruff_python_ast::StmtMatch;
use ruff_python_ast::StmtTry;
use ruff_python_ast::StmtWith;

use super::state::End;
use super::state::Outcome;
use super::state::fallback;
use super::state::join_values;
use super::value::Value;
use super::walk::Walker;
use crate::frontend::facts::Fact;
use crate::frontend::facts::Test;
use crate::frontend::facts::as_option;
use crate::frontend::interface::Fallback;
use crate::frontend::python::entity::Entity;
use crate::frontend::python::last_name;
use crate::frontend::python::span;
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
                let name = last_name(kind).unwrap_or_default();
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
            let facts = if caught.is_empty() { Test::unknown().yes } else { self.missing(&caught) };
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
            bytes.contains(&record.inner)
                && as_option(&record.name).is_none()
                && !record.is_guarded
                && catch.catches(record.is_hard)
        };
        reads.filter(is_caught).collect()
    }

    pub(super) fn missing(&self, reads: &[usize]) -> Vec<Fact> {
        let mut names: Vec<&String> = reads.iter().map(|&read| &self.records.reads[read].name).collect();
        names.sort();
        names.dedup();
        let is_any = names.len() > 1;
        names
            .into_iter()
            .map(|name| Fact { name: name.clone(), is_set: false, is_any, is_made: false })
            .collect()
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
                facts = Test::of_either(&names).no;
                self.records.tested.extend(names.iter().cloned());
                is_taken = true;
            } else if is_taken || !is_open(&case.pattern) {
                let is_open = names.is_empty() || self.may_give(&subject);
                facts = if is_open { Test::unknown() } else { Test::of(&names) }.yes;
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
                sequence.patterns.iter().for_each(|inner| self.capture(inner, &Value::Unknown));
            }
            Pattern::MatchValue(value) => self.eat(&value.value),
            _ => {}
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
