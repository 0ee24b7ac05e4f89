//! Parameters in a notebook's cell: its assignments of plain values, and how the environment overrides them.

use ruff_python_ast::Stmt;
use ruff_python_parser::parse_module;

use super::comments::Comments;
use super::semantic::{Model, assignment, fold};
use super::{depth, span};
use crate::component::Type;
use crate::frontend::directive;
use crate::frontend::parameters::{self, Assignment, kind};
use crate::frontend::requirements::CommentLine;
use crate::language::Language;
use crate::source::Source;
use crate::value;

/// The assignments of plain values at the top level of a cell.
pub(crate) fn assignments(cell: &str) -> Vec<Assignment> {
    if depth::excess(cell).is_some() {
        return Vec::new();
    }
    let source = Source::new("cell", Language::Python, cell.to_owned());
    let Ok(parsed) = parse_module(cell) else { return Vec::new() };
    let comments = Comments::collect(&source, parsed.tokens());
    let statements = parsed.syntax().body.iter();
    statements.filter_map(|statement| read(statement, &source, &comments)).collect()
}

fn read(statement: &Stmt, source: &Source, comments: &Comments) -> Option<Assignment> {
    let (name, value) = assignment(statement)?;
    let value = fold(value, &Model::default())?;
    let span = span(statement);
    let line = source.line(span.end);
    let trailing = comments.trailing(line..line + 1).next();
    let said = trailing.map(CommentLine::text).filter(|text| !text.contains("c3:"));
    Some(Assignment {
        name: name.to_owned(),
        kind: kind(&value),
        value,
        description: said.map(str::to_owned).or_else(|| comments.above(source.line(span.start))),
        directives: trailing
            .map(|comment| directive::parse(comment.raw, &span, &mut Vec::new()))
            .unwrap_or_default(),
        span,
    })
}

/// The lines that let the environment override the assignments of a cell.
pub(crate) fn overrides(cell: &str) -> Option<String> {
    parameters::overrides(&assignments(cell), |assignment| {
        let name = &assignment.name;
        let read = |default: &str| format!("__import__('os').getenv('{name}', {default})");
        let value = match assignment.kind {
            Type::Integer => format!("int({})", read(name)),
            Type::Float => format!("float({})", read(name)),
            Type::Boolean => {
                let text = read(&format!("str({name})"));
                format!("{text}.lower() in ('{}')", value::TRUE.join("', '"))
            }
            _ => read(name),
        };
        Some(format!("{name} = {value}"))
    })
}
