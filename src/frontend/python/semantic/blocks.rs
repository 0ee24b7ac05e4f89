//! Blocks: the parts of a script that run together, and which of them exclude, repeat or precede each other.

use ruff_python_ast::Stmt;
use ruff_text_size::Ranged;

use super::bindings::Position;

/// How a block runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// When called: the body of a function; also the module itself.
    Frame,
    /// Instead of its siblings in the same statement: branches, handlers, cases.
    Branch,
    /// Any number of times.
    Loop,
    /// Perhaps: the body of `try`, the `else` of a loop.
    Perhaps,
    /// Whenever the enclosing block does.
    Always,
}

/// A block and the statement it is a part of.
pub(super) struct Block<'a> {
    parent: usize,
    /// The last block inside; blocks are numbered by their starts.
    last: usize,
    frame: usize,
    role: Role,
    statement: Option<&'a Stmt>,
    /// The outermost block that runs exactly when this one does.
    same: usize,
    is_repeated: bool,
    turn: usize,
}

/// The blocks of a script; the first is the module.
#[derive(Default)]
pub(super) struct Blocks<'a>(Vec<Block<'a>>);

impl<'a> Blocks<'a> {
    /// Opens a block inside another; the first one is inside itself.
    pub(super) fn open(&mut self, at: Position, role: Role, statement: Option<&'a Stmt>) -> usize {
        let id = self.0.len();
        let parent = self.0.get(at.block);
        let is_frame = role == Role::Frame;
        let block = Block {
            parent: at.block,
            last: id,
            frame: parent.filter(|_| !is_frame).map_or(id, |parent| parent.frame),
            role,
            statement,
            same: parent.filter(|_| role == Role::Always).map_or(id, |parent| parent.same),
            is_repeated: role == Role::Loop || (!is_frame && parent.is_some_and(|parent| parent.is_repeated)),
            turn: at.turn,
        };
        self.0.push(block);
        id
    }

    /// Closes a block with everything inside.
    pub(super) fn close(&mut self, block: usize) {
        self.0[block].last = self.0.len() - 1;
    }

    /// The function, or the module, that a block belongs to.
    pub(super) fn frame(&self, block: usize) -> usize {
        self.0[block].frame
    }

    /// The outermost block that runs exactly when this one does.
    pub(super) fn same(&self, block: usize) -> usize {
        self.0[block].same
    }

    /// Where a block begins in the enclosing one.
    pub(super) fn beginning(&self, block: usize) -> Position {
        Position { block: self.0[block].parent, turn: self.0[block].turn }
    }

    /// Whether a block is another one or encloses it.
    pub(super) fn holds(&self, outer: usize, inner: usize) -> bool {
        (outer..=self.0[outer].last).contains(&inner)
    }

    /// Whether only one of two blocks runs, as with the branches of a condition.
    pub(super) fn exclude(&self, one: usize, other: usize) -> bool {
        let below = |block: usize, beside: usize| {
            self.outwards(block).take_while(|&outer| !self.holds(outer, beside)).last().map(|id| &self.0[id])
        };
        let (Some(one), Some(other)) = (below(one, other), below(other, one)) else { return false };
        let is_branch = one.role == Role::Branch && other.role == Role::Branch;
        let place = |block: &Block| block.statement.map(Ranged::range);
        is_branch && place(one) == place(other) && !self.0[one.parent].is_repeated
    }

    /// The outermost loop around a block within its frame that doesn't enclose another block.
    pub(super) fn outermost_loop(&self, block: usize, beyond: Option<usize>) -> Option<usize> {
        let frame = self.frame(block);
        let inside =
            |outer: &usize| *outer != frame && beyond.is_none_or(|beyond| !self.holds(*outer, beyond));
        self.outwards(block).take_while(inside).filter(|&outer| self.0[outer].role == Role::Loop).last()
    }

    /// The compound statements around a block, innermost first, and how each runs the part that holds it.
    pub(super) fn around(&self, block: usize) -> impl Iterator<Item = (&'a Stmt, Role)> {
        self.outwards(block).filter_map(|id| Some((self.0[id].statement?, self.0[id].role)))
    }

    /// A block and those around it.
    fn outwards(&self, block: usize) -> impl Iterator<Item = usize> {
        let parent = |&block: &usize| Some(self.0[block].parent).filter(|&parent| parent != block);
        std::iter::successors(Some(block), parent)
    }
}
