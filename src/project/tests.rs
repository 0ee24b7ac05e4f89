use std::fs;

use super::*;

/// Names and texts.
type Files<'a> = &'a [(&'a str, &'a str)];

/// A file and what it asks for.
type Wanting<'a> = Option<(&'a str, &'a [&'a str])>;

/// The file that counts, and the texts of its requirements.
fn found(
    files: &[(&str, &str)],
    source: &str,
    has_conda: bool,
) -> Option<(String, Vec<String>, Vec<String>)> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(source), "").unwrap();
    for (path, text) in files {
        fs::write(folder.path().join(path), text).unwrap();
    }
    let source = crate::load(&folder.path().join(source)).unwrap();
    let project = find(&source, Wanted { named: None, has_conda })?;
    let text = |requirement: Requirement| match requirement {
        Requirement::Pip { text, .. }
        | Requirement::Conda { text, .. }
        | Requirement::System { text, .. }
        | Requirement::R { text, .. } => text,
    };
    let told =
        project.diagnostics.into_iter().filter(|told| told.severity > crate::diagnostic::Severity::Note);
    Some((
        project.file,
        project.requirements.into_iter().map(text).collect(),
        told.map(|told| told.message).collect(),
    ))
}

const UV: &str = r#"
version = 1
[[package]]
name = "tool"
version = "0.1"
source = { virtual = "." }
dependencies = [{ name = "a", extra = ["x"] }, { name = "w", marker = "sys_platform == 'win32'" }]
[[package]]
name = "a"
version = "1.2"
source = { registry = "https://pypi.org/simple" }
dependencies = [{ name = "b" }]
[package.optional-dependencies]
x = [{ name = "c" }]
[[package]]
name = "b"
version = "2"
source = { registry = "https://pypi.org/simple" }
[[package]]
name = "c"
version = "3"
source = { registry = "https://pypi.org/simple" }
[[package]]
name = "w"
version = "4"
source = { registry = "https://pypi.org/simple" }
[[package]]
name = "unused"
version = "5"
source = { registry = "https://pypi.org/simple" }
"#;

const POETRY: &str = r#"
[[package]]
name = "six"
version = "1.16.0"
optional = false
groups = ["main"]
[[package]]
name = "Toolz"
version = "0.12"
[package.dependencies]
colorama = {version = "*", markers = "sys_platform == \"win32\""}
cytoolz = {version = ">=1", optional = true}
numpy = [
    {version = ">=1.21", markers = "python_version < \"3.12\""},
    {version = ">=1.26", markers = "python_version >= \"3.12\""},
]
[package.extras]
a = ["cytoolz (>=1)"]
b = ["pytest"]
[[package]]
name = "colorama"
version = "0.4"
[[package]]
name = "cytoolz"
version = "1.0"
[[package]]
name = "numpy"
version = "2.1"
[[package]]
name = "pytest"
version = "8"
groups = ["dev"]
[metadata]
lock-version = "2.1"
"#;

const POETRY_CHOSEN: &[&str] = &[
    "colorama==0.4 ; sys_platform == \"win32\"",
    "cytoolz==1.0",
    "numpy==2.1 ; (python_version < \"3.12\") or (python_version >= \"3.12\")",
    "six==1.16.0",
    "toolz==0.12",
];

#[test]
fn projects_and_locks_become_requirement_lists() {
    let folder = tempfile::tempdir().unwrap();
    let lock = folder.path().join("poetry.lock");
    assert!(super::lines(&lock, POETRY).unwrap().is_err(), "it doesn't say what the project asks for");
    let project = "[tool.poetry.dependencies]\nsix = '*'\n";
    std::fs::write(folder.path().join("pyproject.toml"), project).unwrap();
    let list = |lines: &[&str]| Ok((lines.iter().map(|line| (*line).to_owned()).collect(), Vec::new()));
    assert_eq!(super::lines(&lock, POETRY), Some(list(&["six==1.16.0"])));
    assert_eq!(super::lines(&folder.path().join("pyproject.toml"), project), Some(list(&["six"])));
    assert_eq!(super::lines(&folder.path().join("requirements.txt"), "six"), None);
}

