//! What is there already: renamed without loss, and refused at once where it is no file.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::fs;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, Mode, mkfifoat};
use tempfile::{TempDir, tempdir};

const SCRIPT: &str = "\"\"\"Adds.\"\"\"\nimport os\n\n# One.\na = int(os.getenv('a', 1))\n";

/// How long a command may take that has nothing to wait for.
const PATIENCE: Duration = Duration::from_mins(1);

const TARGETS: [&str; 2] = ["--target", "kubeflow,kubernetes,cwl,submarine"];

/// Runs `c3`, and gives its exit code and what it says; who waits for ever has no code.
fn c3(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let said = tempfile::NamedTempFile::new().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_c3"));
    command
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .env("DOCKER_HOST", "unix:///nonexistent");
    let append = || fs::OpenOptions::new().append(true).open(said.path()).unwrap();
    let mut child = command.stdin(Stdio::null()).stdout(append()).stderr(append()).spawn().unwrap();
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() && start.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(5));
    }
    let code = child.try_wait().unwrap().and_then(|status| status.code());
    let _ = child.kill();
    child.wait().unwrap();
    (code, fs::read_to_string(said.path()).unwrap())
}

fn project() -> TempDir {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("add.py"), SCRIPT).unwrap();
    folder
}

fn pipe(path: &Path) {
    mkfifoat(CWD, path, Mode::RUSR | Mode::WUSR).unwrap();
}

fn texts(folder: &Path) -> Vec<(String, String)> {
    let entries = folder.read_dir().unwrap().map(Result::unwrap);
    let mut texts: Vec<_> = entries
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap()))
        .collect();
    texts.sort();
    texts
}

/// Makes all files and edits each.
fn edited() -> TempDir {
    let folder = project();
    let made = c3(folder.path(), &[&["create-operator", "--no-build", "add.py"], &TARGETS[..]].concat());
    assert_eq!(made.0, Some(0), "{}", made.1);
    for (name, text) in texts(folder.path()).iter().filter(|(name, _)| name != "add.py") {
        fs::write(folder.path().join(name), format!("{text}# my edit of {name}\n")).unwrap();
    }
    folder
}

fn edits(folder: &Path) -> usize {
    texts(folder).iter().filter(|(_, text)| text.contains("# my edit of ")).count()
}

#[test]
fn files_of_all_targets_are_renamed_without_loss() {
    for rename in [&["--rename"][..], &["--rename", "old"], &["--rename", "old.yaml"]] {
        let folder = edited();
        let (before, all) = (edits(folder.path()), texts(folder.path()).len());
        assert!(before > 5);
        let words = [&["create-operator", "--no-build", "add.py"], &TARGETS[..], rename].concat();
        let (code, said) = c3(folder.path(), &words);
        assert_eq!((code, edits(folder.path())), (Some(0), before), "{rename:?}: {said}");
        assert_eq!(texts(folder.path()).len(), all + before);
        if rename.len() == 2 {
            assert!(folder.path().join("old.submarine.experiment.yaml").exists());
        }
    }
}

#[test]
fn renames_that_would_lose_a_file_are_rejected() {
    let same: [&[&str]; 4] = [
        &["--rename", "add"],
        &["--rename", "add", "--overwrite"],
        &["--rename", "add.yaml"],
        &["--dockerfile", "build.yaml", "--rename", "old"],
    ];
    for words in same {
        let folder = edited();
        if words[0] == "--dockerfile" {
            fs::write(folder.path().join("build.yaml"), "# my edit of it").unwrap();
        }
        let before = texts(folder.path());
        let words = [&["create-operator", "--no-build", "add.py"], &TARGETS[..], words].concat();
        let (code, said) = c3(folder.path(), &words);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("--rename NAME"), "{said}");
        assert_eq!(texts(folder.path()), before);
    }
}

#[test]
fn named_pipes_in_place_of_outputs_are_rejected() {
    let create: [&[&str]; 4] = [&[], &["--overwrite"], &["--rename"], &["--rename", "old"]];
    for output in ["add.yaml", "add.cwl", "add.Dockerfile", "add.job.yaml"] {
        for command in [&["create-operator", "--no-build"][..], &["compile"]] {
            for options in create {
                let folder = project();
                pipe(&folder.path().join(output));
                let (code, said) = c3(folder.path(), &[command, &["add.py"], options].concat());
                assert_eq!(code, Some(1), "{output}: {said}");
                assert!(said.contains(&format!("`{output}` is a named pipe where a file")), "{said}");
                assert_eq!(folder.path().read_dir().unwrap().count(), 2, "nothing is written");
            }
        }
    }
}

