//! Objects: instances that arguments tell from others of their class, with the attributes that each has.

use ruff_python_ast::{Expr, ExprCall, Stmt, StmtClassDef};

use super::calls::Bytes;
use super::stores::is_optional;
use super::value::{Function, Given, Value};
use super::walk::Walker;
use crate::frontend::python::last_name;

/// Most objects that are told from others of their class.
const MAX_OBJECTS: usize = 200;

/// Decorators and bases of classes whose annotated names are the parameters of a call.
const RECORDS: &[&str] = &["dataclass", "define", "frozen", "mutable", "NamedTuple", "BaseModel"];

impl<'a> Walker<'_, 'a> {
    /// A call of a class.
    pub(super) fn instance(&mut self, class: usize, given: Given<'a>, at: Bytes) -> Value<'a> {
        self.reject_value(class, &given);
        let own = self.object(class, &given);
        if let Some(Value::Function(function)) = self.state.classes[own].get("__init__").cloned() {
            self.enter(Function { class: Some(own), ..function }, given, at);
        } else {
            self.fill(own, class, given, at);
        }
        Value::Instance(own)
    }

    /// The class, or a copy of it for one object.
    fn object(&mut self, class: usize, given: &Given<'a>) -> usize {
        let is_known = |value: &Value| !matches!(value, Value::Unknown);
        let mut values = given.positional.iter().chain(given.named.iter().map(|(_, value)| value));
        let names = &self.state.classes[class];
        let is_named_later = names.contains_key("__set_name__");
        let takes_values = matches!(names.get("__init__"), Some(Value::Function(own)) if own.takes_values());
        let is_plain = self.enums.contains_key(&class) || self.left == 0 || self.objects.len() >= MAX_OBJECTS;
        if is_plain || !(is_named_later || takes_values || values.any(is_known)) {
            return class;
        }
        let names = self.state.classes[class].clone();
        let id = self.state.classes.len();
        self.state.classes.push(names);
        self.bases.push(vec![class]);
        self.objects.insert(id, class);
        id
    }

    /// Whether some objects of a class are told from others.
    pub(super) fn has_objects(&self, class: usize) -> bool {
        self.objects.values().any(|known| *known == class)
    }

    /// The parameters of a class without `__init__`, as those of a data class.
    pub(super) fn derive_fields(&mut self, class: usize, definition: &'a StmtClassDef, bases: &[usize]) {
        let decorators = definition.decorator_list.iter().map(|decorator| match &decorator.expression {
            Expr::Call(call) => &*call.func,
            other => other,
        });
        let arguments = definition.arguments.iter().flat_map(|arguments| &arguments.args);
        let is_record = |part: &Expr| last_name(part).is_some_and(|name| RECORDS.contains(&name));
        let mut fields: Vec<(&'a str, bool)> =
            bases.iter().filter_map(|base| self.fields.get(base)).flatten().copied().collect();
        if decorators.chain(arguments).any(is_record) {
            fields.extend(definition.body.iter().filter_map(field));
        }
        if !fields.is_empty() {
            self.fields.insert(class, fields);
        }
    }

    /// Gives the fields of an object their values.
    fn fill(&mut self, own: usize, class: usize, mut given: Given<'a>, at: Bytes) {
        let fields = self.fields.get(&class).cloned().filter(|_| own != class).unwrap_or_default();
        for (place, (field, is_optional)) in fields.into_iter().enumerate() {
            let Some(value) = given.get(place, field).cloned() else { continue };
            if let (Value::Read(reads, _), true) = (&value, is_optional) {
                reads.iter().for_each(|&read| self.records.reads[read].is_optional = true);
            }
            self.state.classes[own].insert(field, value);
        }
        if self.fields.contains_key(&class) {
            given.positional.retain(|value| !matches!(value, Value::Read(..)));
            given.named.retain(|(_, value)| !matches!(value, Value::Read(..)));
        }
        self.unknown(&given, at);
    }

    /// The fields of an object in their order, as a tuple has them.
    pub(super) fn elements_of(&self, value: &Value<'a>) -> Option<Vec<Value<'a>>> {
        let Value::Instance(own) = value else { return value.elements() };
        let fields = self.fields.get(self.objects.get(own)?)?;
        let names = &self.state.classes[*own];
        Some(fields.iter().map(|(field, _)| names.get(field).cloned().unwrap_or(Value::Unknown)).collect())
    }

    /// `namedtuple("Variable", "name default")`.
    pub(super) fn named_tuple(&mut self, given: &Given<'a>) -> Option<Value<'a>> {
        let fields: Vec<&'a str> = match given.get(1, "field_names")? {
            Value::List(names) => names.iter().map(literal).collect::<Option<_>>()?,
            names => literal(names)?.split([',', ' ']).filter(|name| !name.is_empty()).collect(),
        };
        let id = self.state.classes.len();
        self.state.classes.push(std::collections::HashMap::default());
        self.bases.push(Vec::new());
        self.fields.insert(id, fields.into_iter().map(|field| (field, false)).collect());
        Some(Value::Class(id))
    }

    /// `dataclasses.fields(Settings)`: the name and the default of each field.
    pub(super) fn fields_of(&mut self, given: &Given<'a>) -> Option<Value<'a>> {
        let [Value::Class(class) | Value::Instance(class)] = given.positional.as_slice() else { return None };
        let known = self.objects.get(class).unwrap_or(class);
        let (fields, members) = (self.fields.get(known)?.clone(), self.state.classes[*known].clone());
        let described = fields.into_iter().filter_map(|(field, _)| {
            let default = members.get(field).cloned().unwrap_or(Value::Unknown);
            let named = vec![("name", Value::text(field.to_owned())), ("default", default)];
            self.namespace(&Given { named, ..Given::default() })
        });
        Some(Value::List(std::rc::Rc::new(described.collect())))
    }

    /// A special method of an object, as Python calls it: `__get__`, `__call__`, `__getitem__`, `__getattr__`.
    pub(super) fn special(
        &mut self,
        object: &Value<'a>,
        name: &str,
        positional: Vec<Value<'a>>,
        at: Bytes,
    ) -> Option<Value<'a>> {
        let Value::Instance(own) = object else { return None };
        let Some(Value::Function(function)) = self.state.classes[*own].get(name).cloned() else {
            return None;
        };
        let given = Given { positional, ..Given::default() };
        Some(self.enter(Function { class: Some(*own), ..function }, given, at))
    }

    /// Tells objects in the body of a class their names there.
    pub(super) fn set_names(&mut self, class: usize, at: &Bytes) {
        let mut members: Vec<_> = self.state.classes[class].clone().into_iter().collect();
        members.retain(|(_, value)| matches!(value, Value::Instance(_)));
        members.sort_by_key(|(name, _)| *name);
        for (name, value) in members {
            let given = vec![Value::Class(class), Value::text(name.to_owned()).given()];
            self.special(&value, "__set_name__", given, at.clone());
        }
    }

    /// `super().f`: the method of a base class, for the object whose method is run.
    pub(super) fn inherited(&self, object: &Expr, name: &str) -> Option<Value<'a>> {
        let call: &ExprCall = object.as_call_expr()?;
        self.model.is_builtin(&call.func, "super").then_some(())?;
        let (own, running) = (self.state.frames.last()?.class?, *self.active.last()?);
        let runs = |class: usize| {
            let functions = self.state.classes[class].values();
            functions.into_iter().any(|value| matches!(value, Value::Function(f) if f.code.id() == running))
        };
        let mut class = own;
        while let Some(base) = self.bases[class].iter().find(|base| runs(**base)) {
            class = *base;
        }
        let found = self.bases[class].iter().find_map(|base| self.state.classes[*base].get(name).cloned());
        match found? {
            Value::Function(function) => Some(Value::Function(Function { class: Some(own), ..function })),
            _ => None,
        }
    }
}

/// The name that a statement of a data class makes a field, and whether its annotation allows no value.
fn field(statement: &Stmt) -> Option<(&str, bool)> {
    let Stmt::AnnAssign(assign) = statement else { return None };
    let annotation = match &*assign.annotation {
        Expr::Subscript(subscript) => &*subscript.value,
        other => other,
    };
    let is_of_class = last_name(annotation) == Some("ClassVar");
    let name = assign.target.as_name_expr().filter(|_| !is_of_class)?;
    Some((name.id.as_str(), is_optional(&assign.annotation)))
}

/// The text of a literal, as the source has it.
fn literal<'a>(value: &Value<'a>) -> Option<&'a str> {
    match value {
        Value::Literal(Expr::StringLiteral(text)) => Some(text.value.to_str()),
        _ => None,
    }
}
