//! Options of typer: parameters of a command, by their annotations and defaults.

use ruff_python_ast::{Expr, ExprCall, ParameterWithDefault, Stmt, StmtClassDef};

use super::arrange::Row;
use super::click::{is_no, plain, variables};
use super::commands::Command;
use super::declared::{Declared, Unread};
use super::help::with_choices;
use super::keywords::Keywords;
use super::spelling::Spelling;
use super::values::{constant, list};
use crate::component::{Argument, Takes, Type};
use crate::frontend::interface::Fallback;
use crate::frontend::parameters;
use crate::frontend::python::last_name;
use crate::frontend::python::parameters::annotation;
use crate::frontend::python::semantic::{Model, fold};
use crate::frontend::python::span;
use crate::value::Constant;

/// Parameters that typer fills in itself.
const CONTEXTS: &[&str] = &["typer.Context", "click.Context", "typer.CallbackParam"];

/// The parameters of a command, in their order.
pub(super) fn declare(command: &Command, body: &[Stmt], model: &Model) -> Row {
    let mut row = Row::default();
    let parameters = &command.function.parameters;
    for parameter in parameters.iter_non_variadic_params() {
        let reader = Reader { parameter, body, model, is_doubtful: command.is_doubtful };
        match reader.read() {
            Ok(None) => {}
            Ok(Some(found)) => row.add(found),
            Err((reason, is_positional)) => row.refuse(Unread {
                spelling: Some(parameter.parameter.name.to_string()),
                reason,
                is_positional,
                span: span(parameter),
            }),
        }
    }
    row
}

struct Reader<'r, 'a> {
    parameter: &'r ParameterWithDefault,
    body: &'r [Stmt],
    model: &'r Model<'a>,
    is_doubtful: bool,
}

/// The declaration of a parameter.
struct Said<'r> {
    /// `typer.Option(…)` or `typer.Argument(…)`.
    call: Option<&'r ExprCall>,
    is_argument: bool,
    /// The default, if it has one.
    default: Option<&'r Expr>,
    /// The names of the option.
    names: &'r [Expr],
}

/// The values of a type.
struct Kind<'r> {
    one: Option<Type>,
    takes: Takes,
    choices: Option<String>,
    class: Option<&'r StmtClassDef>,
}

