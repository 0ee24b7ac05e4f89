//! The plan of a family build: which images, versions and bases.

use std::collections::BTreeMap;
use std::path::Path;

use super::contents::Show;
use super::{Family, Member, Published, Verdict, verdict};
use crate::engine::docker::Engine;
use crate::engine::registry::{self, RegistryError};
use crate::progress::Progress;
use crate::reference::{Mirrors, successor};

use super::BuildOptions;
use super::build::{DIGEST_LABEL, Made};
use super::contents::{Base, Source};
use crate::failure::Failure;

/// One image of the family, and what is planned for it.
pub struct PlannedImage<'a> {
    /// The image.
    pub member: &'a Member,
    /// Where its contents come from.
    pub source: Source,
    /// The version that it gets.
    pub version: String,
    /// Whether it has to be built.
    pub verdict: Verdict,
    /// Without CUDA, with it, or both.
    pub forms: Vec<Form>,
}

/// The image without CUDA, or with it.
pub struct Form {
    /// Whether it is the one with CUDA.
    pub cuda: bool,
    /// The image, with or without the differences of CUDA.
    pub member: Member,
    /// Its base.
    pub base: Base,
    /// The digest of its contents, except the version.
    pub digest: String,
    /// The reference with the version.
    pub reference: String,
    /// What is published under its reference.
    pub published: Published,
}

impl PlannedImage<'_> {
    /// Whether its version is higher than in the file.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        self.version != self.member.version
    }

    /// Whether there is nothing left to do.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.verdict == Verdict::Present && !self.is_raised()
    }

    /// The results if nothing is built.
    #[must_use]
    pub fn as_decided(&self) -> Vec<Made> {
        self.forms.iter().map(|form| Made::decided(self, form)).collect()
    }
}

/// What planning needs.
pub struct Work<'a> {
    /// The family.
    pub family: &'a Family,
    /// Its file.
    pub file: &'a Path,
    /// Mirrors of images from outside the family.
    pub mirrors: &'a Mirrors,
    /// The options.
    pub options: &'a BuildOptions<'a>,
    /// The engine, if it reports which images exist.
    pub engine: Option<&'a Engine>,
    /// Where progress goes.
    pub progress: &'a Progress,
    /// Shows the diagnostics of sources.
    pub show: Show<'a>,
}

impl<'a> Work<'a> {
    /// Plans the images, each behind those it is built from.
    ///
    /// # Errors
    ///
    /// If a source can't be read, or the registry or the engine fails.
    pub fn plan(&self) -> Result<Vec<PlannedImage<'a>>, Failure> {
        let members = &self.family.members;
        let mut versions: BTreeMap<&str, String> =
            members.iter().map(|member| (member.name.as_str(), member.version.clone())).collect();
        let mut planned = Vec::new();
        for member in self.family.in_order() {
            if !self.options.members.contains(&member) {
                self.doubt(member, &versions)?;
                continue;
            }
            let image = self.planned(member, &versions)?;
            versions.insert(&member.name, image.version.clone());
            planned.extend(Some(image).filter(|image| !image.forms.is_empty()));
        }
        Ok(planned)
    }

    /// Warns of an outdated or missing image that others will be built from.
    fn doubt(&self, member: &'a Member, versions: &BTreeMap<&str, String>) -> Result<(), Failure> {
        let stands = |other: &&&Member| self.family.stands_on(other, &member.name);
        let Some(other) = self.options.members.iter().find(stands) else { return Ok(()) };
        let image = self.planned(member, versions)?;
        let what = if image.is_raised() { "has changed" } else { "isn't there" };
        if image.verdict == Verdict::Build && !self.options.no_build {
            let (name, version, other) = (&member.name, &member.version, &other.name);
            let message =
                format!("`{name}` {what} and isn't chosen: `{other}` stands on its version {version}");
            self.progress.warn(message);
        }
        Ok(())
    }

    /// Plans one image, on bases of these versions.
    fn planned(
        &self,
        member: &'a Member,
        versions: &BTreeMap<&str, String>,
    ) -> Result<PlannedImage<'a>, Failure> {
        let mut source = Source::of(member, self.file, self.show)?;
        let forms = self.options.forms(member).into_iter();
        let forms = forms.map(|cuda| self.form(member, cuda, versions, &mut source));
        let mut forms = forms.collect::<Result<Vec<_>, _>>()?;
        let mut version = member.version.clone();
        loop {
            for form in &mut forms {
                let repository = self.repository(member);
                form.reference = format!("{repository}:{}", self.family.tag(&version, form.cuda));
                form.published = self.published(member, form)?;
            }
            let published: Vec<_> = forms.iter().map(|form| form.published).collect();
            match verdict(&published) {
                Verdict::Raise => version = successor(&version),
                verdict => return Ok(PlannedImage { member, source, version, verdict, forms }),
            }
        }
    }

    fn form(
        &self,
        member: &Member,
        cuda: bool,
        versions: &BTreeMap<&str, String>,
        source: &mut Source,
    ) -> Result<Form, Failure> {
        let member = if cuda { member.with_cuda() } else { member.clone() };
        let base = self.base(&member, cuda, versions);
        let digest = source.digest(&member, &base, self.file)?;
        let (reference, published) = (String::new(), Published::Nothing);
        Ok(Form { cuda, member, base, digest, reference, published })
    }

    /// The base of an image.
    fn base(&self, member: &Member, cuda: bool, versions: &BTreeMap<&str, String>) -> Base {
        let suffix = if cuda { self.family.cuda.clone() } else { String::new() };
        let from = member.from.as_deref().and_then(|name| self.family.member(name));
        let Some(from) = from else {
            let reference = member.base.clone().unwrap_or_default();
            let mirrors = self.mirrors.clone();
            return Base { root: reference.clone(), reference, mirrors, version: String::new(), suffix };
        };
        let version = versions.get(from.name.as_str()).unwrap_or(&from.version).clone();
        let tag = self.family.tag(&version, cuda);
        let root = self.family.root(from);
        let root = if cuda { root.with_cuda() } else { root.clone() }.base.unwrap_or_default();
        let (reference, mirrors) = (format!("{}:{tag}", self.repository(from)), Mirrors::default());
        Base { reference, mirrors, root, version, suffix }
    }

    /// What the registry has under an image's reference, or the engine if nothing is pushed.
    fn published(&self, member: &Member, form: &Form) -> Result<Published, Failure> {
        let labels = if self.options.no_build {
            None
        } else if self.options.pushes(member) {
            match registry::labels(&form.reference) {
                Err(RegistryError::NotFound { .. }) => None,
                labels => Some(labels?),
            }
        } else {
            let engine = self.engine.map(|engine| engine.inspect(&form.reference)).transpose()?;
            engine.flatten().map(|image| image.labels)
        };
        let wants_another = self.options.raise.contains(&member.name);
        Ok(match labels {
            None => Published::Nothing,
            Some(labels) if labels.get(DIGEST_LABEL) == Some(&form.digest) && !wants_another => {
                Published::Same
            }
            Some(_) => Published::Other,
        })
    }

    /// The repository of an image.
    #[must_use]
    pub fn repository(&self, member: &Member) -> String {
        self.family.repository(member, self.options.repository.as_deref())
    }
}
