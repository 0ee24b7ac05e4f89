//! Diagnostics about the code beside a source.

use std::collections::BTreeSet;

use crate::boundary::BoundaryError;
use crate::component::{Component, Input, Via};
use crate::diagnostic::Diagnostic;
use crate::display;
use crate::failure::Fault;
use crate::frontend::Reading;

use super::{LocalFile, Neighbour};

/// Most files named in one message.
const NAMED: usize = 3;

/// The note on files packed automatically.
pub(super) fn packed(files: &[(&String, &LocalFile)]) -> Diagnostic {
    let names: Vec<_> = files.iter().take(NAMED).map(|(path, _)| format!("`{path}`")).collect();
    let more = files.len().saturating_sub(NAMED);
    let names = match more {
        0 => display::listed(&names),
        1 => format!("{} and one more", names.join(", ")),
        more => format!("{} and {more} more", names.join(", ")),
    };
    let bytes: u64 =
        files.iter().filter_map(|(_, found)| found.disk.metadata().ok()).map(|file| file.len()).sum();
    let goes = if files.len() == 1 { "goes" } else { "go" };
    let message = format!("{names} beside the source {goes} into the image with it ({})", size(bytes));
    let span = files.first().map(|(_, found)| found.span.clone()).unwrap_or_default();
    Diagnostic::note("local-module", message).at(span)
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        _ => format!("{} KiB", bytes.div_ceil(1024)),
    }
}

pub(super) fn others(package: &str, first: &str, count: usize) -> Diagnostic {
    let (files, are) = if count == 1 { ("file", "is") } else { ("files", "are") };
    let message = format!(
        "{count} other {files} of `{package}`, such as `{first}`, {are} not in the image: only modules are"
    );
    Diagnostic::note("package-files", message)
        .hint(format!("name the folder as an additional file, if the program reads them: `{package}`"))
}

pub(super) fn computed() -> Diagnostic {
    Diagnostic::warning("computed-file", "which file is sourced here is known at run time only")
        .hint("write its path as a text, or name it as an additional file")
}

pub(super) fn relative(module: &str) -> Diagnostic {
    let message = format!("`{module}` is imported relatively, which fails in a script");
    Diagnostic::warning("relative-import", message)
        .hint("leave out the dots: its folder is where modules are looked for")
}

pub(super) fn shadowed(module: &str) -> Diagnostic {
    let message =
        format!("`{module}.py` beside the source takes the place of Python's own module `{module}`");
    Diagnostic::warning("shadowed-module", message).hint("rename the file, unless that is meant")
}

pub(super) fn ignored(path: &str) -> Diagnostic {
    let message = format!("`{path}` is needed, but left out by `.dockerignore`");
    Diagnostic::warning("left-out-module", message).hint(format!("add `!{path}` to `.dockerignore`"))
}

pub(super) fn refused(error: &BoundaryError) -> Diagnostic {
    let diagnostic = Diagnostic::warning("left-out-module", format!("not in the image: {error}"));
    match error.hint() {
        Some(hint) => diagnostic.hint(hint),
        None => diagnostic,
    }
}

pub(super) fn too_many(limit: usize) -> Diagnostic {
    let message =
        format!("more than {limit} files beside the source are needed: the others are not in the image");
    Diagnostic::warning("left-out-module", message).hint("name their folder as an additional file")
}

/// Findings in a file beside the source.
pub(super) struct Said {
    /// Problems that keep it from running.
    faults: Vec<Diagnostic>,
    /// The variables that it reads, each with its diagnostic.
    variables: Vec<(String, Diagnostic)>,
}

impl Said {
    pub(super) fn of(file: &Neighbour, reading: &Reading) -> Self {
        let faults = reading.diagnostics.iter().filter_map(|found| fault(file, found)).collect();
        let inputs = reading.component.iter().flat_map(|component| &component.inputs);
        let inputs = inputs.filter(|input| input.via == Via::Environment);
        let variables = inputs.map(|input| (input.name.clone(), variable(file, input))).collect();
        Self { faults, variables }
    }

    /// All findings, except variables that the source itself reads or sets.
    pub(super) fn news(self, component: &Component) -> impl Iterator<Item = Diagnostic> {
        let inputs = component.inputs.iter().map(|input| &input.name);
        let known: BTreeSet<_> =
            inputs.chain(component.outputs.iter().map(|output| &output.name)).cloned().collect();
        let news = self.variables.into_iter().filter(move |(name, _)| !known.contains(name));
        self.faults.into_iter().chain(news.map(|(_, told)| told))
    }
}

fn fault(file: &Neighbour, found: &Diagnostic) -> Option<Diagnostic> {
    match found.code {
        "syntax-error" => {
            let line = found.span.as_ref().map_or(0, |span| file.source().line(span.start));
            let message = format!("`{}`, line {}: {}", file.path, line + 1, found.message);
            let told = Diagnostic::warning("broken-module", message).at(file.span.clone());
            Some(told.hint("correct it before the image is built"))
        }
        "missing-package" => Some(file.told(found.clone())),
        "computed-name" => {
            let line = found.span.as_ref().map_or(0, |span| file.source().line(span.start));
            let message = format!(
                "`{}`, line {}, reads or sets a variable by a name that its callers give, which is no input",
                file.path,
                line + 1
            );
            let told = Diagnostic::warning("module-variable", message).at(file.span.clone());
            Some(told.hint("read it by its name in the source, too, to make it one"))
        }
        _ => None,
    }
}

fn variable(file: &Neighbour, input: &Input) -> Diagnostic {
    let (path, name) = (&file.path, &input.name);
    let message = format!("`{path}` reads the variable `{name}`, which is no input");
    let told = if input.required {
        Diagnostic::warning("module-variable", message)
    } else {
        Diagnostic::note("module-variable", message)
    };
    told.at(file.span.clone()).hint(format!("read `{name}` in the source, too, to make it one"))
}
