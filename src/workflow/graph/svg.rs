//! SVG: boxes in rows, each below those it depends on.

use std::fmt::Write as _;

use textwrap::core::display_width;

use super::{Edge, Graph, Kind, Node};
use crate::display;

/// Width of a character and height of a line, in pixels.
const CHARACTER: usize = 8;
const LINE: usize = 18;

/// Padding of a box.
const PADDING: usize = 12;

/// Space between boxes and between rows.
const GAP: usize = 28;
const ROW_GAP: usize = 60;

/// Margin of the picture.
const MARGIN: usize = 16;

/// Position and size of a box.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Frame {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

impl Frame {
    fn middle(self) -> usize {
        self.x + self.width / 2
    }
}

/// Draws a graph; `title` is for screen readers.
#[must_use]
pub fn svg(graph: &Graph, title: &str) -> String {
    let (frames, width, height) = layout(graph);
    let title = text(title);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"{title}\" width=\"{width}\" \
         height=\"{height}\" viewBox=\"0 0 {width} {height}\" font-family=\"ui-monospace, monospace\" \
         font-size=\"13\" text-anchor=\"middle\">\n<title>{title}</title>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n\
         <defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" \
         markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0 8 4 0 8z\" fill=\"#555\"/></marker></defs>\n"
    );
    svg.extend(graph.edges.iter().map(|edge| line(frames[edge.from], frames[edge.to], edge.waits)));
    svg.extend(graph.nodes.iter().zip(&frames).map(|(node, frame)| boxed(node, *frame)));
    svg.extend(graph.edges.iter().map(|edge| label(edge, frames[edge.from], frames[edge.to])));
    svg + "</svg>\n"
}

/// The frames of all boxes, and the size of the picture.
pub(super) fn layout(graph: &Graph) -> (Vec<Frame>, usize, usize) {
    let ranks = ranks(graph);
    let mut frames: Vec<Frame> = graph.nodes.iter().map(size).collect();
    let rows = ranks.iter().max().map_or(0, |last| last + 1);
    let row = |rank: usize| (0..frames.len()).filter(|&at| ranks[at] == rank).collect::<Vec<_>>();
    let rows: Vec<Vec<usize>> = (0..rows).map(row).collect();
    let width_of = |row: &Vec<usize>, frames: &[Frame]| {
        row.iter().map(|&at| frames[at].width + GAP).sum::<usize>().saturating_sub(GAP)
    };
    let width = rows.iter().map(|row| width_of(row, &frames)).max().unwrap_or(0);
    let mut y = MARGIN;
    for row in &rows {
        let mut x = MARGIN + (width - width_of(row, &frames)) / 2;
        let height = row.iter().map(|&at| frames[at].height).max().unwrap_or(0);
        for &at in row {
            (frames[at].x, frames[at].y) = (x, y + (height - frames[at].height) / 2);
            x += frames[at].width + GAP;
        }
        y += height + ROW_GAP;
    }
    (frames, width + 2 * MARGIN, y.saturating_sub(ROW_GAP) + MARGIN)
}

/// The row of each box: below all its predecessors; inputs directly above their first reader.
fn ranks(graph: &Graph) -> Vec<usize> {
    let mut ranks = vec![0; graph.nodes.len()];
    // A circle, which no engine would run, must not keep this going.
    for _ in &graph.nodes {
        for edge in &graph.edges {
            ranks[edge.to] = ranks[edge.to].max(ranks[edge.from] + 1).min(graph.nodes.len());
        }
    }
    for (at, _) in graph.nodes.iter().enumerate().filter(|(_, node)| node.kind == Kind::Inputs) {
        let takers = graph.edges.iter().filter(|edge| edge.from == at).map(|edge| ranks[edge.to]);
        ranks[at] = takers.min().unwrap_or(1).saturating_sub(1);
    }
    ranks
}

fn size(node: &Node) -> Frame {
    let widest = node.names.iter().map(|name| display_width(&display::line(name))).max().unwrap_or(0);
    Frame {
        width: widest * CHARACTER + 2 * PADDING,
        height: node.names.len() * LINE + PADDING,
        ..Frame::default()
    }
}

/// Text escaped for XML.
fn text(text: &str) -> String {
    let escaped = |character: char| match character {
        '&' | '<' | '>' | '"' | '\'' => format!("&#{};", u32::from(character)),
        character => character.to_string(),
    };
    display::line(text).chars().map(escaped).collect()
}

fn boxed(node: &Node, frame: Frame) -> String {
    let Frame { x, y, width, height } = frame;
    let (radius, fill) = match node.kind {
        Kind::Inputs => (0, "#f3f3f3"),
        Kind::Step | Kind::Grid => (4, "#dfe9ff"),
        Kind::Outputs => (height / 2, "#e3f4e3"),
    };
    let rect = |x: usize, y: usize| {
        format!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{radius}\" fill=\"{fill}\" \
             stroke=\"#555\"/>\n"
        )
    };
    // Many workers are a stack of boxes.
    let mut drawn = if node.kind == Kind::Grid { rect(x + 5, y + 5) } else { String::new() };
    drawn += &rect(x, y);
    for (at, name) in node.names.iter().enumerate() {
        let baseline = y + PADDING / 2 + (at + 1) * LINE - 5;
        let _ = writeln!(
            drawn,
            "<text x=\"{}\" y=\"{baseline}\" fill=\"#111\">{}</text>",
            frame.middle(),
            text(name)
        );
    }
    drawn
}

fn line(from: Frame, to: Frame, waits: bool) -> String {
    let (x1, y1, x2, y2) = (from.middle(), from.y + from.height, to.middle(), to.y);
    let bend = ROW_GAP / 2;
    let dashes = if waits { " stroke-dasharray=\"4 4\"" } else { "" };
    format!(
        "<path d=\"M{x1} {y1}C{x1} {} {x2} {} {x2} {y2}\" fill=\"none\" stroke=\"#555\"{dashes} \
         marker-end=\"url(#arrow)\"/>\n",
        y1 + bend,
        y2.saturating_sub(bend)
    )
}

/// The names on an arrow, stacked at its middle.
fn label(edge: &Edge, from: Frame, to: Frame) -> String {
    let x = usize::midpoint(from.middle(), to.middle());
    let middle = usize::midpoint(from.y + from.height, to.y) + 4;
    let top = middle.saturating_sub((edge.names.len().saturating_sub(1)) * LINE / 2);
    let line = |(at, name): (usize, &String)| {
        let y = top + at * LINE;
        format!(
            "<text x=\"{x}\" y=\"{y}\" fill=\"#333\" stroke=\"#fff\" stroke-width=\"4\" \
             paint-order=\"stroke\">{}</text>\n",
            text(name)
        )
    };
    edge.names.iter().enumerate().map(line).collect()
}
