//! Selections: what `filter` keeps, and the first of it, which `next` takes.

use std::rc::Rc;

use super::calls::Bytes;
use super::catches::Failure;
use super::state::fallback;
use super::value::{Form, Given, Value};
use super::walk::Walker;
use crate::frontend::facts::Test;
use crate::frontend::interface::Fallback;
use crate::value::Constant;

impl<'a> Walker<'_, 'a> {
    /// `filter(lambda n: n not in os.environ, ["a", "b"])`: the result says something about variables; without a
    /// function, what is true is kept.
    pub(super) fn filtered(&mut self, given: &Given<'a>, at: Bytes) -> Value<'a> {
        let is_truth = match given.positional.first() {
            Some(Value::Builtin("bool")) => true,
            first => first.and_then(Value::constant) == Some(Constant::None),
        };
        let elements = given.positional.get(1).and_then(Value::elements);
        let results = match &elements {
            Some(elements) if is_truth => Value::List(Rc::new(elements.clone())),
            _ => self.mapped(given, at),
        };
        let Value::List(results) = results else { return Value::Unknown };
        let tests = results.iter().map(|result| match result {
            Value::Read(..) => self.presence(result),
            Value::Told(test) => (**test).clone(),
            _ => Test::unknown(),
        });
        let test = Test::any(tests.collect());
        self.kept = elements.unwrap_or_default();
        if test.is_empty() { Value::Unknown } else { Value::Told(Rc::new(test)) }
    }

    /// `next(x for x in (os.getenv("a"), os.getenv("b")) if x)`: as `a or b`, but failing where there is none.
    pub(super) fn first(&mut self, given: &Given<'a>, at: Bytes) -> Value<'a> {
        let (Some(all), default) = (given.positional.first(), given.positional.get(1)) else {
            return self.unknown(given, at);
        };
        let test = match all {
            Value::Told(test) => test,
            Value::List(values) if !values.is_empty() => return values[0].clone(),
            _ => return self.unknown(given, at),
        };
        let kept: Option<Vec<&[usize]>> = self
            .kept
            .iter()
            .map(|value| match value {
                Value::Read(reads, _) => Some(&**reads),
                _ => None,
            })
            .collect();
        let reads: Rc<[usize]> = kept.unwrap_or_default().concat().into();
        if let (Some(default), Some((last, others))) = (default, reads.split_last()) {
            let found = fallback(Some(default));
            // The others give way to the last one first.
            let instead = if found == Fallback::Absent { &found } else { &Fallback::Computed };
            self.records.settle(others, instead);
            self.records.settle(&[*last], &found);
        }
        if default.is_none() {
            self.failure = Failure::Error("StopIteration");
            self.demand(&test.no, self.state.facts.len());
        }
        match default.map(Value::constant) {
            _ if !reads.is_empty() => Value::Read(reads, Form::Changed),
            Some(Some(Constant::None)) => Value::Told(test.clone()),
            _ => Value::Unknown,
        }
    }
}
