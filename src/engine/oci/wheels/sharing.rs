//! Which wheels get their own layer, and which share one: those beyond the limit, and those with files at the
//! same path, of which pip keeps the later.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use tempfile::TempDir;

use super::unpacked::{recorded_paths, unpack};
use super::{Failure, Job, Wheel, wheel_name};
use crate::engine::oci::Assembler;
use crate::engine::oci::error::OciError;
use crate::engine::oci::layer::{Entry, Layer};
use crate::engine::oci::site::with_folders;
use crate::hashed::digest;

/// Most layers of an image, including the base: engines reject images with many more.
const MOST: usize = 99;

/// Layers above those of wheels.
const ABOVE: usize = 3;

impl Assembler {
    /// The layers of wheels, in pip's order.
    pub(super) fn shared(&self, job: &Job, wheels: &[&Wheel], work: &TempDir) -> Result<Vec<Layer>, Failure> {
        let records: Vec<&str> = wheels.iter().map(|wheel| wheel.known.record.as_str()).collect();
        let sizes: Vec<u64> = wheels.iter().map(|wheel| wheel.known.packed.size).collect();
        let room = MOST.saturating_sub(job.base.layers.len() + ABOVE);
        let together = together(&clashing(&records)?, &sizes, room);
        let alone = (0..wheels.len()).filter(|at| !together.contains(at));
        let mut layers: Vec<Layer> = alone.map(|at| wheels[at].layer()).collect();
        if !together.is_empty() {
            let wheels: Vec<&Wheel> = together.iter().map(|at| wheels[*at]).collect();
            layers.push(self.one_layer(job, &wheels, work)?);
        }
        Ok(layers)
    }

    /// One layer of several wheels.
    fn one_layer(&self, job: &Job, wheels: &[&Wheel], work: &TempDir) -> Result<Layer, Failure> {
        let names = wheels.iter().filter_map(|wheel| Some(wheel_name(job, wheel.chosen.sha256.as_ref()?)));
        let name = digest(names.collect::<Vec<_>>().join(" ").as_bytes()).replace("sha256:", "wheels-");
        let files: Vec<String> = wheels.iter().map(|wheel| wheel.chosen.file()).collect();
        let what = format!("pip install {}", files.join(" "));
        let _turn = self.work.finish(self.making.take(&name));
        if let Some((packed, blob)) = self.cache.get(&name).filter(|_| !job.spec.no_cache) {
            return Ok(Layer { packed, blob, what });
        }
        let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
        for wheel in wheels {
            let (path, _) = self.bring(job, &wheel.chosen, work)?;
            entries.extend(unpack(&path, job.target.python)?.entries);
        }
        let (packed, blob) = self.packed(job, &with_folders(entries, job.target.python))?;
        self.cache.note_down(&name, &packed)?;
        Ok(Layer { packed, blob, what })
    }
}

/// Wheels with files at the same path, by their records. A file where another wheel has a folder is rejected.
fn clashing(records: &[&str]) -> Result<BTreeSet<usize>, OciError> {
    let (mut owners, mut clashing) = (BTreeMap::new(), BTreeSet::new());
    for (at, record) in records.iter().enumerate() {
        for path in recorded_paths(record) {
            if let Some(other) = owners.insert(path, at).filter(|other| *other != at) {
                clashing.extend([at, other]);
            }
        }
    }
    let folders = owners.keys().flat_map(|path| Path::new(path).ancestors().skip(1));
    let mut folders = folders.map(|folder| folder.to_string_lossy());
    match folders.find(|folder| owners.contains_key(&**folder)) {
        None => Ok(clashing),
        Some(path) => {
            Err(OciError::NeedsEngine(format!("`{path}` is a file of one package and a folder of another")))
        }
    }
}

/// The wheels that share a layer: those that clash, and the smallest ones beyond the limit.
fn together(clashing: &BTreeSet<usize>, sizes: &[u64], room: usize) -> BTreeSet<usize> {
    let mut together = clashing.clone();
    let mut alone: Vec<usize> = (0..sizes.len()).filter(|at| !clashing.contains(at)).collect();
    if alone.len() + usize::from(!clashing.is_empty()) > room {
        alone.sort_by_key(|at| (Reverse(sizes[*at]), *at));
        together.extend(alone.drain(room.saturating_sub(1)..));
    }
    together
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(numbers: &[usize]) -> BTreeSet<usize> {
        numbers.iter().copied().collect()
    }

    #[test]
    fn the_smallest_surplus_wheels_share_a_layer() {
        assert_eq!(together(&numbers(&[]), &[5, 1, 3, 2], 4), numbers(&[]));
        assert_eq!(together(&numbers(&[]), &[5, 1, 3, 2], 3), numbers(&[1, 3]));
        assert_eq!(together(&numbers(&[0, 2]), &[5, 1, 3, 2], 3), numbers(&[0, 2]));
        assert_eq!(together(&numbers(&[0, 2]), &[5, 1, 3, 2], 2), numbers(&[0, 1, 2]));
        assert_eq!(together(&numbers(&[]), &[5, 1], 0), numbers(&[0, 1]));
    }

    #[test]
    fn wheels_with_the_same_file_conflict() {
        let records = ["a/x.py,,\na/y.py,,\n", "b/x.py,,\n", "a/y.py,,\n\"c,d\",,\n", "c/d,,\n"];
        assert_eq!(clashing(&records).unwrap(), numbers(&[0, 2]));
        assert!(clashing(&["a,,\n", "a/b,,\n"]).is_err());
    }
}
