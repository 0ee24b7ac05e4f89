//! Renews one operator of many: builds its image if something has changed, and keeps its files in step.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::image::{Builder, Image, ImageBuild};
use super::plan::Plan;
use super::versions::{self, Claim};
use super::{Making, Part};
use crate::artifact::{self, Artifact, Existing};
use crate::engine::oci::platform::Platform;
use crate::engine::registry::{self, Named};
use crate::failure::Failure;
use crate::logins::BuildSecret;
use crate::progress::Progress;
use crate::recipe::KEY_LABEL;
use crate::reference::{newest_first, next_version};

/// Most versions of an operator to compare with.
const COMPARED: usize = 20;

/// How operators are renewed.
pub struct Renewal<'a> {
    /// What makes the images.
    pub builder: &'a Builder,
    /// The platforms of the images; this machine's unless some are named.
    pub platforms: &'a [Platform],
    /// Secrets for the build, which no layer keeps.
    pub secrets: &'a [BuildSecret],
    /// Whether to push images.
    pub push: bool,
    /// Whether to rebuild everything, with the newest packages.
    pub upgrade: bool,
    /// Whether files name images by digest.
    pub pin: bool,
    /// What to do with existing files.
    pub existing: Existing,
    bases: Bases,
}

/// The digests of base images, each asked for once.
type Bases = Mutex<BTreeMap<String, Arc<OnceLock<Base>>>>;

/// The digest of a base image, or why it is unknown.
type Base = Result<String, (u8, String, Option<String>)>;

/// What happened to an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It exists with the same contents.
    Unchanged,
    /// It was built, and stays here.
    Built,
    /// It was built and pushed.
    Pushed,
}

impl State {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Built => "built",
            Self::Pushed => "pushed",
        }
    }
}

/// An operator whose image and files are up to date.
#[derive(Debug)]
pub struct Renewed {
    /// What happened to its image.
    pub state: State,
    /// The version.
    pub version: String,
    /// The reference with the version.
    pub image: String,
    /// Its digest in the registry.
    pub digest: Option<String>,
    /// Bytes uploaded, if known.
    pub uploaded: Option<u64>,
    /// Its files.
    pub files: Vec<PathBuf>,
}

impl Renewed {
    /// The image by digest alone, for the next step of a pipeline.
    #[must_use]
    pub fn by_digest(&self) -> Option<String> {
        let image = self.image.split('@').next().unwrap_or_default();
        let repository = image.strip_suffix(&format!(":{}", self.version))?;
        self.digest.as_ref().map(|digest| format!("{repository}@{digest}"))
    }
}

/// An existing version, or the next one.
struct Decision {
    known: bool,
    digest: Option<String>,
    claim: Option<Claim>,
    /// Whether the newest packages are in the cache already.
    is_fresh: bool,
}

impl<'a> Renewal<'a> {
    /// Renews by a builder, with default options.
    #[must_use]
    pub fn by(builder: &'a Builder) -> Self {
        Self {
            builder,
            platforms: &[],
            secrets: &[],
            push: false,
            upgrade: false,
            pin: false,
            existing: Existing::Keep,
            bases: Bases::default(),
        }
    }

    /// Builds an operator's image unless it exists, and writes its files.
    pub fn renew(&self, mut plan: Plan, progress: &Progress) -> Result<Renewed, Failure> {
        let pushes = self.push && plan.request.settings.repository.is_some();
        self.refuse_edited(&plan)?;
        let key = self.key(&plan, progress)?;
        let decision = self.decide(&mut plan, &key, pushes, progress)?;
        if decision.known {
            if let Some(digest) = plan.kept_digest(decision.digest.as_ref(), self.pin && pushes) {
                plan.pin(&digest);
            }
            let artifacts = emitted(&plan)?;
            return self.write(&plan, &artifacts, State::Unchanged, decision.digest, Some(0));
        }
        let artifacts = emitted(&plan)?;
        artifact::check(&artifacts, plan.destination(), &self.place(&plan, &artifacts)?)?;
        let parts = super::parts(&plan, &artifacts)?;
        let making = Making {
            platforms: self.platforms,
            no_cache: self.upgrade && !decision.is_fresh,
            secrets: self.secrets,
            push: pushes,
            claimed: decision.claim.is_some(),
            key: Some(&key),
            archive: None,
        };
        let built = super::build(&plan, &parts, self.builder, &making, progress)?;
        if let Some(warning) = Plan::moved(&parts, &built) {
            progress.warn(warning);
        }
        self.finish(plan, &parts, &built, pushes)
    }

    /// Writes the files of an image that was built.
    fn finish(
        &self,
        mut plan: Plan,
        parts: &[Part],
        built: &[Image],
        pushes: bool,
    ) -> Result<Renewed, Failure> {
        if let Some(digest) = plan.named_digest(parts, built, self.pin && pushes) {
            plan.pin(&digest);
        }
        let state = if pushes { State::Pushed } else { State::Built };
        let digest = built.first().and_then(|image| image.digest.clone());
        let uploaded = built.iter().map(|image| image.uploaded).sum();
        self.write(&plan, &emitted(&plan)?, state, digest, uploaded)
    }

    fn write(
        &self,
        plan: &Plan,
        artifacts: &[Artifact],
        state: State,
        digest: Option<String>,
        uploaded: Option<u64>,
    ) -> Result<Renewed, Failure> {
        let existing = self.place(plan, artifacts)?;
        let files = artifact::write(artifacts, plan.destination(), &existing)?;
        let version = plan.settings.image.version.clone();
        Ok(Renewed { state, version, image: plan.settings.image.to_string(), digest, uploaded, files })
    }

