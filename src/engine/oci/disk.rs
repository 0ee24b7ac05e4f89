//! Base images on disk: a folder or an archive in OCI's layout, or an archive of `docker save`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio_util::bytes::Bytes;

use super::compression::media_type;
use super::error::OciError;
use crate::engine::manifest::{self, LAYER};
use crate::hashed::{digest, hex};
use crate::reader;

/// Prefixes of images on disk, as in skopeo.
const KINDS: [&str; 3] = ["oci", "oci-archive", "docker-archive"];

/// An image on disk.
#[derive(Debug)]
pub(super) struct Disk {
    /// The manifest or index.
    pub(super) manifest: Bytes,
    /// The position of each blob, by digest.
    blobs: BTreeMap<String, Piece>,
}

/// A file, or a part of an archive.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) path: PathBuf,
    pub(super) start: u64,
    pub(super) size: u64,
}

/// An entry of `manifest.json` in an archive of `docker save`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    layers: Vec<String>,
}

/// Kind and path of `oci:PATH`, `oci-archive:PATH` and `docker-archive:PATH`.
#[must_use]
pub fn on_disk(name: &str) -> Option<(&str, &Path)> {
    let (kind, path) = name.split_once(':')?;
    (KINDS.contains(&kind) && !path.is_empty()).then(|| (kind, Path::new(path)))
}

impl Disk {
    /// Opens what is at a path.
    pub(super) fn open(kind: &str, path: &Path) -> Result<Self, OciError> {
        let failed = |error| OciError::io("read the base image", path.display())(error);
        let files = if kind == "oci" { in_folder(path) } else { in_archive(path) }.map_err(failed)?;
        let opened = if kind == "docker-archive" { saved(&files) } else { layout(&files) };
        opened.map_err(failed)
    }

    /// A blob.
    pub(super) fn piece(&self, digest: &str) -> Result<&Piece, OciError> {
        self.blobs.get(digest).ok_or_else(|| OciError::Damaged(digest.to_owned()))
    }

    /// A manifest or a configuration, verified by its digest.
    pub(super) fn document(&self, name: &str) -> Result<Bytes, OciError> {
        let bytes = self.piece(name)?.bytes().map_err(OciError::io("read", name))?;
        if digest(&bytes) == name { Ok(bytes) } else { Err(OciError::Damaged(name.to_owned())) }
    }
}

impl Piece {
    /// Opens the content.
    pub(super) fn open(&self) -> io::Result<impl Read + use<>> {
        let mut file = reader::open(&self.path)?;
        file.seek(SeekFrom::Start(self.start))?;
        Ok(file.take(self.size))
    }

    /// The whole content.
    pub(super) fn bytes(&self) -> io::Result<Bytes> {
        let mut bytes = Vec::new();
        self.open()?.read_to_end(&mut bytes)?;
        Ok(bytes.into())
    }
}

/// The files below a folder, by relative path.
fn in_folder(folder: &Path) -> io::Result<BTreeMap<String, Piece>> {
    let mut files = BTreeMap::new();
    for name in ["index.json", "blobs/sha256"] {
        let path = folder.join(name);
        let found = if path.is_dir() {
            path.read_dir()?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?
        } else {
            vec![path]
        };
        for path in found {
            let size = fs::metadata(&path)?.len();
            let name = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
            files.insert(name, Piece { path, start: 0, size });
        }
    }
    Ok(files)
}

/// The files in an archive, by path.
fn in_archive(path: &Path) -> io::Result<BTreeMap<String, Piece>> {
    let mut archive = tar::Archive::new(reader::open(path)?);
    let mut files = BTreeMap::new();
    for entry in archive.entries_with_seek()? {
        let entry = entry?;
        let name = entry.path()?.display().to_string();
        let piece = Piece { path: path.to_owned(), start: entry.raw_file_position(), size: entry.size() };
        files.insert(name.trim_start_matches("./").to_owned(), piece);
    }
    Ok(files)
}

