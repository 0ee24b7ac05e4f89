use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{ExprCall, ExprName};
use ruff_python_parser::parse_module;

use super::*;

/// What each call of the function `say` in a script may refer to: the paths of its argument, separated by
/// `|`.
fn said(script: &str) -> Vec<String> {
    let parsed = parse_module(script).unwrap();
    let body = &parsed.syntax().body;
    let model = Model::new(body);
    let mut finder = Finder { model: &model, said: Vec::new() };
    finder.visit_body(body);
    finder.said
}

struct Finder<'m, 'a> {
    model: &'m Model<'a>,
    said: Vec<String>,
}

impl Visitor<'_> for Finder<'_, '_> {
    fn visit_expr(&mut self, expression: &Expr) {
        walk_expr(self, expression);
        if let Expr::Call(ExprCall { func, arguments, .. }) = expression
            && matches!(&**func, Expr::Name(ExprName { id, .. }) if id == "say")
        {
            let mut paths = self.model.qualified(&arguments.args[0]);
            paths.sort();
            self.said.push(paths.join("|"));
        }
    }
}

fn check(cases: &[(&str, &[&str])]) {
    for (script, paths) in cases {
        assert_eq!(said(script), *paths, "{script}");
    }
}

#[test]
fn imports_resolve_to_paths() {
    check(&[
        ("import os\nsay(os.environ.get)", &["os.environ.get"]),
        ("import a.b.c\nsay(a.b.c.d)", &["a.b.c.d"]),
        ("import a.b.c as n\nsay(n.d)", &["a.b.c.d"]),
        ("from a.b import c, d as e\nsay(c); say(e.f)", &["a.b.c", "a.b.d.f"]),
        ("from a import *\nsay(b)", &["a.b|builtins.b"]),
        ("from a import *\nfrom c import b\nsay(b)", &["c.b"]),
        ("from c import b\nfrom a import *\nsay(b)", &["a.b|c.b"]),
        ("from .os import environ\nsay(environ)", &[".os.environ"]),
        ("from . import os\nsay(os.environ)", &[".os.environ"]),
        ("from .. import os\nsay(os)", &["..os"]),
        ("say(len); say(len.x().y)", &["builtins.len", "builtins.len.x().y"]),
        ("say(1); say('x'.y); say([].z)", &["", "", ""]),
    ]);
}

#[test]
fn assignments_create_aliases() {
    check(&[
        ("import os\ng = os.environ.get\nsay(g)", &["os.environ.get"]),
        ("import os as a\nb = c = a\nd: object = c.environ\nsay(d)", &["os.environ"]),
        ("import os\nsay((e := os.environ))\nsay(e)", &["os.environ", "os.environ"]),
        ("import os\ne = os.environ.copy()\nsay(e.get)", &["os.environ.copy().get"]),
        ("import os\nd, e = os.environ, 1\nsay(d)", &[""]),
        ("import os\ne = os.environ\ne |= {}\nsay(e)", &["os.environ"]),
        ("import os\ndel os\nsay(os)", &[""]),
        ("a = b\nb = a\nsay(a); say(b)", &["builtins.b", "builtins.b"]),
        ("import x\nx = x.y\nsay(x)", &["x.y"]),
    ]);
}

#[test]
fn functions_have_their_own_scope() {
    check(&[
        ("import n\ndef f(n): say(n)\nsay(n)", &["", "n"]),
        ("import n\ndef f(*n): say(n)\ndef g(**n): say(n)\ndef h(*, n=n): say(n)", &["", "", ""]),
        ("import n\ndef f(x=say(n)): n = 1", &["n"]),
        ("import n\ndef f():\n n = 1\n say(n)\nsay(n)", &["", "n"]),
        ("import n\ndef f():\n say(n)\n n = 1", &[""]),
        ("import n\ndef f():\n n: int\n say(n)", &[""]),
        ("def f():\n import n\n say(n)\nn = 1\nsay(n)", &["n", ""]),
        ("import n\nlambda n: say(n)\nlambda x=say(n): say(n)", &["", "n", "n"]),
        ("import n\ndef f():\n def g(): say(n)\n n = 1", &[""]),
        ("import n\nasync def f(n): say(n)", &[""]),
        ("import n\n@say(n)\ndef f(n) -> say(n): pass", &["n", "n"]),
        ("import n\ndef f[n](x: say(n)): say(n)\nsay(n)", &["", "", "n"]),
        ("import n\ntype t[n] = say(n)", &["n"]),
    ]);
}

