//! Options as `add_argument` and `add_option` declare them: name, type, default, and how values are given.

use std::ops::Range;

use ruff_python_ast::{Expr, ExprCall};

use super::HINT;
use super::calls::Call;
use super::help::description;
use super::keywords::Keywords;
use super::values::{constant, is_nothing, list, values};
use crate::component::{Argument, Takes, Type};
use crate::diagnostic::Diagnostic;
use crate::frontend::interface::Fallback;
use crate::frontend::python::known::made;
use crate::frontend::python::semantic::{Model, fold};
use crate::frontend::python::span;
use crate::value::Constant;

/// What an action does.
#[derive(PartialEq)]
enum Doing {
    /// Stores a value.
    Store,
    /// Appends a value each time.
    Append,
    /// Counts its occurrences.
    Count,
    /// Takes no value; means true or false.
    Flag(bool),
    /// Two options, for true and for false.
    Both,
    /// Prints a text and ends the program.
    Tell,
}

/// An option that is read.
#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is seen by itself")]
pub(super) struct Declared {
    pub(super) name: String,
    pub(super) argument: Argument,
    pub(super) kind: Option<Type>,
    pub(super) default: Fallback,
    pub(super) is_required: bool,
    pub(super) is_doubtful: bool,
    pub(super) description: Option<String>,
    pub(super) span: Range<usize>,
    /// The start of the function that declares it.
    pub(super) function: Option<usize>,
    /// The variable used if the command line doesn't have the option.
    pub(super) variable: Option<String>,
    /// Whether its value is a secret.
    pub(super) is_secret: bool,
    /// Whether its default replaces that of another option with its name.
    pub(super) is_default_kept: bool,
    /// Further variables that give its value.
    pub(super) others: Vec<String>,
}

/// An option that can't be read.
pub(super) struct Unread {
    pub(super) spelling: Option<String>,
    pub(super) reason: &'static str,
    /// Whether it may be positional.
    pub(super) is_positional: bool,
    pub(super) span: Range<usize>,
}

impl Unread {
    pub(super) fn told(self) -> Diagnostic {
        let what = self.spelling.map_or("an option".to_owned(), |name| format!("`{}`", name.escape_debug()));
        let message = format!("{what} is no input: {}", self.reason);
        Diagnostic::note("unread-argument", message).at(self.span).hint(HINT)
    }
}

impl Declared {
    /// The same option, as one that can't be read.
    pub(super) fn unread(self, reason: &'static str) -> Unread {
        Unread {
            is_positional: self.is_positional(),
            spelling: Some(self.argument.spelling(&self.name).to_owned()),
            reason,
            span: self.span,
        }
    }

    /// Whether another option of the same name is equivalent.
    pub(super) fn is_twin(&self, other: &Self) -> bool {
        let (own, others) = (&self.argument, &other.argument);
        let is_option = |argument: &Argument| argument.option.is_some() && argument.negative.is_none();
        is_option(own)
            && is_option(others)
            && (own.flag, own.takes) == (others.flag, others.takes)
            && self.kind == other.kind
            && self.default == other.default
            && self.variable == other.variable
            && self.is_doubtful == other.is_doubtful
            && !self.is_required
            && !other.is_required
    }

    /// Whether it is positional.
    pub(super) fn is_positional(&self) -> bool {
        self.variable.is_none() && self.argument.is_positional()
    }

    /// Replaces the default.
    pub(super) fn set_default(&mut self, default: Option<Constant>) {
        self.default = self::default(default, self.kind.as_ref());
    }

    /// Whether it is a flag with one possible value and an unknown default.
    pub(super) fn is_blind(&self) -> bool {
        let is_one_sided = self.argument.option.is_none() || self.argument.negative.is_none();
        self.argument.flag && is_one_sided && self.default == Fallback::Computed
    }
}

/// How a call names an option.
struct Spelled {
    /// The first long name, or the first.
    name: Option<String>,
    is_positional: bool,
}

