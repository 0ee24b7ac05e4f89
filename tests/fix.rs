//! `c3 fix`: what it edits, what it leaves as it was, and what it refuses.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use insta::assert_snapshot;
use tempfile::tempdir;

fn c3(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_c3"));
    command.args(arguments).current_dir(folder).env("NO_COLOR", "1").output().unwrap()
}

/// What `c3 fix` makes of a file, and what it prints.
fn fixed(name: &str, text: &str, options: &[&str]) -> (String, String) {
    let folder = tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    let output = c3(folder.path(), &[&["fix", name], options].concat());
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    let again = c3(folder.path(), &[&["fix", name], options].concat());
    assert!(again.stdout.is_empty(), "a second time there is nothing to do: {again:?}");
    (fs::read_to_string(&path).unwrap(), said)
}

const SKLEARN: &str = "from sklearn import svm\n";

#[test]
fn imports_provided_by_the_original_are_added() {
    let script = "#!/usr/bin/env python\n\"\"\"Adds.\"\"\"\n# rows\nn = int(os.getenv('n', '5'))\nsys.path.append('x')\n";
    let wanted = "#!/usr/bin/env python\n\"\"\"Adds.\"\"\"\nimport os\nimport sys\n\n# rows\nn = int(os.getenv('n', '5'))\nsys.path.append('x')\n";
    assert_eq!(fixed("x.py", script, &[]).0, wanted);
    let (text, _) = fixed("y.py", "from __future__ import annotations\nimport yaml\nos.getenv('n')\n", &[]);
    assert_eq!(
        text,
        "from __future__ import annotations\n# pip install PyYAML\nimport os\nimport yaml\nos.getenv('n')\n"
    );
    let notebook = r##"{"cells": [{"cell_type": "markdown", "source": "# T", "metadata": {}}, {"cell_type": "code", "source": "n = os.getenv('n')\nn", "metadata": {}, "outputs": [], "execution_count": null}], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}"##;
    let (text, _) = fixed("z.ipynb", notebook, &[]);
    assert_eq!(text, notebook.replace("n = os", r"import os\nn = os"));
}

