//! Many operators at once: which sources are some, and that what hasn't changed is left alone.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::SystemTime;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::{TempDir, tempdir};

const SCRIPT: &str = "\"\"\"A.\"\"\"\nimport os\nn = os.getenv('n', '1')\n";
const PLAIN: &str = "\"\"\"A.\"\"\"\nprint(1)\n";

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempdir().unwrap();
    for (name, text) in files {
        write(folder.path(), name, text);
    }
    folder
}

/// Runs a command line on a machine without an engine.
fn c3(folder: &Path, line: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_c3"));
    command.args(line.split(' ')).current_dir(folder).env("NO_COLOR", "1");
    command.env("DOCKER_HOST", "unix:///nonexistent").env("XDG_CACHE_HOME", folder.join(".cache"));
    command.env("HOME", folder.join(".home")).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn json(output: &Output) -> Value {
    let document = serde_json::from_slice(&output.stdout);
    assert!(document.is_ok(), "{}", stderr(output));
    document.unwrap()
}

/// The operators in a folder, and why other sources are none.
fn chosen(folder: &Path, line: &str) -> (Vec<String>, BTreeMap<String, String>) {
    let output = c3(folder, &format!("compile --format json -o .out {line}"));
    let document = json(&output);
    let text = |value: &Value| value.as_str().unwrap().trim_start_matches("./").to_owned();
    let list = |name: &str| document[name].as_array().cloned().unwrap_or_default();
    let operators = list("operators").iter().map(|one| text(&one["source"])).collect();
    let left_out = list("left_out").iter().map(|one| (text(&one["source"]), text(&one["reason"]))).collect();
    (operators, left_out)
}

/// A base image on disk without a layer.
fn base(folder: &Path, note: &str) {
    let blobs = folder.join("base/blobs/sha256");
    fs::create_dir_all(&blobs).unwrap();
    let blob = |value: Value, kind: &str| {
        let bytes = serde_json::to_vec(&value).unwrap();
        let name: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        fs::write(blobs.join(&name), &bytes).unwrap();
        json!({"mediaType": kind, "digest": format!("sha256:{name}"), "size": bytes.len()})
    };
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let config = json!({"os": "linux", "architecture": architecture, "config": {"Labels": {"note": note}},
        "rootfs": {"type": "layers", "diff_ids": []}, "history": []});
    let config = blob(config, "application/vnd.oci.image.config.v1+json");
    let kind = "application/vnd.oci.image.manifest.v1+json";
    let manifest = blob(json!({"schemaVersion": 2, "mediaType": kind, "config": config, "layers": []}), kind);
    write(folder, "base/oci-layout", "{\"imageLayoutVersion\": \"1.0.0\"}");
    write(folder, "base/index.json", &json!({"schemaVersion": 2, "manifests": [manifest]}).to_string());
}

const BUILD: &str = "build --builder oci --base-image oci:base --format json";

/// The states of the operators by their names.
fn states(output: &Output) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let document = json(output);
    let operators = document["operators"].as_array().unwrap();
    operators.iter().map(|one| (text(&one["name"]), text(&one["state"]))).collect()
}

/// When each file of an operator was written.
fn written(folder: &Path) -> BTreeMap<String, SystemTime> {
    let files =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    files.map(|path| (name(&path), path.metadata().unwrap().modified().unwrap())).collect()
}

