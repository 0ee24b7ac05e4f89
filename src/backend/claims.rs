//! Persistent volume claims, each with all its mounts.

use std::path::{Component, Path, PathBuf};

use serde::Serialize;

use crate::backend::runtime::Runtime;
use crate::job::{Job, Volume};

/// A claim of a persistent volume.
#[derive(Serialize)]
pub(in crate::backend) struct Claim {
    /// Its name.
    pub(super) name: String,
    /// Whether all mounts are read-only.
    pub(super) read_only: bool,
    /// Where it is mounted.
    pub(super) mounts: Vec<Mount>,
}

/// A place where a claim is mounted.
#[derive(Serialize)]
pub(in crate::backend) struct Mount {
    /// The path.
    pub(super) path: String,
    /// The folder of the claim that is mounted.
    pub(super) folder: Option<String>,
    /// Whether the mount is read-only.
    pub(super) read_only: bool,
}

impl Claim {
    /// A claim with one mount.
    pub(in crate::backend) fn new(claim: &str, path: String) -> Self {
        let mount = Mount { path, folder: None, read_only: false };
        Self { name: claim.to_owned(), read_only: false, mounts: vec![mount] }
    }
}

/// The claims of a job, in order of first mention.
pub(in crate::backend) fn claims(job: &Job, runtime: &Runtime) -> Vec<Claim> {
    let mut claims: Vec<Claim> = Vec::new();
    for volume in &job.volumes {
        let read_only = volume.read_only();
        let folder = volume.folder().map(ToOwned::to_owned);
        let mount = Mount { path: place(volume, runtime), folder, read_only };
        match claims.iter_mut().find(|known| known.name == volume.claim()) {
            Some(known) => {
                known.read_only &= read_only;
                known.mounts.push(mount);
            }
            None => claims.push(Claim { name: volume.claim().to_owned(), read_only, mounts: vec![mount] }),
        }
    }
    claims
}

/// The mount path of a volume: a relative path is below the working directory.
pub(super) fn place(volume: &Volume, runtime: &Runtime) -> String {
    let path = Path::new(runtime.working_dir).join(volume.path());
    let parts = path.components().filter(|part| *part != Component::CurDir);
    parts.collect::<PathBuf>().display().to_string()
}