#[test]
fn sockets_and_devices_in_place_of_outputs_are_rejected() {
    let folder = project();
    let _socket = UnixListener::bind(folder.path().join("add.cwl")).unwrap();
    let (code, said) = c3(folder.path(), &["compile", "--overwrite", "add.py"]);
    assert!(code == Some(1) && said.contains("`add.cwl` is a socket"), "{said}");
    let folder = project();
    std::os::unix::fs::symlink("/dev/null", folder.path().join("add.yaml")).unwrap();
    let (code, said) = c3(folder.path(), &["compile", "--overwrite", "add.py"]);
    assert!(code == Some(1) && said.contains("`add.yaml` is a device"), "{said}");
}

#[test]
fn named_pipes_do_not_block_reading() {
    type Case<'a> = (&'a str, &'a [&'a str], &'a str);
    let cases: [Case; 12] = [
        ("c3.toml", &["compile", "add.py"], "it is a named pipe"),
        ("c3.toml", &["check", "add.py"], "it is a named pipe"),
        (".dockerignore", &["create-operator", "--no-build", "add.py", "add.py"], "it is a named pipe"),
        ("data.csv", &["create-operator", "--no-build", "add.py", "data.csv"], "neither a file nor a folder"),
        ("data.csv", &["create-operator", "--no-build", "add.py", "*.csv"], "neither a file nor a folder"),
        ("p.py", &["compile", "p.py"], "neither a file nor a directory"),
        ("p.py", &["fix", "p.py"], "neither a file nor a directory"),
        ("p.yaml", &["run", "p.yaml"], "it is a named pipe"),
        ("p.yaml", &["create-workflow", "add.py", "p.yaml"], "it is a named pipe"),
        ("p.workflow.cwl", &["create-workflow", "add.py", "--name", "p"], "is a named pipe"),
        ("base.tar", &["create-operator", "--base-image-tar", "base.tar", "add.py"], "it is a named pipe"),
        ("family.toml", &["build-family", "--dry-run"], "it is a named pipe"),
    ];
    for (name, words, message) in cases {
        let folder = project();
        pipe(&folder.path().join(name));
        let (code, said) = c3(folder.path(), words);
        assert!(matches!(code, Some(1 | 2)), "{words:?} with `{name}`: {code:?} {said}");
        assert!(said.contains(message), "{words:?} with `{name}`: {said}");
    }
}

#[test]
fn named_pipes_are_rejected_as_requirement_files() {
    let words: [&[&str]; 3] =
        [&["compile", "add.py"], &["create-operator", "--no-build", "add.py"], &["check", "add.py"]];
    for (named, nested) in [("pipe.txt", None), ("all.txt", Some("-r pipe.txt\n"))] {
        for words in words {
            let folder = project();
            fs::write(folder.path().join("add.py"), format!("# pip install -r {named}\n{SCRIPT}")).unwrap();
            if let Some(text) = nested {
                fs::write(folder.path().join(named), text).unwrap();
            }
            pipe(&folder.path().join("pipe.txt"));
            let (code, said) = c3(folder.path(), words);
            assert_eq!(code, Some(1), "{said}");
            assert!(said.contains("`pipe.txt` is not a regular file"), "{said}");
        }
    }
}

#[test]
fn named_pipes_among_generated_files_do_not_block() {
    for words in
        [&["check", "--stale", "add.py"][..], &["compile", "--stale", "add.py"], &["check", "--stale", "."]]
    {
        let folder = edited();
        fs::remove_file(folder.path().join("add.cwl")).unwrap();
        pipe(&folder.path().join("add.cwl"));
        let (code, said) = c3(folder.path(), words);
        assert!(code.is_some(), "{words:?}: {said}");
    }
}

#[test]
fn folders_that_are_not_build_contexts_are_not_replaced() {
    let command = ["create-operator", "--no-build", "--keep-generated-files", "add.py"];
    let folder = project();
    let mine = folder.path().join("add.context/mine.txt");
    fs::create_dir(mine.parent().unwrap()).unwrap();
    fs::write(&mine, "mine").unwrap();
    let (code, said) = c3(folder.path(), &command);
    assert!(code == Some(1) && said.contains("`add.context` is there already"), "{said}");
    assert_eq!(fs::read_to_string(&mine).unwrap(), "mine");
    fs::remove_file(&mine).unwrap();
    for _ in 0..2 {
        let (code, said) = c3(folder.path(), &command);
        assert!(code == Some(0) && folder.path().join("add.context/add.Dockerfile").exists(), "{said}");
        fs::write(folder.path().join("add.py"), SCRIPT.replace("One.", "Two.")).unwrap();
        fs::remove_file(folder.path().join("add.cwl")).unwrap();
        for name in ["add.yaml", "add.job.yaml", "add.Dockerfile"] {
            fs::remove_file(folder.path().join(name)).unwrap();
        }
    }
}
