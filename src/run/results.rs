//! The outputs of an operator: delivered to a staging folder, moved into place on success.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::artifact;
use crate::frontend::notebook::recording::is_record;
use crate::invocation::Interface;
use crate::progress::Progress;
use crate::run::Run;
use tempfile::TempDir;

use self::delivery::{Delivery, merge};
use crate::failure::{Failure, INPUT};

mod delivery;

/// Most skipped files that are reported one by one.
const MOST_TOLD: usize = 10;

/// How a source declares an output.
const DECLARATION: &str = "set an environment variable to the path of the file, such as `os.environ['result'] = 'result.csv'` or in R `Sys.setenv(result = 'result.csv')`, with `# c3: output=File` at the end of that line";

/// Outputs in progress.
pub struct Results {
    /// Identifiers of the declared outputs.
    outputs: Vec<String>,
    folder: PathBuf,
    /// The folder as named by the user.
    named: PathBuf,
    staged: TempDir,
}

impl Results {
    /// Creates the folder for the outputs with these identifiers.
    pub fn prepare(folder: &Path, outputs: &[String]) -> Result<Self, Failure> {
        let (named, outputs) = (folder.to_path_buf(), outputs.to_vec());
        fs::create_dir_all(folder)
            .and_then(|()| folder.canonicalize())
            .and_then(|folder| {
                let staged = artifact::aside().tempdir_in(&folder)?;
                Ok(Self { outputs, folder, named, staged })
            })
            .map_err(|error| failure(folder, &error))
    }

    /// The same for a run, if outputs are wanted.
    pub(super) fn of_run(run: &Run, interface: &Interface) -> Result<Option<Self>, Failure> {
        if run.output_dir.is_none() && !interface.outputs.is_empty() {
            run.reporter.info("note: the outputs are dropped; `--output-dir DIR` keeps them");
        }
        run.output_dir.map(|folder| Self::prepare(folder, &interface.output_ids())).transpose()
    }

    /// The staging folder on this machine.
    #[must_use]
    pub fn staged(&self) -> &Path {
        self.staged.path()
    }

    /// Moves what was delivered into place, each under its own name. Nothing is lost on failure.
    pub fn place(self, reporter: &Progress) -> Result<(), Failure> {
        let placed = self.try_place(reporter);
        placed.map_err(|failure| {
            let kept = self.staged.keep();
            failure.hint(format!(
                "what was delivered is in `{}`; name another folder with `--output-dir`",
                kept.display()
            ))
        })
    }

    /// Reports that outputs of a failed operator are dropped, except for the executed notebook, which shows
    /// the failure.
    pub fn drop(mut self, reporter: &Progress) -> Result<(), Failure> {
        if self.outputs.is_empty() {
            return Ok(());
        }
        let staged = self.staged.path();
        self.outputs.retain(|id| is_record(id) && staged.join(id).exists());
        let what = if self.outputs.is_empty() { "nothing" } else { "only the executed notebook" };
        reporter.warn(format!("the operator has failed: {what} is put into `{}`", self.named.display()));
        if self.outputs.is_empty() { Ok(()) } else { self.place(reporter) }
    }

    fn try_place(&self, reporter: &Progress) -> Result<(), Failure> {
        if self.outputs.is_empty() {
            reporter.warn(format!(
                "the operator declares no outputs, and nothing is put into `{}`: {DECLARATION}",
                self.named.display()
            ));
        }
        let deliveries = self.outputs.iter().map(|id| {
            let place = self.staged.path().join(id);
            Delivery::open(id, &place).map_err(|error| failure(&place, &error))
        });
        let deliveries: Vec<Delivery> = deliveries.collect::<Result<_, _>>()?;
        warn_of_left_out(&deliveries, reporter);
        for delivery in deliveries.iter().filter(|delivery| delivery.is_empty()) {
            reporter.warn(format!("output `{}` was never set", delivery.id));
        }
        let moves = moves(&deliveries, &self.folder);
        for (_, from, to) in &moves {
            merge(from, to, false).map_err(|error| failure(to, &error))?;
        }
        for (id, from, to) in &moves {
            fs::create_dir_all(to.parent().unwrap_or(&self.folder))
                .and_then(|()| merge(from, to, true))
                .map_err(|error| failure(to, &error))?;
            let shown = to.strip_prefix(&self.folder).map_or(to.clone(), |inner| self.named.join(inner));
            reporter.deliver(format!("{id}: {}", shown.display()));
        }
        Ok(())
    }
}

/// The destinations: in the folder, or below the output's name if another has something with the same name.
fn moves<'a>(deliveries: &'a [Delivery], folder: &Path) -> Vec<(&'a str, &'a Path, PathBuf)> {
    let all =
        deliveries.iter().flat_map(|delivery| delivery.entries.iter().map(move |path| (delivery.id, path)));
    let name = |path: &Path| path.file_name().unwrap_or_default().to_owned();
    let is_shared = |path: &Path| all.clone().filter(|(_, other)| name(other) == name(path)).count() > 1;
    let target = |id: &str, path: &Path| {
        if is_shared(path) { folder.join(id).join(name(path)) } else { folder.join(name(path)) }
    };
    all.clone().map(|(id, path)| (id, path.as_path(), target(id, path))).collect()
}

fn warn_of_left_out(deliveries: &[Delivery], reporter: &Progress) {
    let all =
        deliveries.iter().flat_map(|delivery| delivery.left_out.iter().map(move |left| (delivery.id, left)));
    for (id, (path, kind)) in all.clone().take(MOST_TOLD) {
        reporter.warn(format!("left out of the output `{id}`: `{}` is a {kind}", path.display()));
    }
    let more = all.count().saturating_sub(MOST_TOLD);
    if more > 0 {
        reporter.warn(format!("left out of the outputs: {more} more that are neither files nor folders"));
    }
}

fn failure(path: &Path, error: &io::Error) -> Failure {
    Failure::new(INPUT, format!("cannot write the outputs to `{}`: {error}", path.display()))
        .hint("name another folder with `--output-dir`")
}
