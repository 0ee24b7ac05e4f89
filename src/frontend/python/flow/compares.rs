//! Comparisons: what they imply for variables.

use ruff_python_ast::CmpOp;
use ruff_python_ast::Expr;
use ruff_python_ast::ExprCompare;

use super::value::{Form, Parted, Value};
use super::walk::Walker;
use crate::component::Type;
use crate::frontend::facts::{Test, Texts};
use crate::frontend::interface::Fallback;
use crate::frontend::python::entity::Entity;
use crate::frontend::python::semantic::fold;
use crate::frontend::python::span;
use crate::value::Constant;

impl<'a> Walker<'_, 'a> {
    pub(super) fn compare(&mut self, compare: &'a ExprCompare) -> Test {
        let (mut left, mut one) = (self.eval(&compare.left), &*compare.left);
        let mut tests = Vec::with_capacity(compare.ops.len());
        // `0 < x < 9` holds if both comparisons do.
        for (operator, other) in compare.ops.iter().zip(&compare.comparators) {
            let right = self.eval(other);
            let is_negative = matches!(operator, CmpOp::NotIn | CmpOp::NotEq | CmpOp::IsNot);
            let test = self.comparison(*operator, (&left, one), (&right, other));
            tests.push(if is_negative { test.negated() } else { test });
            (left, one) = (right, other);
        }
        match <[Test; 1]>::try_from(tests) {
            Ok([test]) => test,
            Err(tests) => Test::all(tests),
        }
    }

    pub(super) fn comparison(
        &mut self,
        operator: CmpOp,
        (left, one): (&Value<'a>, &'a Expr),
        (right, other): (&Value<'a>, &'a Expr),
    ) -> Test {
        if matches!(operator, CmpOp::In | CmpOp::NotIn)
            && let Value::Access(Entity::Environ | Entity::Keys, view) = right
        {
            self.records.understood.push(span(other));
            return self.membership(view, left, span(one));
        }
        // `required <= os.environ.keys()`
        if let (CmpOp::LtE, Some(Value::Told(missing))) = (operator, self.lacking(left, right, span(other))) {
            return (*missing).clone().negated();
        }
        if let Value::Told(test) = left
            && let Some(test) = counted(operator, test, right)
        {
            return test;
        }
        if let Some(test) = self.measured(operator, left, right) {
            return test;
        }
        if let (CmpOp::In | CmpOp::NotIn, Value::Parts(reads, Parted { default: Some(parts), .. })) =
            (operator, right)
            && left.constant().is_some()
        {
            let read = Value::Read(reads.clone(), Form::Changed);
            self.consume(right, span(other));
            return self.test_by_default(&read, parts.iter().any(|part| part.is_same(left)));
        }
        if matches!(operator, CmpOp::In | CmpOp::NotIn) {
            self.need(right, "TypeError");
        }
        let (read, against) = match (left, right) {
            (Value::Read(..), against) => (left, against),
            (against, Value::Read(..)) => (right, against),
            _ => {
                self.consume_other(left, one);
                self.consume_other(right, other);
                let is_none = |value: &Value| value.constant() == Some(Constant::None);
                let outcome = match (operator, left.constant(), right.constant()) {
                    (CmpOp::Eq | CmpOp::NotEq, Some(left), Some(right)) => Some(left == right),
                    (CmpOp::In | CmpOp::NotIn, Some(_), _) => contains(right, left),
                    (CmpOp::Is | CmpOp::IsNot, ..) if is_none(right) => left.is_none(),
                    (CmpOp::Is | CmpOp::IsNot, ..) if matches!(right, Value::Sentinel(_)) => {
                        (!matches!(left, Value::Unknown)).then(|| left.is_same(right))
                    }
                    _ => None,
                };
                return told(outcome);
            }
        };
        let is_equality = matches!(
            operator,
            CmpOp::Eq | CmpOp::NotEq | CmpOp::Is | CmpOp::IsNot | CmpOp::In | CmpOp::NotIn
        );
        let is_nothing = |value: &Value| value.constant().is_some_and(|constant| !fold::truth(&constant));
        let nothing = match against {
            Value::List(values) => !values.is_empty() && values.iter().all(is_nothing),
            Value::Sentinel(_) => true,
            value => is_nothing(value),
        };
        if nothing && is_equality {
            return self.presence(read).negated();
        }
        if nothing && matches!(operator, CmpOp::Gt) {
            return self.presence(read);
        }
        self.compared(read);
        self.consume_other(against, other);
        if is_equality {
            return self.compared_with(operator, read, against);
        }
        self.need(read, "TypeError");
        self.consume(read, span(one));
        self.chosen(read)
    }

    /// What a comparison with a read implies; an unset variable compares by its default.
    pub(super) fn compared_with(&self, operator: CmpOp, read: &Value<'a>, against: &Value<'a>) -> Test {
        let names = self.asked(read);
        let is_list = matches!(operator, CmpOp::In | CmpOp::NotIn);
        let texts = match against {
            Value::List(values) if is_list => values.iter().map(Value::as_text).collect(),
            value if !is_list => value.as_text().map(|text| vec![text]),
            _ => None,
        };
        let texts = texts.map(|all| Texts { all, is_among: true });
        let (unknown, given) = (Test::unknown(), Test::of(&names));
        let test =
            match (names.as_slice(), self.default_of(read).map(|default| self.converted(read, default))) {
                ([], _) => self.chosen(read),
                ([_], Some(default)) => {
                    let known = Value::known(default.clone());
                    let holds = if is_list {
                        contains(against, &known)
                    } else {
                        against.constant().map(|_| against.is_same(&known))
                    };
                    let is_sure = matches!(read, Value::Read(_, Form::Default(_)));
                    let is_near =
                        !is_sure && texts.as_ref().is_some_and(|texts| is_near(&texts.all, &default));
                    match holds {
                        Some(true) => Test::any(vec![given.negated(), unknown]),
                        // It may be one of them once something is done to it.
                        Some(false) if is_near => Test { yes: given.yes, ..unknown },
                        Some(false) => Test::all(vec![given, unknown]),
                        None => unknown,
                    }
                }
                // What isn't set is like no text.
                ([_], None) => Test::all(vec![given, self.chosen(read)]),
                _ => Test { yes: given.yes, ..unknown },
            };
        Test { texts, ..test }
    }

    /// A test of which value a variable has, if it has one in any case; else of something unknown.
    pub(super) fn chosen(&self, read: &Value<'a>) -> Test {
        let Value::Read(reads, _) = read else { return Test::unknown() };
        match &**reads {
            [read] if matches!(self.records.reads[*read].fallback, None | Some(Fallback::Missing)) => {
                Test::of_choice(&self.records.reads[*read].name)
            }
            _ => Test::unknown(),
        }
    }

    /// A default as what the read is converted to.
    fn converted(&self, read: &Value<'a>, default: Constant) -> Constant {
        let Value::Read(reads, _) = read else { return default };
        let cast = reads.iter().find_map(|&read| self.records.reads[read].cast.clone());
        let function = match cast {
            Some(Type::Integer) => "int",
            Some(Type::Float) => "float",
            _ => return default,
        };
        fold::converted(function, &default).unwrap_or(default)
    }

    /// `len(x) < 1`, `int(x) <= 0`: an unset variable compares by its default.
    fn measured(&mut self, operator: CmpOp, left: &Value<'a>, right: &Value<'a>) -> Option<Test> {
        let (read, number, operator) = match (left, right) {
            (Value::Read(..) | Value::Length(_), other) => (left, other, operator),
            (other, Value::Read(..) | Value::Length(_)) => (right, other, turned(operator)),
            _ => return None,
        };
        let bound = number.constant()?.number()?;
        let (read, is_length) = match read {
            Value::Length(reads) => (Value::Read(reads.clone(), Form::Changed), true),
            read => (read.clone(), false),
        };
        let default = match self.default_of(&read) {
            Some(Constant::Text(text)) if is_length => {
                u32::try_from(text.chars().count()).ok().map(f64::from)
            }
            Some(Constant::Text(text)) => text.trim().parse().ok(),
            default => default?.number(),
        }?;
        self.compared(&read);
        let holds = match operator {
            CmpOp::Lt => default < bound,
            CmpOp::LtE => default <= bound,
            CmpOp::Gt => default > bound,
            CmpOp::GtE => default >= bound,
            CmpOp::Eq | CmpOp::NotEq => (default - bound).abs() < f64::EPSILON,
            _ => return None,
        };
        let given = Test::of_either(&self.asked(&read));
        let tests = vec![if holds { given.negated() } else { given }, Test::unknown()];
        Some(if holds { Test::any(tests) } else { Test::all(tests) })
    }

    /// Whether a read was converted to a number.
    fn is_number(&self, read: usize) -> bool {
        matches!(self.records.reads[read].cast, Some(Type::Integer | Type::Float))
    }

    /// `x.startswith("a")`: an unset variable is tested by its default.
    pub(super) fn begins(&mut self, read: &Value<'a>, name: &str, part: Option<&Value<'a>>) -> Option<Test> {
        let part = part?.as_text()?;
        let default = match self.default_of(read) {
            Some(Constant::Text(default)) => default,
            None if ["startswith", "endswith"].contains(&name) && self.asked(read).is_empty() => {
                return Some(self.chosen(read));
            }
            _ => return None,
        };
        let holds = match name {
            "startswith" => default.starts_with(&part),
            "endswith" => default.ends_with(&part),
            _ => return None,
        };
        self.compared(read);
        let given = Test::of_either(&self.asked(read));
        Some(match holds {
            true => Test::any(vec![given.negated(), Test::unknown()]),
            // An empty text stays one, whatever is done to it.
            false if default.is_empty() || self.sole_default(read).is_some() => {
                Test::all(vec![given, Test::unknown()])
            }
            false => Test { yes: given.yes, ..Test::unknown() },
        })
    }

    /// `os.path.isfile(x)`: an empty default is no file.
    pub(super) fn exists(&mut self, read: &Value<'a>) -> Option<Test> {
        let is_empty = matches!(self.default_of(read)?, Constant::Text(text) if text.is_empty());
        is_empty.then(|| Test::all(vec![Test::of_either(&self.asked(read)), Test::unknown()]))
    }

    /// The constant that the value of a single read is if the variable isn't set, with all that was done to it.
    pub(super) fn sole_default(&self, read: &Value<'a>) -> Option<Constant> {
        match read {
            Value::Read(reads, Form::Direct) if reads.len() == 1 => self.default_of(read),
            Value::Read(_, Form::Default(default)) => Some((**default).clone()),
            _ => None,
        }
    }

    /// The constant that a read gives if the variable isn't set.
    pub(super) fn default_of(&self, read: &Value<'a>) -> Option<Constant> {
        let Value::Read(reads, form) = read else { return None };
        if let Form::Default(default) = form {
            return Some((**default).clone());
        }
        reads.iter().find_map(|&read| match &self.records.reads[read].fallback {
            Some(Fallback::Constant(value)) if *value != Constant::None => Some(value.clone()),
            _ => None,
        })
    }

    /// Whether a read certainly, or possibly, has a value if the variable isn't set.
    pub(super) fn may_give(&self, read: &Value<'a>) -> bool {
        let Value::Read(reads, _) = read else { return false };
        reads.iter().any(|&read| match &self.records.reads[read].fallback {
            Some(Fallback::Constant(Constant::Text(text))) if self.is_number(read) => {
                text.trim().parse::<f64>().map_or(!text.is_empty(), |number| number != 0.0)
            }
            Some(Fallback::Constant(value)) => fold::truth(value),
            Some(fallback) => *fallback == Fallback::Computed,
            None => false,
        })
    }
}

