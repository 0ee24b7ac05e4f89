//! Checks whether a parser's options can be read.

use ruff_python_ast::{Expr, ExprCall};
use ruff_text_size::Ranged;

use super::HINT;
use super::calls::{Call, Calls, is_all_arguments};
use super::keywords::Keywords;
use crate::diagnostic::Diagnostic;
use crate::frontend::python::semantic::Model;
use crate::frontend::python::span;

/// Settings of a parser that don't change how it reads values.
const HARMLESS: &[&str] = &[
    "prog",
    "usage",
    "description",
    "epilog",
    "formatter_class",
    "add_help",
    "allow_abbrev",
    "exit_on_error",
    "suggest_on_error",
    "color",
    "version",
    "formatter",
    "add_help_option",
    "option_list",
];

/// Most functions through which a parser gets the command line.
const MAX_HANDS: usize = 5;

/// Why the options of a script aren't inputs.
pub(super) fn refusal(calls: &Calls, model: &Model) -> Option<Diagnostic> {
    if let (Some(found), true) = (calls.subparsers.first(), calls.parsers.len() == 1) {
        return Some(subcommands(calls, found, model));
    }
    let told = |reason: &str, place: &dyn Ranged| Some(unread(reason, place));
    if let Some(class) = calls.classes.first() {
        return told("it is of a class of the script's own", class);
    }
    let (parser, others) = calls.parsers.split_last()?;
    let parents = parents(parser.expression);
    if others.is_empty() && !parents.is_empty() {
        return told("`parents` changes what it reads", parser.expression);
    }
    if parents.len() != others.len() {
        return told("there are several", parser.expression);
    }
    if let Some((parser, setting)) =
        calls.parsers.iter().find_map(|parser| Some((parser, setting(parser, calls)?)))
    {
        return told(&format!("`{setting}` changes what it reads"), parser.expression);
    }
    if let Some(late) = calls.options.iter().find(|option| is_late(option, parser, parents, model)) {
        return told("it is added to a parser that was taken as a parent before", late.expression);
    }
    if let Some(handled) = calls.handled {
        return told("the script reads or changes `sys.argv` itself", handled);
    }
    if calls.parses.is_empty() {
        return told("nothing here parses the command line with it", parser.expression);
    }
    if let Some(parse) = calls.parses.iter().find(|parse| !takes_command_line(parse, calls, model)) {
        return told("it may be given another list than the command line", parse.expression);
    }
    let unused = calls.parses.iter().find(|parse| !calls.is_used(parse));
    unused.and_then(|parse| told("nothing here calls the function that parses", parse.expression))
}

/// Notes on what parsers of optparse leave over, which the script looks at itself.
pub(super) fn positionals(calls: &Calls) -> Vec<Diagnostic> {
    let is_pair = calls.parsers.last().is_some_and(|parser| parser.is_optparse);
    let is_unused = |parse: &Call| {
        let rest = calls.rests.iter().find(|(call, _)| std::ptr::eq(*call, parse.expression));
        rest.is_some_and(|(_, name)| name.is_none_or(|name| !calls.used.contains(name)))
    };
    let told = |parse: &Call| {
        let message = "what isn't an option of this parser is no input";
        Diagnostic::note("unread-argument", message).at(span(parse.expression)).hint(HINT)
    };
    calls.parses.iter().filter(|parse| is_pair && !is_unused(parse)).map(told).collect()
}

/// Notes on groups of options of which one is required, which no input can express.
pub(super) fn choices(calls: &Calls) -> Vec<Diagnostic> {
    let is_required = |group: &&Call| {
        Keywords::of(group.expression)
            .get("required")
            .is_some_and(|value| value.as_boolean_literal_expr().is_none_or(|literal| literal.value))
    };
    let told = |group: &Call| {
        let message = "one option of this group has to be given, but each of them is optional by itself";
        let note = Diagnostic::note("exclusive-options", message).at(span(&group.expression.range()));
        note.hint("the script says so itself where none or several are given")
    };
    calls.groups.iter().filter(is_required).map(told).collect()
}

pub(super) fn unread(reason: &str, place: &dyn Ranged) -> Diagnostic {
    let message = format!("the options of this parser are no inputs: {reason}");
    let place = place.range();
    Diagnostic::note("unread-parser", message).at(span(&place)).hint(HINT)
}

fn subcommands(calls: &Calls, found: &Call, model: &Model) -> Diagnostic {
    let name = |command: &Call| model.text(command.expression.arguments.args.first()?);
    let names: Vec<_> = calls.commands.iter().filter_map(name).collect();
    refused(&names, found.expression)
}

