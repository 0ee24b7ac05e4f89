//! Building, trying and pushing the images of a family.

use std::collections::BTreeMap;

use c3::artifact::{self, Artifact, Existing};
use c3::engine::build::Build;
use c3::engine::docker::Engine;
use c3::engine::error::EngineError;
use c3::engine::progress::{Event, Progress};
use c3::family::{Published, raised};
use serde::Serialize;

use super::orders::{Form, Order, Work};
use crate::cli::failure::{Failure, INPUT};
use crate::cli::image::built;
use crate::cli::kept::Kept;

/// Label that holds the digest of what an image was made of.
pub(super) const DIGEST_LABEL: &str = "io.claimed.c3.family.digest";

/// An image that was made, or was there.
#[derive(Debug, Serialize)]
pub(super) struct Made {
    name: String,
    version: String,
    cuda: bool,
    reference: String,
    /// Whether it was there as it should be.
    present: bool,
    /// Its id in the engine, if it was built.
    id: Option<String>,
    /// The digest that a registry knows it by, if it was pushed.
    digest: Option<String>,
}

impl Made {
    /// An image that nothing is done about now.
    pub(super) fn decided(order: &Order, form: &Form) -> Self {
        Self {
            name: order.member.name.clone(),
            version: order.version.clone(),
            cuda: form.cuda,
            reference: form.reference.clone(),
            present: form.published == Published::Same,
            id: None,
            digest: None,
        }
    }

    /// The reference as a line.
    pub(super) fn line(&self) -> String {
        let digest = self.digest.as_ref().map(|digest| format!("@{digest}")).unwrap_or_default();
        format!("{}{digest}\n", self.reference)
    }
}

impl Work<'_> {
    /// Builds, tries and pushes what isn't there.
    pub(super) fn make(
        &self,
        engine: &Engine,
        orders: &mut [Order],
        text: String,
    ) -> Result<Vec<Made>, Failure> {
        let progress = Progress::new(self.options.telling.log_level.into());
        let made = self.make_all(engine, orders, text, &progress);
        progress.finish();
        made
    }

    fn make_all(
        &self,
        engine: &Engine,
        orders: &mut [Order],
        mut text: String,
        progress: &Progress,
    ) -> Result<Vec<Made>, Failure> {
        let mut all = Vec::new();
        for order in orders {
            let mut made = build(self, engine, order, progress)?;
            if order.is_raised() {
                text = self.write_version(&text, order)?;
            }
            push(self, engine, order, &mut made, progress)?;
            all.extend(made);
        }
        Ok(all)
    }

    /// Writes the version that was raised into the file, and gives its text.
    fn write_version(&self, text: &str, order: &Order) -> Result<String, Failure> {
        let path = &self.options.file;
        let changed = || {
            Failure::new(INPUT, format!("`{}` was changed while the images were built", path.display()))
                .hint(format!("write the version {} of `{}` into it", order.version, order.member.name))
        };
        if std::fs::read_to_string(path).ok().as_deref() != Some(text) {
            return Err(changed());
        }
        let text = raised(text, &order.member.name, &order.version).ok_or_else(changed)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        artifact::write(&[Artifact::new(name, text.as_str())], self.folder(), &Existing::Overwrite)?;
        Ok(text)
    }

    /// The build contexts that are left on disk.
    pub(super) fn kept(&self, orders: &mut [Order]) -> Result<Vec<Kept>, Failure> {
        let Some(folder) = &self.options.output_dir else { return Ok(Vec::new()) };
        let existing = if self.options.overwrite { Existing::Overwrite } else { Existing::Keep };
        let mut kept = Vec::new();
        for Order { member, source, version, forms, .. } in orders {
            for form in forms {
                let contents = source.contents(&form.member, &form.base, version, self.folder())?;
                let name = format!("{}{}", member.name, if form.cuda { "-cuda" } else { "" });
                kept.push(Kept::stage(folder.join(name), &contents.context, &existing)?);
            }
        }
        Ok(kept)
    }
}

/// Builds what isn't there, and tries it.
fn build(work: &Work, engine: &Engine, order: &mut Order, progress: &Progress) -> Result<Vec<Made>, Failure> {
    let mut all = Vec::new();
    for at in 0..order.forms.len() {
        let mut made = Made::decided(order, &order.forms[at]);
        if !made.present {
            made.id = Some(build_one(work, engine, order, at, progress)?);
        }
        all.push(made);
    }
    Ok(all)
}

fn build_one(
    work: &Work,
    engine: &Engine,
    order: &mut Order,
    at: usize,
    progress: &Progress,
) -> Result<String, Failure> {
    let form = &order.forms[at];
    let contents = order.source.contents(&form.member, &form.base, &order.version, work.folder())?;
    if !form.base.reference.is_empty() {
        engine.ensure_image(&form.base.reference, None, progress).map_err(|error| no_base(form, error))?;
    }
    let args = contents.args.into_iter().chain(built::arguments(engine)?).collect();
    let build = Build {
        context: &contents.context,
        dockerfile: &contents.dockerfile,
        tags: std::slice::from_ref(&form.reference),
        platform: None,
        no_cache: work.options.no_cache || work.options.raise.contains(&order.member.name),
        args: &args,
        labels: &BTreeMap::from([(DIGEST_LABEL.to_owned(), form.digest.clone())]),
    };
    let id = engine.build(&build, progress)?;
    if let Some(test) = form.member.test.as_deref().filter(|_| work.wishes.test) {
        let said = tried(engine, form, test, progress)?;
        if !said.is_empty() {
            progress.report(&Event::Told(said));
        }
    }
    if work.wishes.latest {
        engine.tag(&form.reference, &latest(form))?;
    }
    if engine.interrupted() { Err(EngineError::Interrupted.into()) } else { Ok(id) }
}

/// The image below is neither in the engine nor to be had.
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

/// Runs the test of an image: in a container without a network, as its user.
fn tried(engine: &Engine, form: &Form, test: &str, progress: &Progress) -> Result<String, Failure> {
    let command = ["sh", "-c", test].map(ToOwned::to_owned);
    engine.output(&form.reference, &command, progress).map_err(|error| match error {
        EngineError::Check { code, .. } => {
            let message = format!("the test of `{}` has ended with {code}", form.reference);
            Failure { message: Some(message), ..Failure::from(error) }
                .hint("mend what is in the image, or its `test`; nothing of it was pushed")
        }
        error => error.into(),
    })
}

/// The name of the newest image, as the platform's users know it.
fn latest(form: &Form) -> String {
    let repository = form.reference.rsplit_once(':').map_or("", |(repository, _)| repository);
    format!("{repository}:latest{}", if form.cuda { "-cuda" } else { "" })
}

/// Pushes what was built, the version first: `latest` must not name an image that its version doesn't.
fn push(
    work: &Work,
    engine: &Engine,
    order: &Order,
    made: &mut [Made],
    progress: &Progress,
) -> Result<(), Failure> {
    if !work.wishes.pushes(work.options, work.family, order.member) {
        return Ok(());
    }
    for (form, made) in order.forms.iter().zip(made).filter(|(_, made)| !made.present) {
        made.digest = Some(engine.push(&form.reference, progress)?);
        if work.wishes.latest {
            engine.push(&latest(form), progress)?;
        }
    }
    Ok(())
}