#[test]
fn team_folders_mix_operators_and_other_sources() {
    let loading = SCRIPT.replace("import os", "import os\nimport helpers\nfrom lib.sums import total");
    let folder = folder(&[
        (".gitignore", "build/\n*_copy.py\n"),
        ("op.py", &loading),
        ("other_copy.py", SCRIPT),
        ("build/op.py", SCRIPT),
        ("helpers.py", SCRIPT),
        ("lib/sums.py", SCRIPT),
        ("setup.py", SCRIPT),
        ("conftest.py", SCRIPT),
        ("tests/op.py", SCRIPT),
        ("test_op.py", &format!("{SCRIPT}import op\ndef test_it(): pass\n")),
        ("test_model.py", SCRIPT),
        ("plain.py", PLAIN),
        ("bad.py", "x = (\n"),
        ("use.R", "source('shared.R')\nn <- Sys.getenv('n', '1')\n"),
        ("shared.R", "m <- Sys.getenv('m', '1')\n"),
    ]);
    fs::create_dir(folder.path().join(".git")).unwrap();
    let (operators, left_out) = chosen(folder.path(), ".");
    assert_eq!(operators, ["bad.py", "op.py", "test_model.py", "use.R"]);
    let reasons: Vec<_> = left_out.iter().map(|(source, reason)| format!("{source}: {reason}")).collect();
    assert_eq!(
        reasons,
        [
            "build/op.py: ignored by git",
            "conftest.py: sets up an installation or tests",
            "helpers.py: loaded by `./op.py`",
            "lib/sums.py: loaded by `./op.py`",
            "other_copy.py: ignored by git",
            "plain.py: no inputs or outputs",
            "setup.py: sets up an installation or tests",
            "shared.R: loaded by `./use.R`",
            "test_op.py: a test",
            "tests/op.py: a test",
        ]
    );
    let (named, left_out) = chosen(folder.path(), "plain.py setup.py build/op.py");
    assert_eq!((named.len(), left_out.len()), (3, 0), "what is named is an operator");
    let said = stderr(&c3(folder.path(), "compile . -o .out"));
    assert!(said.contains("no operators: `./build/op.py` (ignored by git), "), "{said}");
}

#[test]
fn build_settings_select_operators() {
    let settings =
        "[build]\ninclude = ['jobs/*.py', 'tests/keep.py', 'plain']\nexclude = ['old', '**/x.py']\n";
    let folder = folder(&[
        ("team/c3.toml", settings),
        ("team/jobs/a.py", PLAIN),
        ("team/jobs/x.py", SCRIPT),
        ("team/old/b.py", SCRIPT),
        ("team/tests/keep.py", PLAIN),
        ("team/plain/deep/c.py", PLAIN),
        ("team/d.py", SCRIPT),
    ]);
    for place in ["team", "./team"] {
        let (operators, left_out) = chosen(folder.path(), place);
        assert_eq!(
            operators,
            ["team/d.py", "team/jobs/a.py", "team/plain/deep/c.py", "team/tests/keep.py"],
            "{place}"
        );
        assert!(left_out.values().all(|reason| reason == "excluded by `c3.toml`"), "{left_out:?}");
        assert_eq!(left_out.len(), 2);
    }
    let (inside, _) = chosen(&folder.path().join("team"), ".");
    assert_eq!(inside.len(), 4);
    write(folder.path(), "team/c3.toml", "[build]\ninclude = ['[']\n");
    let output = c3(folder.path(), "compile team");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("this is no pattern"), "{}", stderr(&output));
}

#[test]
fn folders_without_an_operator_are_reported() {
    let folder = folder(&[("a.py", PLAIN), ("setup.py", SCRIPT)]);
    for command in ["compile .", "build ."] {
        let output = c3(folder.path(), command);
        assert_eq!(output.status.code(), Some(1));
        let said = stderr(&output);
        assert!(said.contains("no operator found (`./a.py`: no inputs or outputs; `./setup.py`"), "{said}");
        assert!(said.contains("`include` of `[build]`"), "{said}");
    }
    assert_eq!(c3(folder.path(), "compile a.py").status.code(), Some(0));
    assert_eq!(chosen_beside(folder.path()), ["a.py"], "of what there are files, that is an operator");
}

fn chosen_beside(folder: &Path) -> Vec<String> {
    let document = json(&c3(folder, "compile --format json ."));
    let operators = document["operators"].as_array().unwrap();
    operators.iter().map(|one| one["source"].as_str().unwrap().trim_start_matches("./").to_owned()).collect()
}

