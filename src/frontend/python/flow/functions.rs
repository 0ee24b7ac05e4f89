//! Functions of the script: followed at their calls, with what is known of their arguments.

use std::rc::Rc;

use ruff_python_ast::AnyParameterRef;
use ruff_python_ast::Parameters;

use super::calls::Bytes;
use super::calls::Known;
use super::state::End;
use super::state::Frame;
use super::stores::is_optional;
use super::value::Code;
use super::value::Function;
use super::value::Given;
use super::value::Value;
use super::walk::Walker;
use crate::frontend::facts::{Fact, Test};
use crate::frontend::interface::Set;
use crate::frontend::python::semantic::fold;
use crate::frontend::python::span;
use crate::value::Constant;

/// Deepest call chain that is followed.
const MAX_CALLS: usize = 20;

/// Most facts kept of what a function returns.
const MAX_KEPT: usize = 100;

/// Most failures of a function kept for further calls.
const MAX_MISSED: usize = 100;

impl<'a> Walker<'_, 'a> {
    /// Evaluates defaults and annotations of parameters where the function is defined.
    pub(super) fn parameters(&mut self, parameters: &'a Parameters) {
        for parameter in parameters {
            if let Some(default) = parameter.default() {
                let value = self.eval(default);
                let annotated = parameter.annotation().is_some_and(is_optional);
                if let (Value::Read(reads, _), true) = (&value, annotated) {
                    for &read in &**reads {
                        self.records.reads[read].is_optional = true;
                    }
                }
                if matches!(value, Value::Access(..)) {
                    let value = self.named(default, value);
                    self.defaults.insert(span(default).start, value);
                } else {
                    self.consume(&value, span(default));
                    self.defaults.insert(span(default).start, value);
                }
            }
            parameter.annotation().into_iter().for_each(|annotation| self.eat(annotation));
        }
    }

    /// Follows a function that is called.
    pub(super) fn enter(&mut self, function: Function<'a>, given: Given<'a>, at: Bytes) -> Value<'a> {
        let id = function.code.id();
        for value in given.positional.iter().chain(given.named.iter().map(|(_, value)| value)) {
            if !matches!(value, Value::Access(..) | Value::Read(..)) {
                self.consume(value, at.clone());
            }
        }
        if self.active.contains(&id) || self.active.len() >= MAX_CALLS {
            return self.unknown(&given, at);
        }
        let known = self.known.get(&(id, function.class)).cloned();
        match known {
            Some(known) if !known.is_parametric || self.left == 0 => {
                for name in known.written {
                    self.state.write(&name, Set::Sure);
                }
                self.again_missed(known.missed, known.reads);
                self.ended = known.end == End::Exit;
                self.unknown(&given, at);
                known.value
            }
            known => {
                let is_again = known.is_some() || self.followed.contains(&id);
                self.again += usize::from(is_again);
                let value = self.follow(function, Some((given, at)));
                self.again -= usize::from(is_again);
                value
            }
        }
    }

    /// Follows the body of a function, with arguments if it is called.
    pub(super) fn follow(&mut self, function: Function<'a>, call: Option<(Given<'a>, Bytes)>) -> Value<'a> {
        let id = function.code.id();
        let is_called = call.is_some();
        let (given, at) = call.unwrap_or_default();
        let names = self.bound(function, given, is_called);
        let is_optional = match function.code {
            Code::Definition(definition) => definition.returns.as_deref().is_some_and(is_optional),
            Code::Lambda(_) => false,
        };
        let parent = self.state.place(function.home);
        let class = function.class;
        let place = (self.statement.clone(), self.place);
        let here = self.call.clone().unwrap_or((at, place.0.clone(), place.1));
        let outer = std::mem::replace(&mut self.call, is_called.then_some(here));
        let was_parametric = std::mem::take(&mut self.is_parametric);
        self.active.push(id);
        self.state.push(Frame { parent, names, class, is_optional, ..Frame::default() });
        let (missed, reads) = (self.missed.len(), self.records.reads.len());
        let mark = self.state.mark();
        let end = match function.code {
            Code::Definition(definition) => self.body(&definition.body),
            Code::Lambda(lambda) => {
                let value = self.eval(&lambda.body);
                self.give(value);
                End::Away
            }
        };
        self.rest();
        let frame = self.state.frames.pop().unwrap_or_default();
        self.active.pop();
        (self.statement, self.place) = place;
        self.call = outer;
        let mut returns = frame.returns;
        if end == End::Open {
            returns.push((Vec::new(), Value::known(Constant::None)));
        }
        self.statuses = statuses(&returns);
        let is_lambda = matches!(function.code, Code::Lambda(_));
        let value = if is_lambda {
            returns.pop().map_or(Value::Unknown, |(_, value)| value)
        } else {
            self.returned(&returns)
        };
        let end = if end == End::Exit && returns.is_empty() && !is_lambda { End::Exit } else { End::Open };
        let written = self.state.written_since(mark);
        let is_parametric = self.is_parametric;
        self.is_parametric |= was_parametric;
        // What isn't run tells nothing of the same function where it is.
        if self.dead == 0 && !self.unreached {
            let missed = self.missed.iter().skip(missed).take(MAX_MISSED).cloned().collect();
            let reads = reads..self.records.reads.len();
            let known = Known { value: value.clone(), end, is_parametric, written, missed, reads };
            self.known.insert((id, class), known);
            self.followed.insert(id);
        }
        self.ended = end == End::Exit;
        if is_called { value } else { Value::Unknown }
    }

    /// The parameters of a function with their values.
    pub(super) fn bound(
        &mut self,
        function: Function<'a>,
        given: Given<'a>,
        is_called: bool,
    ) -> std::collections::HashMap<&'a str, Value<'a>> {
        let mut names = std::collections::HashMap::new();
        let Some(parameters) = function.code.parameters() else { return names };
        let has_self = function.class.is_some() && !function.is_static;
        let is_command = self.commands.contains(&function.code.id());
        let mut positional = given.positional.into_iter();
        let mut by_names = given.named;
        for (at, parameter) in parameters.iter().enumerate() {
            let name = parameter.name().as_str();
            if at == 0 && has_self {
                let own =
                    if function.code.is_decorated("classmethod") { Value::Class } else { Value::Instance };
                names.insert(name, function.class.map_or(Value::Unknown, own));
                continue;
            }
            if is_command
                && !given.is_open
                && !parameter.is_variadic()
                && !by_names.iter().any(|(given, _)| *given == name)
                && positional.len() == 0
            {
                names.insert(name, self.option(name, span(parameter.as_parameter())));
                continue;
            }
            let by_name = by_names.iter().position(|(given, _)| *given == name);
            let value = match parameter {
                AnyParameterRef::Variadic(_) if given.is_open || !is_called => Some(Value::Unknown),
                AnyParameterRef::Variadic(_) if is_for_names(parameters, name) => {
                    let rest =
                        by_names.drain(..).map(|(name, value)| (Value::text(name.to_owned()), value.given()));
                    Some(Value::Dict(Rc::new(rest.collect())))
                }
                AnyParameterRef::Variadic(_) => {
                    Some(Value::List(Rc::new(positional.by_ref().map(Value::given).collect())))
                }
                AnyParameterRef::NonVariadic(_) => match by_name {
                    Some(at) => Some(by_names.remove(at).1.given()),
                    None => positional.next().map(Value::given),
                },
            };
            let default =
                || parameter.default().and_then(|default| self.defaults.get(&span(default).start).cloned());
            let value = match value {
                Some(value) => value,
                None if given.is_open && is_called => Value::Unknown,
                None => default().unwrap_or(Value::Unknown),
            };
            // Who calls what nobody calls here may give anything; the environment is still the environment.
            let value = if is_called || matches!(value, Value::Access(..)) { value } else { Value::Unknown };
            names.insert(name, value);
        }
        names
    }

    /// Something is returned.
    pub(super) fn give(&mut self, value: Value<'a>) {
        let Some(frame) = self.state.frames.last() else { return };
        let facts = short(self.state.facts.get(frame.facts..).unwrap_or_default());
        if let (Value::Read(reads, _), true) = (&value, frame.is_optional) {
            for &read in &**reads {
                self.records.reads[read].is_optional = true;
            }
        }
        if let Some(frame) = self.state.top() {
            frame.returns.push((facts, value));
        }
    }

    /// Follows the functions of a frame that nothing has called.
    pub(super) fn rest(&mut self) {
        while let Some(frame) = self.state.top().filter(|frame| !frame.functions.is_empty()) {
            // Those without parameters come first: they may call the others.
            let mut functions = std::mem::take(&mut frame.functions);
            functions.sort_by_key(Function::takes_values);
            for function in functions {
                let id = function.code.id();
                if self.followed.contains(&id) || self.active.contains(&id) || self.active.len() >= MAX_CALLS
                {
                    continue;
                }
                let heirs = function.class.map(|class| self.heirs(class)).unwrap_or_default();
                let is_run = !self.idle.contains(&id);
                if !function.class.is_some_and(|class| self.has_objects(class)) {
                    self.follow_alone(function, is_run && heirs.is_empty());
                }
                for heir in heirs.into_iter().filter(|heir| !self.has_objects(*heir)).collect::<Vec<_>>() {
                    self.follow_alone(Function { class: Some(heir), ..function }, is_run);
                }
            }
        }
    }

    /// Follows a function that nothing has called, which may never be run.
    fn follow_alone(&mut self, function: Function<'a>, is_run: bool) {
        let facts = std::mem::take(&mut self.state.facts);
        let outcome = self.branch_where(is_run, &[], |walker| {
            walker.follow(function, None);
            End::Open
        });
        let other = self.branch(&[], |_| End::Open);
        self.state.join(&[outcome, other], &mut self.records);
        self.state.facts = facts;
    }
}

/// A limited number of facts to keep, the newest if there are many.
fn short(facts: &[Fact]) -> Vec<Fact> {
    let left_out = facts.len().saturating_sub(MAX_KEPT);
    let unknown = Test::unknown().yes.into_iter().filter(|_| left_out > 0);
    unknown.chain(facts[left_out..].iter().cloned()).collect()
}

/// What is known where a function returns a failing exit status.
fn statuses(returns: &[(Vec<Fact>, Value)]) -> Vec<Vec<Fact>> {
    let is_failure = |value: &Value| value.constant().is_some_and(|constant| fold::truth(&constant));
    returns.iter().filter(|(_, value)| is_failure(value)).map(|(facts, _)| facts.clone()).collect()
}

/// Whether a parameter takes all keyword arguments and is the only one: `**names`.
fn is_for_names(parameters: &Parameters, name: &str) -> bool {
    parameters.kwarg.as_ref().is_some_and(|kwarg| kwarg.name.as_str() == name)
}
