//! The page of a workflow: its picture, its steps in words, its source for Markdown.

use serde::Serialize;

use super::{Library, Names, Workflow, file_name, masked, render};
use crate::display;
use crate::reference::operator_name;
use crate::workflow::graph::{Graph, Kind, mermaid, svg};

#[derive(Serialize)]
struct Context {
    name: String,
    path: String,
    picture: String,
    mermaid: String,
    steps: Vec<Step>,
}

#[derive(Serialize)]
struct Step {
    name: String,
    page: Option<String>,
    after: String,
}

/// What a workflow is called, which is also the name of its page.
pub(super) fn label(workflow: &Workflow) -> String {
    let name = file_name(&workflow.path);
    let stem = name.split('.').next().unwrap_or_default();
    operator_name(stem).unwrap_or_else(|_| "workflow".to_owned())
}

pub(super) fn page(workflow: &Workflow, library: &Library, names: &Names) -> String {
    let (name, graph) = (label(workflow), &workflow.graph);
    let steps = graph.nodes.iter().enumerate();
    let steps = steps.filter(|(_, node)| matches!(node.kind, Kind::Step | Kind::Grid));
    let context = Context {
        path: masked::text(&workflow.path),
        picture: svg(graph, &format!("Workflow {name}")),
        mermaid: mermaid(graph),
        steps: steps.map(|(at, _)| step(graph, at, library, names)).collect(),
        name,
    };
    render("catalogue/workflow.html", library, &context.name, &context)
}

fn step(graph: &Graph, at: usize, library: &Library, names: &Names) -> Step {
    let name = |at: usize| graph.nodes[at].names.first().cloned().unwrap_or_default();
    let before = graph.edges.iter().filter(|edge| edge.to == at).map(|edge| edge.from);
    let before = before.filter(|&from| matches!(graph.nodes[from].kind, Kind::Step | Kind::Grid));
    let label = operator_name(&name(at)).unwrap_or_default();
    let mut operators = library.operators.iter().zip(&names.operators);
    let page = operators.find(|(operator, _)| operator.component.name == label);
    Step {
        name: masked::text(&name(at)),
        page: page.map(|(_, page)| format!("../{page}")),
        after: masked::text(&display::listed(&before.map(name).collect::<Vec<_>>())),
    }
}