#[test]
fn sources_imported_by_other_operators_are_reported() {
    let folder = folder(&[
        ("a.py", SCRIPT),
        ("b.py", SCRIPT),
        ("plain.py", PLAIN),
        ("loads.py", &SCRIPT.replace("import os", "import os, b")),
        ("runs.py", &format!("{SCRIPT}os.system('python b.py')\n")),
        ("data.csv", "1\n"),
    ]);
    let line = "create-operator --no-build --overwrite";
    for (rest, said) in [
        (
            "a.py b.py",
            Some("warning[second-source]: `b.py` is an operator itself and goes into the image of `a.py`"),
        ),
        ("a.py plain.py", Some("note[second-source]: `plain.py` goes into the image of `a.py`")),
        ("loads.py b.py", None),
        ("runs.py b.py", None),
        ("a.py data.csv", None),
    ] {
        let output = c3(folder.path(), &format!("{line} {rest}"));
        let told = stderr(&output);
        assert_eq!(output.status.code(), Some(0), "{rest}: {told}");
        assert!(said.is_none_or(|said| told.contains(said)), "{rest}: {told}");
        assert_eq!(told.contains("second-source"), said.is_some(), "{rest}: {told}");
        assert_eq!(told.contains("c3 build a.py b.py"), rest == "a.py b.py", "{told}");
    }
}

#[test]
fn unchanged_operators_are_not_rebuilt() {
    let folder = folder(&[("a.py", SCRIPT), ("b.py", SCRIPT), ("helper.py", PLAIN)]);
    let place = folder.path();
    base(place, "first");
    let first = c3(place, BUILD);
    assert_eq!(first.status.code(), Some(0), "{}", stderr(&first));
    let all = |state: &str| ["a", "b"].map(|name| (name.to_owned(), state.to_owned())).into();
    assert_eq!(states(&first), all("built"));
    let before = written(place);
    assert!(before.contains_key("a.image.tar") && before.contains_key("b.job.yaml"), "{before:?}");
    assert_eq!(states(&c3(place, BUILD)), all("unchanged"));
    assert_eq!(written(place), before, "no file is touched");
    write(place, "a.py", &format!("{SCRIPT}print(n)\n"));
    let edited = states(&c3(place, BUILD));
    assert_eq!((edited["a"].as_str(), edited["b"].as_str()), ("built", "unchanged"));
    base(place, "second");
    assert_eq!(states(&c3(place, BUILD)), all("built"), "another base image");
    assert_eq!(states(&c3(place, &format!("{BUILD} --upgrade"))), all("built"));
    fs::remove_file(place.join("b.cwl")).unwrap();
    assert_eq!(states(&c3(place, BUILD)), all("unchanged"));
    assert!(place.join("b.cwl").exists(), "a file that is missing is written");
}

#[test]
fn a_failed_build_does_not_stop_the_others() {
    let folder = folder(&[("a.py", SCRIPT), ("bad.py", "x = (\n"), ("c.py", SCRIPT)]);
    let place = folder.path();
    base(place, "");
    let output = c3(place, BUILD);
    assert_eq!(output.status.code(), Some(1));
    let states = states(&output);
    assert_eq!(
        (states["a"].as_str(), states["bad"].as_str(), states["c"].as_str()),
        ("built", "failed", "built")
    );
    let table = c3(place, "build --builder oci --base-image oci:base");
    let text = String::from_utf8(table.stdout.clone()).unwrap();
    let words: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(words[0], ["operator", "version", "state", "seconds", "uploaded"]);
    assert_eq!(words[1][..3], ["a", "0.1", "unchanged"]);
    assert_eq!(words[2][..3], ["bad", "-", "failed"]);
    assert!(stderr(&table).contains("3 operators: 2 unchanged, 1 failed in "), "{}", stderr(&table));
    write(place, "a.yaml", "mine\n");
    write(place, "a.py", &format!("{SCRIPT}print(n)\n"));
    let image = fs::read(place.join("a.image.tar")).unwrap();
    let kept = c3(place, "build --builder oci --base-image oci:base a.py");
    assert_eq!(kept.status.code(), Some(1));
    assert!(stderr(&kept).contains("--overwrite"), "{}", stderr(&kept));
    assert_eq!(fs::read(place.join("a.yaml")).unwrap(), b"mine\n");
    assert_eq!(fs::read(place.join("a.image.tar")).unwrap(), image, "nothing is built in vain");
}

#[test]
fn without_an_engine_the_error_suggests_alternatives() {
    let folder = folder(&[("a.py", SCRIPT)]);
    let output = c3(folder.path(), "build");
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let builders = c3(folder.path(), "build --builder oci --base-image oci:missing");
    assert_eq!(builders.status.code(), Some(3), "{}", stderr(&builders));
    let states = states(&c3(folder.path(), "build --builder oci --base-image oci:missing --format json"));
    assert_eq!(states["a"], "failed");
}
