//! What a script asks for besides variables: its own command line, which is no input, and a person, who isn't
//! there.

use tree_sitter::Node;

use super::command_line::PACKAGES;
use super::names::{Function, Names};
use super::options::PACKAGE;
use super::shapes::{Call, Shapes};
use crate::diagnostic::Diagnostic;

/// Functions that read input from a person.
const ASKING: &[&str] = &["readline", "menu", "askYesNo", "file.choose"];

/// Programs and R functions that install packages.
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

/// The code of the note on settings that libraries read themselves.
const SETTINGS: &str = "unread-settings";

/// Most enclosing nodes searched for a condition.
const DEPTH: usize = 200;

/// Functions that run a command.
const RUNNERS: &[&str] = &["system", "system2", "shell", "pipe"];

/// The diagnostics.
pub(super) fn told(used: &[(String, Node)], names: &Names, shapes: &Shapes) -> Vec<Diagnostic> {
    let mut told = Vec::new();
    let is_unread = |name: &str| PACKAGES.contains(&name) && name != PACKAGE;
    let is_read = used.iter().any(|(name, _)| name == PACKAGE);
    if let Some((package, node)) = used.iter().find(|(name, _)| is_unread(name)) {
        told.push(options(&format!("`{package}` reads the command line by itself"), *node));
    }
    for call in &shapes.calls {
        let Some(function) = names.function(call.function) else { continue };
        let is_any =
            |known: &[&str]| known.iter().any(|name| function.is_base(name) || function.is("utils", name));
        if is_settings(&function) && told.iter().all(|note| note.code != SETTINGS) {
            told.push(settings(call.node));
        } else if is_any(&["commandArgs"])
            && !is_read
            && told.iter().all(|note| note.code != "unread-options")
        {
            told.push(options("the script reads its command line itself", call.node));
        } else if is_any(ASKING) && !is_for_people(call.node, names) {
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

/// Whether a function is `config::get`; an attached `get` is taken for R's own.
fn is_settings(function: &Function) -> bool {
    function.package.as_deref() == Some("config") && function.name == "get"
}

fn settings(at: Node) -> Diagnostic {
    let message = "`config::get` reads a file, and the variable `R_CONFIG_ACTIVE` by itself: none of its values is an input";
    Diagnostic::note(SETTINGS, message)
        .at(at.byte_range())
        .hint("name the file as an additional one, and read what is to be an input with `Sys.getenv`")
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

/// Whether a condition around a call tests for an interactive session.
fn is_for_people(node: Node, names: &Names) -> bool {
    let mut around = std::iter::successors(node.parent(), Node::parent).take(DEPTH);
    around.any(|outer| {
        let condition = outer.child_by_field_name("condition").filter(|_| outer.kind() == "if_statement");
        condition.is_some_and(|condition| names.text[condition.byte_range()].contains("interactive()"))
    })
}

/// Whether a command installs something, judged by its texts.
fn installs(call: &Call, names: &Names) -> bool {
    let words = names.text[call.arguments.byte_range()].replace(['"', '\'', ',', '(', ')', '\\'], " ");
    let words = words.replace(" c ", " ");
    let words = format!(" {} ", words.split_whitespace().collect::<Vec<_>>().join(" "));
    INSTALLS.iter().any(|install| words.contains(&format!(" {install} ")))
}

#[cfg(test)]
mod tests {
    use crate::frontend;
    use crate::language::Language;
    use crate::source::Source;

    #[test]
    fn interactive_and_unsupported_input_is_reported() {
        let cases: [(&str, &[&str]); 11] = [
            ("library(docopt)\nargs <- commandArgs()", &["unread-options"]),
            ("args <- commandArgs(trailingOnly = TRUE)", &["unread-options"]),
            ("x <- readline(\"name: \")", &["asks-person"]),
            ("if (interactive()) x <- readline()", &[]),
            ("readline <- function(x) x\nreadline(1)", &[]),
            ("system(\"R -e 'install.packages(\\\"six\\\")'\")", &["run-time-install"]),
            ("system2(\"pip\", c(\"install\", \"six\"))", &["run-time-install"]),
            ("system('sudo apt-get install -y git')", &["run-time-install"]),
            ("x <- config::get(\"x\")\ny <- config::get(\"y\", config = \"z\")", &["unread-settings"]),
            ("x <- get(\"x\"); y <- other::get(\"y\")", &[]),
            ("system('ls'); print('pip install six')", &[]),
        ];
        for (text, wanted) in cases {
            let source = Source::new("x.R", Language::R, format!("# T\n{text}\n"));
            let told = frontend::read(&source).diagnostics.into_iter().map(|found| found.code);
            let told: Vec<_> = told.filter(|code| *code != "missing-package").collect();
            assert_eq!(told, wanted, "{text}");
        }
    }
}
