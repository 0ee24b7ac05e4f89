//! Loops and definitions.

use ruff_python_ast::Expr;
use ruff_python_ast::Stmt;
use ruff_python_ast::StmtClassDef;
use ruff_python_ast::StmtFor;
use ruff_python_ast::StmtFunctionDef;
use ruff_python_ast::StmtWhile;

use super::state::End;
use super::state::Frame;
use super::stores::stored;
use super::value::Code;
use super::value::Function;
use super::value::Value;
use super::walk::MAX_ELEMENTS;
use super::walk::Walker;
use crate::frontend::python::span;

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
        let rows = value.elements()?;
        (rows.len() <= MAX_ELEMENTS && self.left > 0).then_some(rows)
    }

    pub(super) fn repeat_while(&mut self, repeat: &'a StmtWhile) -> End {
        self.forget(&repeat.body);
        let test = self.test(&repeat.test);
        let outcome = self.branch(&test.yes, |walker| {
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
        let is_static = function.decorator_list.iter().any(|decorator| {
            decorator.expression.as_name_expr().is_some_and(|name| name.id == "staticmethod")
        });
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

    pub(super) fn class(&mut self, class: &'a StmtClassDef) -> End {
        self.derive(class);
        class.decorator_list.iter().for_each(|decorator| self.eat(&decorator.expression));
        let mut names = std::collections::HashMap::new();
        for argument in class.arguments.iter().flat_map(|arguments| &arguments.args) {
            match self.eval(argument) {
                Value::Class(base) => names.extend(self.state.classes[base].clone()),
                value => self.consume(&value, span(argument)),
            }
        }
        for keyword in class.arguments.iter().flat_map(|arguments| &arguments.keywords) {
            self.eat(&keyword.value);
        }
        let id = self.state.classes.len();
        self.state.classes.push(names);
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
        self.state.assign(&class.name, Some(Value::Class(id)));
        End::Open
    }
}

/// An element of a list of unknown length: each part of a text may be empty, as that is.
pub(super) fn part_of<'a>(list: &Value<'a>) -> Value<'a> {
    match list {
        Value::Parts(reads, true) => Value::Read(reads.clone(), false),
        _ => Value::Unknown,
    }
}
