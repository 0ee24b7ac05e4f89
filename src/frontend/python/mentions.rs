//! The code beside a script that it refers to: modules, scripts that it runs, and folders on the search path.

use std::path::Path;

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, ExprCall, Stmt};

use super::known::{IMPORTERS, RUNNERS};
use super::places::Places;
use super::semantic::Model;
use super::span;
use crate::frontend::mentions::{Mention, Mentions, What};

/// The function that runs a module.
const MODULE_RUNNERS: &[&str] = &["runpy.run_module"];

/// Functions that run or load a file.
const LOADERS: &[&str] =
    &["runpy.run_path", "importlib.util.spec_from_file_location", "importlib.machinery.SourceFileLoader"];

/// The search path for modules, and what adds to it.
const PATH: &str = "sys.path";
const ADDERS: &[&str] = &["append", "insert", "extend"];

/// The references of a script or a module.
pub(super) fn of_body<'m>(body: &'m [Stmt], model: &'m Model<'m>) -> Mentions {
    let imports = model.imports().iter();
    let named =
        imports.map(|import| Mention { what: What::Module(import.path.clone()), span: import.span.clone() });
    let mut finder = Finder {
        places: Places::new(body, model),
        model,
        found: Mentions { named: named.collect(), folders: Vec::new() },
    };
    finder.visit_body(body);
    finder.found
}

struct Finder<'m> {
    model: &'m Model<'m>,
    places: Places<'m>,
    found: Mentions,
}

impl Finder<'_> {
    fn is_any(&self, function: &Expr, names: &[&str]) -> bool {
        self.model.qualified(function).iter().any(|path| names.contains(&path.as_str()))
    }

    fn call(&mut self, call: &ExprCall) {
        if self.is_any(&call.func, IMPORTERS) || self.is_any(&call.func, MODULE_RUNNERS) {
            let module = call.arguments.find_positional(0).and_then(|name| self.model.text(name));
            self.found.named.extend(
                module.map(|module| Mention { what: What::Module(module), span: span(&call.arguments) }),
            );
        } else if self.is_any(&call.func, RUNNERS)
            || self.is_any(&call.func, LOADERS)
            || is_shell(&call.func)
            || self.model.is_builtin(&call.func, "exec")
        {
            self.files(call);
        } else if self.adds_folders(&call.func) {
            let places = call.arguments.args.iter().flat_map(|argument| self.places.all(argument));
            let places: Vec<_> = places.collect();
            self.found.folders.extend(places);
        }
    }

    /// `sys.path.append`, under any alias of the list.
    fn adds_folders(&self, function: &Expr) -> bool {
        let adds = |path: &String| {
            let rest = path.strip_prefix(PATH).and_then(|rest| rest.strip_prefix('.'));
            rest.is_some_and(|method| ADDERS.contains(&method)) || path == "site.addsitedir"
        };
        self.model.qualified(function).iter().any(adds)
    }

    /// The scripts named by texts in a call.
    fn files(&mut self, call: &ExprCall) {
        let mut texts = Texts { model: self.model, places: &self.places, found: Vec::new() };
        texts.visit_arguments(&call.arguments);
        let named = |file: String| Mention { what: What::File(file), span: span(call) };
        self.found.named.extend(texts.found.into_iter().map(named));
    }

    fn sets_path(&mut self, target: &Expr, value: &Expr) {
        let target = target.as_subscript_expr().map_or(target, |subscript| &subscript.value);
        if self.model.may_be(target, PATH) {
            self.found.folders.extend(self.places.all(value));
        }
    }
}

impl<'a> Visitor<'a> for Finder<'_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::AugAssign(assign) => self.sets_path(&assign.target, &assign.value),
            Stmt::Assign(assign) => {
                assign.targets.iter().for_each(|target| self.sets_path(target, &assign.value));
            }
            _ => {}
        }
        walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Call(call) = expression {
            self.call(call);
        }
        walk_expr(self, expression);
    }
}

/// What shell lines and `%run` become in a notebook.
fn is_shell(function: &Expr) -> bool {
    let Some(method) = function.as_attribute_expr() else { return false };
    let of_ipython = method.value.as_call_expr().and_then(|call| call.func.as_name_expr());
    of_ipython.is_some_and(|name| name.id.as_str() == "get_ipython")
        && ["system", "getoutput", "run_line_magic", "run_cell_magic"].contains(&method.attr.as_str())
}

