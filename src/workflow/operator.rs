//! Operators as a workflow sees them: a name, files, and what goes in and comes out.

use super::Engine;
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
    /// Path of its Kubeflow component, seen from the workflow's folder.
    pub component_file: String,
    /// Path of its CWL step, seen from the workflow's folder.
    pub step_file: String,
    /// Path of its template for Argo, seen from the workflow's folder.
    pub template_file: String,
    /// Path of its rule of Snakemake, seen from the workflow's folder.
    pub rule_file: String,
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
            component_file: format!("{stem}.yaml"),
            step_file: format!("{stem}.cwl"),
            template_file: format!("{stem}.argo.yaml"),
            rule_file: format!("{stem}.smk"),
            parameters,
            outcomes,
        }
    }

    /// The same operator, whose files are in another folder: a path that ends in `/`.
    #[must_use]
    pub fn within(mut self, folder: &str) -> Self {
        self.component_file.insert_str(0, folder);
        self.step_file.insert_str(0, folder);
        self.template_file.insert_str(0, folder);
        self.rule_file.insert_str(0, folder);
        self
    }

    /// Path of the file of it that a workflow of an engine needs.
    #[must_use]
    pub fn file(&self, engine: Engine) -> &str {
        match engine {
            Engine::Kubeflow => &self.component_file,
            Engine::Cwl => &self.step_file,
            Engine::Argo => &self.template_file,
            Engine::Snakemake => &self.rule_file,
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
