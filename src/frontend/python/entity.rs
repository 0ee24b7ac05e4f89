//! Objects that give access to the environment: `os.environ`, `os.getenv` and so on, under any alias.

use ruff_python_ast::Expr;

use super::known::IMPORTERS;
use super::semantic::{Model, Names};

/// An object that gives access to the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entity {
    /// The mapping `os.environ`.
    Environ,
    /// A function that takes a name and perhaps a default: `os.getenv`, `os.environ.get`.
    Lookup,
    /// `os.environ.setdefault`.
    SetDefault,
    /// `os.environ.pop`, which fails without a default.
    Pop,
    /// `os.environ.__getitem__`.
    Item,
    /// `os.environ.__contains__`.
    Contains,
    /// `os.environ.update`.
    Update,
    /// `os.putenv`, `os.environ.__setitem__`.
    Put,
    /// `os.environ.copy`.
    Copy,
    /// `os.environ.keys`.
    Keys,
    /// `os.unsetenv`, which is no part of an interface.
    Unset,
    /// `os.path.expandvars`.
    Expand,
}

/// The mapping, and its form of bytes.
const MAPPINGS: &[&str] = &["os.environ", "os.environb", "posix.environ"];

/// The methods of the mapping.
const METHODS: &[(&str, Entity)] = &[
    ("get", Entity::Lookup),
    ("pop", Entity::Pop),
    ("setdefault", Entity::SetDefault),
    ("__getitem__", Entity::Item),
    ("__contains__", Entity::Contains),
    ("update", Entity::Update),
    ("__setitem__", Entity::Put),
    ("copy", Entity::Copy),
    ("keys", Entity::Keys),
];

/// Functions by their dotted paths.
const FUNCTIONS: &[(&str, Entity)] = &[
    ("os.getenv", Entity::Lookup),
    ("os.getenvb", Entity::Lookup),
    ("os.putenv", Entity::Put),
    ("os.unsetenv", Entity::Unset),
    ("os.path.expandvars", Entity::Expand),
];

/// Longest chain of attributes after such a call.
const MAX_LINKS: usize = 8;

/// The module that has them.
const MODULE: &str = "os";

/// What gives access to the environment in a script.
pub(super) struct Entities<'m, 'a> {
    model: &'m Model<'a>,
    /// Names that may refer to such an object; a quick filter.
    names: Vec<Names<'a>>,
}

impl<'m, 'a> Entities<'m, 'a> {
    pub(super) fn new(model: &'m Model<'a>) -> Self {
        Self { model, names: vec![model.names_of(MODULE), model.names_of("posix")] }
    }

    /// The object behind an expression; if it may be several, the first that gives access.
    pub(super) fn of(&self, expression: &Expr) -> Option<Entity> {
        if let Some(path) = self.imported(expression) {
            return at(&path);
        }
        let begins = self.names.iter().any(|names| names.begin(expression));
        let paths = begins.then(|| self.model.qualified(expression))?;
        paths.iter().find_map(|path| at(path))
    }

    /// The path of `__import__("os").environ` and the like.
    fn imported(&self, expression: &Expr) -> Option<String> {
        let (mut inner, mut links) = (expression, Vec::new());
        while let (Expr::Attribute(attribute), true) = (inner, links.len() < MAX_LINKS) {
            links.push(attribute.attr.as_str());
            inner = &attribute.value;
        }
        let Expr::Call(call) = inner else { return None };
        let [Expr::StringLiteral(module), ..] = &*call.arguments.args else { return None };
        let is_importer =
            || self.model.qualified(&call.func).iter().any(|path| IMPORTERS.contains(&path.as_str()));
        let is_meant = !links.is_empty() && module.value.to_str() == MODULE && is_importer();
        links.push(MODULE);
        links.reverse();
        is_meant.then(|| links.join("."))
    }
}

/// The method of the mapping with this name.
pub(super) fn method(name: &str) -> Option<Entity> {
    METHODS.iter().find(|(known, _)| *known == name).map(|(_, entity)| *entity)
}

/// The object at a dotted path.
pub(super) fn at(path: &str) -> Option<Entity> {
    if MAPPINGS.contains(&path) {
        return Some(Entity::Environ);
    }
    let found = FUNCTIONS.iter().find(|(known, _)| *known == path).map(|(_, entity)| *entity);
    found.or_else(|| {
        let (mapping, name) = path.rsplit_once('.')?;
        MAPPINGS.contains(&mapping).then(|| method(name)).flatten()
    })
}