/// Rejects subcommands by name.
pub(super) fn refused(names: &[String], place: &dyn Ranged) -> Diagnostic {
    let listed = names.iter().map(|name| format!("`{}`", name.escape_debug())).collect::<Vec<_>>().join(", ");
    let which = if names.is_empty() { String::new() } else { format!(" {listed}") };
    let message = format!("the options of the subcommands{which} are no inputs: an operator does one thing");
    let hint = "make a script of each subcommand, or name one behind `--`, which reaches the script as it is";
    Diagnostic::warning("subcommands", message).at(span(&place.range())).hint(hint)
}

/// The parsers whose options another inherits.
fn parents(call: &ExprCall) -> &[Expr] {
    let list = Keywords::of(call).get("parents").and_then(Expr::as_list_expr);
    list.map_or(&[], |list| &list.elts)
}

/// Whether an option is added to a parent after its options were inherited.
fn is_late(option: &Call, parser: &Call, parents: &[Expr], model: &Model) -> bool {
    let receiver = option.expression.func.as_attribute_expr().and_then(|method| method.value.as_name_expr());
    let is_parent =
        |name: &str| parents.iter().any(|parent| is_named(parent, name)) && model.is_bound_once(name);
    option.expression.range().start() > parser.expression.range().end()
        && receiver.is_some_and(|name| is_parent(name.id.as_str()))
}

/// A setting of a parser that isn't followed.
fn setting(parser: &Call, calls: &Calls) -> Option<String> {
    let keywords = Keywords::of(parser.expression);
    let is_last = calls.parsers.last().is_some_and(|last| std::ptr::eq(last, parser));
    let changes = |name: &&str| {
        let is_usual = match *name {
            "prefix_chars" => keywords.literal(name).is_some_and(|text| text == "-"),
            "conflict_handler" => keywords.literal(name).is_some_and(|text| text == "error"),
            "fromfile_prefix_chars" | "argument_default" => {
                keywords.get(name).is_some_and(Expr::is_none_literal_expr)
            }
            "parents" => {
                let list = keywords.get(name).and_then(Expr::as_list_expr);
                list.is_some_and(|list| list.elts.is_empty() || is_last)
            }
            name => HARMLESS.contains(&name),
        };
        !is_usual
    };
    if keywords.is_open {
        return Some("**".to_owned());
    }
    keywords.names().find(changes).map(ToOwned::to_owned)
}

/// Whether a call parses the script's own command line.
fn takes_command_line(parse: &Call, calls: &Calls, model: &Model) -> bool {
    let keywords = Keywords::of(parse.expression);
    let arguments = &parse.expression.arguments;
    let given = arguments.args.first().or_else(|| keywords.get("args"));
    let is_plain =
        arguments.args.len() <= 1 && !keywords.is_open && keywords.names().all(|name| name == "args");
    is_plain && given.is_none_or(|given| is_command_line(given, parse, calls, model, MAX_HANDS))
}

/// Whether an argument of a call is the command line, or its parameter that is, by this many more functions.
fn is_command_line(given: &Expr, call: &Call, calls: &Calls, model: &Model, left: usize) -> bool {
    match given {
        Expr::NoneLiteral(_) => true,
        Expr::Name(name) if left > 0 => {
            let function = call.functions.last();
            function.is_some_and(|function| {
                let mut parameters = function.parameters.iter_non_variadic_params();
                let is_first = parameters.next().is_some_and(|first| {
                    first.parameter.name.id == name.id
                        && first.default.as_deref().is_none_or(Expr::is_none_literal_expr)
                });
                let mut called =
                    calls.plain.iter().filter(|call| is_named(&call.expression.func, &function.name));
                is_first && called.all(|call| hands_on(call, calls, model, left - 1))
            })
        }
        given => is_all_arguments(given, model),
    }
}

pub(super) fn is_named(expression: &Expr, name: &str) -> bool {
    expression.as_name_expr().is_some_and(|found| found.id.as_str() == name)
}

/// Whether a call of the parsing function passes the command line on.
fn hands_on(call: &Call, calls: &Calls, model: &Model, left: usize) -> bool {
    let given = &call.expression.arguments;
    let arguments = given.args.iter().chain(given.keywords.iter().map(|keyword| &keyword.value));
    arguments
        .take(2)
        .enumerate()
        .all(|(at, argument)| at == 0 && is_command_line(argument, call, calls, model, left))
}
