//! Parameters in a notebook cell: its assignments of plain values, and how the environment overrides them.

use std::ops::Range;

use ruff_python_ast::statement_visitor::{StatementVisitor, walk_stmt};
use ruff_python_ast::{Expr, Stmt};
use ruff_python_parser::parse_module;

use super::comments::Comments;
use super::{depth, span};
use crate::component::Type;
use crate::diagnostic::Diagnostic;
use crate::frontend::directive;
use crate::frontend::interface::Fallback;
use crate::frontend::parameters::{self, Assignment, Cell};
use crate::frontend::requirements::CommentLine;
use crate::language::Language;
use crate::source::Source;
use crate::value::{self, Constant};

pub(super) mod annotation;
pub(super) mod literals;
#[cfg(test)]
mod tests;

/// The functions that convert values to the shape of a default.
const VALUES: &str = include_str!("../../../templates/runtime/cell/values.py");

const UNPACKED: &str = "what it is unpacked from is known at run time only";
const NESTED: &str = "it is assigned in a block, such as under a condition";

/// The assignments at the top level of a cell.
pub(crate) fn assignments(cell: &str) -> Cell {
    let mut reader = Reader::default();
    if depth::excess(cell).is_none()
        && let Ok(parsed) = parse_module(cell)
    {
        let source = Source::new("cell", Language::Python, cell.to_owned());
        let comments = Comments::collect(&source, parsed.tokens());
        let text = Text { source: &source, comments: &comments };
        parsed.syntax().body.iter().for_each(|statement| reader.top(statement, &text));
    }
    reader.cell
}

/// A cell with its comments.
struct Text<'a> {
    source: &'a Source,
    comments: &'a Comments<'a>,
}

impl<'a> Text<'a> {
    /// The comment at the end of a statement's last line.
    fn trailing(&self, span: &Range<usize>) -> Option<&CommentLine<'a>> {
        let line = self.source.line(span.end);
        self.comments.trailing(line..line + 1).next()
    }

    fn description(&self, span: &Range<usize>) -> Option<String> {
        let said = self.trailing(span).map(CommentLine::text).filter(|text| !text.contains("c3:"));
        let said = match said.map(typed) {
            Some((_, "")) | None => None,
            Some((_, text)) => Some(text.to_owned()),
        };
        said.or_else(|| self.comments.above(self.source.line(span.start)))
    }
}

/// A comment `type: float  the rate` in its two parts.
fn typed(comment: &str) -> (Option<&str>, &str) {
    let Some(rest) = comment.strip_prefix("type:") else { return (None, comment) };
    let rest = rest.trim_start();
    let (kind, text) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    (Some(kind), text.trim_start().trim_start_matches('#').trim_start())
}

#[derive(Default)]
struct Reader {
    cell: Cell,
}

impl Reader {
    fn top(&mut self, statement: &Stmt, text: &Text) {
        match statement {
            Stmt::Assign(assign) => {
                let kind = text.trailing(&span(statement)).and_then(|comment| typed(comment.text()).0);
                let kind = kind.and_then(annotation::parsed);
                for target in &assign.targets {
                    self.bind(target, &assign.value, kind.as_ref(), &span(statement), text);
                }
            }
            Stmt::AnnAssign(assign) => {
                let kind = annotation::kind(&assign.annotation);
                match (&assign.value, &*assign.target) {
                    (Some(value), target) => self.bind(target, value, kind.as_ref(), &span(statement), text),
                    (None, Expr::Name(name)) => self.leave_out(&name.id, "it has no value", statement),
                    _ => {}
                }
            }
            Stmt::AugAssign(assign) => self.alter(&assign.target),
            Stmt::Expr(expression) => self.call(&expression.value),
            Stmt::Delete(delete) => delete.targets.iter().for_each(|target| self.alter(target)),
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) => {}
            block => walk_stmt(self, block),
        }
    }

    /// Binds a target to a value.
    fn bind(&mut self, target: &Expr, value: &Expr, kind: Option<&Type>, span: &Range<usize>, text: &Text) {
        let starred = |items: &[Expr]| items.iter().any(Expr::is_starred_expr);
        match (target, value) {
            (Expr::Name(name), value) => match literals::value(value) {
                Ok((own, value)) => {
                    let name = name.id.as_str();
                    let (kind, is_open) = self.settle(name, own, &value, kind, span);
                    let value = Fallback::Constant(value);
                    self.cell.add(assignment(name, (kind, is_open, value), span, text));
                }
                Err(why) => self.cell.leave_out(&name.id, why, span.clone()),
            },
            (Expr::Tuple(_) | Expr::List(_), Expr::Tuple(_) | Expr::List(_))
                if elements(target).len() == elements(value).len()
                    && !starred(elements(target))
                    && !starred(elements(value)) =>
            {
                for (target, value) in elements(target).iter().zip(elements(value)) {
                    self.bind(target, value, None, span, text);
                }
            }
            (Expr::Tuple(_) | Expr::List(_), _) => {
                names(target).for_each(|name| self.cell.leave_out(name, UNPACKED, span.clone()));
            }
            _ => self.alter(target),
        }
    }

    /// The type of a value, and whether it is unknown.
    fn settle(
        &mut self,
        name: &str,
        own: Type,
        value: &Constant,
        annotated: Option<&Type>,
        span: &Range<usize>,
    ) -> (Type, bool) {
        match (annotated, value) {
            (None, value) => (own, *value == Constant::None),
            (Some(kind), Constant::None) => (kind.clone(), false),
            (Some(Type::Float), Constant::Int(_)) => (Type::Float, false),
            (Some(Type::Boolean), Constant::Int(0 | 1)) => (Type::Boolean, false),
            (Some(kind), _) if *kind == own => (own, false),
            (Some(kind), _) => {
                let message = format!(
                    "`{name}` is annotated as {} and its value is of type {}, which holds",
                    kind.name(),
                    own.name()
                );
                self.cell.doubts.push(Diagnostic::warning("type-conflict", message).at(span.clone()));
                (own, false)
            }
        }
    }

    fn leave_out(&mut self, name: &str, why: &'static str, statement: &Stmt) {
        self.cell.leave_out(name, why, span(statement));
    }

    /// Records that the base of a target is altered.
    fn alter(&mut self, target: &Expr) {
        match target {
            Expr::Name(name) => self.cell.alter(&name.id),
            Expr::Attribute(attribute) => self.alter(&attribute.value),
            Expr::Subscript(subscript) => self.alter(&subscript.value),
            _ => {}
        }
    }

    /// Records that a method may alter a list or a dict.
    fn call(&mut self, expression: &Expr) {
        if let Expr::Call(call) = expression
            && let Expr::Attribute(method) = &*call.func
            && let Expr::Name(name) = &*method.value
            && self.cell.find(&name.id).is_some_and(|known| matches!(known.kind, Type::List | Type::Dict))
        {
            self.cell.alter(&name.id);
        }
    }
}

