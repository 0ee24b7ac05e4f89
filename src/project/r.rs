//! Files of R projects: `renv.lock` and `DESCRIPTION`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Contents;
use crate::component::{Installer, Requirement};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Lock {
    #[serde(default)]
    packages: BTreeMap<String, Package>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Package {
    source: Option<String>,
    remote_username: Option<String>,
    remote_repo: Option<String>,
    remote_sha: Option<String>,
}

/// The packages of an `renv.lock`; those of CRAN in their newest versions.
pub(super) fn lock(text: &str) -> Result<Contents, String> {
    let lock: Lock = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let mut requirements = Vec::new();
    let mut is_loose = false;
    for (name, package) in lock.packages.iter().filter(|(name, _)| *name != "renv") {
        let (text, installer) =
            match (package.source.as_deref(), &package.remote_username, &package.remote_repo) {
                (Some("GitHub"), Some(user), Some(repository)) => {
                    let sha = package.remote_sha.as_ref().map(|sha| format!("@{sha}")).unwrap_or_default();
                    (format!("{user}/{repository}{sha}"), Installer::InstallGithub)
                }
                (Some("Bioconductor"), ..) => (name.clone(), Installer::BiocManager),
                _ => (name.clone(), Installer::InstallPackages),
            };
        is_loose |= installer == Installer::InstallPackages;
        requirements.push(Requirement::R { text, installer, repos: Vec::new() });
    }
    let left_out = is_loose.then(|| "the newest versions are installed, not those of the lock".to_owned());
    Ok((requirements, left_out.into_iter().collect()))
}

/// What a package's `DESCRIPTION` imports and depends on.
pub(super) fn description(text: &str) -> Vec<Requirement> {
    let fields = text.replace("\n ", " ").replace("\n\t", " ");
    let lists = fields.lines().filter_map(|line| {
        let (field, value) = line.split_once(':')?;
        ["Imports", "Depends"].contains(&field).then(|| value.to_owned())
    });
    let names = lists.flat_map(|list| list.split(',').map(ToOwned::to_owned).collect::<Vec<_>>());
    let names = names.map(|name| name.split('(').next().unwrap_or_default().trim().to_owned());
    let names = names.filter(|name| !name.is_empty() && name != "R");
    names
        .map(|text| Requirement::R { text, installer: Installer::InstallPackages, repos: Vec::new() })
        .collect()
}