#[test]
fn the_first_file_with_requirements_wins() {
    let list = ("requirements.txt", "tabulate==0.9.0\n");
    let project =
        ("pyproject.toml", "[project]\nname = 'x'\ndependencies = ['six>=1; python_version > \"3\"']\n");
    let tools = ("pyproject.toml", "[tool.ruff]\nline-length = 100\n");
    let conda = ("environment.yml", "dependencies: [numpy]\n");
    let poetry = (
        "pyproject.toml",
        "[tool.poetry.dependencies]\npython = '^3.10'\nsix = '^1.2'\ntoolz = {version = '*', extras = ['a']}\n",
    );
    let indexed = ("requirements.txt", "-i https://example.org/simple\nsix\n");
    let cases: [(Files, bool, Wanting); 14] = [
        (&[indexed], false, Some(("requirements.txt", &["-r requirements.txt"]))),
        (&[list, project], false, Some(("requirements.txt", &["tabulate==0.9.0"]))),
        (
            &[("requirements.txt", "# nothing\n"), project],
            false,
            Some(("pyproject.toml", &["six>=1; python_version > \"3\""])),
        ),
        (&[tools], false, None),
        (&[tools, conda], false, None),
        (&[tools, conda], true, Some(("environment.yml", &["env update -f environment.yml"]))),
        (&[poetry], false, Some(("pyproject.toml", &["six>=1.2,<2", "toolz[a]"]))),
        (&[poetry, ("poetry.lock", POETRY)], false, Some(("pyproject.toml", POETRY_CHOSEN))),
        (&[("poetry.lock", POETRY)], false, None),
        (
            &[("pyproject.toml", "[project]\ndependencies = ['a[x]>1']"), ("uv.lock", UV)],
            false,
            Some(("pyproject.toml", &["a==1.2", "b==2", "c==3"])),
        ),
        (
            &[("uv.lock", UV)],
            false,
            Some(("uv.lock", &["a==1.2", "b==2", "c==3", "w==4 ; sys_platform == 'win32'"])),
        ),
        (
            &[
                (
                    "tool.py.lock",
                    "[manifest]\nrequirements = [{ name = 'b' }]\n[[package]]\nname = 'b'\nversion = '2'\n",
                ),
                list,
            ],
            false,
            Some(("tool.py.lock", &["b==2"])),
        ),
        (
            &[(
                "pylock.toml",
                "lock-version = '1.0'\n[[packages]]\nname = 'b'\nversion = '2'\nmarker = \"os_name == 'nt'\"\n",
            )],
            false,
            Some(("pylock.toml", &["b==2 ; os_name == 'nt'"])),
        ),
        (&[], false, None),
    ];
    for (files, has_conda, wanted) in cases {
        let found = found(files, "tool.py", has_conda).map(|(file, texts, _)| (file, texts));
        let wanted = wanted
            .map(|(file, texts)| (file.to_owned(), texts.iter().map(|text| (*text).to_owned()).collect()));
        assert_eq!(found, wanted, "{files:?}");
    }
}

#[test]
fn r_scripts_use_r_requirement_files() {
    let lock = r#"{"R": {}, "Packages": {"renv": {"Package": "renv"}, "six": {"Package": "six", "Version": "1", "Source": "Repository"}, "g": {"Source": "GitHub", "RemoteUsername": "u", "RemoteRepo": "g", "RemoteSha": "abc"}}}"#;
    let files = [("renv.lock", lock), ("requirements.txt", "six")];
    let (file, texts, told) = found(&files, "tool.R", false).unwrap();
    assert_eq!((file.as_str(), texts), ("renv.lock", vec!["u/g@abc".to_owned(), "six".to_owned()]));
    assert_eq!(told.len(), 1);
    let description =
        "Package: x\nDepends: R (>= 4.0)\nImports:\n    dplyr (>= 1.0),\n    glue\nSuggests: testthat\n";
    let (_, texts, _) = found(&[("DESCRIPTION", description)], "tool.R", false).unwrap();
    assert_eq!(texts, ["dplyr", "glue"]);
}

#[test]
fn unreadable_project_files_are_reported() {
    let (_, texts, told) = found(&[("pyproject.toml", "[project")], "tool.py", false).unwrap();
    assert!(texts.is_empty() && told[0].contains("is not used"), "{told:?}");
    let poetry = "[tool.poetry.dependencies]\nsix = '*'\nx = {git = 'https://example.org/x'}\n";
    let (_, texts, told) = found(&[("pyproject.toml", poetry)], "tool.py", false).unwrap();
    assert_eq!((texts.as_slice(), told.len()), (["six".to_owned()].as_slice(), 1));
}
