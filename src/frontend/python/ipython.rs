//! IPython in code: whether it is imported, or used through the kernel's names, as scripts that nbconvert has made of
//! notebooks do.

use std::ops::Range;

use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{Expr, ExprCall, Stmt};
use ruff_text_size::Ranged;

use super::flow::Doubts;
use super::semantic::Model;
use super::span;
use crate::component::Requirement;
use crate::diagnostic::Diagnostic;
use crate::frontend::notebook;

/// The function that gives a kernel's shell.
const SHELL: &str = "get_ipython";

/// Names that a kernel defines for its cells.
const NAMES: &[&str] = &[SHELL, "display"];

/// What a script tests to learn whether it runs in a notebook.
const TESTS: &[&str] = &["NameError", "globals()", "__builtins__", "builtins"];

/// The package.
const PACKAGE: &str = "ipython";

/// Whether code uses a name of the kernel that it doesn't bind itself.
pub(super) fn calls_shell(body: &[Stmt], model: &Model) -> bool {
    !uses(body, model).is_empty()
}

/// The note on a script that is certain to use a name of the kernel, which plain Python doesn't have.
pub(super) fn exported(body: &[Stmt], model: &Model, text: &str) -> Option<Diagnostic> {
    if !NAMES.iter().any(|name| text.contains(name)) || TESTS.iter().any(|test| text.contains(test)) {
        return None;
    }
    let doubts = Doubts::of(body, model);
    let certain = uses(body, model).into_iter().find(|used| doubts.is_certain(used.start))?;
    let name = &text[certain.clone()];
    let message =
        format!("`{name}` exists in IPython only: the script runs in its shell, as a notebook does");
    Some(
        Diagnostic::note("ipython-script", message)
            .at(certain)
            .hint("compile the notebook itself, if there is one"),
    )
}

/// The installs that such a script asks the shell for, and where.
pub(super) fn installs(body: &[Stmt], model: &Model) -> Vec<(Range<usize>, String)> {
    let mut commands = Commands { model, found: Vec::new() };
    commands.visit_body(body);
    let installs = |(at, script): (Range<usize>, String)| {
        notebook::installs(&script).into_iter().map(move |install| (at.clone(), install))
    };
    commands.found.into_iter().flat_map(installs).collect()
}

/// Where code uses names of the kernel that it doesn't bind itself.
fn uses(body: &[Stmt], model: &Model) -> Vec<Range<usize>> {
    let mut finder = Finder { model, found: Vec::new() };
    finder.visit_body(body);
    finder.found
}

/// Whether code imports IPython.
pub(super) fn is_imported(model: &Model) -> bool {
    model.imports().iter().any(|import| import.module() == "IPython")
}

/// Adds IPython to the requirements, unless it is there.
pub(in crate::frontend) fn require(requirements: &mut Vec<Requirement>) {
    let is_ipython = |word: &String| {
        let end = word.find(|character: char| !character.is_ascii_alphanumeric()).unwrap_or(word.len());
        word[..end].eq_ignore_ascii_case(PACKAGE)
    };
    let named = requirements.iter().any(|requirement| match requirement {
        Requirement::Pip { words, .. } => words.iter().any(is_ipython),
        _ => false,
    });
    if !named {
        let text = PACKAGE.to_owned();
        requirements.push(Requirement::Pip { words: vec![text.clone()], text, metadata: false, span: 0..0 });
    }
}

struct Finder<'m, 'a> {
    model: &'m Model<'a>,
    found: Vec<Range<usize>>,
}

impl Visitor<'_> for Finder<'_, '_> {
    fn visit_expr(&mut self, expression: &Expr) {
        if NAMES.iter().any(|name| self.model.is_builtin(expression, name)) {
            self.found.push(span(&expression.range()));
        }
        walk_expr(self, expression);
    }
}

/// The shell texts that a script hands to IPython, and where.
struct Commands<'m, 'a> {
    model: &'m Model<'a>,
    found: Vec<(Range<usize>, String)>,
}

impl Commands<'_, '_> {
    /// The shell text that a call of one of the shell's methods runs.
    fn script(&self, call: &ExprCall) -> Option<String> {
        let method = call.func.as_attribute_expr()?;
        let kernel = &method.value.as_call_expr()?.func;
        if !self.model.is_builtin(kernel, SHELL) {
            return None;
        }
        let text = |at: usize| self.model.text(call.arguments.args.get(at)?);
        match method.attr.as_str() {
            "system" | "getoutput" => text(0),
            "run_line_magic" => Some(format!("{} {}", text(0)?, text(1)?)),
            "run_cell_magic" if ["bash", "sh"].contains(&text(0)?.as_str()) => text(2),
            "run_cell_magic" => {
                let body = text(2)?;
                let marked = body.lines().filter_map(|line| line.trim_start().strip_prefix(['!', '%']));
                Some(marked.collect::<Vec<_>>().join("\n"))
            }
            _ => None,
        }
    }
}

impl Visitor<'_> for Commands<'_, '_> {
    fn visit_expr(&mut self, expression: &Expr) {
        if let Expr::Call(call) = expression
            && let Some(script) = self.script(call)
        {
            self.found.push((span(call), script));
        }
        walk_expr(self, expression);
    }
}

#[cfg(test)]
mod tests {
    use crate::component::Requirement;
    use crate::frontend;
    use crate::language::Language;
    use crate::source::Source;

    #[test]
    fn exported_notebooks_get_a_shell() {
        let cases = [
            ("get_ipython().system('pip install -q six | tail -1')", &["six", "ipython"][..]),
            ("get_ipython().run_line_magic('pip', 'install \"six>=1\"')", &["six>=1", "ipython"]),
            ("get_ipython().run_cell_magic('bash', '', 'ls\\npip install a b\\n')", &["a b", "ipython"]),
            ("get_ipython().run_cell_magic('capture', '', '!pip install a\\nx = 1\\n')", &["a", "ipython"]),
            ("get_ipython().system('ls')", &["ipython"]),
            ("display(1)", &["ipython"]),
            ("from rich import display\ndisplay(1)", &[]),
            ("if debug: get_ipython().system('pip install six')", &[]),
            ("try: get_ipython()\nexcept NameError: pass", &[]),
            ("from IPython import get_ipython\nget_ipython()", &[]),
            ("def get_ipython(): pass\nget_ipython()", &[]),
        ];
        for (text, wanted) in cases {
            let source = Source::new("x.py", Language::Python, text.to_owned());
            let component = frontend::read(&source).component.unwrap();
            let text_of = |requirement: &Requirement| match requirement {
                Requirement::Pip { text, .. } => text.clone(),
                _ => String::new(),
            };
            let found: Vec<String> = component.requirements.iter().map(text_of).collect();
            assert_eq!(
                (component.ipython, found),
                (!wanted.is_empty(), wanted.iter().map(|text| (*text).to_owned()).collect()),
                "{text}"
            );
            assert_eq!(
                component.diagnostics.iter().any(|found| found.code == "ipython-script"),
                component.ipython,
                "{text}"
            );
        }
    }
}
