//! The R front end: the interface of a script, from its syntax tree and its comments.

use std::collections::{BTreeMap, BTreeSet};

use crate::component::Requirement;
use crate::diagnostic::Diagnostic;
use crate::frontend::facts::as_option;
use crate::frontend::interface::{Access, Action, Set};
use crate::frontend::notebook::recording;
use crate::frontend::{Extraction, Habits, directive, requirements};
use crate::source::Source;

mod arguments;
mod atom;
mod balance;
mod catches;
mod certain;
mod command_line;
mod comments;
mod endings;
mod environment;
mod evidence;
mod files;
mod fold;
mod helper;
mod installs;
mod invalid;
mod literals;
mod mentions;
mod names;
mod offers;
mod options;
mod packages;
mod parameters;
mod patterns;
mod questions;
mod recipes;
mod shapes;
mod statements;
#[cfg(test)]
mod tests;
mod tree;
mod validity;
mod wrappers;

use certain::Certainty;
use comments::Comments;
use environment::Use;
use names::Names;
use shapes::Shapes;
use statements::Statements;
use tree::SyntaxError;

pub use files::{Deed, Deeds, deeds};
pub(super) use offers::offers;
pub(super) use parameters::{assignments, overrides};

/// The description of a script without one, as in the guide.
pub(crate) const DESCRIPTION: &str = "R script";

/// A cell whose failure is reported without ending the program.
pub(super) fn caught(cell: &str) -> String {
    let show = "function(problem) message(\"Error: \", conditionMessage(problem))";
    format!("tryCatch(withAutoprint({{\n{cell}\n}}, echo = FALSE), error = {show})")
}

/// Reads an R script.
#[must_use]
pub fn extract(source: &Source) -> Extraction {
    let text = source.text();
    let read = || {
        let tree = tree::parse(text)?;
        let shapes = shapes::find(&tree, text);
        validity::check(&shapes, text)?;
        Ok(extract_shapes(source, &shapes))
    };
    read().unwrap_or_else(failed)
}

/// What a script, or a file it sources, does beside its work.
pub(super) fn habits(text: &str) -> Habits {
    Habits { reads_command_line: reads_command_line(text), may_log: true }
}

fn reads_command_line(text: &str) -> bool {
    let Ok(tree) = tree::parse(text) else { return false };
    let shapes = shapes::find(&tree, text);
    let names = Names::new(text, &shapes);
    let used = packages::used(&names, &shapes);
    command_line::is_read(&names, &shapes, used.into_iter().map(|(name, _)| name))
}

/// The packages that a script uses and the requirements don't provide.
#[must_use]
pub fn missing(text: &str, requirements: &[Requirement]) -> Vec<Diagnostic> {
    let Ok(tree) = tree::parse(text) else { return Vec::new() };
    let shapes = shapes::find(&tree, text);
    packages::missing(packages::used(&Names::new(text, &shapes), &shapes), requirements)
}

fn failed(error: SyntaxError) -> Extraction {
    let diagnostic = if error.is_limit {
        Diagnostic::error("too-long", format!("this is too long: {}", error.message))
    } else {
        Diagnostic::error("syntax-error", format!("this is not R: {}", error.message))
    };
    let diagnostic = diagnostic
        .at(error.span)
        .hint(error.hint.unwrap_or("correct the line; `Rscript FILE` says how R reads it"));
    Extraction { diagnostics: vec![diagnostic], ..Extraction::default() }
}

