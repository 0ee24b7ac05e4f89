//! The outputs of a job, copied from the folder of the cluster that it delivers them to.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::state::Task;
use super::tasks::Tasks;
use super::{Program, stdout_of};
use crate::backend::slurm::Deliveries;
use crate::failure::Failure;
use crate::frontend::notebook::recording::is_record;
use crate::progress::Progress;
use crate::run::Results;
use crate::submit::SubmitError;

impl Tasks {
    /// Copies the outputs of an ended job into a folder, with a subfolder per index for those of an array;
    /// of a task that failed, only the executed notebook. `named` is the value of `C3_OUTPUTS`, which all tasks
    /// share.
    pub fn fetch(
        &self,
        job: &str,
        folder: &Path,
        named: Option<&Path>,
        reporter: &Progress,
    ) -> Result<(), Failure> {
        let Deliveries { name, outputs } = Deliveries::of(&script(job)?).unwrap_or_default();
        if outputs.is_empty() {
            return Results::prepare(folder, &[])?.place(reporter);
        }
        let has_record = outputs.iter().any(|id| is_record(id));
        for task in self.iter() {
            let place = place(task, &name, named);
            let folder = match task.index().filter(|_| named.is_none()) {
                Some(index) => folder.join(index),
                None => folder.to_path_buf(),
            };
            let gives = task.has_succeeded() || has_record && place.is_dir();
            if !gives {
                reporter.warn(format!(
                    "the job {} failed: nothing is put into `{}`",
                    task.id(),
                    folder.display()
                ));
                continue;
            }
            if !place.is_dir() {
                return Err(SubmitError::Unseen(place).into());
            }
            let results = Results::prepare(&folder, &outputs)?;
            for id in &outputs {
                collect(&place.join(id), &results.staged().join(id), reporter)
                    .map_err(SubmitError::Outputs)?;
            }
            if task.has_succeeded() { results.place(reporter)? } else { results.drop(reporter)? }
        }
        Ok(())
    }
}

/// The script of a job, from the controller.
fn script(job: &str) -> Result<String, SubmitError> {
    let words = ["write", "batch_script", job, "-"].map(OsString::from);
    stdout_of(&Program::find("scontrol")?, words).map_err(|error| match error {
        SubmitError::Refused { .. } => SubmitError::Forgotten(job.to_owned()),
        error => error,
    })
}

/// The folder that a task delivers to.
fn place(task: &Task, name: &str, named: Option<&Path>) -> PathBuf {
    let below = named.map_or_else(|| PathBuf::from(format!("{name}-{}", task.id())), Path::to_path_buf);
    task.folder().map_or(below.clone(), |folder| folder.join(below))
}

/// Copies an output, if it was set, into a folder of its own.
fn collect(from: &Path, folder: &Path, reporter: &Progress) -> io::Result<()> {
    let Some(name) = from.file_name().filter(|_| from.symlink_metadata().is_ok()) else { return Ok(()) };
    fs::create_dir(folder)?;
    copy(from, &folder.join(name), reporter)
}

/// Copies a file, a link or a folder.
fn copy(from: &Path, to: &Path, reporter: &Progress) -> io::Result<()> {
    let kind = from.symlink_metadata()?.file_type();
    if kind.is_symlink() {
        return symlink(from.read_link()?, to);
    }
    if kind.is_file() {
        return fs::copy(from, to).map(drop);
    }
    if !kind.is_dir() {
        reporter.warn(format!("left out of the outputs: `{}`", from.display()));
        return Ok(());
    }
    fs::create_dir(to)?;
    for entry in from.read_dir()? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()), reporter)?;
    }
    Ok(())
}