#[test]
fn class_scopes_cover_only_their_own_body() {
    check(&[
        ("import n\nclass C:\n n = 1\n say(n)\n def f(self): say(n)", &["", "n"]),
        ("class C:\n import n\n def f(self, x=say(n)): say(n)\nsay(n)", &["n", "builtins.n", "builtins.n"]),
        ("from n import d\nclass C:\n def d(self): pass\n def e(self): say(d)", &["n.d"]),
        ("import n\nclass C:\n say(n)\n n = 1", &["n"]),
        ("import n\nclass C:\n n = 1\n x = [say(n) for i in say(n)]", &["", "n"]),
        ("import n\nclass n(say(n)): pass\nsay(n)", &["n", ""]),
        ("import n\nclass C[n](say(n)): say(n)", &["", ""]),
    ]);
}

#[test]
fn comprehensions_have_their_own_scope() {
    check(&[
        ("import n\n[say(n) for n in say(n)]\nsay(n)", &["n", "", "n"]),
        ("import n\n{say(n): say(n) for n in x}", &["", ""]),
        ("import n\n{say(n) for a in n for n in say(n)}\n(say(n) for n in x if say(n))", &["", "", "", ""]),
        ("import n, m\n[n := m for a in x]\nsay(n)", &["m"]),
        ("import n\ndef f():\n [n := 1 for a in x]\n say(n)\nsay(n)", &["", "n"]),
    ]);
}

#[test]
fn global_and_nonlocal_names_are_resolved() {
    check(&[
        ("def f():\n global n\n import n\nf()\nsay(n)", &["n"]),
        ("n = None\ndef f():\n global n\n import n\nf()\nsay(n)", &["n"]),
        ("import n\ndef f(n):\n def g():\n  global n\n  say(n)", &["n"]),
        ("import n\ndef f():\n global n\n n = 1\n say(n)", &[""]),
        ("def f():\n import n\n def g():\n  nonlocal n\n  import m as n\n g()\n say(n)", &["m|n"]),
        ("def f():\n def g():\n  nonlocal n\n  import m as n\n n = 1\n g()\n say(n)", &["m"]),
        ("import n\ndef f():\n n = 1\n def g():\n  nonlocal n\n  say(n)", &[""]),
        ("def f():\n global n\n say(n)", &["builtins.n"]),
    ]);
}

#[test]
fn the_last_binding_wins() {
    check(&[
        ("import n\nsay(n)\nn = 1\nsay(n)", &["n", ""]),
        ("import n\nimport m as n\nsay(n)", &["m"]),
        ("import n\nn = 1\ndef f(): say(n)", &[""]),
        ("import n\ndef f(): say(n)\nn = 1", &["n"]),
        ("n = 1\ndef f(): say(n)\nimport n", &["n"]),
        ("say(n)\nimport n", &["builtins.n|n"]),
        ("import n\nwith x as n: say(n)\nsay(n)", &["", ""]),
        ("import n\nwith x:\n n = 1\nsay(n)", &[""]),
        ("import n\ntry: pass\nfinally:\n n = 1\nsay(n)", &[""]),
        ("import n\nfor n in x: say(n)\nsay(n)", &["", "n"]),
        ("import n\nimport n.m\nsay(n.m)", &["n.m"]),
    ]);
}

