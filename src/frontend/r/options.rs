//! Options of optparse: the declarations of `make_option` and `add_option` become inputs.

use tree_sitter::Node;

use super::arguments::{self, Argument, Matched};
use super::atom::{self, Atom};
use super::fold;
use super::literals;
use super::names::{Names, Value};
use super::shapes::{Call, Shapes};
use crate::component::{self, Takes, Type};
use crate::diagnostic::Diagnostic;
use crate::frontend::interface::{Access, Action, Fallback, Set};
use crate::value::{self, Constant};

/// The package that is read.
pub(super) const PACKAGE: &str = "optparse";

/// The parameters of `make_option`.
const FORMALS: &[&str] = &["opt_str", "action", "type", "dest", "default", "help", "metavar", "callback"];

/// Hint for options that aren't read.
const HINT: &str = "what stands behind `--` reaches the script as it is";

/// The options of a parser.
#[derive(Default)]
pub(super) struct Options {
    pub(super) accesses: Vec<Access>,
    pub(super) notes: Vec<Diagnostic>,
}

impl Options {
    /// Joins the options for true and for false to one flag.
    fn join(&mut self, access: &Access) -> bool {
        let known = self.accesses.iter_mut().find(|known| known.name == access.name);
        let pair = known.and_then(|known| known.argument.as_mut()).zip(access.argument.as_ref());
        let Some((known, other)) = pair.filter(|(known, other)| known.flag && other.flag) else {
            return false;
        };
        let is_pair = known.option.is_some() != other.option.is_some();
        if is_pair {
            known.option = known.option.take().or_else(|| other.option.clone());
            known.negative = known.negative.take().or_else(|| other.negative.clone());
        }
        is_pair
    }
}

/// The options of the parser that gets the script's command line.
pub(super) fn read(names: &Names, shapes: &Shapes, is_certain: impl Fn(usize) -> bool) -> Options {
    let calls_of = |name: &'static str| {
        let is_it = move |call: &&Call| {
            names.function(call.function).is_some_and(|function| function.is(PACKAGE, name))
        };
        shapes.calls.iter().filter(is_it)
    };
    let done: Vec<_> = calls_of("parse_args").chain(calls_of("parse_args2")).collect();
    let mut parsers = calls_of("OptionParser");
    let mut options = Options::default();
    let refusal = match (parsers.next(), parsers.next(), done.as_slice()) {
        (None, ..) | (_, _, []) => Some("nothing here parses the command line with it"),
        (_, Some(_), _) => Some("there are several"),
        (_, _, [_, _, ..]) => Some("it parses the command line more than once"),
        (_, _, [parse]) if !takes_command_line(parse, names) => {
            Some("it may be given another list than the command line")
        }
        _ => None,
    };
    let declared = calls_of("make_option").chain(calls_of("add_option"));
    if let Some(reason) = refusal {
        let message = format!("the options of this parser are no inputs: {reason}");
        let place = calls_of("OptionParser").next().or(declared.clone().next());
        let note = |call: &Call| Diagnostic::note("unread-parser", message).at(call.node.byte_range());
        options.notes.extend(place.map(|call| note(call).hint(HINT)));
        return options;
    }
    for call in declared {
        match declared_by(call, names, is_certain(call.node.start_byte())) {
            Ok(access) if options.join(&access) => {}
            Ok(access) => options.accesses.push(access),
            Err((spelling, reason)) => {
                let what =
                    spelling.map_or("an option".to_owned(), |name| format!("`{}`", name.escape_debug()));
                let note = Diagnostic::note("unread-argument", format!("{what} is no input: {reason}"));
                options.notes.push(note.at(call.node.byte_range()).hint(HINT));
            }
        }
    }
    options
}

/// Whether a call parses the script's own command line.
fn takes_command_line(parse: &Call, names: &Names) -> bool {
    let given = arguments::of(parse.arguments, names.text);
    let matched = arguments::matched(&["object", "args"], given);
    let is_piped = matched.value(0).is_some_and(|value| is_command_line(value, names));
    is_piped || matched.value(1).is_none_or(|value| is_command_line(value, names))
}

