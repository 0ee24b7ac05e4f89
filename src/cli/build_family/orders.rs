//! What is to be done about each image of a family.

use std::collections::BTreeMap;

use c3::engine::docker::Engine;
use c3::engine::registry::{self, RegistryError};
use c3::family::{Family, Member, Published, Verdict, verdict};
use c3::reference::successor;

use super::Options;
use super::contents::{Base, Source};
use super::made::{DIGEST_LABEL, Made};
use super::wishes::Wishes;
use crate::cli::console;
use c3::failure::Failure;

/// What is to be done about one image of the family.
pub(super) struct Order<'a> {
    pub(super) member: &'a Member,
    pub(super) source: Source,
    pub(super) version: String,
    pub(super) verdict: Verdict,
    pub(super) forms: Vec<Form>,
}

/// The image without CUDA, or with it.
pub(super) struct Form {
    pub(super) cuda: bool,
    /// What it is made of, without or with CUDA.
    pub(super) member: Member,
    pub(super) base: Base,
    /// The digest of what it is made of, apart from its version.
    pub(super) digest: String,
    /// The reference with the version.
    pub(super) reference: String,
    pub(super) published: Published,
}

impl Order<'_> {
    pub(super) fn is_raised(&self) -> bool {
        self.version != self.member.version
    }

    /// Whether nothing is left to be done about it.
    pub(super) fn is_done(&self) -> bool {
        self.verdict == Verdict::Present && !self.is_raised()
    }

    /// What would be made, where nothing is.
    pub(super) fn as_decided(&self) -> Vec<Made> {
        self.forms.iter().map(|form| Made::decided(self, form)).collect()
    }
}

/// All that deciding needs.
pub(super) struct Work<'a> {
    pub(super) options: &'a Options,
    pub(super) family: &'a Family,
    pub(super) wishes: &'a Wishes<'a>,
    pub(super) engine: Option<&'a Engine>,
}

impl<'a> Work<'a> {
    /// What is to be done, in the order in which it can be done.
    pub(super) fn orders(&self) -> Result<Vec<Order<'a>>, Failure> {
        let members = &self.family.members;
        let mut versions: BTreeMap<&str, String> =
            members.iter().map(|member| (member.name.as_str(), member.version.clone())).collect();
        let mut orders = Vec::new();
        for member in self.family.in_order() {
            if !self.wishes.members.contains(&member) {
                self.doubt(member, &versions)?;
                continue;
            }
            let order = self.order(member, &versions)?;
            versions.insert(&member.name, order.version.clone());
            orders.extend(Some(order).filter(|order| !order.forms.is_empty()));
        }
        Ok(orders)
    }

    /// Tells of an image that isn't as it should be and that others are going to be built from.
    fn doubt(&self, member: &'a Member, versions: &BTreeMap<&str, String>) -> Result<(), Failure> {
        let stands = |other: &&&Member| self.family.stands_on(other, &member.name);
        let Some(other) = self.wishes.members.iter().find(stands) else { return Ok(()) };
        let order = self.order(member, versions)?;
        let what = if order.is_raised() { "has changed" } else { "isn't there" };
        if order.verdict == Verdict::Build && !self.options.no_build {
            let (name, version, other) = (&member.name, &member.version, &other.name);
            let message =
                format!("`{name}` {what} and isn't chosen: `{other}` stands on its version {version}");
            console::warning(&message, self.options.telling.log_level);
        }
        Ok(())
    }

    /// What is to be done about one image, on bases of these versions.
    fn order(&self, member: &'a Member, versions: &BTreeMap<&str, String>) -> Result<Order<'a>, Failure> {
        let mut source = Source::of(member, &self.options.file, &self.options.telling)?;
        let forms = self.wishes.forms(member).into_iter();
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
                verdict => return Ok(Order { member, source, version, verdict, forms }),
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
        let digest = source.digest(&member, &base, &self.options.file)?;
        let (reference, published) = (String::new(), Published::Nothing);
        Ok(Form { cuda, member, base, digest, reference, published })
    }

    /// What an image is built from.
    fn base(&self, member: &Member, cuda: bool, versions: &BTreeMap<&str, String>) -> Base {
        let suffix = if cuda { self.family.cuda.clone() } else { String::new() };
        let from = member.from.as_deref().and_then(|name| self.family.member(name));
        let Some(from) = from else {
            let reference = member.base.clone().unwrap_or_default();
            return Base { root: reference.clone(), reference, version: String::new(), suffix };
        };
        let version = versions.get(from.name.as_str()).unwrap_or(&from.version).clone();
        let tag = self.family.tag(&version, cuda);
        let root = self.family.root(from);
        let root = if cuda { root.with_cuda() } else { root.clone() }.base.unwrap_or_default();
        Base { reference: format!("{}:{tag}", self.repository(from)), root, version, suffix }
    }

    /// What the registry knows by the reference of an image, or the engine where nothing is pushed.
    fn published(&self, member: &Member, form: &Form) -> Result<Published, Failure> {
        let labels = if self.options.no_build {
            None
        } else if self.wishes.pushes(member) {
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
    pub(super) fn repository(&self, member: &Member) -> String {
        self.family.repository(member, self.options.repository.as_deref())
    }
}
