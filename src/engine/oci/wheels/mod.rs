//! Packages as layers, one for each wheel: made of the wheel unchanged and the same for every operator, so
//! that a registry gets it once.

mod archive;
mod choice;
mod fetch;
mod order;
mod sharing;
mod unpacked;

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use self::choice::{Choice, Chosen};
use self::fetch::fetch;
use self::unpacked::{record_path, recorded, unpack};
use super::base::Base;
use super::error::OciError;
use super::files::ROOT;
use super::index::distribution;
use super::installer::{self, Target};
use super::layer::{Blob, Body, Entry, Format, Layer, Packed, pack};
use super::site::with_folders;
use super::{Assembler, ImageSpec};
use crate::engine::work::Interrupted;
use crate::hashed::digest;

/// Why packages don't become layers of wheels.
#[derive(Debug)]
pub(super) enum Failure {
    /// An installer has to unpack them, for this reason.
    Unfit(String),
    /// The download failed.
    Failed(OciError),
}

impl From<OciError> for Failure {
    fn from(error: OciError) -> Self {
        match error {
            OciError::Io { ref source, .. } if source.kind() == ErrorKind::InvalidData => {
                Self::Unfit(error.to_string())
            }
            error => Self::Failed(error),
        }
    }
}

impl From<Interrupted> for Failure {
    fn from(interrupted: Interrupted) -> Self {
        Self::Failed(interrupted.into())
    }
}

/// The packages to make layers of.
pub(super) struct Job<'a> {
    pub(super) spec: &'a ImageSpec<'a>,
    pub(super) format: Format,
    pub(super) target: &'a Target<'a>,
    pub(super) base: &'a Base,
    /// The distributions in the base, with their versions.
    pub(super) there: &'a BTreeSet<(String, String)>,
    /// The cache key of the result.
    pub(super) name: &'a str,
    /// The description in the image's history.
    pub(super) what: &'a str,
}

/// A wheel whose layer is cached.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Known {
    packed: Packed,
    info: String,
    record: String,
    requires: Vec<String>,
}

/// A wheel and its layer.
struct Wheel {
    chosen: Chosen,
    known: Known,
    blob: Blob,
}

impl Wheel {
    fn layer(&self) -> Layer {
        let what = format!("pip install {}", self.chosen.file());
        Layer { packed: self.known.packed.clone(), blob: self.blob.clone(), what }
    }
}

/// Wheels fetched and packed concurrently.
const AT_ONCE: usize = 4;

impl Assembler {
    /// The layers of all wheels; the last one has the requirement files and what differs between operators.
    pub(super) fn wheels(&self, job: &Job, requirements: Vec<Entry>) -> Result<Vec<Layer>, Failure> {
        let work = self.cache.work()?;
        let choice = self.choice(job, &work)?;
        let names: Vec<(String, Chosen)> = choice.into_iter().collect();
        let made = at_once(&names, |(_, chosen)| self.wheel(job, chosen, &work));
        let made = made.into_iter().collect::<Result<Vec<_>, _>>()?;
        let wheels: BTreeMap<String, Wheel> = names.into_iter().map(|(name, _)| name).zip(made).collect();
        let installed = wheels.values().filter_map(|wheel| distribution(&wheel.known.info)).collect();
        super::assembly::refuse_replaced(job.base, job.there, &installed)?;
        if wheels.values().all(|wheel| !wheel.chosen.is_local()) {
            let choice: Choice =
                wheels.iter().map(|(name, wheel)| (name.clone(), wheel.chosen.clone())).collect();
            self.cache.note_down(&choice_name(job), &choice)?;
        }
        let mut layers = self.shared(job, &in_order(&wheels), &work)?;
        let marks = wheels.values().flat_map(|wheel| marks(wheel, job));
        let entries = marks.map(|entry| (entry.path.clone(), entry)).collect();
        let entries = with_folders(entries, job.target.python);
        let entries = super::assembly::merged(entries.into_iter().chain(requirements));
        layers.push(self.layer(job.spec, job.what.to_owned(), &entries)?);
        Ok(layers)
    }

    /// The wheels to install, by package name.
    fn choice(&self, job: &Job, work: &TempDir) -> Result<Choice, Failure> {
        if !job.spec.no_cache
            && let Some(choice) = self.cache.recall(&choice_name(job))
        {
            return Ok(choice);
        }
        let files = work.path().join("files");
        super::assembly::write_requirements(job.spec, &files)?;
        let installs = super::assembly::installs(job.spec)?;
        let choosing = installer::choose(&installs, &files, job.target, job.spec.logins, job.spec.progress);
        let locks = self.work.wait(choosing)?;
        let locks =
            locks.ok_or_else(|| Failure::Unfit("it takes uv 0.7 or newer to choose wheels".to_owned()))?;
        let commands =
            locks.iter().zip(&installs).map(|(lock, install)| (lock.as_str(), &*install.flat.requirements));
        let choice = choice::joined(commands)?;
        let lines: Vec<String> =
            installs.iter().flat_map(|install| install.flat.requirements.clone()).collect();
        if choice::is_allowed(&choice, &lines) {
            Ok(choice)
        } else {
            Err(Failure::Unfit("not all wheels have a hash that is named".to_owned()))
        }
    }

