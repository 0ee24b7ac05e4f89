//! Imports of a script: the modules that it can't run without, and those that it can.

use std::ops::Range;

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Alias, ExceptHandler, Expr, Stmt, StmtImport, StmtImportFrom, StmtTry, StmtWith};
use ruff_text_size::Ranged;

/// A module that is imported.
#[derive(Debug, Clone)]
pub(super) struct Import {
    /// The dotted path: `a.b` of `import a.b`, `a.b.c` of `from a.b import c`.
    pub(super) path: String,
    /// Bytes of the source's text where its name stands.
    pub(super) span: Range<usize>,
    /// Whether the script goes on without it.
    pub(super) optional: bool,
}

impl Import {
    /// The first part of the path.
    pub(super) fn module(&self) -> &str {
        self.path.split('.').next().unwrap_or(&self.path)
    }
}

/// Errors that a failed import is.
const ERRORS: &[&str] = &["ImportError", "ModuleNotFoundError", "Exception", "BaseException"];

/// What conditions ask of whose answer an import may depend.
const CONDITIONS: &[&str] =
    &["TYPE_CHECKING", "version_info", "platform", "system", "find_spec", "implementation", "is_available"];

/// Every import of a module from elsewhere, in the order of the text.
pub(super) fn of(body: &[Stmt]) -> Vec<Import> {
    let mut finder = Finder::default();
    finder.visit_body(body);
    finder.imports
}

#[derive(Default)]
struct Finder {
    imports: Vec<Import>,
    optional: bool,
}

impl Finder {
    fn add(&mut self, path: String, at: &impl Ranged) {
        let span = at.range().start().to_usize()..at.range().end().to_usize();
        self.imports.push(Import { path, span, optional: self.optional });
    }

    fn import(&mut self, import: &StmtImport) {
        import.names.iter().for_each(|alias| self.add(alias.name.to_string(), &alias.name));
    }

    fn import_from(&mut self, import: &StmtImportFrom) {
        let Some(module) = import.module.as_ref().filter(|_| import.level == 0) else { return };
        let path = |alias: &Alias| match alias.name.as_str() {
            "*" => module.to_string(),
            name => format!("{module}.{name}"),
        };
        import.names.iter().for_each(|alias| self.add(path(alias), module));
    }

    /// Walks statements that may not be run, or whose failure doesn't matter.
    fn optionally(&mut self, optional: bool, walk: impl FnOnce(&mut Self)) {
        let outer = self.optional;
        self.optional |= optional;
        walk(self);
        self.optional = outer;
    }

    fn attempt(&mut self, attempt: &StmtTry) {
        let caught = attempt.handlers.iter().any(|ExceptHandler::ExceptHandler(handler)| {
            handler.type_.as_deref().is_none_or(|kind| mentions(kind, ERRORS))
        });
        self.optionally(caught, |finder| {
            finder.visit_body(&attempt.body);
            attempt.handlers.iter().for_each(|handler| finder.visit_except_handler(handler));
            finder.visit_body(&attempt.orelse);
        });
        self.visit_body(&attempt.finalbody);
    }
}

/// `with suppress(ImportError)`.
fn suppresses(with: &StmtWith) -> bool {
    with.items
        .iter()
        .any(|item| mentions(&item.context_expr, &["suppress"]) && mentions(&item.context_expr, ERRORS))
}

/// Whether a name or an attribute in an expression is one of these.
fn mentions(expression: &Expr, names: &[&str]) -> bool {
    struct Search<'a>(&'a [&'a str], bool);
    impl Visitor<'_> for Search<'_> {
        fn visit_expr(&mut self, expression: &Expr) {
            self.1 |= match expression {
                Expr::Name(name) => self.0.contains(&name.id.as_str()),
                Expr::Attribute(attribute) => self.0.contains(&attribute.attr.as_str()),
                _ => false,
            };
            walk_expr(self, expression);
        }
    }
    let mut search = Search(names, false);
    search.visit_expr(expression);
    search.1
}

impl Visitor<'_> for Finder {
    fn visit_stmt(&mut self, statement: &Stmt) {
        match statement {
            Stmt::Import(import) => self.import(import),
            Stmt::ImportFrom(import) => self.import_from(import),
            Stmt::Try(attempt) => self.attempt(attempt),
            Stmt::If(condition) => {
                let optional = mentions(&condition.test, CONDITIONS);
                self.optionally(optional, |finder| walk_stmt(finder, statement));
            }
            Stmt::With(with) => self.optionally(suppresses(with), |finder| walk_stmt(finder, statement)),
            _ => walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, _: &Expr) {}
}
