//! Uses of the environment in a script: every read, write and test, with what the code and comments say of it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use ruff_python_ast::Stmt;
use ruff_python_ast::token::Tokens;

use super::comments::Comments;
use super::flow::{self, Doubts, FlowAnalysis, Use};
use super::semantic::Model;
use super::silence;
use crate::diagnostic::Diagnostic;
use crate::frontend::directive;
use crate::frontend::interface::{Access, Action, Fallback};
use crate::source::Source;
use crate::value::Constant;

/// Every use of an environment variable, in the order of evaluation.
pub(super) fn accesses(
    body: &[Stmt],
    model: &Model,
    source: &Source,
    tokens: &Tokens,
    comments: &Comments,
    options: &mut [Access],
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Access> {
    let FlowAnalysis { uses, diagnostics: told, seen, demanded } =
        flow::follow(body, model, &defaults(options), source.is_module());
    options.iter_mut().filter(|option| demanded.contains(&option.name)).for_each(Access::demand);
    let known = told.iter().filter_map(|told| told.span.clone()).chain(seen);
    let unread = silence::unread(tokens, body, known.collect(), model, source);
    diagnostics.extend(told.into_iter().chain(unread));
    let alone = statements_with_one_use(&uses);
    let doubts = if uses.is_empty() { Doubts::default() } else { Doubts::of(body, model) };
    let annotate = |found: Use| {
        let lines = Lines::of(&found, source, alone.contains(&found.statement.start));
        Access {
            description: lines.description(comments),
            directives: lines.directives(comments, &found.span, diagnostics),
            name: found.name,
            action: found.action,
            argument: None,
            is_word: false,
            is_certain: doubts.is_certain(found.span.start),
            span: found.span,
        }
    };
    uses.into_iter().map(annotate).collect()
}

/// The value of each command-line option that isn't given.
fn defaults(options: &[Access]) -> flow::Defaults {
    let default = |option: &Access| match &option.action {
        Action::Read { fallback: Fallback::Constant(Constant::None), .. } => Fallback::Absent,
        Action::Read { fallback, .. } => fallback.clone(),
        _ => Fallback::Absent,
    };
    options.iter().map(|option| (option.name.clone(), default(option))).collect()
}

fn statements_with_one_use(uses: &[Use]) -> BTreeSet<usize> {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for found in uses {
        *counts.entry(found.statement.start).or_default() += 1;
    }
    counts.into_iter().filter(|&(_, count)| count == 1).map(|(start, _)| start).collect()
}

/// The lines whose comments belong to a use.
struct Lines {
    first: usize,
    last: usize,
    statement: Option<(usize, usize)>,
}

impl Lines {
    fn of(found: &Use, source: &Source, alone: bool) -> Self {
        let line = |offset: usize| source.line(offset);
        let simple = alone && !found.statement.is_empty();
        Self {
            first: line(found.span.start),
            last: line(found.span.end),
            statement: simple.then(|| (line(found.statement.start), line(found.statement.end))),
        }
    }

    fn description(&self, comments: &Comments) -> Option<String> {
        comments.above(self.first).or_else(|| comments.above(self.statement?.0))
    }

    fn directives(
        &self,
        comments: &Comments,
        span: &Range<usize>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Vec<directive::Directive> {
        let own = self.first..self.last + 1;
        let rest = self.statement.map_or(0..0, |(_, last)| (self.last + 1)..(last + 1).max(self.last + 1));
        let found = comments.trailing(own).chain(comments.trailing(rest));
        found.flat_map(|comment| directive::parse(comment.raw, span, diagnostics)).collect()
    }
}
