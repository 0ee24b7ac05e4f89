//! What names stand for: `os`, `os.environ` and their functions under any alias, and constants of the module.

use std::collections::{BTreeMap, BTreeSet};

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, ExprContext, Stmt, StmtImport, StmtImportFrom};

use super::fold;
use crate::frontend::constant::Constant;

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
    fn attribute(self, name: &str) -> Option<Self> {
        match (self, name) {
            (Self::Os, "environ") => Some(Self::Environ),
            (Self::Os, "getenv") | (Self::Environ, "get" | "setdefault") => Some(Self::Lookup),
            (Self::Environ, "pop") => Some(Self::Pop),
            _ => None,
        }
    }
}

/// The names of a script that matter here.
#[derive(Default)]
pub(super) struct Names {
    entities: BTreeMap<String, Entity>,
    constants: BTreeMap<String, Constant>,
}

impl Names {
    /// Collects the names of a script.
    pub(super) fn collect(body: &[Stmt]) -> Self {
        let mut names = Self::default();
        names.visit_body(body);
        names.constants = constants(body, &names);
        names
    }

    /// What an expression stands for.
    pub(super) fn entity(&self, expression: &Expr) -> Option<Entity> {
        match expression {
            Expr::Name(name) => self.entities.get(name.id.as_str()).copied(),
            Expr::Attribute(attribute) => self.entity(&attribute.value)?.attribute(&attribute.attr),
            Expr::Named(named) => self.entity(&named.value),
            _ => None,
        }
    }

    /// The value of a constant of the module.
    pub(super) fn constant(&self, name: &str) -> Option<&Constant> {
        self.constants.get(name)
    }

    fn import(&mut self, import: &StmtImport) {
        for alias in &import.names {
            let (module, bound) = (alias.name.as_str(), alias.asname.as_ref());
            let is_os = module == "os" || (bound.is_none() && module.starts_with("os."));
            if is_os {
                self.entities.insert(bound.map_or("os", |name| name.as_str()).to_owned(), Entity::Os);
            }
        }
    }

    fn import_from(&mut self, import: &StmtImportFrom) {
        if import.level > 0 || import.module.as_deref() != Some("os") {
            return;
        }
        for alias in &import.names {
            let imported: &[&str] =
                if &alias.name == "*" { &["environ", "getenv"] } else { &[alias.name.as_str()] };
            for name in imported {
                if let Some(entity) = Entity::Os.attribute(name) {
                    let bound = alias.asname.as_ref().map_or(*name, |name| name.as_str());
                    self.entities.insert(bound.to_owned(), entity);
                }
            }
        }
    }

    fn assign(&mut self, target: &Expr, value: &Expr) {
        if let (Expr::Name(name), Some(entity)) = (target, self.entity(value)) {
            self.entities.insert(name.id.to_string(), entity);
        }
    }
}

impl Visitor<'_> for Names {
    fn visit_stmt(&mut self, statement: &Stmt) {
        match statement {
            Stmt::Import(import) => self.import(import),
            Stmt::ImportFrom(import) => self.import_from(import),
            Stmt::Assign(assign) => {
                assign.targets.iter().for_each(|target| self.assign(target, &assign.value));
            }
            Stmt::AnnAssign(assign) => {
                assign.value.iter().for_each(|value| self.assign(&assign.target, value));
            }
            _ => {}
        }
        walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expression: &Expr) {
        if let Expr::Named(named) = expression {
            self.assign(&named.target, &named.value);
        }
        walk_expr(self, expression);
    }
}

/// Names that are bound once in the whole script, at module level, to a value that can be folded.
fn constants(body: &[Stmt], names: &Names) -> BTreeMap<String, Constant> {
    let mut bindings = Bindings::default();
    bindings.visit_body(body);
    let mut known = Names { entities: names.entities.clone(), constants: BTreeMap::new() };
    for (target, value) in body.iter().filter_map(binding) {
        let folded = fold::fold(value, &known).filter(|_| bindings.once(target));
        known.constants.extend(folded.map(|constant| (target.to_owned(), constant)));
    }
    known.constants
}

fn binding(statement: &Stmt) -> Option<(&str, &Expr)> {
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

/// Which names are bound once and which several times.
#[derive(Default)]
struct Bindings {
    seen: BTreeSet<String>,
    again: BTreeSet<String>,
}

impl Bindings {
    fn once(&self, name: &str) -> bool {
        self.seen.contains(name) && !self.again.contains(name)
    }

    fn bind(&mut self, name: &str) {
        if !self.seen.insert(name.to_owned()) {
            self.again.insert(name.to_owned());
        }
    }
}

impl Visitor<'_> for Bindings {
    fn visit_stmt(&mut self, statement: &Stmt) {
        match statement {
            Stmt::FunctionDef(function) => self.bind(&function.name),
            Stmt::ClassDef(class) => self.bind(&class.name),
            _ => {}
        }
        walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expression: &Expr) {
        match expression {
            Expr::Name(name) if name.ctx != ExprContext::Load => self.bind(&name.id),
            _ => {}
        }
        walk_expr(self, expression);
    }
}
