//! The tables of docs/reading.md: each form is read as its row says.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use c3::component::Component;
use c3::frontend;
use c3::language::Language;
use c3::source::Source;

/// The rows of a section of the document: a form, and what it is read as.
fn rows(section: &str) -> Vec<(String, String)> {
    let document = include_str!("../docs/reading.md");
    let (_, text) = document.split_once(&format!("## {section}\n")).unwrap();
    let text = text.split("\n## ").next().unwrap();
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

fn check(section: &str, language: Language, head: &str, least: usize) {
    let rows = rows(section);
    assert!(rows.len() >= least, "{section} has {} forms", rows.len());
    let wrong = rows.iter().filter_map(|(form, wanted)| {
        let source = Source::new("form", language, format!("{head}{form}\n"));
        let found = frontend::read(&source).component.map(|component| told(&component));
        (found.as_ref() != Some(wanted)).then(|| format!("{form}\n  is {found:?}, not {wanted}"))
    });
    assert_eq!(wrong.collect::<Vec<_>>().join("\n"), "");
}

#[test]
fn forms_of_python() {
    check("Python", Language::Python, "import os\n", 60);
}

#[test]
fn forms_of_r() {
    check("R", Language::R, "", 20);
}
