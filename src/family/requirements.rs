//! Requirement files of an image, including those of projects and locks: read, vetted and copied into it.

use std::path::Path;

use super::Member;
use crate::context::Entry;
use crate::diagnostic::Diagnostic;
use crate::failure::{Failure, INPUT};
use crate::project;
use crate::requirement_files::{self, ImageFile, remote::Remote};

/// Their folder in the image during the installation.
pub(super) const FOLDER: &str = "/tmp/requirements";

/// The requirement files of an image.
#[derive(Default)]
pub(super) struct Requirements {
    /// The files named by the family, by path in the image.
    pub(super) paths: Vec<String>,
    /// All files, as entries of the build context.
    pub(super) entries: Vec<Entry>,
}

impl Requirements {
    /// Reads an image's files below the family's folder. Unsupported ones are rejected.
    pub(super) fn of(member: &Member, file: &Path) -> Result<Self, Failure> {
        let named: Vec<_> =
            member.requirements.iter().map(|path| project::file(&path.to_string_lossy())).collect();
        let root = Path::new(".").join(super::contents::folder(file));
        let found = requirement_files::resolve(&named, file, &root, Remote::Left);
        if let Some(fault) = found.diagnostics.first() {
            return Err(refused(member, fault));
        }
        let entries = found.files.iter().map(ImageFile::entry);
        let paths = found.named.iter().map(|file| format!("{FOLDER}/{}", file.path));
        Ok(Self { paths: paths.collect(), entries: entries.collect() })
    }
}

fn refused(member: &Member, fault: &Diagnostic) -> Failure {
    let hint = format!("correct the file, or write what it asks for into `pip` of `{}`", member.name);
    Failure::new(INPUT, fault.message.clone()).hint(hint)
}
