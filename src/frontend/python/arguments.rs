//! Options of argparse, read without running the script: what becomes inputs, and what is told instead.
//!
//! One parser is read, which the script itself hands its command line to. What can't be told for sure stays out of the
//! interface, with a word: its value still reaches the script behind `--`.

use ruff_python_ast::Stmt;

use super::comments::Comments;
use super::semantic::Model;
use crate::diagnostic::Diagnostic;
use crate::frontend::directive;
use crate::frontend::interface::{Access, Action, Fallback, Set};
use crate::source::Source;

mod arrange;
mod calls;
mod declared;
mod keywords;
mod parser;

use arrange::arranged;
use calls::Calls;
use declared::{Declared, Unread};

/// The module that is read.
const MODULE: &str = "argparse";

/// What values that aren't read need.
pub(super) const HINT: &str = "what stands behind `--` reaches the script as it is";

/// The options of a script's parser, in the order of the text.
pub(super) fn accesses(
    body: &[Stmt],
    model: &Model,
    source: &Source,
    comments: &Comments,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Access> {
    if !model.imports().iter().any(|import| import.module() == MODULE) {
        return Vec::new();
    }
    let calls = Calls::of(body, model);
    if let Some(refusal) = parser::refusal(&calls, model) {
        diagnostics.push(refusal);
        return Vec::new();
    }
    let (declared, unread) = arranged(&calls, model);
    diagnostics.extend(unread.into_iter().map(Unread::told));
    declared.into_iter().map(|found| access(found, source, comments, diagnostics)).collect()
}

fn access(
    found: Declared,
    source: &Source,
    comments: &Comments,
    diagnostics: &mut Vec<Diagnostic>,
) -> Access {
    let (first, last) = (source.line(found.span.start), source.line(found.span.end));
    let trailing = comments.trailing(first..last + 1);
    let directives =
        trailing.flat_map(|comment| directive::parse(comment.raw, &found.span, diagnostics)).collect();
    let fallback = if found.is_required { Fallback::Missing } else { found.default };
    Access {
        name: found.name,
        action: Action::Read { fallback, cast: found.kind, is_hard: found.is_required, set: Set::No },
        description: found.description.or_else(|| comments.above(first)),
        directives,
        is_certain: !found.is_doubtful,
        argument: Some(found.argument),
        span: found.span,
    }
}