impl Spelled {
    fn of(found: &Call, call: &ExprCall, model: &Model) -> Self {
        let names: Option<Vec<String>> = call.arguments.args.iter().map(|name| model.text(name)).collect();
        let names = names.unwrap_or_default();
        let long = names.iter().find(|name| name.starts_with("--")).or(names.first());
        Self {
            name: long.filter(|name| !name.is_empty()).cloned(),
            is_positional: !found.is_optparse
                && !call.arguments.args.first().is_some_and(|name| begins_with_dash(name, model)),
        }
    }
}

/// Reads a call; nothing if it declares an option that only prints something.
pub(super) fn read(found: &Call, expression: &ExprCall, model: &Model) -> Result<Option<Declared>, Unread> {
    let spelled = Spelled::of(found, expression, model);
    option(found, expression, &spelled, model).map_err(|reason| Unread {
        reason,
        is_positional: spelled.is_positional,
        spelling: spelled.name,
        span: span(found.expression),
    })
}

fn option(
    found: &Call,
    expression: &ExprCall,
    spelled: &Spelled,
    model: &Model,
) -> Result<Option<Declared>, &'static str> {
    let keywords = Keywords::of(expression);
    let spelling = spelled.name.as_ref().ok_or("its name is known at run time only")?;
    if keywords.is_open {
        return Err("what is said of it is known at run time only");
    }
    let doing = doing(&keywords, model).ok_or("what its `action` does with values isn't followed")?;
    let (many, is_spared) = values(&keywords, model).ok_or("how many values it takes is not known")?;
    // One value is no list for optparse.
    let many = many && !(found.is_optparse && is_one(&keywords, model));
    let takes = takes(&doing, many).ok_or("it adds what is given to other values")?;
    let name = dest(&keywords, spelling, model).ok_or("its `dest` is known at run time only")?;
    let kind = match doing {
        Doing::Store => {
            keywords.get("type").and_then(|maker| kind(maker, model).or_else(|| named(maker, model)))
        }
        Doing::Flag(_) | Doing::Both => Some(Type::Boolean),
        Doing::Count => Some(Type::Integer),
        Doing::Append => Some(Type::List),
        Doing::Tell => return Ok(None),
    };
    let is_list = matches!(takes, Takes::Row | Takes::Each);
    let kind = if is_list { Some(Type::List) } else { kind };
    let given = match keywords.get("default") {
        Some(value) if is_list => list(value, model),
        Some(value) => constant(value, model),
        None if is_list && is_spared && spelled.is_positional => Some(Constant::Text("[]".to_owned())),
        None if found.is_optparse => Some(Constant::None),
        None => Some(unset(&doing)),
    };
    let adds = matches!(takes, Takes::Each | Takes::Count);
    if adds && !given.as_ref().is_some_and(is_nothing) {
        return Err("what is given is added to its default");
    }
    Ok(Some(Declared {
        default: default(given, kind.as_ref()),
        description: description(&keywords, model),
        is_required: (spelled.is_positional && !is_spared) || is_required(&keywords, model),
        is_doubtful: found.is_doubtful,
        argument: argument(spelled.name.clone().filter(|_| !spelled.is_positional), &doing, takes),
        variable: None,
        is_secret: false,
        is_default_kept: found.is_optparse && keywords.get("default").is_some(),
        others: Vec::new(),
        function: found.functions.last().map(|function| span(*function).start),
        span: span(found.expression),
        kind,
        name,
    }))
}

/// How its value is written; nothing for a list of lists.
fn takes(doing: &Doing, many: bool) -> Option<Takes> {
    match doing {
        Doing::Append => (!many).then_some(Takes::Each),
        Doing::Count => Some(Takes::Count),
        _ if many => Some(Takes::Row),
        _ => Some(Takes::Value),
    }
}

fn is_required(keywords: &Keywords, model: &Model) -> bool {
    keywords.get("required").is_some_and(|value| fold(value, model) == Some(Constant::Bool(true)))
}

