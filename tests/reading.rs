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
