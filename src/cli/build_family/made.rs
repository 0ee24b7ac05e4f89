//! Building, trying and pushing one image of a family.

use std::collections::BTreeMap;

use c3::engine::build::Build;
use c3::engine::docker::Engine;
use c3::engine::error::EngineError;
use c3::engine::progress::{Event, Progress};
use c3::family::Published;
use serde::Serialize;

use super::{DIGEST_LABEL, Form, Order, Work};
use crate::cli::failure::Failure;
use crate::cli::image::built;

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

/// Builds what isn't there, and tries it.
pub(super) fn build(
    work: &Work,
    engine: &Engine,
    order: &mut Order,
    progress: &Progress,
) -> Result<Vec<Made>, Failure> {
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
        engine.ensure_image(&form.base.reference, None, progress)?;
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
pub(super) fn push(
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
