//! Loops and definitions.

use ruff_python_ast::Expr;
use ruff_python_ast::Stmt;
use ruff_python_ast::StmtFor;
use ruff_python_ast::StmtFunctionDef;
use ruff_python_ast::StmtWhile;

use super::state::End;
use super::stores::stored;
use super::value::Code;
use super::value::Form;
use super::value::Function;
use super::value::Value;
use super::walk::MAX_ELEMENTS;
use super::walk::Walker;
use super::walk::told_outcome;
use crate::frontend::python::span;
use crate::value::Constant;

impl<'a> Walker<'_, 'a> {
    pub(super) fn repeat_for(&mut self, repeat: &'a StmtFor) -> End {
        let rows = self.eval(&repeat.iter);
        if let Some(rows) = self.rows(&rows) {
            self.again += 1;
            for row in rows {
                self.bind(&repeat.target, &row);
                self.body(&repeat.body);
            }
            self.again -= 1;
        } else {
            self.need(&rows, "TypeError");
            self.consume(&rows, span(&*repeat.iter));
            self.forget(&repeat.body);
            let outcome = self.branch(&[], |walker| {
                walker.bind(&repeat.target, &part_of(&rows));
                walker.body(&repeat.body);
                End::Open
            });
            let other = self.branch(&[], |_| End::Open);
            self.state.join(&[outcome, other], &mut self.records);
        }
        self.body(&repeat.orelse);
        End::Open
    }

    /// The elements of a known value, unless there are too many to follow each.
    pub(super) fn rows(&self, value: &Value<'a>) -> Option<Vec<Value<'a>>> {
        let rows = match value {
            Value::Class(class) => self.enums.get(class)?.iter().map(|(_, value)| value.clone()).collect(),
            Value::Path(_) | Value::Literal(Expr::BytesLiteral(_)) => return None,
            value => value.elements().or_else(|| letters(value))?,
        };
        (rows.len() <= MAX_ELEMENTS && self.left > 0).then_some(rows)
    }

    pub(super) fn repeat_while(&mut self, repeat: &'a StmtWhile) -> End {
        self.forget(&repeat.body);
        let test = self.test(&repeat.test);
        let is_run = told_outcome(&test, &repeat.test) != Some(false);
        let outcome = self.branch_where(is_run, &test.yes, |walker| {
            // A loop that ends the program at once is a condition.
            if walker.body(&repeat.body) == End::Exit { End::Exit } else { End::Open }
        });
        let ended = [(outcome.end, test.no.clone())];
        let other = self.branch(&test.no, |_| End::Open);
        self.state.join(&[outcome, other], &mut self.records);
        self.learn(&ended);
        self.body(&repeat.orelse);
        End::Open
    }

    /// Forgets names that a loop changes.
    pub(super) fn forget(&mut self, body: &'a [Stmt]) {
        for name in stored(body) {
            if self.state.lookup(name).is_some() {
                self.state.assign(name, Some(Value::Unknown));
            }
        }
    }

    pub(super) fn define(&mut self, function: &'a StmtFunctionDef) -> End {
        for decorator in &function.decorator_list {
            self.eat(&decorator.expression);
        }
        self.parameters(&function.parameters);
        function.returns.iter().for_each(|part| self.eat(part));
        let is_static = Code::Definition(function).is_decorated("staticmethod");
        let class = self.state.top().filter(|frame| frame.is_class).and_then(|frame| frame.class);
        let home = self.state.top().map_or(0, |frame| frame.id);
        let found = Function { code: Code::Definition(function), class, home, is_static };
        if let Some(frame) = self.state.top() {
            frame.functions.push(found);
        }
        let is_plain = function.decorator_list.iter().all(|decorator| {
            matches!(&decorator.expression, Expr::Name(name)
                if ["staticmethod", "classmethod", "property", "cache"].contains(&name.id.as_str()))
                || !self.is_environment_near(&decorator.expression)
        });
        if self.is_command(function) {
            self.commands.insert(found.code.id());
        }
        let value = if is_plain { Value::Function(found) } else { Value::Unknown };
        self.state.assign(&function.name, Some(value));
        End::Open
    }

    pub(super) fn is_environment_near(&self, expression: &Expr) -> bool {
        self.entities.of(expression).is_some()
    }
}

/// The characters of a known text.
fn letters<'a>(text: &Value<'a>) -> Option<Vec<Value<'a>>> {
    let letter = |letter: char| Value::made_of(Constant::Text(letter.to_string()), &[text]);
    Some(text.as_text()?.chars().take(MAX_ELEMENTS + 1).map(letter).collect())
}

/// An element of a list of unknown length: each part of a text may be empty, as that is.
pub(super) fn part_of<'a>(list: &Value<'a>) -> Value<'a> {
    match list {
        Value::Parts(reads, parted) if parted.has_one => Value::Read(reads.clone(), Form::Changed),
        _ => Value::Unknown,
    }
}
