//! Catches: failures within `try` and `with suppress(…)` that the program survives.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use ruff_python_ast::{
    ExceptHandler, ExceptHandlerExceptHandler, Expr, ExprCall, StmtClassDef, StmtRaise, StmtTry, StmtWith,
};

use super::state::{End, Outcome};
use super::value::Value;
use super::walk::Walker;
use crate::frontend::facts::{Fact, Test, as_option, is_sure};
use crate::frontend::interface::Action;
use crate::frontend::python::last_name;

/// Python's own errors with a base class other than `Exception`, and that class.
const KINDS: &[(&str, &str)] = &[
    ("BlockingIOError", "OSError"),
    ("BrokenPipeError", "ConnectionError"),
    ("ConnectionError", "OSError"),
    ("ConnectionRefusedError", "ConnectionError"),
    ("EnvironmentError", "OSError"),
    ("Exception", "BaseException"),
    ("FileExistsError", "OSError"),
    ("FileNotFoundError", "OSError"),
    ("FloatingPointError", "ArithmeticError"),
    ("GeneratorExit", "BaseException"),
    ("IOError", "OSError"),
    ("IndexError", "LookupError"),
    ("InvalidOperation", "ArithmeticError"),
    ("IsADirectoryError", "OSError"),
    ("JSONDecodeError", "ValueError"),
    ("KeyError", "LookupError"),
    ("KeyboardInterrupt", "BaseException"),
    ("ModuleNotFoundError", "ImportError"),
    ("NotADirectoryError", "OSError"),
    ("NotImplementedError", "RuntimeError"),
    ("OverflowError", "ArithmeticError"),
    ("PermissionError", "OSError"),
    ("RecursionError", "RuntimeError"),
    ("SystemExit", "BaseException"),
    ("TimeoutError", "OSError"),
    ("UnboundLocalError", "NameError"),
    ("UnicodeDecodeError", "UnicodeError"),
    ("UnicodeEncodeError", "UnicodeError"),
    ("UnicodeError", "ValueError"),
    ("ZeroDivisionError", "ArithmeticError"),
];

/// The error of a variable that isn't set.
const MISSING: &str = "KeyError";

/// Errors of using `None`.
const OF_NONE: &[&str] = &["TypeError", "AttributeError"];

/// Longest chain of base classes that is followed.
const MAX_KINDS: usize = 20;

/// Most facts, and variables missing in a handler, that are compared with each other.
const MAX_ALIKE: usize = 1000;

/// How a program ends before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure<'a> {
    /// An error of a kind is raised.
    Error(&'a str),
    /// A caught error is raised again.
    Again,
    /// The process exits, which nothing catches.
    Kill,
}

/// A failure, and the variables whose absence causes it.
pub(super) type Missed<'a> = (Failure<'a>, Vec<String>);

/// The reads within a `try`.
struct Within {
    reads: Vec<usize>,
    /// Reads whose values are used in a way that fails without one, with the error; they may precede the
    /// `try`.
    tried: BTreeMap<usize, &'static str>,
    /// Reads caught by an inner handler.
    settled: HashSet<usize>,
}

/// A handler being walked.
pub(super) struct Handler<'a> {
    /// The name that it gives to the error.
    name: Option<&'a str>,
    /// The variables missing where it catches something, and the error.
    missed: Vec<(String, Failure<'a>)>,
}

/// What a handler catches.
#[derive(Debug, Clone)]
pub(super) struct Catch<'a> {
    /// The error classes; none means all.
    kinds: Option<Vec<&'a str>>,
    /// The variables missing where it catches an error of the script's own, and that error.
    missed: Vec<(String, Failure<'a>)>,
}

impl<'a> Catch<'a> {
    fn of(kinds: impl IntoIterator<Item = &'a Expr>) -> Self {
        let names = kinds.into_iter().flat_map(|kind| match kind {
            Expr::Tuple(kinds) => &kinds.elts[..],
            kind => std::slice::from_ref(kind),
        });
        Self { kinds: Some(names.filter_map(last_name).collect()), missed: Vec::new() }
    }

