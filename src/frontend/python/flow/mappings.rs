//! Mappings: reads of the environment by known names through functions that take it as a whole.

use std::rc::Rc;

use ruff_python_ast::{Expr, ExprCall, ExprDictComp};

use super::calls::Bytes;
use super::environment::pairs;
use super::value::{Given, Value, View};
use super::walk::Walker;
use crate::frontend::facts::Test;
use crate::frontend::interface::Set;
use crate::frontend::python::entity::Entity;
use crate::frontend::python::semantic::texts;
use crate::frontend::python::span;

/// Most names that one text or list asks for.
const MAX_NAMES: usize = 100;

impl<'a> Walker<'_, 'a> {
    /// The result of a standard-library function on the environment, or on names to look up in it.
    pub(super) fn of_mapping(&mut self, path: &str, given: &Given<'a>, at: &Bytes) -> Option<Value<'a>> {
        match path {
            "operator.itemgetter" if !given.is_open && given.named.is_empty() => {
                Some(Value::Getter(Rc::new(given.positional.clone())))
            }
            "string.Template" => Some(Value::Template(given.get(0, "template")?.as_text()?.into())),
            "collections.ChainMap" => self.chained(given, at),
            _ => None,
        }
    }

    /// `ChainMap(given, os.environ, {"x": "d"})`: the first that has a name counts.
    fn chained(&mut self, given: &Given<'a>, at: &Bytes) -> Option<Value<'a>> {
        let is_environment = |value: &Value| matches!(value, Value::Access(Entity::Environ, _));
        let place = given.positional.iter().position(is_environment).filter(|_| !given.is_open)?;
        let (above, rest) = given.positional.split_at(place);
        let (environment, below) = rest.split_first()?;
        let Value::Access(_, view) = environment else { return None };
        let mut is_open = false;
        let mut entries = |values: &mut dyn Iterator<Item = &Value<'a>>| {
            let mut known = Vec::new();
            for value in values {
                if let Value::Dict(pairs) = value {
                    known.extend(pairs.iter().cloned());
                } else {
                    self.consume(value, at.clone());
                    is_open = true;
                }
            }
            known
        };
        let (under, over) = (entries(&mut below.iter().rev()), entries(&mut above.iter()));
        let made = self.overlaid(view, &under, &over);
        let made = match made {
            Value::Access(entity, view) if is_open => {
                Value::Access(entity, Rc::new(View { is_open, ..view.as_ref().clone() }))
            }
            made => made,
        };
        Some(self.watched(made, at.clone()))
    }

    /// `itemgetter("a", "b")(os.environ)`.
    pub(super) fn gotten(&mut self, keys: &[Value<'a>], given: &Given<'a>, at: Bytes) -> Value<'a> {
        let [Value::Access(Entity::Environ, view)] = given.positional.as_slice() else {
            return self.unknown(given, at);
        };
        let mut found: Vec<_> =
            keys.iter().map(|key| self.lookup(view, key, None, true, at.clone())).collect();
        match found.len() {
            1 => found.remove(0),
            _ => Value::List(Rc::new(found)),
        }
    }

    /// `"{x}".format(**os.environ)`, `"{x}".format_map(os.environ)`, `Template("$x").substitute(os.environ)`.
    pub(super) fn filled(&mut self, object: &Value<'a>, name: &str, call: &'a ExprCall) -> Option<Value<'a>> {
        let (names, is_hard) = match (object, name) {
            (Value::Template(text), "substitute") => (texts::placeholders(text), true),
            (Value::Template(text), "safe_substitute") => (texts::placeholders(text), false),
            (object, "format" | "format_map") => (texts::fields(&object.as_text()?), true),
            _ => return None,
        };
        let whole = match (name, &*call.arguments.args, &*call.arguments.keywords) {
            ("format_map" | "substitute" | "safe_substitute", [whole], []) => whole,
            ("format" | "substitute" | "safe_substitute", [], [all]) if all.arg.is_none() => &all.value,
            _ => return None,
        };
        let view = self.environ(whole)?;
        self.take(&view, &names, is_hard, span(call));
        Some(Value::Unknown)
    }

    /// Reads several variables at once.
    pub(super) fn take(&mut self, view: &View, names: &[String], is_hard: bool, at: Bytes) {
        self.touch(view);
        self.records.understood.push(at.clone());
        let none = Value::known(crate::value::Constant::None);
        for name in names.iter().take(MAX_NAMES) {
            let found = self.lookup(
                view,
                &Value::text(name.clone()),
                Some(&none).filter(|_| !is_hard),
                is_hard,
                at.clone(),
            );
            self.consume(&found, at.clone());
        }
    }

    /// `{"a", "b"} & set(os.environ)`: which of some variables are set.
    pub(super) fn present(&mut self, one: &Value<'a>, other: &Value<'a>, at: Bytes) -> Option<Value<'a>> {
        let all = if matches!(one, Value::Access(..)) { other } else { one };
        let there = if matches!(one, Value::Access(..)) { one } else { other };
        let Some(Value::Told(lacking)) = self.lacking(all, there, at) else { return None };
        Some(Value::Told(Rc::new(Test::any(vec![Test {
            yes: lacking.no.clone(),
            no: lacking.yes.clone(),
            ..Test::default()
        }]))))
    }

    /// `{name: value for name, value in os.environ.items()}`: a copy.
    pub(super) fn copied(&mut self, dict: &'a ExprDictComp) -> Option<Rc<View>> {
        let [generator] = dict.generators.as_slice() else { return None };
        let call = generator.iter.as_call_expr().filter(|call| call.arguments.is_empty())?;
        let items = call.func.as_attribute_expr().filter(|items| items.attr.as_str() == "items")?;
        let [key, value] = generator.target.as_tuple_expr()?.elts.as_slice() else { return None };
        let is_same = |one: &Expr, other: &Expr| match (one, other) {
            (Expr::Name(one), Expr::Name(other)) => one.id == other.id,
            _ => false,
        };
        let is_copy = generator.ifs.is_empty() && is_same(key, &dict.key) && is_same(value, &dict.value);
        is_copy.then(|| self.environ(&items.value)).flatten()
    }

    /// `os.environ = {**os.environ, "x": "1"}`: new keys are written.
    pub(super) fn replace(&mut self, value: &Value<'a>, at: Bytes) -> bool {
        let names: Vec<String> = match value {
            Value::Access(Entity::Environ, view) => {
                self.touch(view);
                view.over.clone()
            }
            Value::Dict(pairs) => pairs.iter().filter_map(|(name, _)| name.as_text()).collect(),
            _ => return false,
        };
        let view = super::evaluate::base();
        for name in names {
            self.write(&view, &Value::text(name), &Value::Unknown, at.clone());
        }
        true
    }

    /// `with mock.patch.dict(os.environ, {"x": "1"})`: set within the block; returns what was known of each
    /// before.
    pub(super) fn patched(&mut self, context: &'a Expr) -> Option<Vec<(String, Set)>> {
        let call = context.as_call_expr()?;
        let is_patch = self.qualified(&call.func).iter().any(|path| path.ends_with("mock.patch.dict"));
        let [patched, values] = &*call.arguments.args else { return None };
        let view = match patched {
            _ if !is_patch => return None,
            Expr::StringLiteral(path) if path.value.to_str() == "os.environ" => super::evaluate::base(),
            patched => self.environ(patched)?,
        };
        let added = self.eval(values);
        let added = pairs(&added)?;
        self.touch(&view);
        self.records.understood.push(span(call));
        let names = added.iter().filter_map(|(name, _)| name.as_text());
        let before: Vec<_> = names.map(|name| (name.clone(), self.state.set(&name))).collect();
        for (name, _) in &before {
            self.state.write(name, Set::Sure);
        }
        Some(before)
    }
}
