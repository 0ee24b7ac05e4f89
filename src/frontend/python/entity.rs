//! What gives access to the environment: `os.environ`, `os.getenv` and their like, under whatever name.

use ruff_python_ast::Expr;

use super::semantic::Model;

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

impl Entity {
    /// What an expression stands for; one that may be several things is the first that gives access.
    pub(super) fn of(expression: &Expr, model: &Model) -> Option<Self> {
        let is_known = |name: &str| ENTITIES.iter().any(|(path, _)| path.rsplit('.').next() == Some(name));
        match expression {
            // Quick: most attributes are of no interest.
            Expr::Attribute(attribute) if !is_known(&attribute.attr) => None,
            expression => model.qualified(expression).iter().find_map(|path| Self::at(path)),
        }
    }

    fn at(path: &str) -> Option<Self> {
        ENTITIES.iter().find(|(known, _)| *known == path).map(|(_, entity)| *entity)
    }
}