    /// Writes the files; edited ones stay unless the options say otherwise.
    fn place(&self, plan: &Plan, artifacts: &[Artifact]) -> Result<Existing, Failure> {
        if self.existing != Existing::Keep {
            return Ok(self.existing.clone());
        }
        let conflicts = plan.conflicts(artifacts);
        if conflicts.is_empty() {
            Ok(Existing::Overwrite)
        } else {
            Err(artifact::in_the_way(conflicts, artifacts).into())
        }
    }

    /// Rejects edited files before asking a registry or an engine.
    fn refuse_edited(&self, plan: &Plan) -> Result<(), Failure> {
        self.place(plan, &emitted(plan)?).map(drop)
    }

    /// The key of the operator's present contents.
    fn key(&self, plan: &Plan, progress: &Progress) -> Result<String, Failure> {
        let host = [Platform::host()];
        let platforms = if self.platforms.is_empty() { &host } else { self.platforms };
        let base = if plan.settings.uses_base_image() { self.base(plan, progress)? } else { String::new() };
        plan.key(&base, platforms, self.builder.compression())
    }

    /// The digest of the base image, shared by all operators on it.
    fn base(&self, plan: &Plan, progress: &Progress) -> Result<String, Failure> {
        let name = plan
            .request
            .base_image_tar
            .as_ref()
            .map_or_else(|| plan.settings.pulled_image(), |archive| archive.display().to_string());
        let known = {
            let mut bases = self.bases.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(bases.entry(name).or_default())
        };
        let ask = || {
            if self.upgrade {
                self.builder.refresh(plan, self.platforms, progress)?;
            }
            self.builder.base(plan, self.platforms, progress)
        };
        let base =
            known.get_or_init(|| ask().map_err(|failure| (failure.code, failure.to_string(), failure.hint)));
        base.clone().map_err(|(code, message, hint)| Failure { hint, ..Failure::new(code, message) })
    }

    /// Chooses the version: that of an image with this key, or the next.
    fn decide(
        &self,
        plan: &mut Plan,
        key: &str,
        pushes: bool,
        progress: &Progress,
    ) -> Result<Decision, Failure> {
        if !pushes {
            let known = !self.upgrade && self.is_here(plan, key)?;
            return Ok(Decision { known, digest: None, claim: None, is_fresh: false });
        }
        let given = plan.request.settings.version.clone();
        let (tags, claim) = match &given {
            Some(_) => (Vec::new(), None),
            None => versions::tags(plan, true, progress)?,
        };
        let compared = given.as_deref().map_or_else(|| newest_first(&tags), |version| vec![version]);
        let mut is_fresh = false;
        if let Some(version) = published(plan, key, &compared)? {
            plan.set_version(&version)?;
            let named = registry::named(&plan.settings.image.to_string())?;
            is_fresh = self.upgrade && matches!(self.builder, Builder::Assembler(_));
            if !self.upgrade || self.makes_the_same(plan, key, named.as_ref(), progress)? {
                let digest = named.map(|named| named.digest);
                return Ok(Decision { known: true, digest, claim: None, is_fresh });
            }
        }
        if given.is_none() {
            plan.set_version(&next_version(&tags))?;
        }
        Ok(Decision { known: false, digest: None, claim, is_fresh })
    }

    /// Whether a rebuild with the newest packages gives the same image; an engine gives another one each
    /// time.
    fn makes_the_same(
        &self,
        plan: &Plan,
        key: &str,
        named: Option<&Named>,
        progress: &Progress,
    ) -> Result<bool, Failure> {
        let config = named.and_then(|named| named.config.as_ref());
        let (Builder::Assembler(_), Some(config)) = (self.builder, config) else { return Ok(false) };
        let parts = super::parts(plan, &emitted(plan)?)?;
        let making =
            Making { platforms: self.platforms, no_cache: true, secrets: self.secrets, ..Making::default() };
        let making = &Making { key: Some(key), ..making };
        let [part] = parts.as_slice() else { return Ok(false) };
        Ok(self.builder.build(&ImageBuild { plan, part, making, progress })?.id == *config)
    }

    /// Whether the engine, or the archive beside the files, has an image with this key.
    fn is_here(&self, plan: &Plan, key: &str) -> Result<bool, Failure> {
        if plan.images().iter().any(|image| image.settings.variant.is_some()) {
            return Ok(false);
        }
        let labels = self.builder.labels(plan, self.builder.archive(plan).as_deref())?;
        Ok(labels.is_some_and(|labels| labels.get(KEY_LABEL).is_some_and(|found| found == key)))
    }
}

/// The version whose images have this key.
fn published(plan: &Plan, key: &str, tags: &[&str]) -> Result<Option<String>, Failure> {
    let tags = &tags[..tags.len().min(COMPARED)];
    let mut images = plan.images().into_iter().map(|image| image.settings.image.repository);
    let Some(first) = images.next() else { return Ok(None) };
    let Some(version) = registry::labelled(&first, tags, (KEY_LABEL, key))? else { return Ok(None) };
    for other in images {
        if registry::labelled(&other, &[&version], (KEY_LABEL, key))?.is_none() {
            return Ok(None);
        }
    }
    Ok(Some(version))
}

/// The files of the chosen targets; problems were reported before.
fn emitted(plan: &Plan) -> Result<Vec<Artifact>, Failure> {
    plan.emit().map_err(|_| Failure::diagnosed())
}
