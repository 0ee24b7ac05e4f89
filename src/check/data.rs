//! Platforms that mount data read-only, with an index and without network access: what in a script breaks
//! their rules.

use std::collections::BTreeSet;

use super::surroundings::Surroundings;
use crate::backend::variant::Variant;
use crate::component::{Component, Input};
use crate::diagnostic::{Diagnostic, Severity};
use crate::frontend::place::Place;
use crate::identifier;

/// The file that lists a dataset's contents.
const INDEX: &str = "index.json";

/// Places for temporary files and for results that outlive a job, and what isn't a file.
const KEPT: &[&str] = &["/tmp", "/dev", "~/persistent-home", "~/persistent-shared-folder"];

/// The rules of such a platform for a script.
pub(super) struct Job<'a> {
    platform: &'static Variant,
    /// The inputs that are data.
    inputs: Vec<&'a Input>,
    /// Their names in the code.
    pub(super) names: BTreeSet<String>,
    /// Whether the code mentions the index.
    knows_index: bool,
}

impl<'a> Job<'a> {
    /// The rules for a component, if one of its platforms has them.
    pub(super) fn of(component: &'a Component, surroundings: &Surroundings, text: &str) -> Option<Self> {
        let platform = surroundings.platform?;
        let is_data = platform.read_only?;
        let inputs: Vec<_> = component.inputs.iter().filter(|input| is_data(input)).collect();
        let names = inputs.iter().flat_map(|input| [input.name.clone(), identifier::fold(&input.name)]);
        let texts = surroundings.neighbours.iter().map(|neighbour| neighbour.text.as_str());
        let knows_index = texts.chain([text]).any(|text| text.contains(INDEX));
        Some(Self { platform, names: names.collect(), inputs, knows_index })
    }

    /// Notes on inputs named like datasets whose index the script doesn't use.
    pub(super) fn unindexed(&self, told: &[Diagnostic]) -> Vec<Diagnostic> {
        let is_told = told.iter().any(|found| found.code == "dataset-index");
        let mut inputs = self.inputs.iter().filter(|input| input.name.to_lowercase().contains("dataset"));
        let first = inputs.next().filter(|_| !self.knows_index && !is_told);
        first.map(|input| self.index(&input.name).at(input.span.clone())).into_iter().collect()
    }

    /// A download as a warning, since it fails there.
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

    /// The problem with writing to a place, for a script whose outputs are set to some texts.
    pub(super) fn written(&self, place: Place, delivered: &BTreeSet<String>) -> Option<Diagnostic> {
        let what = match place {
            Place::Input(name) => name,
            Place::Text(text) if self.is_dataset(&text) => text,
            Place::Text(text) => return self.scattered(&text, delivered),
        };
        let platform = self.platform.name;
        let message = format!("this writes into `{what}`, and on `{platform}` datasets are read-only");
        Some(Diagnostic::warning("dataset-write", message).hint(
            "write results to an input of their own such as `output_dir`, and temporary files to `/tmp`",
        ))
    }

    /// The note on a file that is neither temporary nor a result.
    fn scattered(&self, text: &str, delivered: &BTreeSet<String>) -> Option<Diagnostic> {
        let is_result = delivered.iter().any(|output| is_below(text, output) || is_below(output, text));
        if text.is_empty() || text.contains("://") || is_result || self.is_kept(text) {
            return None;
        }
        let message =
            format!("`{text}` is outside of `/tmp`: on `{}` it is lost with the job", self.platform.name);
        Some(Diagnostic::note("temporary-file", message).hint(
            "write temporary files to `/tmp`, as `tempfile` does, and results to an output or an input such as `output_dir`",
        ))
    }

    /// The problem with listing a folder, reported once per input.
    pub(super) fn walked(&self, place: Place, seen: &mut BTreeSet<String>) -> Option<Diagnostic> {
        let Place::Input(name) = place else { return None };
        (!self.knows_index && seen.insert(name.clone())).then(|| self.index(&name))
    }

    fn index(&self, name: &str) -> Diagnostic {
        let platform = self.platform.name;
        let message =
            format!("the code doesn't read `{INDEX}` of `{name}`, which each dataset of `{platform}` has");
        Diagnostic::note("dataset-index", message)
            .hint("walk by it: it lists the studies and the folders of their series")
    }

    /// A path relative to the user's home.
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
