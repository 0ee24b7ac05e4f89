//! Idle code: functions that no run of the script calls, as nothing names them, directly or through code that is run.

use std::collections::{HashMap, HashSet};

use ruff_python_ast::visitor::{
    Visitor, walk_decorator, walk_expr, walk_parameters, walk_stmt, walk_type_params,
};
use ruff_python_ast::{Decorator, Expr, ExprCall, ExprContext, Stmt, StmtClassDef, StmtFunctionDef};

use super::value::Code;
use crate::frontend;
use crate::frontend::python::last_name;

/// Decorators that leave a function to those who name it.
const PLAIN: &[&str] = &[
    "abstractmethod",
    "cache",
    "cached_property",
    "classmethod",
    "contextmanager",
    "lru_cache",
    "override",
    "property",
    "staticmethod",
];

/// Decorators that leave a class to those who name it.
const PLAIN_OF_CLASSES: &[&str] = &["attrs", "dataclass", "define", "final", "frozen"];

/// Base classes that call no methods of a class by themselves.
const PLAIN_BASES: &[&str] = &["ABC", "Enum", "Exception", "NamedTuple", "Protocol", "object", "str"];

/// Functions that may call anything by a name that is known at run time only.
const CALLING: &[&str] = &["Fire", "eval", "exec", "globals", "locals"];

/// The functions of a module that no run calls, each by its key.
pub(super) fn idle(body: &[Stmt]) -> HashSet<usize> {
    let mut finder = Finder { owners: vec![Owner::default()], ..Finder::default() };
    finder.visit_body(body);
    if finder.may_call_any { HashSet::new() } else { finder.idle() }
}

/// A body of code: of the module, a function, or the instances of a class.
#[derive(Debug, Default)]
struct Owner<'a> {
    /// Its key, if it is a function.
    id: Option<usize>,
    name: Option<&'a str>,
    parent: usize,
    /// Whether it may run as soon as its parent does, without being named.
    is_open: bool,
    /// The names in its code.
    names: Vec<&'a str>,
}

#[derive(Debug, Default)]
struct Finder<'a> {
    owners: Vec<Owner<'a>>,
    /// The code that runs here.
    current: usize,
    /// The class whose body this is.
    class: Option<usize>,
    /// Classes of the script.
    classes: HashSet<&'a str>,
    may_call_any: bool,
}

impl<'a> Finder<'a> {
    /// Walks code that belongs to an owner of its own.
    fn owned(&mut self, owner: Owner<'a>, walk: impl FnOnce(&mut Self)) {
        let at = self.owners.len();
        self.owners.push(Owner { parent: self.class.unwrap_or(self.current), ..owner });
        let (current, class) = (std::mem::replace(&mut self.current, at), self.class.take());
        walk(self);
        (self.current, self.class) = (current, class);
    }

    fn function(&mut self, function: &'a StmtFunctionDef) {
        let handing = function.decorator_list.iter().filter(|decorator| !is_plain(decorator, PLAIN));
        handing.for_each(|decorator| walk_decorator(self, decorator));
        walk_parameters(self, &function.parameters);
        function.type_params.iter().for_each(|kinds| walk_type_params(self, kinds));
        function.returns.iter().for_each(|kind| self.visit_expr(kind));
        let name = function.name.as_str();
        let is_special = name.starts_with("__") && name.ends_with("__");
        let is_open = is_special
            || name == frontend::PROCESS
            || !function.decorator_list.iter().all(|decorator| is_plain(decorator, PLAIN));
        let id = Some(Code::Definition(function).id());
        let owner = Owner { id, name: Some(name), is_open, ..Owner::default() };
        self.owned(owner, |finder| finder.visit_body(&function.body));
    }

