//! Layers: entries become a compressed archive, the same bytes for the same entries on every machine.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;

use flate2::{Compression, GzBuilder};
use serde::{Deserialize, Serialize};
use tar::{Builder, EntryType, Header};
use tokio_util::bytes::Bytes;

use super::error::OciError;
use crate::context::Content;
use crate::hashed::Hashed;

/// Something in a layer.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Its path in the image, without a `/` at the beginning.
    pub(super) path: String,
    /// Its content; nothing for a folder.
    pub(super) content: Option<Content>,
    /// Permissions.
    pub(super) mode: u32,
    /// User and group.
    pub(super) owner: (u32, u32),
}

/// What is known of a layer that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Packed {
    /// The digest of its compressed form, by which registries know it.
    pub(super) digest: String,
    /// The size of that.
    pub(super) size: u64,
    /// The digest of its uncompressed form, by which configurations know it.
    pub(super) diff_id: String,
}

/// Where a layer's compressed form is.
#[derive(Debug, Clone)]
pub(super) enum Blob {
    /// In memory.
    Bytes(Bytes),
    /// In a file.
    File(PathBuf),
}

/// A layer that was made here.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    pub(super) packed: Packed,
    pub(super) blob: Blob,
    /// What it is, for the history of the image.
    pub(super) what: String,
}

/// Packs entries, which are in the order of their paths, into a compressed archive.
pub(super) fn pack(
    entries: &[Entry],
    mtime: u64,
    go_on: impl Fn() -> bool,
    out: impl Write,
) -> Result<Packed, OciError> {
    // Neither the time nor the system's name is in the header.
    let compressed = GzBuilder::new().operating_system(255).write(Hashed::new(out), Compression::default());
    let mut tar = Builder::new(Hashed::new(compressed));
    for entry in entries {
        if !go_on() {
            return Err(OciError::Interrupted);
        }
        append(&mut tar, entry, mtime)?;
    }
    let finished = tar.into_inner().and_then(|plain| {
        let (compressed, diff_id, _) = plain.finish();
        let (mut out, digest, size) = compressed.finish()?.finish();
        out.flush()?;
        Ok(Packed { digest, size, diff_id })
    });
    finished.map_err(OciError::io("write", "the layer"))
}

/// The digest of the uncompressed form of a layer with these entries: what they are, whatever packs them.
pub(super) fn plain_digest(entries: &[Entry], mtime: u64) -> Result<String, OciError> {
    let mut tar = Builder::new(Hashed::new(io::sink()));
    entries.iter().try_for_each(|entry| append(&mut tar, entry, mtime))?;
    let (_, digest, _) = tar.into_inner().map_err(OciError::io("read", "the files"))?.finish();
    Ok(digest)
}

fn append(tar: &mut Builder<impl Write>, entry: &Entry, mtime: u64) -> Result<(), OciError> {
    let path = &entry.path;
    match &entry.content {
        None => {
            let mut header = header(entry, mtime, EntryType::Directory, 0);
            tar.append_data(&mut header, format!("{path}/"), io::empty()).map_err(OciError::io("pack", path))
        }
        Some(Content::Bytes(bytes)) => {
            let mut header = header(entry, mtime, EntryType::Regular, bytes.len() as u64);
            tar.append_data(&mut header, path, bytes.as_slice()).map_err(OciError::io("pack", path))
        }
        Some(Content::Disk(disk)) => {
            let name = disk.display();
            let file = File::open(disk).map_err(OciError::io("read", &name))?;
            let size = file.metadata().map_err(OciError::io("read", &name))?.len();
            let mut content = file.take(size);
            let mut header = header(entry, mtime, EntryType::Regular, size);
            tar.append_data(&mut header, path, &mut content).map_err(OciError::io("pack", &name))?;
            let (left, mut file) = (content.limit(), content.into_inner());
            let more = file.read(&mut [0]).map_err(OciError::io("read", &name))?;
            if (left, more) == (0, 0) { Ok(()) } else { Err(OciError::Changed(disk.clone())) }
        }
    }
}

fn header(entry: &Entry, mtime: u64, kind: EntryType, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(entry.mode);
    header.set_mtime(mtime);
    header.set_uid(entry.owner.0.into());
    header.set_gid(entry.owner.1.into());
    header
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hashed::digest;

    fn entry(path: &str, content: Option<&str>) -> Entry {
        let content = content.map(|text| Content::Bytes(text.as_bytes().to_vec()));
        Entry { path: path.to_owned(), content, mode: 0o664, owner: (1001, 0) }
    }

    fn packed(entries: &[Entry], mtime: u64) -> (Packed, Vec<u8>) {
        let mut out = Vec::new();
        let packed = pack(entries, mtime, || true, &mut out).unwrap();
        (packed, out)
    }

    #[test]
    fn a_layer_is_what_its_digests_say() {
        let long = "a".repeat(300);
        let (packed, bytes) = packed(&[entry("app", None), entry(&format!("app/{long}"), Some("text"))], 5);
        assert_eq!((packed.digest, packed.size), (digest(&bytes), bytes.len() as u64));
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(bytes.as_slice()).read_to_end(&mut plain).unwrap();
        assert_eq!(packed.diff_id, digest(&plain));
        let mut archive = tar::Archive::new(plain.as_slice());
        let found: Vec<_> = archive
            .entries()
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let header = entry.header();
                let owner = (header.uid().unwrap(), header.gid().unwrap());
                (
                    entry.path().unwrap().display().to_string(),
                    header.mode().unwrap(),
                    owner,
                    header.mtime().unwrap(),
                )
            })
            .collect();
        let expected = ["app/".to_owned(), format!("app/{long}")].map(|path| (path, 0o664, (1001, 0), 5));
        assert_eq!(found, expected);
    }

    #[test]
    fn equal_entries_give_equal_bytes() {
        let entries = [entry("a", Some("1")), entry("b", Some("2"))];
        assert_eq!(packed(&entries, 5), packed(&entries, 5));
        assert_ne!(packed(&entries, 5).1, packed(&entries, 6).1);
    }

    #[test]
    fn interrupted_work_gives_no_layer() {
        let stopped = pack(&[entry("a", Some("1"))], 5, || false, io::sink());
        assert!(matches!(stopped, Err(OciError::Interrupted)));
    }
}
