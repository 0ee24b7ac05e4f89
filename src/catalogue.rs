//! The catalogue: static pages about a library of operators, without external requests.

use std::path::Path;

use serde::Serialize;

use crate::artifact::Artifact;
use crate::backend::template;
use crate::component::Component;
use crate::diagnostic::Finding;
use crate::hashed;
use crate::reference::ImageName;
use crate::workflow::graph::Graph;

mod index;
mod masked;
mod operator;
mod run;
mod workflow;

/// The library of a catalogue.
#[derive(Debug, Clone, Default)]
pub struct Library {
    /// Its name.
    pub name: String,
    /// The operators, in the order in which they are listed.
    pub operators: Vec<Operator>,
    /// The workflows.
    pub workflows: Vec<Workflow>,
    /// Sources that could not be read, and why.
    pub failures: Vec<(String, String)>,
}

/// An operator of a library.
#[derive(Debug, Clone)]
pub struct Operator {
    /// The path of its source in the library.
    pub path: String,
    /// Its component.
    pub component: Component,
    /// Its image.
    pub image: ImageName,
    /// The targets that its files are written for.
    pub targets: Vec<&'static str>,
    /// Its diagnostics.
    pub findings: Vec<Finding>,
    /// The text of its source, if it is to be shown.
    pub source: Option<String>,
}

/// A workflow of a library.
#[derive(Debug, Clone)]
pub struct Workflow {
    /// Its path in the library.
    pub path: String,
    /// Its picture.
    pub graph: Graph,
}

/// The generator in every page; pages without it are never replaced.
pub const GENERATOR: &str = "c3 catalogue";

/// The subfolders of a catalogue.
pub const FOLDERS: [&str; 2] = ["operators", "workflows"];

/// The pages, with their paths in the catalogue; `index.html` comes first.
#[must_use]
pub fn pages(library: &Library) -> Vec<Artifact> {
    let names = names(library);
    let index = index::page(library, &names);
    let operators = library.operators.iter().zip(&names.operators);
    let operators = operators.map(|(operator, page)| (page, operator::page(operator, library)));
    let workflows = library.workflows.iter().zip(&names.workflows);
    let workflows = workflows.map(|(workflow, page)| (page, workflow::page(workflow, library, &names)));
    let pages = operators.chain(workflows).map(|(page, text)| Artifact::new(page.clone(), text));
    std::iter::once(Artifact::new("index.html", index)).chain(pages).collect()
}

/// The paths of pages, in the order of their subjects.
struct Names {
    operators: Vec<String>,
    workflows: Vec<String>,
}

/// A path for each page: its subject's name, with a number if taken.
fn names(library: &Library) -> Names {
    let mut taken: Vec<String> = Vec::new();
    let mut take = |folder: &str, name: &str| {
        let numbered = (2..).map(|number: u32| format!("{folder}/{name}-{number}.html"));
        let mut paths = std::iter::once(format!("{folder}/{name}.html")).chain(numbered);
        let path = paths.find(|path| !taken.contains(path)).unwrap_or_default();
        taken.push(path.clone());
        path
    };
    let [operators, workflows] = FOLDERS;
    Names {
        operators: library.operators.iter().map(|one| take(operators, &one.component.name)).collect(),
        workflows: library.workflows.iter().map(|one| take(workflows, &workflow::label(one))).collect(),
    }
}

/// The context of a page.
#[derive(Serialize)]
struct Page<'a, T> {
    generator: &'static str,
    nonce: String,
    library: String,
    title: String,
    #[serde(flatten)]
    own: &'a T,
}

/// Renders a page: only its own script and style may run, and nothing is loaded.
fn render(template: &'static str, library: &Library, title: &str, own: &impl Serialize) -> String {
    let library = masked::text(&library.name);
    let title = if title.is_empty() { library.clone() } else { format!("{title} · {library}") };
    let parts =
        [include_str!("../templates/catalogue/style.css"), include_str!("../templates/catalogue/page.js")];
    let digest = hashed::digest(parts.concat().as_bytes());
    let nonce = digest.rsplit(':').next().unwrap_or_default().to_owned();
    template::render(template, &Page { generator: GENERATOR, nonce, library, title, own })
}

/// The file name of a path.
fn file_name(path: &str) -> String {
    Path::new(path).file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests;