#[test]
fn top_level_constants_become_inputs() {
    let script = "#!/usr/bin/env python\n'''D.'''\nimport sys\n\n# Why.\nn = 1_000\nrate: float = -0.5  # of it\n\
        on = True\noff = False\nname = r\"a\\d\"\nlist = [1]\n_own = 5\nPATH = 'x'\ntotal = 0\n\
        def f(): return 1\nlate = 5\ntotal += n\n";
    let (text, diff) = fixed("x.py", script, &["--parameters"]);
    let wanted = script
        .replace("import sys", "import os\nimport sys")
        .replace("1_000", "int(os.getenv('n', '1000'))")
        .replace("-0.5", "float(os.getenv('rate', '-0.5'))")
        .replace("True", "bool(os.getenv('on', 'true'))")
        .replace("False", "bool(os.getenv('off', ''))")
        .replace("r\"a\\d\"", "os.getenv('name', r\"a\\d\")");
    assert_eq!(text, wanted);
    assert!(diff.contains("\n+n = int("), "{diff}");

    let script = "# D.\nlibrary(stats)\nn <- 5L\nrate = 0.5 # of it\non <- T\noff <- FALSE\nname <- 'a'\nx <- 1\nx <- 2\n\
        f <- function() 1\nlow <- -3\nif (on) print(n)\nlate <- 5\n";
    let wanted = script
        .replace("5L", "as.integer(Sys.getenv(\"n\", \"5\"))")
        .replace("0.5", "as.numeric(Sys.getenv(\"rate\", \"0.5\"))")
        .replace("FALSE", "as.logical(Sys.getenv(\"off\", \"FALSE\"))")
        .replace("'a'", "Sys.getenv(\"name\", 'a')")
        .replace("-3", "as.numeric(Sys.getenv(\"low\", \"-3\"))");
    assert_eq!(fixed("x.R", script, &["--parameters"]).0, wanted);

    let notebook = |metadata: &str| {
        format!(
            r#"{{"cells": [{{"cell_type": "code", "source": "import os", "metadata": {{}}, "outputs": []}},
 {{"cell_type": "code", "source": "n = 5", "metadata": {metadata}, "outputs": []}}],
 "metadata": {{}}, "nbformat": 4, "nbformat_minor": 4}}"#
        )
    };
    for (before, after) in [
        ("{}", r#"{"tags": ["parameters"]}"#),
        (r#"{"a": 1}"#, r#"{"tags": ["parameters"],"a": 1}"#),
        (r#"{"tags": []}"#, r#"{"tags": ["parameters"]}"#),
        ("{\n \"tags\": [\n  \"a\"\n ]}", "{\n \"tags\": [\n  \"parameters\",\n  \"a\"\n ]}"),
    ] {
        assert_eq!(fixed("x.ipynb", &notebook(before), &["--parameters"]).0, notebook(after));
    }
}

#[test]
fn existing_input_names_are_not_reused() {
    let script = "'''D.'''\nimport os\nRows = 5\nn = 5\nprint(os.getenv('rows', '1'))\n";
    let (text, _) = fixed("x.py", script, &["--parameters"]);
    assert_eq!(text, script.replace("n = 5", "n = int(os.getenv('n', '5'))"));
    let (text, said) = fixed("y.py", "'''D.'''\nprint(1)\nif True:\n n = 5\n", &["--parameters"]);
    assert!(text.contains("n = 5") && said.contains("no further plain value"), "{said}");
}

#[test]
fn missing_packages_are_added_below_the_last_install() {
    let text = "'''D.'''\n# pip install tqdm \\\n#    wget\n# Why.\nimport yaml, cv2, foo\nimport sklearn\n";
    let (text, diff) = fixed("x.py", text, &[]);
    assert_snapshot!(text, @r"
    '''D.'''
    # pip install tqdm \
    #    wget
    # pip install PyYAML scikit-learn
    # Why.
    import yaml, cv2, foo
    import sklearn
    ");
    assert_snapshot!(diff, @r"
    --- x.py
    +++ x.py
    @@ -1,6 +1,7 @@
     '''D.'''
     # pip install tqdm \
     #    wget
    +# pip install PyYAML scikit-learn
     # Why.
     import yaml, cv2, foo
     import sklearn
    ");
}

#[test]
fn missing_packages_are_added_above_the_first_import() {
    let text =
        format!("#!/usr/bin/env python\n'''D.'''\nfrom __future__ import annotations\n\n# Why.\n{SKLEARN}");
    let (text, _) = fixed("x.py", &text, &[]);
    assert!(text.contains("\n# Why.\n# pip install scikit-learn\nfrom sklearn"), "{text}");
}

#[test]
fn missing_packages_are_added_to_the_script_block() {
    let block = |entries: &str| {
        format!(
            "# /// script\n# requires-python = '>=3.9'\n# dependencies = {entries}\n# ///\n'''D.'''\n{SKLEARN}"
        )
    };
    let cases = [
        (
            "[\n#   'tqdm',  # why\n#   'wget',\n# ]",
            "[\n#   'tqdm',  # why\n#   'wget',\n#   \"scikit-learn\",\n# ]",
        ),
        ("['tqdm']", "['tqdm', \"scikit-learn\"]"),
        ("[]", "[\"scikit-learn\"]"),
    ];
    for (before, after) in cases {
        assert_eq!(fixed("x.py", &block(before), &[]).0, block(after));
    }
}

#[test]
fn line_endings_bom_and_permissions_are_preserved() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("real.py");
    fs::write(&path, "\u{feff}'''D.'''\r\n# pip install tqdm\r\nimport yaml").unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o750)).unwrap();
    std::os::unix::fs::symlink("real.py", folder.path().join("x.py")).unwrap();
    assert!(c3(folder.path(), &["fix", "x.py"]).status.success());
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text, "\u{feff}'''D.'''\r\n# pip install tqdm\r\n# pip install PyYAML\r\nimport yaml");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o750);
    assert!(folder.path().join("x.py").is_symlink());
}

#[test]
fn a_diff_changes_nothing() {
    let text = format!("'''D.'''\n{SKLEARN}");
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("x.py"), &text).unwrap();
    let output = c3(folder.path(), &["fix", "--diff", "."]);
    assert!(String::from_utf8(output.stdout).unwrap().contains("\n+# pip install scikit-learn\n"));
    assert_eq!(fs::read_to_string(folder.path().join("x.py")).unwrap(), text);
}

/// The component as `c3 inspect` shows it, and the arguments of `pip install` in their order.
fn inspected(text: &str) -> (serde_json::Value, Vec<String>) {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("x.py"), text).unwrap();
    let output = c3(folder.path(), &["inspect", "x.py", "--format", "json"]);
    let mut component: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let requirements = component["requirements"].take();
    let requirements = requirements.as_array().unwrap().iter().map(|found| found["text"].as_str().unwrap());
    let words = requirements.flat_map(|text| shlex::split(text).unwrap()).collect();
    for input in component["inputs"].as_array_mut().unwrap() {
        input["location"].take();
        input["reads"].take();
    }
    (component, words)
}

