//! Cells of IPython: what isn't Python becomes Python with the same effect.

use std::ops::Range;

use ruff_python_parser::parse_module;

use super::shell::Obstacle;
use super::{Code, INSTALL, Remark, layout};
use crate::frontend::python;

mod call;
mod cell_magic;
mod embedded;
mod lines;
mod mask;

use cell_magic::Magic;
pub(super) use embedded::is_expression;
use lines::Translator;

/// Line magics that people use without `%`, which works in a cell of one line.
const UNMARKED: &[&str] = &[
    "cat",
    "cd",
    "conda",
    "cp",
    "env",
    "less",
    "load",
    "load_ext",
    "ls",
    "mamba",
    "man",
    "matplotlib",
    "mkdir",
    "more",
    "mv",
    "pwd",
    "pylab",
    "reload_ext",
    "rm",
    "rmdir",
    "run",
    "set_env",
    "time",
    "timeit",
    "who",
    "whos",
];

/// Deepest nesting of cell magics.
const MAX_DEPTH: usize = 3;

/// Translates a cell to Python, line by line.
pub(super) fn translate(cell: &str) -> Code {
    translate_in(cell, 0)
}

fn translate_in(cell: &str, depth: usize) -> Code {
    let cell = layout::cleaned(cell);
    match Magic::of(&cell).filter(|_| depth < MAX_DEPTH) {
        Some(magic) => magic.translate(depth),
        None => Translator::run(&marked(cell)),
    }
}

/// The cell with the `%` added to a magic without it.
fn marked(cell: String) -> String {
    let text = cell.trim();
    let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let is_magic = UNMARKED.contains(&name)
        && !text.contains('\n')
        && (rest.is_empty()
            || rest.trim_start().starts_with(['-', '/', '~', '*'])
            || (!python::is_too_deep(text) && parse_module(text).is_err()));
    if is_magic { cell.replacen(name, &format!("%{name}"), 1) } else { cell }
}

/// The remark about a command that can't be run as written.
fn remark(obstacle: Obstacle, span: Range<usize>) -> Remark {
    let (message, hint) = match obstacle {
        Obstacle::Computed => (
            "what is installed here is known at run time only, so it isn't in the image",
            "name the packages in a line such as `# pip install numpy`",
        ),
        Obstacle::Nested => (
            "what another shell installs here isn't in the image",
            "write `!pip install …`, or name the packages in a line such as `# pip install numpy`",
        ),
        Obstacle::Conda => (
            "conda's packages aren't installed: the image has no conda",
            "name the packages in a line such as `# pip install numpy`",
        ),
        Obstacle::Other => (
            "this installer puts nothing into the image",
            "name the packages in a line such as `# pip install numpy`",
        ),
        Obstacle::System => (
            "system packages can't be installed in a running container, which isn't root",
            "write the command as a comment of its own, `# dnf install …`: it is run when the image is built",
        ),
    };
    Remark { code: INSTALL, message, hint, span, names: Vec::new() }
}

/// The remark about variables that a shell reads; `names` are those that may be Python variables.
fn read_by_shell(span: Range<usize>, names: Vec<String>) -> Remark {
    Remark {
        code: "whole-environment",
        message: "a shell reads variables of the environment here, which are no inputs",
        hint: "to make one an input, read it in Python, too: `os.environ[\"NAME\"]`",
        span,
        names,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_become_python() {
        let cases = [
            ("x = 1\n", "x = 1\n"),
            ("!ls\n", "get_ipython().system('ls')\n"),
            ("x = !ls -l", "x = get_ipython().getoutput('ls -l')"),
            ("x = !pip install a", "x = []  # pip install a"),
            ("!!ls", "get_ipython().getoutput('ls')"),
            ("!echo a \\\n  b\nx", "get_ipython().system('echo a    b')\n\nx"),
            ("%cd /tmp", "get_ipython().run_line_magic('cd', '/tmp')"),
            ("x = %conda install a", "x = None"),
            ("if x:\n    %matplotlib inline\n", "if x:\n    pass\n"),
            ("x = {a: 1\n, b: 2\n}\n!ls", "x = {a: 1\n, b: 2\n}\nget_ipython().system('ls')"),
            ("f(\n  a\n/ b)\n,f a b", "f(\n  a\n/ b)\nf('a', 'b')"),
            ("s = '''\n!ls\n'''", "s = '''\n!ls\n'''"),
            ("x?\ny??", "pass\npass"),
            ("a ? b", "a ? b"),
            ("cd /tmp", "get_ipython().run_line_magic('cd', '/tmp')"),
            ("ls = 1", "ls = 1"),
            ("cd /tmp\nx = 1", "cd /tmp\nx = 1"),
            ("%%bash\npip install a", "pass\n"),
            ("# c\n%%html\n<b>", "# c\nget_ipython().run_cell_magic('html', '', '<b>\\n')\n"),
            ("%%time\n%%bash\npip install a", "pass"),
            (
                "%%script false\npip install a",
                "get_ipython().run_cell_magic('script', 'false', 'pip install a\\n')\n",
            ),
        ];
        for (cell, script) in cases {
            let found = translate(cell).script;
            let found = found.split('\n').filter(|line| !line.contains("perf_counter")).collect::<Vec<_>>();
            assert_eq!(found.join("\n"), script, "{cell}");
        }
    }

    #[test]
    fn shell_variable_reads_are_reported_unless_ipython_sets_them() {
        let notes = |cells: &[&str]| {
            let cells: Vec<_> = cells
                .iter()
                .map(|source| serde_json::json!({"cell_type": "code", "source": source}))
                .collect();
            let json = serde_json::json!({"nbformat": 4, "metadata": {}, "cells": cells}).to_string();
            crate::frontend::notebook::flatten(&json).unwrap().2.diagnostics.len()
        };
        for (cells, count) in [
            (&["!echo $a"][..], 1),
            (&["x = !echo ${a}/b"], 1),
            (&["a = 1", "!echo $a"], 0),
            (&["a = 1\n!echo $a $b"], 1),
            (&["a = 1", "%%bash\necho $a"], 1),
            (&["%%bash\na=1\necho $a $HOME '$b'"], 0),
            (&["%%script sh\ncd $a\ncd $b"], 1),
            (&["%%perl\nprint $ENV{a}"], 1),
            (&["%%html\n<b>$5</b>"], 0),
        ] {
            assert_eq!(notes(cells), count, "{cells:?}");
        }
    }

    #[test]
    fn future_imports_are_removed_from_cells() {
        let cases = [
            ("from __future__ import a as b  # why\nx", "pass  # why\nx"),
            ("from __future__ import (a as b)  # why; not", "pass"),
            ("from __future__ import a as b; x = 1", "pass; x = 1"),
        ];
        for (cell, script) in cases {
            let code = translate(cell);
            assert_eq!((code.script.as_str(), code.text.as_str()), (script, cell));
            assert_eq!(code.futures, ["from __future__ import a as b"]);
        }
    }

    #[test]
    fn open_brackets_do_not_crash() {
        for mark in ["%%x", "!!x", "?x", "%x?", "!x?", ",f a", ";f a", "/f a", "%x \\\n  y?", "\\/x", "$!!x"]
        {
            for open in ["{a b\nif x:\n  c)d\n", "(\n", "x = [1,\n\n", "f'{\n", "{'''\n"] {
                translate(&format!("{open}{mark}\n"));
            }
        }
    }
}
