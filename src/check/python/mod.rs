//! Checks of Python.

use std::collections::BTreeSet;
use std::sync::Arc;

use ruff_python_ast::Stmt;

use super::data::Job;
use super::surroundings::Surroundings;
use crate::component::{Component, Type};
use crate::diagnostic::Diagnostic;
use crate::frontend::interface::Action;
use crate::frontend::python::{self, semantic::Model};
use crate::language::Language;
use crate::memo::Memo;
use crate::neighbours::Neighbour;
use crate::source::Source;

mod calls;
mod commands;
mod data;
mod downloads;
mod imports;
mod missing;
mod scene;
mod search;
mod undefined;
mod unused;

use imports::Import;
use scene::Scene;

/// Checks a script.
pub(super) fn check(source: &Source, component: &Component, surroundings: &Surroundings) -> Vec<Diagnostic> {
    let Some(parsed) = python::module(source) else { return Vec::new() };
    let body = &parsed.syntax().body;
    let model = Model::new(body);
    let scene = Scene::new(source, &parsed, &model, component, surroundings);
    let mut seen = BTreeSet::new();
    let mut diagnostics = missing::check(&imports::of(&model), &scene, &mut seen);
    for neighbour in &surroundings.neighbours {
        diagnostics.extend(beside(neighbour, &scene, &mut seen));
    }
    if let Some(file) = &surroundings.project {
        // A line in the source would count in place of the file.
        let hint = format!("add it to `{file}`, unless the base image has it");
        for found in diagnostics.iter_mut().filter(|found| found.code == "missing-package") {
            found.hint = Some(hint.clone());
        }
    }
    diagnostics.extend(unused::check(source, &parsed, &scene));
    diagnostics.extend(calls::check(body, &model, &scene.installed.names));
    diagnostics.extend(undefined::check(body, &model, source.text()));
    diagnostics.extend(booleans(source));
    if let Some(job) = Job::of(component, surroundings, source.text()) {
        diagnostics = diagnostics.into_iter().map(|found| job.offline(found)).collect();
        diagnostics.extend(on_platform(body, &model, &job, surroundings));
    }
    diagnostics
}

/// Breaches of a platform's rules, in the script and in the modules beside it.
fn on_platform(body: &[Stmt], model: &Model, job: &Job, surroundings: &Surroundings) -> Vec<Diagnostic> {
    let mut told = data::check(body, model, job);
    for neighbour in surroundings.neighbours.iter().filter(|one| one.language == Language::Python) {
        let Some(parsed) = python::module(&neighbour.source()) else { continue };
        let body = &parsed.syntax().body;
        told.extend(data::check(body, &Model::new(body), job).into_iter().map(|found| neighbour.told(found)));
    }
    let unindexed = job.unindexed(&told);
    told.into_iter().chain(unindexed).collect()
}

/// The missing distributions, if certain.
pub(super) fn missing_distributions(
    source: &Source,
    component: &Component,
    surroundings: &Surroundings,
) -> Vec<&'static str> {
    with_imports(source, component, surroundings, missing::sure)
}

/// The missing modules, including those of modules beside the source.
pub(super) fn missing_modules(
    source: &Source,
    component: &Component,
    surroundings: &Surroundings,
) -> BTreeSet<String> {
    with_imports(source, component, surroundings, missing::modules)
}

fn with_imports<T: Default>(
    source: &Source,
    component: &Component,
    surroundings: &Surroundings,
    ask: impl Fn(&[Import], &Scene) -> T,
) -> T {
    let Some(parsed) = python::module(source) else { return T::default() };
    let model = Model::new(&parsed.syntax().body);
    let scene = Scene::new(source, &parsed, &model, component, surroundings);
    let neighbours = surroundings.neighbours.iter().flat_map(|neighbour| imported(neighbour).to_vec());
    let imports: Vec<_> = imports::of(&model).into_iter().chain(neighbours).collect();
    ask(&imports, &scene)
}

/// The imports of a file beside the source.
fn imported(neighbour: &Neighbour) -> Arc<Vec<Import>> {
    static IMPORTS: Memo<String, Vec<Import>> = Memo::new();

    IMPORTS.of(neighbour.digest.clone(), || {
        let is_python = neighbour.language == Language::Python;
        let parsed = is_python.then(|| python::module(&neighbour.source())).flatten();
        parsed.map(|parsed| imports::of(&Model::new(&parsed.syntax().body))).unwrap_or_default()
    })
}

/// Reports the missing modules of a module beside the source, at the import that leads to it.
fn beside(neighbour: &Neighbour, scene: &Scene, seen: &mut BTreeSet<String>) -> Vec<Diagnostic> {
    let told = missing::check(&imported(neighbour), scene, seen).into_iter();
    told.map(|found| neighbour.told(found)).collect()
}

/// Notes on `bool(…)` around reads, once per variable: to plain Python any text is true.
fn booleans(source: &Source) -> Vec<Diagnostic> {
    let is_boolean = |action: &Action| matches!(action, Action::Read { cast: Some(Type::Boolean), .. });
    let mut seen = BTreeSet::new();
    let accesses = python::extract(source).accesses.into_iter();
    accesses
        .filter(|access| is_boolean(&access.action) && seen.insert(access.name.clone()))
        .map(|access| {
            let message = format!("to plain Python any text of `{}` is true, `false` too", access.name);
            Diagnostic::note("boolean-text", message).at(access.span).hint(
                "the operator's entry point makes it right; a script that also runs by itself should compare the text",
            )
        })
        .collect()
}
