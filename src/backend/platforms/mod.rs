//! Platforms with an image of their own, each made as its guide wants it.

use super::Settings;
use super::runtime;
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

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}
