//! Options of click: decorators of a command.

use ruff_python_ast::{Decorator, Expr, ExprCall};

use super::arrange::Row;
use super::commands::{Command, called, in_click};
use super::declared::{Declared, Unread};
use super::help::{choices_of, with_choices};
use super::keywords::Keywords;
use super::spelling::Spelling;
use super::values::{constant, list};
use crate::component::{Argument, Takes, Type};
use crate::frontend::interface::Fallback;
use crate::frontend::parameters;
use crate::frontend::python::known::made;
use crate::frontend::python::semantic::{Model, fold};
use crate::frontend::python::span;
use crate::value::Constant;

/// Decorators that add no option with a value.
const OTHERS: &[&str] = &["command", "help_option", "pass_context", "pass_obj", "version_option"];

/// Types by their names in click.
const TYPES: &[(&str, Type)] = &[
    ("INT", Type::Integer),
    ("IntRange", Type::Integer),
    ("FLOAT", Type::Float),
    ("FloatRange", Type::Float),
    ("BOOL", Type::Boolean),
];

/// The options of a command, in their order.
pub(super) fn declare(command: &Command, model: &Model) -> Row {
    let mut row = Row::default();
    for decorator in &command.function.decorator_list {
        let paths = model.qualified(called(decorator));
        let names: Vec<&str> = paths.iter().filter_map(|path| in_click(path)).collect();
        let call = decorator.expression.as_call_expr();
        match (names.first(), call) {
            (Some(name), _) if OTHERS.contains(name) => {}
            (Some(name @ (&"option" | &"argument" | &"password_option")), Some(call)) => {
                let adds = Adds { call, model, name };
                match adds.read(command) {
                    Ok(found) => row.add(found),
                    Err(unread) => row.refuse(unread),
                }
            }
            _ => row.refuse(foreign(decorator)),
        }
    }
    row
}

/// A decorator that may add any option.
fn foreign(decorator: &Decorator) -> Unread {
    Unread {
        spelling: None,
        reason: "what this decorator adds isn't followed",
        is_positional: false,
        span: span(decorator),
    }
}

/// A decorator that adds an option or a positional argument.
struct Adds<'c, 'a> {
    call: &'c ExprCall,
    model: &'c Model<'a>,
    name: &'c str,
}

/// The values of an option.
struct Kind {
    one: Option<Type>,
    takes: Takes,
    choices: Option<String>,
}

impl Adds<'_, '_> {
    fn read(&self, command: &Command) -> Result<Declared, Unread> {
        let is_positional = self.name == "argument";
        let texts: Option<Vec<String>> =
            self.call.arguments.args.iter().map(|text| self.model.text(text)).collect();
        let mut spelling = Spelling::of(&texts.clone().unwrap_or_default());
        if self.name == "password_option" && spelling.option.is_none() {
            spelling.option = Some("--password".to_owned());
        }
        self.declared(command, &spelling, texts.is_some()).map_err(|reason| Unread {
            reason,
            is_positional,
            spelling: spelling.option.or(spelling.name),
            span: span(self.call),
        })
    }

