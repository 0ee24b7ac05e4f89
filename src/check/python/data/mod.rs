//! A script's use of a platform's data: where it writes, and which folders it lists.

use std::collections::BTreeSet;

use ruff_python_ast::Stmt;

use self::places::Places;
use super::calls::{self, Call};
use crate::check::data::Job;
use crate::diagnostic::Diagnostic;
use crate::frontend::place::Place;
use crate::frontend::python::semantic::Model;

mod places;
mod writers;

/// Functions that list a folder without its index.
const WALKERS: &[&str] = &["glob.glob", "glob.iglob", "os.listdir", "os.scandir", "os.walk"];

/// Methods of paths that do.
const WALKS: &[&str] = &["glob", "iterdir", "rglob"];

/// Reports what breaks the platform's rules.
pub(super) fn check(body: &[Stmt], model: &Model, job: &Job) -> Vec<Diagnostic> {
    let places = Places::of(body, model, &job.names);
    let installed = BTreeSet::new();
    let mut walked = BTreeSet::new();
    calls::find(body, model, &installed, |call| {
        let written = || places.find(writers::written(call)?);
        let wrong = written().and_then(|place| job.written(place, &places.delivered));
        wrong.or_else(|| job.walked(folder(call, &places)?, &mut walked))
    })
}

/// The folder that a call lists.
fn folder(call: &Call, places: &Places) -> Option<Place> {
    let folder = if call.known(WALKERS).is_some() {
        call.argument(0, "top")
    } else {
        WALKS.contains(&call.name()).then(|| call.receiver())?
    };
    places.find(folder?)
}
