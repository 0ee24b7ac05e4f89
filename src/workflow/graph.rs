//! Graphs of workflows: steps, what passes between them, inputs and outputs.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Engine, Operator, Origin, Remark, Workflow, join};
use crate::backend::parameter::LOG_LEVEL;

mod airflow;
mod argo;
mod file;
mod mermaid;
mod pipeline;
mod snakemake;
mod svg;

pub use file::{FileError, is_dag, is_snakefile, parse};
pub use mermaid::mermaid;
pub use svg::svg;

/// Boxes and the arrows between them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Graph {
    /// The boxes: inputs, then steps in order, then outputs.
    pub nodes: Vec<Node>,
    /// The arrows.
    pub edges: Vec<Edge>,
}

/// A box of a graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Node {
    /// Its kind.
    pub kind: Kind,
    /// A step's name, or the names of inputs or outputs.
    pub names: Vec<String>,
}

/// The kind of a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Inputs of the workflow that the same steps take.
    Inputs,
    /// A step.
    Step,
    /// A step whose workers share batches.
    Grid,
    /// Outputs of a step that no other takes.
    Outputs,
}

/// An arrow from one box to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edge {
    /// Index of the source box.
    pub from: usize,
    /// Index of the target box.
    pub to: usize,
    /// The outputs that pass here; none if the target only waits, and at inputs and outputs.
    pub names: Vec<String>,
    /// Whether nothing passes: the target waits for the source.
    pub waits: bool,
}

/// The graph of operators joined for an engine, with remarks on what could not be joined.
#[must_use]
pub fn graph(operators: &[Operator], engine: Engine) -> (Graph, Vec<Remark>) {
    let (workflow, remarks) = join(operators, engine);
    (parts(&workflow, engine).graph(), remarks)
}

/// The parts of a workflow in any format; steps by their index.
#[derive(Debug, Default)]
struct Parts {
    /// Names, and whether each is a grid.
    steps: Vec<(String, bool)>,
    /// Inputs of the workflow and the steps that take them.
    inputs: Vec<(String, usize)>,
    /// Outputs passed from step to step.
    joins: Vec<(usize, usize, String)>,
    /// Steps that wait for others.
    waits: Vec<(usize, usize)>,
    /// Outputs of steps that no other step takes.
    outputs: Vec<(usize, String)>,
}

fn parts(workflow: &Workflow, engine: Engine) -> Parts {
    let index: BTreeMap<&str, usize> =
        workflow.steps.iter().enumerate().map(|(at, step)| (step.id.as_str(), at)).collect();
    let mut parts = Parts::default();
    for (at, step) in workflow.steps.iter().enumerate() {
        parts.steps.push((step.id.clone(), step.operator.is_grid()));
        for (_, origin) in &step.sources {
            match origin {
                Origin::Input(name) => parts.inputs.push((name.clone(), at)),
                Origin::Output { step, outcome, .. } => {
                    parts.joins.extend(index.get(step.as_str()).map(|&from| (from, at, outcome.id.clone())));
                }
                Origin::Unset => {}
            }
        }
        if engine.has_surroundings() && at > 0 && !step.is_joined() {
            parts.waits.push((at - 1, at));
        }
    }
    let ends = workflow.outputs.iter();
    parts.outputs.extend(ends.filter_map(|end| Some((*index.get(end.step.as_str())?, end.id.clone()))));
    parts
}

impl Parts {
    /// The graph: inputs of the same steps share a box, and so do the outputs of a step.
    fn graph(mut self) -> Graph {
        self.inputs.retain(|(name, _)| name != LOG_LEVEL);
        let inputs = self.shared_inputs();
        let first = inputs.len();
        let step = |at: usize| first + at;
        let mut graph = Graph::default();
        for (takers, names) in inputs {
            let from = graph.nodes.len();
            graph.nodes.push(Node { kind: Kind::Inputs, names });
            graph.edges.extend(takers.into_iter().map(|to| Edge::plain(from, step(to))));
        }
        graph.nodes.extend(self.steps.iter().map(|(name, is_grid)| {
            let kind = if *is_grid { Kind::Grid } else { Kind::Step };
            Node { kind, names: vec![name.clone()] }
        }));
        for ((from, to), names) in collected(self.joins.iter().map(|(from, to, name)| ((*from, *to), name))) {
            graph.edges.push(Edge { names, ..Edge::plain(step(from), step(to)) });
        }
        let waits = self.waits.iter();
        graph
            .edges
            .extend(waits.map(|(from, to)| Edge { waits: true, ..Edge::plain(step(*from), step(*to)) }));
        for (from, names) in collected(self.outputs.iter().map(|(from, name)| (*from, name))) {
            let to = graph.nodes.len();
            graph.nodes.push(Node { kind: Kind::Outputs, names });
            graph.edges.push(Edge::plain(step(from), to));
        }
        graph
    }

    /// Inputs by the steps that take them, in order.
    fn shared_inputs(&self) -> Vec<(Vec<usize>, Vec<String>)> {
        let takers = collected(self.inputs.iter().map(|(name, to)| (name, to)));
        let mut shared: Vec<(Vec<usize>, Vec<String>)> = Vec::new();
        for (name, takers) in takers {
            match shared.iter_mut().find(|(others, _)| *others == takers) {
                Some((_, names)) => names.push(name.clone()),
                None => shared.push((takers, vec![name.clone()])),
            }
        }
        shared
    }
}

impl Edge {
    fn plain(from: usize, to: usize) -> Self {
        Self { from, to, names: Vec::new(), waits: false }
    }
}

/// Values by key, in order and without duplicates.
fn collected<'a, K: PartialEq, V: Clone + PartialEq + 'a>(
    pairs: impl Iterator<Item = (K, &'a V)>,
) -> Vec<(K, Vec<V>)> {
    let mut collected: Vec<(K, Vec<V>)> = Vec::new();
    for (key, value) in pairs {
        match collected.iter_mut().find(|(other, _)| *other == key) {
            Some((_, values)) if values.contains(value) => {}
            Some((_, values)) => values.push(value.clone()),
            None => collected.push((key, vec![value.clone()])),
        }
    }
    collected
}

#[cfg(test)]
mod tests;
