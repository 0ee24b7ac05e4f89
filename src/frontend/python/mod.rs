//! The Python front end: the interface of a script, from its syntax tree and its comments.

use std::ops::Range;

use ruff_python_ast::token::TokenKind;
use ruff_python_ast::visitor::Visitor;
use ruff_python_ast::{Expr, ModModule, Stmt, StmtIf};
use ruff_python_parser::{Mode, ParseError, ParseOptions, Parsed, parse_module, parse_unchecked};
use ruff_text_size::{Ranged, TextRange};

use crate::diagnostic::Diagnostic;
use crate::frontend::notebook::recording;
use crate::frontend::{Extraction, Habits, requirements};
use crate::source::Source;

mod arguments;
mod brackets;
mod command_line;
mod comments;
mod depth;
mod elsewhere;
mod entity;
mod environment;
pub(crate) mod flow;
mod ipython;
pub(crate) mod known;
mod logs;
mod mentions;
mod newer;
mod offers;
mod parameters;
mod places;
mod process;
mod prose;
mod questions;
pub(crate) mod semantic;
mod settings;
pub(crate) mod silence;
#[cfg(test)]
mod tests;
pub(crate) mod unimported;

use comments::Comments;
use semantic::{Import, Model};

pub(super) use ipython::require as require_ipython;
pub(super) use offers::offers;
pub(super) use parameters::{assignments, overrides};

/// Programs that lines of a shell begin with.
const PROGRAMS: &[&str] = &[
    "apt", "apt-get", "bash", "cat", "cd", "chmod", "conda", "cp", "curl", "docker", "echo", "export", "git",
    "helm", "kubectl", "ls", "make", "mkdir", "mv", "oc", "pip", "python", "python3", "rm", "sh", "source",
    "sudo", "tar", "unzip", "wget", "yum",
];

/// Reads a Python script.
#[must_use]
pub fn extract(source: &Source) -> Extraction {
    // Each cell of a notebook by itself: what is left open in one is not closed in another.
    let errors: Vec<_> = source.cells().filter_map(|cell| parse(source, cell).err()).collect();
    if !errors.is_empty() {
        return failed(errors);
    }
    match parse(source, 0..source.text().len()) {
        Ok(parsed) => extract_module(source, &parsed),
        Err(error) => failed(vec![error]),
    }
}

/// Parses some bytes of a source.
fn parse(source: &Source, range: Range<usize>) -> Result<Parsed<ModModule>, Diagnostic> {
    let text = &source.text()[range.clone()];
    if let Some(offset) = depth::excess(text) {
        let offset = range.start + offset;
        let error =
            Diagnostic::error("syntax-error", "an expression is too deep or too long").at(offset..offset + 1);
        return Err(error.hint("CPython can't compile this either; simplify the expression"));
    }
    newer::parse_as_oldest(text).map_err(|error| {
        let end = range.start + text.trim_end().len();
        let place = |offset: usize| if source.notebook().is_some() { offset.min(end) } else { offset };
        let span = bytes(error.location);
        if let Some(bracket) = unclosed(text, span.start) {
            return unclosed_bracket(range.start + bracket.start..range.start + bracket.end, source);
        }
        syntax_error(&error, place(range.start + span.start)..place(range.start + span.end), source)
    })
}

/// The syntax tree of a script, if it has one.
pub(crate) fn module(source: &Source) -> Option<Parsed<ModModule>> {
    parse(source, 0..source.text().len()).ok()
}

/// Where the requirements of a script stand.
pub(crate) fn requirement_places(source: &Source) -> requirements::Places {
    let Some(parsed) = module(source) else { return requirements::Places::default() };
    let comments = Comments::collect(source, parsed.tokens());
    requirements::places(&comments.iter().collect::<Vec<_>>())
}

/// Where the first import at the top level of a script begins.
pub(crate) fn first_import(source: &Source) -> Option<usize> {
    let parsed = module(source)?;
    let model = Model::new(&parsed.syntax().body);
    let is_at_top = |import: &&Import| import.is_at_top() && import.module() != "__future__";
    model.imports().iter().find(is_at_top).map(|import| span(import.statement).start)
}

