use std::fs;

use super::*;

/// Paths and texts.
type Files<'a> = &'a [(&'a str, &'a str)];

/// The neighbours of a source.
fn beside(source: &Source, root: &Path, given: &[AdditionalFile]) -> Neighbours {
    let reading = frontend::read(source);
    find(source, &reading.mentions, &reading.component.unwrap(), root, given)
}

/// The files packed with `tool.py`, and the codes of diagnostics.
fn found(files: &[(&str, &str)], source: &str) -> (Vec<String>, Vec<&'static str>) {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let source = crate::load(&folder.path().join(source)).unwrap();
    let found = beside(&source, folder.path(), &[]);
    let paths = found.files.into_iter().map(|file| file.path).collect();
    (paths, found.diagnostics.into_iter().map(|told| told.code).collect())
}

fn paths(files: &[(&str, &str)], source: &str) -> Vec<String> {
    found(files, source).0
}

#[test]
fn modules_are_found_as_by_python() {
    let cases: [(Files, &[&str]); 12] = [
        (&[("tool.py", "from helper import f"), ("helper.py", ""), ("other.py", "")], &["helper.py"]),
        (&[("tool.py", "import a"), ("a.py", "import b, tool"), ("b.py", "import a")], &["a.py", "b.py"]),
        (
            &[
                ("tool.py", "from p.m import f"),
                ("p/__init__.py", ""),
                ("p/m.py", "from .n import g"),
                ("p/n.py", ""),
            ],
            &["p/__init__.py", "p/m.py", "p/n.py"],
        ),
        (&[("tool.py", "from p import m"), ("p/m.py", ""), ("p/other.py", "")], &["p/m.py"]),
        (
            &[("tool.py", "import p.q.m as m"), ("p/q/m.py", "from ..r import x"), ("p/r.py", "")],
            &["p/q/m.py", "p/r.py"],
        ),
        (
            &[
                ("tool.py", "import p"),
                ("p/__init__.py", "from .a import *"),
                ("p/a.py", "import h"),
                ("h.py", ""),
            ],
            &["h.py", "p/__init__.py", "p/a.py"],
        ),
        (&[("tool.py", "import m"), ("m.py", ""), ("m/x.py", "")], &["m.py"]),
        (&[("tool.py", "try: import m\nexcept ImportError: m = None"), ("m.py", "")], &["m.py"]),
        (
            &[
                ("tool.py", "import sys\nsys.path.append('lib')\nimport m"),
                ("lib/m.py", "import n"),
                ("lib/n.py", ""),
            ],
            &["lib/m.py", "lib/n.py"],
        ),
        (&[("tool.py", "import os, sys, numpy"), ("numbers.py", "")], &[]),
        (&[("tool.py", "import tool"), ("x.py", "")], &[]),
        (
            &[
                ("tool.py", "import subprocess\nsubprocess.run(['python3', 'w.py'])"),
                ("w.py", "import m"),
                ("m.py", ""),
            ],
            &["m.py", "w.py"],
        ),
    ];
    for (files, wanted) in cases {
        assert_eq!(paths(files, "tool.py"), wanted, "{files:?}");
    }
}

#[test]
fn scripts_import_from_their_folder_and_the_working_directory() {
    let files = [("ops/tool.py", "import a\nfrom lib import b"), ("ops/a.py", ""), ("lib/b.py", "")];
    assert_eq!(paths(&files, "ops/tool.py"), ["ops/a.py", "ops/lib/b.py"]);
}

#[test]
fn files_sourced_by_r_are_found() {
    let files = [("tool.R", "source(\"R/a.R\")"), ("R/a.R", "source('R/b.R')"), ("R/b.R", ""), ("R/c.R", "")];
    assert_eq!(paths(&files, "tool.R"), ["R/a.R", "R/b.R"]);
    let files =
        [("tool.R", "lapply(list.files(\"R\", full.names = TRUE), source)"), ("R/a.R", ""), ("R/c.txt", "")];
    assert_eq!(paths(&files, "tool.R"), ["R/a.R"]);
}

#[test]
fn doubtful_neighbours_are_reported() {
    let cases: [(Files, &[&str]); 9] = [
        (&[("tool.py", "import a"), ("a.py", "")], &["local-module"]),
        (&[("tool.py", "from . import a"), ("a.py", "")], &["relative-import"]),
        (&[("tool.py", "import random"), ("random.py", "")], &["shadowed-module", "local-module"]),
        (&[("tool.py", "import a"), ("a.py", ""), (".dockerignore", "a.py")], &["left-out-module"]),
        (&[("tool.py", "import a"), ("a.py", "x = (")], &["local-module", "broken-module"]),
        (
            &[("tool.py", "import a"), ("a.py", "import os\nos.environ['x']\nos.getenv('y', '1')")],
            &["local-module", "module-variable", "module-variable"],
        ),
        (
            &[
                ("tool.py", "import os, a\nx = os.environ['x']\nos.environ['y'] = x"),
                ("a.py", "import os\nos.environ['x']\nos.environ['y']"),
            ],
            &["local-module"],
        ),
        (
            &[("tool.py", "import p"), ("p/__init__.py", ""), ("p/x.json", "")],
            &["local-module", "package-files"],
        ),
        (&[("tool.R", "source(f(x))")], &["computed-file"]),
    ];
    for (files, wanted) in cases {
        assert_eq!(found(files, files[0].0).1, wanted, "{files:?}");
    }
}

#[test]
fn given_files_are_not_repeated_and_digests_cover_content() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("tool.py"), "import a").unwrap();
    fs::write(folder.path().join("a.py"), "x = 1").unwrap();
    let source = crate::load(&folder.path().join("tool.py")).unwrap();
    let before = beside(&source, folder.path(), &[]);
    let given = beside(&source, folder.path(), &before.files);
    assert!(given.files.is_empty() && given.digest == before.digest);
    fs::write(folder.path().join("a.py"), "x = 2").unwrap();
    let after = beside(&source, folder.path(), &[]);
    assert!(before.digest.is_some() && before.digest != after.digest);
    assert_eq!(before.files, after.files);
}
