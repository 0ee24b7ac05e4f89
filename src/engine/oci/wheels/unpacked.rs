//! A wheel as pip unpacks it: every file at its path in the image, scripts generated, the record complete.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::Failure;
use super::archive::{self, Packed, refused};
use super::choice::requested;
use crate::engine::oci::error::OciError;
use crate::engine::oci::files::ROOT;
use crate::engine::oci::layer::{Body, Entry};
use crate::engine::oci::python::Python;
use crate::engine::oci::scripts;
use crate::engine::oci::site::INSTALLER;

/// A wheel unpacked for an image.
pub(super) struct Unpacked {
    /// Its metadata folder, such as `six-1.17.0.dist-info`.
    pub(super) info: String,
    /// Its record.
    pub(super) record: String,
    /// Its dependencies, without those of extras.
    pub(super) requires: Vec<String>,
    /// Its files by path.
    pub(super) entries: BTreeMap<String, Entry>,
}

/// The place of a file: in the site folder, or below Python's prefix.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Destination {
    Site(String),
    Prefix(String),
}

/// A file at its place.
struct File {
    body: Body,
    executable: bool,
    /// Digest and size from the wheel's record; none for generated files.
    line: Option<String>,
}

/// Unpacks a wheel for a Python.
pub(super) fn unpack(wheel: &Path, python: &Python) -> Result<Unpacked, Failure> {
    let packed = archive::read(wheel)?;
    let text = |name: &str| -> Result<String, Failure> {
        let bytes = packed.get(name).map(|file| file.member.bytes()).transpose();
        let bytes = bytes.map_err(OciError::io("read", wheel.display()))?.unwrap_or_default();
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    let info =
        info(&packed).ok_or_else(|| refused(wheel, "nothing in it tells of one package".to_owned()))?;
    let [metadata, points, record] =
        ["METADATA", "entry_points.txt", "RECORD"].map(|name| text(&format!("{info}/{name}")));
    let version = text(&format!("{info}/WHEEL"))?;
    if !version.lines().any(|line| line.trim().starts_with("Wheel-Version: 1.")) {
        return Err(Failure::Unfit(format!("`{info}` is of a format that isn't known")));
    }
    let made = scripts::console_scripts(&points?, &python.interpreter());
    let mut files = placed(wheel, &packed, python, &info, &lines(&record?), &made)?;
    let own = [
        (Destination::Site(format!("{info}/INSTALLER")), INSTALLER.to_vec(), false),
        (Destination::Site(record_path(&info)), Vec::new(), false),
    ];
    let made = made
        .into_iter()
        .map(|(name, text)| (Destination::Prefix(format!("bin/{name}")), text.into_bytes(), true));
    for (destination, bytes, executable) in own.into_iter().chain(made) {
        files.insert(destination, File { body: Body::Bytes(bytes), executable, line: None });
    }
    let record = listed(&files, &info, python);
    files
        .entry(Destination::Site(record_path(&info)))
        .and_modify(|file| file.body = Body::Bytes(record.clone().into()));
    let entries = files.into_iter().map(|(destination, file)| entry(&destination, file, python));
    let entries = entries.map(|entry| (entry.path.clone(), entry)).collect();
    Ok(Unpacked { requires: requires(&metadata?), info, record, entries })
}

/// The path of a package's record, relative to the site folder.
pub(super) fn record_path(info: &str) -> String {
    format!("{info}/RECORD")
}

/// The `.dist-info` folder of the package in a wheel.
fn info(packed: &BTreeMap<String, Packed>) -> Option<String> {
    let infos = packed.keys().filter_map(|path| path.split_once('/')).filter(|(_, file)| *file == "WHEEL");
    let mut infos = infos.map(|(folder, _)| folder).filter(|folder| folder.ends_with(".dist-info"));
    infos.next().filter(|_| infos.next().is_none()).map(ToOwned::to_owned)
}

/// The lines of a wheel's record: digest and size by path.
fn lines(record: &str) -> BTreeMap<String, String> {
    let line = |line: &str| {
        let at = line.rmatch_indices(',').nth(1)?.0;
        let (path, rest) = (line[..at].trim_matches('"').replace("\"\"", "\""), line[at + 1..].to_owned());
        Some((path, rest))
    };
    record.lines().filter_map(line).collect()
}

/// The files of a wheel at their places, in pip's order: the site folder, then scripts, then the rest.
fn placed(
    wheel: &Path,
    packed: &BTreeMap<String, Packed>,
    python: &Python,
    info: &str,
    lines: &BTreeMap<String, String>,
    made: &[(String, String)],
) -> Result<BTreeMap<Destination, File>, Failure> {
    let made: BTreeSet<&str> = made.iter().map(|(name, _)| name.as_str()).collect();
    let name = info.split('-').next().unwrap_or_default();
    let mut found = Vec::new();
    for (path, file) in packed.iter().filter(|(path, _)| !path.split('/').any(|part| part == "__pycache__")) {
        let (rank, destination) = destination(path, python, name)
            .ok_or_else(|| refused(wheel, format!("`{path}` in it belongs nowhere")))?;
        if rank != SCRIPTS || !made.contains(script_name(&destination)) {
            let body = body(wheel, rank, file, python)?;
            let line = lines.get(path).filter(|_| matches!(body, Body::Member(_))).cloned();
            found.push((rank, destination, File { body, executable: file.executable, line }));
        }
    }
    found.sort_by_key(|(rank, ..)| *rank);
    Ok(found.into_iter().map(|(_, destination, file)| (destination, file)).collect())
}

/// The rank of scripts, and of other files below the prefix.
const SCRIPTS: u8 = 1;
const REST: u8 = 2;

/// The rank of a wheel's file in the installation, and its place.
fn destination(path: &str, python: &Python, name: &str) -> Option<(u8, Destination)> {
    let is_data = |top: &str| Path::new(top).extension().is_some_and(|end| end == "data");
    let Some((_, rest)) = path.split_once('/').filter(|(top, _)| is_data(top)) else {
        return Some((0, Destination::Site(path.to_owned())));
    };
    let (scheme, rest) = rest.split_once('/')?;
    Some(match scheme {
        "purelib" | "platlib" => (REST, Destination::Site(rest.to_owned())),
        "scripts" => (SCRIPTS, Destination::Prefix(format!("bin/{rest}"))),
        "headers" => (REST, Destination::Prefix(format!("{}/{name}/{rest}", python.include()))),
        "data" => (REST, Destination::Prefix(rest.to_owned())),
        _ => return None,
    })
}

/// The name of a script without Windows' suffix.
fn script_name(destination: &Destination) -> &str {
    let (Destination::Site(path) | Destination::Prefix(path)) = destination;
    let name = path.rsplit('/').next().unwrap_or_default();
    let ends = [".exe", "-script.py", ".pya"];
    ends.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name)
}