impl StatementVisitor<'_> for Reader {
    /// Statements in blocks, which may not run.
    fn visit_stmt(&mut self, statement: &Stmt) {
        match statement {
            Stmt::Assign(assign) => {
                let names: Vec<_> = assign.targets.iter().flat_map(names).collect();
                for name in names {
                    self.leave_out(name, NESTED, statement);
                }
                assign
                    .targets
                    .iter()
                    .filter(|target| !target.is_name_expr())
                    .for_each(|target| self.alter(target));
            }
            Stmt::AnnAssign(assign) if assign.value.is_some() => {
                names(&assign.target).for_each(|name| self.leave_out(name, NESTED, statement));
            }
            Stmt::AugAssign(assign) => self.alter(&assign.target),
            Stmt::Expr(expression) => self.call(&expression.value),
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) => {}
            block => walk_stmt(self, block),
        }
    }
}

/// The names that a target binds.
fn names(target: &Expr) -> Box<dyn Iterator<Item = &str> + '_> {
    match target {
        Expr::Name(name) => Box::new(std::iter::once(name.id.as_str())),
        Expr::Starred(starred) => names(&starred.value),
        _ => Box::new(elements(target).iter().flat_map(names)),
    }
}

fn elements(expression: &Expr) -> &[Expr] {
    match expression {
        Expr::Tuple(tuple) => &tuple.elts,
        Expr::List(list) => &list.elts,
        _ => &[],
    }
}

fn assignment(
    name: &str,
    (kind, is_open, value): (Type, bool, Fallback),
    span: &Range<usize>,
    text: &Text,
) -> Assignment {
    let trailing = text.trailing(span);
    let directives = trailing.map(|comment| directive::parse(comment.raw, span, &mut Vec::new()));
    Assignment {
        name: name.to_owned(),
        kind,
        is_open,
        value,
        description: text.description(span),
        directives: directives.unwrap_or_default(),
        span: span.clone(),
    }
}

/// The lines that let the environment override the assignments of a cell.
pub(crate) fn overrides(cell: &str) -> Option<String> {
    let statements = parameters::overrides(&assignments(cell).assignments, |assignment| {
        let name = &assignment.name;
        let environment = "__import__('os').environ";
        let text = format!("{environment}['{name}']");
        let value = match assignment.kind {
            Type::Integer => format!("int({text})"),
            Type::Float => format!("float({text})"),
            Type::Boolean => format!("{text}.lower() in ('{}')", value::TRUE.join("', '")),
            Type::List | Type::Dict => format!("_c3_like(__import__('json').loads({text}), {name})"),
            _ if assignment.takes_any() => format!("_c3_open({text})"),
            _ => text,
        };
        Some(format!("if '{name}' in {environment}: {name} = {value}"))
    })?;
    let is_plain = !statements.contains(" = _c3_");
    Some(if is_plain {
        statements
    } else {
        format!("{VALUES}\n\n{statements}\ndel _c3_like, _c3_common, _c3_open")
    })
}