impl<'r> Reader<'r, '_> {
    fn read(&self) -> Result<Option<Declared>, (&'static str, bool)> {
        let annotation = self.parameter.parameter.annotation.as_deref();
        let is_context = |found: &Expr| CONTEXTS.iter().any(|path| self.model.may_be(found, path));
        if annotation.is_some_and(is_context) {
            return Ok(None);
        }
        let said = self.said(annotation);
        self.declared(&said, annotation).map(Some).map_err(|reason| (reason, said.is_argument))
    }

    /// The typer call in a default or in `Annotated[…]`.
    fn said(&self, annotation: Option<&'r Expr>) -> Said<'r> {
        let default = self.parameter.default.as_deref();
        let of_default = default.and_then(|default| Some((self.maker(default)?, true)));
        let in_annotation = || metadata(annotation?).iter().find_map(|one| Some((self.maker(one)?, false)));
        let Some(((call, is_argument), is_default)) = of_default.or_else(in_annotation) else {
            return Said { call: None, is_argument: default.is_none(), default, names: &[] };
        };
        let arguments = &*call.arguments.args;
        if is_default {
            let default = arguments.first().or_else(|| Keywords::of(call).get("default"));
            let default = default.filter(|default| !default.is_ellipsis_literal_expr());
            return Said { call: Some(call), is_argument, default, names: arguments.get(1..).unwrap_or(&[]) };
        }
        Said { call: Some(call), is_argument, default, names: arguments }
    }

    fn maker<'e>(&self, expression: &'e Expr) -> Option<(&'e ExprCall, bool)> {
        let call = expression.as_call_expr()?;
        let is = |path: &str| self.model.may_be(&call.func, path);
        if is("typer.Argument") {
            return Some((call, true));
        }
        is("typer.Option").then_some((call, false))
    }

    fn declared(&self, said: &Said<'r>, annotation: Option<&'r Expr>) -> Result<Declared, &'static str> {
        let name = self.parameter.parameter.name.as_str();
        let keywords = said.call.map(Keywords::of);
        if keywords.as_ref().is_some_and(|keywords| keywords.is_open) {
            return Err("what is said of it is known at run time only");
        }
        let keyword = |name: &str| keywords.as_ref().and_then(|keywords| keywords.get(name));
        for setting in ["parser", "click_type", "count"] {
            if keyword(setting).is_some_and(|value| !is_no(value)) {
                return Err("how its value is read isn't followed");
            }
        }
        let texts: Option<Vec<String>> = said.names.iter().map(|text| self.model.text(text)).collect();
        let texts = texts.ok_or("its name is known at run time only")?;
        let kind = self.kind(annotation, said)?;
        let flag = kind.one == Some(Type::Boolean) && kind.takes == Takes::Value && !said.is_argument;
        let is_list = matches!(kind.takes, Takes::Row | Takes::Each);
        let takes = if kind.one == Some(Type::Boolean) && !flag { Takes::Word } else { kind.takes };
        let asks = keyword("prompt").is_some_and(|value| !is_no(value));
        let is_known = keyword("default_factory").is_none();
        let default = match said.default.filter(|_| is_known) {
            Some(value) if is_list => list(value, self.model),
            Some(value) => self.member(value, &kind).or_else(|| constant(value, self.model)),
            None => is_known.then_some(Constant::None),
        };
        let (variable, others) =
            keyword("envvar").map_or_else(Default::default, |names| variables(names, self.model));
        let is_plain = kind.one != Some(Type::Boolean) && !said.is_argument && !is_list;
        let spelling = Spelling::of(&texts);
        let mut argument = Argument { option: None, negative: None, flag, takes };
        if !said.is_argument {
            let word = name.trim_matches('_').replace('_', "-");
            argument.option = spelling.option.clone().or_else(|| Some(format!("--{word}")));
            argument.negative = match &spelling.option {
                Some(_) => spelling.negative.clone(),
                None => Some(format!("--no-{word}")),
            }
            .filter(|_| flag);
        }
        let help = keyword("help").and_then(|help| self.model.text(help));
        Ok(Declared {
            name: variable.clone().unwrap_or_else(|| name.to_owned()),
            argument,
            kind: if is_list { Some(Type::List) } else { kind.one },
            default: default.map_or(Fallback::Computed, Fallback::Constant),
            is_required: (said.default.is_none() && is_known) || asks,
            is_doubtful: self.is_doubtful,
            description: with_choices(help.map(|help| plain(&help)), kind.choices),
            span: span(self.parameter),
            function: None,
            variable: variable.filter(|_| is_plain),
            is_secret: keyword("hide_input").is_some_and(|value| !is_no(value)),
            is_default_kept: false,
            others,
        })
    }

    fn kind(&self, annotation: Option<&'r Expr>, said: &Said<'r>) -> Result<Kind<'r>, &'static str> {
        let plain = |one| Kind { one, takes: Takes::Value, choices: None, class: None };
        let Some(annotation) = annotation.map(inner) else {
            let default = said.default.and_then(|value| fold(value, self.model));
            let known = default.filter(|value| *value != Constant::None);
            return Ok(plain(known.as_ref().map(parameters::kind)));
        };
        if let Some(class) = self.class(annotation) {
            let choices: Vec<String> = members(class, self.model).map(|(_, value)| value).collect();
            let choices = Some(choices.join(", ")).filter(|choices| !choices.is_empty());
            return Ok(Kind { choices, class: Some(class), ..plain(Some(Type::String)) });
        }
        match annotation::kind(annotation) {
            Some(Type::List) => {
                let is_row = said.is_argument || is_tuple(annotation);
                Ok(Kind { takes: if is_row { Takes::Row } else { Takes::Each }, ..plain(Some(Type::List)) })
            }
            Some(Type::Dict) => Err("typer takes no dicts"),
            kind => Ok(plain(kind)),
        }
    }

    /// The script's own class that an annotation names.
    fn class(&self, annotation: &Expr) -> Option<&'r StmtClassDef> {
        let name = annotation.as_name_expr()?.id.as_str();
        let mut classes = self.body.iter().filter_map(Stmt::as_class_def_stmt);
        classes.find(|class| class.name.as_str() == name)
    }

    /// The value of `Color.red`.
    fn member(&self, value: &Expr, kind: &Kind) -> Option<Constant> {
        let member = value.as_attribute_expr()?;
        let member =
            member.value.as_attribute_expr().filter(|_| member.attr.as_str() == "value").unwrap_or(member);
        let class = kind
            .class
            .filter(|class| member.value.as_name_expr().is_some_and(|name| name.id == class.name.id))?;
        let mut members = members(class, self.model);
        members.find(|(name, _)| *name == member.attr.as_str()).map(|(_, value)| Constant::Text(value))
    }
}

/// The metadata in `Annotated[type, …]`.
fn metadata(annotation: &Expr) -> &[Expr] {
    let parts = annotation.as_subscript_expr().filter(|found| last_name(&found.value) == Some("Annotated"));
    let parts = parts.and_then(|found| found.slice.as_tuple_expr());
    parts.and_then(|parts| parts.elts.get(1..)).unwrap_or(&[])
}

/// The type inside wrappers such as `Optional[…]`.
fn inner(annotation: &Expr) -> &Expr {
    match annotation {
        Expr::Subscript(found) if last_name(&found.value) == Some("Annotated") => {
            found.slice.as_tuple_expr().and_then(|parts| parts.elts.first()).map_or(annotation, inner)
        }
        Expr::Subscript(found) if last_name(&found.value) == Some("Optional") => inner(&found.slice),
        Expr::BinOp(union) if union.right.is_none_literal_expr() => inner(&union.left),
        Expr::BinOp(union) if union.left.is_none_literal_expr() => inner(&union.right),
        _ => annotation,
    }
}

fn is_tuple(annotation: &Expr) -> bool {
    let named = annotation.as_subscript_expr().map_or(annotation, |found| &*found.value);
    last_name(named) == Some("tuple") || last_name(named) == Some("Tuple")
}

/// The members of an enumeration, with their texts.
fn members<'r>(class: &'r StmtClassDef, model: &Model) -> impl Iterator<Item = (&'r str, String)> {
    class.body.iter().filter_map(move |statement| {
        let assign = statement.as_assign_stmt()?;
        let name = assign.targets.first()?.as_name_expr()?;
        Some((name.id.as_str(), fold(&assign.value, model)?.text()))
    })
}
