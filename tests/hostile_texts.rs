//! Foreign texts: nothing that acts on a terminal gets through, and no password of a URL is seen anywhere.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use c3::display::is_hidden;
use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};

/// What must be seen nowhere.
const SECRETS: [&str; 3] = ["hunter2pw", "pgpw777", "tok3n"];

const SCRIPT: &str = r#"
"""Adds. Ask https://bob:hunter2pw@wiki.example/ for more."""
# pip install --extra-index-url https://bob:hunter2pw@packages.example/simple -i https://tok3n@i.example/simple six
# pip3 install 'tools @ git+https://tok3n@git.example/tools.git@v1' x@https://bob:hunter2pw@h.example/x.whl
# python -m pip install -f //bob:hunter2pw@links.example/ -r bob:hunter2pw@host/r.txt
# dnf install -y https://bob:hunter2pw@rpm.example/a.rpm
import os
HOST = 'db.example'
db_url = os.getenv('db_url', 'postgres://u:pgpw777@db.example/x')
folded = os.environ.get('folded', 'redis://:' + 'pgpw777' + '@' + HOST)
numbers = int(os.getenv('numbers', 'https://u:pgpw777@h.example'))
# Such as amqp://u:pgpw777@mq.example.
queue = os.getenv('queue', 'amqp://mq.example')
queue = os.getenv('queue', 'amqp://u:pgpw777@mq.example')
os.environ['where'] = 'x'  # https://u:pgpw777@h.example
"#;

const R_SCRIPT: &str = r#"# Adds, as https://bob:hunter2pw@wiki.example says.
# apt install https://bob:hunter2pw@deb.example/a.deb
options(repos = c(CRAN = "https://bob:hunter2pw@cran.example"))
install.packages("readr")
install.packages("dplyr", repos = "https://tok3n@cran.example")
remotes::install_git("https://tok3n@git.example/a/b.git")
pak::pkg_install("url::https://bob:hunter2pw@r.example/c_1.0.tar.gz")
db_url <- Sys.getenv("db_url", paste0("postgres://u:", "pgpw777@db.example/x"))
"#;

const BLOCK: &str = r#"# /// script
# dependencies = [
#     "six",
#     "tools @ https://bob:hunter2pw@h.example/tools.whl",
# ]
# ///
"""Adds."""
import os
a = os.environ['a']
"#;

fn notebook() -> String {
    let cell = |kind: &str, source: &str, tags: &[&str]| {
        let outputs = (kind == "code").then(|| json!({"outputs": [], "execution_count": null}));
        let mut cell = json!({"cell_type": kind, "metadata": {"tags": tags}, "source": source});
        for (key, value) in outputs.iter().flat_map(|outputs| outputs.as_object().unwrap()) {
            cell[key] = value.clone();
        }
        cell
    };
    let cells = [
        cell("markdown", "# Adds\nAsk https://bob:hunter2pw@wiki.example/ for more.", &[]),
        cell("code", "!pip install --index-url https://bob:hunter2pw@packages.example/simple six", &[]),
        cell("code", "db_url = 'postgres://u:pgpw777@db.example/x'\nn = 5", &["parameters"]),
    ];
    json!({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}).to_string()
}

fn c3(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_c3"));
    // As on a terminal: the escapes of colours are written, and others would be too.
    command.args(arguments).current_dir(folder).env_remove("NO_COLOR").env("CLICOLOR_FORCE", "1");
    command.env("DOCKER_HOST", "unix:///nonexistent/docker.sock").output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// All that is said, without the escapes of its own colours.
fn said(output: &Output) -> String {
    let said = text(&output.stdout) + &text(&output.stderr);
    regex::Regex::new("\x1b\\[[0-9;]*m").unwrap().replace_all(&said, "").into_owned()
}

fn project(files: &[(&str, &str)]) -> TempDir {
    let folder = tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn assert_no_secret(text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{text}");
    }
}

fn assert_harmless(text: &str) {
    assert!(!text.contains(|c| is_hidden(c) && c != '\n' && c != '\t'), "{text:?}");
}

/// The files in a folder with their names.
fn files(folder: &Path) -> Vec<(String, String)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    // A zip has the source as it is, as an image has.
    let entries = entries.filter(|path| path.extension() != Some("zip".as_ref()));
    entries.map(|path| (path.display().to_string(), fs::read_to_string(&path).unwrap())).collect()
}