/// Where the first statement of a script begins that is no docstring and imports nothing from the future.
pub(crate) fn first_statement(source: &Source) -> Option<usize> {
    let parsed = module(source)?;
    let is_first = |statement: &&Stmt| match statement {
        Stmt::Expr(expression) => !expression.value.is_string_literal_expr(),
        Stmt::ImportFrom(import) => import.module.as_deref() != Some("__future__"),
        _ => true,
    };
    parsed.syntax().body.iter().find(is_first).map(|statement| span(statement).start)
}

/// The modules of a script that are used and nowhere imported.
pub(crate) fn unimported(source: &Source) -> Vec<&'static str> {
    let Some(parsed) = module(source) else { return Vec::new() };
    let body = &parsed.syntax().body;
    let found = unimported::find(body, &Model::new(body), source.text());
    found.into_iter().map(|(module, _)| module).collect()
}

/// Whether a script binds a name at its top level.
#[must_use]
pub fn defines(text: &str, name: &str) -> bool {
    let parsed = (!is_too_deep(text)).then(|| parse_module(text).ok()).flatten();
    parsed.is_some_and(|parsed| Model::new(&parsed.syntax().body).binds(name))
}

/// Why a function of a script can't be called with some values and others by their names, as far as that can be told.
pub(crate) fn uncallable(source: &Source, name: &str, values: &[&str], names: &[&str]) -> Option<Diagnostic> {
    let parsed = module(source)?;
    let body = &parsed.syntax().body;
    process::uncallable(body, &Model::new(body), name, values, names)
}

/// What a script or a module does beside its work; one that can't be read may log.
pub(super) fn habits(text: &str) -> Habits {
    let parsed = (!is_too_deep(text)).then(|| parse_module(text).ok()).flatten();
    parsed.map_or(Habits { reads_command_line: false, may_log: true }, |parsed| {
        let body = &parsed.syntax().body;
        let model = Model::new(body);
        let may_log = logs::may_log(text, &model);
        Habits { reads_command_line: command_line::is_read(body, &model), may_log }
    })
}

/// Whether a text is Python.
pub(super) fn parses(text: &str) -> bool {
    !is_too_deep(text) && parse_module(text).is_ok()
}

/// Whether the syntax tree of a text would exhaust the stack.
pub(super) fn is_too_deep(text: &str) -> bool {
    depth::excess(text).is_some()
}

fn failed(errors: Vec<Diagnostic>) -> Extraction {
    Extraction { diagnostics: errors, ..Extraction::default() }
}

/// An unclosed bracket in a line above a byte.
fn unclosed(text: &str, error: usize) -> Option<Range<usize>> {
    let parsed = parse_unchecked(text, ParseOptions::from(Mode::Module));
    let line = text.get(..error)?.rfind('\n').map_or(0, |end| end + 1);
    let before = if error >= text.trim_end().len() { text.len() } else { line };
    brackets::unclosed(parsed.tokens(), before)
}

fn unclosed_bracket(span: Range<usize>, source: &Source) -> Diagnostic {
    let message = format!("this is not Python: `{}` was never closed", &source.text()[span.clone()]);
    Diagnostic::error("syntax-error", message).at(span).hint("close it, or take it out")
}

fn syntax_error(error: &ParseError, span: Range<usize>, source: &Source) -> Diagnostic {
    let line = source.line_text(source.line(span.start.min(source.text().len())));
    let hint = if line.trim_start().starts_with(['!', '%']) {
        "lines with `!` and `%` belong to notebooks; packages go into `# pip install …` lines"
    } else if line.trim_start().starts_with("print ") {
        "Python 3 writes `print(…)`; `2to3` and the like convert code of Python 2"
    } else if source.notebook().is_some() && is_for_shell(line) {
        "if the cell is for a shell, begin it with `%%bash`; if it is only to be read, make it a raw cell"
    } else {
        "correct the line; `c3` reads the syntax of Python 3.14 and before"
    };
    let message = error.error.to_string();
    let message = lower_first(message.trim_end_matches('.'));
    Diagnostic::error("syntax-error", format!("this is not Python: {message}")).at(span).hint(hint)
}

/// Whether a line begins with a program that people call in shells.
fn is_for_shell(line: &str) -> bool {
    line.split_whitespace().next().is_some_and(|word| PROGRAMS.contains(&word) || word.starts_with("./"))
}

fn lower_first(message: &str) -> String {
    let mut characters = message.chars();
    let first = characters.next().into_iter().flat_map(char::to_lowercase);
    first.chain(characters).collect()
}

