//! What a script asks for beside its variables: its own command line, which is no input, and a person, who isn't there.

use tree_sitter::Node;

use super::arguments;
use super::command_line::PACKAGES;
use super::fold;
use super::names::Names;
use super::shapes::{Call, Shapes};
use crate::diagnostic::Diagnostic;

/// Functions that read what a person types, and those that do so where they are given `stdin`.
const ASKING: &[&str] = &["readline", "menu", "askYesNo", "file.choose", "invokeRestart"];
const READING: &[&str] = &["readLines", "scan", "readRDS"];

/// Programs whose commands install packages, and R's own functions that do.
const INSTALLS: &[&str] = &[
    "install.packages",
    "BiocManager::install",
    "install_github",
    "pip install",
    "pip3 install",
    "conda install",
    "mamba install",
    "apt-get install",
    "apt install",
    "dnf install",
    "yum install",
    "R CMD INSTALL",
];

/// Functions that run a command.
const RUNNERS: &[&str] = &["system", "system2", "shell", "pipe"];

/// What there is to say of it.
pub(super) fn told(used: &[(String, Node)], names: &Names, shapes: &Shapes) -> Vec<Diagnostic> {
    let mut told = Vec::new();
    if let Some((package, node)) = used.iter().find(|(name, _)| PACKAGES.contains(&name.as_str())) {
        told.push(options(&format!("`{package}` reads the command line by itself"), *node));
    }
    for call in &shapes.calls {
        let Some(function) = names.function(call.function) else { continue };
        let is_any =
            |known: &[&str]| known.iter().any(|name| function.is_base(name) || function.is("utils", name));
        if is_any(&["commandArgs"]) && told.iter().all(|note| note.code != "unread-options") {
            told.push(options("the script reads its command line itself", call.node));
        } else if is_any(ASKING) || (is_any(READING) && is_given_stdin(call, names)) {
            told.push(asked(&function.name, call.node));
        } else if is_any(RUNNERS) && installs(call, names) {
            told.push(installed(call.node));
        }
    }
    told
}

fn options(message: &str, at: Node) -> Diagnostic {
    let message = format!("{message}: its options are no inputs");
    Diagnostic::note("unread-options", message).at(at.byte_range()).hint(
        "what stands behind `--` reaches the script as it is; read what is to be an input with `Sys.getenv`",
    )
}

fn asked(name: &str, at: Node) -> Diagnostic {
    let message = format!("`{name}()` asks a person, and in a container nobody answers");
    Diagnostic::warning("asks-person", message)
        .at(at.byte_range())
        .hint("read the value from the environment, as with `Sys.getenv(\"name\")`")
}

fn installed(at: Node) -> Diagnostic {
    Diagnostic::warning("run-time-install", "a package is installed here while the operator runs")
        .at(at.byte_range())
        .hint("write a line such as `install.packages(\"name\")`, which puts it into the image")
}

/// `"stdin"` or `file("stdin")`; R's own `stdin()` is the script itself where it is piped in.
fn is_given_stdin(call: &Call, names: &Names) -> bool {
    let given = arguments::of(call.arguments, names.text);
    let first = given.first().and_then(|argument| argument.value);
    first.is_some_and(|first| {
        let text = names.text[first.byte_range()].split_whitespace().collect::<String>();
        fold::text(first, names).is_some_and(|text| text == "stdin")
            || ["stdin()", "file(\"stdin\")", "file('stdin')"].contains(&text.as_str())
    })
}

/// Whether a command that is run installs something, as far as its texts say so.
fn installs(call: &Call, names: &Names) -> bool {
    let words = names.text[call.arguments.byte_range()].replace(['"', '\'', ',', '(', ')', '\\'], " ");
    let words = format!(" {} ", words.split_whitespace().collect::<Vec<_>>().join(" "));
    INSTALLS.iter().any(|install| words.contains(&format!(" {install} ")))
}
