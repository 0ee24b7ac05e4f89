//! Settings that libraries read from the environment: calls of decouple, environs, django-environ, starlette
//! and envparse, and fields of pydantic's classes.

use std::collections::BTreeMap;
use std::ops::Range;

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, ExprCall, Stmt};

use super::comments::Comments;
use super::flow::Doubts;
use super::last_name;
use super::semantic::{Model, fold};
use super::span;
use crate::component::Type;
use crate::diagnostic::Diagnostic;
use crate::frontend::directive::{self, Directive};
use crate::frontend::interface::{Access, Action, Fallback, Set};
use crate::source::Source;

mod classes;
mod libraries;

use libraries::{Library, Method};

/// A variable that a library reads.
pub(super) struct Setting {
    name: String,
    kind: Option<Type>,
    fallback: Fallback,
    span: Range<usize>,
    description: Option<String>,
    is_secret: bool,
    /// Whether false has to be a word.
    is_word: bool,
}

impl Setting {
    fn name(&self) -> &str {
        &self.name
    }
}

/// The settings of a script.
#[derive(Default)]
pub(super) struct Settings {
    pub(super) accesses: Vec<Access>,
    /// The modules whose settings were read.
    pub(super) modules: Vec<&'static str>,
}

/// The settings of a script.
pub(super) fn read(
    body: &[Stmt],
    model: &Model,
    source: &Source,
    comments: &Comments,
    diagnostics: &mut Vec<Diagnostic>,
) -> Settings {
    let imported = |module: &str| model.imports().iter().any(|import| import.is_below(module));
    let libraries: Vec<&Library> = libraries::ALL.iter().filter(|library| imported(library.module)).collect();
    let mut found = Finder {
        model,
        libraries,
        found: Vec::new(),
        modules: Vec::new(),
        prefixes: String::new(),
        schemes: BTreeMap::new(),
        told: Vec::new(),
    };
    if !found.libraries.is_empty() {
        found.visit_body(body);
    }
    if classes::MODULES.iter().any(|module| imported(module)) {
        let (settings, modules) = classes::read(body, model, &mut found.told);
        found.found.extend(settings);
        found.modules.extend(modules);
    }
    diagnostics.append(&mut found.told);
    let doubts = if found.found.is_empty() { Doubts::default() } else { Doubts::of(body, model) };
    let access = |setting| access(setting, source, comments, &doubts, diagnostics);
    Settings { accesses: found.found.into_iter().map(access).collect(), modules: found.modules }
}

fn access(
    found: Setting,
    source: &Source,
    comments: &Comments,
    doubts: &Doubts,
    diagnostics: &mut Vec<Diagnostic>,
) -> Access {
    let (first, last) = (source.line(found.span.start), source.line(found.span.end));
    let said = comments.trailing(first..last + 1);
    let said = said.flat_map(|comment| directive::parse(comment.raw, &found.span, diagnostics));
    let secret = found.is_secret.then_some(Directive::Secret);
    let is_hard = found.fallback == Fallback::Missing;
    Access {
        name: found.name,
        action: Action::Read { fallback: found.fallback, cast: found.kind, is_hard, set: Set::No },
        directives: said.chain(secret).collect(),
        description: found.description.or_else(|| comments.above(first)),
        is_certain: doubts.is_certain(found.span.start),
        argument: None,
        is_word: found.is_word,
        span: found.span,
    }
}

/// A default given to a library.
fn fallback(value: Option<&Expr>, model: &Model) -> Fallback {
    match value {
        None => Fallback::Missing,
        Some(value) => fold(value, model).map_or(Fallback::Computed, Fallback::Constant),
    }
}

struct Finder<'m, 'a> {
    model: &'m Model<'a>,
    libraries: Vec<&'static Library>,
    found: Vec<Setting>,
    modules: Vec<&'static str>,
    /// The prefix of `with env.prefixed("A_")`.
    prefixes: String,
    /// Types and defaults that `environ.Env(NAME=(type, default))` declares.
    schemes: BTreeMap<String, (Option<Type>, Fallback)>,
    told: Vec<Diagnostic>,
}

impl<'a> Finder<'_, 'a> {
    fn call(&mut self, call: &'a ExprCall) {
        let paths = self.model.qualified(&call.func);
        for library in self.libraries.clone() {
            if library.makes(&paths) {
                self.declare(call);
            }
            if let Some(method) = library.method(&paths) {
                self.lookup(library, method, call);
                return;
            }
        }
    }

    /// Reads the scheme of `Env(DEBUG=(bool, False))`.
    fn declare(&mut self, call: &ExprCall) {
        for keyword in &call.arguments.keywords {
            let Some(name) = &keyword.arg else { continue };
            let (kind, value) = match &keyword.value {
                Expr::Tuple(pair) => (pair.elts.first(), pair.elts.get(1)),
                kind => (Some(kind), None),
            };
            let kind = kind.and_then(|kind| libraries::cast(kind, self.model));
            self.schemes.insert(name.to_string(), (kind, fallback(value, self.model)));
        }
    }

    fn lookup(&mut self, library: &'static Library, method: Method, call: &ExprCall) {
        let argument = |at: usize, name: &str| call.arguments.find_argument_value(name, at);
        let Some(name) = call.arguments.args.first().or_else(|| argument(0, "var")) else { return };
        if !self.modules.contains(&library.module) {
            self.modules.push(library.module);
        }
        let Some(name) = self.model.text(name) else {
            let message = "the name of this variable is known at run time only";
            let warning = Diagnostic::warning("computed-name", message).at(span(call));
            self.told.push(warning.hint("read a variable by its name to make it part of the interface"));
            return;
        };
        let by_place = call.arguments.args.get(library.default).filter(|_| method.takes_default(library));
        let default = call.arguments.find_keyword("default").map(|keyword| &keyword.value).or(by_place);
        let cast = call
            .arguments
            .find_keyword("cast")
            .map(|keyword| &keyword.value)
            .or_else(|| call.arguments.args.get(library.cast?).filter(|_| method == Method::Plain));
        let scheme = self.schemes.get(&name).cloned();
        let (declared, declared_default) = scheme.unwrap_or((None, Fallback::Missing));
        let kind = method.kind().or_else(|| libraries::cast(cast?, self.model)).or(declared);
        let is_secret = cast.is_some_and(|cast| last_name(cast) == Some("Secret"));
        let fallback = match default {
            None => declared_default,
            default => fallback(default, self.model),
        };
        let is_word = library.needs_word && kind == Some(Type::Boolean);
        let name = format!("{}{name}", self.prefixes);
        let (span, description) = (span(call), None);
        self.found.push(Setting { name, kind, fallback, span, description, is_secret, is_word });
    }

    /// The prefix of `with env.prefixed("A_")`.
    fn prefix(&self, item: &Expr) -> Option<String> {
        let call = item.as_call_expr()?;
        let paths = self.model.qualified(&call.func);
        let is_prefix = self.libraries.iter().any(|library| library.is_method(&paths, "prefixed"));
        is_prefix.then(|| self.model.text(call.arguments.args.first()?)).flatten()
    }
}

impl<'a> Visitor<'a> for Finder<'_, 'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        let before = self.prefixes.len();
        if let Stmt::With(with) = statement {
            let prefixes: Vec<String> =
                with.items.iter().filter_map(|item| self.prefix(&item.context_expr)).collect();
            self.prefixes.extend(prefixes);
        }
        walk_stmt(self, statement);
        self.prefixes.truncate(before);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Call(call) = expression {
            self.call(call);
        }
        walk_expr(self, expression);
    }
}
