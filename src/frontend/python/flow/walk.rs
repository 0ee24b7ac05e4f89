//! The walk: statements in the order in which they are run, each branch by itself.

use std::rc::Rc;

use ruff_python_ast::visitor::{Visitor, walk_stmt};
use ruff_python_ast::{
    Expr, Stmt, StmtAnnAssign, StmtAugAssign, StmtClassDef, StmtFor, StmtFunctionDef, StmtIf, StmtWhile,
};

use super::Ends;
use super::certain::is_main;
use super::facts::{Fact, Test, demanded};
use super::records::{Records, Use};
use super::state::{End, Frame, Outcome, State};
use super::stores::stored;
use super::value::{Code, Function, Value, View};
use crate::frontend::interface::{Action, Set};
use crate::frontend::python::entity::{Entities, Entity};
use crate::frontend::python::semantic::Model;
use crate::frontend::python::span;

/// Most elements of a list whose loop is followed one by one.
pub(super) const MAX_ELEMENTS: usize = 100;

/// Most statements that are followed again, in loops and in functions that are called several times.
const MAX_AGAIN: usize = 20_000;

/// What follows a script.
pub(super) struct Walker<'m, 'a> {
    pub(super) model: &'m Model<'a>,
    pub(super) entities: Entities<'m, 'a>,
    pub(super) ends: Ends<'m, 'a>,
    pub(super) state: State<'a>,
    pub(super) records: Records,
    /// The innermost statement: its bytes if it holds no others, and where it begins.
    pub(super) statement: std::ops::Range<usize>,
    pub(super) place: usize,
    /// The call that is followed: what is read by its arguments is read there.
    pub(super) call: Option<(std::ops::Range<usize>, std::ops::Range<usize>, usize)>,
    /// Functions that are being followed.
    pub(super) active: Vec<usize>,
    /// What is known of functions that were followed.
    pub(super) known: std::collections::HashMap<usize, super::calls::Known<'a>>,
    /// The defaults of parameters, by where they stand.
    pub(super) defaults: std::collections::HashMap<usize, Value<'a>>,
    /// Names of the environment whose use is watched: where they get it, and whether they are used.
    pub(super) sites: Vec<(std::ops::Range<usize>, bool)>,
    /// Whether an argument of a call told the name of a variable.
    pub(super) is_parametric: bool,
    pub(super) again: usize,
    /// Whether what is read stands for another variable that isn't set.
    pub(super) instead: bool,
    /// Whether the call that was followed last ends the program.
    pub(super) ended: bool,
    pub(super) left: usize,
}

impl<'m, 'a> Walker<'m, 'a> {
    pub(super) fn new(model: &'m Model<'a>) -> Self {
        Self {
            model,
            entities: Entities::new(model),
            ends: Ends::new(model),
            state: State::default(),
            records: Records::default(),
            statement: 0..0,
            place: 0,
            call: None,
            active: Vec::new(),
            known: std::collections::HashMap::new(),
            defaults: std::collections::HashMap::new(),
            sites: Vec::new(),
            is_parametric: false,
            again: 0,
            instead: false,
            ended: false,
            left: MAX_AGAIN,
        }
    }

    /// Follows a module.
    pub(super) fn run(mut self, body: &'a [Stmt]) -> Records {
        self.state.push(Frame::default());
        self.body(body);
        self.rest();
        let unused: Vec<_> = self.sites.iter().filter(|(_, is_used)| !is_used).cloned().collect();
        for (site, _) in unused {
            self.whole(site);
        }
        self.records
    }

    /// Follows statements one after the other.
    pub(super) fn body(&mut self, body: &'a [Stmt]) -> End {
        let facts = self.state.facts.len();
        let mut end = End::Open;
        for statement in body {
            let ended = self.statement(statement);
            end = if end == End::Open { ended } else { end };
        }
        self.state.facts.truncate(facts);
        end
    }

