//! What names stand for: `os`, `os.environ` and their functions under any alias, and constants of the module.

use std::collections::BTreeMap;

use ruff_python_ast::{Expr, ExprAttribute, Stmt};

use super::bindings::{self, Binding, Value};
use super::fold;
use crate::value::Constant;

/// A thing that gives access to the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entity {
    /// The module `os`.
    Os,
    /// The mapping `os.environ`.
    Environ,
    /// A function that takes a name and perhaps a default: `os.getenv`, `os.environ.get`, `os.environ.setdefault`.
    Lookup,
    /// `os.environ.pop`, which fails without a default.
    Pop,
}

impl Entity {
    /// Whether any entity has an attribute of this name.
    fn has_attribute(name: &str) -> bool {
        ["environ", "getenv", "get", "setdefault", "pop"].contains(&name)
    }

    /// What an attribute of the entity is.
    pub(super) fn attribute(self, name: &str) -> Option<Self> {
        match (self, name) {
            (Self::Os, "environ") => Some(Self::Environ),
            (Self::Os, "getenv") | (Self::Environ, "get" | "setdefault") => Some(Self::Lookup),
            (Self::Environ, "pop") => Some(Self::Pop),
            _ => None,
        }
    }
}

/// Whether an attribute has another, that another, and so on: `os.environ.get` is the longest of interest.
fn is_long(attribute: &ExprAttribute) -> bool {
    let inner = attribute.value.as_attribute_expr().map(|inner| &inner.value);
    inner.is_some_and(|value| value.is_attribute_expr())
}

/// The names that one scope binds; what is bound to something else hides the outer scopes' meaning.
type Scope = BTreeMap<String, Option<Entity>>;

/// The names of a script that matter here.
#[derive(Default)]
pub(super) struct Names {
    scopes: Vec<Scope>,
    constants: BTreeMap<String, Constant>,
}

impl Names {
    /// Collects the names of a module.
    pub(super) fn of_module(body: &[Stmt]) -> Self {
        let mut names = Self::default();
        names.enter(bindings::of_body(body));
        names.constants = constants(body);
        names
    }

    /// Enters a scope; a name that it binds in several ways stands for the environment if one of them says so.
    pub(super) fn enter(&mut self, bindings: Vec<Binding>) {
        self.scopes.push(Scope::new());
        for binding in bindings {
            let entity = match binding.value {
                Value::Entity(entity) => Some(entity),
                Value::Expression(value) => self.entity(value),
                Value::Unknown => None,
            };
            if let Some(scope) = self.scopes.last_mut() {
                let bound = scope.entry(binding.name.to_owned()).or_default();
                *bound = bound.or(entity);
            }
        }
    }

    /// Leaves the innermost scope.
    pub(super) fn leave(&mut self) {
        self.scopes.pop();
    }

    /// What an expression stands for.
    pub(super) fn entity(&self, expression: &Expr) -> Option<Entity> {
        match expression {
            Expr::Name(name) => *self.scopes.iter().rev().find_map(|scope| scope.get(name.id.as_str()))?,
            // Looked at from the outside, so that a long chain isn't walked down from each of its links.
            Expr::Attribute(attribute) if Entity::has_attribute(&attribute.attr) && !is_long(attribute) => {
                self.entity(&attribute.value)?.attribute(&attribute.attr)
            }
            Expr::Named(named) => self.entity(&named.value),
            _ => None,
        }
    }

    /// The value of a constant of the module.
    pub(super) fn constant(&self, name: &str) -> Option<&Constant> {
        self.constants.get(name)
    }
}

/// Names that are bound once in the whole script, at module level, to a value that can be folded.
fn constants(body: &[Stmt]) -> BTreeMap<String, Constant> {
    let counts = bindings::counts(body);
    let mut known = Names::default();
    for (name, value) in body.iter().filter_map(assignment) {
        if counts.get(name) == Some(&1)
            && let Some(constant) = fold::fold(value, &known)
        {
            known.constants.insert(name.to_owned(), constant);
        }
    }
    known.constants
}

/// The name and the value of a statement that assigns to one name.
pub(super) fn assignment(statement: &Stmt) -> Option<(&str, &Expr)> {
    match statement {
        Stmt::Assign(assign) => match assign.targets.as_slice() {
            [Expr::Name(name)] => Some((name.id.as_str(), &assign.value)),
            _ => None,
        },
        Stmt::AnnAssign(assign) => match (&*assign.target, &assign.value) {
            (Expr::Name(name), Some(value)) => Some((name.id.as_str(), value)),
            _ => None,
        },
        _ => None,
    }
}
