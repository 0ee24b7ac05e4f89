//! The tables of docs/reading.md: each form is read as its row says.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use c3::component::{Component, Via};
use c3::frontend;
use c3::language::Language;
use c3::source::Source;
use serde_json::json;

/// The rows of a section of the document: a form, and what it is read as.
fn rows(section: &str) -> Vec<(String, String)> {
    let document = include_str!("../docs/reading.md");
    let (_, text) = document.split_once(&format!("# {section}\n")).unwrap();
    let text = text.split("\n#").next().unwrap();
    let cells = text.lines().filter_map(|line| {
        let (form, rest) = line.strip_prefix("| `")?.rsplit_once("` | ")?;
        Some((form.replace("\\|", "|").replace('⏎', "\n"), rest.trim_end_matches(" |").to_owned()))
    });
    cells.collect()
}

/// An interface as the document has it.
fn told(component: &Component) -> String {
    let inputs = component.inputs.iter().map(|input| match (&input.default, input.required) {
        (_, true) => format!("{} required", input.name),
        (None, false) => format!("{} optional", input.name),
        (Some(default), false) => format!("{} = {default}", input.name),
    });
    let outputs = component.outputs.iter().map(|output| format!("{} out", output.name));
    let all: Vec<_> = inputs.chain(outputs).collect();
    if all.is_empty() { "—".to_owned() } else { all.join(", ") }
}

/// Checks the rows of a section by a function that reads a form.
fn check_rows(section: &str, least: usize, read: impl Fn(&str) -> Option<String>) {
    let rows = rows(section);
    assert!(rows.len() >= least, "{section} has {} forms", rows.len());
    let wrong = rows.iter().filter_map(|(form, wanted)| {
        let found = read(form);
        (found.as_ref() != Some(wanted)).then(|| format!("{form}\n  is {found:?}, not {wanted}"))
    });
    assert_eq!(wrong.collect::<Vec<_>>().join("\n"), "");
}

fn check(section: &str, language: Language, (head, tail): (&str, &str), least: usize) {
    check_rows(section, least, |form| {
        let source = Source::new("form", language, format!("{head}{form}\n{tail}"));
        frontend::read(&source).component.map(|component| told(&component))
    });
}

/// The inputs of a notebook whose cell of parameters is this, with their types; what is left out has a note.
fn told_of_cell(kernel: &str, cell: &str) -> Option<String> {
    let cell = json!({"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": cell});
    let kernel = json!({"kernelspec": {"name": kernel}});
    let notebook = json!({"nbformat": 4, "metadata": kernel, "cells": [cell]}).to_string();
    let (language, text, notebook) = frontend::notebook::flatten(&notebook).unwrap();
    let reading = frontend::read(&Source::new("form", language, text).with_notebook(notebook));
    let component = reading.component?;
    assert!(component.inputs.iter().all(|input| input.via == Via::Cell));
    let is_left_out = reading.diagnostics.iter().any(|diagnostic| diagnostic.code == "no-parameter");
    let inputs = component.inputs.iter().map(|input| {
        let kind = input.kind.name();
        match &input.default {
            Some(default) => format!("{}: {kind} = {default}", input.name),
            None => format!("{}: {kind} optional", input.name),
        }
    });
    let all: Vec<_> = inputs.collect();
    assert_eq!(all.is_empty(), is_left_out, "{cell}");
    Some(if all.is_empty() { "—".to_owned() } else { all.join(", ") })
}

#[test]
fn parameters_of_notebooks() {
    check_rows("A cell of Python", 20, |form| told_of_cell("python3", form));
    check_rows("A cell of R", 12, |form| told_of_cell("ir", form));
}

#[test]
fn forms_of_python() {
    check("Python", Language::Python, ("import os\n", ""), 60);
}

#[test]
fn forms_of_r() {
    check("R", Language::R, ("", ""), 20);
}

#[test]
fn forms_of_command_lines() {
    let around = ("import argparse, os\np = argparse.ArgumentParser()\n", "p.parse_args()\n");
    check("Command lines of Python", Language::Python, around, 30);
}

#[test]
fn options_of_optparse() {
    let around = ("import optparse, os\np = optparse.OptionParser()\n", "o, _ = p.parse_args()\n");
    check("Options of Python's optparse", Language::Python, around, 15);
}

#[test]
fn required_options() {
    let head = "import argparse, os\np = argparse.ArgumentParser()\np.add_argument('--x')\n\
        p.add_argument('--y', default='d')\na = p.parse_args()\n";
    check("What a script does without an option", Language::Python, (head, ""), 10);
    let head = "library(optparse)\no <- parse_args(OptionParser(option_list = list(\
        make_option(\"--x\"), make_option(\"--y\", default = \"d\"))))\n";
    check("What a script of R does without an option", Language::R, (head, ""), 6);
}

#[test]
fn forms_of_commands() {
    let around = (
        "import click\n@click.command()\n",
        "def main(**given): print(given)\nif __name__ == '__main__':\n main()\n",
    );
    check("Commands of click", Language::Python, around, 25);
    let head = "import typer\nfrom enum import Enum\nfrom pathlib import Path\nfrom typing import *\n\
        class Color(str, Enum):\n red = 'r'\ndef main(";
    check("Commands of typer", Language::Python, (head, "): print(1)\ntyper.run(main)\n"), 20);
}

#[test]
fn forms_of_settings() {
    check("Settings of libraries in Python", Language::Python, ("import os\n", ""), 18);
}

