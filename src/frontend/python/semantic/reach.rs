//! Reach: which bindings of a name may be in force where it is used.

use super::bindings::{Binding, Position};
use super::blocks::Blocks;

/// Most bindings of one name examined before a use, and after it.
const MAX_BINDINGS: usize = 200;

/// What is known of the bindings of a script.
pub(super) struct Reach<'m, 'a> {
    pub(super) blocks: &'m Blocks<'a>,
    pub(super) bindings: &'m [Binding<'a>],
}

/// The bindings that may be in force.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Reached {
    /// The bindings.
    pub(super) bindings: Vec<usize>,
    /// The turn of the one that shadows all before it, if any.
    pub(super) since: Option<usize>,
}

impl Reach<'_, '_> {
    /// The bindings of a name, in order of evaluation, that may be in force at a use; the name belongs to a
    /// frame. A function may be called any time after its definition, so later bindings of outer names count
    /// too.
    pub(super) fn of(&self, name: &[usize], owner: usize, at: Position) -> Reached {
        let mut reached = Reached { bindings: self.strangers(name, at), since: None };
        let mut at = at;
        loop {
            let frame = self.blocks.frame(at.block);
            let hiding = self.before(name, at, &mut reached);
            self.again(name, at, hiding, &mut reached);
            if hiding.is_some() || frame == owner || frame == 0 {
                return reached;
            }
            at = self.blocks.beginning(frame);
            let later = self.after(name, at).filter(|&id| self.frame(id) == self.blocks.frame(at.block));
            reached.bindings.extend(later);
        }
    }

    fn at(&self, binding: usize) -> Position {
        self.bindings[binding].at
    }

    fn frame(&self, binding: usize) -> usize {
        self.blocks.frame(self.at(binding).block)
    }

    fn split(&self, name: &[usize], at: Position) -> usize {
        name.partition_point(|&binding| self.at(binding).turn < at.turn)
    }

    fn after(&self, name: &[usize], at: Position) -> impl Iterator<Item = usize> {
        name[self.split(name, at)..].iter().copied().take(MAX_BINDINGS)
    }

    /// Bindings in functions that don't enclose the use, which may be called at any time.
    fn strangers(&self, name: &[usize], at: Position) -> Vec<usize> {
        let is_around = |binding: usize| self.blocks.holds(self.frame(binding), at.block);
        name.iter().copied().take(MAX_BINDINGS).filter(|&binding| !is_around(binding)).collect()
    }

    /// Bindings before a use in its own frame, back to one that shadows the others, and that one's block.
    fn before(&self, name: &[usize], at: Position, reached: &mut Reached) -> Option<usize> {
        let frame = self.blocks.frame(at.block);
        let earlier = name[..self.split(name, at)].iter().rev().copied().take(MAX_BINDINGS);
        for binding in earlier.filter(|&binding| self.frame(binding) == frame) {
            let block = self.at(binding).block;
            let hides = self.blocks.holds(block, at.block);
            if hides || !self.blocks.exclude(block, at.block) {
                reached.bindings.push(binding);
            }
            if hides {
                reached.since = Some(self.at(binding).turn);
                return Some(block);
            }
        }
        None
    }

    /// Bindings after a use that an earlier iteration of an enclosing loop may have made.
    fn again(&self, name: &[usize], at: Position, hiding: Option<usize>, reached: &mut Reached) {
        let Some(outermost) = self.blocks.outermost_loop(at.block, hiding) else { return };
        let frame = self.blocks.frame(at.block);
        let in_loop =
            |&id: &usize| self.frame(id) == frame && self.blocks.holds(outermost, self.at(id).block);
        let later: Vec<_> = self.after(name, at).filter(in_loop).collect();
        reached.bindings.extend(later);
    }
}
