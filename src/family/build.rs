//! Builds, tests and pushes the images of a family.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Published, raised};
use crate::artifact::{self, Existing};
use crate::engine::build::Build;
use crate::engine::docker::Engine;
use crate::engine::error::EngineError;
use crate::logins::Secrets;
use crate::progress::Progress;
use crate::reader;
use serde::Serialize;

use super::contents::Contents;
use super::plan::{Form, PlannedImage, Work};
use crate::failure::{Failure, INPUT};
use crate::operator::image::built;
use crate::operator::staged::StagedContext;

/// Label with the digest of what an image is made of.
pub const DIGEST_LABEL: &str = "io.claimed.c3.family.digest";

/// An image that was built, or existed.
#[derive(Debug, Serialize)]
pub struct Made {
    name: String,
    version: String,
    cuda: bool,
    reference: String,
    /// Whether it existed, up to date.
    present: bool,
    /// Its id in the engine, if it was built.
    id: Option<String>,
    /// Its digest in the registry, if it was pushed.
    digest: Option<String>,
}

impl Made {
    /// An image for which there is nothing to do.
    #[must_use]
    pub fn decided(image: &PlannedImage, form: &Form) -> Self {
        Self {
            name: image.member.name.clone(),
            version: image.version.clone(),
            cuda: form.cuda,
            reference: form.reference.clone(),
            present: form.published == Published::Same,
            id: None,
            digest: None,
        }
    }

    /// The reference as a line.
    #[must_use]
    pub fn line(&self) -> String {
        let digest = self.digest.as_ref().map(|digest| format!("@{digest}")).unwrap_or_default();
        format!("{}{digest}\n", self.reference)
    }
}

impl Work<'_> {
    /// Builds, tests and pushes the missing images.
    pub fn make(
        &self,
        engine: &Engine,
        planned: &mut [PlannedImage],
        text: String,
    ) -> Result<Vec<Made>, Failure> {
        let made = self.make_all(engine, planned, text, self.progress);
        self.progress.finish();
        made
    }

    fn make_all(
        &self,
        engine: &Engine,
        planned: &mut [PlannedImage],
        mut text: String,
        progress: &Progress,
    ) -> Result<Vec<Made>, Failure> {
        let mut all = Vec::new();
        for image in planned {
            let mut made = build(self, engine, image, progress)?;
            if image.is_raised() {
                text = self.write_version(&text, image)?;
            }
            push(self, engine, image, &mut made, progress)?;
            all.extend(made);
        }
        Ok(all)
    }

    /// Writes a raised version into the file, and returns the new text.
    fn write_version(&self, text: &str, image: &PlannedImage) -> Result<String, Failure> {
        let path = self.file;
        let changed = || {
            Failure::new(INPUT, format!("`{}` was changed while the images were built", path.display()))
                .hint(format!("write the version {} of `{}` into it", image.version, image.member.name))
        };
        if reader::read_to_string(path).ok().as_deref() != Some(text) {
            return Err(changed());
        }
        let text = raised(text, &image.member.name, &image.version).ok_or_else(changed)?;
        artifact::replace(path, text.as_bytes())?;
        Ok(text)
    }

    /// The build contexts to leave on disk, except for custom Dockerfiles.
    pub fn kept(
        &self,
        planned: &mut [PlannedImage],
        folder: &Path,
        existing: &Existing,
    ) -> Result<Vec<StagedContext>, Failure> {
        let mut kept = Vec::new();
        for PlannedImage { member, source, version, forms, .. } in planned {
            for form in forms.iter().filter(|_| member.context.is_none()) {
                let contents = source.contents(&form.member, &form.base, version, self.file)?;
                let name = if form.cuda { format!("{}.cuda", member.name) } else { member.name.clone() };
                kept.push(stage(&folder.join(name), &contents, existing)?);
            }
        }
        Ok(kept)
    }
}

/// Stages a build context beside its place, which is empty or has one of a family.
fn stage(folder: &Path, contents: &Contents, existing: &Existing) -> Result<StagedContext, Failure> {
    let dockerfile = reader::read_to_string(&folder.join(&contents.dockerfile)).unwrap_or_default();
    if folder.exists() && !dockerfile.starts_with("# CHAIMELEON image ") {
        let message = format!("`{}` is there and is not a build context of a family", folder.display());
        return Err(Failure::new(INPUT, message).hint("move it away, or choose another `--output-dir`"));
    }
    StagedContext::stage(folder.to_owned(), &contents.context, existing)
        .map_err(|failure| failure.hint("replace it with `--overwrite`, or choose another `--output-dir`"))
}

/// Builds missing images, and tests them.
fn build(
    work: &Work,
    engine: &Engine,
    image: &mut PlannedImage,
    progress: &Progress,
) -> Result<Vec<Made>, Failure> {
    let mut all = Vec::new();
    for at in 0..image.forms.len() {
        let mut made = Made::decided(image, &image.forms[at]);
        if !made.present {
            made.id = Some(build_one(work, engine, image, at, progress)?);
        }
        all.push(made);
    }
    Ok(all)
}