/// The content of a file; a Python script gets the image's interpreter.
fn body(wheel: &Path, rank: u8, file: &Packed, python: &Python) -> Result<Body, Failure> {
    if rank == SCRIPTS {
        let bytes = file.member.bytes().map_err(OciError::io("read", wheel.display()))?;
        if bytes.starts_with(b"#!python") {
            return Ok(Body::Bytes(scripts::with_interpreter(&bytes, &python.interpreter())));
        }
    }
    Ok(Body::Member(file.member.clone()))
}

/// The record of installed files.
fn listed(files: &BTreeMap<Destination, File>, info: &str, python: &Python) -> String {
    let up = "../".repeat(python.site().split('/').count() - python.prefix.split('/').count());
    let record = Destination::Site(record_path(info));
    let line = |(destination, file): (&Destination, &File)| {
        let path = match destination {
            Destination::Site(path) => path.clone(),
            Destination::Prefix(path) => format!("{up}{path}"),
        };
        match (&file.line, &file.body) {
            (Some(line), _) => format!("{},{line}\n", quoted(&path)),
            (None, Body::Bytes(bytes)) if *destination != record => recorded(&path, bytes),
            _ => format!("{},,\n", quoted(&path)),
        }
    };
    let mut lines: Vec<String> = files.iter().map(line).collect();
    lines.sort();
    lines.concat()
}

/// The record's line for a generated file.
pub(super) fn recorded(path: &str, bytes: &[u8]) -> String {
    let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(bytes));
    format!("{},sha256={digest},{}\n", quoted(path), bytes.len())
}

fn quoted(path: &str) -> String {
    if path.contains([',', '"']) { format!("\"{}\"", path.replace('"', "\"\"")) } else { path.to_owned() }
}

/// The paths that a record lists.
pub(super) fn recorded_paths(record: &str) -> impl Iterator<Item = String> {
    lines(record).into_keys()
}

fn entry(destination: &Destination, file: File, python: &Python) -> Entry {
    let path = match destination {
        Destination::Site(path) => format!("{}/{path}", python.site()),
        Destination::Prefix(path) => format!("{}/{path}", python.prefix),
    };
    let mode = if file.executable { 0o755 } else { 0o644 };
    Entry { path: path.trim_start_matches('/').to_owned(), content: Some(file.body), mode, owner: ROOT }
}

/// The unconditional dependencies of a package.
fn requires(metadata: &str) -> Vec<String> {
    let head = metadata.lines().take_while(|line| !line.trim().is_empty());
    let required = head.filter_map(|line| line.strip_prefix("Requires-Dist:"));
    let is_extra = |text: &&str| text.split_once(';').is_some_and(|(_, marker)| marker.contains("extra"));
    required.filter(|text| !is_extra(text)).filter_map(requested).collect()
}

#[cfg(test)]
mod tests;
