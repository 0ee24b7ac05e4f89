//! The registries to push to: those on the command line, or in `c3.toml`.

use std::collections::BTreeSet;
use std::path::Path;

use c3::engine::registry;
use c3::failure::Failure;
use c3::reference::{Mirrors, image_repository, registry_host};
use c3::settings::{self, FILE_NAME, Files};
use c3::userinfo;

use super::{Check, State};

/// What the nearest `c3.toml` says of registries.
#[derive(Default)]
pub(super) struct Named {
    pub(super) repositories: BTreeSet<String>,
    pub(super) mirrors: Mirrors,
}

/// The registries of the nearest `c3.toml`, with the repository to check in place of its own, and a check of the
/// file.
pub(super) fn named(given: Option<&str>) -> (Option<Check>, Named) {
    let given = given.map(|repository| BTreeSet::from([repository.to_owned()]));
    match of_file() {
        Ok(named) => {
            let repositories = given.unwrap_or(named.repositories);
            (None, Named { repositories, ..named })
        }
        Err(failure) => {
            let message = failure.message.unwrap_or_default();
            let parts: Vec<_> = message.lines().map(str::trim).take(2).collect();
            let named = Named { repositories: given.unwrap_or_default(), ..Named::default() };
            (Some(Check::new("settings", State::Broken, format!("{FILE_NAME}: {}", parts.join(" ")))), named)
        }
    }
}

/// What the nearest `c3.toml` says; trusts its certificates from now on.
fn of_file() -> Result<Named, Failure> {
    settings::trust_nearest()?;
    let file = Files::default().nearest(Path::new(FILE_NAME), &settings::current_dir()?)?;
    let Some(file) = file else { return Ok(Named::default()) };
    let configs = std::iter::once(&file.config).chain(file.config.operators.values());
    let repositories = configs.filter_map(|config| config.repository.clone()).collect();
    Ok(Named { repositories, mirrors: file.config.mirrors.clone() })
}

/// Lists an operator's tags in a registry, which works if the login is valid or not required.
pub(super) fn check(repository: &str) -> Check {
    let answer = image_repository(Some(repository), "doctor")
        .map_err(Failure::from)
        .and_then(|image| Ok(registry::tags(&image)?));
    match &answer {
        Ok(_) => {
            let text = format!("registry {} (it answers and lets you in)", registry_host(repository));
            Check::new("registry", State::Found, text)
        }
        Err(failure) => {
            let parts = failure.message.iter().chain(&failure.hint).cloned();
            let text = format!("registry {repository}: {}", parts.collect::<Vec<_>>().join("; "));
            Check::new("registry", State::Missing, userinfo::mask_words(&text))
        }
    }
}
