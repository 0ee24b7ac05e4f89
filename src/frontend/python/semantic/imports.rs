//! Imports: which modules a script imports, where, and under which names.

use std::ops::Range;

use ruff_python_ast::{Alias, Identifier, Stmt, StmtImportFrom};
use ruff_text_size::Ranged;

use crate::frontend::python::span;

/// A module, or a part of one, that is imported.
pub(crate) struct Import<'a> {
    /// The dotted path: `a.b` of `import a.b`, `a.b.c` of `from a.b import c`, `a` of `from a import *`; it begins with a
    /// dot if it is relative.
    pub(crate) path: String,
    /// Bytes of the module's name in the text.
    pub(crate) span: Range<usize>,
    /// The statement.
    pub(crate) statement: &'a Stmt,
    alias: &'a Alias,
    pub(super) block: usize,
}

impl<'a> Import<'a> {
    /// The imports of a statement in a block.
    pub(super) fn of(statement: &'a Stmt, block: usize) -> Vec<Self> {
        let make =
            |alias: &'a Alias, path: String, span: Range<usize>| Self { path, span, statement, alias, block };
        match statement {
            Stmt::Import(import) => import
                .names
                .iter()
                .map(|alias| make(alias, alias.name.to_string(), span(&alias.name)))
                .collect(),
            Stmt::ImportFrom(import) => {
                let place = import.module.as_ref().map_or(import.range(), Ranged::range);
                let one = |alias: &'a Alias| make(alias, path(import, alias), span(&place));
                import.names.iter().map(one).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The first part of the path.
    pub(crate) fn module(&self) -> &str {
        first(&self.path)
    }

    /// Whether the path is a module or something in it.
    pub(crate) fn is_below(&self, module: &str) -> bool {
        let rest = self.path.strip_prefix(module);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    /// Whether the path is relative to the script's package.
    pub(crate) fn is_relative(&self) -> bool {
        self.path.starts_with('.')
    }

    /// Whether the import is at the top level.
    pub(crate) fn is_at_top(&self) -> bool {
        self.block == 0
    }

    /// The bound name and the path that it refers to, except for a star import.
    pub(crate) fn bound(&self) -> Option<(&'a str, String)> {
        let alias: &'a Alias = self.alias;
        let renamed = alias.asname.as_ref().map(Identifier::as_str);
        match self.statement {
            Stmt::Import(_) if renamed.is_none() => {
                let module = first(alias.name.as_str());
                Some((module, module.to_owned()))
            }
            _ if alias.name.as_str() == "*" => None,
            _ => Some((renamed.unwrap_or(alias.name.as_str()), self.path.clone())),
        }
    }
}

fn first(path: &str) -> &str {
    path.split('.').next().unwrap_or(path)
}

fn path(import: &StmtImportFrom, alias: &Alias) -> String {
    let module = import.module.as_deref().unwrap_or_default();
    let dots = ".".repeat(import.level.try_into().unwrap_or_default());
    match alias.name.as_str() {
        "*" => format!("{dots}{module}"),
        name if module.is_empty() => format!("{dots}{name}"),
        name => format!("{dots}{module}.{name}"),
    }
}
