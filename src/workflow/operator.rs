//! Operators in workflows: name, files, and interface.

use super::Engine;
use super::cwl::eoap::Package;
use super::kfp_ir::Compiled;
use crate::backend::kubeflow;
use crate::backend::parameter::{self, Outcome, Parameter};
use crate::component::Component;

/// An operator that becomes a step.
#[derive(Debug, Clone)]
pub struct Operator {
    /// Its name, an RFC 1123 label.
    pub name: String,
    /// Its source's file name without the suffix.
    pub stem: String,
    /// Name of its Kubeflow component.
    pub component_file: String,
    /// The folder of its files relative to the workflow's: empty, or with a trailing `/`.
    pub folder: String,
    /// The claims that its pods mount, if known.
    pub claims: Option<Vec<String>>,
    /// Its compiled pipeline, if read.
    pub compiled: Option<Compiled>,
    /// Its application package, if read.
    pub package: Option<Package>,
    pub(super) parameters: Vec<Parameter>,
    pub(super) outcomes: Vec<Outcome>,
}

impl Operator {
    /// The operator of a component, with or without `c3`'s logging.
    #[must_use]
    pub fn new(component: &Component, stem: &str, logging: bool) -> Self {
        let parameters = parameter::parameters(component, logging);
        let outcomes = parameter::outcomes(component, &parameters);
        Self {
            name: component.name.clone(),
            stem: stem.to_owned(),
            component_file: format!("{stem}{}", Engine::Kubeflow.step_suffix()),
            folder: String::new(),
            claims: None,
            compiled: None,
            package: None,
            parameters,
            outcomes,
        }
    }

    /// The same operator with its files in another folder: empty, or with a trailing `/`.
    #[must_use]
    pub fn within(mut self, folder: &str) -> Self {
        folder.clone_into(&mut self.folder);
        self
    }

    /// Path of its file that an engine's workflow needs.
    #[must_use]
    pub fn file(&self, engine: Engine) -> String {
        match engine {
            Engine::Kubeflow => format!("{}{}", self.folder, self.component_file),
            _ => format!("{}{}{}", self.folder, self.stem, engine.step_suffix()),
        }
    }

    /// Whether Kubeflow must not cache it.
    pub(super) fn is_uncached(&self) -> bool {
        kubeflow::is_uncached(&self.parameters, &self.outcomes, self.is_grid())
    }

    /// Whether it is a grid wrapper, which runs in several workers.
    pub(super) fn is_grid(&self) -> bool {
        self.name.starts_with("gw-")
    }
}
