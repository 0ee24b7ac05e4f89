//! Platforms with an image of their own, each made as its guide wants it.

use super::runtime;
use super::{Operator, Settings};
use crate::component::Component;

pub(crate) mod chaimeleon;
mod conda;
pub(crate) mod onedata;
pub(crate) mod submarine;
pub(crate) mod techila;

/// A small public image with the language's interpreter, of Debian's kind.
fn debian_image(component: &Component, settings: &Settings) -> Option<String> {
    (runtime::of(component.language).debian_image)(&settings.image_version)
}

/// The version of Python in [`debian_image`], where the operator's image is built from it.
fn debian_python(operator: &Operator) -> Option<String> {
    let Operator { component, settings } = operator;
    let is_taken = debian_image(component, settings).is_some_and(|image| image == settings.base_image);
    is_taken.then(|| runtime::python_version(&settings.image_version).map(ToOwned::to_owned)).flatten()
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}