    fn handler(handler: &'a ExceptHandlerExceptHandler) -> Self {
        match handler.type_.as_deref() {
            None => Self { kinds: None, missed: Vec::new() },
            Some(kind) => Self::of([kind]),
        }
    }
}

impl<'a> Walker<'_, 'a> {
    /// Records the base class of an error class.
    pub(super) fn derive(&mut self, class: &'a StmtClassDef) {
        let bases = class.arguments.iter().flat_map(|arguments| &arguments.args);
        let bases: Vec<&str> = bases.filter_map(last_name).collect();
        if !bases.is_empty() {
            self.kinds.insert(class.name.as_str(), bases);
        }
    }

    /// Follows a `raise`; alone, or with the name of the caught error, it raises that again.
    pub(super) fn raise(&mut self, raise: &'a StmtRaise) {
        let raised =
            raise.exc.as_deref().map(|raised| raised.as_call_expr().map_or(raised, |call| &*call.func));
        let caught = self.handlers.last().and_then(|handler| handler.name);
        match raised.map(last_name) {
            None => self.failure = Failure::Again,
            Some(Some(name)) if Some(name) == caught => self.failure = Failure::Again,
            Some(Some(kind)) => self.failure = Failure::Error(kind),
            Some(None) => {}
        }
        if self.ends.is_leaving(raise)
            && let Some(Expr::Call(call)) = raise.exc.as_deref()
        {
            self.leave(call);
        }
    }

    /// `sys.exit(main())`: the returned value is the exit status.
    pub(super) fn leave(&mut self, call: &'a ExprCall) {
        if call.arguments.args.first().is_some_and(Expr::is_call_expr) {
            for facts in std::mem::take(&mut self.statuses) {
                self.demand(&facts, self.state.facts.len());
            }
        }
    }

    /// The program fails without each of these variables: required, unless something catches the failure.
    pub(super) fn miss(&mut self, mut names: Vec<String>) {
        names.retain(|name| !self.records.demanded.contains(name));
        if names.is_empty() {
            return;
        }
        let mut rest = names;
        while let Some(name) = rest.first() {
            let failure = self.failure_of(name);
            let (names, others) = rest.into_iter().partition(|name| self.failure_of(name) == failure);
            rest = others;
            self.miss_by(failure, names);
        }
    }

    /// The failure caused by a missing variable, if it ends the program here.
    pub(super) fn failure_of(&self, name: &str) -> Failure<'a> {
        if self.failure != Failure::Again {
            return self.failure;
        }
        let missed = self.handlers.last().into_iter().flat_map(|handler| &handler.missed);
        missed.into_iter().find(|(missed, _)| missed == name).map_or(Failure::Error("Exception"), |it| it.1)
    }

    fn miss_by(&mut self, failure: Failure<'a>, names: Vec<String>) {
        self.missed.push((failure, names.clone()));
        let place = self.catching(failure);
        if let Some(catch) = place.and_then(|(around, at)| self.catches.get_mut(around)?.get_mut(at)) {
            catch.missed.extend(names.into_iter().map(|name| (name, failure)));
            return;
        }
        // What nobody calls here may never be run.
        let is_final = self.call.is_some() || self.active.is_empty();
        for name in names {
            self.note(name, Action::Demand { is_final }, self.place..self.place);
        }
    }

    /// Whether a failure under the negation of the first facts would be caught here as well.
    pub(super) fn is_caught_alike(&self, facts: &[Fact], known: usize) -> bool {
        let failure = facts.first().map(|fact| self.failure_of(&fact.name));
        let Some((around, at)) = failure.and_then(|failure| self.catching(failure)) else { return false };
        let missed = &self.catches[around][at].missed;
        let doubtful = self.state.facts.doubtful(known);
        if doubtful.len().max(missed.len()) > MAX_ALIKE {
            return false;
        }
        let missed: HashSet<&str> = missed.iter().map(|(name, _)| name.as_str()).collect();
        doubtful.iter().all(|fact| is_sure(fact, |name| missed.contains(name)))
    }

    /// Follows another call of a function: its failures may be caught here and not there, or the other way
    /// round.
    pub(super) fn again_missed(&mut self, missed: Vec<Missed<'a>>, reads: Range<usize>) {
        for (failure, names) in missed {
            self.failure = failure;
            let facts = missing(names);
            self.demand(&facts, self.state.facts.len());
        }
        let tolerated = self.records.tolerated.iter().copied().filter(|read| reads.contains(read));
        let is_caught =
            |read: &usize| self.catches.iter().flatten().any(|catch| self.is_caught(catch, *read, None));
        let uncaught: Vec<usize> = tolerated.filter(|read| !is_caught(read)).collect();
        for read in uncaught {
            self.records.tolerated.remove(&read);
        }
    }

    /// The innermost `try` that catches a failure here, and the first handler that does.
    pub(super) fn catching(&self, failure: Failure) -> Option<(usize, usize)> {
        let Failure::Error(kind) = failure else { return None };
        let around = self.catches.iter().enumerate().rev();
        around.into_iter().find_map(|(around, handlers)| {
            Some((around, handlers.iter().position(|catch| catches(catch, kind, &self.kinds))?))
        })
    }

    /// Walks `try … except`: variables whose failure is caught are optional.
    pub(super) fn attempt(&mut self, attempt: &'a StmtTry) -> End {
        let handlers = attempt.handlers.iter().map(|ExceptHandler::ExceptHandler(handler)| handler);
        let handlers: Vec<&ExceptHandlerExceptHandler> = handlers.collect();
        let before = self.reads_so_far();
        self.catches.push(handlers.iter().map(|handler| Catch::handler(handler)).collect());
        let mut tried = Vec::new();
        let mut outcomes = vec![self.branch(&[], |walker| {
            let end = walker.body(&attempt.body);
            tried = walker.catches.pop().unwrap_or_default();
            if end == End::Open { walker.body(&attempt.orelse) } else { end }
        })];
        let within = self.reads_since(before);
        for (handler, catch) in handlers.into_iter().zip(&tried) {
            handler.type_.iter().for_each(|kind| self.eat(kind));
            let name = handler.name.as_deref();
            let outcome = self.caught(catch, name, &within, |walker| {
                if let Some(name) = &handler.name {
                    walker.state.assign(name, Some(Value::Unknown));
                    walker.kinds.extend(catch.kinds.clone().map(|kinds| (name.as_str(), kinds)));
                }
                walker.body(&handler.body)
            });
            outcomes.push(outcome);
        }
        self.state.join(&outcomes, &mut self.records);
        self.body(&attempt.finalbody);
        outcomes.iter().map(|outcome| outcome.end).min().unwrap_or(End::Open)
    }

    /// `with suppress(KeyError)` is `try … except KeyError: pass`.
    pub(super) fn with(&mut self, with: &'a StmtWith) -> End {
        let (mut catch, mut patched) = (None, Vec::new());
        for item in &with.items {
            if let Expr::Call(call) = &item.context_expr
                && self.model.may_be(&call.func, "contextlib.suppress")
            {
                catch = Some(Catch::of(&call.arguments.args));
            }
            match self.patched(&item.context_expr) {
                Some(names) => patched.extend(names),
                None => self.eat(&item.context_expr),
            }
            if let Some(target) = &item.optional_vars {
                self.bind(target, &Value::Unknown);
            }
        }
        let Some(catch) = catch else {
            let end = self.body(&with.body);
            for (name, set) in &patched {
                self.state.write(name, *set);
            }
            return end;
        };
        let before = self.reads_so_far();
        self.catches.push(vec![catch]);
        let outcome = self.branch(&[], |walker| walker.body(&with.body));
        let within = self.reads_since(before);
        let tried = self.catches.pop().unwrap_or_default();
        let others = tried.iter().map(|catch| self.caught(catch, None, &within, |_| End::Open));
        let outcomes: Vec<Outcome> = std::iter::once(outcome).chain(others.collect::<Vec<_>>()).collect();
        self.state.join(&outcomes, &mut self.records);
        End::Open
    }

    /// The number of reads, of those whose values were tried, and of those caught.
    fn reads_so_far(&self) -> [usize; 3] {
        [self.records.reads.len(), self.records.tried.len(), self.records.settled.len()]
    }

    /// The reads since then, and what happened to them.
    fn reads_since(&self, [reads, tried, settled]: [usize; 3]) -> Within {
        let settled = self.records.settled.iter().skip(settled).copied().collect();
        let tried: BTreeMap<usize, &str> = self.records.tried.iter().skip(tried).copied().collect();
        let before = tried.range(..reads).map(|(read, _)| *read);
        Within { reads: before.chain(reads..self.records.reads.len()).collect(), tried, settled }
    }

    /// Walks a handler.
    fn caught(
        &mut self,
        catch: &Catch<'a>,
        name: Option<&'a str>,
        within: &Within,
        walk: impl FnOnce(&mut Self) -> End,
    ) -> Outcome<'a> {
        // What is caught further in comes here only if it is raised again.
        let comes_here = |read: &usize| !within.settled.contains(read) || self.is_missed(catch, *read);
        let reads = within.reads.iter().copied().filter(comes_here);
        let caught: Vec<usize> =
            reads.filter(|read| self.is_caught(catch, *read, within.tried.get(read).copied())).collect();
        // What gives `None` fails only where something is done to that.
        let failing = caught.iter().filter_map(|read| {
            let record = &self.records.reads[*read];
            let error = if record.fails() { MISSING } else { within.tried.get(read)? };
            Some((record.name.clone(), Failure::Error(error)))
        });
        let missed: Vec<(String, Failure)> = failing.chain(catch.missed.iter().cloned()).collect();
        let facts = missing(missed.iter().map(|(name, _)| name.clone()).collect());
        self.records.caught.extend(&caught);
        self.records.settled.extend(&caught);
        let facts = if facts.is_empty() { Test::unknown().yes } else { facts };
        self.handlers.push(Handler { name, missed });
        let outcome = self.branch(&facts, walk);
        self.handlers.pop();
        if outcome.end != End::Exit {
            self.records.tolerated.extend(caught);
        }
        outcome
    }

    /// Whether a handler catches an error that the script raises itself if a variable is missing.
    fn is_missed(&self, catch: &Catch, read: usize) -> bool {
        catch.missed.iter().any(|(missed, _)| *missed == self.records.reads[read].name)
    }

    /// Whether a handler catches the failure of a read, or the error of using its value, if known.
    fn is_caught(&self, catch: &Catch, read: usize, error: Option<&str>) -> bool {
        let record = &self.records.reads[read];
        let is_one = |errors: &[&str]| errors.iter().any(|kind| catches(catch, kind, &self.kinds));
        let fails = match error {
            _ if record.fails() => is_one(&[MISSING]),
            Some(error) => is_one(&[error]),
            None => is_one(OF_NONE),
        };
        let is_missed = self.records.caught.contains(&read) && self.is_missed(catch, read);
        // What the program has ended without doesn't come here.
        let is_there = self.records.demanded.contains(&record.name);
        as_option(&record.name).is_none() && !record.is_guarded && (is_missed || !is_there && fails)
    }
}

/// Whether a handler catches an error class.
fn catches(catch: &Catch, kind: &str, kinds: &HashMap<&str, Vec<&str>>) -> bool {
    catch.kinds.as_deref().is_none_or(|caught| is_kind(kind, caught, kinds))
}

/// Whether an error class derives from one of some classes.
fn is_kind(kind: &str, caught: &[&str], kinds: &HashMap<&str, Vec<&str>>) -> bool {
    let mut waiting = vec![kind];
    for _ in 0..MAX_KINDS {
        let Some(kind) = waiting.pop() else { return false };
        if caught.contains(&kind) {
            return true;
        }
        match (kinds.get(kind), KINDS.iter().find(|(own, _)| *own == kind)) {
            (Some(bases), _) => waiting.extend(bases),
            (None, Some((_, base))) => waiting.push(base),
            (None, None) if kind != "BaseException" => waiting.push("Exception"),
            (None, None) => {}
        }
    }
    false
}

/// Facts: each of some variables is unset, or one of several.
pub(super) fn missing(mut names: Vec<String>) -> Vec<Fact> {
    names.sort();
    names.dedup();
    let is_any = names.len() > 1;
    names.into_iter().map(|name| Fact { name, is_set: false, is_any, is_made: false }).collect()
}
