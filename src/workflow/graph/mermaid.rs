//! Mermaid: a flow chart that GitHub, GitLab and many editors show.

use super::{Edge, Graph, Kind, Node};
use crate::display;

/// Writes a graph as a flow chart from top to bottom.
#[must_use]
pub fn mermaid(graph: &Graph) -> String {
    let nodes = graph.nodes.iter().enumerate().map(|(at, node)| format!("  n{at}{}\n", shape(node)));
    let edges = graph.edges.iter().map(arrow);
    std::iter::once("flowchart TD\n".to_owned()).chain(nodes).chain(edges).collect()
}

fn shape(node: &Node) -> String {
    let text = quoted(&node.names);
    match node.kind {
        Kind::Inputs => format!("[/{text}/]"),
        Kind::Step => format!("[{text}]"),
        Kind::Grid => format!("[[{text}]]"),
        Kind::Outputs => format!("([{text}])"),
    }
}

fn arrow(edge: &Edge) -> String {
    let line = if edge.waits { "-.->" } else { "-->" };
    let label = if edge.names.is_empty() { String::new() } else { format!("|{}|", quoted(&edge.names)) };
    format!("  n{} {line}{label} n{}\n", edge.from, edge.to)
}

/// Names in double quotes, one per line, with what Mermaid or a browser would interpret escaped.
fn quoted(names: &[String]) -> String {
    let escaped = |character: char| match character {
        '"' | '#' | '&' | '<' | '>' | '`' | '\\' | '%' => format!("#{};", u32::from(character)),
        character => character.to_string(),
    };
    let line = |name: &String| display::line(name).chars().map(escaped).collect::<String>();
    format!("\"{}\"", names.iter().map(line).collect::<Vec<_>>().join("<br/>"))
}
