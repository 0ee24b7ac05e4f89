//! Python's builtins: casts, and functions with known results.

use std::rc::Rc;

use ruff_python_ast::Expr;
use ruff_python_ast::ExprCall;

use super::calls::Bytes;
use super::environment::pairs;
use super::evaluate::base;
use super::value::Form;
use super::value::Given;
use super::value::Value;
use super::walk::Walker;
use crate::component::Type;
use crate::frontend::facts::Test;
use crate::frontend::python::entity::{self, Entity};
use crate::frontend::python::semantic::fold;
use crate::frontend::python::span;
use crate::value::Constant;

/// Functions that give the type of the read inside them.
const CASTS: &[(&str, Type)] = &[("int", Type::Integer), ("float", Type::Float), ("bool", Type::Boolean)];

/// Functions that preserve a list as far as its elements matter.
const KEEPING: &[&str] = &["list", "tuple", "set", "frozenset", "sorted", "reversed", "iter"];

impl<'a> Walker<'_, 'a> {
    pub(super) fn builtin(&self, function: &Expr) -> Option<&'static str> {
        const NAMES: &[&str] = &[
            "int",
            "float",
            "bool",
            "str",
            "bytes",
            "len",
            "isinstance",
            "any",
            "all",
            "map",
            "filter",
            "dict",
            "list",
            "tuple",
            "set",
            "frozenset",
            "sorted",
            "reversed",
            "iter",
            "zip",
            "enumerate",
            "getattr",
            "next",
            "object",
        ];
        let name = function.as_name_expr()?;
        let found = NAMES.iter().find(|known| **known == name.id.as_str())?;
        self.model.is_builtin(function, found).then_some(*found)
    }

    pub(super) fn of_builtin(&mut self, name: &'static str, call: &'a ExprCall, at: Bytes) -> Value<'a> {
        self.kept.clear();
        let given = self.arguments(call);
        self.ended = false;
        let sole = match given.positional.as_slice() {
            [value] if given.named.is_empty() && !given.is_open => Some(value.clone()),
            _ => None,
        };
        if KEEPING.contains(&name)
            && let Some(value) = &sole
        {
            self.need(value, "TypeError");
        }
        match (name, sole) {
            ("int" | "float" | "bool", Some(value)) => self.cast(name, &value, call),
            ("bool", None) => Value::Unknown,
            ("object", None) if given.positional.is_empty() => Value::Sentinel(at.start),
            ("str" | "bytes", Some(value @ Value::Read(..))) => self.text_of(value, at),
            ("str", Some(value)) => match value.constant() {
                Some(constant) => Value::made_of(Constant::Text(constant.text()), &[&value]),
                None => self.unknown(&given, at),
            },
            ("len", Some(value @ Value::Read(..))) => {
                self.need(&value, "TypeError");
                match value {
                    Value::Read(reads, _) => Value::Length(reads),
                    _ => Value::Unknown,
                }
            }
            ("len", Some(value)) if value.as_text().is_some() || matches!(value, Value::List(_)) => {
                let length = match &value {
                    Value::List(values) => values.len(),
                    text => text.as_text().map_or(0, |text| text.chars().count()),
                };
                self.consume(&value, at);
                Value::made_of(Constant::Int(i128::try_from(length).unwrap_or(0)), &[&value])
            }
            ("isinstance", _) => match given.positional.first() {
                Some(value @ Value::Read(..)) => {
                    let presence = self.presence(value);
                    let is_text = given.positional.get(1).is_some_and(names_text);
                    let no = if is_text { presence.no.clone() } else { Test::unknown().no };
                    Value::Told(Rc::new(Test { no, ..presence }))
                }
                _ => self.unknown(&given, at),
            },
            ("any" | "all", Some(Value::List(values))) => self.quantified(name, &values, call),
            ("any" | "len", Some(Value::Told(test))) => Value::Told(test),
            ("map", _) => self.mapped(&given, at),
            ("filter", _) => self.filtered(&given, at),
            ("next", _) => self.first(&given, at),
            ("dict", _) => self.dict_of(&given, at),
            ("zip", _) => zipped(&given).unwrap_or_else(|| self.unknown(&given, at)),
            ("enumerate", Some(value)) => match value.elements() {
                Some(values) => Value::List(Rc::new(
                    values
                        .into_iter()
                        .enumerate()
                        .map(|(at, value)| {
                            let index = Value::known(Constant::Int(i128::try_from(at).unwrap_or(0)));
                            Value::List(Rc::new(vec![index, value]))
                        })
                        .collect(),
                )),
                None => self.unknown(&given, at),
            },
            ("getattr", _) => {
                match (given.positional.first(), given.positional.get(1).and_then(Value::as_text)) {
                    (Some(Value::Class(class) | Value::Instance(class)), Some(name)) => {
                        self.state.classes[*class].get(name.as_str()).cloned().unwrap_or(Value::Unknown)
                    }
                    (Some(Value::Class(class) | Value::Instance(class)), None) => {
                        let key = given.positional.get(1).cloned().unwrap_or(Value::Unknown);
                        self.among_methods(*class, &key).unwrap_or_else(|| self.unknown(&given, at))
                    }
                    (Some(Value::Options), Some(name)) => self.option(&name, at),
                    (_, Some(name)) => {
                        self.attribute_of(call, &name).unwrap_or_else(|| self.unknown(&given, at))
                    }
                    _ => self.unknown(&given, at),
                }
            }
            ("set" | "frozenset" | "list", Some(Value::Access(Entity::Environ | Entity::Keys, view))) => {
                Value::Access(Entity::Keys, view)
            }
            (name, Some(value @ (Value::List(_) | Value::Told(_)))) if KEEPING.contains(&name) => value,
            (name, Some(value @ Value::Dict(_))) if KEEPING.contains(&name) => {
                Value::List(Rc::new(value.elements().unwrap_or_default()))
            }
            ("list" | "tuple" | "set" | "frozenset", None)
                if given.positional.is_empty() && !given.is_open =>
            {
                Value::List(Rc::default())
            }
            _ => self.unknown(&given, at),
        }
    }

    /// `getattr(os, "environ")` and the like.
    fn attribute_of(&self, call: &ExprCall, name: &str) -> Option<Value<'a>> {
        let paths = self.model.qualified(call.arguments.args.first()?);
        let found = paths.iter().find_map(|path| entity::at(&format!("{path}.{name}")))?;
        Some(Value::Access(found, base()))
    }

    /// `int(…)`, `float(…)`, `bool(…)`.
    pub(super) fn cast(&mut self, name: &str, value: &Value<'a>, call: &'a ExprCall) -> Value<'a> {
        let Value::Read(reads, form) = value else {
            if let ("bool", Value::Told(test)) = (name, value) {
                return Value::Told(test.clone());
            }
            self.consume(value, span(call));
            let folded = value.constant().and_then(|constant| fold::converted(name, &constant));
            return folded.map_or(Value::Unknown, |constant| Value::made_of(constant, &[value]));
        };
        if form.is_direct() || self.is_cast_given {
            let kind = CASTS.iter().find(|(known, _)| *known == name).map(|(_, kind)| kind.clone());
            for &read in &**reads {
                let cast = &mut self.records.reads[read].cast;
                *cast = cast.take().or_else(|| kind.clone());
            }
        }
        if name == "bool" {
            return Value::Told(Rc::new(self.presence(value)));
        }
        self.need(value, "TypeError");
        self.reject_arguments(
            &[format!("builtins.{name}")],
            &Given { positional: vec![value.clone()], ..Given::default() },
        );
        let default = self.sole_default(value).and_then(|default| fold::converted(name, &default));
        Value::Read(reads.clone(), Form::changed(default))
    }

    /// `str(…)` of a read, which is a text in any case.
    pub(super) fn text_of(&mut self, value: Value<'a>, at: Bytes) -> Value<'a> {
        self.consume(&value, at);
        let Value::Read(reads, _) = value else { return Value::Unknown };
        let has_value = reads.iter().all(|&read| {
            let record = &self.records.reads[read];
            record.fallback.is_some() || record.is_hard || self.state.facts.is_present(&record.name)
        });
        if has_value { Value::Read(reads, Form::Changed) } else { Value::Unknown }
    }

    pub(super) fn quantified(&mut self, name: &str, values: &[Value<'a>], call: &'a ExprCall) -> Value<'a> {
        let tests: Vec<Test> = values
            .iter()
            .map(|value| match value {
                Value::Read(..) => self.presence(value),
                Value::Told(test) => (**test).clone(),
                value => {
                    self.consume(value, span(call));
                    Test { outcome: value.constant().map(|value| fold::truth(&value)), ..Test::default() }
                }
            })
            .collect();
        let test = if name == "all" { Test::all(tests) } else { Test::any(tests) };
        if test.is_empty() { Value::Unknown } else { Value::Told(Rc::new(test)) }
    }

    /// `map(os.getenv, ["a", "b"])`.
    pub(super) fn mapped(&mut self, given: &Given<'a>, at: Bytes) -> Value<'a> {
        if let [Value::Builtin(kind), list @ Value::Parts(..)] = given.positional.as_slice() {
            let positional = vec![super::blocks::part_of(list)];
            self.reject_arguments(&[format!("builtins.{kind}")], &Given { positional, ..Given::default() });
        }
        let rows: Option<Vec<Vec<Value>>> =
            given.positional.iter().skip(1).map(|list| self.rows(list)).collect();
        let (Some(function), Some(rows)) = (given.positional.first().cloned(), rows) else {
            return self.unknown(given, at);
        };
        let is_function = matches!(function, Value::Access(..) | Value::Function(_) | Value::Partial(_));
        let length = rows.iter().map(Vec::len).min().unwrap_or(0);
        if !is_function || rows.is_empty() {
            return self.unknown(given, at);
        }
        let mut values = Vec::new();
        for index in 0..length {
            let positional = rows.iter().map(|row| row[index].clone()).collect();
            values.push(self.apply(&function, Given { positional, ..Given::default() }, at.clone()));
        }
        Value::List(Rc::new(values))
    }

    /// `dict(os.environ)`, `dict(a=1)`, `dict([("a", 1)])`.
    pub(super) fn dict_of(&mut self, given: &Given<'a>, at: Bytes) -> Value<'a> {
        let named = given.named.iter().map(|(name, value)| (Value::text((*name).to_owned()), value.clone()));
        let over: Vec<_> = named.collect();
        match given.positional.as_slice() {
            [] if !given.is_open => Value::Dict(Rc::new(over)),
            [Value::Access(Entity::Environ, view)] => {
                let copy = self.overlaid(view, &[], &over);
                self.watched(copy, at)
            }
            [value] if !given.is_open => match pairs(value) {
                Some(pairs) => Value::Dict(Rc::new(pairs.into_iter().chain(over).collect())),
                None => self.unknown(given, at),
            },
            _ => self.unknown(given, at),
        }
    }
}

/// Whether a type, or one of several, is text, as every variable is.
fn names_text(kind: &Value) -> bool {
    match kind {
        Value::Builtin(name) => *name == "str",
        Value::List(kinds) => kinds.iter().any(names_text),
        _ => false,
    }
}

pub(super) fn zipped<'a>(given: &Given<'a>) -> Option<Value<'a>> {
    let rows: Vec<Vec<Value>> = given.positional.iter().map(Value::elements).collect::<Option<_>>()?;
    let length = rows.iter().map(Vec::len).min()?;
    let row = |at: usize| Value::List(Rc::new(rows.iter().map(|row| row[at].clone()).collect()));
    Some(Value::List(Rc::new((0..length).map(row).collect())))
}
