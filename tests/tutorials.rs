//! The documentation's walks: the console blocks of its tutorials, typed in their order.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use regex::Regex;
use tempfile::{TempDir, tempdir};

/// Registries that nobody asks in a test: nothing listens at this port.
static REGISTRIES: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b(?:docker|quay|ghcr)\.io\b").unwrap());

/// A file that a page shows: its name in a line that ends in a colon, and a block.
static FILE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)`([\w.]+)`[^\n`]*:\n\n```(?:python|text)\n([\s\S]*?)^```$").unwrap());

/// A block of commands.
static CONSOLE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?m)^```console\n([\s\S]*?)^```$").unwrap());

/// A line of a source within a diagnostic, and the marks below it.
static FRAME: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^ *\d* *\|").unwrap());

/// Columns of the terminal that people are taken to have.
const COLUMNS: usize = 80;

/// Programs that the wheel brings, and the Python that runs operators without an engine.
const PROGRAMS: [(&str, &str); 3] = [
    ("c3", env!("CARGO_BIN_EXE_c3")),
    ("c3_create_operator", env!("CARGO_BIN_EXE_c3_create_operator")),
    ("python3", "python3"),
];

/// What a command writes to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Screen {
    Pipe,
    /// A terminal of 24 rows and 80 columns, which is that of util-linux's `script`.
    Terminal,
}

/// Runs a command line where no engine and no registry answers; nothing if it is another program's.
fn typed(folder: &Path, line: &str, screen: Screen) -> Option<Output> {
    let line = REGISTRIES.replace_all(line, "127.0.0.1:1").replace("<user>", "me");
    let mut words = shlex::split(&line).unwrap();
    let (_, program) = PROGRAMS.iter().find(|(name, _)| *name == words[0])?;
    (*program).clone_into(&mut words[0]);
    let mut command = Command::new(if screen == Screen::Pipe { program } else { "script" });
    if screen == Screen::Pipe {
        command.args(&words[1..]).env("NO_COLOR", "1");
    } else {
        let words = shlex::try_join(words.iter().map(String::as_str)).unwrap();
        let line = format!("stty rows 24 cols {COLUMNS}; exec {words}");
        command.args(["-qec", &line, "/dev/null"]).env("TERM", "xterm-256color").env_remove("NO_COLOR");
    }
    command.current_dir(folder).stdin(Stdio::null());
    command.env("DOCKER_HOST", "unix:///nonexistent").env("XDG_CACHE_HOME", folder.join(".cache"));
    Some(command.output().unwrap())
}

/// The lines that a terminal shows, but for those of a source, which stay whole.
fn screen_lines(printed: &str) -> Vec<String> {
    let plain = anstream::adapter::strip_str(printed).to_string();
    // A spinner writes its line again and again.
    let lines = plain.lines().map(|line| line.trim_end_matches('\r').rsplit('\r').next().unwrap().to_owned());
    lines.filter(|line| !FRAME.is_match(line)).collect()
}

/// Types all commands of a page in a folder of its own. What is shown below one that ends well is what it prints, and
/// on a terminal in lines no longer than that is wide.
fn walk(page: &str, screen: Screen) -> TempDir {
    let text = fs::read_to_string(Path::new("docs").join(page)).unwrap();
    let folder = tempdir().unwrap();
    for file in FILE.captures_iter(&text) {
        fs::write(folder.path().join(&file[1]), &file[2]).unwrap();
    }
    let blocks: String = CONSOLE.captures_iter(&text).map(|block| block[1].to_owned()).collect();
    let mut typed_any = false;
    for command in blocks.split("$ ").skip(1) {
        let (line, shown) = command.split_once('\n').unwrap();
        let Some(output) = typed(folder.path(), line, screen) else { continue };
        typed_any = true;
        let (printed, said) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        // 3: it needs an engine or a registry, of which there is none here.
        assert!(matches!(output.status.code(), Some(0 | 3)), "{page}: {line}\n{printed}{said}");
        if screen == Screen::Terminal {
            // Operators log for programs, too: a line each.
            let is_own = line.starts_with("c3");
            let long =
                screen_lines(&printed).into_iter().filter(|line| is_own && line.chars().count() > COLUMNS);
            assert_eq!(long.collect::<Vec<_>>(), [""; 0], "{page}: {line}");
        } else if output.status.success() {
            assert!(!printed.contains('\x1b') && !said.contains('\x1b'), "{page}: {line}");
            assert!(shown.is_empty() || shown == printed, "{page}: {line}\n{printed}{said}");
        }
    }
    assert!(typed_any, "{page}");
    folder
}

#[test]
fn a_scientist_with_a_notebook() {
    let folder = walk("tutorials/notebook.md", Screen::Pipe);
    assert_eq!(fs::read_to_string(folder.path().join("results/report.txt")).unwrap(), "1\n");
}

#[test]
fn an_engineer_with_a_team() {
    let folder = walk("tutorials/team.md", Screen::Pipe);
    assert!(folder.path().join("operators/read_table.job.yaml").exists());
    assert!(folder.path().join("site/index.html").exists());
}

#[test]
fn a_user_of_the_original() {
    let folder = walk("tutorials/original.md", Screen::Pipe);
    let job = fs::read_to_string(folder.path().join("filter_rows.job.yaml")).unwrap();
    assert!(job.contains("data/table.csv"));
}

#[test]
fn a_cluster_without_kubernetes() {
    let folder = walk("tutorials/cluster.md", Screen::Pipe);
    assert_eq!(fs::read_to_string(folder.path().join("counts/files.txt")).unwrap(), "2\n");
}

#[test]
fn a_reader_of_the_readme() {
    walk("../README.md", Screen::Pipe);
}

#[test]
fn from_a_script_to_an_operator() {
    walk("first-operator.md", Screen::Pipe);
}

#[test]
fn every_walk_is_coloured_and_fits_a_terminal() {
    let pages = ["notebook", "team", "original", "cluster"].map(|page| format!("tutorials/{page}.md"));
    for page in pages.iter().map(String::as_str).chain(["../README.md", "first-operator.md"]) {
        walk(page, Screen::Terminal);
    }
    let folder = tempdir().unwrap();
    let mistyped = typed(folder.path(), "c3 explain no-code-of-a-diagnostic-that-there-is", Screen::Terminal);
    let printed = String::from_utf8(mistyped.unwrap().stdout).unwrap();
    assert!(printed.contains("\x1b[") && screen_lines(&printed).len() > 1, "{printed}");
}

/// What the picture of the README shows: commands, typed over the script that is in it.
const SHOWN: [&str; 3] = ["c3 inspect draw.py", "c3 check draw.py", "c3 create-operator --no-build draw.py"];

/// Lines of a terminal as a picture.
fn picture(lines: &[String]) -> String {
    let width = 16 + 8 * lines.iter().map(|line| line.chars().count()).max().unwrap();
    let height = 24 + 18 * lines.len();
    let escaped = |line: &str| line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let text = |(at, line): (usize, &String)| {
        let colour = if line.starts_with("$ ") { "#7ee787" } else { "#e6edf3" };
        format!(
            "<text x=\"12\" y=\"{}\" fill=\"{colour}\" xml:space=\"preserve\">{}</text>\n",
            26 + 18 * at,
            escaped(line)
        )
    };
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"c3 in a terminal\" width=\"{width}\" \
         height=\"{height}\" viewBox=\"0 0 {width} {height}\" font-family=\"ui-monospace, monospace\" font-size=\"13\">\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"#161b22\"/>\n{}</svg>\n",
        lines.iter().enumerate().map(text).collect::<String>()
    )
}

#[test]
fn the_readme_picture_matches_a_terminal() {
    let readme = fs::read_to_string("README.md").unwrap();
    let (_, script) = readme.split_once("```python\n").unwrap();
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("draw.py"), script.split_once("```").unwrap().0).unwrap();
    let mut lines = Vec::new();
    for line in SHOWN {
        let output = typed(folder.path(), line, Screen::Pipe).unwrap();
        assert!(output.status.success(), "{line}");
        lines.push(format!("$ {line}"));
        lines.extend(String::from_utf8(output.stdout).unwrap().lines().map(ToOwned::to_owned));
    }
    assert!(readme.contains("(docs/terminal.svg)"));
    let made = picture(&lines);
    if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
        fs::write("docs/terminal.svg", &made).unwrap();
    }
    assert_eq!(fs::read_to_string("docs/terminal.svg").unwrap(), made, "INSTA_UPDATE=always writes it anew");
}