    /// A wheel with its layer, cached or fetched and packed.
    fn wheel(&self, job: &Job, chosen: &Chosen, work: &TempDir) -> Result<Wheel, Failure> {
        let _turn = self.work.finish(self.making.take(&chosen.place));
        if let Some(sha256) = chosen.sha256.as_ref().filter(|_| !job.spec.no_cache)
            && let Some(known) = self.cache.recall::<Known>(&wheel_name(job, sha256))
            && let Some(blob) = self.cache.intact(&known.packed)
        {
            return Ok(Wheel { chosen: chosen.clone(), known, blob });
        }
        let (wheel, sha256) = self.bring(job, chosen, work)?;
        let unpacked = unpack(&wheel, job.target.python)?;
        let entries = with_folders(unpacked.entries, job.target.python);
        let (packed, blob) = self.packed(job, &entries)?;
        let known =
            Known { packed, info: unpacked.info, record: unpacked.record, requires: unpacked.requires };
        self.cache.note_down(&wheel_name(job, &sha256), &known)?;
        Ok(Wheel { chosen: Chosen { sha256: Some(sha256), ..chosen.clone() }, known, blob })
    }

    /// Downloads a wheel; returns its SHA-256.
    fn bring(&self, job: &Job, chosen: &Chosen, work: &TempDir) -> Result<(PathBuf, String), Failure> {
        self.work.wait(fetch(chosen, work.path(), job.spec.logins, job.spec.progress))
    }

    fn packed(&self, job: &Job, entries: &[Entry]) -> Result<(Packed, Blob), OciError> {
        let go_on = || !self.work.interrupted();
        self.cache.keep_layer(|out| pack(entries, job.format, go_on, out))
    }
}

/// What differs between operators with the same package: whether it was requested, and by which address.
fn marks(wheel: &Wheel, job: &Job) -> Vec<Entry> {
    let Wheel { chosen, known: Known { info, record, .. }, .. } = wheel;
    let requested = chosen.is_requested.then(|| (format!("{info}/REQUESTED"), Vec::new()));
    let direct = direct_url(chosen).map(|text| (format!("{info}/direct_url.json"), text.into_bytes()));
    let mut marks: Vec<(String, Vec<u8>)> = requested.into_iter().chain(direct).collect();
    if !marks.is_empty() {
        let own = marks.iter().map(|(path, bytes)| recorded(path, bytes));
        let mut lines: Vec<String> = record.lines().map(|line| format!("{line}\n")).chain(own).collect();
        lines.sort();
        marks.push((record_path(info), lines.concat().into_bytes()));
    }
    let site = job.target.python.site();
    let entry = |(path, bytes): (String, Vec<u8>)| Entry {
        path: format!("{}/{path}", site.trim_start_matches('/')),
        content: Some(Body::Bytes(bytes)),
        mode: 0o644,
        owner: ROOT,
    };
    marks.into_iter().map(entry).collect()
}

/// pip's `direct_url.json` for a package with an address in its requirement, without a login.
fn direct_url(chosen: &Chosen) -> Option<String> {
    let mut url = chosen.is_direct.then(|| reqwest::Url::parse(&chosen.place).ok()).flatten()?;
    let _ = (url.set_username(""), url.set_password(None));
    url.set_fragment(None);
    let (sha256, url) = (chosen.sha256.as_ref()?, serde_json::to_string(url.as_str()).ok()?);
    let hash = format!(r#"{{"hash": "sha256={sha256}", "hashes": {{"sha256": "{sha256}"}}}}"#);
    Some(format!(r#"{{"archive_info": {hash}, "url": {url}}}"#))
}

/// Wheels in pip's order of installation.
fn in_order(wheels: &BTreeMap<String, Wheel>) -> Vec<&Wheel> {
    let requires = wheels.iter().map(|(name, wheel)| {
        (name.as_str(), wheel.known.requires.iter().map(String::as_str).collect::<Vec<_>>())
    });
    order::sorted(&requires.collect()).iter().map(|name| &wheels[name]).collect()
}

/// The cache key of a choice of wheels.
fn choice_name(job: &Job) -> String {
    format!("choice-{}", job.name)
}

/// The cache key of a wheel's layer: everything that it depends on.
fn wheel_name(job: &Job, sha256: &str) -> String {
    let python = job.target.python;
    let layout = (&python.version, &python.prefix, python.folders, python.is_environment);
    let key = format!("{:?}", (env!("CARGO_PKG_VERSION"), sha256, layout, job.format));
    format!("wheel-{}", digest(key.as_bytes()).trim_start_matches("sha256:"))
}

/// Processes items a few at a time; returns the results in order.
fn at_once<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        while let Some((at, item)) = {
            let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            items.get(at).map(|item| (at, item))
        } {
            done.push((at, work(item)));
        }
        done
    };
    let mut done: Vec<(usize, R)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE.min(items.len())).map(|_| scope.spawn(worker)).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}