fn text(files: &BTreeMap<String, Piece>, name: &str) -> io::Result<Bytes> {
    let missing = || io::Error::new(io::ErrorKind::NotFound, format!("it has no `{name}`"));
    files.get(name).ok_or_else(missing)?.bytes()
}

/// An image in OCI's layout.
fn layout(files: &BTreeMap<String, Piece>) -> io::Result<Disk> {
    let index: Value = serde_json::from_slice(&text(files, "index.json")?)?;
    let top = index["manifests"][0]["digest"].as_str().unwrap_or_default();
    let manifest = text(files, &format!("blobs/{}", top.replace(':', "/")))?;
    if digest(&manifest) != top {
        return Err(io::Error::other(format!("its manifest is not what its digest `{top}` says")));
    }
    let blob = |(name, piece): (&String, &Piece)| {
        let digest = name.strip_prefix("blobs/")?.replace('/', ":");
        Some((digest, piece.clone()))
    };
    Ok(Disk { manifest, blobs: files.iter().filter_map(blob).collect() })
}

/// An image written by `docker save`: its blobs have arbitrary names, so they are hashed.
fn saved(files: &BTreeMap<String, Piece>) -> io::Result<Disk> {
    let list: Vec<Saved> = serde_json::from_slice(&text(files, "manifest.json")?)?;
    let saved = list.into_iter().next().ok_or_else(|| io::Error::other("there is no image in it"))?;
    let config = text(files, &saved.config)?;
    let mut blobs = BTreeMap::from([(digest(&config), files[&saved.config].clone())]);
    let mut layers = Vec::new();
    for name in &saved.layers {
        let piece = files.get(name).ok_or_else(|| io::Error::other(format!("it has no `{name}`")))?;
        let (kind, digest) = hashed(piece)?;
        layers.push(json!({"mediaType": kind, "digest": digest, "size": piece.size}));
        blobs.insert(digest, piece.clone());
    }
    let config = json!({"mediaType": manifest::CONFIG, "digest": digest(&config), "size": config.len()});
    let manifest = json!({
        "schemaVersion": 2, "mediaType": manifest::IMAGE, "config": config, "layers": layers,
    });
    Ok(Disk { manifest: manifest.to_string().into(), blobs })
}

/// The media type and digest of a layer.
fn hashed(piece: &Piece) -> io::Result<(&'static str, String)> {
    let mut content = piece.open()?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut kind = None;
    loop {
        let read = content.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        kind.get_or_insert_with(|| media_type(&buffer[..read]));
        hasher.update(&buffer[..read]);
    }
    Ok((kind.unwrap_or(LAYER), format!("sha256:{}", hex(&hasher.finalize()))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_disk_image_names_are_recognized() {
        assert_eq!(on_disk("oci:a/b"), Some(("oci", Path::new("a/b"))));
        assert_eq!(on_disk("docker-archive:/x.tar"), Some(("docker-archive", Path::new("/x.tar"))));
        for name in ["python:3.12", "oci", "oci:", "localhost:5000/oci:1"] {
            assert_eq!(on_disk(name), None, "{name}");
        }
    }

    #[test]
    fn docker_archives_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image.tar");
        let mut archive = tar::Builder::new(fs::File::create(&path).unwrap());
        let manifest = r#"[{"Config": "c.json", "Layers": ["l/layer.tar"]}]"#;
        for (name, text) in [("l/layer.tar", "layer"), ("c.json", "{}"), ("manifest.json", manifest)] {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            archive.append_data(&mut header, name, text.as_bytes()).unwrap();
        }
        archive.finish().unwrap();
        let disk = Disk::open("docker-archive", &path).unwrap();
        let manifest: Value = serde_json::from_slice(&disk.manifest).unwrap();
        assert_eq!(manifest["layers"][0]["digest"], digest(b"layer"));
        assert_eq!(disk.piece(&digest(b"layer")).unwrap().bytes().unwrap(), "layer");
        assert_eq!(disk.piece(&digest(b"{}")).unwrap().bytes().unwrap(), "{}");
        assert!(Disk::open("oci-archive", &path).is_err());
    }
}