#[test]
fn url_passwords_never_appear_in_files_or_output() {
    let notebook = notebook();
    let sources = [("a.py", SCRIPT), ("b.R", R_SCRIPT), ("c.ipynb", notebook.as_str()), ("d.py", BLOCK)];
    for (name, source) in sources {
        let folder = project(&[(name, source)]);
        let targets =
            if name == "b.R" { "kubeflow,kubernetes,cwl,eoap,kfp-ir,argo,slurm,chaimeleon" } else { TARGETS };
        let compile = ["compile", name, "-o", "out", "--target", targets, "--format", "json"];
        for command in [
            &compile[..],
            &["compile", name, "-o", "out2"],
            &["inspect", name],
            &["inspect", name, "--format", "json"],
            &["check", name],
            &["check", name, "--format", "json"],
            &["check", name, "--format", "sarif"],
            &["check", name, "--format", "github"],
            &["config", name],
            &["run", name, "--help"],
        ] {
            let output = c3(folder.path(), command);
            assert!(output.status.code() < Some(2), "{}", said(&output));
            assert_no_secret(&said(&output));
        }
        let made = files(&folder.path().join("out"));
        assert!(made.len() > 3);
        for (_, text) in &made {
            assert_no_secret(text);
        }
    }
}

const TARGETS: &str = "kubeflow,kubernetes,cwl,eoap,kfp-ir,argo,slurm,chaimeleon,submarine,techila";

#[test]
fn passwords_are_stripped_from_requirements_with_a_warning() {
    let folder = project(&[("a.py", SCRIPT)]);
    let output = c3(folder.path(), &["compile", "a.py"]);
    let dockerfile = fs::read_to_string(folder.path().join("a.Dockerfile")).unwrap();
    for kept in [
        "--extra-index-url https://packages.example/simple -i https://i.example/simple six",
        "git+https://git.example/tools.git@v1",
        "x@https://h.example/x.whl",
        "-f //links.example/",
        "https://rpm.example/a.rpm",
    ] {
        assert!(dockerfile.contains(kept), "{kept}: {dockerfile}");
    }
    assert_eq!(said(&output).matches("credentials-in-requirement").count(), 4, "{}", said(&output));
}

fn inputs(folder: &Path, name: &str) -> Vec<Value> {
    let output = c3(folder, &["inspect", name, "--format", "json"]);
    let component: Value = serde_json::from_slice(&output.stdout).unwrap();
    component["inputs"].as_array().unwrap().clone()
}

#[test]
fn defaults_with_a_password_become_secrets_without_default() {
    let notebook = notebook();
    let folder = project(&[("a.py", SCRIPT), ("b.R", R_SCRIPT), ("c.ipynb", notebook.as_str())]);
    for name in ["a.py", "b.R", "c.ipynb"] {
        for input in inputs(folder.path(), name).iter().filter(|input| input["name"] != "n") {
            let facts = (&input["secret"], &input["required"], &input["default"]);
            assert_eq!(facts, (&json!(true), &json!(false), &json!(null)), "{input}");
        }
    }
    let report = c3(folder.path(), &["check", "a.py"]);
    assert_eq!(said(&report).matches("[credentials-in-default]").count(), 4, "{}", said(&report));
}

#[test]
fn non_secret_defaults_are_kept() {
    let script = "'''D.'''\nimport os\na = os.getenv('a', 'https://u:p@h.example')  # c3: not-secret\n\
                  b = os.getenv('b', 'ssh://git@github.com/a/b.git')\nc = os.getenv('c', 'https://<user>:<key>@h')\n\
                  d = os.getenv('d', 'mailto:a@b.example')\n";
    let folder = project(&[("a.py", script)]);
    let output = c3(folder.path(), &["compile", "a.py"]);
    assert!(!said(&output).contains("credentials"), "{}", said(&output));
    let job = fs::read_to_string(folder.path().join("a.job.yaml")).unwrap();
    for kept in ["https://u:p@h.example", "ssh://git@github.com/a/b.git", "https://<user>:<key>@h"] {
        assert!(job.contains(&format!("\"{kept}\"")), "{job}");
    }
}