fn build_one(
    work: &Work,
    engine: &Engine,
    image: &mut PlannedImage,
    at: usize,
    progress: &Progress,
) -> Result<String, Failure> {
    let form = &image.forms[at];
    let contents = image.source.contents(&form.member, &form.base, &image.version, work.file)?;
    have_base(work, engine, form, progress)?;
    let args = contents.args.into_iter().chain(built::arguments(engine)?).collect();
    let build = Build {
        context: &contents.context,
        dockerfile: &contents.dockerfile,
        tags: &[],
        platform: None,
        no_cache: work.options.no_cache || work.options.raise.contains(&image.member.name),
        args: &args,
        labels: &labels(form),
        secrets: &Secrets::new(),
        hidden: &[],
    };
    let id = engine.build(&build, progress).map_err(|error| unbuilt(form, error))?;
    if let Some(test) = form.member.test.as_deref().filter(|_| work.options.test) {
        let said = tried(engine, &id, form, test, progress)?;
        if !said.is_empty() {
            progress.info(said);
        }
    }
    if engine.interrupted() {
        return Err(EngineError::Interrupted.into());
    }
    // What isn't tried has no name: nobody takes it for the image.
    engine.tag(&id, &form.reference)?;
    if work.options.latest {
        engine.tag(&id, &latest(form))?;
    }
    Ok(id)
}

/// Makes sure that the engine has the base image: from the registry, if it is pushed there.
fn have_base(work: &Work, engine: &Engine, form: &Form, progress: &Progress) -> Result<(), Failure> {
    let from = form.member.from.as_deref().and_then(|name| work.family.member(name));
    let is_pushed = from.is_some_and(|from| work.options.pushes(from));
    let reference = &form.base.pulled();
    let had = match &form.member.context {
        _ if is_pushed => engine.pull(reference, None, progress),
        // A Dockerfile of one's own may make nothing of it.
        Some(_) => Ok(()),
        None => engine.ensure_image(reference, None, progress).map(drop),
    };
    had.map_err(|error| no_base(form, error))
}

/// The labels that no Dockerfile sets: the image's identity, and those that would be inherited from its base.
fn labels(form: &Form) -> BTreeMap<String, String> {
    let description = form.member.source.as_ref().map(|_| form.member.description.clone());
    let description = description.map(|text| ("description".to_owned(), text));
    description.into_iter().chain([(DIGEST_LABEL.to_owned(), form.digest.clone())]).collect()
}

/// The error for a build that fails before its first step, because of a custom Dockerfile.
fn unbuilt(form: &Form, error: EngineError) -> Failure {
    match (&error, &form.member.context) {
        (EngineError::Refused { .. }, Some(context)) => {
            let hint = format!(
                "look at `{}`: `IMAGE_NAME` is the whole reference",
                context.join("Dockerfile").display()
            );
            Failure { code: INPUT, ..Failure::from(error) }.hint(hint)
        }
        _ => error.into(),
    }
}

/// The base image is not in the engine and failed to pull.
fn no_base(form: &Form, error: EngineError) -> Failure {
    let hint = match (&error, &form.member.from) {
        (EngineError::BaseImage { .. }, Some(from)) => {
            format!("build `{from}`, too, or log in to its registry with `docker login`")
        }
        (EngineError::BaseImage { image, .. }, None) => {
            format!("load `{image}` into the engine, log in with `docker login`, or name another in the file")
        }
        _ => return error.into(),
    };
    Failure::from(error).hint(hint)
}

/// Tests an image in a container without network access, as its user.
fn tried(engine: &Engine, id: &str, form: &Form, test: &str, progress: &Progress) -> Result<String, Failure> {
    let command = ["sh", "-c", test].map(ToOwned::to_owned);
    engine.output(id, &form.reference, &command, progress).map_err(|error| match error {
        EngineError::Check { code, .. } => {
            let message = format!("the test of `{}` has ended with {code}", form.reference);
            Failure { message: Some(message), ..Failure::from(error) }
                .hint(format!("look into it: `docker run -it --rm {} sh`; it got no name", short(id)))
        }
        error => error.into(),
    })
}

/// The start of an id, enough for engines.
fn short(id: &str) -> &str {
    let digits = id.strip_prefix("sha256:").unwrap_or(id);
    digits.get(..12).unwrap_or(digits)
}

/// The name of the newest image for the platform's users.
fn latest(form: &Form) -> String {
    let repository = form.reference.rsplit_once(':').map_or("", |(repository, _)| repository);
    format!("{repository}:latest{}", if form.cuda { "-cuda" } else { "" })
}

/// Pushes new images, versions first: `latest` must never name an image that no version has.
fn push(
    work: &Work,
    engine: &Engine,
    image: &PlannedImage,
    made: &mut [Made],
    progress: &Progress,
) -> Result<(), Failure> {
    if !work.options.pushes(image.member) {
        return Ok(());
    }
    for (form, made) in image.forms.iter().zip(made).filter(|(_, made)| !made.present) {
        made.digest = Some(engine.push(&form.reference, progress)?);
        if work.options.latest {
            engine.push(&latest(form), progress)?;
        }
    }
    Ok(())
}
