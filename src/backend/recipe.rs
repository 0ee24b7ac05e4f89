//! The recipe of an operator's image, whoever builds it.

use super::template::comment;
use super::{Operator, install, prelude};
use crate::component::Component;
use crate::recipe::{BASE_LABEL, COMPONENT_LABEL, Named, Recipe, USER, VERSION_LABEL};

/// Longest label, in bytes: builders reject lines of 64 KiB.
const LABEL_LIMIT: usize = 40_000;

/// Longest description in a label, in characters.
const DESCRIPTION_LIMIT: usize = 1000;

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
        label(VERSION_LABEL, settings.image.version.clone()),
        label(BASE_LABEL, settings.base_image.clone()),
    ];
    let interface = component_json(component).map(|json| label(COMPONENT_LABEL, json));
    shown.into_iter().chain(interface).collect()
}

/// The start of a description, without backslashes before quotes and at the end, which not every Dockerfile
/// parser supports.
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

/// The component for a label: without diagnostics, and with shortened descriptions if it would be too long.
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
