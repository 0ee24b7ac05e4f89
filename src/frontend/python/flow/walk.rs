//! The walk: statements in order of execution, branches separately.

use ruff_python_ast::Expr;
use ruff_python_ast::Stmt;
use ruff_python_ast::StmtIf;
use ruff_python_ast::visitor::Visitor;
use ruff_python_ast::visitor::walk_stmt;

use super::Ends;
use super::catches::{Catch, Failure, Handler, Missed};
use super::certain::is_main;
use super::options::Defaults;
use super::records::Records;
use super::records::Use;
use super::state::End;
use super::state::Frame;
use super::state::Outcome;
use super::state::State;
use super::value::Value;
use crate::frontend::facts::{Fact, Test, demanded, gather, is_sure};
use crate::frontend::interface::Action;
use crate::frontend::python::entity::Entities;
use crate::frontend::python::semantic::Model;
use crate::frontend::python::span;

/// Most elements of a list whose loop is followed element by element.
pub(super) const MAX_ELEMENTS: usize = 100;

/// Most statements that are followed again, in loops and repeated calls.
const MAX_AGAIN: usize = 20_000;

/// Follows a script.
#[expect(clippy::struct_excessive_bools, reason = "each is seen by itself")]
pub(super) struct Walker<'m, 'a> {
    pub(super) model: &'m Model<'a>,
    pub(super) entities: Entities<'m, 'a>,
    pub(super) ends: Ends<'m, 'a>,
    pub(super) state: State<'a>,
    pub(super) records: Records,
    /// The innermost statement: its bytes if it is simple, and its start.
    pub(super) statement: std::ops::Range<usize>,
    pub(super) place: usize,
    /// The call being followed: reads by its arguments are located there.
    pub(super) call: Option<(std::ops::Range<usize>, std::ops::Range<usize>, usize)>,
    /// Functions being followed.
    pub(super) active: Vec<usize>,
    /// What is known of functions already followed.
    pub(super) known: std::collections::HashMap<(usize, Option<usize>), super::calls::Known<'a>>,
    /// The base classes of each class of the script.
    pub(super) bases: Vec<Vec<usize>>,
    /// The class of each object that is told from others.
    pub(super) objects: std::collections::HashMap<usize, usize>,
    /// The fields of classes that have no `__init__`, and whether each may have no value.
    pub(super) fields: std::collections::HashMap<usize, Vec<(&'a str, bool)>>,
    /// The members of enumerations, in order.
    pub(super) enums: std::collections::HashMap<usize, Vec<(&'a str, Value<'a>)>>,
    /// Functions already followed, for whatever class.
    pub(super) followed: std::collections::HashSet<usize>,
    /// Whether others import the file, so that it has another name than a script.
    pub(super) is_module: bool,
    /// Functions that no run calls.
    pub(super) idle: std::collections::HashSet<usize>,
    /// The defaults of parameters, by position.
    pub(super) defaults: std::collections::HashMap<usize, Value<'a>>,
    /// Tracked aliases of the environment: where they were bound, and whether they are used.
    pub(super) sites: Vec<(std::ops::Range<usize>, bool)>,
    /// Whether the type of a cast was passed on, as in `env("n", int)`.
    pub(super) is_cast_given: bool,
    /// Whether an argument of a call named a variable.
    pub(super) is_parametric: bool,
    pub(super) again: usize,
    /// Whether a read is the fallback of another variable.
    pub(super) instead: bool,
    /// The elements that the last selection kept, each under its test.
    pub(super) kept: Vec<Value<'a>>,
    /// Whether the last call ended the program.
    pub(super) ended: bool,
    /// How the program last ended.
    pub(super) failure: Failure<'a>,
    /// What each enclosing `try` catches, by handler.
    pub(super) catches: Vec<Vec<Catch<'a>>>,
    /// The variables missing where the program ended.
    pub(super) missed: Vec<Missed<'a>>,
    /// The handlers around, innermost last.
    pub(super) handlers: Vec<Handler<'a>>,
    /// The base classes of the script's errors, and the names that handlers bind.
    pub(super) kinds: std::collections::HashMap<&'a str, Vec<&'a str>>,
    /// What is known where the last function returns a failing exit status.
    pub(super) statuses: Vec<Vec<Fact>>,
    pub(super) left: usize,
    /// The number of enclosing branches that never run, given their conditions.
    pub(super) dead: usize,
    /// Whether the code is unreachable: it is read, but requires nothing.
    pub(super) unreached: bool,
    /// The defaults of the command line's options.
    pub(super) options: &'m Defaults,
    /// Whether the options were passed to something that may change them.
    pub(super) options_handed: bool,
    /// Functions whose parameters are options.
    pub(super) commands: std::collections::HashSet<usize>,
    /// Fallbacks of options with other names.
    pub(super) behind: std::collections::HashMap<String, std::rc::Rc<[usize]>>,
    /// Options that take the value of the variable with their name.
    pub(super) variables: std::collections::HashMap<String, Value<'a>>,
}

impl<'m, 'a> Walker<'m, 'a> {
    pub(super) fn new(
        model: &'m Model<'a>,
        options: &'m Defaults,
        is_module: bool,
        idle: std::collections::HashSet<usize>,
    ) -> Self {
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
            bases: Vec::new(),
            objects: std::collections::HashMap::new(),
            fields: std::collections::HashMap::new(),
            enums: std::collections::HashMap::new(),
            followed: std::collections::HashSet::new(),
            is_module,
            idle,
            defaults: std::collections::HashMap::new(),
            sites: Vec::new(),
            is_cast_given: false,
            is_parametric: false,
            again: 0,
            instead: false,
            kept: Vec::new(),
            ended: false,
            failure: Failure::Kill,
            catches: Vec::new(),
            missed: Vec::new(),
            handlers: Vec::new(),
            kinds: std::collections::HashMap::new(),
            statuses: Vec::new(),
            left: MAX_AGAIN,
            dead: 0,
            unreached: false,
            options,
            options_handed: false,
            commands: std::collections::HashSet::new(),
            behind: std::collections::HashMap::new(),
            variables: std::collections::HashMap::new(),
        }
    }

