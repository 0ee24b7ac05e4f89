//! Calls: of what reads and writes the environment, of Python's own functions, and of the script's.

use std::rc::Rc;

use ruff_python_ast::{AnyParameterRef, Expr, ExprCall, Parameters};

use super::facts::{Fact, Test};
use super::records::{Record, Use, is_present};
use super::state::{End, Frame};
use super::stores::is_optional;
use super::value::{Code, Function, Given, Value, View};
use super::walk::Walker;
use crate::component::Type;
use crate::diagnostic::Diagnostic;
use crate::frontend::interface::{Action, Fallback, Set};
use crate::frontend::python::entity::Entity;
use crate::frontend::python::semantic::{fold, texts};
use crate::frontend::python::span;
use crate::value::Constant;

type Bytes = std::ops::Range<usize>;

/// Functions that tell the type of a read which they are around.
const CASTS: &[(&str, Type)] = &[("int", Type::Integer), ("float", Type::Float), ("bool", Type::Boolean)];

/// Deepest row of calls that is followed.
const MAX_CALLS: usize = 20;

/// Most variables that one text names.
const MAX_EXPANDED: usize = 100;

/// Calls that start other programs.
const STARTERS: &[&str] =
    &["subprocess.", "os.exec", "os.spawn", "os.posix_spawn", "asyncio.create_subprocess"];

/// Functions that keep a list what it is, as far as its elements count.
const KEEPING: &[&str] = &["list", "tuple", "set", "frozenset", "sorted", "reversed", "iter"];

/// What is known of a function that was followed.
#[derive(Debug, Clone)]
pub(super) struct Known<'a> {
    value: Value<'a>,
    end: End,
    /// Whether its arguments tell names of variables.
    is_parametric: bool,
    /// What it surely writes.
    written: Vec<String>,
}

