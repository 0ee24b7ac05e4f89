//! What gives access to the environment: `os.environ`, `os.getenv` and their like, under whatever name.

use ruff_python_ast::Expr;

use super::semantic::{Model, Names};

/// A thing that gives access to the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entity {
    /// The mapping `os.environ`.
    Environ,
    /// A function that takes a name and perhaps a default: `os.getenv`, `os.environ.get`, `os.environ.setdefault`.
    Lookup,
    /// `os.environ.pop`, which fails without a default.
    Pop,
}

/// The things by their dotted paths.
const ENTITIES: &[(&str, Entity)] = &[
    ("os.environ", Entity::Environ),
    ("os.environ.get", Entity::Lookup),
    ("os.environ.pop", Entity::Pop),
    ("os.environ.setdefault", Entity::Lookup),
    ("os.getenv", Entity::Lookup),
];

/// The module that has them.
const MODULE: &str = "os";

/// What gives access to the environment in a script.
pub(super) struct Entities<'m, 'a> {
    model: &'m Model<'a>,
    /// The names that may stand for such a thing: quick, for most don't.
    names: Names<'a>,
}

impl<'m, 'a> Entities<'m, 'a> {
    pub(super) fn new(model: &'m Model<'a>) -> Self {
        Self { model, names: model.names_of(MODULE) }
    }

    /// What an expression stands for; one that may be several things is the first that gives access.
    pub(super) fn of(&self, expression: &Expr) -> Option<Entity> {
        let paths = self.names.begin(expression).then(|| self.model.qualified(expression))?;
        paths.iter().find_map(|path| at(path))
    }
}

fn at(path: &str) -> Option<Entity> {
    ENTITIES.iter().find(|(known, _)| *known == path).map(|(_, entity)| *entity)
}
