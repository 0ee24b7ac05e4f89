//! The documentation's walks: the console blocks of its tutorials, typed in their order.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::LazyLock;

use regex::Regex;
use tempfile::{TempDir, tempdir};

/// Registries that nobody asks in a test: nothing listens at this port.
static REGISTRIES: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b(?:docker|quay|ghcr)\.io\b").unwrap());

/// A file that a page shows: its name in a line that ends in a colon, and a block.
static FILE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^`([\w.]+)`[^\n`]*:\n\n```\w+\n([\s\S]*?)^```$").unwrap());

/// A block of commands.
static CONSOLE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?m)^```console\n([\s\S]*?)^```$").unwrap());

/// Programs that the wheel brings.
const PROGRAMS: [(&str, &str); 2] =
    [("c3", env!("CARGO_BIN_EXE_c3")), ("c3_create_operator", env!("CARGO_BIN_EXE_c3_create_operator"))];

/// Runs a command line where no engine and no registry answers; nothing if it is another program's.
fn typed(folder: &Path, line: &str) -> Option<Output> {
    let line = REGISTRIES.replace_all(line, "127.0.0.1:1").replace("<user>", "me");
    let words = shlex::split(&line).unwrap();
    let (_, program) = PROGRAMS.iter().find(|(name, _)| *name == words[0])?;
    let mut command = Command::new(program);
    command.args(&words[1..]).current_dir(folder).env("NO_COLOR", "1");
    command.env("DOCKER_HOST", "unix:///nonexistent").env("XDG_CACHE_HOME", folder.join(".cache"));
    Some(command.output().unwrap())
}

/// Types all commands of a page in a folder of its own. What is shown below one that ends well is what it prints.
fn walk(page: &str) -> TempDir {
    let text = fs::read_to_string(Path::new("docs").join(page)).unwrap();
    let folder = tempdir().unwrap();
    for file in FILE.captures_iter(&text) {
        fs::write(folder.path().join(&file[1]), &file[2]).unwrap();
    }
    let blocks: String = CONSOLE.captures_iter(&text).map(|block| block[1].to_owned()).collect();
    let mut typed_any = false;
    for command in blocks.split("$ ").skip(1) {
        let (line, shown) = command.split_once('\n').unwrap();
        let Some(output) = typed(folder.path(), line) else { continue };
        typed_any = true;
        let (printed, said) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        // 3: it needs an engine or a registry, of which there is none here.
        assert!(matches!(output.status.code(), Some(0 | 3)), "{page}: {line}\n{printed}{said}");
        if output.status.success() {
            assert!(shown.is_empty() || shown == printed, "{page}: {line}\n{printed}{said}");
        }
    }
    assert!(typed_any, "{page}");
    folder
}

#[test]
fn a_scientist_with_a_notebook() {
    let folder = walk("tutorials/notebook.md");
    assert_eq!(fs::read_to_string(folder.path().join("results/report.txt")).unwrap(), "1\n");
}

#[test]
fn an_engineer_with_a_team() {
    let folder = walk("tutorials/team.md");
    assert!(folder.path().join("operators/read_table.job.yaml").exists());
    assert!(folder.path().join("site/index.html").exists());
}

#[test]
fn one_who_comes_from_the_original() {
    let folder = walk("tutorials/original.md");
    let job = fs::read_to_string(folder.path().join("filter_rows.job.yaml")).unwrap();
    assert!(job.contains("data/table.csv"));
}

#[test]
fn a_cluster_without_kubernetes() {
    let folder = walk("tutorials/cluster.md");
    assert_eq!(fs::read_to_string(folder.path().join("counts/files.txt")).unwrap(), "2\n");
}

#[test]
fn from_a_script_to_an_operator() {
    walk("first-operator.md");
}
