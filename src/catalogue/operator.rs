//! The page of an operator.

use serde::Serialize;

use super::run::{Way, ways};
use super::{Library, Operator, masked, render};
use crate::component::{Input, Requirement};
use crate::diagnostic::Finding;
use crate::frontend;
use crate::location::Location;
use crate::rules::RULES;

#[derive(Serialize)]
struct Context {
    name: String,
    description: String,
    path: String,
    language: &'static str,
    image: String,
    version: String,
    digest: Option<String>,
    inputs: Vec<Port>,
    outputs: Vec<Port>,
    ways: Vec<Way>,
    requirements: Vec<String>,
    findings: Vec<ShownFinding>,
    source: Option<String>,
}

#[derive(Serialize)]
struct Port {
    name: String,
    kind: String,
    default: Option<String>,
    /// The text in place of a default.
    need: &'static str,
    description: String,
}

#[derive(Serialize)]
struct ShownFinding {
    severity: &'static str,
    code: String,
    place: String,
    // From here on markup.
    message: String,
    hint: Option<String>,
    meaning: String,
    remedy: String,
}

pub(super) fn page(operator: &Operator, library: &Library) -> String {
    let component = &operator.component;
    let port = |name: &str, kind: &str, description: &Option<String>| Port {
        name: masked::text(name),
        kind: masked::text(kind),
        default: None,
        need: "",
        description: masked::text(description.as_deref().unwrap_or_default()),
    };
    let input = |input: &Input| Port {
        default: input.default.as_deref().filter(|_| !input.secret).map(masked::text),
        need: need(input),
        ..port(&input.name, input.kind.name(), &input.description)
    };
    let outputs = component.outputs.iter();
    let outputs = outputs.map(|output| port(&output.name, output.kind.name(), &output.description));
    let context = Context {
        name: component.name.clone(),
        description: masked::text(&component.description),
        path: masked::text(&operator.path),
        language: frontend::language_name(component.language),
        image: format!("{}:{}", operator.image.repository, operator.image.tag()),
        version: operator.image.version.clone(),
        digest: operator.image.digest.clone(),
        inputs: component.inputs.iter().map(input).collect(),
        outputs: outputs.collect(),
        ways: ways(operator),
        requirements: component.requirements.iter().map(requirement).collect(),
        findings: operator.findings.iter().map(shown).collect(),
        source: operator.source.as_deref().map(|source| masked::source(source, component)),
    };
    render("catalogue/operator.html", library, &component.name, &context)
}

fn need(input: &Input) -> &'static str {
    match (input.required, input.secret) {
        (true, true) => "required, secret",
        (true, false) => "required",
        (false, true) => "secret",
        (false, false) => "none",
    }
}

fn requirement(requirement: &Requirement) -> String {
    let text = match requirement {
        Requirement::Pip { text, .. } => format!("pip install {text}"),
        Requirement::Conda { text, .. } => format!("conda {text}"),
        Requirement::System { text, .. } => text.clone(),
        Requirement::R { text, .. } => format!("R package {text}"),
    };
    masked::text(&text)
}

fn shown(finding: &Finding) -> ShownFinding {
    let rule = RULES.iter().find(|rule| rule.code == finding.code);
    ShownFinding {
        severity: finding.severity.name(),
        code: finding.code.clone(),
        place: finding.location.map(place).unwrap_or_default(),
        message: masked::markup(&finding.message),
        hint: finding.hint.as_deref().map(masked::markup),
        meaning: rule.map(|rule| masked::markup(&rule.meaning())).unwrap_or_default(),
        remedy: rule.map(|rule| masked::markup(&rule.remedy())).unwrap_or_default(),
    }
}

fn place(location: Location) -> String {
    let cell = location.cell.map(|cell| format!("cell {cell}, ")).unwrap_or_default();
    format!(" ({cell}line {})", location.line)
}