fn extract_module(source: &Source, parsed: &Parsed<ModModule>) -> Extraction {
    let mut diagnostics = Vec::new();
    let comments = Comments::collect(source, parsed.tokens());
    let body = &parsed.syntax().body;
    let model = Model::new(body);
    let mut options = arguments::accesses(body, &model, source, &comments, &mut diagnostics);
    let mut accesses = environment::accesses(
        body,
        &model,
        source,
        parsed.tokens(),
        &comments,
        &mut options,
        &mut diagnostics,
    );
    let unimported = unimported::errors(body, &model, source.text());
    if !unimported.is_empty() {
        diagnostics.retain(|found| found.code != "whole-environment");
        diagnostics.extend(unimported);
    }
    diagnostics.extend(questions::asked(body, &model));
    crate::frontend::parameters::add(&mut accesses, options);
    let settings = settings::read(body, &model, source, &comments, &mut diagnostics);
    crate::frontend::parameters::add(&mut accesses, settings.accesses);
    diagnostics.extend(elsewhere::notes(&model, &settings.modules));
    diagnostics.extend(command_line::told(body, &model));
    let lines: Vec<_> = comments.iter().collect();
    let mut found = requirements::collect(&lines, &mut diagnostics);
    diagnostics.extend(prose::doubts(&found.requirements, &model));
    let shell = match source.notebook() {
        Some(notebook) => notebook.shell || ipython::calls_shell(body, &model),
        None => match ipython::exported(body, &model, source.text()) {
            Some(note) => {
                for (at, install) in ipython::installs(body, &model) {
                    requirements::read_command(&install, at, &mut found, &mut diagnostics);
                }
                diagnostics.push(note);
                true
            }
            None => false,
        },
    };
    if shell || source.notebook().is_some() && ipython::is_imported(&model) {
        require_ipython(&mut found.requirements);
    }
    Extraction {
        description: docstring(body),
        accesses,
        requirements: found.requirements,
        requires_python: found.requires_python,
        metadata: found.metadata,
        indexes: found.indexes,
        newer_syntax: newer::syntax(parsed),
        ipython: shell,
        own_arguments: command_line::is_read(body, &model),
        recorded: lines.iter().any(|comment| recording::is_asked(comment.raw)),
        logs: shell || logs::may_log(source.text(), &model),
        mentions: mentions::of_body(body, &model),
        diagnostics,
    }
}

/// The first string that stands alone at module level, its indentation removed.
fn docstring(body: &[Stmt]) -> Option<String> {
    let text = body.iter().find_map(|statement| match statement {
        Stmt::Expr(statement) => match &*statement.value {
            Expr::StringLiteral(literal) => Some(literal.value.to_str()),
            _ => None,
        },
        _ => None,
    })?;
    Some(clean(text)).filter(|text| text.chars().any(|character| !character.is_control()))
}

/// What `inspect.cleandoc` does: common indentation and outer blank lines removed.
fn clean(text: &str) -> String {
    let text = text.replace('\t', "        ");
    let indent = |line: &str| line.len() - line.trim_start().len();
    let rest = text.lines().skip(1).filter(|line| !line.trim().is_empty());
    let margin = rest.map(indent).min().unwrap_or(0);
    let lines = text.lines().enumerate().map(|(at, line)| match at {
        0 => line.trim(),
        _ => line.get(margin..).unwrap_or_default().trim_end(),
    });
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}

fn bytes(range: TextRange) -> std::ops::Range<usize> {
    range.start().to_usize()..range.end().to_usize()
}

fn span(node: &impl Ranged) -> std::ops::Range<usize> {
    bytes(node.range())
}

/// The last part of a name: `Optional` of `typing.Optional`.
fn last_name(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Name(name) => Some(name.id.as_str()),
        Expr::Attribute(attribute) => Some(attribute.attr.as_str()),
        _ => None,
    }
}

/// Walks a condition and its branches; `walk_stmt` would visit the test of each `elif` twice.
pub(crate) fn walk_if<'a>(visitor: &mut impl Visitor<'a>, condition: &'a StmtIf) {
    visitor.visit_expr(&condition.test);
    visitor.visit_body(&condition.body);
    for clause in &condition.elif_else_clauses {
        clause.test.iter().for_each(|test| visitor.visit_expr(test));
        visitor.visit_body(&clause.body);
    }
}

fn is_comment(kind: TokenKind) -> bool {
    kind == TokenKind::Comment
}
