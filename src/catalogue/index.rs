//! The first page: all operators and workflows, with a search.

use serde::Serialize;

use super::{Library, Names, Operator, masked, render, workflow};
use crate::diagnostic::Severity;
use crate::frontend;

#[derive(Serialize)]
struct Context {
    operators: Vec<Card>,
    workflows: Vec<Card>,
    failures: Vec<Failed>,
}

#[derive(Serialize, Default)]
struct Card {
    page: String,
    name: String,
    path: String,
    description: String,
    language: String,
    inputs: String,
    outputs: String,
    findings: String,
    /// The words to search, in lower case.
    words: String,
}

#[derive(Serialize)]
struct Failed {
    path: String,
    reason: String,
}

/// Longest description in the list, in characters.
const BRIEF: usize = 200;

pub(super) fn page(library: &Library, names: &Names) -> String {
    let operators = library.operators.iter().zip(&names.operators);
    let workflows = library.workflows.iter().zip(&names.workflows);
    let workflow = |(one, page): (&super::Workflow, &String)| {
        let (name, path) = (workflow::label(one), masked::text(&one.path));
        Card { page: page.clone(), words: path.to_lowercase(), name, path, ..Card::default() }
    };
    let failures = library.failures.iter();
    let context = Context {
        operators: operators.map(|(one, page)| card(one, page)).collect(),
        workflows: workflows.map(workflow).collect(),
        failures: failures
            .map(|(path, reason)| Failed { path: masked::text(path), reason: masked::text(reason) })
            .collect(),
    };
    render("catalogue/index.html", library, "", &context)
}

fn card(operator: &Operator, page: &str) -> Card {
    let component = &operator.component;
    let description = masked::text(&component.description);
    let language = frontend::language_name(component.language);
    let names = component.inputs.iter().map(|input| &input.name);
    let names = names.chain(component.outputs.iter().map(|output| &output.name));
    let words: Vec<&str> = [component.name.as_str(), &description, language, &operator.path]
        .into_iter()
        .chain(names.map(String::as_str))
        .collect();
    Card {
        page: page.to_owned(),
        name: component.name.clone(),
        path: masked::text(&operator.path),
        words: masked::text(&words.join(" ")).to_lowercase(),
        description: beginning(&description),
        language: language.to_owned(),
        inputs: counted(component.inputs.len(), "input"),
        outputs: counted(component.outputs.len(), "output"),
        findings: findings(operator),
    }
}

fn beginning(text: &str) -> String {
    let cut: String = text.chars().take(BRIEF).collect();
    if cut.len() < text.len() { format!("{}…", cut.trim_end()) } else { cut }
}

/// `1 warning`; notes don't count.
fn findings(operator: &Operator) -> String {
    let count = |severity| operator.findings.iter().filter(|found| found.severity == severity).count();
    let kinds = [(count(Severity::Error), "error"), (count(Severity::Warning), "warning")];
    let kinds = kinds.into_iter().filter(|(count, _)| *count > 0);
    kinds.map(|(count, name)| counted(count, name)).collect::<Vec<_>>().join(", ")
}

fn counted(count: usize, name: &str) -> String {
    format!("{count} {name}{}", if count == 1 { "" } else { "s" })
}