#[test]
fn comments_and_script_blocks_convert_both_ways() {
    let text = "'''D.'''\n# dnf install -y git\n# pip install numpy 'pandas>=2,<3'\n# More.\nimport os\n\n# pip install \\\n#    'c[x,y]==1.0; python_version < \"3.13\"'\n# X.\nx = os.getenv('x')  # pip install 'last @ https://h/last.whl'\n";
    let (block, _) = fixed("x.py", text, &["--to-script-block"]);
    assert_snapshot!(block, @r#"
    '''D.'''
    # dnf install -y git
    # /// script
    # dependencies = [
    #     "numpy",
    #     "pandas>=2,<3",
    #     'c[x,y]==1.0; python_version < "3.13"',
    #     "last @ https://h/last.whl",
    # ]
    # ///
    # More.
    import os

    # X.
    x = os.getenv('x')
    "#);
    assert_eq!(inspected(&block), inspected(text));
    let (comments, _) = fixed("x.py", &block, &["--to-comments"]);
    assert_snapshot!(comments);
    assert_eq!(inspected(&comments), inspected(text));
}

#[test]
fn other_entries_of_a_script_block_are_kept() {
    let text = "# /// script\n# requires-python = '>=3.9'\n#\n# dependencies = ['tqdm']\n# [tool.x]\n# y = 1\n# ///\n'''D.'''\n";
    let (comments, _) = fixed("x.py", text, &["--to-comments"]);
    assert_snapshot!(comments);
    assert_eq!(inspected(&comments), inspected(text));
}

/// What `c3 fix` says of a file that it leaves as it is.
fn refused(name: &str, text: &str, option: &str) -> String {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join(name), text).unwrap();
    let output = c3(folder.path(), &["fix", name, option]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    assert_eq!(fs::read_to_string(folder.path().join(name)).unwrap(), text);
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn fix_rejects_unsafe_edits() {
    let refused = |text: &str, option| refused("x.py", text, option);
    assert_snapshot!(refused("# pip install tqdm\n# pip install -U wget\n", "--to-script-block"));
    assert_snapshot!(refused("# pip install ./a.whl\n", "--to-script-block"));
    assert_snapshot!(refused("# pip install a && dnf install git\n", "--to-script-block"));
    assert_snapshot!(refused(
        "# /// script\n# dependencies = ['a']\n# ///\n\n# pip install b\n",
        "--to-script-block"
    ));
    assert_snapshot!(refused(
        "# /// script\n# dependencies = [\n#   'a',  # why\n# ]\n# ///\n",
        "--to-comments"
    ));
    assert_snapshot!(refused("x = (\n", "--diff"));
}

/// A notebook whose cells are written in this way.
fn notebook(cells: &[&str]) -> String {
    let cells: Vec<_> = cells
        .iter()
        .map(|source| {
            format!(
                "  {{\n   \"cell_type\": \"code\",\n   \"metadata\": {{}},\n   \"source\": {source}\n  }}"
            )
        })
        .collect();
    format!(
        "{{\n \"x\": 1.50,\n \"cells\": [\n{}\n ],\n \"nbformat\": 4,\n \"nbformat_minor\":5}}",
        cells.join(",\n")
    )
}

#[test]
fn fix_changes_only_one_notebook_cell() {
    let lines = |lines: &[&str]| format!("[\n    {}\n   ]", lines.join(",\n    "));
    let cases = [
        (
            lines(&[r#""!pip install tqdm\n""#, r#""x = 1""#]),
            lines(&[r#""!pip install tqdm\n""#, r##""# pip install scikit-learn\n""##, r#""x = 1""#]),
        ),
        (
            r#""%pip install tqdm\n\"\\n\"\nx = 1""#.to_owned(),
            r#""%pip install tqdm\n# pip install scikit-learn\n\"\\n\"\nx = 1""#.to_owned(),
        ),
    ];
    for (before, after) in cases {
        let import = r#"["from sklearn import svm"]"#;
        let (text, _) = fixed("x.ipynb", &notebook(&[&before, import]), &[]);
        assert_eq!(text, notebook(&[&after, import]));
    }
    let ends = [
        (
            lines(&[r#""x = 1\n""#, r#""!pip install tqdm""#]),
            lines(&[r#""x = 1\n""#, r#""!pip install tqdm\n""#, r##""# pip install scikit-learn""##]),
        ),
        (
            r#"["!pip install tqdm"]"#.to_owned(),
            r##"["!pip install tqdm\n","# pip install scikit-learn"]"##.to_owned(),
        ),
        (
            r#"[ "!pip install tqdm\n" ]"#.to_owned(),
            r##"[ "!pip install tqdm\n", "# pip install scikit-learn" ]"##.to_owned(),
        ),
        (
            r#""!pip install tqdm""#.to_owned(),
            r#""!pip install tqdm\n# pip install scikit-learn""#.to_owned(),
        ),
        (
            r#""!pip install tqdm\n""#.to_owned(),
            r#""!pip install tqdm\n# pip install scikit-learn""#.to_owned(),
        ),
    ];
    for (before, after) in ends {
        let import = r#"["from sklearn import svm"]"#;
        let (text, _) = fixed("x.ipynb", &notebook(&[&before, import]), &[]);
        assert_eq!(text, notebook(&[&after, import]));
    }
    let import = r#"["import os\n","from sklearn import svm"]"#;
    let (text, _) = fixed("x.ipynb", &notebook(&[r#""""#, import]), &[]);
    assert_eq!(
        text,
        notebook(&[r#""""#, r##"["# pip install scikit-learn\n","import os\n","from sklearn import svm"]"##])
    );
    let said = refused("x.ipynb", &notebook(&[r#""!pip install tqdm""#]), "--to-script-block");
    assert!(said.contains("`x.ipynb` is not a Python script"), "{said}");
}
