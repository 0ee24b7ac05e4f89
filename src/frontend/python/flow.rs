//! Flow: follows a script in order of execution, as far as that is known: which variables it reads and writes, what it
//! does without them, and what names refer to.
//!
//! Nothing is run. Branches are followed one by one and joined; functions where they are called, with what is known of
//! their arguments; loops over literals element by element. Tests of a read's value decide whether the program can do
//! without it, so that `if x is None: x = 1` is the same as a default.

use std::collections::HashSet;

use ruff_python_ast::Stmt;

use super::semantic::Model;

mod asks;
mod blocks;
mod builtins;
mod calls;
mod catches;
mod certain;
mod choices;
mod classes;
mod compares;
mod conditions;
mod dispatch;
mod ends;
mod environment;
mod evaluate;
mod functions;
mod guards;
mod idle;
mod lists;
mod mappings;
mod methods;
mod mutations;
mod numbers;
mod objects;
mod options;
mod parsed;
mod records;
mod rejects;
mod selects;
mod state;
mod stores;
mod targets;
mod value;
mod walk;

pub(crate) use certain::Doubts;
pub(super) use certain::is_main;
pub(super) use ends::Ends;
pub(super) use options::Defaults;
pub(super) use records::{FlowAnalysis, Use};

/// Every use of an environment variable, in order, and diagnostics; and the command-line options, with these
/// defaults, that the script requires. The functions of a module are called by others.
pub(super) fn follow(body: &[Stmt], model: &Model, options: &Defaults, is_module: bool) -> FlowAnalysis {
    let idle = if is_module { HashSet::new() } else { idle::idle(body) };
    walk::Walker::new(model, options, is_module, idle).run(body).finish()
}