#[test]
fn options_of_r() {
    let tail = ")\no <- parse_args(OptionParser(option_list = o))\n";
    check("Options of R's optparse", Language::R, ("library(optparse)\no <- list(\n", tail), 10);
}

/// Uses of the environment in Python, each of which names `x`, all variables, or something that is known at run time only.
const USES: &[&str] = &[
    "os.environ['x']",
    "os.getenv('x')",
    "os.getenv('x', 'd')",
    "os.environ.get('x')",
    "os.environ.pop('x', None)",
    "os.environ.setdefault('x', 'd')",
    "os.environ.items()",
    "('x' in os.environ)",
    "dict(os.environ)",
    "dict(os.environ)['x']",
    "{**os.environ}",
    "sorted(os.environ)",
    "os.environb[b'x']",
    "os.getenvb(b'x')",
    "os.getenv(g())",
    "os.environ[g()]",
    "g(os.environ)",
    "g(*os.environ)",
    "(lambda e: e['x'])(os.environ)",
    "os.path.expandvars('$x')",
    "os.path.expandvars(g())",
    "os.environ.copy()",
    "os.environ.__getitem__('x')",
    "[os.environ][0]",
    "g(env=os.environ, key=os.getenv)",
];

/// Places where they may stand.
const PLACES: &[&str] = &[
    "print(USE)",
    "y = USE",
    "y: str = USE",
    "print(y := USE)",
    "def f():\n    return USE\nf()",
    "def f():\n    return USE",
    "def f():\n    yield USE",
    "async def f():\n    await g(USE)",
    "def f(y=USE):\n    return y",
    "@g(USE)\ndef f():\n    pass",
    "class C:\n    y = USE",
    "class C:\n    def f(self):\n        self.y = USE",
    "class C(g(USE)):\n    pass",
    "y = lambda: USE",
    "if USE:\n    print(1)",
    "while USE:\n    break",
    "for y in [USE]:\n    print(y)",
    "y = [USE for _ in range(2)]",
    "y = {USE: 1 for _ in g()}",
    "with g(USE) as y:\n    print(y)",
    "try:\n    y = USE\nexcept Exception:\n    y = None",
    "try:\n    pass\nfinally:\n    y = USE",
    "assert USE",
    "match USE:\n    case _:\n        print(1)",
    "print(f'{ USE }')",
    "y = USE if g() else USE",
    "y = g() or USE",
    "raise ValueError(USE)",
    "y[USE] = 1",
    "y = g()\ny += USE",
    "def f():\n    global y\n    y = USE\nif __name__ == '__main__':\n    f()",
];

/// Uses of the environment in R.
const R_USES: &[&str] = &[
    "Sys.getenv(\"x\")",
    "Sys.getenv(\"x\", \"d\")",
    "Sys.getenv(\"x\", unset = NA)",
    "base::Sys.getenv(\"x\")",
    "Sys.getenv(c(\"x\", \"y\"))",
    "Sys.getenv()",
    "Sys.getenv()[[\"x\"]]",
    "(\"x\" %in% names(Sys.getenv()))",
    "Sys.getenv(g())",
    "g(Sys.getenv)",
    "sapply(g(), Sys.getenv)",
    "do.call(Sys.getenv, g())",
    "as.integer(Sys.getenv(\"x\"))",
    "Sys.setenv(x = \"1\")",
    "do.call(Sys.setenv, g())",
];

/// Places where they may stand.
const R_PLACES: &[&str] = &[
    "print(USE)",
    "y <- USE",
    "USE -> y",
    "y = USE",
    "f <- function() USE\nf()",
    "f <- function() USE",
    "f <- function(y = USE) y",
    "f <- \\(y) USE",
    "if (isTRUE(USE)) print(1)",
    "while (g(USE)) break",
    "for (y in USE) print(y)",
    "y <- list(a = USE)",
    "y$a[[1]] <- USE",
    "tryCatch(USE, error = function(e) NULL)",
    "local({ y <- USE })",
    "repeat { USE; break }",
    "switch(USE, a = 1)",
    "USE |> print()",
];

/// The generated sources of which neither the interface nor a diagnostic says anything.
fn silent(language: Language, head: &str, uses: &[&str], places: &[&str]) -> Vec<String> {
    let texts = places
        .iter()
        .flat_map(|place| uses.iter().map(move |one| format!("{head}{}\n", place.replace("USE", one))));
    let is_silent = |text: &String| {
        let reading = frontend::read(&Source::new("form", language, text.clone()));
        let is_known = reading
            .component
            .is_none_or(|component| !component.inputs.is_empty() || !component.outputs.is_empty());
        !is_known && reading.diagnostics.iter().all(|found| found.code == "missing-description")
    };
    texts.filter(is_silent).collect()
}

#[test]
fn every_use_of_the_environment_is_read_or_reported() {
    let python = silent(Language::Python, "import os\n", USES, PLACES);
    let r = silent(Language::R, "# T\n", R_USES, R_PLACES);
    let count = USES.len() * PLACES.len() + R_USES.len() * R_PLACES.len();
    let found = [python, r].concat();
    assert!(found.is_empty(), "{} of {count} are silent:\n{}", found.len(), found.join("\n---\n"));
    // The test can fail: what isn't the environment is not told of.
    assert_eq!(silent(Language::Python, "", &["g()"], &["print(USE)"]).len(), 1);
}
