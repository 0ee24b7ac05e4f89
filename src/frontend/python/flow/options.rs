//! Options of a command line among the reads: whether the script requires them.

use std::collections::BTreeMap;

use ruff_python_ast::{Expr, StmtFunctionDef};

use super::calls::Bytes;
use super::catches::Failure;
use super::records::{Record, Use};
use super::value::{Form, Given, Value};
use super::walk::Walker;
use crate::frontend::facts::{Fact, as_option, of_option};
use crate::frontend::interface::{Action, Fallback, Set};
use crate::frontend::python::arguments::{COMMANDS, DECLARING, PAIRING, PARSERS};
use crate::identifier;

/// Groups of options, to which a parser has options added.
const GROUPS: &[&str] = &["optparse.OptionGroup"];

/// Functions that run another one as a command.
const RUNNERS: &[&str] = &["typer.run"];

/// Functions that only show their arguments.
const SHOWING: &[&str] =
    &["builtins.print", "builtins.repr", "builtins.str", "builtins.vars", "logging.", "pprint.", "json.dump"];

/// The defaults of a script's options, by name.
pub(crate) type Defaults = BTreeMap<String, Fallback>;

/// The name under which a parser keeps an option.
fn dest(given: &Given) -> Option<String> {
    let named = given.named.iter().find(|(name, _)| *name == "dest").and_then(|(_, value)| value.as_text());
    let spellings = given.positional.iter().filter_map(Value::as_text);
    let dest = named.or_else(|| spellings.max_by_key(String::len))?;
    Some(dest.trim_start_matches('-').replace('-', "_"))
}

/// Whether a path is of a library of commands.
fn is_of_commands(path: &str) -> bool {
    COMMANDS.contains(&path.split('.').next().unwrap_or_default())
}

/// The reads that make up a value.
fn reads<'v>(value: &'v Value) -> &'v [usize] {
    match value {
        Value::Read(reads, _) => reads,
        _ => &[],
    }
}

