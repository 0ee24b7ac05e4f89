//! The specification of an environment, and the lists for its installer.

use std::fs;
use std::path::Path;

use super::EnvironmentError;
use crate::backend::Operator;
use crate::component::Requirement;
use crate::installers::lists::Lists;
use crate::installers::pip::{self, Flat};

/// Which packages are installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packages {
    /// Wheels, so that no code of a package runs before the operator does.
    Wheels,
    /// Packages that have to be built too, which runs their code.
    Any,
}

/// The specification of an environment.
#[derive(Clone, Copy)]
pub(super) struct EnvironmentSpec<'a> {
    pub(super) operator: &'a Operator<'a>,
    /// The folder of the operator's files.
    pub(super) files: &'a Path,
    pub(super) packages: Packages,
    pub(super) interpreter: &'a Path,
}

impl EnvironmentSpec<'_> {
    /// Whether packages may be built.
    pub(super) fn builds(&self) -> bool {
        let is_pip = |requirement: &Requirement| matches!(requirement, Requirement::Pip { .. });
        self.packages == Packages::Any && self.operator.component.requirements.iter().any(is_pip)
    }

    /// The flat list of each `pip install` and its files, if only wheels are installed.
    pub(super) fn lists(&self, folder: &Path) -> Result<Vec<(Flat, Lists)>, EnvironmentError> {
        let failed = |source| EnvironmentError::Io { path: folder.to_owned(), source };
        let written = |flat: Flat| {
            let lists = Lists::write(&flat, folder).map_err(failed)?;
            Ok((flat, lists))
        };
        self.flat()?.into_iter().map(written).collect()
    }

    fn flat(&self) -> Result<Vec<Flat>, EnvironmentError> {
        if self.packages == Packages::Any {
            return Ok(Vec::new());
        }
        let read = |path: &str| pip::text(&fs::read(self.files.join(path)).ok()?).ok();
        let flat = |words: Vec<String>| {
            let arguments = pip::parse(&words).map_err(|problem| EnvironmentError::Build(problem.message))?;
            pip::flatten(&arguments, &read).map_err(|refusals| {
                EnvironmentError::Build(refusals.first().map(ToString::to_string).unwrap_or_default())
            })
        };
        self.operator.pip_arguments_in("").into_iter().map(flat).collect()
    }
}
