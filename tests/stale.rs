//! Staleness: which edits make generated files out of date, and `c3 compile --stale`, which makes them anew.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::{TempDir, tempdir};

const SCRIPT: &str = "\"\"\"Adds.\"\"\"\nimport os\n\n# One.\na = int(os.getenv('a', 1))\n";

const FILES: [&str; 4] = ["add.Dockerfile", "add.cwl", "add.job.yaml", "add.yaml"];

fn c3(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_c3"));
    command.args(arguments).current_dir(folder).env("NO_COLOR", "1").output().unwrap()
}

/// Runs `c3` and returns its exit code and what it says on both streams.
fn said(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = c3(folder, arguments);
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}

/// A folder with a script and its files, made with options that aren't the defaults.
fn project() -> TempDir {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("add.py"), SCRIPT).unwrap();
    fs::write(folder.path().join("data.csv"), "").unwrap();
    let options = ["-r", "quay.io/ns", "-v", "0.7", "--base-image", "python:3.12-slim"];
    let made =
        c3(folder.path(), &[&["create-operator", "--no-build", "add.py", "data.csv"], &options[..]].concat());
    assert!(made.status.success(), "{made:?}");
    folder
}

fn read(folder: &TempDir, name: &str) -> String {
    fs::read_to_string(folder.path().join(name)).unwrap()
}

fn edit(folder: &TempDir, name: &str, from: &str, to: &str) {
    let text = read(folder, name);
    assert!(text.contains(from), "{text}");
    fs::write(folder.path().join(name), text.replace(from, to)).unwrap();
}

const CHECK: [&str; 3] = ["check", "--stale", "add.py"];

#[test]
fn only_edits_that_matter_make_files_stale() {
    let folder = project();
    assert_eq!(said(folder.path(), &CHECK), (0, "1 file: nothing found\n".into()));
    edit(&folder, "add.py", "import os\n", "import os\nimport re\n\n\n");
    edit(&folder, "add.job.yaml", "backoffLimit", "# Ours.\n  backoffLimit");
    assert_eq!(said(folder.path(), &CHECK).0, 0);
    edit(&folder, "add.py", "# One.", "# Two.");
    let (code, text) = said(folder.path(), &CHECK);
    assert_eq!(code, 1);
    let message = "`add.Dockerfile`, `add.yaml`, `add.job.yaml` and `add.cwl` are out of date: the source has changed since";
    assert!(text.contains(&format!("warning[stale-files]: {message}")), "{text}");
    assert!(text.contains("run `c3 compile --stale add.py`"), "{text}");
    assert_eq!(said(folder.path(), &["check", "add.py"]).0, 0, "without `--stale` nobody looks");
}

#[test]
fn job_secrets_do_not_make_files_stale() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("add.py"), SCRIPT).unwrap();
    assert_eq!(said(folder.path(), &["compile", "add.py", "--secret", "a=mine"]).0, 0);
    assert_eq!(said(folder.path(), &CHECK), (0, "1 file: nothing found\n".into()));
}

#[test]
fn another_c3_version_makes_files_stale() {
    let folder = project();
    edit(&folder, "add.cwl", &format!("made by c3 {}", env!("CARGO_PKG_VERSION")), "made by c3 0.0.1");
    let (code, text) = said(folder.path(), &CHECK);
    let message = format!(
        "warning[stale-files]: `add.cwl` is out of date: made by c3 0.0.1, and this is c3 {}\n",
        env!("CARGO_PKG_VERSION")
    );
    assert!(code == 1 && text.starts_with(&message), "{text}");
    let updated = said(folder.path(), &["compile", "--stale", "add.py"]);
    assert_eq!(updated.0, 0, "what differs in the stamp only is replaced unasked: {}", updated.1);
    assert_eq!(said(folder.path(), &CHECK).0, 0);
}

#[test]
fn uncompiled_sources_are_not_stale() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("add.py"), SCRIPT).unwrap();
    fs::write(folder.path().join("add.yaml"), "# Kubeflow component of add.py, by hand\n").unwrap();
    assert_eq!(said(folder.path(), &CHECK).0, 0);
    fs::write(folder.path().join("module.py"), "import nothing_that_is_there\n").unwrap();
    assert_eq!(said(folder.path(), &["check", "--compiled", "."]), (0, "0 files: nothing found\n".into()));
    assert_eq!(said(folder.path(), &["compile", "--stale", "."]), (0, String::new()));
    assert_eq!(read_names(folder.path()), ["add.py", "add.yaml", "module.py"]);
}

fn read_names(folder: &Path) -> Vec<String> {
    let entries =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = entries.collect();
    names.sort();
    names
}