impl<'a> Walker<'_, 'a> {
    /// The result of a call that makes a parser or runs a command.
    pub(super) fn of_command_line(
        &mut self,
        function: &Value<'a>,
        paths: &[String],
        given: &Given<'a>,
        at: &Bytes,
    ) -> Option<Value<'a>> {
        let is_one_of = |known: &[&str]| paths.iter().any(|path| known.contains(&path.as_str()));
        if is_one_of(PARSERS) || is_one_of(GROUPS) {
            self.unknown(given, at.clone());
            return Some(Value::Parser(is_one_of(PAIRING)));
        }
        if is_one_of(DECLARING) {
            self.declare(given);
        }
        if is_one_of(&["builtins.vars"])
            && let [Value::Options] = given.positional.as_slice()
        {
            return Some(Value::Options);
        }
        if is_one_of(RUNNERS)
            && let [Value::Function(command), ..] = given.positional.as_slice()
        {
            self.commands.insert(command.code.id());
            return Some(self.enter(*command, Given::default(), at.clone()));
        }
        if paths.iter().any(|path| is_of_commands(path)) {
            self.spare(given);
        }
        let is_shown = paths.iter().any(|path| SHOWING.iter().any(|shown| path.starts_with(shown)));
        let values = given.positional.iter().chain(given.named.iter().map(|(_, value)| value));
        let is_handed = values.into_iter().any(|value| matches!(value, Value::Options));
        let is_followed = matches!(function, Value::Function(_) | Value::Class(_) | Value::Partial(_));
        self.options_handed |= is_handed && !is_shown && !is_followed;
        None
    }

    /// The result of a parser's method.
    pub(super) fn of_parser(
        &mut self,
        gives_pair: bool,
        name: &str,
        given: &Given<'a>,
        at: &Bytes,
    ) -> Value<'a> {
        match name {
            "parse_args" if gives_pair => Value::List(std::rc::Rc::new(vec![Value::Options, Value::Unknown])),
            "parse_args" | "parse_intermixed_args" => Value::Options,
            "parse_known_args" | "parse_known_intermixed_args" => {
                Value::List(std::rc::Rc::new(vec![Value::Options, Value::Unknown]))
            }
            "add_argument_group" | "add_mutually_exclusive_group" => Value::Parser(false),
            "add_argument" | "add_option" => {
                self.declare(given);
                self.unknown(given, at.clone())
            }
            "error" | "exit" => {
                self.unknown(given, at.clone());
                self.failure = Failure::Error("SystemExit");
                self.ended = true;
                Value::Unknown
            }
            _ => self.unknown(given, at.clone()),
        }
    }

    /// The default of an option needn't exist.
    fn spare(&mut self, given: &Given<'a>) {
        let first = given.positional.first();
        let default = given.named.iter().find(|(name, _)| *name == "default").map(|(_, value)| value);
        for &read in default.or(first).into_iter().flat_map(reads) {
            self.records.reads[read].is_optional = true;
        }
    }

    /// `add_argument("--x", default=os.getenv("X"))`: a variable with the name of an option gives its value,
    /// and any other one is a fallback.
    fn declare(&mut self, given: &Given<'a>) {
        self.spare(given);
        let named = |name: &str| given.named.iter().find(|(known, _)| *known == name).map(|(_, value)| value);
        self.demand_option(given);
        let Some(default @ Value::Read(all, _)) = named("default") else { return };
        let Some(dest) = dest(given) else { return };
        let is_same =
            |&read: &usize| identifier::least(&self.records.reads[read].name) == identifier::least(&dest);
        if all.iter().any(is_same) {
            self.variables.insert(dest, default.clone());
        } else {
            self.behind.insert(dest, all.clone());
        }
    }

    /// `add_argument("--x", required="X" not in os.environ)`: required where the variable isn't set.
    fn demand_option(&mut self, given: &Given<'a>) {
        let required = given.named.iter().find(|(name, _)| *name == "required");
        let (Some((_, Value::Told(test))), Some(dest)) = (required, dest(given)) else { return };
        let is_same = |fact: &Fact| identifier::least(&fact.name) == identifier::least(&dest);
        let own = Fact { name: of_option(&dest), is_set: false, is_any: false, is_made: false };
        let own = if test.yes.iter().any(is_same) { None } else { Some(own) };
        let facts: Vec<Fact> = test.yes.iter().cloned().chain(own).collect();
        self.failure = Failure::Error("SystemExit");
        self.demand(&facts, self.state.facts.len());
    }

    /// The program fails without an option.
    pub(super) fn need_option(&mut self, name: &str, error: &'static str) {
        let fact = Fact { name: name.to_owned(), is_set: false, is_any: false, is_made: false };
        self.failure = Failure::Error(error);
        self.demand(&[fact], self.state.facts.len());
    }

    /// The value of an option.
    pub(super) fn option(&mut self, name: &str, at: Bytes) -> Value<'a> {
        if let Some(variable) = self.variables.get(name) {
            return variable.clone();
        }
        let behind = self.behind.get(name).cloned();
        let fallback = self.options.get(name).cloned().filter(|default| *default != Fallback::Absent);
        let fallback = fallback.filter(|_| behind.is_none());
        let name = of_option(name);
        let set = self.state.set(&name);
        let action = Action::Read { fallback: Fallback::Missing, cast: None, is_hard: false, set };
        let (statement, place) = (self.statement.clone(), self.place);
        let found = Use { name: name.clone(), action, span: at.clone(), statement, place };
        let record = Record { fallback, set, is_dead: self.dead > 0, ..Record::new(name) };
        let own = self.records.read(found, record);
        let all = std::iter::once(own).chain(behind.iter().flat_map(|reads| reads.iter().copied()));
        Value::Read(all.collect(), if behind.is_none() { Form::Direct } else { Form::Changed })
    }

    /// Whether an expression refers to the parsed command line.
    pub(super) fn is_options(&self, expression: &Expr) -> bool {
        matches!(self.named_value(expression), Some(Value::Options))
    }

    /// The script sets an option to another value.
    pub(super) fn set_option(&mut self, name: &str) {
        self.state.write(&of_option(name), Set::Sure);
    }

    /// Whether an option's value may differ from the command line.
    pub(super) fn is_changed(&self, name: &str) -> bool {
        as_option(name).is_some() && (self.options_handed || self.state.set(name) != Set::No)
    }

    /// Whether a function is a command: its parameters are options.
    pub(super) fn is_command(&self, function: &StmtFunctionDef) -> bool {
        let is_called = |expression: &Expr| {
            let called = expression.as_call_expr().map_or(expression, |call| &*call.func);
            self.qualified(called).iter().any(|path| is_of_commands(path))
        };
        function.decorator_list.iter().any(|decorator| is_called(&decorator.expression))
    }
}
