//! Options of argparse, optparse, click and typer, read without running the script: which become inputs, and which
//! are reported instead.
//!
//! One parser or command is read, the one that gets the script's command line. An option that can't be read for sure stays
//! out of the interface, with a note: its value still reaches the script behind `--`.

use ruff_python_ast::Stmt;

use super::comments::Comments;
use super::elsewhere;
use super::semantic::Model;
use crate::diagnostic::Diagnostic;
use crate::frontend::directive::{self, Directive};
use crate::frontend::interface::{Access, Action, Fallback, Set};
use crate::source::Source;

mod arrange;
mod calls;
mod click;
mod commands;
mod declared;
mod help;
mod keywords;
mod loops;
mod parser;
mod spelling;
mod typer;
mod values;

use arrange::arranged;
use calls::Calls;
use commands::{Command, Library};
use declared::{Declared, Unread};

pub(super) use calls::{DECLARING, PAIRING, PARSERS};

/// The modules of parsers that are read.
pub(super) const PARSING: &[&str] = &["argparse", "optparse"];

/// Those of commands.
pub(super) const COMMANDS: &[&str] = &["click", "rich_click", "typer"];

/// Hint for options that aren't read.
pub(super) const HINT: &str = "what stands behind `--` reaches the script as it is";

/// The options of a script's parser or command, in the order of the text.
pub(super) fn accesses(
    body: &[Stmt],
    model: &Model,
    source: &Source,
    comments: &Comments,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Access> {
    let imports = |names: &[&str]| model.imports().iter().any(|import| names.contains(&import.module()));
    let (has_parser, has_commands) = (imports(PARSING), imports(COMMANDS));
    if !has_parser && !has_commands {
        return Vec::new();
    }
    let calls = Calls::of(body, model);
    let of_parser = has_parser.then(|| options(&calls, model));
    if matches!(of_parser, Some(Ok(_))) {
        diagnostics.extend(parser::choices(&calls).into_iter().chain(parser::positionals(&calls)));
    }
    let of_command = if has_commands { of_commands(&calls, body, model) } else { None };
    if has_commands && of_command.is_none() {
        diagnostics.extend(elsewhere::unread_commands(model));
    }
    let mut found = Vec::new();
    for read in of_parser.into_iter().chain(of_command) {
        match read {
            Ok((declared, unread)) => {
                diagnostics.extend(unread.into_iter().map(Unread::told));
                found.extend(declared);
            }
            Err(refusal) => diagnostics.push(refusal),
        }
    }
    found.into_iter().map(|found| access(found, source, comments, diagnostics)).collect()
}

type Options = Result<(Vec<Declared>, Vec<Unread>), Diagnostic>;

fn options(calls: &Calls, model: &Model) -> Options {
    match parser::refusal(calls, model) {
        Some(refusal) => Err(refusal),
        None => Ok(arranged(calls, model)),
    }
}

/// The options of the command that a script runs; nothing if it has none.
fn of_commands(calls: &Calls, body: &[Stmt], model: &Model) -> Option<Options> {
    let read = |command: Command| match command.library {
        Library::Click => click::declare(&command, model).finish(),
        Library::Typer => typer::declare(&command, body, model).finish(),
    };
    Some(commands::find(calls, model)?.map(read))
}

fn access(
    found: Declared,
    source: &Source,
    comments: &Comments,
    diagnostics: &mut Vec<Diagnostic>,
) -> Access {
    let (first, last) = (source.line(found.span.start), source.line(found.span.end));
    for other in &found.others {
        let message = format!("`{other}`, another name of `{}`, is no input", found.name);
        diagnostics.push(Diagnostic::note("unread-argument", message).at(found.span.clone()));
    }
    let trailing = comments.trailing(first..last + 1);
    let secret = found.is_secret.then_some(Directive::Secret);
    let said = trailing.flat_map(|comment| directive::parse(comment.raw, &found.span, diagnostics));
    let directives = said.chain(secret).collect();
    let fallback = if found.is_required { Fallback::Missing } else { found.default };
    Access {
        name: found.name,
        action: Action::Read { fallback, cast: found.kind, is_hard: found.is_required, set: Set::No },
        description: found.description.or_else(|| comments.above(first)),
        directives,
        is_certain: !found.is_doubtful,
        argument: if found.variable.is_some() { None } else { Some(found.argument) },
        is_word: false,
        span: found.span,
    }
}
