//! The recipe of an image: what is set in its configuration, whoever builds it.

use serde::Serialize;

use super::template::comment;
use super::{Operator, install, prelude};
use crate::component::Component;

/// Label that holds the component as JSON.
pub const COMPONENT_LABEL: &str = "io.claimed.c3.component";

/// Label that holds the version.
pub const VERSION_LABEL: &str = "org.opencontainers.image.version";

/// Label that holds the base image.
pub const BASE_LABEL: &str = "org.opencontainers.image.base.name";

/// User and group of every file of the operator, and of the operator itself.
pub const USER: (u32, u32) = (1001, 0);

/// Longest label, in bytes: builders refuse lines of 64 KiB.
const LABEL_LIMIT: usize = 40_000;

/// Longest description in a label, in characters.
const DESCRIPTION_LIMIT: usize = 1000;

/// What an image is set to, and what has to be installed in it by pip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recipe {
    /// The working directory.
    pub working_dir: &'static str,
    /// Who runs it, as `user:group`.
    pub user: String,
    /// Variables of the environment.
    pub environment: Vec<Named>,
    /// The entry point, word by word.
    pub command: Vec<String>,
    /// What is told about the image.
    pub labels: Vec<Named>,
    /// The arguments of each `pip install`; requirement files are named by their places in the build context's folder.
    #[serde(skip)]
    pub installs: Vec<Vec<String>>,
}

/// A value with a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Named {
    /// The name.
    pub name: &'static str,
    /// The value.
    pub value: String,
}

/// The recipe of an operator's image.
#[must_use]
pub fn recipe(operator: &Operator) -> Recipe {
    let home = ("HOME", operator.working_dir());
    let environment = std::iter::once(home).chain(operator.runtime().environment.iter().copied());
    Recipe {
        working_dir: operator.working_dir(),
        user: format!("{}:{}", USER.0, USER.1),
        environment: environment.map(|(name, value)| Named { name, value: value.to_owned() }).collect(),
        command: operator.command(),
        labels: labels(operator),
        installs: install::pip_arguments(operator, ""),
    }
}

fn labels(operator: &Operator) -> Vec<Named> {
    let Operator { component, settings } = operator;
    let label = |name, value| Named { name, value };
    let shown = [
        label("org.opencontainers.image.title", component.name.clone()),
        label("org.opencontainers.image.description", shortened(&comment(&component.description))),
        label(VERSION_LABEL, settings.version.clone()),
        label(BASE_LABEL, settings.base_image.clone()),
    ];
    let interface = component_json(component).map(|json| label(COMPONENT_LABEL, json));
    shown.into_iter().chain(interface).collect()
}

/// The beginning of a description, without backslashes before quotes and at the end: not every reader of Dockerfiles
/// understands them.
fn shortened(text: &str) -> String {
    let mut shown = String::new();
    for character in text.chars().take(DESCRIPTION_LIMIT) {
        if character == '"' {
            shown.truncate(shown.trim_end_matches('\\').len());
        }
        shown.push(character);
    }
    shown.truncate(shown.trim_end_matches('\\').len());
    shown
}

/// The component as a label holds it: without diagnostics, and with shorter descriptions if it would be too long.
fn component_json(component: &Component) -> Option<String> {
    let mut component = Component { diagnostics: Vec::new(), ..component.clone() };
    let json =
        |component: &Component| prelude::ascii_json(component).filter(|json| json.len() <= LABEL_LIMIT);
    if let Some(json) = json(&component) {
        return Some(json);
    }
    component.inputs.iter_mut().for_each(|input| input.reads.clear());
    if let Some(json) = json(&component) {
        return Some(json);
    }
    component.description = shortened(&component.description);
    component.inputs.iter_mut().for_each(|input| input.description = None);
    component.outputs.iter_mut().for_each(|output| output.description = None);
    json(&component)
}
