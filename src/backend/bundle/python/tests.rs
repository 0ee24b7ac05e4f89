use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::backend::templates::PYTHON_ENTRY_POINT;

const PACKAGE: Package = &[
    (
        "main",
        r#""""Main."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .first import name
from .loading import MODULES

if TYPE_CHECKING:
    from .kinds import Kind

DATA: Any = {}


def main(a: int, *, b: str = 'x') -> None:
    from .later import act

    act(name, os, a, b)
"#,
    ),
    ("first", "\"\"\"First.\"\"\"\n\nimport os\n\nname: str = os.name\nother: int\n"),
    ("loading", "\"\"\"Loading.\"\"\"\n\nMODULES: Any = {}\n"),
    ("later", "\"\"\"Later.\"\"\"\n\nfrom .first import name\nfrom .last import end\n\nact = end\n"),
    ("last", "\"\"\"Last.\"\"\"\n\nend = print\n"),
];

#[test]
fn imports_become_namespace_references() {
    let data = literal(&json!({"a": [null, true, 1, "'ü🎉\n"]}));
    let bundled = Bundle::new(PACKAGE, &["main"], &["DATA"], &[]).with(&[("DATA", data)]);
    let expected = r"
# first: First.

import os

name = os.name


# loading: Loading.

MODULES = {
    'later': r'''
# Later.

load('last')

act = end
''',
    'last': r'''
# Last.

end = print
''',
}


# main: Main.


DATA = {
    'a': [
        None,
        True,
        1,
        '\'\xfc\U0001f389\n',
    ],
}


def main(a, *, b = 'x'):
    load('later')

    act(name, os, a, b)
";
    assert_eq!(bundled, expected);
}

#[test]
fn values_replace_their_variables() {
    let package: Package = &[
        ("given", "\"\"\"Given.\"\"\"\n\nONE: str = ''\nTWO: dict[str, int] = {}\nTHREE: int = 3\n"),
        ("main", "\"\"\"Main.\"\"\"\n\nfrom .given import ONE, TWO\n\nprint(ONE, TWO)\n"),
    ];
    let bundle = Bundle::new(package, &["main"], &["ONE", "TWO"], &[]);
    let text = |one: &str| bundle.with(&[("ONE", one.to_owned()), ("TWO", "{}\nTWO['x'] = 1".to_owned())]);
    let expected = "\n# given: Given.\n\nONE = '\0TWO\0'\nTWO = {}\nTWO['x'] = 1\nTHREE = 3\n\n\n\
        # main: Main.\n\nprint(ONE, TWO)\n";
    assert_eq!(text("'\0TWO\0'"), expected);
    assert_ne!(text("2"), expected);
}

#[test]
fn modules_share_one_namespace_and_fit_in_a_string() {
    let mut owners = BTreeMap::new();
    for (module, text) in PYTHON_ENTRY_POINT {
        assert!(!text.contains("'''") && text.ends_with('\n') && text.is_ascii(), "{module}");
        for statement in &parse_module(text).unwrap().syntax().body {
            let name = match statement {
                Stmt::FunctionDef(function) => function.name.to_string(),
                Stmt::ClassDef(class) => class.name.to_string(),
                Stmt::Assign(assignment) => text[bytes(assignment.targets[0].range())].to_owned(),
                Stmt::AnnAssign(assignment) => text[bytes(assignment.target.range())].to_owned(),
                _ => continue,
            };
            // The same modules of the standard library may be loaded by several.
            for name in name.split(", ").filter(|name| !["json", "re"].contains(name)) {
                assert_eq!(owners.insert(name.to_owned(), module), None, "{name} in {module}");
            }
        }
    }
}