impl<'a> Walker<'_, 'a> {
    pub(super) fn call(&mut self, call: &'a ExprCall, expression: &'a Expr) -> Value<'a> {
        let value = self.called(call, expression);
        self.ended |= self.ends.is_exit(expression);
        value
    }

    fn called(&mut self, call: &'a ExprCall, expression: &'a Expr) -> Value<'a> {
        let at = span(expression);
        if let Some(kind) = self.builtin(&call.func) {
            return self.of_builtin(kind, call, at);
        }
        let function = match &*call.func {
            Expr::Attribute(attribute) if self.entities.of(&call.func).is_none() => {
                let object = self.eval(&attribute.value);
                match self.method(&object, attribute.attr.as_str(), call, &at) {
                    Ok(value) => return value,
                    Err(function) => function,
                }
            }
            function => self.eval(function),
        };
        let paths = self.qualified(&call.func);
        let given = self.arguments(call);
        self.ended = false;
        self.watch_children(&paths, &given, at.start);
        if let Some(value) = self.of_library(&paths, &given, &at) {
            return value;
        }
        self.apply(&function, given, at)
    }

    fn qualified(&self, function: &Expr) -> Vec<String> {
        if matches!(function, Expr::Name(_) | Expr::Attribute(_)) {
            self.model.qualified(function)
        } else {
            Vec::new()
        }
    }

    fn builtin(&self, function: &Expr) -> Option<&'static str> {
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
        ];
        let name = function.as_name_expr()?;
        let found = NAMES.iter().find(|known| **known == name.id.as_str())?;
        self.model.is_builtin(function, found).then_some(*found)
    }

    fn of_builtin(&mut self, name: &'static str, call: &'a ExprCall, at: Bytes) -> Value<'a> {
        let given = self.arguments(call);
        self.ended = false;
        let sole = match given.positional.as_slice() {
            [value] if given.named.is_empty() && !given.is_open => Some(value.clone()),
            _ => None,
        };
        match (name, sole) {
            ("int" | "float" | "bool", Some(value)) => self.cast(name, value, call),
            ("bool", None) => Value::Unknown,
            ("str" | "bytes", Some(value @ Value::Read(..))) => self.text_of(value, at),
            ("str", Some(value)) => match value.constant() {
                Some(constant) => Value::made_of(Constant::Text(constant.text()), &[&value]),
                None => self.unknown(&given, at),
            },
            ("len", Some(Value::Read(reads, _))) => Value::Read(reads, false),
            ("len", Some(Value::Told(test))) => Value::Told(test),
            ("isinstance", _) => match given.positional.first() {
                Some(value @ Value::Read(..)) => {
                    let names = self.asked(value);
                    self.records.tested.extend(names.iter().cloned());
                    Value::Told(Rc::new(Test { no: Vec::new(), ..Test::of(&names) }))
                }
                _ => self.unknown(&given, at),
            },
            ("any" | "all", Some(Value::List(values))) => self.quantified(name, &values, call),
            ("any", Some(Value::Told(test))) => Value::Told(test),
            ("map", _) => self.mapped(given, at),
            ("dict", _) => self.dict_of(given, at),
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
                    _ => self.unknown(&given, at),
                }
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

    fn unknown(&mut self, given: &Given<'a>, at: Bytes) -> Value<'a> {
        for value in given.positional.iter().chain(given.named.iter().map(|(_, value)| value)) {
            self.consume(value, at.clone());
        }
        Value::Unknown
    }

    /// `int(…)`, `float(…)`, `bool(…)`.
    fn cast(&mut self, name: &str, value: Value<'a>, call: &'a ExprCall) -> Value<'a> {
        let Value::Read(reads, is_direct) = &value else {
            if name == "bool" {
                if let Value::Told(test) = value {
                    return Value::Told(test);
                }
            }
            self.consume(&value, span(call));
            let folded = value.constant().and_then(|constant| fold::converted(name, &constant));
            return folded.map_or(Value::Unknown, |constant| Value::made_of(constant, &[&value]));
        };
        if *is_direct {
            let kind = CASTS.iter().find(|(known, _)| *known == name).map(|(_, kind)| kind.clone());
            for &read in &**reads {
                let cast = &mut self.records.reads[read].cast;
                *cast = cast.take().or_else(|| kind.clone());
            }
        }
        if name == "bool" {
            let names = self.asked(&value);
            let test = Test::of(&names);
            self.records.tested.extend(names);
            return Value::Told(Rc::new(test));
        }
        self.need(&value);
        Value::Read(reads.clone(), false)
    }

    /// `str(…)` of a read, which is a text whatever it is.
    fn text_of(&mut self, value: Value<'a>, at: Bytes) -> Value<'a> {
        self.consume(&value, at);
        let Value::Read(reads, _) = value else { return Value::Unknown };
        let has_value = reads.iter().all(|&read| {
            let record = &self.records.reads[read];
            record.fallback.is_some() || record.is_hard || is_present(&self.state.facts, &record.name)
        });
        if has_value { Value::Read(reads, false) } else { Value::Unknown }
    }

    fn quantified(&mut self, name: &str, values: &[Value<'a>], call: &'a ExprCall) -> Value<'a> {
        let tests: Vec<Test> = values
            .iter()
            .map(|value| match value {
                Value::Read(..) => {
                    let names = self.asked(value);
                    self.records.tested.extend(names.iter().cloned());
                    Test::of(&names)
                }
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
    fn mapped(&mut self, given: Given<'a>, at: Bytes) -> Value<'a> {
        let rows: Option<Vec<Vec<Value>>> =
            given.positional.iter().skip(1).map(|list| self.rows(list)).collect();
        let (Some(function), Some(rows)) = (given.positional.first().cloned(), rows) else {
            return self.unknown(&given, at);
        };
        let is_function = matches!(function, Value::Access(..) | Value::Function(_) | Value::Partial(_));
        let length = rows.iter().map(Vec::len).min().unwrap_or(0);
        if !is_function || rows.is_empty() {
            return self.unknown(&given, at);
        }
        let mut values = Vec::new();
        for index in 0..length {
            let positional = rows.iter().map(|row| row[index].clone()).collect();
            values.push(self.apply(&function, Given { positional, ..Given::default() }, at.clone()));
        }
        Value::List(Rc::new(values))
    }

    /// `dict(os.environ)`, `dict(a=1)`, `dict([("a", 1)])`.
    fn dict_of(&mut self, given: Given<'a>, at: Bytes) -> Value<'a> {
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
                None => self.unknown(&given, at),
            },
            _ => self.unknown(&given, at),
        }
    }

    /// The arguments of a call.
    fn arguments(&mut self, call: &'a ExprCall) -> Given<'a> {
        let mut given = Given::default();
        for argument in &call.arguments.args {
            match argument {
                Expr::Starred(starred) => match self.eval(&starred.value) {
                    Value::List(values) => given.positional.extend(values.iter().cloned()),
                    value => {
                        self.consume(&value, span(argument));
                        given.is_open = true;
                    }
                },
                argument => {
                    let value = self.eval(argument);
                    given.positional.push(value);
                }
            }
        }
        for keyword in &call.arguments.keywords {
            let value = self.eval(&keyword.value);
            match &keyword.arg {
                Some(name) => given.named.push((name.as_str(), value)),
                None => {
                    self.consume(&value, span(&keyword.value));
                    given.is_open = true;
                }
            }
        }
        given
    }

    /// Calls of methods of what is known; the function, if it is one of the script's.
    fn method(
        &mut self,
        object: &Value<'a>,
        name: &'a str,
        call: &'a ExprCall,
        at: &Bytes,
    ) -> Result<Value<'a>, Value<'a>> {
        match object {
            Value::Access(Entity::Environ, view) => {
                let entity = crate::frontend::python::entity::method(name);
                let Some(entity) = entity else {
                    self.touch(view);
                    self.whole(span(&*call.func));
                    let given = self.arguments(call);
                    return Ok(self.unknown(&given, at.clone()));
                };
                Err(Value::Access(entity, view.clone()))
            }
            Value::Class(class) | Value::Instance(class) => {
                Err(self.state.classes[*class].get(name).cloned().unwrap_or(Value::Unknown))
            }
            Value::Read(reads, _) => {
                let reads = reads.clone();
                self.need(object);
                let given = self.arguments(call);
                self.unknown(&given, at.clone());
                Ok(Value::Read(reads, false))
            }
            Value::Dict(pairs) if ["items", "keys", "values", "get", "copy"].contains(&name) => {
                let pairs = pairs.clone();
                let given = self.arguments(call);
                Ok(self.of_dict(&pairs, name, &given))
            }
            Value::List(values) if ["append", "add"].contains(&name) => {
                let values = values.clone();
                let given = self.arguments(call);
                self.append(&values, None, call, &given);
                Ok(Value::Unknown)
            }
            Value::Told(test) if ["append", "add"].contains(&name) => {
                let test = test.clone();
                let given = self.arguments(call);
                self.append(&[], Some(&test), call, &given);
                Ok(Value::Unknown)
            }
            object if object.constant().is_some() => {
                let given = self.arguments(call);
                let constant = object.constant();
                let folded = constant.and_then(|constant| of_text(&constant, name, &given, object));
                Ok(match folded {
                    Some(value) => value,
                    None => self.unknown(&given, at.clone()),
                })
            }
            object => {
                self.consume(object, at.clone());
                Err(Value::Unknown)
            }
        }
    }

    /// `missing.append(name)` where a variable isn't set: the list tells it.
    fn append(&mut self, list: &[Value<'a>], told: Option<&Rc<Test>>, call: &'a ExprCall, given: &Given<'a>) {
        let Some(name) = call.func.as_attribute_expr().and_then(|found| found.value.as_name_expr()) else {
            return;
        };
        let missing: Vec<Fact> = self.state.facts.iter().filter(|fact| !fact.is_set).cloned().collect();
        let value = if missing.is_empty() || !list.is_empty() {
            given.positional.iter().for_each(|value| self.consume(value, span(call)));
            let mut values = list.to_vec();
            values.extend(given.positional.iter().cloned());
            if told.is_some() || values.len() > 64 { Value::Unknown } else { Value::List(Rc::new(values)) }
        } else {
            let no = missing.iter().map(|fact| Fact { is_set: true, ..fact.clone() }).collect();
            let test = Test { yes: missing, no, outcome: None };
            let tests = told.map(|told| (**told).clone()).into_iter().chain([test]).collect();
            Value::Told(Rc::new(Test::any(tests)))
        };
        self.state.assign(&name.id, Some(value));
    }

    fn of_dict(
        &mut self,
        pairs: &Rc<Vec<(Value<'a>, Value<'a>)>>,
        name: &str,
        given: &Given<'a>,
    ) -> Value<'a> {
        match name {
            "items" => Value::List(Rc::new(
                pairs
                    .iter()
                    .map(|(key, value)| Value::List(Rc::new(vec![key.clone(), value.clone()])))
                    .collect(),
            )),
            "keys" => Value::List(Rc::new(pairs.iter().map(|(key, _)| key.clone()).collect())),
            "values" => Value::List(Rc::new(pairs.iter().map(|(_, value)| value.clone()).collect())),
            "copy" => Value::Dict(pairs.clone()),
            _ => {
                let found = given.positional.first().and_then(|key| {
                    pairs.iter().rev().find(|(known, _)| known.is_same(key)).map(|(_, value)| value.clone())
                });
                found.or_else(|| given.positional.get(1).cloned()).unwrap_or(Value::Unknown)
            }
        }
    }

    /// Calls of the standard library that make something known of what is.
    fn of_library(&mut self, paths: &[String], given: &Given<'a>, at: &Bytes) -> Option<Value<'a>> {
        let path = paths.first()?.as_str();
        let texts = || given.positional.iter().map(Value::as_text).collect::<Option<Vec<_>>>();
        let made = |text: String| {
            let parts: Vec<&Value> = given.positional.iter().collect();
            Value::made_of(Constant::Text(text), &parts)
        };
        match path {
            "os.path.join" | "posixpath.join" => {
                let texts = texts().filter(|texts| !texts.is_empty() && !given.is_open)?;
                Some(made(texts::joined_path(&texts)))
            }
            "pathlib.Path" | "pathlib.PurePath" | "pathlib.PosixPath" | "pathlib.PurePosixPath" => {
                if let [value @ Value::Read(..)] = given.positional.as_slice() {
                    self.consume(value, at.clone());
                    return match value {
                        Value::Read(reads, _) => Some(Value::Read(reads.clone(), false)),
                        _ => None,
                    };
                }
                let texts = texts().filter(|_| !given.is_open && given.named.is_empty())?;
                Some(Value::Path(texts::path(&texts).into()))
            }
            "functools.partial" => {
                let (function, first) = given.positional.split_first()?;
                let rest = Given { positional: first.to_vec(), ..given.clone() };
                Some(Value::Partial(Rc::new((function.clone(), rest))))
            }
            "copy.copy" | "copy.deepcopy" => match given.positional.as_slice() {
                [Value::Access(Entity::Environ, view)] => {
                    let copy = self.overlaid(view, &[], &[]);
                    Some(self.watched(copy, at.clone()))
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn watch_children(&mut self, paths: &[String], given: &Given<'a>, at: usize) {
        let starts = paths.iter().any(|path| STARTERS.iter().any(|starter| path.starts_with(starter)));
        let is_environment = |value: &Value| matches!(value, Value::Access(Entity::Environ, _));
        let handed = given.named.iter().any(|(name, value)| *name == "env" && is_environment(value))
            || given.positional.iter().any(is_environment);
        if starts && handed {
            self.records.children.push(at);
        }
    }

    /// Calls a value with arguments.
    pub(super) fn apply(&mut self, function: &Value<'a>, given: Given<'a>, at: Bytes) -> Value<'a> {
        match function {
            Value::Access(entity, view) => self.access(*entity, &view.clone(), given, at),
            Value::Partial(partial) => {
                let (inner, first) = &**partial;
                let positional = [first.positional.as_slice(), given.positional.as_slice()].concat();
                let mut named = first.named.clone();
                named.retain(|(name, _)| !given.named.iter().any(|(other, _)| other == name));
                named.extend(given.named);
                let is_open = first.is_open || given.is_open;
                self.apply(&inner.clone(), Given { positional, named, is_open }, at)
            }
            Value::Function(function) => self.enter(*function, given, at),
            Value::Class(class) => {
                let class = *class;
                match self.state.classes[class].get("__init__").cloned() {
                    Some(Value::Function(function)) => {
                        self.enter(Function { class: Some(class), ..function }, given, at);
                    }
                    _ => {
                        self.unknown(&given, at);
                    }
                }
                Value::Instance(class)
            }
            _ => self.unknown(&given, at),
        }
    }

    /// A call of what gives access to the environment.
    fn access(&mut self, entity: Entity, view: &Rc<View>, given: Given<'a>, at: Bytes) -> Value<'a> {
        self.touch(view);
        let name = given.get(0, "key").cloned();
        let default = given.get(1, "default").or_else(|| given.get(1, "value")).cloned();
        let Some(name) = name else {
            return match entity {
                Entity::Copy => {
                    let copy = self.overlaid(view, &[], &[]);
                    self.watched(copy, at)
                }
                Entity::Keys => Value::Access(Entity::Keys, view.clone()),
                Entity::Update => {
                    let named: Vec<_> = given
                        .named
                        .iter()
                        .map(|(name, value)| (Value::text((*name).to_owned()), value.clone()))
                        .collect();
                    self.update(view, &Value::Dict(Rc::new(named)), at);
                    Value::Unknown
                }
                Entity::Environ => Value::Unknown,
                _ => {
                    self.whole(at);
                    Value::Unknown
                }
            };
        };
        match entity {
            Entity::Lookup | Entity::SetDefault => {
                let found = self.lookup(view, &name, default.as_ref(), false, at);
                if entity == Entity::SetDefault
                    && let Value::Read(reads, _) = &found
                {
                    let name = self.records.reads[reads[0]].name.clone();
                    self.state.facts.push(Fact { name, is_set: true, is_any: false });
                }
                found
            }
            Entity::Pop => self.lookup(view, &name, default.as_ref(), default.is_none(), at),
            Entity::Item => self.lookup(view, &name, None, true, at),
            Entity::Contains => Value::Told(Rc::new(self.membership(view, &name, at))),
            Entity::Put => {
                let value = default.unwrap_or(Value::Unknown);
                self.write(view, &name, &value, at);
                Value::Unknown
            }
            Entity::Update => {
                self.update(view, &name, at.clone());
                for (name, value) in &given.named {
                    self.write(view, &Value::text((*name).to_owned()), value, at.clone());
                }
                Value::Unknown
            }
            Entity::Expand => self.expand(view, &name, at),
            Entity::Unset | Entity::Environ | Entity::Copy | Entity::Keys => self.unknown(&given, at),
        }
    }

    /// `os.path.expandvars("$x/y")`.
    fn expand(&mut self, view: &View, text: &Value<'a>, at: Bytes) -> Value<'a> {
        let Some(text) = text.as_text() else {
            self.consume(text, at.clone());
            self.whole(at);
            return Value::Unknown;
        };
        let names = texts::expanded(&text);
        for name in names.iter().take(MAX_EXPANDED) {
            let none = Value::known(Constant::None);
            self.lookup(view, &Value::text(name.clone()), Some(&none), false, at.clone());
        }
        if names.is_empty() { Value::text(text) } else { Value::Unknown }
    }

    /// `update({…})`, `|= {…}`.
    pub(super) fn update(&mut self, view: &View, added: &Value<'a>, at: Bytes) {
        self.touch(view);
        match pairs(added) {
            Some(pairs) => {
                for (name, value) in pairs {
                    self.write(view, &name, &value, at.clone());
                }
            }
            None if matches!(added, Value::Access(..)) => {}
            None => {
                self.consume(added, at.clone());
                if !view.is_copy {
                    self.records.tell(computed("written", at));
                }
            }
        }
    }

    /// The name of a variable.
    pub(super) fn name_of(&mut self, name: &Value<'a>, verb: &str, at: &Bytes) -> Option<String> {
        let Some(text) = name.as_text() else {
            self.consume(name, at.clone());
            self.records.tell(computed(verb, at.clone()));
            return None;
        };
        self.is_parametric |= name.is_given();
        Some(text)
    }

    /// A read.
    pub(super) fn lookup(
        &mut self,
        view: &View,
        name: &Value<'a>,
        default: Option<&Value<'a>>,
        is_hard: bool,
        at: Bytes,
    ) -> Value<'a> {
        self.touch(view);
        let is_given = name.is_given();
        let Some(name) = self.name_of(name, "read", &at) else {
            default.iter().for_each(|default| self.consume(default, at.clone()));
            return Value::Unknown;
        };
        if view.over.contains(&name) {
            return Value::Unknown;
        }
        if let Some(Value::Read(reads, _)) = default {
            for &read in &**reads {
                self.records.reads[read].is_optional = true;
            }
        }
        self.is_parametric |= default.is_some_and(Value::is_given);
        let below = view.under.iter().rev().find(|(known, _)| *known == name);
        let fallback = match below {
            Some((_, Some(text))) => Some(Fallback::Constant(Constant::Text(text.clone()))),
            Some((_, None)) => Some(Fallback::Computed),
            None => Self::explicit(default),
        };
        let facts = &self.state.facts;
        let is_guarded = is_present(facts, &name) || self.instead;
        let set = self.state.set(&name);
        let (span, statement, place) = match &self.call {
            Some(call) if is_given => call.clone(),
            _ => (at, self.statement.clone(), self.place),
        };
        let action = Action::Read { fallback: Fallback::Missing, cast: None, is_hard, set };
        let found = Use { name: name.clone(), action, span, statement, place };
        let record = Record {
            at: 0,
            name,
            is_hard,
            cast: None,
            fallback,
            set,
            is_late: self.call.is_none() && !self.active.is_empty(),
            is_guarded,
            is_compared: false,
            is_used: false,
            is_needed: false,
            is_optional: false,
        };
        Value::Read(Rc::from([self.records.read(found, record)]), true)
    }

    /// The defaults and annotations of parameters, which are evaluated where the function is defined.
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
                if let Value::Access(entity, view) = &value {
                    self.defaults.insert(span(default).start, Value::Access(*entity, view.clone()));
                } else {
                    self.consume(&value, span(default));
                    self.defaults.insert(span(default).start, value);
                }
            }
            parameter.annotation().into_iter().for_each(|annotation| self.eat(annotation));
        }
    }

    /// Follows a function that is called.
    fn enter(&mut self, function: Function<'a>, given: Given<'a>, at: Bytes) -> Value<'a> {
        let id = function.code.id();
        for value in given.positional.iter().chain(given.named.iter().map(|(_, value)| value)) {
            if !matches!(value, Value::Access(..) | Value::Read(..)) {
                self.consume(value, at.clone());
            }
        }
        if self.active.contains(&id) || self.active.len() >= MAX_CALLS {
            return self.unknown(&given, at);
        }
        let known = self.known.get(&id).cloned();
        match known {
            Some(known) if !known.is_parametric || self.left == 0 => {
                for name in known.written {
                    self.state.write(&name, Set::Sure);
                }
                self.ended = known.end == End::Exit;
                self.unknown(&given, at);
                known.value
            }
            known => {
                self.again += usize::from(known.is_some());
                let value = self.follow(function, Some((given, at)));
                self.again -= usize::from(known.is_some());
                value
            }
        }
    }

    /// Follows the code of a function, with arguments if it is called.
    fn follow(&mut self, function: Function<'a>, call: Option<(Given<'a>, Bytes)>) -> Value<'a> {
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
        let before = self.state.written_surely();
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
        let is_lambda = matches!(function.code, Code::Lambda(_));
        let value = if is_lambda {
            returns.pop().map_or(Value::Unknown, |(_, value)| value)
        } else {
            self.returned(&returns)
        };
        let end = if end == End::Exit && returns.is_empty() && !is_lambda { End::Exit } else { End::Open };
        let after = self.state.written_surely();
        let written = after.into_iter().filter(|name| !before.contains(name)).collect();
        let is_parametric = self.is_parametric;
        self.is_parametric |= was_parametric;
        self.known.insert(id, Known { value: value.clone(), end, is_parametric, written });
        self.ended = end == End::Exit;
        if is_called { value } else { Value::Unknown }
    }

    /// The parameters of a function with their values.
    fn bound(
        &mut self,
        function: Function<'a>,
        given: Given<'a>,
        is_called: bool,
    ) -> std::collections::HashMap<&'a str, Value<'a>> {
        let mut names = std::collections::HashMap::new();
        let Some(parameters) = function.code.parameters() else { return names };
        let has_self = function.class.is_some() && !function.is_static;
        let mut positional = given.positional.into_iter();
        let mut named = given.named;
        for (at, parameter) in parameters.iter().enumerate() {
            let name = parameter.name().as_str();
            if at == 0 && has_self {
                names.insert(name, function.class.map_or(Value::Unknown, Value::Instance));
                continue;
            }
            let by_name = named.iter().position(|(given, _)| *given == name);
            let value = match parameter {
                AnyParameterRef::Variadic(_) => Some(Value::Unknown),
                AnyParameterRef::NonVariadic(_) => match by_name {
                    Some(at) => Some(named.remove(at).1.given()),
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
        let facts = self.state.facts.get(frame.facts..).unwrap_or_default().to_vec();
        if let (Value::Read(reads, _), true) = (&value, frame.is_optional) {
            for &read in &**reads {
                self.records.reads[read].is_optional = true;
            }
        }
        if let Some(frame) = self.state.top() {
            frame.returns.push((facts, value));
        }
    }

    /// Follows the functions of a frame that nobody has called.
    pub(super) fn rest(&mut self) {
        while let Some(frame) = self.state.top().filter(|frame| !frame.functions.is_empty()) {
            let functions = std::mem::take(&mut frame.functions);
            for function in functions {
                let id = function.code.id();
                if !self.known.contains_key(&id)
                    && !self.active.contains(&id)
                    && self.active.len() < MAX_CALLS
                {
                    let facts = std::mem::take(&mut self.state.facts);
                    let outcome = self.branch(&[], |walker| {
                        walker.follow(function, None);
                        End::Open
                    });
                    let other = self.branch(&[], |_| End::Open);
                    self.state.join(&[outcome, other], &mut self.records);
                    self.state.facts = facts;
                }
            }
        }
    }
}

fn zipped<'a>(given: &Given<'a>) -> Option<Value<'a>> {
    let rows: Vec<Vec<Value>> = given.positional.iter().map(Value::elements).collect::<Option<_>>()?;
    let length = rows.iter().map(Vec::len).min()?;
    let row = |at: usize| Value::List(Rc::new(rows.iter().map(|row| row[at].clone()).collect()));
    Some(Value::List(Rc::new((0..length).map(row).collect())))
}

/// The names and values of a dict, or of a list of pairs.
fn pairs<'a>(value: &Value<'a>) -> Option<Vec<(Value<'a>, Value<'a>)>> {
    match value {
        Value::Dict(pairs) => Some(pairs.to_vec()),
        Value::List(values) => values
            .iter()
            .map(|value| match value {
                Value::List(pair) => match pair.as_slice() {
                    [key, value] => Some((key.clone(), value.clone())),
                    _ => None,
                },
                _ => None,
            })
            .collect(),
        _ => None,
    }
}

/// What a method of a text gives.
fn of_text<'a>(constant: &Constant, name: &str, given: &Given<'a>, object: &Value<'a>) -> Option<Value<'a>> {
    let Constant::Text(text) = constant else { return None };
    if let (Value::Path(path), "joinpath") = (object, name) {
        let parts = given.positional.iter().map(Value::as_text).collect::<Option<Vec<_>>>()?;
        return Some(Value::Path(texts::path(&[vec![path.to_string()], parts].concat()).into()));
    }
    if let Value::Path(_) = object {
        return (name == "as_posix").then(|| Value::text(text.clone()));
    }
    let mut parts = vec![object];
    parts.extend(&given.positional);
    let made = |text: String| Some(Value::made_of(Constant::Text(text), &parts));
    match (name, given.positional.as_slice()) {
        ("join", [list]) => {
            let texts = list.elements()?.iter().map(Value::as_text).collect::<Option<Vec<_>>>()?;
            made(texts.join(text))
        }
        ("format", _) if !given.is_open => {
            let values = given.positional.iter().map(Value::constant).collect::<Option<Vec<_>>>()?;
            let named = given.named.iter().map(|(name, value)| Some((*name, value.constant()?)));
            made(texts::format(text, &values, &named.collect::<Option<Vec<_>>>()?)?)
        }
        ("split", _) => {
            let separator = given.positional.first().map(Value::as_text);
            let texts: Vec<String> = match separator {
                None => text.split_whitespace().map(str::to_owned).collect(),
                Some(Some(separator)) if given.positional.len() == 1 && !separator.is_empty() => {
                    text.split(separator.as_str()).map(str::to_owned).collect()
                }
                _ => return None,
            };
            (texts.len() <= 100).then(|| Value::List(Rc::new(texts.into_iter().map(Value::text).collect())))
        }
        (name, arguments) => {
            let arguments = arguments.iter().map(Value::as_text).collect::<Option<Vec<_>>>()?;
            made(texts::method(text, name, &arguments)?)
        }
    }
}

/// The name of a variable is known at run time only.
pub(super) fn computed(verb: &str, at: Bytes) -> Diagnostic {
    Diagnostic::warning("computed-name", format!("the name of the variable that is {verb} here is computed"))
        .at(at)
        .hint("write the name as a literal, or the variable is no part of the interface")
}
