//! Offers of a Python script: plain values of names at its top that are bound only once.

use std::collections::HashMap;

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, ExprContext, Stmt, UnaryOp};

use super::parameters::annotation;
use super::semantic::{Model, fold};
use super::span;
use crate::component::Type;
use crate::frontend::interface::is_system;
use crate::frontend::offers::{Offer, Offers};
use crate::frontend::parameters::kind;
use crate::identifier;
use crate::source::Source;
use crate::value::Constant;

/// The module that reads the environment.
const MODULE: &str = "os";

/// The offers of a script: plain values between its imports and the first other statement.
pub(crate) fn offers(source: &Source) -> Offers {
    let Some(parsed) = super::module(source) else { return Offers::default() };
    let body = &parsed.syntax().body;
    let mut stores = Stores::default();
    stores.visit_body(body);
    let is_head = |statement: &&Stmt| {
        matches!(
            statement,
            Stmt::Expr(_)
                | Stmt::Import(_)
                | Stmt::ImportFrom(_)
                | Stmt::Assign(_)
                | Stmt::AnnAssign(_)
                | Stmt::Try(_)
                | Stmt::Pass(_)
        )
    };
    let head = body.iter().take_while(is_head);
    let values: Vec<Offer> = head
        .filter_map(|statement| offer(statement, source))
        .filter(|offer| stores.is_only(&offer.name))
        .collect();
    let model = Model::new(body);
    let first = values.first().map_or(0, |offer| offer.span.start);
    let is_there = model.imports().iter().any(|import| {
        import.is_at_top()
            && span(import.statement).start < first
            && import.bound().is_some_and(|(name, path)| name == MODULE && path == MODULE)
    });
    Offers { values, import: (!is_there).then_some(MODULE) }
}

/// The offer of a statement that binds one name to a plain value.
fn offer(statement: &Stmt, source: &Source) -> Option<Offer> {
    let (target, value, annotated) = match statement {
        Stmt::Assign(assign) => match assign.targets.as_slice() {
            [target] => (target, &*assign.value, None),
            _ => return None,
        },
        Stmt::AnnAssign(assign) => {
            (&*assign.target, assign.value.as_deref()?, annotation::kind(&assign.annotation))
        }
        _ => return None,
    };
    let name = target.as_name_expr()?.id.as_str();
    if name.starts_with('_') || !identifier::is_plain(name) || is_system(name) {
        return None;
    }
    let constant = literal(value)?;
    let own = kind(&constant);
    let kind = match (annotated, &own) {
        (Some(Type::Float), Type::Integer) => Type::Float,
        _ => own,
    };
    let written = &source.text()[span(value)];
    let quote = if written.starts_with('"')
        || source.text().matches('"').count() > source.text().matches('\'').count()
    {
        '"'
    } else {
        '\''
    };
    let read = read(name, &kind, &constant, written, quote)?;
    Some(Offer { name: name.to_owned(), kind, span: span(value), read })
}

/// The value of a literal, or of a number with a sign.
fn literal(value: &Expr) -> Option<Constant> {
    match value {
        Expr::StringLiteral(text) if text.value.is_implicit_concatenated() => None,
        Expr::StringLiteral(_) | Expr::NumberLiteral(_) | Expr::BooleanLiteral(_) => fold::literal(value),
        Expr::UnaryOp(unary) if unary.op == UnaryOp::USub && unary.operand.is_number_literal_expr() => {
            fold::unary(unary.op, &fold::literal(&unary.operand)?)
        }
        _ => None,
    }
}

/// The read of a variable with the value as default, which also works under plain Python.
fn read(name: &str, kind: &Type, value: &Constant, written: &str, quote: char) -> Option<String> {
    let call = |default: &str| format!("os.getenv({quote}{name}{quote}, {default})");
    let number = |cast: &str| format!("{cast}({})", call(&format!("{quote}{}{quote}", value.text())));
    match (kind, value) {
        (Type::Integer, _) => Some(number("int")),
        (Type::Float, _) => Some(number("float")),
        // Any text but the empty one is true for Python.
        (_, Constant::Bool(value)) => {
            let default = if *value { format!("{quote}true{quote}") } else { format!("{quote}{quote}") };
            Some(format!("bool({})", call(&default)))
        }
        (_, Constant::Text(text)) if !text.contains(['\n', '\r', '\0']) && !written.contains('\n') => {
            Some(call(written))
        }
        _ => None,
    }
}

/// How often each name is bound, whatever it refers to there.
#[derive(Default)]
struct Stores<'a>(HashMap<&'a str, usize>);

impl Stores<'_> {
    fn is_only(&self, name: &str) -> bool {
        self.0.get(name) == Some(&1)
    }
}

impl<'a> Visitor<'a> for Stores<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        if let Stmt::Global(global) = statement {
            global.names.iter().for_each(|name| *self.0.entry(name.as_str()).or_default() += 1);
        }
        walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Name(name) = expression
            && name.ctx != ExprContext::Load
        {
            *self.0.entry(name.id.as_str()).or_default() += 1;
        }
        walk_expr(self, expression);
    }
}