    /// Follows a branch under some facts; what it changes is taken back.
    pub(super) fn branch(&mut self, facts: &[Fact], walk: impl FnOnce(&mut Self) -> End) -> Outcome<'a> {
        let (mark, known) = (self.state.mark(), self.state.facts.len());
        self.state.facts.extend_from_slice(facts);
        let end = walk(self);
        self.state.facts.truncate(known);
        if end == End::Exit {
            self.demand(facts);
        }
        Outcome { facts: facts.to_vec(), end, changes: self.state.undo(mark) }
    }

    /// Something fails, or the program ends, under some facts.
    pub(super) fn demand(&mut self, facts: &[Fact]) {
        let names: Vec<String> = demanded(facts).into_iter().map(str::to_owned).collect();
        for name in names {
            self.note(name, Action::Demand, self.place..self.place);
        }
    }

    pub(super) fn note(&mut self, name: String, action: Action, span: std::ops::Range<usize>) {
        let (statement, place) = (self.statement.clone(), self.place);
        self.records.note(Use { name, action, span, statement, place });
    }

    /// Takes for known what holds behind branches of which some have ended.
    fn learn(&mut self, outcomes: &[(End, Vec<Fact>)]) {
        for (end, facts) in outcomes {
            if *end != End::Open {
                self.state.facts.extend(facts.iter().cloned());
            }
        }
    }

    fn statement(&mut self, statement: &'a Stmt) -> End {
        if self.again > 0 {
            self.left = self.left.saturating_sub(1);
        }
        let outer = std::mem::replace(&mut self.statement, simple_range(statement));
        let place = std::mem::replace(&mut self.place, span(statement).start);
        let end = self.run_statement(statement);
        self.statement = outer;
        self.place = place;
        end
    }

    fn run_statement(&mut self, statement: &'a Stmt) -> End {
        match statement {
            Stmt::Expr(expression) => self.expression(&expression.value),
            Stmt::Assign(assign) => {
                let value = self.eval(&assign.value);
                let value = self.named(&assign.value, value);
                assign.targets.iter().for_each(|target| self.bind(target, &value));
                End::Open
            }
            Stmt::AnnAssign(assign) => self.annotated(assign),
            Stmt::AugAssign(assign) => self.augmented(assign),
            Stmt::If(condition) => self.condition(condition),
            Stmt::For(repeat) => self.repeat_for(repeat),
            Stmt::While(repeat) => self.repeat_while(repeat),
            Stmt::Try(attempt) => self.attempt(attempt),
            Stmt::With(with) => self.with(with),
            Stmt::Match(choice) => self.choice(choice),
            Stmt::FunctionDef(function) => self.define(function),
            Stmt::ClassDef(class) => self.class(class),
            Stmt::Return(found) => {
                let value = found.value.as_deref().map(|value| self.eval(value));
                self.give(value.unwrap_or_else(|| Value::known(crate::value::Constant::None)));
                End::Away
            }
            Stmt::Raise(_) => {
                walk_stmt(self, statement);
                End::Exit
            }
            Stmt::Assert(assertion) => {
                let test = self.test(&assertion.test);
                self.demand(&test.no);
                let facts = test.no.clone();
                if let Some(message) = &assertion.msg {
                    self.branch(&facts, |walker| {
                        walker.eat(message);
                        End::Away
                    });
                }
                self.state.facts.extend(test.yes);
                End::Open
            }
            Stmt::Continue(_) | Stmt::Break(_) => End::Away,
            Stmt::Global(global) => {
                if let Some(frame) = self.state.top() {
                    frame.globals.extend(global.names.iter().map(|name| name.as_str()));
                }
                End::Open
            }
            Stmt::Import(_) | Stmt::ImportFrom(_) => {
                for name in super::stores::imported(statement) {
                    self.state.assign(name, None);
                }
                End::Open
            }
            Stmt::Delete(delete) => {
                for target in &delete.targets {
                    match target {
                        Expr::Name(name) => self.state.assign(&name.id, None),
                        Expr::Subscript(subscript) => {
                            if self.environ(&subscript.value).is_none() {
                                self.eat(&subscript.value);
                            }
                            self.eat(&subscript.slice);
                        }
                        target => self.eat(target),
                    }
                }
                End::Open
            }
            _ => {
                walk_stmt(self, statement);
                End::Open
            }
        }
    }

    fn expression(&mut self, value: &'a Expr) -> End {
        self.ended = false;
        let found = self.eval(value);
        if self.ended && value.is_call_expr() {
            return End::Exit;
        }
        // The value of a statement goes nowhere: it isn't used.
        if !matches!(found, Value::Read(..)) {
            self.consume(&found, span(value));
        }
        End::Open
    }

    /// A value that gets a name: the environment under another name is watched.
    fn named(&mut self, expression: &'a Expr, value: Value<'a>) -> Value<'a> {
        match value {
            Value::Access(entity, view) if view.site.is_none() => {
                self.sites.push((span(expression), false));
                let site = Some(self.sites.len() - 1);
                let View { is_copy, under, over, .. } = &*view;
                let (under, over) = (under.clone(), over.clone());
                Value::Access(entity, Rc::new(View { is_copy: *is_copy, site, under, over }))
            }
            Value::Read(reads, _) => Value::Read(reads, false),
            value => value,
        }
    }

    fn annotated(&mut self, assign: &'a StmtAnnAssign) -> End {
        if let Some(value) = &assign.value {
            let found = self.eval(value);
            if let (Value::Read(reads, _), true) = (&found, super::stores::is_optional(&assign.annotation)) {
                for &read in &**reads {
                    self.records.reads[read].is_optional = true;
                }
            }
            let found = self.named(value, found);
            self.bind(&assign.target, &found);
        } else if !assign.target.is_name_expr() {
            self.eat(&assign.target);
        }
        self.eat(&assign.annotation);
        End::Open
    }

    fn augmented(&mut self, assign: &'a StmtAugAssign) -> End {
        match &*assign.target {
            Expr::Name(name) => {
                let old = self.eval(&assign.target);
                let added = self.eval(&assign.value);
                if let Value::Access(Entity::Environ, view) = &old {
                    self.update(view, &added, span(assign));
                } else {
                    self.consume(&added, span(&*assign.value));
                    let value = self.joined(assign.op, &old, &added);
                    if matches!(value, Value::Unknown) {
                        self.consume(&old, span(assign));
                    }
                    self.state.assign(&name.id, Some(value));
                }
            }
            Expr::Subscript(subscript) if self.environ(&subscript.value).is_some() => {
                let Some(view) = self.environ(&subscript.value) else { return End::Open };
                let name = self.eval(&subscript.slice);
                let at = span(subscript);
                let read = self.lookup(&view, &name, None, true, at.clone());
                self.consume(&read, at.clone());
                self.eat(&assign.value);
                self.write(&view, &name, &Value::Unknown, at);
            }
            target => {
                let view = self.environ(target);
                let added = self.eval(&assign.value);
                match view {
                    Some(view) => self.update(&view, &added, span(assign)),
                    None => {
                        self.consume(&added, span(&*assign.value));
                        self.eat(target);
                    }
                }
            }
        }
        End::Open
    }

    fn condition(&mut self, condition: &'a StmtIf) -> End {
        let test = self.test(&condition.test);
        if is_main(&condition.test) || (test.outcome == Some(true) && condition.elif_else_clauses.is_empty())
        {
            return self.body(&condition.body);
        }
        let mut outcomes = vec![self.branch(&test.yes, |walker| walker.body(&condition.body))];
        let mut ended = vec![(outcomes[0].end, test.no.clone())];
        let mut facts = test.no;
        let mut has_else = false;
        for clause in &condition.elif_else_clauses {
            let test = match &clause.test {
                Some(test) => {
                    let known = self.state.facts.len();
                    self.state.facts.extend_from_slice(&facts);
                    let test = self.test(test);
                    self.state.facts.truncate(known);
                    test
                }
                None => Test::default(),
            };
            has_else |= clause.test.is_none();
            let under = [facts.clone(), test.yes].concat();
            let outcome = self.branch(&under, |walker| walker.body(&clause.body));
            if clause.test.is_some() {
                ended.push((outcome.end, test.no.clone()));
            } else if outcome.end != End::Open && outcomes.len() == 1 {
                ended.push((
                    outcome.end,
                    outcomes[0].facts.iter().filter(|fact| fact.is_set).cloned().collect(),
                ));
            }
            outcomes.push(outcome);
            facts.extend(test.no);
        }
        if !has_else {
            outcomes.push(self.branch(&facts, |_| End::Open));
        }
        self.state.join(&outcomes, &mut self.records);
        self.learn(&ended);
        outcomes.iter().map(|outcome| outcome.end).min().unwrap_or(End::Open)
    }

    fn repeat_for(&mut self, repeat: &'a StmtFor) -> End {
        let rows = self.eval(&repeat.iter);
        match self.rows(&rows) {
            Some(rows) => {
                self.again += 1;
                for row in rows {
                    self.bind(&repeat.target, &row);
                    self.body(&repeat.body);
                }
                self.again -= 1;
            }
            None => {
                self.consume(&rows, span(&*repeat.iter));
                self.forget(&repeat.body);
                let outcome = self.branch(&[], |walker| {
                    walker.bind(&repeat.target, &Value::Unknown);
                    walker.body(&repeat.body);
                    End::Open
                });
                let other = self.branch(&[], |_| End::Open);
                self.state.join(&[outcome, other], &mut self.records);
            }
        }
        self.body(&repeat.orelse);
        End::Open
    }

    /// The elements of what is known, if it isn't too much to follow each.
    pub(super) fn rows(&self, value: &Value<'a>) -> Option<Vec<Value<'a>>> {
        let rows = value.elements()?;
        (rows.len() <= MAX_ELEMENTS && self.left > 0).then_some(rows)
    }

    fn repeat_while(&mut self, repeat: &'a StmtWhile) -> End {
        self.forget(&repeat.body);
        let test = self.test(&repeat.test);
        let outcome = self.branch(&test.yes, |walker| {
            walker.body(&repeat.body);
            End::Open
        });
        let other = self.branch(&test.no, |_| End::Open);
        self.state.join(&[outcome, other], &mut self.records);
        self.body(&repeat.orelse);
        End::Open
    }

    /// What a loop changes isn't known in it.
    fn forget(&mut self, body: &'a [Stmt]) {
        for name in stored(body) {
            if self.state.lookup(name).is_some() {
                self.state.assign(name, Some(Value::Unknown));
            }
        }
    }

    fn define(&mut self, function: &'a StmtFunctionDef) -> End {
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
        let value = if is_plain { Value::Function(found) } else { Value::Unknown };
        self.state.assign(&function.name, Some(value));
        End::Open
    }

    fn is_environment_near(&self, expression: &Expr) -> bool {
        self.entities.of(expression).is_some()
    }

    fn class(&mut self, class: &'a StmtClassDef) -> End {
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

    /// Gives a value to a target.
    pub(super) fn bind(&mut self, target: &'a Expr, value: &Value<'a>) {
        match target {
            Expr::Name(name) => self.state.assign(&name.id, Some(value.clone())),
            Expr::Starred(starred) => self.bind(&starred.value, &Value::Unknown),
            Expr::Tuple(tuple) => self.unpack(&tuple.elts, value),
            Expr::List(list) => self.unpack(&list.elts, value),
            Expr::Subscript(subscript) => match self.environ(&subscript.value) {
                Some(view) => {
                    let name = self.eval(&subscript.slice);
                    self.write(&view, &name, value, span(target));
                }
                None => {
                    self.consume(value, span(target));
                    self.eat(&subscript.value);
                    self.eat(&subscript.slice);
                    if let Expr::Name(name) = &*subscript.value
                        && self.state.lookup(&name.id).is_some()
                    {
                        self.state.assign(&name.id, Some(Value::Unknown));
                    }
                }
            },
            Expr::Attribute(attribute) => match self.class_of(&attribute.value) {
                Some(class) => self.member(class, &attribute.attr, value),
                None => {
                    self.consume(value, span(target));
                    self.eat(&attribute.value);
                }
            },
            target => {
                self.consume(value, span(target));
                self.eat(target);
            }
        }
    }

    /// What an object keeps; that of which several are given isn't known.
    fn member(&mut self, class: usize, name: &'a str, value: &Value<'a>) {
        let members = &mut self.state.classes[class];
        let value = match members.get(name) {
            Some(known) if !known.is_same(value) && !matches!(value, Value::Read(..)) => Value::Unknown,
            _ => value.clone(),
        };
        members.insert(name, value);
    }

    fn unpack(&mut self, targets: &'a [Expr], value: &Value<'a>) {
        let parts = value
            .elements()
            .filter(|parts| parts.len() == targets.len() && !targets.iter().any(Expr::is_starred_expr));
        if parts.is_none() {
            self.consume(value, targets.first().map_or(0..0, span));
        }
        for (at, target) in targets.iter().enumerate() {
            let part = parts.as_ref().map_or(Value::Unknown, |parts| parts[at].clone());
            self.bind(target, &part);
        }
    }

    /// A variable is written: what is set where nothing was is a default.
    pub(super) fn write(
        &mut self,
        view: &View,
        name: &Value<'a>,
        value: &Value<'a>,
        at: std::ops::Range<usize>,
    ) {
        self.touch(view);
        let Some(name) = self.name_of(name, "written", &at) else { return };
        if view.is_copy {
            return;
        }
        let own = |read: &usize| self.records.reads[*read].name == name;
        let is_own = matches!(value, Value::Read(reads, _) if reads.iter().any(own));
        if is_own || super::records::is_missing(&self.state.facts, &name) {
            let fallback = if is_own { None } else { Some(super::state::fallback(Some(value))) };
            if let Some(fallback) = fallback {
                self.note(name.clone(), Action::Default(fallback), at);
            }
        } else {
            self.consume(value, at.clone());
            self.note(name.clone(), Action::Write, at);
            self.state.write(&name, Set::Sure);
        }
        let known = Fact { name, is_set: true, is_any: false };
        self.state.facts.push(known);
    }
}

impl<'a> Visitor<'a> for Walker<'_, 'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        self.statement(statement);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        self.eat(expression);
    }
}

/// The range of a statement that holds no others.
fn simple_range(statement: &Stmt) -> std::ops::Range<usize> {
    match statement {
        Stmt::Assign(_) | Stmt::AnnAssign(_) | Stmt::AugAssign(_) | Stmt::Expr(_) | Stmt::Return(_) => {
            span(statement)
        }
        _ => 0..0,
    }
}