/// A test of something other than variables, perhaps with a known outcome.
pub(super) fn told(outcome: Option<bool>) -> Test {
    outcome.map_or_else(Test::unknown, |_| Test { outcome, ..Test::default() })
}

/// A comparison with the length of a list that says something about variables; the caller negates `!=`.
fn counted(operator: CmpOp, told: &Test, against: &Value) -> Option<Test> {
    let number = match against {
        Value::List(values) if values.is_empty() => 0,
        value => match value.constant()? {
            Constant::Int(number) => number,
            _ => return None,
        },
    };
    match (operator, number) {
        (CmpOp::Gt, 0) | (CmpOp::GtE, 1) => Some(told.clone()),
        (CmpOp::Eq | CmpOp::NotEq, 0) | (CmpOp::Lt, 1) => Some(told.clone().negated()),
        _ => None,
    }
}

/// The operator with its operands swapped.
fn turned(operator: CmpOp) -> CmpOp {
    match operator {
        CmpOp::Lt => CmpOp::Gt,
        CmpOp::LtE => CmpOp::GtE,
        CmpOp::Gt => CmpOp::Lt,
        CmpOp::GtE => CmpOp::LtE,
        operator => operator,
    }
}

/// Whether a default equals one of some texts except for case, blanks, or surrounding text.
fn is_near(texts: &[String], default: &Constant) -> bool {
    let bare = |text: &str| text.trim().to_lowercase();
    let default = bare(&default.text());
    let is_near = |text: &String| {
        let text = bare(text);
        !default.is_empty() && !text.is_empty() && (default.contains(&text) || text.contains(&default))
    };
    texts.iter().any(is_near)
}

/// Whether a known value has an element or key, if that is known.
fn contains(all: &Value, one: &Value) -> Option<bool> {
    let elements = all.elements()?;
    let is_known = elements.iter().all(|element| element.constant().is_some());
    is_known.then(|| elements.iter().any(|element| element.is_same(one)))
}