fn begins_with_dash(name: &Expr, model: &Model) -> bool {
    let first = match name {
        Expr::BinOp(sum) => &sum.left,
        name => name,
    };
    match first {
        Expr::FString(text) => text
            .value
            .elements()
            .next()
            .is_some_and(|first| first.as_literal().is_some_and(|literal| literal.value.starts_with('-'))),
        first => model.text(first).is_some_and(|text| text.starts_with('-')),
    }
}

fn doing(keywords: &Keywords, model: &Model) -> Option<Doing> {
    let Some(action) = keywords.get("action") else { return Some(Doing::Store) };
    if model.may_be(action, "argparse.BooleanOptionalAction") {
        return Some(Doing::Both);
    }
    match model.text(action)?.as_str() {
        "store" => Some(Doing::Store),
        "append" => Some(Doing::Append),
        "count" => Some(Doing::Count),
        "store_true" => Some(Doing::Flag(true)),
        "store_false" => Some(Doing::Flag(false)),
        "version" | "help" => Some(Doing::Tell),
        _ => None,
    }
}

/// The default of an option without one.
fn unset(doing: &Doing) -> Constant {
    match doing {
        Doing::Flag(value) => Constant::Bool(!value),
        _ => Constant::None,
    }
}

fn argument(option: Option<String>, doing: &Doing, takes: Takes) -> Argument {
    let plain = Argument { option: None, negative: None, flag: true, takes };
    match doing {
        Doing::Flag(false) => Argument { negative: option, ..plain },
        Doing::Flag(true) => Argument { option, ..plain },
        Doing::Both => {
            let negative = option.as_ref().map(|option| format!("--no-{}", option.trim_start_matches('-')));
            Argument { option, negative, ..plain }
        }
        _ => Argument { option, flag: false, ..plain },
    }
}

/// The name under which the script gets the value.
fn dest(keywords: &Keywords, spelling: &str, model: &Model) -> Option<String> {
    match keywords.get("dest") {
        Some(dest) => model.text(dest).filter(|dest| !dest.is_empty()),
        None if spelling.starts_with('-') => {
            Some(spelling.trim_start_matches('-').replace('-', "_")).filter(|name| !name.is_empty())
        }
        None => Some(spelling.to_owned()),
    }
}

fn kind(maker: &Expr, model: &Model) -> Option<Type> {
    let [path] = <[String; 1]>::try_from(model.qualified(maker)).ok()?;
    made(&path)
}

/// The type that optparse has under a name.
fn named(kind: &Expr, model: &Model) -> Option<Type> {
    match model.text(kind)?.as_str() {
        "int" | "long" => Some(Type::Integer),
        "float" => Some(Type::Float),
        _ => None,
    }
}

/// Whether it takes one value, by its number.
fn is_one(keywords: &Keywords, model: &Model) -> bool {
    keywords.get("nargs").is_some_and(|nargs| fold(nargs, model) == Some(Constant::Int(1)))
}

/// A default as argparse treats it: only texts go through `type`.
fn default(given: Option<Constant>, kind: Option<&Type>) -> Fallback {
    match (given, kind) {
        (None, _) => Fallback::Computed,
        (Some(Constant::Text(text)), Some(Type::Boolean)) => {
            Fallback::Constant(Constant::Bool(!text.is_empty()))
        }
        (Some(Constant::Float(value)), Some(Type::Integer)) if value.fract() != 0.0 => Fallback::Computed,
        (Some(value), _) => Fallback::Constant(value),
    }
}

/// The known defaults that a call of `set_defaults` sets, by name.
pub(super) fn set_defaults(call: &ExprCall, model: &Model) -> Vec<(String, Option<Constant>)> {
    if let [name, value] = &*call.arguments.args {
        return model.text(name).map(|name| (name, constant(value, model))).into_iter().collect();
    }
    let keywords = call.arguments.keywords.iter();
    let named = keywords.filter_map(|keyword| Some((keyword.arg.as_ref()?.to_string(), &keyword.value)));
    named.map(|(name, value)| (name, constant(value, model))).collect()
}
