//! The function that a grid calls for each batch: whether it can be called, and does anything.

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, ParameterWithDefault, Stmt, StmtFunctionDef};

use super::semantic::Model;
use super::span;
use crate::diagnostic::Diagnostic;

/// Why a function can't be called with this many values and others by name; nothing if unknown, as with
/// decorators.
pub(super) fn uncallable(
    body: &[Stmt],
    model: &Model,
    name: &str,
    values: &[&str],
    names: &[&str],
) -> Option<Diagnostic> {
    let function =
        body.iter().filter_map(Stmt::as_function_def_stmt).find(|def| def.name.as_str() == name)?;
    if !function.decorator_list.is_empty() || !model.is_bound_once(name) {
        return None;
    }
    let (why, hint) = reason(function, values, names)?;
    let error = Diagnostic::error("process-function", format!("the grid can't call `{name}`: {why}"));
    Some(error.at(span(&function.name)).hint(hint))
}

/// The problem with a function, and what to do.
fn reason(function: &StmtFunctionDef, values: &[&str], names: &[&str]) -> Option<(String, String)> {
    let name = &function.name;
    if function.is_async {
        let hint = format!("make it a plain function that runs the other: `asyncio.run({name}_async(…))`");
        return Some(("it is asynchronous, and nothing would await it".to_owned(), hint));
    }
    if yields(&function.body) {
        let hint = "do the work in a plain function; one that yields does nothing until it is iterated over";
        return Some(("it is a generator".to_owned(), hint.to_owned()));
    }
    let first = values.join(", ");
    let parameters = &function.parameters;
    let positional: Vec<_> = parameters.posonlyargs.iter().chain(&parameters.args).collect();
    if parameters.vararg.is_none() && positional.len() < values.len() {
        let hint = format!("write `def {name}({first}, **parameters):`");
        return Some((format!("it takes no `{}`", values[positional.len()]), hint));
    }
    let by_position = parameters.posonlyargs.iter().skip(values.len());
    let by_name = parameters.args.iter().skip(values.len().saturating_sub(parameters.posonlyargs.len()));
    let is_unknown = |parameter: &&ParameterWithDefault| !names.contains(&parameter.name().as_str());
    let is_needed = |parameter: &&ParameterWithDefault| parameter.default.is_none();
    let missing = by_position
        .filter(is_needed)
        .chain(by_name.chain(&parameters.kwonlyargs).filter(is_needed).filter(is_unknown))
        .next()?;
    let missing = missing.name();
    let hint = format!("give `{missing}` a default, or read a variable of this name in the script");
    Some((format!("nothing gives it `{missing}`, for the script has no input of this name"), hint))
}

/// Whether the body of a function makes it a generator.
fn yields(body: &[Stmt]) -> bool {
    let mut finder = Yields(false);
    finder.visit_body(body);
    finder.0
}

struct Yields(bool);

impl<'a> Visitor<'a> for Yields {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        if !matches!(statement, Stmt::FunctionDef(_) | Stmt::ClassDef(_)) {
            walk_stmt(self, statement);
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Yield(_) | Expr::YieldFrom(_) => self.0 = true,
            Expr::Lambda(_) => {}
            _ => walk_expr(self, expression),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::language::Language;
    use crate::source::Source;

    /// What is reported of `work`, which gets a batch and the inputs `a` and `b`.
    fn told(text: &str) -> Option<String> {
        let source = Source::new("work.py", Language::Python, text.to_owned());
        let error = super::super::uncallable(&source, "work", &["batch_id"], &["a", "b"])?;
        assert!(!error.hint.as_deref().unwrap_or_default().is_empty());
        Some(error.message.trim_start_matches("the grid can't call `work`: ").to_owned())
    }

    #[test]
    fn callable_batch_functions_are_not_reported() {
        for parameters in [
            "batch",
            "batch, a, *, b",
            "batch, **more",
            "batch, *more",
            "*all",
            "batch, /, a, c=1",
            "batch=None",
            "a, b, c=a",
        ] {
            assert_eq!(told(&format!("def work({parameters}): pass\n")), None, "{parameters}");
        }
    }

    #[test]
    fn functions_known_only_at_run_time_are_not_reported() {
        for text in [
            "@given\ndef work(): pass\n",
            "def work(): pass\nwork = wrapped(work)\n",
            "if a:\n    def work(): pass\n",
            "from other import work\n",
            "def work(batch):\n    def inner():\n        yield 1\n    return (lambda: (yield))\n",
        ] {
            assert_eq!(told(text), None, "{text}");
        }
    }

    #[test]
    fn functions_that_cannot_process_a_batch_are_reported() {
        for (text, why) in [
            ("def work(): pass", "it takes no `batch_id`"),
            ("def work(*, batch_id): pass", "it takes no `batch_id`"),
            ("def work(batch, c): pass", "nothing gives it `c`, for the script has no input of this name"),
            ("def work(batch, *, c): pass", "nothing gives it `c`, for the script has no input of this name"),
            ("def work(batch, a, /): pass", "nothing gives it `a`, for the script has no input of this name"),
            ("async def work(batch): pass", "it is asynchronous, and nothing would await it"),
            ("def work(batch):\n    for x in batch:\n        yield x", "it is a generator"),
        ] {
            assert_eq!(told(text).as_deref(), Some(why), "{text}");
        }
    }
}
