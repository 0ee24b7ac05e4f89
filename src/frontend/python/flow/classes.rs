//! Classes: what their names refer to, in the class itself, in its instances and in its heirs.

use std::collections::HashMap;

use ruff_python_ast::{Stmt, StmtClassDef};

use super::calls::Bytes;
use super::dispatch::bound;
use super::state::{End, Frame, fallback};
use super::value::{Function, Given, Value};
use super::walk::Walker;
use crate::frontend::python::span;
use crate::value::Constant;

/// Most heirs of a class that are examined.
const MAX_HEIRS: usize = 200;

/// The classes that make a class an enumeration.
const ENUMERATIONS: &[&str] = &["enum.Enum", "enum.IntEnum", "enum.StrEnum"];

impl<'a> Walker<'_, 'a> {
    /// Follows the definition of a class.
    pub(super) fn class(&mut self, class: &'a StmtClassDef) -> End {
        self.derive(class);
        class.decorator_list.iter().for_each(|decorator| self.eat(&decorator.expression));
        let (mut names, mut bases, mut is_enumeration) = (HashMap::new(), Vec::new(), false);
        for argument in class.arguments.iter().flat_map(|arguments| &arguments.args) {
            is_enumeration |=
                self.qualified(argument).iter().any(|path| ENUMERATIONS.contains(&path.as_str()));
            match self.eval(argument) {
                Value::Class(base) => {
                    names.extend(self.state.classes[base].clone());
                    is_enumeration |= self.enums.contains_key(&base);
                    bases.push(base);
                }
                value => self.consume(&value, span(argument)),
            }
        }
        for keyword in class.arguments.iter().flat_map(|arguments| &arguments.keywords) {
            self.eat(&keyword.value);
        }
        let id = self.state.classes.len();
        self.state.classes.push(names);
        self.derive_fields(id, class, &bases);
        self.bases.push(bases);
        let parent = self.state.frames.len().saturating_sub(1);
        self.state.push(Frame { parent, is_class: true, class: Some(id), ..Frame::default() });
        self.body(&class.body);
        if let Some(frame) = self.state.frames.pop() {
            self.state.classes[id].extend(frame.names);
            // Methods belong to the frame around; `__init__` tells what the others find.
            if let Some(outer) = self.state.top() {
                let home = outer.id;
                let methods = frame.functions.into_iter().map(|found| Function { home, ..found });
                outer.functions.extend(methods);
            }
        }
        if is_enumeration {
            self.enums.insert(id, self.members(id, &class.body));
        }
        self.set_names(id, &span(class));
        self.state.assign(&class.name, Some(Value::Class(id)));
        End::Open
    }

    /// An attribute of a class or its instances; a property is called.
    pub(super) fn attribute_of_class(&mut self, class: usize, name: &str, at: Bytes) -> Value<'a> {
        match self.state.classes[class].get(name).cloned() {
            Some(Value::Function(function)) if function.code.is_property() => {
                self.enter(Function { class: Some(class), ..function }, Given::default(), at)
            }
            Some(value) => {
                let owner = vec![Value::Instance(class), Value::Class(class)];
                self.special(&value, "__get__", owner, at).unwrap_or_else(|| bound(&value, class))
            }
            None => {
                let name = vec![Value::text(name.to_owned()).given()];
                let found = self.special(&Value::Instance(class), "__getattr__", name, at);
                found.unwrap_or(Value::Unknown)
            }
        }
    }

    /// The members of an enumeration.
    fn members(&self, class: usize, body: &'a [Stmt]) -> Vec<(&'a str, Value<'a>)> {
        let assigned = body.iter().filter_map(|statement| match statement {
            Stmt::Assign(assign) => assign.targets.first()?.as_name_expr(),
            _ => None,
        });
        let members = assigned.map(|name| {
            let value = self.state.classes[class].get(name.id.as_str());
            (name.id.as_str(), value.cloned().unwrap_or(Value::Unknown))
        });
        members.collect()
    }

    /// The classes that derive from a class.
    pub(super) fn heirs(&self, class: usize) -> Vec<usize> {
        let mut heirs = Vec::new();
        for (heir, bases) in self.bases.iter().enumerate().skip(class + 1) {
            if bases.iter().any(|base| *base == class || heirs.contains(base)) && heirs.len() < MAX_HEIRS {
                heirs.push(heir);
            }
        }
        heirs
    }

    /// A class without methods: `SimpleNamespace(x=1)`.
    pub(super) fn namespace(&mut self, given: &Given<'a>) -> Option<Value<'a>> {
        if given.is_open || !given.positional.is_empty() {
            return None;
        }
        let id = self.state.classes.len();
        self.state.classes.push(given.named.iter().cloned().collect());
        self.bases.push(Vec::new());
        Some(Value::Instance(id))
    }

    /// `Mode[x]`, where no member has the name that an unset variable gives.
    pub(super) fn reject_member(&mut self, class: usize, name: &Value<'a>) -> Value<'a> {
        let Some(members) = self.enums.get(&class).cloned() else { return Value::Unknown };
        self.reject(name, "KeyError", |text| !members.iter().any(|(known, _)| *known == text));
        let found = name.as_text().and_then(|name| members.into_iter().find(|(known, _)| *known == name));
        found.map_or(Value::Unknown, |(_, value)| value)
    }

    /// `Mode(x)`, where no member has the value that an unset variable gives.
    pub(super) fn reject_value(&mut self, class: usize, given: &Given<'a>) {
        let (Some(members), [value]) = (self.enums.get(&class), given.positional.as_slice()) else { return };
        let texts: Option<Vec<String>> = members.iter().map(|(_, value)| value.as_text()).collect();
        let is_open = self.state.classes[class].contains_key("_missing_");
        if let Some(texts) = texts.filter(|_| !is_open) {
            self.reject(value, "ValueError", |text| !texts.iter().any(|known| known == text));
        }
    }

    /// Whether a value stands in for reads where their variables aren't set: it is their default.
    pub(super) fn stands_in(&mut self, known: &Value<'a>, value: &Value<'a>) -> bool {
        let Value::Read(reads, _) = known else { return false };
        let is_missing = |&read: &usize| self.state.facts.is_missing(&self.records.reads[read].name);
        let is_missing = reads.iter().all(is_missing) && !matches!(value, Value::Read(..));
        if is_missing {
            let fallback = match value.constant() {
                Some(Constant::None) => return false,
                _ => fallback(Some(value)),
            };
            self.records.settle(reads, &fallback);
        }
        is_missing
    }
}
