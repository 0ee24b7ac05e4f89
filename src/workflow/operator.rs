//! Operators as a workflow sees them: a name, files, and what goes in and comes out.

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
    /// File name of its source without the ending.
    pub stem: String,
    /// Name of its Kubeflow component.
    pub component_file: String,
    /// The folder of its files, seen from the workflow's: empty, or ending in `/`.
    pub folder: String,
    /// The claims that its pods mount, where they are known.
    pub claims: Option<Vec<String>>,
    /// What its compiled pipeline says, where one is read.
    pub compiled: Option<Compiled>,
    /// What its application package says, where one is read.
    pub package: Option<Package>,
    pub(super) parameters: Vec<Parameter>,
    pub(super) outcomes: Vec<Outcome>,
}

impl Operator {
    /// The operator that is compiled from a component, with or without logging of `c3`'s own.
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

    /// The same operator, whose files are in another folder: a path that is empty or ends in `/`.
    #[must_use]
    pub fn within(mut self, folder: &str) -> Self {
        folder.clone_into(&mut self.folder);
        self
    }

    /// Path of the file of it that a workflow of an engine needs.
    #[must_use]
    pub fn file(&self, engine: Engine) -> String {
        match engine {
            Engine::Kubeflow => format!("{}{}", self.folder, self.component_file),
            _ => format!("{}{}{}", self.folder, self.stem, engine.step_suffix()),
        }
    }

    /// Whether Kubeflow's cache must not answer for it.
    pub(super) fn is_uncached(&self) -> bool {
        kubeflow::is_uncached(&self.parameters, &self.outcomes, self.is_grid())
    }

    /// Whether it is a grid wrapper, of which many run at once.
    pub(super) fn is_grid(&self) -> bool {
        self.name.starts_with("gw-")
    }
}