/// The names of scripts in texts, word by word.
struct Texts<'m> {
    model: &'m Model<'m>,
    places: &'m Places<'m>,
    found: Vec<String>,
}

impl<'a> Visitor<'a> for Texts<'_> {
    fn visit_expr(&mut self, expression: &'a Expr) {
        let place = self.places.of(expression).map(|place| place.to_string_lossy().into_owned());
        if let Some(text) = self.model.text(expression) {
            let words = text.split([' ', '\t', '\n', ';', '"', '\'']);
            self.found.extend(words.filter(|word| is_script(word)).map(ToOwned::to_owned));
        } else if let Some(place) = place.filter(|place| is_script(place)) {
            self.found.push(place);
        } else {
            walk_expr(self, expression);
        }
    }
}

fn is_script(word: &str) -> bool {
    let end = Path::new(word).extension();
    end.is_some_and(|end| ["py", "ipynb", "sh", "R"].iter().any(|known| end == *known))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frontend;
    use crate::language::Language;
    use crate::source::Source;

    fn mentions(text: &str) -> Mentions {
        frontend::read(&Source::new("x.py", Language::Python, text.to_owned())).mentions
    }

    fn named(text: &str) -> Vec<String> {
        let written = |mention: Mention| match mention.what {
            What::Module(name) | What::File(name) | What::Folder(name) => name,
            What::Computed => "?".to_owned(),
        };
        mentions(text).named.into_iter().map(written).collect()
    }

    #[test]
    fn every_way_to_mention_code_is_recognized() {
        let cases: [(&str, &[&str]); 12] = [
            ("import a.b, c as d", &["a.b", "c"]),
            ("from a import b\nfrom . import c\nfrom ..d import *", &["a.b", ".c", "..d"]),
            ("if x:\n import a\ntry: import b\nexcept ImportError: import c", &["a", "b", "c"]),
            ("import importlib as i\ni.import_module('a.b')", &["importlib", "a.b"]),
            ("__import__('a')", &["a"]),
            ("import runpy\nrunpy.run_path('a.py')", &["runpy", "a.py"]),
            ("exec(open('a.py').read())", &["a.py"]),
            ("import os\nos.system('python3 a.py --x 1; cat b')", &["os", "a.py"]),
            (
                "import subprocess, sys\nsubprocess.run([sys.executable, 'lib/a.py'])",
                &["subprocess", "sys", "lib/a.py"],
            ),
            ("get_ipython().run_line_magic('run', 'a.py 1')", &["a.py"]),
            ("print('a.py')", &[]),
            ("x = 'unclosed", &[]),
        ];
        for (text, wanted) in cases {
            assert_eq!(named(text), wanted, "{text}");
        }
    }

    #[test]
    fn folders_added_to_the_path_are_followed() {
        let cases: [(&str, &[&str]); 11] = [
            ("import sys\nsys.path.append('lib')", &["lib"]),
            ("import sys\nsys.path.insert(0, './lib')", &["./lib"]),
            ("import sys\nsys.path.extend(['a', 'b'])", &["a", "b"]),
            ("import sys\nsys.path += ['a']", &["a"]),
            ("import sys\nsys.path = ['a'] + sys.path", &["a"]),
            ("import sys\nsys.path[0:0] = ['a']", &["a"]),
            ("import sys, os\nsys.path.append(os.path.join(os.path.dirname(__file__), 'lib'))", &["lib"]),
            (
                "import sys, os\nH = os.path.dirname(os.path.abspath(__file__))\nsys.path.append(H + '/lib')",
                &["lib"],
            ),
            (
                "import sys\nfrom pathlib import Path\nsys.path.append(str(Path(__file__).resolve().parent.parent))",
                &[".."],
            ),
            (
                "import sys\nfrom pathlib import Path\nsys.path.insert(0, str(Path(__file__).parents[1] / 'lib'))",
                &["../lib"],
            ),
            ("import sys\nsys.path.append(f())", &[]),
        ];
        for (text, wanted) in cases {
            assert_eq!(mentions(text).folders, wanted, "{text}");
        }
    }
}
