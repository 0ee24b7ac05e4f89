//! Calls: of functions that read and write the environment, of Python's own, and of the script's.

use ruff_python_ast::Expr;
use ruff_python_ast::ExprCall;

use super::catches::{Failure, Missed};
use super::dispatch::bound;
use super::evaluate::base;
use super::state::End;
use super::value::Given;
use super::value::Value;
use super::walk::Walker;
use crate::frontend::python::span;

/// Bytes of the text.
pub(super) type Bytes = std::ops::Range<usize>;

/// What is known of a function that was followed.
#[derive(Debug, Clone)]
pub(super) struct Known<'a> {
    pub(super) value: Value<'a>,
    pub(super) end: End,
    /// Whether its arguments name variables.
    pub(super) is_parametric: bool,
    /// What it certainly writes.
    pub(super) written: Vec<String>,
    /// The variables missing where it ends the program.
    pub(super) missed: Vec<Missed<'a>>,
    /// Its reads.
    pub(super) reads: Bytes,
}

/// Functions that raise `TypeError` if their first argument is `None`.
const DEMANDING: &[&str] = &[
    "base64.b64decode",
    "datetime.date.fromisoformat",
    "datetime.datetime.fromisoformat",
    "datetime.datetime.strptime",
    "decimal.Decimal",
    "json.loads",
    "os.makedirs",
    "os.mkdir",
    "os.path.abspath",
    "os.path.basename",
    "os.path.dirname",
    "os.path.exists",
    "os.path.expanduser",
    "os.path.getsize",
    "os.path.isdir",
    "os.path.isfile",
    "os.path.realpath",
    "os.path.splitext",
    "os.remove",
    "pathlib.Path",
    "pathlib.PurePath",
    "re.compile",
    "uuid.UUID",
];

/// Builtins that do.
const DEMANDING_BUILTINS: &[&str] = &["max", "min", "open", "ord", "sum"];