#[test]
fn errors_never_show_given_passwords() {
    let folder = project(&[("a.py", "'''D.'''\nimport os\na = int(os.environ['a'])\n")]);
    for arguments in [
        &["create-operator", "a.py", "--no-build", "-r", "bob:hunter2pw@host/x"][..],
        &["create-operator", "a.py", "--no-build", "-r", "https://bob:hunter2pw@host/x"],
        &["create-operator", "a.py", "--no-build", "--base-image", "bob:hunter2pw@host/x"],
        &["create-operator", "a.py", "--no-build", "--base-image", "https://tok3n@host/x"],
        &["create-operator", "a.py", "--builder", "bob:hunter2pw@host.example"],
        &["create-operator", "a.py", "https://bob:hunter2pw@host/x"],
        &["inspect", "https://bob:hunter2pw@host.example/x"],
        &["run", "a.py", "--no-engine", "--a", "https://bob:hunter2pw@host.example/x"],
        &["publish", "onedata", "ftp://bob:hunter2pw@127.0.0.1:1/", "a.py"],
        &["grid-status", "http://bob:hunter2pw@127.0.0.1:1/x"],
        &["grid-status", "cos://bob:hunter2pw@http://127.0.0.1:1/x"],
        &["doctor", "-r", "bob:hunter2pw@host.example/x"],
    ] {
        let output = c3(folder.path(), arguments);
        assert_ne!(output.status.code(), Some(0), "{}", said(&output));
        assert_no_secret(&said(&output));
    }
}

/// Controls, an operating system command, C1, marks of direction, line ends and blanks that nobody sees.
const HOSTILE: &str = "D \u{1b}]0;title\u{7} \u{1b}[2J \u{9b}31m \u{7f} \u{202e}x\u{2066}\u{200f}\u{61c} \u{2028}\u{200b}\u{feff}\u{e0041}\u{8}";

#[test]
fn hostile_text_in_sources_is_escaped() {
    let script = format!(
        "\"\"\"{HOSTILE}\"\"\"\nimport os\n# {HOSTILE}\na = os.getenv('a', '{HOSTILE}')\nb = int(os.getenv('b', '{HOSTILE}'))\n\
         c = os.environ['c{HOSTILE}']\nd = os.getenv(x('{HOSTILE}'))  # c3: {HOSTILE}\n"
    );
    let name = "a\u{1b}[31m\u{202e}\nerror: b.py";
    let folder = project(&[
        ("a.py", &script),
        (name, "'''D.'''\nimport os\na = os.getenv(x())\n"),
        ("b.py", "a = (\u{1b}[2J"),
    ]);
    for arguments in [
        &["inspect", "a.py"][..],
        &["inspect", "a.py", "--format", "json"],
        &["check", "a.py", "b.py", name],
        &["check", "a.py", "b.py", name, "--format", "json"],
        &["check", "a.py", "b.py", name, "--format", "sarif"],
        &["check", "a.py", "b.py", name, "--format", "github"],
        &["compile", "a.py", "--overwrite"],
        &["run", "a.py", "--help"],
        &["run", "a.py", "--no-engine", "--b", HOSTILE],
        &["inspect", name],
        &["inspect", "no\u{1b}[31m\nerror: such.py"],
        &["fix", name, "--diff"],
        &["create-operator", "a.py", "--builder", HOSTILE],
        &["check", "a.py", "--format", HOSTILE],
        &["grid-status", HOSTILE],
    ] {
        let output = c3(folder.path(), arguments);
        assert_harmless(&said(&output));
        assert!(
            !said(&output).contains("\nerror: b.py") && !said(&output).contains("\nerror: such"),
            "{}",
            said(&output)
        );
    }
    let table = said(&c3(folder.path(), &["inspect", "a.py"]));
    assert!(
        table.contains("D \\u{1b}]0;title\\u{7} \\u{1b}[2J \\u{9b}31m \\u{7f} \\u{202e}x\\u{2066}"),
        "{table}"
    );
    let is_made = |(name, _): &(String, String)| Path::new(name).extension().is_none_or(|end| end != "py");
    for (name, text) in files(folder.path()).into_iter().filter(is_made) {
        // YAML has no escape for what is beyond 16 bits that other readers know.
        assert_harmless(&text.replace('\u{e0041}', ""));
        assert!(!name.ends_with("Dockerfile") || !text.contains('\u{e0041}'));
    }
}

#[test]
fn github_annotations_contain_no_injected_commands() {
    let folder =
        project(&[("a,b%\n::error::x.py", "'''D.'''\nimport os\na = os.getenv(f('\u{1b}\n::error::y'))\n")]);
    let output = c3(folder.path(), &["check", ".", "--format", "github"]);
    let commands = text(&output.stdout);
    assert_eq!(commands.lines().filter(|line| line.contains("error::")).count(), 1, "{commands}");
    assert!(
        commands.lines().all(|line| line.starts_with("::error file=./a%2Cb%25%0A%3A%3Aerror%3A%3Ax.py")),
        "{commands}"
    );
    assert_harmless(&commands);
}
