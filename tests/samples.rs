//! Every sample for every target, and every invalid sample's message as a user sees it.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use c3::backend::{TARGETS, Target};
use c3::language::Language;
use c3::load;
use c3::stamp::Stamp;
use insta::{assert_snapshot, glob, with_settings};

/// Runs `c3` in the repository's folder.
fn c3(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_c3"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn relative(path: &Path) -> &str {
    path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().to_str().unwrap()
}

/// Compiles a sample into a folder.
fn compile(sample: &Path, folder: &Path) -> Output {
    let language = load::load(sample).map_or(Language::Python, |source| source.language());
    let runs = |target: &&Target| target.variant.is_none_or(|variant| variant.languages.contains(&language));
    let targets: Vec<_> = TARGETS.iter().filter(runs).map(|target| target.name).collect();
    let options =
        ["-r", "registry.example/ns", "-o", folder.to_str().unwrap(), "--target", &targets.join(",")];
    // The Python of the guide's Miniconda is 3.7.
    let is_newer = std::fs::read_to_string(sample).is_ok_and(|text| text.contains("requires-python"));
    let newer: &[&str] = if is_newer { &["--set", "onedata.miniconda=py312_24.1.2-0"] } else { &[] };
    c3(&[&["compile", relative(sample)], &options[..], newer].concat())
}

/// The files in a folder by their names.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let read = |entry: std::fs::DirEntry| {
        (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap())
    };
    std::fs::read_dir(folder).unwrap().map(|entry| read(entry.unwrap())).collect()
}

/// Whether a file carries its record, or one beside it does.
fn is_recorded(name: &str, files: &BTreeMap<String, Vec<u8>>) -> bool {
    let text = |bytes: &Vec<u8>| String::from_utf8(bytes.clone()).ok();
    let own = || text(&files[name]).and_then(|text| Stamp::find(&text)?.is_untouched(&text));
    let beside = || {
        let mut stamps = files.values().filter_map(|bytes| Stamp::find(&text(bytes)?));
        stamps.find_map(|stamp| stamp.is_untouched_beside(name, &files[name]))
    };
    own().or_else(beside) == Some(true)
}

/// A text without the digest of a zip beside it, which changes with every program that c3 brings.
fn without_digest(text: &str) -> String {
    let digest = text.find(".zip=").map(|at| &text[at..text.len().min(at + ".zip=".len() + 12)]);
    digest.map_or_else(|| text.to_owned(), |digest| text.replace(digest, ".zip=…"))
}

/// Whether a file has to be readable as YAML, which JSON is too.
fn is_yaml(name: &str) -> bool {
    [".yaml", ".cwl", ".json"].iter().any(|ending| name.ends_with(ending))
}

#[test]
fn emitted_files() {
    glob!("../samples", "*.{py,ipynb,R}", |sample| {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let output = compile(sample, first.path());
        assert!(output.status.success(), "{}", text(&output.stderr));
        compile(sample, second.path());
        let emitted = files(first.path());
        assert_eq!(emitted, files(second.path()), "two runs differ");
        for name in emitted.keys() {
            assert!(is_recorded(name, &emitted), "{name}");
        }
        for (name, emitted) in emitted {
            // A zip is none: what is in it, the engines' tests run.
            let Ok(emitted) = String::from_utf8(emitted) else { continue };
            if is_yaml(&name) {
                // A compiled pipeline has a second document with what it asks of the cluster.
                for document in emitted.split("\n---\n") {
                    yaml_serde::from_str::<yaml_serde::Value>(document).unwrap();
                }
            }
            with_settings!({snapshot_suffix => name}, { assert_snapshot!("emitted", without_digest(&emitted)) });
        }
    });
}

/// The files below a folder, each behind its path, in order.
fn tree(folder: &Path) -> String {
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let shown = paths.iter().map(|path| {
        if path.is_dir() {
            return tree(path);
        }
        format!("==> {}\n{}\n", path.display(), std::fs::read_to_string(path).unwrap())
    });
    shown.collect()
}

#[test]
fn interactive_images() {
    for interface in ["desktop", "browser", "jupyter"] {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().to_str().unwrap();
        let choice = format!("chaimeleon.interface={interface}");
        let options =
            ["--no-build", "--keep-generated-files", "-o", place, "--target", "chaimeleon", "--set", &choice];
        let output = c3(&[&["create-operator", "samples/plain_notebook.ipynb"], &options[..]].concat());
        let told = text(&output.stderr);
        assert!(output.status.success(), "{told}");
        let next = told.find("next, for chaimeleon").unwrap();
        let context = folder.path().join("plain_notebook.chaimeleon.context");
        for fixed in ["init/run.sh", "init/with-display.sh", "init/register.py"] {
            std::fs::remove_file(context.join("interactive").join(fixed)).unwrap();
        }
        std::fs::remove_file(context.join("operator/samples/claimed_plain_notebook.py")).unwrap();
        let written = tree(&context).replace(context.to_str().unwrap(), "");
        let shown = format!("{}\n{written}", &told[next..]);
        with_settings!({snapshot_suffix => interface}, { assert_snapshot!("interactive", shown) });
    }
}

#[test]
fn components() {
    glob!("../samples", "*.{py,ipynb,R}", |sample| {
        let output = c3(&["inspect", relative(sample), "--format", "json"]);
        assert_snapshot!("component", text(&output.stdout));
        assert_snapshot!("diagnostics", text(&output.stderr));
    });
}

#[test]
fn invalid_samples() {
    glob!("../samples/invalid", "*.*", |sample| {
        let folder = tempfile::tempdir().unwrap();
        let output = compile(sample, folder.path());
        assert_eq!(output.status.code(), Some(1), "{} is refused", sample.display());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is written");
        assert!(output.stdout.is_empty());
        assert_snapshot!("refused", text(&output.stderr));
    });
}

#[test]
fn the_sample_workflow_is_up_to_date() {
    let (sample, folder) =
        (Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/workflow"), tempfile::tempdir().unwrap());
    let operators = ["make_table.py", "sum_table.py", "write_letter.py"];
    for operator in operators {
        std::fs::copy(sample.join(operator), folder.path().join(operator)).unwrap();
    }
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_c3"));
        let output =
            command.args(arguments).current_dir(folder.path()).env("NO_COLOR", "1").output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        output
    };
    let create = [&["create-workflow", "--name", "squares"], &operators[..]].concat();
    assert!(
        text(&run(&create).stderr).contains("the workflow names `make_table.yaml`, which does not exist yet")
    );
    run(&["compile", "."]); // which takes no pipeline for an operator
    assert_eq!(text(&run(&create).stderr), "", "the same again is not a change");
    for name in ["squares.pipeline.py", "squares.workflow.cwl"] {
        let written = std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(written, std::fs::read_to_string(sample.join(name)).unwrap(), "`c3 {}`", create.join(" "));
    }
}