#[test]
fn stale_files_are_regenerated_with_their_settings() {
    let folder = project();
    fs::remove_file(folder.path().join("add.cwl")).unwrap();
    let before = FILES.map(|name| fs::read_to_string(folder.path().join(name)).unwrap_or_default());
    assert_eq!(said(folder.path(), &["compile", "--stale", "."]), (0, String::new()));
    assert_eq!(FILES.map(|name| fs::read_to_string(folder.path().join(name)).unwrap_or_default()), before);

    edit(&folder, "add.py", "'a', 1", "'a', 2");
    let job = read(&folder, "add.job.yaml");
    edit(&folder, "add.job.yaml", "backoffLimit", "# Ours.\n  backoffLimit");
    let (code, text) = said(folder.path(), &["compile", "--stale", "add.py"]);
    assert!(code == 1 && text.contains("-  # Ours.") && text.contains("--overwrite"), "{text}");
    fs::write(folder.path().join("add.job.yaml"), job).unwrap();
    let (code, text) = said(folder.path(), &["compile", "--stale", "."]);
    assert_eq!((code, text.lines().count()), (0, 3), "{text}");
    assert!(!folder.path().join("add.cwl").exists(), "a platform that wasn't chosen stays away");
    assert!(read(&folder, "add.yaml").contains("quay.io/ns/claimed-add:0.7"));
    assert!(read(&folder, "add.yaml").contains("default: \"2\""));
    let dockerfile = read(&folder, "add.Dockerfile");
    assert!(dockerfile.contains("ARG BASE_IMAGE=python:3.12-slim\n"), "{dockerfile}");
    assert!(dockerfile.contains(" files/ "), "{dockerfile}");
    assert_eq!(said(folder.path(), &CHECK).0, 0);
}

#[test]
fn stale_files_are_found_in_another_folder() {
    let folder = project();
    let arguments = ["compile", "add.py", "-o", "out"];
    assert_eq!(said(folder.path(), &arguments).0, 0);
    for name in FILES {
        fs::remove_file(folder.path().join(name)).unwrap();
    }
    edit(&folder, "add.py", "'a', 1", "'a', 2");
    assert_eq!(said(folder.path(), &CHECK).0, 0);
    assert_eq!(said(folder.path(), &["check", "--stale", "-o", "out", "add.py"]).0, 1);
    assert_eq!(said(folder.path(), &["compile", "--stale", "-o", "out", "add.py"]).0, 0);
    assert_eq!(said(folder.path(), &["check", "--stale", "-o", "out", "add.py"]).0, 0);
}

#[test]
fn stale_images_of_platforms_keep_version_and_base() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("add.py"), "'''Adds.'''\nimport os\na = os.getenv('a', 1)\n").unwrap();
    let create = "create-operator add.py --no-build --target chaimeleon -v 0.7 --set chaimeleon.gpu=cuda11";
    assert_eq!(said(folder.path(), &create.split(' ').collect::<Vec<_>>()).0, 0);
    edit(&folder, "add.py", "1)", "2)");
    assert_eq!(said(folder.path(), &CHECK).0, 1);
    assert_eq!(said(folder.path(), &["compile", "--stale", "add.py"]).0, 0);
    assert_eq!(said(folder.path(), &CHECK).0, 0);
    assert_eq!(read_names(folder.path()), ["add.chaimeleon.Dockerfile", "add.py"]);
    let dockerfile = read(&folder, "add.chaimeleon.Dockerfile");
    assert!(dockerfile.contains("LABEL version=\"0.7\"\n"), "{dockerfile}");
    assert!(dockerfile.contains("FROM nvidia/cuda:11"), "{dockerfile}");
}

#[test]
fn each_target_keeps_its_base_image() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("add.py"), SCRIPT).unwrap();
    assert_eq!(said(folder.path(), &["compile", "add.py", "--target", "cwl,chaimeleon"]).0, 0);
    edit(&folder, "add.py", "'a', 1", "'a', 2");
    assert_eq!(said(folder.path(), &["compile", "--stale", "add.py"]).0, 0);
    assert_eq!(said(folder.path(), &CHECK).0, 0);
    assert!(
        read(&folder, "add.Dockerfile")
            .contains("ARG BASE_IMAGE=registry.access.redhat.com/ubi8/python-312\n")
    );
    assert!(read(&folder, "add.chaimeleon.Dockerfile").contains("FROM python:3.12-slim\n"));
}

#[test]
fn stale_dockerfiles_from_a_template_are_not_regenerated() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("add.py"), SCRIPT).unwrap();
    let template = "FROM ${base_image}\nUSER 1001\n${additional_files_docker}\nCMD ${command}\n# Ours.\n";
    fs::write(folder.path().join("template"), template).unwrap();
    let compile = ["compile", "add.py", "--dockerfile-template", "template"];
    assert_eq!(said(folder.path(), &compile).0, 0);
    edit(&folder, "add.py", "'a', 1", "'a', 2");
    assert_eq!(said(folder.path(), &["compile", "--stale", "add.py"]).0, 0);
    assert!(read(&folder, "add.Dockerfile").contains("# Ours.\n"), "{}", read(&folder, "add.Dockerfile"));
    assert_eq!(said(folder.path(), &CHECK).0, 0);
    assert_eq!(said(folder.path(), &compile).0, 0);
    edit(&folder, "add.Dockerfile", "# Ours.", "# Mine.");
    let (code, text) = said(folder.path(), &compile);
    assert!(code == 1 && text.contains("-# Mine."), "{text}");
}

