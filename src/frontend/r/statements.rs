//! Statements: the innermost simple one around a position.

use std::ops::Range;

use super::shapes::Shapes;

/// The statements of a script, sorted by start.
pub(super) struct Statements {
    spans: Vec<Range<usize>>,
    /// The parent of each.
    parents: Vec<Option<usize>>,
}

impl Statements {
    pub(super) fn new(shapes: &Shapes) -> Self {
        let spans: Vec<Range<usize>> = shapes.statements.iter().map(|(node, _)| node.byte_range()).collect();
        let mut open: Vec<usize> = Vec::new();
        let mut parents = Vec::with_capacity(spans.len());
        for (at, span) in spans.iter().enumerate() {
            while open.last().is_some_and(|&last| spans[last].end <= span.start) {
                open.pop();
            }
            parents.push(open.last().copied());
            open.push(at);
        }
        Self { spans, parents }
    }

    /// The innermost statement around a byte, if it is simple.
    pub(super) fn around(&self, offset: usize) -> Option<Range<usize>> {
        let after = self.spans.partition_point(|span| span.start <= offset);
        let mut at = after.checked_sub(1)?;
        while self.spans[at].end <= offset {
            at = self.parents[at]?;
        }
        let span = self.spans[at].clone();
        let holds_others = self.spans.get(at + 1).is_some_and(|next| next.start < span.end);
        (!holds_others).then_some(span)
    }
}
