//! Evaluation: what is known of an expression's value, and which uses of the environment are in it.

use std::rc::Rc;

use ruff_python_ast::visitor::walk_expr;
use ruff_python_ast::{
    Comprehension, DictItem, Expr, ExprAttribute, ExprDict, ExprFString, ExprSubscript, FStringPart,
    InterpolatedStringElement, Operator, UnaryOp,
};

use super::facts::Test;
use super::value::{Code, Function, Value, View};
use super::walk::{MAX_ELEMENTS, Walker};
use crate::diagnostic::Diagnostic;
use crate::frontend::python::entity::{Entity, method};
use crate::frontend::python::semantic::{fold, texts};
use crate::frontend::python::span;
use crate::value::Constant;

/// How many parts of a value are looked into.
const MAX_PARTS: usize = 256;

impl<'a> Walker<'_, 'a> {
    /// Follows an expression whose value is used in a way that isn't known.
    pub(super) fn eat(&mut self, expression: &'a Expr) {
        let value = self.eval(expression);
        self.consume(&value, span(expression));
    }

    /// A value is used in a way that isn't known.
    pub(super) fn consume(&mut self, value: &Value<'a>, at: std::ops::Range<usize>) {
        match value {
            Value::Read(reads, _) => {
                for &read in &**reads {
                    let name = &self.records.reads[read].name;
                    if !super::records::is_present(&self.state.facts, name) {
                        self.records.reads[read].is_used = true;
                    }
                }
            }
            Value::Access(_, view) => match view.site {
                Some(_) => {}
                None => self.whole(at),
            },
            Value::List(values) => {
                values.iter().take(MAX_PARTS).for_each(|value| self.consume(value, at.clone()));
            }
            Value::Dict(pairs) => {
                pairs.iter().take(MAX_PARTS).for_each(|(_, value)| self.consume(value, at.clone()));
            }
            _ => {}
        }
    }

    /// Something is done to a value that fails without one.
    pub(super) fn need(&mut self, value: &Value<'a>) {
        let Value::Read(reads, _) = value else { return };
        for &read in &**reads {
            let record = &self.records.reads[read];
            let has_value =
                super::records::is_present(&self.state.facts, &record.name) || record.fallback.is_some();
            self.records.reads[read].is_needed |= !has_value;
            self.records.reads[read].is_used = true;
        }
    }

    /// The environment, or a function that reads it, handed on: what becomes of it can't be told.
    pub(super) fn whole(&mut self, at: std::ops::Range<usize>) {
        let message = "the environment is used as a whole here";
        self.records.tell(Diagnostic::note("whole-environment", message).at(at).hint(
            "a variable that is read or set this way is no part of the interface; read it by its name",
        ));
    }

    /// Something is read or written by a name of the environment.
    pub(super) fn touch(&mut self, view: &View) {
        if let Some(site) = view.site {
            self.sites[site].1 = true;
        }
    }

    /// The environment, if an expression stands for it.
    pub(super) fn environ(&mut self, expression: &'a Expr) -> Option<Rc<View>> {
        if !matches!(expression, Expr::Name(_) | Expr::Attribute(_) | Expr::Call(_) | Expr::Named(_)) {
            return None;
        }
        match self.eval(expression) {
            Value::Access(Entity::Environ, view) => Some(view),
            value => {
                // What is looked at twice is used by who asks.
                if !matches!(value, Value::Access(..)) {
                    self.consume(&value, span(expression));
                }
                None
            }
        }
    }

    /// What is known of a value.
    pub(super) fn eval(&mut self, expression: &'a Expr) -> Value<'a> {
        match expression {
            Expr::StringLiteral(_)
            | Expr::NumberLiteral(_)
            | Expr::BooleanLiteral(_)
            | Expr::NoneLiteral(_)
            | Expr::BytesLiteral(_) => Value::Literal(expression),
            Expr::Name(name) => self.name(name.id.as_str(), expression),
            Expr::Attribute(attribute) => self.attribute(attribute, expression),
            Expr::Call(call) => self.call(call, expression),
            Expr::Subscript(subscript) => self.subscript(subscript, expression),
            Expr::BoolOp(operation) => self.operation(operation),
            Expr::If(choice) => self.choose(choice),
            Expr::Compare(_) => self.told_by(expression),
            Expr::UnaryOp(unary) if unary.op == UnaryOp::Not => self.told_by(expression),
            Expr::UnaryOp(unary) => {
                let value = self.eval(&unary.operand);
                self.consume(&value, span(expression));
                let folded = value.constant().and_then(|constant| fold::unary(unary.op, &constant));
                folded.map_or(Value::Unknown, |constant| Value::made_of(constant, &[&value]))
            }
            Expr::BinOp(binary) => {
                let left = self.eval(&binary.left);
                let right = self.eval(&binary.right);
                let value = self.joined(binary.op, &left, &right);
                if matches!(value, Value::Unknown) {
                    self.consume(&left, span(&*binary.left));
                    self.consume(&right, span(&*binary.right));
                }
                value
            }
            Expr::FString(literal) => self.fstring(literal),
            Expr::Named(named) => {
                let value = self.eval(&named.value);
                let value = match value {
                    Value::Read(reads, _) => Value::Read(reads, false),
                    value => value,
                };
                self.bind(&named.target, &value);
                value
            }
            Expr::List(list) => self.list(&list.elts),
            Expr::Tuple(list) => self.list(&list.elts),
            Expr::Set(list) => self.list(&list.elts),
            Expr::Dict(dict) => self.dict(dict),
            Expr::ListComp(list) => self.comprehension(&list.generators, [&list.elt; 2]).0,
            Expr::SetComp(list) => self.comprehension(&list.generators, [&list.elt; 2]).0,
            Expr::Generator(list) => self.comprehension(&list.generators, [&list.elt; 2]).0,
            Expr::DictComp(dict) => self.comprehension(&dict.generators, [&dict.key, &dict.value]).1,
            Expr::Lambda(lambda) => {
                lambda.parameters.iter().for_each(|parameters| self.parameters(parameters));
                let home = self.state.top().map_or(0, |frame| frame.id);
                let found = Function { code: Code::Lambda(lambda), class: None, home, is_static: true };
                if let Some(frame) = self.state.top() {
                    frame.functions.push(found);
                }
                Value::Function(found)
            }
            _ => {
                walk_expr(self, expression);
                Value::Unknown
            }
        }
    }

    fn told_by(&mut self, expression: &'a Expr) -> Value<'a> {
        let test = self.test(expression);
        match test.outcome {
            Some(outcome) if test.is_empty() => Value::known(Constant::Bool(outcome)),
            _ if test.is_empty() => Value::Unknown,
            _ => Value::Told(Rc::new(test)),
        }
    }

    fn name(&mut self, name: &'a str, expression: &'a Expr) -> Value<'a> {
        match self.state.lookup(name) {
            Some(Value::Unknown) | None => {}
            Some(value) => return value.clone(),
        }
        if let Some(entity) = self.entities.of(expression) {
            return Value::Access(entity, base());
        }
        let constant = expression.as_name_expr().and_then(|name| self.model.constant(name));
        constant.map_or(Value::Unknown, |constant| Value::known(constant.clone()))
    }

    fn attribute(&mut self, attribute: &'a ExprAttribute, expression: &'a Expr) -> Value<'a> {
        if let Some(entity) = self.entities.of(expression) {
            return Value::Access(entity, base());
        }
        if let Some(class) = self.class_of(&attribute.value) {
            return self.state.classes[class].get(attribute.attr.as_str()).cloned().unwrap_or(Value::Unknown);
        }
        match self.eval(&attribute.value) {
            Value::Access(Entity::Environ, view) => match method(&attribute.attr) {
                Some(entity) => Value::Access(entity, view),
                None => {
                    self.touch(&view);
                    self.whole(span(expression));
                    Value::Unknown
                }
            },
            Value::Path(text) if attribute.attr.as_str() == "parent" => {
                text.rsplit_once('/').map_or(Value::Unknown, |(folder, _)| Value::Path(folder.into()))
            }
            value => {
                self.consume(&value, span(expression));
                Value::Unknown
            }
        }
    }

    /// The class whose names an expression has: the class itself, its objects, `self` in its methods.
    pub(super) fn class_of(&self, expression: &Expr) -> Option<usize> {
        let name = expression.as_name_expr()?;
        match self.state.lookup(&name.id) {
            Some(Value::Class(class) | Value::Instance(class)) => Some(*class),
            _ => None,
        }
    }

    fn subscript(&mut self, subscript: &'a ExprSubscript, expression: &'a Expr) -> Value<'a> {
        match self.eval(&subscript.value) {
            Value::Access(Entity::Environ, view) => {
                let name = self.eval(&subscript.slice);
                self.lookup(&view, &name, None, true, span(expression))
            }
            Value::Dict(pairs) => {
                let key = self.eval(&subscript.slice);
                let found = pairs.iter().rev().find(|(known, _)| known.is_same(&key));
                found.map_or(Value::Unknown, |(_, value)| value.clone())
            }
            Value::List(values) => {
                let index = self.eval(&subscript.slice).constant();
                match index {
                    Some(Constant::Int(index)) => {
                        let length = i128::try_from(values.len()).unwrap_or(0);
                        let at = usize::try_from(if index < 0 { index + length } else { index }).ok();
                        at.and_then(|at| values.get(at).cloned()).unwrap_or(Value::Unknown)
                    }
                    _ => Value::Unknown,
                }
            }
            value => {
                self.consume(&value, span(expression));
                self.eat(&subscript.slice);
                Value::Unknown
            }
        }
    }

    /// What an operator makes of two values.
    pub(super) fn joined(&mut self, operator: Operator, left: &Value<'a>, right: &Value<'a>) -> Value<'a> {
        match (operator, left, right) {
            (Operator::BitOr, Value::Access(Entity::Environ, view), Value::Dict(pairs)) => {
                self.overlaid(view, &[], pairs)
            }
            (Operator::BitOr, Value::Dict(pairs), Value::Access(Entity::Environ, view)) => {
                self.overlaid(view, pairs, &[])
            }
            (Operator::Div, Value::Path(path), part) => match part.as_text() {
                Some(part) => Value::Path(texts::path(&[path.to_string(), part]).into()),
                None => Value::Unknown,
            },
            (Operator::Div, part, Value::Path(path)) => match part.as_text() {
                Some(part) => Value::Path(texts::path(&[part, path.to_string()]).into()),
                None => Value::Unknown,
            },
            (Operator::Add, Value::List(one), Value::List(other)) if one.len() + other.len() <= MAX_PARTS => {
                Value::List(Rc::new([one.as_slice(), other.as_slice()].concat()))
            }
            (Operator::Mod, format, values) if format.as_text().is_some() => self.formatted(format, values),
            (operator, left, right) => {
                let constants = left.constant().zip(right.constant());
                let folded = constants.and_then(|(one, other)| fold::binary(operator, one, other));
                folded.map_or(Value::Unknown, |constant| Value::made_of(constant, &[left, right]))
            }
        }
    }

    fn formatted(&mut self, format: &Value<'a>, values: &Value<'a>) -> Value<'a> {
        let list = match values {
            Value::List(values) => values.iter().map(Value::constant).collect::<Option<Vec<_>>>(),
            value => value.constant().map(|constant| vec![constant]),
        };
        match (format.constant(), list) {
            (Some(Constant::Text(text)), Some(list)) => texts::percent(&text, &list)
                .map_or(Value::Unknown, |text| Value::made_of(Constant::Text(text), &[format, values])),
            (Some(format), Some(list)) if list.len() == 1 => {
                let folded = fold::binary(Operator::Mod, format, list[0].clone());
                folded.map_or(Value::Unknown, Value::known)
            }
            _ => Value::Unknown,
        }
    }

    /// A copy of the environment with something below and above.
    pub(super) fn overlaid(
        &mut self,
        view: &View,
        under: &[(Value<'a>, Value<'a>)],
        over: &[(Value<'a>, Value<'a>)],
    ) -> Value<'a> {
        self.touch(view);
        let name = |pair: &(Value<'a>, Value<'a>)| pair.0.as_text();
        let below = under.iter().filter_map(|pair| Some((name(pair)?, pair.1.as_text())));
        let view = View {
            is_copy: true,
            site: view.site,
            under: view.under.iter().cloned().chain(below).collect(),
            over: view.over.iter().cloned().chain(over.iter().filter_map(name)).collect(),
        };
        Value::Access(Entity::Environ, Rc::new(view))
    }

    fn fstring(&mut self, literal: &'a ExprFString) -> Value<'a> {
        let (mut text, mut is_known, mut is_given) = (String::new(), true, false);
        for part in &literal.value {
            let elements = match part {
                FStringPart::Literal(literal) => {
                    text.push_str(&literal.value);
                    continue;
                }
                FStringPart::FString(part) => &part.elements,
            };
            for element in elements {
                match element {
                    InterpolatedStringElement::Literal(literal) => text.push_str(&literal.value),
                    InterpolatedStringElement::Interpolation(element) => {
                        let value = self.eval(&element.expression);
                        self.consume(&value, span(&*element.expression));
                        is_given |= value.is_given();
                        match value.constant().filter(|_| fold::is_plain(element)) {
                            Some(constant) => text.push_str(&constant.text()),
                            None => is_known = false,
                        }
                        let spec = element.format_spec.iter().flat_map(|spec| &spec.elements);
                        for inner in spec.filter_map(InterpolatedStringElement::as_interpolation) {
                            self.eat(&inner.expression);
                        }
                    }
                }
            }
        }
        if is_known { Value::Known(Rc::new(Constant::Text(text)), is_given) } else { Value::Unknown }
    }

    fn list(&mut self, elements: &'a [Expr]) -> Value<'a> {
        if elements.len() > MAX_PARTS {
            elements.iter().for_each(|element| self.eat(element));
            return Value::Unknown;
        }
        let mut values = Vec::with_capacity(elements.len());
        let mut is_known = true;
        for element in elements {
            match element {
                Expr::Starred(starred) => match self.eval(&starred.value) {
                    Value::List(inner) => values.extend(inner.iter().cloned()),
                    value => {
                        self.consume(&value, span(element));
                        is_known = false;
                    }
                },
                element => values.push(self.eval(element)),
            }
        }
        if is_known {
            return Value::List(Rc::new(values));
        }
        values.iter().for_each(|value| self.consume(value, self.statement.clone()));
        Value::Unknown
    }

    fn dict(&mut self, dict: &'a ExprDict) -> Value<'a> {
        if dict.items.len() > MAX_PARTS {
            for DictItem { key, value } in &dict.items {
                key.iter().for_each(|key| self.eat(key));
                self.eat(value);
            }
            return Value::Unknown;
        }
        let (mut under, mut over, mut view, mut is_known) = (Vec::new(), Vec::new(), None, true);
        for DictItem { key, value } in &dict.items {
            match key {
                Some(key) => {
                    let key = self.eval(key);
                    let value = self.eval(value);
                    let pairs = if view.is_some() { &mut over } else { &mut under };
                    pairs.push((key, value));
                }
                None => match self.eval(value) {
                    Value::Access(Entity::Environ, found) => {
                        self.touch(&found);
                        view = Some(found);
                    }
                    Value::Dict(inner) => {
                        let pairs = if view.is_some() { &mut over } else { &mut under };
                        pairs.extend(inner.iter().cloned());
                    }
                    found => {
                        self.consume(&found, span(value));
                        is_known = false;
                    }
                },
            }
        }
        match view {
            Some(view) => {
                let whole = self.overlaid(&view, &under, &over);
                under.iter().chain(&over).for_each(|(_, value)| self.consume(value, span(dict)));
                self.watched(whole, span(dict))
            }
            None if is_known => Value::Dict(Rc::new(under)),
            None => {
                under.iter().for_each(|(_, value)| self.consume(value, span(dict)));
                Value::Unknown
            }
        }
    }

    /// A copy of the environment, whose use is watched.
    pub(super) fn watched(&mut self, value: Value<'a>, at: std::ops::Range<usize>) -> Value<'a> {
        match value {
            Value::Access(entity, view) if view.site.is_none() => {
                self.sites.push((at, false));
                let View { is_copy, under, over, .. } = &*view;
                let site = Some(self.sites.len() - 1);
                let view = View { is_copy: *is_copy, site, under: under.clone(), over: over.clone() };
                Value::Access(entity, Rc::new(view))
            }
            value => value,
        }
    }

    /// A comprehension as a list and as a dict.
    fn comprehension(
        &mut self,
        generators: &'a [Comprehension],
        elements: [&'a Expr; 2],
    ) -> (Value<'a>, Value<'a>) {
        let mut rows = Rows::default();
        let targets: Vec<&'a str> = generators.iter().flat_map(|part| names(&part.target)).collect();
        let outer: Vec<_> = targets.iter().map(|name| self.state.lookup(name).cloned()).collect();
        self.generate(generators, elements, &mut rows);
        for (name, value) in targets.into_iter().zip(outer) {
            self.state.assign(name, value);
        }
        if !rows.is_known {
            return (Value::Unknown, Value::Unknown);
        }
        if !rows.tests.is_empty() {
            let told = Value::Told(Rc::new(Test::any(rows.tests)));
            return (told.clone(), told);
        }
        let list = rows.pairs.iter().map(|(key, _)| key.clone()).collect();
        (Value::List(Rc::new(list)), Value::Dict(Rc::new(rows.pairs)))
    }

    fn generate(&mut self, generators: &'a [Comprehension], elements: [&'a Expr; 2], rows: &mut Rows<'a>) {
        let Some((first, rest)) = generators.split_first() else {
            let [key, value] = elements;
            let key_found = self.eval(key);
            let found = if std::ptr::eq(key, value) { key_found.clone() } else { self.eval(value) };
            rows.pairs.push((key_found, found));
            rows.is_known &= rows.pairs.len() <= MAX_ELEMENTS;
            return;
        };
        let found = self.eval(&first.iter);
        let Some(found_rows) = self.rows(&found) else {
            self.consume(&found, span(&first.iter));
            rows.is_known = false;
            self.bind(&first.target, &Value::Unknown);
            let mut facts = Vec::new();
            for test in &first.ifs {
                facts.extend(self.test(test).yes);
            }
            self.branch(&facts, |walker| {
                walker.generate(rest, elements, rows);
                for (key, value) in std::mem::take(&mut rows.pairs) {
                    walker.consume(&key, span(elements[0]));
                    walker.consume(&value, span(elements[1]));
                }
                super::state::End::Open
            });
            return;
        };
        self.again += 1;
        self.left = self.left.saturating_sub(found_rows.len());
        for row in found_rows {
            self.bind(&first.target, &row);
            let mut facts = Vec::new();
            let mut tests = Vec::new();
            for test in &first.ifs {
                let test = self.test(test);
                facts.extend(test.yes.iter().cloned());
                tests.push(test);
            }
            rows.tests.extend(tests.into_iter().filter(|test| !test.is_empty()));
            self.branch(&facts, |walker| {
                walker.generate(rest, elements, rows);
                super::state::End::Open
            });
        }
        self.again -= 1;
    }
}

/// The rows of a comprehension.
struct Rows<'a> {
    pairs: Vec<(Value<'a>, Value<'a>)>,
    /// What tells whether rows are taken.
    tests: Vec<Test>,
    is_known: bool,
}

impl Default for Rows<'_> {
    fn default() -> Self {
        Self { pairs: Vec::new(), tests: Vec::new(), is_known: true }
    }
}

fn names(target: &Expr) -> Vec<&str> {
    match target {
        Expr::Name(name) => vec![name.id.as_str()],
        Expr::Tuple(tuple) => tuple.elts.iter().flat_map(names).collect(),
        Expr::List(list) => list.elts.iter().flat_map(names).collect(),
        Expr::Starred(starred) => names(&starred.value),
        _ => Vec::new(),
    }
}

/// The environment itself.
pub(super) fn base() -> Rc<View> {
    Rc::new(View { is_copy: false, site: None, under: Vec::new(), over: Vec::new() })
}
