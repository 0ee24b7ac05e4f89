//! Names in Python: what each may refer to, by scope and order of execution.
//!
//! A name may refer to several things: after `try: import a as n` and `except ImportError: import b as n` it is one or the
//! other. The model gives the dotted paths of all that are known: `nltk.download` for `d` of `d = nltk.download`,
//! `builtins.int` for an `int` that nothing else binds, none for a parameter. The result of a call has `()` after its path.

use std::collections::{HashMap, HashSet};

use ruff_python_ast::{Expr, ExprName, Stmt};

use crate::value::Constant;

mod bindings;
mod blocks;
mod collect;
mod constants;
pub(crate) mod fold;
mod imports;
mod paths;
mod reach;
mod scopes;
pub(crate) mod specs;
#[cfg(test)]
mod tests;
pub(crate) mod texts;

pub(crate) use blocks::Role;
use collect::Collector;
pub(crate) use fold::fold;
pub(crate) use imports::Import;
use paths::{BUILTINS, Resolver};

/// Some names of a script.
pub(crate) enum Names<'a> {
    /// Any name may be meant.
    All,
    /// These names.
    These(HashSet<&'a str>),
}

impl Names<'_> {
    /// Whether an expression begins with one of the names.
    pub(crate) fn begin(&self, expression: &Expr) -> bool {
        match self {
            Self::All => true,
            Self::These(names) => {
                paths::unwound(expression).is_some_and(|(name, _)| names.contains(name.id.as_str()))
            }
        }
    }
}

/// What the names of a script refer to.
#[derive(Default)]
pub(crate) struct Model<'a> {
    noted: Collector<'a>,
    /// What each binding may refer to.
    paths: Vec<Vec<String>>,
    /// The values of constant bindings.
    constants: HashMap<usize, Constant>,
}

impl<'a> Model<'a> {
    /// Reads the names of a module.
    pub(crate) fn new(body: &'a [Stmt]) -> Self {
        let noted = Collector::walk(body);
        let paths = Resolver::resolve(&noted);
        let mut model = Self { noted, paths, constants: HashMap::new() };
        model.find_constants(body);
        model
    }

    /// The dotted paths of everything that an expression may refer to.
    pub(crate) fn qualified(&self, expression: &Expr) -> Vec<String> {
        paths::of_expression(&self.noted, expression, &mut |binding| self.paths[binding].clone())
    }

    /// Whether an expression may refer to the object with this path.
    pub(crate) fn may_be(&self, expression: &Expr, path: &str) -> bool {
        self.qualified(expression).iter().any(|found| found == path)
    }

    /// Whether an expression may be Python's builtin of this name.
    pub(crate) fn is_builtin(&self, expression: &Expr, name: &str) -> bool {
        let is_named = expression.as_name_expr().is_some_and(|found| found.id.as_str() == name);
        is_named && self.qualified(expression).iter().any(|path| path.strip_prefix(BUILTINS) == Some(name))
    }

    /// The names that refer to a module or an object in it anywhere; all, if `*` is imported from it.
    pub(crate) fn names_of(&self, module: &str) -> Names<'a> {
        let is_below = |path: &str| path.split(['.', '(']).next() == Some(module);
        let bindings = self.noted.bindings.iter().zip(&self.paths);
        if bindings.clone().any(|(binding, _)| binding.is_star_of(module)) {
            return Names::All;
        }
        let named = bindings.filter(|(_, paths)| paths.iter().any(|path| is_below(path)));
        Names::These(named.map(|(binding, _)| binding.name).collect())
    }

    /// The value of a module-level constant.
    pub(crate) fn constant(&self, name: &ExprName) -> Option<&Constant> {
        let found = self.noted.use_of(name)?;
        (self.noted.scopes.owner(found.scope, &name.id)? == 0).then_some(())?;
        self.constants.get(&self.only_binding(&name.id)?)
    }

    /// The text of an expression, if known.
    pub(crate) fn text(&self, expression: &Expr) -> Option<String> {
        match fold(expression, self)? {
            Constant::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether the module binds a name.
    pub(crate) fn binds(&self, name: &str) -> bool {
        self.noted.scopes.0.first().is_some_and(|module| module.names.contains_key(name))
    }

    /// Whether exactly one statement binds a name.
    pub(crate) fn is_bound_once(&self, name: &str) -> bool {
        self.noted.bindings.iter().filter(|binding| binding.name == name).count() == 1
    }

    /// Whether nothing in the script can bind a name.
    pub(crate) fn is_unbound(&self, name: &str) -> bool {
        !self.noted.bindings.iter().any(|binding| [name, "*"].contains(&binding.name))
    }

    /// All imports, in the order of the text.
    pub(crate) fn imports(&self) -> &[Import<'a>] {
        &self.noted.imports
    }

    /// The compound statements around an import, innermost first, and how each runs the part that holds it.
    pub(crate) fn around(&self, import: &Import<'a>) -> impl Iterator<Item = (&'a Stmt, Role)> {
        self.noted.blocks.around(import.block)
    }
}
