//! Evaluation: what is known of an expression's value, and the uses of the environment in it.

use std::rc::Rc;

use ruff_python_ast::Expr;
use ruff_python_ast::ExprAttribute;
use ruff_python_ast::ExprFString;
use ruff_python_ast::ExprSubscript;
use ruff_python_ast::FStringPart;
use ruff_python_ast::InterpolatedStringElement;
use ruff_python_ast::Operator;
use ruff_python_ast::UnaryOp;
use ruff_python_ast::visitor::walk_expr;

use super::catches::Failure;
use super::lists::MAX_PARTS;
use super::numbers;
use super::value::Code;
use super::value::Function;
use super::value::Value;
use super::value::View;
use super::walk::Walker;
use crate::diagnostic::Diagnostic;
use crate::frontend::facts::as_option;
use crate::frontend::python::entity::Entity;
use crate::frontend::python::entity::method;
use crate::frontend::python::semantic::fold;
use crate::frontend::python::semantic::specs;
use crate::frontend::python::semantic::texts;
use crate::frontend::python::span;
use crate::value::Constant;

/// Builtin types passed on to convert a value.
const TYPES: &[&str] = &["int", "float", "bool", "str"];

impl<'a> Walker<'_, 'a> {
    /// Follows an expression whose value is used in an unknown way.
    pub(super) fn eat(&mut self, expression: &'a Expr) {
        let value = self.eval(expression);
        self.consume(&value, span(expression));
    }

    /// A value is used in an unknown way.
    pub(super) fn consume(&mut self, value: &Value<'a>, at: std::ops::Range<usize>) {
        match value {
            Value::Read(reads, _) | Value::Length(reads) | Value::Parts(reads, _) | Value::Url(reads) => {
                for &read in &**reads {
                    let name = &self.records.reads[read].name;
                    if !self.state.facts.is_present(name) {
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

    /// A value is used in a way that fails without one, with this error.
    pub(super) fn need(&mut self, value: &Value<'a>, error: &'static str) {
        let Value::Read(reads, _) = value else { return };
        for &read in &**reads {
            let record = &self.records.reads[read];
            let is_present = self.state.facts.is_present(&record.name);
            let has_value = is_present || record.is_hard || record.fallback.is_some();
            if !has_value && self.catching(Failure::Error(error)).is_some() {
                self.records.tried.push((read, error));
            } else {
                // What nobody calls here may never be run.
                let is_run = self.call.is_some() || self.active.is_empty();
                self.records.reads[read].is_needed |= !has_value && is_run;
                let name = self.records.reads[read].name.clone();
                if !has_value && is_run && reads.len() == 1 && as_option(&name).is_some() {
                    self.need_option(&name, error);
                }
            }
            self.records.reads[read].is_used = true;
        }
    }

    /// The environment, or a function that reads it, passed on: nothing is known of its use.
    pub(super) fn whole(&mut self, at: std::ops::Range<usize>) {
        let message = "the environment is used as a whole here";
        self.records.tell(Diagnostic::note("whole-environment", message).at(at).hint(
            "a variable that is read or set this way is not part of the interface; read it by its name",
        ));
    }

    /// Something reads or writes through an alias of the environment.
    pub(super) fn touch(&mut self, view: &View) {
        if let Some(site) = view.site {
            self.sites[site].1 = true;
        }
    }

    /// The environment, if an expression refers to it.
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

    /// Evaluates an expression as far as possible.
    pub(super) fn eval(&mut self, expression: &'a Expr) -> Value<'a> {
        match expression {
            Expr::StringLiteral(_)
            | Expr::NumberLiteral(_)
            | Expr::BooleanLiteral(_)
            | Expr::NoneLiteral(_)
            | Expr::BytesLiteral(_) => Value::Literal(expression),
            Expr::EllipsisLiteral(_) => Value::Sentinel(0),
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
                if binary.op == Operator::Sub
                    && let Some(told) = self.lacking(&left, &right, span(&*binary.right))
                {
                    return told;
                }
                if binary.op == Operator::BitAnd
                    && let Some(told) = self.present(&left, &right, span(expression))
                {
                    return told;
                }
                if binary.op == Operator::Mod
                    && let (Some(format), Value::Access(Entity::Environ, view)) = (left.as_text(), &right)
                {
                    self.take(view, &texts::keys(&format), true, span(expression));
                    return Value::Unknown;
                }
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
                let value = self.changed(value);
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
            Expr::DictComp(dict) => match self.copied(dict) {
                Some(view) => {
                    let copy = self.overlaid(&view, &[], &[]);
                    self.watched(copy, span(expression))
                }
                None => self.comprehension(&dict.generators, [&dict.key, &dict.value]).1,
            },
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

    pub(super) fn told_by(&mut self, expression: &'a Expr) -> Value<'a> {
        let test = self.test(expression);
        match test.outcome {
            Some(outcome) if test.is_empty() => Value::known(Constant::Bool(outcome)),
            _ if test.is_empty() && !test.is_choice() => Value::Unknown,
            _ => Value::Told(Rc::new(test)),
        }
    }

    pub(super) fn name(&mut self, name: &'a str, expression: &'a Expr) -> Value<'a> {
        match self.state.lookup(name) {
            Some(Value::Unknown) | None => {}
            Some(value) => return value.clone(),
        }
        if let Some(entity) = self.entities.of(expression) {
            return Value::Access(entity, base());
        }
        if let Some(constant) = self.of_image(name, expression) {
            return constant;
        }
        if let Some(kind) = self.builtin(expression).filter(|kind| TYPES.contains(kind)) {
            return Value::Builtin(kind);
        }
        let constant = expression.as_name_expr().and_then(|name| self.model.constant(name));
        constant.map_or(Value::Unknown, |constant| Value::known(constant.clone()))
    }

    /// The value of a name.
    pub(super) fn named_value(&self, expression: &Expr) -> Option<&Value<'a>> {
        self.state.lookup(expression.as_name_expr()?.id.as_str())
    }

    pub(super) fn attribute(&mut self, attribute: &'a ExprAttribute, expression: &'a Expr) -> Value<'a> {
        if let Some(Value::Access(Entity::Environ, view)) = self.named_value(&attribute.value)
            && let Some(entity) = method(&attribute.attr)
        {
            return Value::Access(entity, Rc::clone(view));
        }
        if let Some(entity) = self.entities.of(expression) {
            return Value::Access(entity, base());
        }
        if let Some(constant) = self.of_image(attribute.attr.as_str(), expression) {
            return constant;
        }
        if let Some(class) = self.class_of(&attribute.value) {
            return self.attribute_of_class(class, attribute.attr.as_str(), span(expression));
        }
        match self.eval(&attribute.value) {
            Value::Access(Entity::Environ, view) => {
                if let Some(entity) = method(&attribute.attr) {
                    Value::Access(entity, view)
                } else {
                    self.touch(&view);
                    self.whole(span(expression));
                    Value::Unknown
                }
            }
            Value::Class(class) | Value::Instance(class) => {
                self.attribute_of_class(class, attribute.attr.as_str(), span(expression))
            }
            Value::Options => self.option(attribute.attr.as_str(), span(expression)),
            Value::Url(reads) => self.part_of_url(&reads, attribute.attr.as_str(), span(expression)),
            Value::Path(text) if attribute.attr.as_str() == "parent" => {
                text.rsplit_once('/').map_or(Value::Unknown, |(folder, _)| Value::Path(folder.into()))
            }
            // A member of an enumeration.
            value if attribute.attr.as_str() == "value" && value.constant().is_some() => value,
            value => {
                self.consume(&value, span(expression));
                Value::Unknown
            }
        }
    }

    /// A constant of Python that an expression refers to, in an image.
    fn of_image(&self, name: &str, expression: &Expr) -> Option<Value<'a>> {
        if name == "__name__" && !self.is_module {
            return Some(Value::text("__main__".to_owned()));
        }
        numbers::CONSTANTS.contains(&name).then_some(())?;
        let paths = self.qualified(expression);
        paths.first().and_then(|path| numbers::of_image(path)).map(Value::known)
    }

    /// The class that an expression refers to: itself, its instances, `self` in its methods.
    pub(super) fn class_of(&self, expression: &Expr) -> Option<usize> {
        let name = expression.as_name_expr()?;
        match self.state.lookup(&name.id) {
            Some(Value::Class(class) | Value::Instance(class)) => Some(*class),
            _ => None,
        }
    }

    pub(super) fn subscript(&mut self, subscript: &'a ExprSubscript, expression: &'a Expr) -> Value<'a> {
        match self.eval(&subscript.value) {
            Value::Access(Entity::Environ, view) => {
                let name = self.eval(&subscript.slice);
                self.lookup(&view, &name, None, true, span(expression))
            }
            Value::Options => match self.eval(&subscript.slice).as_text() {
                Some(name) => self.option(&name, span(expression)),
                None => Value::Unknown,
            },
            Value::Class(class) if self.enums.contains_key(&class) => {
                let name = self.eval(&subscript.slice);
                self.consume(&name, span(&*subscript.slice));
                self.reject_member(class, &name)
            }
            Value::Dict(pairs) => {
                let key = self.eval(&subscript.slice);
                self.reject_key(&key, &pairs);
                if let Some(among) = Self::among(&key, &pairs) {
                    return among;
                }
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
                if let Value::Instance(own) = value
                    && self.state.classes[own].contains_key("__getitem__")
                {
                    let key = self.eval(&subscript.slice);
                    let found = self.special(&value, "__getitem__", vec![key], span(expression));
                    return found.unwrap_or(Value::Unknown);
                }
                if let Some(part) = numbers::sliced(&value, &subscript.slice) {
                    return part;
                }
                self.need(&value, "TypeError");
                self.consume(&value, span(expression));
                let index = self.eval(&subscript.slice);
                self.consume(&index, span(&*subscript.slice));
                index.constant().iter().for_each(|index| self.index_parts(&value, index));
                Value::Unknown
            }
        }
    }

    /// The result of an operator on two values.
    pub(super) fn joined(&mut self, operator: Operator, left: &Value<'a>, right: &Value<'a>) -> Value<'a> {
        match (operator, left, right) {
            (Operator::BitOr, Value::Access(Entity::Environ, view), Value::Dict(pairs)) => {
                self.overlaid(view, &[], pairs)
            }
            (Operator::BitOr, Value::Dict(pairs), Value::Access(Entity::Environ, view)) => {
                self.overlaid(view, pairs, &[])
            }
            (Operator::Div, Value::Path(path), part) if part.as_text().is_some() => {
                let part = part.as_text().unwrap_or_default();
                Value::Path(texts::path(&[path.to_string(), part]).into())
            }
            (Operator::Div, part, Value::Path(path)) if part.as_text().is_some() => {
                let part = part.as_text().unwrap_or_default();
                Value::Path(texts::path(&[part, path.to_string()]).into())
            }
            (Operator::Add, Value::List(one), Value::List(other)) if one.len() + other.len() <= MAX_PARTS => {
                Value::List(Rc::new([one.as_slice(), other.as_slice()].concat()))
            }
            (Operator::Mod, format, values) if format.as_text().is_some() => formatted(format, values),
            (operator, left, right) => {
                // `None + "a"` and `Path("a") / None` fail.
                if matches!(operator, Operator::Add | Operator::Div) {
                    self.need(left, "TypeError");
                    self.need(right, "TypeError");
                }
                let constants = left.constant().zip(right.constant());
                let folded = constants.and_then(|(one, other)| fold::binary(operator, one, other));
                folded.map_or(Value::Unknown, |constant| Value::made_of(constant, &[left, right]))
            }
        }
    }

    pub(super) fn fstring(&mut self, literal: &'a ExprFString) -> Value<'a> {
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
                        let constant = value.constant();
                        match constant.and_then(|constant| specs::formatted(&constant, &fold::spec(element)?))
                        {
                            Some(written) => text.push_str(&written),
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
}

/// The result of `%` on a format string.
fn formatted<'a>(format: &Value<'a>, values: &Value<'a>) -> Value<'a> {
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

/// The environment itself.
pub(super) fn base() -> Rc<View> {
    Rc::new(View { is_copy: false, site: None, under: Vec::new(), over: Vec::new(), is_open: false })
}
