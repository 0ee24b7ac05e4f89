//! The options of the original's programs, as its `--help` lists them and in its spelling: each is understood by the
//! program of that name.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::{TempDir, tempdir};

/// Options as they are written, and what then stands in the files that are made.
type Row = (&'static [&'static str], &'static str);

const OPERATOR: &str = env!("CARGO_BIN_EXE_c3_create_operator");
const GRIDWRAPPER: &str = env!("CARGO_BIN_EXE_c3_create_gridwrapper");

/// What both programs take.
const SHARED: &[Row] = &[
    (&[], "image: claimed-NAME:0.1\n"),
    (&["-r", "quay.io/ns"], "image: quay.io/ns/claimed-NAME:0.1\n"),
    (&["--repository", "quay.io/ns"], "image: quay.io/ns/claimed-NAME:0.1\n"),
    (&["-v", "2.0"], "image: claimed-NAME:2.0\n"),
    (&["--version", "2.0"], "image: claimed-NAME:2.0\n"),
    (&["--rename"], ""),
    (&["--rename", "other"], ""),
    (&["--overwrite"], ""),
    (&["-l", "DEBUG"], ""),
    (&["--log_level", "WARN"], ""),
    (&["--log_level", "FATAL"], ""),
    (&["--log_level", "NOTSET"], ""),
    (&["--dockerfile_template_path", "template"], "\nENV OWN=1\n"),
    (&["--dockerfile", "Dockerfile.generated"], ""),
    (&["--local_mode"], ""),
    (&["--no-cache"], ""),
    (&["--skip-logging"], ""),
    (&["--keep-generated-files"], "CONTENT OF DATA"),
    (&["--image_version", "python3.11"], "/python-311"),
];

/// What `c3_create_gridwrapper` takes besides.
const GRID: &[Row] = &[
    (&["-p", "work"], "PROCESS = \"work\""),
    (&["--component_process", "work"], "PROCESS = \"work\""),
    (&["-b", "local"], "gw_coordinator_path"),
    (&["--backend", "grid_wrapper"], "gw_coordinator_path"),
    (&["--backend", "cos"], "gw_coordinator_connection"),
    (&["--backend", "cos_grid_wrapper"], "gw_coordinator_connection"),
    (&["--backend", "s3kv"], "gw_coordinator_connection"),
    (&["--backend", "s3kv_grid_wrapper"], "gw_coordinator_connection"),
    (&["--backend", "legacy_cos"], "gw_source_connection"),
    (&["--backend", "legacy_cos_grid_wrapper"], "gw_source_connection"),
    (&["--backend", "simple_grid_wrapper"], "sgw_source_folder"),
];

const SCRIPT: &str = "\
import os
a = int(os.getenv('a', 1))
def grid_process(batch_id, a): pass
def work(batch_id, a): pass
";

const TEMPLATE: &str = "\
FROM ${base_image}
${additional_files_docker}
ADD ${target_code} ${working_dir}${target_dir}
ENV OWN=1
";

fn project() -> TempDir {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("add.py"), SCRIPT).unwrap();
    fs::write(folder.path().join("data.csv"), "CONTENT OF DATA").unwrap();
    fs::write(folder.path().join("template"), TEMPLATE).unwrap();
    folder
}

fn run(program: &str, folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder);
    command.env("DOCKER_HOST", "unix:///nonexistent/docker.sock").output().unwrap()
}

/// The text of all files below a folder.
fn text(folder: &Path) -> String {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let text = |path: PathBuf| if path.is_dir() { text(&path) } else { fs::read_to_string(&path).unwrap() };
    paths.map(text).collect()
}

/// Runs a program with each of the options, without an engine.
fn check(program: &str, name: &str, rows: &[Row]) {
    for (options, expected) in rows {
        let folder = project();
        let arguments =
            [&["add.py", "data.csv"], *options, &["--no-build", "--keep-generated-files"]].concat();
        let output = run(program, folder.path(), &arguments);
        assert!(output.status.success(), "{options:?}: {}", String::from_utf8_lossy(&output.stderr));
        for given in ["add.py", "data.csv", "template"] {
            fs::remove_file(folder.path().join(given)).unwrap();
        }
        let expected = expected.replace("NAME", name);
        assert!(text(folder.path()).contains(&expected), "{options:?}: {expected}");
    }
}

#[test]
fn options_of_create_operator_are_accepted() {
    check(OPERATOR, "add", SHARED);
}

#[test]
fn options_of_create_gridwrapper_are_accepted() {
    check(GRIDWRAPPER, "gw-add", SHARED);
    check(GRIDWRAPPER, "gw-add", GRID);
}

#[test]
fn a_platform_is_passed_on() {
    for program in [OPERATOR, GRIDWRAPPER] {
        let folder = project();
        let output = run(program, folder.path(), &["add.py", "--platform", "linux/amd64", "--local_mode"]);
        assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn the_help_and_the_exit_code_are_passed_on() {
    let folder = project();
    let output = run(GRIDWRAPPER, folder.path(), &["--help"]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("--process"));
    assert_eq!(run(OPERATOR, folder.path(), &["missing.py"]).status.code(), Some(1));
    assert_eq!(run(OPERATOR, folder.path(), &["--no-such-option"]).status.code(), Some(2));
}

#[test]
fn companion_programs_find_c3_through_a_link_or_report_it_missing() {
    let folder = project();
    let link = folder.path().join("create");
    std::os::unix::fs::symlink(OPERATOR, &link).unwrap();
    let output = run(link.to_str().unwrap(), folder.path(), &["--no-build", "add.py"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let alone = folder.path().join("c3_create_operator");
    // A copy of ours could still be open for writing in a child that another test is about to start.
    let copied = Command::new("cp").arg(OPERATOR).arg(&alone).status().unwrap();
    assert!(copied.success());
    let output = run(alone.to_str().unwrap(), folder.path(), &["--no-build", "add.py"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("hint:"));
}
