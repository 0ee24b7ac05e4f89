//! Variants: images for a single platform, which leave the other targets alone.

use std::collections::BTreeMap;
use std::path::Path;

use super::{BuildFile, Operator, Settings, TARGETS, Target};
use crate::artifact::Artifact;
use crate::component::{Component, Input};
use crate::diagnostic::Diagnostic;
use crate::language::Language;
use crate::reference::ImageName;
use crate::stamp;

/// An image built as a platform's guide requires.
#[derive(Debug)]
pub struct Variant {
    /// The name of its target, which is part of the names of its image and Dockerfile.
    pub name: &'static str,
    /// The languages that the platform runs.
    pub languages: &'static [Language],
    /// Why it runs no others.
    pub(super) why_no_others: &'static str,
    /// Folder of the operator's files in the image, without a `/` at its end.
    pub working_dir: &'static str,
    /// The default base image.
    pub(super) base_image: fn(&Component, &Settings) -> Option<String>,
    /// The version of Python in the image, such as `3.12`, if known.
    pub(super) python: fn(&Operator) -> Option<String>,
    /// The options that choose the version.
    pub(super) python_options: &'static str,
    /// The suffix of the version in the tag of its image.
    pub(super) flavour: fn(&Settings) -> &str,
    /// Writes the Dockerfile.
    pub(super) dockerfile: fn(&Operator) -> String,
    /// Generated files of the build context besides the entry point.
    pub(super) files: fn(&Operator) -> Vec<BuildFile>,
    /// Suffix of the zip with the operator's files, if the platform takes them besides an image that holds
    /// requirements only.
    pub sends: Option<&'static str>,
    /// Which inputs are read-only data with an index, on a platform without network access.
    pub read_only: Option<fn(&Input) -> bool>,
    /// Whether users see the source in the image, so that a notebook is copied besides its script.
    pub shows_source: fn(&Settings) -> bool,
    /// Whether a `--` before the parameters belongs to the platform rather than the script.
    pub(super) skips_dashes: bool,
    /// What is in the file of `--archive`.
    pub archive: Archive,
    /// A command to test the image with after the build; its output is shown.
    pub check: fn(&Operator) -> Option<Vec<String>>,
    /// The choices of a target's users.
    pub choices: &'static [Choice],
    /// The next steps for the user, given the file that `--archive` has written.
    pub next: fn(&Operator, Option<&Path>) -> Vec<String>,
}

/// The form of an image in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Archive {
    /// The image for `docker load`.
    Image,
    /// The files of a container, as `docker export` writes them.
    Container,
}

/// A choice of a target's users, made with `--set TARGET.NAME=VALUE`.
#[derive(Debug)]
pub struct Choice {
    /// Its name.
    pub name: &'static str,
    /// Its description in the help.
    pub help: &'static str,
    /// The default.
    pub default: &'static str,
    /// The allowed values; if empty, any word of letters, digits and `-._,:/+=`.
    pub values: &'static [&'static str],
}

/// The values chosen, by target and name.
pub type Choices = BTreeMap<String, BTreeMap<String, String>>;

/// Every choice, with the name of its target.
pub fn choices() -> impl Iterator<Item = (&'static str, &'static Choice)> {
    let variants = TARGETS.iter().filter_map(|target| target.variant);
    variants.flat_map(|variant| variant.choices.iter().map(|choice| (variant.name, choice)))
}

/// Checks a choice; the error names what can be chosen.
pub fn check_choice(target: &str, name: &str, value: &str) -> Result<(), String> {
    let known = choices().find(|(of, choice)| *of == target && choice.name == name);
    let Some((_, choice)) = known else {
        let is_target = choices().any(|(of, _)| of == target);
        let offered = choices().filter(|(of, _)| *of == target || !is_target);
        let names: Vec<_> = offered.map(|(of, choice)| format!("`{of}.{}`", choice.name)).collect();
        return Err(format!("`{target}.{name}` is not a choice; there are {}", names.join(", ")));
    };
    if choice.takes(value) {
        return Ok(());
    }
    Err(match choice.values {
        [] => format!("`{target}.{name}` is one word of letters, digits and `-._,:/+=`"),
        values => format!("`{target}.{name}` is one of `{}`", values.join("`, `")),
    })
}