    /// Follows a module.
    pub(super) fn run(mut self, body: &'a [Stmt]) -> Records {
        self.state.push(Frame::default());
        self.body(body);
        self.rest();
        self.records.understood.extend(self.sites.iter().map(|(site, _)| site.clone()));
        let unused: Vec<_> = self.sites.iter().filter(|(_, is_used)| !is_used).cloned().collect();
        for (site, _) in unused {
            self.whole(site);
        }
        self.records
    }

    /// Follows a sequence of statements.
    pub(super) fn body(&mut self, body: &'a [Stmt]) -> End {
        let facts = self.state.facts.len();
        let mut end = End::Open;
        let unreached = self.unreached;
        for statement in body {
            self.unreached |= end != End::Open;
            let ended = self.statement(statement);
            if ended == End::Exit && self.ends.is_failure(statement) {
                let learned = self.state.facts[facts..].to_vec();
                self.demand(&learned, facts);
            }
            end = if end == End::Open { ended } else { end };
        }
        self.unreached = unreached;
        self.state.facts.truncate(facts);
        end
    }

    /// Follows a branch under some facts, and undoes its changes.
    pub(super) fn branch(&mut self, facts: &[Fact], walk: impl FnOnce(&mut Self) -> End) -> Outcome<'a> {
        let (mark, known) = (self.state.mark(), self.state.facts.len());
        self.state.facts.extend(facts.iter().cloned());
        let end = walk(self);
        self.state.facts.truncate(known);
        if end == End::Exit {
            self.demand(facts, known);
        }
        Outcome { facts: facts.to_vec(), end, changes: self.state.undo(mark) }
    }

    /// Follows a branch; as one that never runs if a test has a known outcome.
    pub(super) fn branch_where(
        &mut self,
        is_run: bool,
        facts: &[Fact],
        walk: impl FnOnce(&mut Self) -> End,
    ) -> Outcome<'a> {
        self.dead += usize::from(!is_run);
        let outcome = self.branch(facts, walk);
        self.dead -= usize::from(!is_run);
        outcome
    }

    /// The program fails, or ends, under some facts besides those known before.
    pub(super) fn demand(&mut self, facts: &[Fact], known: usize) {
        if self.dead > 0 || self.unreached {
            return;
        }
        self.choose_one(facts, known);
        let is_demanded = |name: &str| self.records.demanded.contains(name);
        if !self.state.facts.are_sure(known, |fact| is_sure(fact, is_demanded))
            && !self.is_caught_alike(facts, known)
        {
            return;
        }
        let names = demanded(facts, &[], is_demanded);
        let names = names.into_iter().filter(|name| !self.is_changed(name)).map(str::to_owned);
        self.miss(names.collect());
    }

    pub(super) fn note(&mut self, name: String, action: Action, span: std::ops::Range<usize>) {
        let (statement, place) = (self.statement.clone(), self.place);
        if matches!(action, Action::Write) && self.call.is_none() {
            let first = self.records.early.entry(name.clone()).or_insert(span.start);
            *first = span.start.min(*first);
        }
        self.records.note(Use { name, action, span, statement, place });
    }

    /// Learns what holds behind branches of which some have ended, as far as it concerns variables: code
    /// behind an early end for another reason is assumed to run.
    pub(super) fn learn(&mut self, outcomes: &[(End, Vec<Fact>)]) {
        for (end, facts) in outcomes {
            if *end != End::Open {
                facts
                    .iter()
                    .filter(|fact| fact.is_known())
                    .for_each(|fact| self.state.facts.learn(fact.clone()));
            }
        }
    }

    pub(super) fn statement(&mut self, statement: &'a Stmt) -> End {
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

    pub(super) fn run_statement(&mut self, statement: &'a Stmt) -> End {
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
            Stmt::Raise(raise) => {
                walk_stmt(self, statement);
                self.raise(raise);
                End::Exit
            }
            Stmt::Assert(assertion) => {
                let test = self.test(&assertion.test);
                self.failure = Failure::Error("AssertionError");
                self.demand(&test.no, self.state.facts.len());
                let facts = test.no.clone();
                if let Some(message) = &assertion.msg {
                    self.branch(&facts, |walker| {
                        walker.eat(message);
                        End::Away
                    });
                }
                test.yes.into_iter().filter(Fact::is_known).for_each(|fact| self.state.facts.learn(fact));
                End::Open
            }
            Stmt::Continue(_) | Stmt::Break(_) => End::Away,
            Stmt::Global(global) => {
                if let Some(frame) = self.state.top() {
                    frame.globals.extend(global.names.iter().map(ruff_python_ast::Identifier::as_str));
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
                            self.delete(subscript);
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

    pub(super) fn expression(&mut self, value: &'a Expr) -> End {
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

    pub(super) fn condition(&mut self, condition: &'a StmtIf) -> End {
        let test = self.test(&condition.test);
        if is_main(&condition.test) || (test.outcome == Some(true) && condition.elif_else_clauses.is_empty())
        {
            return self.body(&condition.body);
        }
        let outcome = told_outcome(&test, &condition.test);
        let is_run = outcome != Some(false);
        let mut is_left = outcome != Some(true);
        let mut outcomes = vec![self.branch_where(is_run, &test.yes, |walker| walker.body(&condition.body))];
        let mut ended = if is_run { vec![(outcomes[0].end, test.no.clone())] } else { Vec::new() };
        let mut facts = test.no;
        let mut has_else = false;
        for clause in &condition.elif_else_clauses {
            let test = match &clause.test {
                Some(test) => {
                    let known = self.state.facts.len();
                    self.state.facts.extend(facts.iter().cloned());
                    let test = self.test(test);
                    self.state.facts.truncate(known);
                    test
                }
                None => Test::default(),
            };
            has_else |= clause.test.is_none();
            let outcome = clause.test.as_ref().and_then(|asked| told_outcome(&test, asked));
            let under = [facts.clone(), test.yes].concat();
            let is_run = is_left && outcome != Some(false);
            is_left &= clause.test.is_some() && outcome != Some(true);
            let outcome = self.branch_where(is_run, &under, |walker| walker.body(&clause.body));
            if !is_run {
                continue;
            }
            if clause.test.is_some() {
                ended.push((outcome.end, test.no.clone()));
            } else if outcome.end != End::Open && outcomes.len() == 1 {
                ended.push((
                    outcome.end,
                    outcomes[0].facts.iter().filter(|fact| fact.is_set).cloned().collect(),
                ));
            }
            outcomes.push(outcome);
            gather(&mut facts, test.no);
        }
        if !has_else && is_left {
            outcomes.push(self.branch(&facts, |_| End::Open));
        }
        if !is_run {
            outcomes.remove(0);
        }
        self.state.join(&outcomes, &mut self.records);
        self.learn(&ended);
        outcomes.iter().map(|outcome| outcome.end).min().unwrap_or(End::Open)
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

/// The outcome of a test; true literals as conditions, such as `while True`, stay unknown.
pub(super) fn told_outcome(test: &Test, asked: &Expr) -> Option<bool> {
    test.outcome.filter(|outcome| !*outcome || !asked.is_literal_expr())
}

/// The range of a simple statement.
fn simple_range(statement: &Stmt) -> std::ops::Range<usize> {
    match statement {
        Stmt::Assign(_) | Stmt::AnnAssign(_) | Stmt::AugAssign(_) | Stmt::Expr(_) | Stmt::Return(_) => {
            span(statement)
        }
        _ => 0..0,
    }
}
