//! Versions of images: given, taken from the manifests, or the next in the registry, reserved for this
//! process.

use std::collections::BTreeMap;
use std::time::Duration;

use super::image::ImageBuild;
use super::plan::Plan;
use crate::cache::Turn;
use crate::engine::registry::{self, Named, RegistryError};
use crate::failure::{ENGINE, Failure};
use crate::progress::Progress;
use crate::reference::next_version;

/// How often to ask a registry for what was just pushed.
const LOOKS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(500);

/// A version chosen as the next one. While it is kept, no other process on this machine takes it; another
/// machine may, which [`push`] detects.
pub struct Claim {
    _turns: Vec<Turn>,
}

/// The next version in the registry, for all images of the plan.
pub fn next(plan: &Plan, pushes: bool, progress: &Progress) -> Result<(String, Option<Claim>), Failure> {
    let (tags, claim) = tags(plan, pushes, progress)?;
    Ok((next_version(&tags), claim))
}

/// The tags in the registry, for all images of the plan; a lock keeps other pushes away.
pub fn tags(plan: &Plan, pushes: bool, progress: &Progress) -> Result<(Vec<String>, Option<Claim>), Failure> {
    let images = images(plan);
    let repositories: Vec<_> = images.keys().cloned().collect();
    let claim = pushes.then(|| Claim::take(&repositories, progress)).transpose()?;
    let versions = |(repository, flavour): (&String, &String)| -> Result<Vec<String>, RegistryError> {
        let version = |tag: String| tag.strip_suffix(flavour.as_str()).map(ToOwned::to_owned).unwrap_or(tag);
        Ok(registry::tags(repository)?.into_iter().map(version).collect())
    };
    let tags: Result<Vec<_>, _> = images.iter().map(versions).collect();
    let tags = tags.map_err(|error| {
        let failure = Failure::from(error);
        let remedy = failure.hint.clone().unwrap_or_else(|| "try again".to_owned());
        failure.hint(format!("{remedy}, or tell the version with `-v VERSION`"))
    })?;
    Ok((tags.concat(), claim))
}

/// The repositories of all images of the plan, which share their versions, and the suffix of their tags,
/// sorted.
fn images(plan: &Plan) -> BTreeMap<String, String> {
    let images = plan.images().into_iter().map(|image| image.settings.image);
    images.map(|image| (image.repository, image.flavour)).collect()
}

impl Claim {
    fn take(repositories: &[String], progress: &Progress) -> Result<Self, Failure> {
        let take = |repository: &String| {
            let waits = |holder: Option<u32>| {
                let who = holder.map_or("another".to_owned(), |process| format!("process {process}"));
                progress.info(format!("waiting for {who}, which builds the next version of `{repository}`"));
            };
            Turn::take(repository, waits).map_err(|error| {
                Failure::new(ENGINE, format!("cannot keep others from building `{repository}`: {error}"))
                    .hint(
                        "name a writable folder with `XDG_CACHE_HOME`, or tell the version with `-v VERSION`",
                    )
            })
        };
        Ok(Self { _turns: repositories.iter().map(take).collect::<Result<_, _>>()? })
    }
}

/// An image in its registry.
pub struct Pushed {
    /// Its digest in the registry.
    pub digest: String,
    /// Whether its version named another image before.
    pub moved: bool,
}

/// Pushes an image as its version, then as `latest`, which must never name an image that no version has.
pub fn push(
    build: &ImageBuild,
    id: &str,
    as_version: impl FnOnce() -> Result<String, Failure>,
    as_latest: impl FnOnce() -> Result<(), Failure>,
) -> Result<Pushed, Failure> {
    let reference = &build.part.settings.image.to_string();
    if build.making.claimed {
        check_free(reference)?;
    }
    // Whoever may push needn't be allowed to ask.
    let before = if build.making.claimed { None } else { registry::named(reference).ok().flatten() };
    let digest = as_version()?;
    if build.making.claimed {
        confirm(reference, &digest, id)?;
    }
    as_latest()?;
    let moved = before.is_some_and(|before| !is_own(&before, &digest, id));
    Ok(Pushed { digest, moved })
}

/// Refuses to push over what somebody else has pushed since the version was chosen.
fn check_free(reference: &str) -> Result<(), Failure> {
    match registry::named(reference)? {
        None => Ok(()),
        Some(_) => Err(taken(format!("`{reference}` was pushed by somebody else while it was built here"))),
    }
}

/// Checks that the registry has what was pushed, and not somebody else's image.
fn confirm(reference: &str, digest: &str, id: &str) -> Result<(), Failure> {
    for look in 0..LOOKS {
        std::thread::sleep(PAUSE * look);
        if let Some(named) = registry::named(reference)? {
            return if is_own(&named, digest, id) { Ok(()) } else { Err(foreign(reference, &named, digest)) };
        }
    }
    let message = format!("the registry doesn't know `{reference}`, which was pushed to it");
    Err(Failure::new(ENGINE, message).hint("look into the registry, then run the command again"))
}

/// Whether an image is the one that was pushed: registries may rewrite its manifest, but not its
/// configuration.
fn is_own(named: &Named, digest: &str, id: &str) -> bool {
    named.digest == digest || named.config.as_deref() == Some(id)
}

fn foreign(reference: &str, named: &Named, digest: &str) -> Failure {
    let found = &named.digest;
    taken(format!("`{reference}` was pushed by somebody else at the same time: it is {found}, not {digest}"))
}

fn taken(message: String) -> Failure {
    Failure::new(ENGINE, message).hint("run the command again: it takes the next version")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_identified_by_digest_or_id() {
        let named =
            |config: Option<&str>| Named { digest: "sha256:a".into(), config: config.map(Into::into) };
        assert!(is_own(&named(None), "sha256:a", "sha256:i"));
        assert!(is_own(&named(Some("sha256:i")), "sha256:b", "sha256:i"));
        assert!(!is_own(&named(Some("sha256:j")), "sha256:b", "sha256:i"));
        assert!(!is_own(&named(None), "sha256:b", "sha256:i"));
    }
}