    fn declared(
        &self,
        command: &Command,
        spelling: &Spelling,
        is_known: bool,
    ) -> Result<Declared, &'static str> {
        let keywords = Keywords::of(self.call);
        let is_positional = self.name == "argument";
        let name = spelling.name().filter(|_| is_known).ok_or("its name is known at run time only")?;
        if keywords.is_open {
            return Err("what is said of it is known at run time only");
        }
        if keywords.get("cls").is_some() {
            return Err("its class is the script's own");
        }
        if keywords.get("flag_value").is_some() {
            return Err("`flag_value` is one of several values");
        }
        let flag = self.is(&keywords, "is_flag").unwrap_or(spelling.negative.is_some());
        let given = keywords.get("default");
        let kind = self.kind(&keywords, given.filter(|_| !flag))?;
        let is_list = matches!(kind.takes, Takes::Row | Takes::Each);
        let (kind, takes, choices) = match kind {
            _ if flag => (Some(Type::Boolean), Takes::Value, None),
            kind if is_list => (Some(Type::List), kind.takes, kind.choices),
            Kind { one: Some(Type::Boolean), takes: Takes::Value, choices } => {
                (Some(Type::Boolean), Takes::Word, choices)
            }
            kind => (kind.one, kind.takes, kind.choices),
        };
        let asks =
            keywords.get("prompt").is_some_and(|value| !is_no(value)) || self.name == "password_option";
        let fallback = match given
            .map(|value| if is_list { list(value, self.model) } else { constant(value, self.model) })
        {
            Some(value) => value.map_or(Fallback::Computed, Fallback::Constant),
            None if flag => Fallback::Constant(Constant::Bool(false)),
            None => Fallback::Constant(Constant::None),
        };
        let is_required = asks
            || match self.is(&keywords, "required") {
                Some(required) => required,
                None => is_positional && given.is_none() && takes != Takes::Row,
            };
        let (variable, others) =
            keywords.get("envvar").map_or_else(Default::default, |names| variables(names, self.model));
        let by_variable = variable.is_some() && kind != Some(Type::Boolean) && !is_positional && !is_list;
        let argument = Argument {
            option: spelling.option.clone().filter(|_| !is_positional),
            negative: spelling.negative.clone().filter(|_| flag),
            flag,
            takes,
        };
        let help = keywords.get("help").and_then(|help| self.model.text(help));
        Ok(Declared {
            name: variable.clone().unwrap_or(name),
            argument,
            kind,
            default: fallback,
            is_required,
            is_doubtful: command.is_doubtful,
            description: with_choices(help.map(|help| plain(&help)).filter(|help| !help.is_empty()), choices),
            span: span(self.call),
            function: None,
            variable: variable.filter(|_| by_variable),
            is_secret: self.name == "password_option" || self.is(&keywords, "hide_input") == Some(true),
            is_default_kept: false,
            others,
        })
    }

    fn is(&self, keywords: &Keywords, name: &str) -> Option<bool> {
        match fold(keywords.get(name)?, self.model) {
            Some(Constant::Bool(value)) => Some(value),
            _ => None,
        }
    }

    fn kind(&self, keywords: &Keywords, default: Option<&Expr>) -> Result<Kind, &'static str> {
        let kind = |one, takes| Ok(Kind { one, takes, choices: None });
        let many = match keywords.get("nargs").map(|nargs| fold(nargs, self.model)) {
            None | Some(Some(Constant::Int(1))) => false,
            Some(Some(Constant::Int(_))) => true,
            Some(_) => return Err("how many values it takes is not known"),
        };
        let multiple = match keywords.get("multiple") {
            None => false,
            Some(_) => self.is(keywords, "multiple").ok_or("whether it takes several values is not known")?,
        };
        let named = keywords.get("type").filter(|maker| !maker.is_none_literal_expr());
        let is_tuple = named.is_some_and(|maker| self.is_tuple(maker));
        match (many || is_tuple, multiple) {
            (true, true) => return Err("each of its values is a list"),
            (true, false) => return kind(Some(Type::List), Takes::Row),
            (false, true) => return kind(Some(Type::List), Takes::Each),
            _ => {}
        }
        if self.is(keywords, "count") == Some(true) {
            return kind(Some(Type::Integer), Takes::Count);
        }
        match named {
            Some(maker) => Ok(Kind {
                one: named_type(maker, self.model),
                takes: Takes::Value,
                choices: self.choices(maker),
            }),
            None if default.is_some_and(|value| matches!(value, Expr::List(_) | Expr::Tuple(_))) => {
                kind(Some(Type::List), Takes::Row)
            }
            None => {
                let value = default.and_then(|value| fold(value, self.model));
                kind(value.as_ref().map(parameters::kind), Takes::Value)
            }
        }
    }

    fn is_tuple(&self, maker: &Expr) -> bool {
        maker.is_tuple_expr()
            || self.model.qualified(maker).iter().any(|path| in_click(path) == Some("Tuple()"))
    }

    fn choices(&self, maker: &Expr) -> Option<String> {
        let call = maker.as_call_expr()?;
        let is_choice = self.model.qualified(&call.func).iter().any(|path| in_click(path) == Some("Choice"));
        let values = call.arguments.args.first().or_else(|| Keywords::of(call).get("choices"))?;
        is_choice.then(|| choices_of(values, self.model)).flatten()
    }
}

fn named_type(maker: &Expr, model: &Model) -> Option<Type> {
    let paths = model.qualified(maker);
    let is =
        |name: &str, path: &str| in_click(path).is_some_and(|found| found.trim_end_matches("()") == name);
    let known = TYPES.iter().find(|(name, _)| paths.iter().any(|path| is(name, path)));
    known.map(|(_, kind)| kind.clone()).or_else(|| paths.iter().find_map(|path| made(path)))
}

/// Whether a value is false.
pub(super) fn is_no(value: &Expr) -> bool {
    value.is_none_literal_expr() || value.as_boolean_literal_expr().is_some_and(|literal| !literal.value)
}

/// The variable that gives the value of an option, and further ones.
pub(super) fn variables(value: &Expr, model: &Model) -> (Option<String>, Vec<String>) {
    let names = match value {
        Expr::List(list) => &list.elts,
        Expr::Tuple(tuple) => &tuple.elts,
        value => return (model.text(value), Vec::new()),
    };
    let mut names = names.iter().filter_map(|name| model.text(name));
    (names.next(), names.collect())
}

/// A help text on one line; the part after `\f` is for programmers.
pub(super) fn plain(help: &str) -> String {
    let help = help.split('\u{c}').next().unwrap_or(help);
    help.split_whitespace().collect::<Vec<_>>().join(" ")
}
