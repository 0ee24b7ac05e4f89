//! Dispatch: one of several functions, chosen by the value of a variable: `TASKS[mode]()`.

use std::rc::Rc;

use ruff_python_ast::CmpOp;

use super::calls::Bytes;
use super::state::End;
use super::value::{Choice, Function, Given, Value};
use super::walk::Walker;

impl<'a> Walker<'_, 'a> {
    /// What a read chooses of a dict with functions in it.
    pub(super) fn among(key: &Value<'a>, pairs: &[(Value<'a>, Value<'a>)]) -> Option<Value<'a>> {
        let is_choice = matches!(key, Value::Read(..)) && pairs.iter().any(|(_, value)| is_callable(value));
        let pairs = pairs.to_vec();
        is_choice.then(|| Value::Among(Rc::new(Choice { read: key.clone(), pairs })))
    }

    /// `getattr(tasks, name)` where a read is the name.
    pub(super) fn among_methods(&self, class: usize, key: &Value<'a>) -> Option<Value<'a>> {
        let mut pairs: Vec<_> = self.state.classes[class]
            .iter()
            .filter(|(name, value)| !name.starts_with('_') && is_callable(value))
            .map(|(name, value)| (Value::text((*name).to_owned()), bound(value, class)))
            .collect();
        pairs.sort_by_key(|(name, _)| name.as_text());
        Self::among(key, &pairs)
    }

    /// Calls whichever is chosen: each only where its key is given.
    pub(super) fn apply_among(&mut self, choice: &Choice<'a>, given: &Given<'a>, at: &Bytes) -> Value<'a> {
        let (mut outcomes, mut pairs) = (Vec::new(), Vec::new());
        for (key, function) in &choice.pairs {
            let test = self.compared_with(CmpOp::Eq, &choice.read, key);
            outcomes.push(self.branch(&test.yes, |walker| {
                walker.ended = false;
                let value = walker.apply(function, given.clone(), at.clone());
                walker.consume_quietly(&value);
                pairs.push((key.clone(), value));
                if walker.ended { End::Exit } else { End::Open }
            }));
        }
        self.ended = outcomes.iter().all(|outcome| outcome.end == End::Exit);
        self.state.join(&outcomes, &mut self.records);
        let is_kept =
            pairs.iter().any(|(_, value)| matches!(value, Value::Instance(_)) || is_callable(value));
        let read = choice.read.clone();
        if is_kept { Value::Among(Rc::new(Choice { read, pairs })) } else { Value::Unknown }
    }

    /// A method of whichever is chosen.
    pub(super) fn method_among(&self, choice: &Choice<'a>, name: &str) -> Value<'a> {
        let method = |value: &Value<'a>| match value {
            Value::Class(class) | Value::Instance(class) => {
                let found = self.state.classes[*class].get(name);
                found.map_or(Value::Unknown, |found| bound(found, *class))
            }
            _ => Value::Unknown,
        };
        let pairs = choice.pairs.iter().map(|(key, value)| (key.clone(), method(value))).collect();
        Value::Among(Rc::new(Choice { read: choice.read.clone(), pairs }))
    }
}

/// A function found in a class, as a method of its own.
pub(super) fn bound<'a>(value: &Value<'a>, class: usize) -> Value<'a> {
    match value {
        Value::Function(function) if function.class.is_some() => {
            Value::Function(Function { class: Some(class), ..*function })
        }
        value => value.clone(),
    }
}

fn is_callable(value: &Value) -> bool {
    matches!(value, Value::Function(_) | Value::Class(_) | Value::Partial(_))
}