#[test]
fn any_edit_makes_containerless_files_stale() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("add.py"), SCRIPT).unwrap();
    let compile = ["compile", "--target", "techila", "add.py"];
    assert_eq!(said(folder.path(), &compile).0, 0);
    let (dockerfile, zip) = (read(&folder, "add.techila.Dockerfile"), folder.path().join("add.techila.zip"));
    let before = fs::read(&zip).unwrap();
    assert!(!dockerfile.contains("COPY"), "a container is made of requirements only: {dockerfile}");
    edit(&folder, "add.py", "import os\n", "import os; print('edited')\n");
    let (code, text) = said(folder.path(), &CHECK);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("`add.techila.py` and `add.techila.zip` are out of date"), "{text}");
    assert_eq!(said(folder.path(), &["compile", "--stale", "add.py"]).0, 0);
    assert_eq!(read(&folder, "add.techila.Dockerfile"), dockerfile, "the container stays");
    assert_ne!(fs::read(&zip).unwrap(), before);
    assert_eq!(said(folder.path(), &CHECK).0, 0);
    edit(&folder, "add.py", "; print('edited')\n", "\n");
    assert_eq!(said(folder.path(), &compile).0, 0);
    assert_eq!(fs::read(&zip).unwrap(), before, "the same files make the same zip");
}

#[test]
fn containerless_files_are_never_lost() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("add.py"), SCRIPT).unwrap();
    fs::write(folder.path().join("data.csv"), "1").unwrap();
    let create = ["create-operator", "--no-build", "--target", "techila", "add.py", "data.csv"];
    assert_eq!(said(folder.path(), &create).0, 0);
    let zip = fs::read(folder.path().join("add.techila.zip")).unwrap();
    edit(&folder, "add.py", "'a', 1", "'a', 2");
    let (code, text) = said(folder.path(), &["compile", "--stale", "add.py"]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("error[sent-files]: `add.techila.zip` has additional files"), "{text}");
    assert_eq!(fs::read(folder.path().join("add.techila.zip")).unwrap(), zip);
    fs::write(folder.path().join("c3.toml"), "additional-files = ['data.csv']\n").unwrap();
    assert_eq!(said(folder.path(), &["compile", "--stale", "add.py"]).0, 0);
    assert_ne!(fs::read(folder.path().join("add.techila.zip")).unwrap(), zip);
}

const GRID: &str =
    "\"\"\"Counts.\"\"\"\nimport os\nn = int(os.getenv('n', 1))\n\ndef count(batch):\n    print(batch)\n";

/// A folder with a script and the files of its grid wrapper.
fn grid() -> TempDir {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("add.py"), GRID).unwrap();
    let options = ["-p", "count", "-b", "cos", "-r", "quay.io/ns", "-v", "0.7"];
    let made = c3(folder.path(), &[&["create-gridwrapper", "--no-build", "add.py"], &options[..]].concat());
    assert!(made.status.success(), "{made:?}");
    folder
}

#[test]
fn grid_wrappers_become_stale_with_their_script() {
    let folder = grid();
    assert_eq!(said(folder.path(), &CHECK), (0, "1 file: nothing found\n".into()));
    assert_eq!(said(folder.path(), &["compile", "--stale", "."]), (0, String::new()));
    assert!(!read(&folder, "gw_add.yaml").contains("default: \"2\""));
    edit(&folder, "add.py", "'n', 1", "'n', 2");
    for arguments in [&CHECK[..], &["check", "--stale", "--compiled", "."]] {
        let (code, text) = said(folder.path(), arguments);
        let message =
            "`gw_add.Dockerfile`, `gw_add.yaml`, `gw_add.job.yaml` and `gw_add.cwl` are out of date";
        assert!(code == 1 && text.contains(message), "{text}");
    }
    assert_eq!(said(folder.path(), &["compile", "--stale", "."]).0, 0);
    assert!(read(&folder, "gw_add.yaml").contains("default: \"2\""), "{}", read(&folder, "gw_add.yaml"));
    assert!(read(&folder, "gw_add.job.yaml").contains("quay.io/ns/claimed-gw-add:0.7"));
    assert_eq!(said(folder.path(), &CHECK).0, 0);
}

#[test]
fn grid_wrappers_become_stale_with_the_modules_of_their_script() {
    let folder = grid();
    fs::write(folder.path().join("beside.py"), "ONE = 1\n").unwrap();
    edit(&folder, "add.py", "import os\n", "import os\nimport beside\n");
    assert_eq!(said(folder.path(), &CHECK).0, 1);
    assert_eq!(said(folder.path(), &["compile", "--stale", "add.py"]).0, 0);
    assert_eq!(said(folder.path(), &CHECK).0, 0);
    edit(&folder, "beside.py", "1", "2");
    assert_eq!(said(folder.path(), &CHECK).0, 1);
}

#[test]
fn grid_wrappers_of_a_lost_function_are_told() {
    let folder = grid();
    edit(&folder, "add.py", "def count", "def count_all");
    let (code, text) = said(folder.path(), &CHECK);
    assert!(code == 1 && text.contains("`add.py` has no function `count`"), "{text}");
    assert_ne!(said(folder.path(), &["compile", "--stale", "add.py"]).0, 0);
}
