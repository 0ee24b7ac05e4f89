//! Methods, and standard-library functions, of known values.

use std::rc::Rc;

use ruff_python_ast::ExprCall;

use super::calls::Bytes;
use super::dispatch::bound;
use super::value::Form;
use super::value::Given;
use super::value::Value;
use super::walk::Walker;
use crate::frontend::facts::Fact;
use crate::frontend::facts::Test;
use crate::frontend::python::entity::Entity;
use crate::frontend::python::semantic::texts;
use crate::frontend::python::span;
use crate::value::Constant;

/// Calls that start other programs.
const STARTERS: &[&str] =
    &["subprocess.", "os.exec", "os.spawn", "os.posix_spawn", "asyncio.create_subprocess"];

/// Methods that split a text into a list of unknown elements.
const PARTING: &[&str] = &["split", "rsplit"];

/// Methods that give something else than a text, or a text though this one is empty.
const OTHER: &[&str] =
    &["splitlines", "partition", "rpartition", "join", "zfill", "center", "ljust", "rjust"];

impl<'a> Walker<'_, 'a> {
    /// Calls of methods of what is known; the function, if it is one of the script's.
    pub(super) fn method(
        &mut self,
        object: &Value<'a>,
        name: &'a str,
        call: &'a ExprCall,
        at: &Bytes,
    ) -> Result<Value<'a>, Value<'a>> {
        if let Some(value) = self.filled(object, name, call) {
            return Ok(value);
        }
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
                let found = self.state.classes[*class].get(name);
                Err(found.map_or(Value::Unknown, |found| bound(found, *class)))
            }
            Value::Among(choice) => Err(self.method_among(choice, name)),
            Value::Read(reads, _) => {
                let reads = reads.clone();
                self.need(object, "AttributeError");
                let given = self.arguments(call);
                if let Some(test) = self.begins(object, name, given.positional.first()) {
                    return Ok(Value::Told(Rc::new(test)));
                }
                self.reject_folder(object, name);
                if PARTING.contains(&name) {
                    return Ok(self.parts(object, &given, at.clone()));
                }
                self.unknown(&given, at.clone());
                let default = self.sole_default(object);
                let made = default.and_then(|default| of_text(&default, name, &given, &Value::Unknown));
                let form = Form::changed(made.as_ref().and_then(Value::constant));
                Ok(if OTHER.contains(&name) { Value::Unknown } else { Value::Read(reads, form) })
            }
            Value::Parser(gives_pair) => {
                let given = self.arguments(call);
                Ok(self.of_parser(*gives_pair, name, &given, at))
            }
            Value::Options if name == "get" => {
                let given = self.arguments(call);
                let option = given.positional.first().and_then(Value::as_text);
                Ok(option.map_or(Value::Unknown, |option| self.option(&option, at.clone())))
            }
            Value::Dict(pairs) if ["items", "keys", "values", "get", "copy"].contains(&name) => {
                Ok(self.looked_up(&pairs.clone(), name, call))
            }
            Value::List(_) if ["difference", "issubset"].contains(&name) => {
                let given = self.arguments(call);
                let other = given.positional.first().cloned().unwrap_or(Value::Unknown);
                let told = self.lacking(object, &other, at.clone());
                Ok(match told {
                    Some(Value::Told(test)) if name == "issubset" => {
                        Value::Told(Rc::new((*test).clone().negated()))
                    }
                    Some(told) => told,
                    None => self.unknown(&given, at.clone()),
                })
            }
            Value::List(values) if ["append", "add"].contains(&name) => {
                let values = values.clone();
                let given = self.arguments(call);
                self.append(&values, None, call, &given);
                Ok(Value::Unknown)
            }
            Value::List(_) | Value::Dict(_) if super::mutations::CHANGING.contains(&name) => {
                let given = self.arguments(call);
                Ok(self.change(object, name, call, &given))
            }
            Value::Told(test) if ["append", "add"].contains(&name) => {
                let test = test.clone();
                let given = self.arguments(call);
                self.append(&[], Some(&test), call, &given);
                Ok(Value::Unknown)
            }
            Value::Told(test) => {
                self.of_match(&test.clone(), name);
                Err(Value::Unknown)
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

    /// A method of a dict that leaves it as it is.
    fn looked_up(
        &mut self,
        pairs: &Rc<Vec<(Value<'a>, Value<'a>)>>,
        name: &str,
        call: &'a ExprCall,
    ) -> Value<'a> {
        let given = self.arguments(call);
        if let Some(key @ Value::Read(..)) = given.positional.first() {
            // What isn't there gives another value, as what isn't known does.
            self.compared(key);
            if let ("get", Some(among)) = (name, Self::among(key, pairs)) {
                return among;
            }
        }
        of_dict(pairs, name, &given)
    }

    /// `{"a", "b"} - set(os.environ)`: the result is the unset variables.
    pub(super) fn lacking(&mut self, all: &Value<'a>, there: &Value<'a>, at: Bytes) -> Option<Value<'a>> {
        let Value::Access(Entity::Environ | Entity::Keys, view) = there else { return None };
        let names = all.elements().filter(|names| names.iter().all(|name| name.as_text().is_some()))?;
        self.records.understood.push(at.clone());
        let tests = names.iter().map(|name| self.membership(view, name, at.clone()).negated()).collect();
        Some(Value::Told(Rc::new(Test::any(tests))))
    }

    /// `missing.append(name)` where a variable isn't set: the list records it.
    pub(super) fn append(
        &mut self,
        list: &[Value<'a>],
        told: Option<&Rc<Test>>,
        call: &'a ExprCall,
        given: &Given<'a>,
    ) {
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
            let is_open = self.state.facts.iter().any(|fact| !fact.is_known() && !fact.is_any);
            let open = if is_open { Test::unknown().yes } else { Vec::new() };
            let test = Test { yes: [missing, open].concat(), no, ..Test::default() };
            let tests = told.map(|told| (**told).clone()).into_iter().chain([test]).collect();
            Value::Told(Rc::new(Test::any(tests)))
        };
        self.state.assign(&name.id, Some(value));
    }

    /// Standard-library calls with known results.
    pub(super) fn of_library(
        &mut self,
        paths: &[String],
        given: &Given<'a>,
        at: &Bytes,
    ) -> Option<Value<'a>> {
        let path = paths.first()?.as_str();
        let texts = || given.positional.iter().map(Value::as_text).collect::<Option<Vec<_>>>();
        let made = |text: String| {
            let parts: Vec<&Value> = given.positional.iter().collect();
            Value::made_of(Constant::Text(text), &parts)
        };
        if let Some(value) = self.of_mapping(path, given, at) {
            return Some(value);
        }
        if let Some(value) = super::numbers::computed(path, given) {
            return Some(value);
        }
        if let Some(value) = self.of_parsed(path, given, at) {
            return Some(value);
        }
        match path {
            "os.path.join" | "posixpath.join" => {
                let texts = texts().filter(|texts| !texts.is_empty() && !given.is_open)?;
                Some(made(texts::joined_path(&texts)))
            }
            "pathlib.Path" | "pathlib.PurePath" | "pathlib.PosixPath" | "pathlib.PurePosixPath" => {
                if let [value @ Value::Read(..)] = given.positional.as_slice() {
                    self.consume(value, at.clone());
                    return match value {
                        Value::Read(reads, _) => Some(Value::Read(reads.clone(), Form::Changed)),
                        _ => None,
                    };
                }
                let texts = texts().filter(|_| !given.is_open && given.named.is_empty())?;
                Some(Value::Path(texts::path(&texts).into()))
            }
            "os.path.exists" | "os.path.isdir" | "os.path.isfile" => {
                let value = given.positional.first()?;
                let test = self.exists(value)?;
                self.consume(value, at.clone());
                Some(Value::Told(Rc::new(test)))
            }
            "functools.partial" => {
                let (function, first) = given.positional.split_first()?;
                let rest = Given { positional: first.to_vec(), ..given.clone() };
                Some(Value::Partial(Rc::new((function.clone(), rest))))
            }
            "collections.namedtuple" => self.named_tuple(given),
            "dataclasses.fields" => self.fields_of(given),
            "types.SimpleNamespace" | "argparse.Namespace" => self.namespace(given),
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

    pub(super) fn watch_children(&mut self, paths: &[String], given: &Given<'a>, at: usize) {
        let starts = paths.iter().any(|path| STARTERS.iter().any(|starter| path.starts_with(starter)));
        let is_environment = |value: &Value| matches!(value, Value::Access(Entity::Environ, _));
        let handed = given.named.iter().any(|(name, value)| *name == "env" && is_environment(value))
            || given.positional.iter().any(is_environment);
        if starts && handed {
            self.records.children.push(at);
        }
    }
}

/// The result of a dict's method.
pub(super) fn of_dict<'a>(
    pairs: &Rc<Vec<(Value<'a>, Value<'a>)>>,
    name: &str,
    given: &Given<'a>,
) -> Value<'a> {
    match name {
        "items" => Value::List(Rc::new(
            pairs.iter().map(|(key, value)| Value::List(Rc::new(vec![key.clone(), value.clone()]))).collect(),
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

/// The result of a string's method.
pub(super) fn of_text<'a>(
    constant: &Constant,
    name: &str,
    given: &Given<'a>,
    object: &Value<'a>,
) -> Option<Value<'a>> {
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
        ("startswith" | "endswith", [part]) => {
            let part = part.as_text()?;
            let holds = if name == "startswith" { text.starts_with(&part) } else { text.ends_with(&part) };
            Some(Value::made_of(Constant::Bool(holds), &parts))
        }
        (name, arguments) => {
            let arguments = arguments.iter().map(Value::as_text).collect::<Option<Vec<_>>>()?;
            made(texts::method(text, name, &arguments)?)
        }
    }
}