impl Choice {
    /// Whether a value is allowed.
    #[must_use]
    pub fn takes(&self, value: &str) -> bool {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._,:/+=".contains(&byte);
        if self.values.is_empty() { value.bytes().all(is_plain) } else { self.values.contains(&value) }
    }
}

/// One image of an operator and the targets whose files name it.
#[derive(Debug)]
pub struct Image<'a> {
    /// The operator's settings as they are for this image.
    pub settings: Settings,
    /// The targets.
    pub targets: Vec<&'a Target>,
}

/// The images that targets need: the operator's own if any target runs it, and each variant.
#[must_use]
pub fn images<'a>(component: &Component, settings: &Settings, targets: &[&'a Target]) -> Vec<Image<'a>> {
    let (own, standard): (Vec<&Target>, Vec<&Target>) =
        targets.iter().partition(|target| target.variant.is_some());
    let standard = Some(standard).filter(|standard| !standard.is_empty() || own.is_empty());
    let standard = standard.map(|targets| Image { settings: settings.clone(), targets });
    let own = own.into_iter().filter_map(|target| {
        Some(Image { settings: settings.for_variant(target.variant?, component), targets: vec![target] })
    });
    standard.into_iter().chain(own).collect()
}

impl Settings {
    /// The settings for a target's own image.
    fn for_variant(&self, variant: &'static Variant, component: &Component) -> Self {
        let mut own = Self {
            image: ImageName {
                repository: repository_of(&self.image.repository, variant),
                digest: None,
                ..self.image.clone()
            },
            dockerfile: format!("{}.{}.Dockerfile", self.stem, variant.name),
            dockerfile_template: None,
            variant: Some(variant),
            ..self.clone()
        };
        if let Some(image) = (variant.base_image)(component, &own).filter(|_| !self.base_image_given) {
            own.base_image = image;
        }
        own.image.flavour = (variant.flavour)(&own).to_owned();
        own
    }

    /// The value chosen for the image's own target, or the default.
    pub(super) fn choice(&self, name: &str) -> &str {
        let Some(variant) = self.variant else { return "" };
        let chosen = self.choices.get(variant.name).and_then(|chosen| chosen.get(name));
        let default =
            || variant.choices.iter().find(|choice| choice.name == name).map_or("", |choice| choice.default);
        chosen.map_or_else(default, String::as_str)
    }

    /// Whether a choice of the image's own target is switched on.
    pub(super) fn chosen(&self, name: &str) -> bool {
        self.choice(name) == "true"
    }
}

/// The repository of a variant's image, from that of the operator's own.
#[must_use]
pub fn repository_of(repository: &str, variant: &Variant) -> String {
    format!("{repository}-{}", variant.name)
}

/// The values of a boolean choice.
pub(super) const SWITCH: &[&str] = &["true", "false"];

/// The Dockerfile of an operator's image.
pub(super) fn dockerfile(operator: &Operator) -> Option<Artifact> {
    let variant = operator.settings.variant?;
    let text = stamp::sealed(&(variant.dockerfile)(operator));
    Some(Artifact::new(operator.settings.dockerfile.clone(), text))
}

/// The error for an operator in a language that the platform doesn't run.
pub(super) fn refusal(operator: &Operator) -> Option<Diagnostic> {
    let (variant, component) = (operator.settings.variant?, operator.component);
    let (source, name, why) = (&component.source, variant.name, variant.why_no_others);
    let message = format!("`{source}` is in a language that `{name}` doesn't run: {why}");
    let refused = !variant.languages.contains(&component.language);
    refused.then(|| Diagnostic::error("target-language", message).hint("leave the target out of `--target`"))
}

/// For targets whose only file is their Dockerfile.
#[expect(clippy::unnecessary_wraps, reason = "the signature of every target")]
pub(super) fn no_files(_: &Operator) -> Result<Vec<Artifact>, Vec<Diagnostic>> {
    Ok(Vec::new())
}
