//! Platforms that mount data read-only, with an index and without network access: what in a script breaks
//! their rules.

use std::collections::BTreeSet;

use ruff_python_ast::Stmt;

use self::places::{Place, Places};
use super::calls::{self, Call};
use super::scene::Scene;
use crate::backend::variant::Variant;
use crate::component::{Component, Input};
use crate::diagnostic::{Diagnostic, Severity};
use crate::frontend::python::semantic::Model;
use crate::identifier;

mod places;
mod writers;

/// The file of a dataset that lists what is in it.
const INDEX: &str = "index.json";

/// Calls that look into a folder without its index.
const WALKERS: &[&str] = &["glob.glob", "glob.iglob", "os.listdir", "os.scandir", "os.walk"];

/// Methods of paths that do.
const WALKS: &[&str] = &["glob", "iterdir", "rglob"];

/// Where temporary files may be, where results outlive a job, and what is no file.
const KEPT: &[&str] = &["/tmp", "/dev", "~/persistent-home", "~/persistent-shared-folder"];

/// A script on such a platform.
pub(super) struct Job<'a> {
    platform: &'static Variant,
    /// The inputs that are data.
    inputs: Vec<&'a Input>,
    names: BTreeSet<String>,
    /// Whether the code names the index.
    knows_index: bool,
}

impl<'a> Job<'a> {
    /// The job of a component, if one of its platforms is such a one.
    pub(super) fn of(component: &'a Component, scene: &Scene, text: &str) -> Option<Self> {
        let platform = scene.surroundings.platform?;
        let is_data = platform.read_only?;
        let inputs: Vec<_> = component.inputs.iter().filter(|input| is_data(input)).collect();
        let names = inputs.iter().flat_map(|input| [input.name.clone(), identifier::fold(&input.name)]);
        let texts = scene.surroundings.neighbours.iter().map(|neighbour| neighbour.text.as_str());
        let knows_index = texts.chain([text]).any(|text| text.contains(INDEX));
        Some(Self { platform, names: names.collect(), inputs, knows_index })
    }

    /// Reports what breaks the platform's rules.
    pub(super) fn check(&self, body: &[Stmt], model: &Model) -> Vec<Diagnostic> {
        let places = Places::of(body, model, &self.names);
        let installed = BTreeSet::new();
        let mut walked = BTreeSet::new();
        calls::find(body, model, &installed, |call| {
            self.written(call, &places).or_else(|| self.walked(call, &places, &mut walked))
        })
    }

    /// What nobody walks through by its index, although its name says that it is a dataset.
    pub(super) fn unindexed(&self, told: &[Diagnostic]) -> Vec<Diagnostic> {
        let is_told = told.iter().any(|found| found.code == "dataset-index");
        let mut inputs = self.inputs.iter().filter(|input| input.name.to_lowercase().contains("dataset"));
        let first = inputs.next().filter(|_| !self.knows_index && !is_told);
        first.map(|input| self.index(&input.name).at(input.span.clone())).into_iter().collect()
    }

    /// Makes more of a download, which fails there.
    pub(super) fn offline(&self, found: Diagnostic) -> Diagnostic {
        if found.code != "run-time-download" {
            return found;
        }
        let hint = format!(
            "`{}` has no internet at run time: make it an additional file, or download it in the build",
            self.platform.name
        );
        Diagnostic { severity: Severity::Warning, hint: Some(hint), ..found }
    }

    fn written(&self, call: &Call, places: &Places) -> Option<Diagnostic> {
        let what = match places.find(writers::written(call)?)? {
            Place::Input(name) => name,
            Place::Text(text) if self.is_dataset(&text) => text,
            Place::Text(text) => return self.scattered(&text, places),
        };
        let platform = self.platform.name;
        let message = format!("this writes into `{what}`, and on `{platform}` datasets are read-only");
        Some(Diagnostic::warning("dataset-write", message).hint(
            "write results to an input of their own such as `output_dir`, and temporary files to `/tmp`",
        ))
    }

    /// A file that is neither temporary nor a result.
    fn scattered(&self, text: &str, places: &Places) -> Option<Diagnostic> {
        let is_result =
            places.delivered.iter().any(|output| is_below(text, output) || is_below(output, text));
        if text.is_empty() || text.contains("://") || is_result || self.is_kept(text) {
            return None;
        }
        let message =
            format!("`{text}` is outside of `/tmp`: on `{}` it is lost with the job", self.platform.name);
        Some(Diagnostic::note("temporary-file", message).hint(
            "write temporary files to `/tmp`, as `tempfile` does, and results to an output or an input such as `output_dir`",
        ))
    }

    fn walked(&self, call: &Call, places: &Places, seen: &mut BTreeSet<String>) -> Option<Diagnostic> {
        let folder = if call.known(WALKERS).is_some() {
            call.argument(0, "top")
        } else {
            WALKS.contains(&call.name()).then(|| call.receiver())?
        };
        let Place::Input(name) = places.find(folder?)? else { return None };
        (!self.knows_index && seen.insert(name.clone())).then(|| self.index(&name))
    }

    fn index(&self, name: &str) -> Diagnostic {
        let platform = self.platform.name;
        let message =
            format!("the code doesn't read `{INDEX}` of `{name}`, which each dataset of `{platform}` has");
        Diagnostic::note("dataset-index", message)
            .hint("walk by it: it lists the studies and the folders of their series")
    }

    /// A path as it is written from the user's folder.
    fn shortened(&self, text: &str) -> String {
        let rest = text.strip_prefix(self.platform.working_dir);
        rest.map_or_else(|| text.to_owned(), |rest| format!("~{rest}"))
    }

    fn is_dataset(&self, text: &str) -> bool {
        let text = self.shortened(text);
        ["~/datasets", "datasets", "./datasets"].iter().any(|folder| is_below(&text, folder))
    }

    fn is_kept(&self, text: &str) -> bool {
        let text = self.shortened(text);
        KEPT.iter().any(|folder| is_below(&text, folder))
    }
}

/// Whether a path is a folder, or below it.
fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || folder.ends_with('/') || rest.starts_with('/'))
}
