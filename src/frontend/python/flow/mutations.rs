//! Mutations: methods that change a list, a set or a dict in place.

use std::rc::Rc;

use ruff_python_ast::{Expr, ExprCall};

use super::lists::MAX_PARTS;
use super::methods::of_dict;
use super::value::{Given, Value};
use super::walk::Walker;
use crate::frontend::python::span;

/// Methods that change which elements or keys there are.
pub(super) const CHANGING: &[&str] =
    &["clear", "discard", "extend", "insert", "pop", "popitem", "remove", "setdefault", "update"];

impl<'a> Walker<'_, 'a> {
    /// `names.extend(["a", "b"])`, `defaults.update(a=1)`: what comes of it is known, or not at all.
    pub(super) fn change(
        &mut self,
        old: &Value<'a>,
        name: &str,
        call: &'a ExprCall,
        given: &Given<'a>,
    ) -> Value<'a> {
        let values = given.positional.iter().chain(given.named.iter().map(|(_, value)| value));
        values.for_each(|value| self.consume(value, span(call)));
        let new = match old {
            // What a variable gave is still what the rest of the script asks about.
            old if holds_reads(old) => return Value::Unknown,
            Value::List(values) if ["extend", "update"].contains(&name) => extended(values, given),
            Value::Dict(pairs) if name == "update" => updated(pairs, given),
            Value::Dict(pairs) if name == "pop" => without(pairs, given),
            _ => None,
        };
        let receiver = call.func.as_attribute_expr().map(|function| &*function.value);
        if let Some(receiver @ (Expr::Name(_) | Expr::Attribute(_))) = receiver {
            self.bind(receiver, &new.unwrap_or(Value::Unknown));
        }
        match old {
            Value::Dict(pairs) if name == "pop" => of_dict(pairs, "get", given),
            _ => Value::Unknown,
        }
    }
}

fn holds_reads(value: &Value) -> bool {
    let is_read = |value: &Value| matches!(value, Value::Read(..) | Value::Told(_));
    match value {
        Value::List(values) => values.iter().any(is_read),
        Value::Dict(pairs) => pairs.iter().any(|(_, value)| is_read(value)),
        _ => false,
    }
}

/// A dict that has lost a key.
fn without<'a>(pairs: &[(Value<'a>, Value<'a>)], given: &Given<'a>) -> Option<Value<'a>> {
    let key = given.positional.first().filter(|key| key.constant().is_some())?;
    let rest = pairs.iter().filter(|(known, _)| !known.is_same(key));
    Some(Value::Dict(Rc::new(rest.cloned().collect())))
}

fn extended<'a>(values: &[Value<'a>], given: &Given<'a>) -> Option<Value<'a>> {
    let more: Vec<Vec<Value>> = given.positional.iter().map(Value::elements).collect::<Option<_>>()?;
    let all = [values.to_vec(), more.concat()].concat();
    (!given.is_open && all.len() <= MAX_PARTS).then(|| Value::List(Rc::new(all)))
}

fn updated<'a>(pairs: &[(Value<'a>, Value<'a>)], given: &Given<'a>) -> Option<Value<'a>> {
    let more: Vec<_> = given.positional.iter().map(super::environment::pairs).collect::<Option<_>>()?;
    let named = given.named.iter().map(|(name, value)| (Value::text((*name).to_owned()), value.clone()));
    let mut all = pairs.to_vec();
    for (key, value) in more.concat().into_iter().chain(named) {
        all.retain(|(known, _)| !known.is_same(&key));
        all.push((key, value));
    }
    (!given.is_open && all.len() <= MAX_PARTS).then(|| Value::Dict(Rc::new(all)))
}
