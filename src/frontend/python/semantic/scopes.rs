//! Scopes: the parts of a script with their own names.

use std::collections::{HashMap, HashSet};

/// What a scope belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Module,
    /// Names visible in its body only, not in the functions inside.
    Class,
    Function,
    /// A comprehension, in which `:=` binds outside.
    Comprehension,
    /// The type parameters of a definition.
    Types,
}

/// A scope: its names, each with its bindings in order of evaluation.
pub(super) struct Scope<'a> {
    pub(super) kind: Kind,
    pub(super) parent: usize,
    /// The block of the function or module whose code runs here.
    pub(super) frame: usize,
    pub(super) names: HashMap<&'a str, Vec<usize>>,
    /// The bindings of `from … import *`.
    pub(super) stars: Vec<usize>,
    globals: HashSet<&'a str>,
    nonlocals: HashSet<&'a str>,
}

/// The scopes of a script; the first is the module.
#[derive(Default)]
pub(super) struct Scopes<'a>(pub(super) Vec<Scope<'a>>);

impl<'a> Scopes<'a> {
    /// Opens a scope inside another; the first one is inside itself.
    pub(super) fn open(&mut self, kind: Kind, parent: usize, frame: usize) -> usize {
        let (names, stars) = (HashMap::new(), Vec::new());
        let (globals, nonlocals) = (HashSet::new(), HashSet::new());
        self.0.push(Scope { kind, parent, frame, names, stars, globals, nonlocals });
        self.0.len() - 1
    }

    /// `global name`.
    pub(super) fn make_global(&mut self, scope: usize, name: &'a str) {
        self.0[scope].globals.insert(name);
    }

    /// `nonlocal name`.
    pub(super) fn make_nonlocal(&mut self, scope: usize, name: &'a str) {
        self.0[scope].nonlocals.insert(name);
    }

    /// Whether a name in a scope belongs to an enclosing function.
    pub(super) fn is_nonlocal(&self, scope: usize, name: &str) -> bool {
        self.0[scope].nonlocals.contains(name)
    }

    /// The scope in which code binds names; `:=` may have another.
    pub(super) fn of_binding(&self, scope: usize, name: &str) -> usize {
        if self.0[scope].globals.contains(name) { 0 } else { scope }
    }

    /// The scope in which `:=` binds names.
    pub(super) fn of_walrus(&self, scope: usize) -> usize {
        let mut scope = scope;
        while self.0[scope].kind == Kind::Comprehension {
            scope = self.0[scope].parent;
        }
        scope
    }

    /// The enclosing function that binds a name.
    pub(super) fn of_nonlocal(&self, scope: usize, name: &str) -> Option<usize> {
        self.outwards(scope).skip(1).find(|&outer| {
            self.0[outer].kind == Kind::Function
                && !self.is_nonlocal(outer, name)
                && self.0[outer].names.contains_key(name)
        })
    }

    /// The scope of a name used in another scope.
    pub(super) fn owner(&self, scope: usize, name: &str) -> Option<usize> {
        let mut is_direct = true;
        for outer in self.outwards(scope) {
            let found = &self.0[outer];
            if found.globals.contains(name) {
                return self.0[0].names.contains_key(name).then_some(0);
            }
            if (is_direct || found.kind != Kind::Class) && found.names.contains_key(name) {
                return Some(outer);
            }
            is_direct &= found.kind == Kind::Types;
        }
        None
    }

    /// Skips scopes without names on the way outwards, so that chains stay short.
    pub(super) fn shorten(&mut self) {
        for id in 1..self.0.len() {
            let parent = &self.0[self.0[id].parent];
            let is_empty =
                parent.names.is_empty() && parent.globals.is_empty() && parent.nonlocals.is_empty();
            if is_empty && parent.kind != Kind::Types {
                self.0[id].parent = parent.parent;
            }
        }
    }

    /// A scope and those that enclose it.
    fn outwards(&self, scope: usize) -> impl Iterator<Item = usize> {
        let parent = |&scope: &usize| Some(self.0[scope].parent).filter(|&parent| parent != scope);
        std::iter::successors(Some(scope), parent)
    }
}