fn is_command_line(value: Node, names: &Names) -> bool {
    let name = literals::name(value, names.text).filter(|_| value.kind() == "identifier");
    let value = match name.and_then(|name| names.only_value(&name)) {
        Some(Value::Expression(value)) => value,
        _ => value,
    };
    names.called(value).is_some_and(|function| function.is_base("commandArgs"))
}

type Refusal = (Option<String>, &'static str);

fn declared_by(call: &Call, names: &Names, is_certain: bool) -> Result<Access, Refusal> {
    let mut given = arguments::of(call.arguments, names.text);
    // The parser that `add_option` adds to; a pipe has it before.
    let is_parser = |argument: &Argument| {
        argument.name.as_deref() == Some("object")
            || (argument.name.is_none()
                && argument.value.is_some_and(|value| fold::texts(value, names).is_none()))
    };
    if given.first().is_some_and(is_parser) {
        given.remove(0);
    }
    if given.iter().any(Argument::is_spliced) {
        return Err((None, "what is said of it is known at run time only"));
    }
    let matched = arguments::matched(FORMALS, given);
    let spelled = matched.value(0).and_then(|node| fold::texts(node, names)).unwrap_or_default();
    let long = spelled.into_iter().find(|name| name.starts_with("--"));
    let long = long.ok_or((None, "its name is known at run time only"))?;
    let mut access = option(&matched, &long, names).map_err(|reason| (Some(long.clone()), reason))?;
    access.span = call.node.byte_range();
    access.is_certain = is_certain;
    Ok(access)
}

fn option(matched: &Matched, long: &str, names: &Names) -> Result<Access, &'static str> {
    let text = |at: usize| match matched.value(at).filter(|node| node.kind() != "null") {
        None => Ok(None),
        Some(node) => fold::text(node, names).map(Some).ok_or("what is said of it is known at run time only"),
    };
    if matched.value(7).is_some() {
        return Err("a function of the script takes its value");
    }
    let default = matched.value(4).map(|node| fold::fold(node, names));
    let (flag, negative) = match text(1)?.as_deref() {
        None | Some("store") => (false, false),
        Some("store_true") => (true, false),
        Some("store_false") => (true, true),
        Some(_) => return Err("what its `action` does with values isn't followed"),
    };
    let kind = match text(2)?.as_deref() {
        _ if flag => Type::Boolean,
        Some("integer") => Type::Integer,
        Some("double" | "numeric") => Type::Float,
        Some("logical") => Type::Boolean,
        Some("character") => Type::String,
        Some(_) => return Err("its `type` isn't followed"),
        None => match default.as_ref().and_then(|value| value.as_ref()?.first()) {
            Some(Atom::Bool(_)) => Type::Boolean,
            Some(Atom::Int(_)) => Type::Integer,
            Some(Atom::Double(_)) => Type::Float,
            _ => Type::String,
        },
    };
    let fallback = match default {
        None => Fallback::Constant(Constant::None),
        Some(value) => value
            .and_then(|value| atom::default(&value))
            .map(|value| typed(value, &kind))
            .map_or(Fallback::Computed, Fallback::Constant),
    };
    if flag && fallback == Fallback::Computed {
        return Err("its default is known at run time only");
    }
    let option = Some(long.to_owned());
    let (option, negative) = if negative { (None, option) } else { (option, None) };
    let name = text(3)?.unwrap_or_else(|| long.trim_start_matches('-').to_owned());
    let help = text(5)?.map(|help| help.replace("%default", &shown(&fallback, &kind)));
    Ok(Access {
        name: name.replace('-', "_"),
        action: Action::Read { fallback, cast: Some(kind), is_hard: false, set: Set::No },
        span: 0..0,
        description: help.map(|help| help.split_whitespace().collect::<Vec<_>>().join(" ")),
        directives: Vec::new(),
        is_certain: true,
        argument: Some(component::Argument { option, negative, flag, takes: Takes::Value }),
        is_word: false,
    })
}

fn typed(value: Constant, kind: &Type) -> Constant {
    match &value {
        Constant::Text(text) => atom::typed(text, kind).unwrap_or(value),
        _ => value,
    }
}

fn shown(fallback: &Fallback, kind: &Type) -> String {
    match fallback {
        Fallback::Constant(value) if *value != Constant::None => {
            value::default_text(value, kind).unwrap_or_default()
        }
        _ => "none".to_owned(),
    }
}
