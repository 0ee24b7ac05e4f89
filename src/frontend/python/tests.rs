use super::*;
use crate::component::Type;
use crate::frontend::interface::Action;
use crate::language::Language;

/// The variables that a script uses, in order.
fn used(script: &str) -> Vec<String> {
    let source = Source::new("x.py", Language::Python, script.to_owned());
    extract(&source).accesses.into_iter().map(|access| access.name).collect()
}

#[test]
fn the_environment_is_recognized_under_every_alias() {
    let cases = [
        ("import os\ng = os.environ.get\nr = g\nr('a')", vec!["a"]),
        ("from os import *\ngetenv('a'); environ['b']", vec!["a", "b"]),
        ("try:\n from os import environ as e\nexcept ImportError:\n e = {}\ne['a']", vec!["a"]),
        ("from os import environ as e\ne |= {'x': 'y'}\ne['a']", vec!["x", "a"]),
        ("def f():\n global e\n from os import environ as e\ndef g(): return e['a']", vec!["a"]),
        ("import os\ndef f(os=None):\n def g():\n  global os\n  os.getenv('a')", vec!["a"]),
        ("import os\nclass C:\n os = None\n def f(self): return os.getenv('a')", vec!["a"]),
        (
            "import os\n[os.getenv('a') for b in os.environ['c'] if (e := os.environ)]\ne['d']",
            vec!["a", "c", "d"],
        ),
    ];
    for (script, names) in cases {
        assert_eq!(used(script), names, "{script}");
    }
}

#[test]
fn shadowed_names_are_not_the_environment() {
    let scripts = [
        "import os\ndef f(os): os.getenv('a')",
        "import os\nos = Box()\nos.getenv('a')",
        "import os\ndef f():\n os.getenv('a')\n os = Box()",
        "import os\n[os.getenv('a') for os in boxes]",
        "import os\nwith box() as os: os.getenv('a')",
        "class C:\n from os import environ as e\n def f(self): return e['a']",
        "def f():\n import os\nos.getenv('a')",
        "from .os import getenv\ngetenv('a')",
        "from . import os\nos.getenv('a')",
        "class Box:\n def getenv(self, name): return name\nBox().getenv('a')",
        "from os import environ\nenviron = {}\nenviron['a']",
    ];
    for script in scripts {
        assert!(used(script).is_empty(), "{script}");
    }
}

#[test]
fn types_come_from_python_builtins() {
    let kind = |script: &str| {
        let source = Source::new("x.py", Language::Python, script.to_owned());
        match &extract(&source).accesses[0].action {
            Action::Read { cast, .. } => cast.clone(),
            _ => None,
        }
    };
    assert_eq!(kind("import os\nint(os.getenv('a'))"), Some(Type::Integer));
    assert_eq!(kind("import os\ndef int(text): return text\nint(os.getenv('a'))"), None);
}

#[test]
fn module_level_bindings_are_definitions() {
    let cases = [
        ("def f(): pass", true),
        ("f = lambda: 0", true),
        ("from x import f", true),
        ("if x:\n def f(): pass", true),
        ("def g():\n global f\n def f(): pass", true),
        ("class C:\n def f(self): pass", false),
        ("def g():\n def f(): pass", false),
        ("[f for f in x]", false),
        ("f()", false),
        ("def f(:", false),
    ];
    for (script, is_defined) in cases {
        assert_eq!(defines(script, "f"), is_defined, "{script}");
    }
}