    fn class(&mut self, class: &'a StmtClassDef) {
        class.decorator_list.iter().for_each(|decorator| walk_decorator(self, decorator));
        let arguments = class.arguments.as_deref();
        let bases = arguments.map_or(&[][..], |arguments| &arguments.args);
        let keywords = arguments.map_or(&[][..], |arguments| &arguments.keywords);
        for part in bases.iter().chain(keywords.iter().map(|keyword| &keyword.value)) {
            self.visit_expr(part);
        }
        let is_known = |base: &Expr| {
            last_name(base).is_some_and(|name| self.classes.contains(name) || PLAIN_BASES.contains(&name))
        };
        let is_open = !keywords.is_empty()
            || !bases.iter().all(is_known)
            || !class.decorator_list.iter().all(|decorator| is_plain(decorator, PLAIN_OF_CLASSES));
        if !is_open {
            self.classes.insert(&class.name);
        }
        let at = self.owners.len();
        let parent = self.class.unwrap_or(self.current);
        let name = Some(class.name.as_str());
        self.owners.push(Owner { name, parent, is_open, ..Owner::default() });
        let outer = self.class.replace(at);
        self.visit_body(&class.body);
        self.class = outer;
        if is_open {
            // What a strange base class calls is unknown.
            self.owners[at..]
                .iter_mut()
                .filter(|owner| owner.parent == at)
                .for_each(|owner| owner.is_open = true);
        }
    }

    fn name(&mut self, name: &'a str) {
        self.may_call_any |= CALLING.contains(&name);
        self.owners[self.current].names.push(name);
    }

    /// A text may name what is looked up by it, or be code.
    fn text(&mut self, text: &'a str) {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        if text.contains('(') || text.chars().all(is_word) {
            let words = text.split(|c| !is_word(c)).filter(|word| !word.is_empty());
            self.owners[self.current].names.extend(words);
        }
    }

    fn call(&mut self, call: &ExprCall) {
        let is_computed = call.arguments.args.get(1).is_some_and(|name| !name.is_string_literal_expr());
        self.may_call_any |= last_name(&call.func) == Some("getattr") && is_computed;
    }

    /// The functions that stay unreached.
    fn idle(&self) -> HashSet<usize> {
        let mut owners: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut within: Vec<Vec<usize>> = vec![Vec::new(); self.owners.len()];
        for (at, owner) in self.owners.iter().enumerate().skip(1) {
            owner.name.iter().for_each(|name| owners.entry(name).or_default().push(at));
            within[owner.parent].push(at);
        }
        let (mut reached, mut names) = (vec![false; self.owners.len()], HashSet::new());
        let mut next = vec![0];
        while let Some(at) = next.pop() {
            let owner = &self.owners[at];
            let is_named = owner.name.is_some_and(|name| names.contains(name));
            let is_run = at == 0 || (reached[owner.parent] && (owner.is_open || is_named));
            if reached[at] || !is_run {
                continue;
            }
            reached[at] = true;
            next.extend(&within[at]);
            for name in &owner.names {
                if names.insert(*name) {
                    next.extend(owners.get(name).into_iter().flatten());
                }
            }
        }
        let unreached = self.owners.iter().zip(reached).filter(|(_, is_reached)| !is_reached);
        unreached.filter_map(|(owner, _)| owner.id).collect()
    }
}

impl<'a> Visitor<'a> for Finder<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(function) => self.function(function),
            Stmt::ClassDef(class) => self.class(class),
            // A docstring calls nothing.
            Stmt::Expr(expression) if expression.value.is_string_literal_expr() => {}
            statement => walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Name(name) if name.ctx == ExprContext::Load => self.name(&name.id),
            Expr::Attribute(attribute) => self.name(&attribute.attr),
            Expr::StringLiteral(text) => self.text(text.value.to_str()),
            Expr::Call(call) => self.call(call),
            Expr::Lambda(lambda) if self.class.is_some() => {
                let id = Some(Code::Lambda(lambda).id());
                let owner = Owner { id, is_open: true, ..Owner::default() };
                self.owned(owner, |finder| walk_expr(finder, expression));
                return;
            }
            _ => {}
        }
        walk_expr(self, expression);
    }
}

/// Whether a decorator is one of some that call nothing.
fn is_plain(decorator: &Decorator, plain: &[&str]) -> bool {
    let named = decorator.expression.as_call_expr().map_or(&decorator.expression, |call| &call.func);
    let is_accessor =
        matches!(named, Expr::Attribute(part) if ["setter", "getter"].contains(&part.attr.as_str()));
    is_accessor || last_name(named).is_some_and(|name| plain.contains(&name))
}