fn extract_shapes(source: &Source, shapes: &Shapes) -> Extraction {
    let text = source.text();
    let names = Names::new(text, shapes);
    let comments = Comments::collect(source, &shapes.comments);
    let mut found = environment::uses(&names, shapes, source.is_module());
    let of_options = found.uses.extract_if(.., |found| as_option(&found.name).is_some());
    let demanded: BTreeSet<String> =
        of_options.filter_map(|found| as_option(&found.name).map(str::to_owned)).collect();
    let mut diagnostics = found.diagnostics;
    let statements = Statements::new(shapes);
    let certainty = Certainty::new(&names, shapes);
    let mut accesses = annotated(found.uses, source, &comments, &statements, &certainty, &mut diagnostics);
    let commands = requirements::collect_system(&comments.iter().collect::<Vec<_>>(), &mut diagnostics);
    let installs = installs::collect(&names, &shapes.calls);
    diagnostics.extend(installs.diagnostics);
    let requirements = [commands, installs.requirements].concat();
    let used = packages::used(&names, shapes);
    let own_arguments = command_line::is_read(&names, shapes, used.iter().map(|(name, _)| name.clone()));
    let is_parsed = used.iter().any(|(name, _)| name == options::PACKAGE);
    if is_parsed {
        let mut options = options::read(&names, shapes, |at| certainty.is_certain(at));
        let asked = options.accesses.iter_mut().filter(|option| demanded.contains(&option.name));
        asked.for_each(Access::demand);
        diagnostics.extend(options.notes);
        crate::frontend::parameters::add(
            &mut accesses,
            described(options.accesses, source, &comments, &mut diagnostics),
        );
    }
    diagnostics.extend(questions::told(&used, &names, shapes));
    diagnostics.extend(packages::missing(used, &requirements));
    let taken: Vec<usize> = accesses.iter().map(|access| source.line(access.span.start)).collect();
    let code = shapes.statements.first().map_or(usize::MAX, |(first, _)| source.line(first.start_byte()));
    let description = comments.leading(code, &taken).unwrap_or_else(|| DESCRIPTION.to_owned());
    Extraction {
        description: Some(description),
        accesses,
        requirements,
        own_arguments,
        recorded: comments.iter().any(|comment| recording::is_asked(comment.raw)),
        logs: true,
        mentions: mentions::of_shapes(&names, shapes),
        diagnostics,
        ..Extraction::default()
    }
}

/// Options with their comments.
fn described(
    mut options: Vec<Access>,
    source: &Source,
    comments: &Comments,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Access> {
    for option in &mut options {
        let (first, last) = (source.line(option.span.start), source.line(option.span.end));
        let trailing = comments.trailing(first..last + 1);
        option.directives =
            trailing.flat_map(|comment| directive::parse(comment.raw, &option.span, diagnostics)).collect();
        option.description = option.description.take().or_else(|| comments.above(first));
    }
    options
}

/// Records for each read whether the script has set the variable before; tests of it are pointless then.
fn placed(uses: Vec<Use>, certainty: &Certainty) -> Vec<Use> {
    let mut written: BTreeMap<String, Set> = BTreeMap::new();
    let mut placed = Vec::with_capacity(uses.len());
    for mut found in uses {
        let known = written.get(&found.name).copied().unwrap_or(Set::No);
        match &mut found.action {
            Action::Test | Action::Demand { .. } if known == Set::Sure => continue,
            Action::Read { set, .. } => *set = known,
            Action::Write | Action::Remove => {
                let is_certain = certainty.is_certain(found.span.start);
                written
                    .insert(found.name.clone(), if is_certain { Set::Sure } else { known.max(Set::Maybe) });
            }
            _ => {}
        }
        placed.push(found);
    }
    placed
}

/// Uses with their comments: above and at the end of the line, for the whole statement if it has no other
/// use.
fn annotated(
    uses: Vec<Use>,
    source: &Source,
    comments: &Comments,
    statements: &Statements,
    certainty: &Certainty,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Access> {
    let uses = placed(uses, certainty);
    let statement = |found: &Use| statements.around(found.span.start);
    let mut places: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for found in &uses {
        if let Some(span) = statement(found) {
            places.entry(span.start).or_default().insert(found.span.start);
        }
    }
    let annotate = |found: Use| {
        let span =
            statement(&found).filter(|span| places.get(&span.start).is_some_and(|places| places.len() == 1));
        let (first, last) = (source.line(found.span.start), source.line(found.span.end));
        let rest = span.as_ref().map_or(0..0, |span| last + 1..(source.line(span.end) + 1).max(last + 1));
        let trailing = comments.trailing(first..last + 1).chain(comments.trailing(rest));
        Access {
            description: comments.above(first).or_else(|| comments.above(source.line(span?.start))),
            directives: trailing
                .flat_map(|comment| directive::parse(comment.raw, &found.span, diagnostics))
                .collect(),
            name: found.name,
            action: found.action,
            argument: None,
            is_word: false,
            is_certain: certainty.is_certain(found.span.start),
            span: found.span,
        }
    };
    uses.into_iter().map(annotate).collect()
}