#[test]
fn all_branches_are_considered() {
    check(&[
        ("try: import a as n\nexcept ImportError: import b as n\nsay(n)", &["a|b"]),
        ("try:\n import n\nexcept ImportError: n = None\nsay(n)", &["n"]),
        ("try:\n import n\nexcept E as n: say(n)\nelse: say(n)", &["", "n"]),
        ("if x: import a as n\nelif y: import b as n\nelse:\n n = 1\n say(n)\nsay(n)", &["", "a|b"]),
        ("import n\nif x: n = 1\nsay(n)", &["n"]),
        ("import n\nif x:\n n = 1\n say(n)\nelse: say(n)", &["", "n"]),
        (
            "import n\nmatch x:\n case n: say(n)\n case [*n]: say(n)\n case {**n}: say(n)\n case _: say(n)",
            &["", "", "", "n"],
        ),
        ("import n\nmatch x:\n case 1 as n: say(n)\nsay(n)", &["", "n"]),
        ("import n\nwhile x:\n say(n)\n import m as n", &["m|n"]),
        ("import n\nfor i in x:\n n = 1\n say(n)\n import m as n", &[""]),
        ("import n\nfor i in x:\n if y: import m as n\n else: say(n)", &["m|n"]),
        ("for i in x:\n for j in y: say(n)\n import n", &["n"]),
        ("import os\nf = os.environ\nwhile x:\n e = f\n f = e\n say(f)", &["os.environ"]),
    ]);
}

#[test]
fn constants_are_module_level_only() {
    let script = "A = 'a'\nB = A + 'b'\nC = 1\nC = 2\nif x: D = 1\ndef f(A):\n  global E\n  E = 1\n  [A, B]\nE = 2\n[A, B, C, D, E]";
    let parsed = parse_module(script).unwrap();
    let body = &parsed.syntax().body;
    let model = Model::new(body);
    let values = |statement: &Stmt| {
        let Stmt::Expr(list) = statement else { return Vec::new() };
        let names = list.value.as_list_expr().unwrap().elts.iter();
        names.map(|name| model.text(name).unwrap_or_default()).collect()
    };
    assert_eq!(values(body.last().unwrap()), ["a", "ab", "", "", ""]);
    let function = body.iter().find_map(Stmt::as_function_def_stmt).unwrap();
    assert_eq!(values(function.body.last().unwrap()), ["", "ab"]);
}

#[test]
fn imports_are_listed_with_their_context() {
    let script = "import a.b\ntry:\n  from c import d, e\nfinally:\n  from . import f\nif x:\n  def g():\n    from h import *\n";
    let parsed = parse_module(script).unwrap();
    let model = Model::new(&parsed.syntax().body);
    let told: Vec<_> =
        model.imports().iter().map(|import| (import.path.as_str(), model.around(import))).collect();
    let told: Vec<_> =
        told.into_iter().map(|(path, around)| (path, around.map(|(_, role)| role).collect())).collect();
    let expected: Vec<(&str, Vec<Role>)> = vec![
        ("a.b", vec![]),
        ("c.d", vec![Role::Perhaps]),
        ("c.e", vec![Role::Perhaps]),
        (".f", vec![Role::Always]),
        ("h", vec![Role::Branch]),
    ];
    assert_eq!(told, expected);
    assert!(model.imports()[0].is_at_top() && !model.imports()[1].is_at_top());
    assert!(model.binds("a") && model.binds("g") && !model.binds("h"));
}

/// Each of these would take minutes, or the whole stack, if the work grew with the square of the size.
#[test]
fn run_time_is_linear_in_the_size() {
    let many = |part: &str| part.repeat(20_000);
    let rows = |make: fn(usize) -> String| (0..20_000).map(make).collect::<String>();
    let scripts = [
        format!("x = a{}", many(".f(1)")),
        format!("import x\n{}", many("if y: x = 1\nx.y.z\n")),
        format!("import x\n{}", many("def f(): x.y\nx = x.z\n")),
        format!("while z:\n{}", rows(|at| format!(" x{at} = x{}\n", at + 1))),
        rows(|at| format!("import a{at} as n\nn.b\n")),
        rows(|at| format!("if c: import a{at} as n\nn.b\n")),
        rows(|at| format!("from a{at} import *\nn.b\n")),
        format!("import x0\n{}", rows(|at| format!("x{} = x{at}.y\n", at + 1))),
        format!("def f():\n global x\n{}", many(" x = x.y\n")),
    ];
    for script in scripts {
        let start = std::time::Instant::now();
        let thread = std::thread::Builder::new().stack_size(1 << 30);
        let walk = {
            let script = script.clone();
            move || said(&script)
        };
        thread.spawn(walk).unwrap().join().unwrap();
        let beginning: String = script.chars().take(60).collect();
        assert!(start.elapsed() < std::time::Duration::from_mins(1), "{beginning} {:?}", start.elapsed());
    }
}