impl<'a> Walker<'_, 'a> {
    pub(super) fn call(&mut self, call: &'a ExprCall, expression: &'a Expr) -> Value<'a> {
        let value = self.called(call, expression);
        if self.ends.is_exit(expression) {
            let is_kill = self.ends.is_kill(expression);
            self.failure = if is_kill { Failure::Kill } else { Failure::Error("SystemExit") };
            self.leave(call);
            self.ended = true;
        }
        value
    }

    pub(super) fn called(&mut self, call: &'a ExprCall, expression: &'a Expr) -> Value<'a> {
        let at = span(expression);
        if let Some(kind) = self.builtin(&call.func) {
            return self.of_builtin(kind, call, at);
        }
        let function = match &*call.func {
            Expr::Attribute(attribute) if self.entities.of(&call.func).is_none() => {
                if let Some(function) = self.inherited(&attribute.value, attribute.attr.as_str()) {
                    let given = self.arguments(call);
                    return self.apply(&function, given, at);
                }
                let object = self.eval(&attribute.value);
                match self.method(&object, attribute.attr.as_str(), call, &at) {
                    Ok(value) => return value,
                    Err(function) => function,
                }
            }
            function => self.eval(function),
        };
        if let Value::Builtin(kind) = function {
            let outer = std::mem::replace(&mut self.is_cast_given, true);
            let value = self.of_builtin(kind, call, at);
            self.is_cast_given = outer;
            return value;
        }
        let paths = self.qualified(&call.func);
        let given = self.arguments(call);
        self.ended = false;
        self.need_arguments(&call.func, &paths, &given);
        self.reject_arguments(&paths, &given);
        self.watch_children(&paths, &given, at.start);
        if let Some((name, value)) = set_by_magic(&call.func, &given) {
            self.write(&base(), &Value::text(name), &Value::text(value), at.clone());
        }
        if let Some(value) = self.of_command_line(&function, &paths, &given, &at) {
            return value;
        }
        if let Some(value) = self.of_library(&paths, &given, &at) {
            return value;
        }
        self.apply(&function, given, at)
    }

    /// Records that a function fails without a value.
    fn need_arguments(&mut self, function: &Expr, paths: &[String], given: &Given<'a>) {
        let is_builtin = DEMANDING_BUILTINS.iter().any(|name| self.model.is_builtin(function, name));
        if is_builtin || paths.iter().any(|path| DEMANDING.contains(&path.as_str())) {
            given.positional.first().into_iter().for_each(|value| self.need(value, "TypeError"));
        } else if paths.iter().any(|path| path == "os.path.join") {
            given.positional.iter().for_each(|value| self.need(value, "TypeError"));
        }
    }

    pub(super) fn qualified(&self, function: &Expr) -> Vec<String> {
        if matches!(function, Expr::Name(_) | Expr::Attribute(_)) {
            self.model.qualified(function)
        } else {
            Vec::new()
        }
    }

    pub(super) fn unknown(&mut self, given: &Given<'a>, at: Bytes) -> Value<'a> {
        for value in given.positional.iter().chain(given.named.iter().map(|(_, value)| value)) {
            self.consume(value, at.clone());
        }
        Value::Unknown
    }

    /// The arguments of a call.
    pub(super) fn arguments(&mut self, call: &'a ExprCall) -> Given<'a> {
        let mut given = Given::default();
        for argument in &call.arguments.args {
            match argument {
                Expr::Starred(starred) => match self.eval(&starred.value) {
                    Value::List(values) => given.positional.extend(values.iter().cloned()),
                    value => {
                        self.consume(&value, span(argument));
                        given.is_open = true;
                    }
                },
                argument => {
                    let value = self.eval(argument);
                    given.positional.push(value);
                }
            }
        }
        for keyword in &call.arguments.keywords {
            let value = self.eval(&keyword.value);
            if let Some(name) = &keyword.arg {
                given.named.push((name.as_str(), value));
            } else {
                self.consume(&value, span(&keyword.value));
                given.is_open = true;
            }
        }
        given
    }

    /// Calls a value with arguments.
    pub(super) fn apply(&mut self, function: &Value<'a>, given: Given<'a>, at: Bytes) -> Value<'a> {
        match function {
            Value::Access(entity, view) => self.access(*entity, &view.clone(), &given, at),
            Value::Partial(partial) => {
                let (inner, first) = &**partial;
                let positional = [first.positional.as_slice(), given.positional.as_slice()].concat();
                let mut named = first.named.clone();
                named.retain(|(name, _)| !given.named.iter().any(|(other, _)| other == name));
                named.extend(given.named);
                let is_open = first.is_open || given.is_open;
                self.apply(&inner.clone(), Given { positional, named, is_open }, at)
            }
            Value::Function(function) => self.enter(*function, given, at),
            Value::Getter(keys) => self.gotten(&keys.clone(), &given, at),
            Value::Class(class) => self.instance(*class, given, at),
            Value::Among(choice) => self.apply_among(choice, &given, &at),
            Value::Instance(own) => match self.state.classes[*own].get("__call__").cloned() {
                Some(method @ Value::Function(_)) => self.apply(&bound(&method, *own), given, at),
                _ => self.unknown(&given, at),
            },
            _ => self.unknown(&given, at),
        }
    }
}

/// The variable set by `get_ipython().run_line_magic("env", "x=1")`, as nbconvert writes it.
fn set_by_magic(function: &Expr, given: &Given) -> Option<(String, String)> {
    let method = function.as_attribute_expr().filter(|method| method.attr.as_str() == "run_line_magic")?;
    let kernel = method.value.as_call_expr()?.func.as_name_expr()?;
    let [magic, line] = given.positional.get(..2)? else { return None };
    let is_environment =
        kernel.id.as_str() == "get_ipython" && ["env", "set_env"].contains(&&*magic.as_text()?);
    let line = line.as_text().filter(|_| is_environment)?;
    let (name, value) = line.split_once(['=', ' '])?;
    Some((name.trim().to_owned(), value.trim().to_owned()))
}
