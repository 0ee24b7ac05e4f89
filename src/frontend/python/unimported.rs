//! Modules used without an import: the original prepended their imports to every script.

use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{Expr, ExprAttribute, Stmt};
use ruff_text_size::Ranged;

use super::flow::Doubts;
use super::semantic::Model;
use super::{silence, span};
use crate::diagnostic::Diagnostic;

/// The modules that the original imported.
const MODULES: &[&str] = &["os", "sys", "re", "logging"];

/// What may bind a name out of sight, or test whether it is bound.
const HIDDEN: &[&str] = &["exec", "globals", "builtins", "NameError", "run_line_magic", "run_cell_magic"];

/// Whether the text of a script may bind names that nothing else in it shows.
pub(crate) fn may_bind_out_of_sight(text: &str) -> bool {
    HIDDEN.iter().any(|name| text.contains(name))
}

/// The modules used without an import, each with its first use that is certain to run or concerns the
/// environment.
pub(super) fn find<'a>(body: &'a [Stmt], model: &Model, text: &str) -> Vec<(&'static str, &'a Expr)> {
    if may_bind_out_of_sight(text) {
        return Vec::new();
    }
    let mut finder = Finder { model, uses: Vec::new() };
    finder.visit_body(body);
    if finder.uses.is_empty() {
        return Vec::new();
    }
    let doubts = Doubts::of(body, model);
    let counts = |(_, attribute): &(&str, &ExprAttribute)| {
        silence::WORDS.contains(&attribute.attr.as_str()) || doubts.is_certain(attribute.start().to_usize())
    };
    let uses: Vec<_> = finder.uses.into_iter().filter(counts).collect();
    let first = |module: &&'static str| uses.iter().find(|(name, _)| name == module);
    MODULES.iter().filter_map(first).map(|(name, attribute)| (*name, &*attribute.value)).collect()
}

/// Errors about modules used without an import.
pub(super) fn errors(body: &[Stmt], model: &Model, text: &str) -> Vec<Diagnostic> {
    let error = |(name, used): (&str, &Expr)| {
        Diagnostic::error("missing-import", format!("`{name}` is used, but nowhere imported"))
            .at(span(used))
            .hint(format!("write `import {name}` at the top, as `c3 fix` does"))
    };
    find(body, model, text).into_iter().map(error).collect()
}

struct Finder<'a, 'm> {
    model: &'m Model<'m>,
    uses: Vec<(&'static str, &'a ExprAttribute)>,
}

impl<'a> Visitor<'a> for Finder<'a, '_> {
    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Attribute(attribute) = expression
            && let Expr::Name(name) = &*attribute.value
            && let Some(module) = MODULES.iter().find(|module| **module == name.id.as_str())
            && self.model.is_unbound(module)
        {
            self.uses.push((*module, attribute));
        }
        walk_expr(self, expression);
    }
}

#[cfg(test)]
mod tests {
    use crate::frontend;
    use crate::language::Language;
    use crate::source::Source;

    #[test]
    fn missing_imports_are_reported() {
        let cases = [
            ("n = os.getenv('n')", &["os"][..]),
            ("def f():\n return os.environ['n']", &["os"]),
            ("sys.path.append(os.path.dirname('x'))\nre.match('a', 'b')", &["os", "sys", "re"]),
            ("logging.info(1)\nif a:\n sys.exit()", &["logging"]),
            ("if a:\n sys.exit()\ndef f(): os.remove('x')", &[]),
            ("from x import *\nos.getenv('n')", &[]),
            ("def f(os): os.getenv('n')", &[]),
            ("def f():\n os.getenv('n')\nimport os\nf()", &[]),
            ("import os.path\nos.getenv('n')", &[]),
            ("exec('import os')\nos.getenv('n')", &[]),
            ("try: os.getenv('n')\nexcept NameError: pass", &[]),
            ("x.os.getenv('n')", &[]),
        ];
        for (text, modules) in cases {
            let source = Source::new("x.py", Language::Python, format!("{text}\n"));
            let reading = frontend::read(&source);
            let told = reading.diagnostics.iter().filter(|told| told.code == "missing-import");
            let told: Vec<_> = told.map(|told| told.message.split('`').nth(1).unwrap_or_default()).collect();
            let mut wanted = modules.to_vec();
            wanted.sort_by_key(|module| text.find(module));
            assert_eq!(told, wanted, "{text}");
            let notes = reading.diagnostics.iter().filter(|told| told.code == "whole-environment");
            assert!(modules.is_empty() || notes.count() == 0, "{text}");
        }
    }
}
