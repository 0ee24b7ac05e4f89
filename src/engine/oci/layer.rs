//! Layers: entries packed into a compressed archive, with the same bytes for the same entries on every
//! machine.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tar::{Builder, EntryType, Header};
use tokio_util::bytes::Bytes;

use super::compression::Compression;
use super::error::OciError;
use super::members::{Member, Members};
use crate::context::Content;
use crate::hashed::Hashed;

/// Block size of tar archives, in bytes.
pub(super) const BLOCK: usize = 512;

/// An entry of a layer.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Its path in the image, without a leading `/`.
    pub(super) path: String,
    /// Its content; none for a folder.
    pub(super) content: Option<Body>,
    /// Permissions.
    pub(super) mode: u32,
    /// User and group.
    pub(super) owner: (u32, u32),
}

/// Where the content of a file comes from.
#[derive(Debug, Clone)]
pub(super) enum Body {
    /// Generated.
    Bytes(Vec<u8>),
    /// A file on disk.
    Disk(PathBuf),
    /// A file in a wheel.
    Member(Member),
}

impl From<Content> for Body {
    fn from(content: Content) -> Self {
        match content {
            Content::Bytes(bytes) => Self::Bytes(bytes),
            Content::Disk(disk) => Self::Disk(disk),
        }
    }
}

impl Body {
    /// Its size in bytes, as far as it is known without reading it.
    pub(super) fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Disk(disk) => disk.metadata().map_or(0, |disk| disk.len()),
            Self::Member(member) => member.size,
        }
    }
}

/// The properties of a packed layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Packed {
    /// The digest of its compressed form, used by registries.
    pub(super) digest: String,
    /// The size of its compressed form.
    pub(super) size: u64,
    /// The digest of its uncompressed form, used by configurations.
    pub(super) diff_id: String,
    pub(super) compression: Compression,
}

/// What layers of the same entries can differ in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Format {
    /// The time of all files, in seconds since 1970.
    pub(super) mtime: u64,
    pub(super) compression: Compression,
}

/// A layer's compressed form.
#[derive(Debug, Clone)]
pub(super) enum Blob {
    /// In memory.
    Bytes(Bytes),
    /// In a file.
    File(PathBuf),
}

/// A new layer.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    pub(super) packed: Packed,
    pub(super) blob: Blob,
    /// Its description in the image's history.
    pub(super) what: String,
}

/// Packs entries, sorted by path, into a compressed archive.
pub(super) fn pack(
    entries: &[Entry],
    format: Format,
    go_on: impl Fn() -> bool,
    out: impl Write,
) -> Result<Packed, OciError> {
    let Format { mtime, compression } = format;
    let members = Members::new(compression, out).map_err(OciError::io("write", "the layer"))?;
    let mut tar = Builder::new(members);
    for entry in entries {
        if !go_on() {
            return Err(OciError::Interrupted);
        }
        match &entry.content {
            Some(Body::Member(member)) => append_member(&mut tar, entry, member, mtime)?,
            _ => append(&mut tar, entry, mtime)?,
        }
    }
    tar.into_inner().and_then(Members::finish).map_err(OciError::io("write", "the layer"))
}

/// Appends a file of a wheel; gzip takes its compressed form as it is.
fn append_member(
    tar: &mut Builder<Members<impl Write>>,
    entry: &Entry,
    member: &Member,
    mtime: u64,
) -> Result<(), OciError> {
    let failed = |error| OciError::io("read", member.wheel.display())(error);
    let mut header = header(entry, mtime, EntryType::Regular, member.size);
    tar.append_data(&mut header, &entry.path, io::empty()).map_err(failed)?;
    let out = tar.get_mut();
    out.add(member).map_err(failed)?;
    let rest = member.size.next_multiple_of(BLOCK as u64) - member.size;
    out.write_all(&[0; BLOCK][..usize::try_from(rest).unwrap_or_default()]).map_err(failed)
}

/// The digest of a layer's uncompressed form: its entries, whatever packs them.
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
        Some(Body::Bytes(bytes)) => append_bytes(tar, entry, bytes, mtime),
        Some(Body::Member(member)) => {
            let bytes = member.bytes().map_err(OciError::io("read", member.wheel.display()))?;
            append_bytes(tar, entry, &bytes, mtime)
        }
        Some(Body::Disk(disk)) => {
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

fn append_bytes(
    tar: &mut Builder<impl Write>,
    entry: &Entry,
    bytes: &[u8],
    mtime: u64,
) -> Result<(), OciError> {
    let mut header = header(entry, mtime, EntryType::Regular, bytes.len() as u64);
    tar.append_data(&mut header, &entry.path, bytes).map_err(OciError::io("pack", &entry.path))
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
        let content = content.map(|text| Body::Bytes(text.as_bytes().to_vec()));
        Entry { path: path.to_owned(), content, mode: 0o664, owner: (1001, 0) }
    }

    fn format(mtime: u64) -> Format {
        Format { mtime, compression: Compression::Gzip }
    }

    fn packed(entries: &[Entry], mtime: u64) -> (Packed, Vec<u8>) {
        let mut out = Vec::new();
        let packed = pack(entries, format(mtime), || true, &mut out).unwrap();
        (packed, out)
    }

    #[test]
    fn layer_digests_are_correct() {
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
    fn equal_entries_yield_equal_bytes() {
        let entries = [entry("a", Some("1")), entry("b", Some("2"))];
        assert_eq!(packed(&entries, 5), packed(&entries, 5));
        assert_ne!(packed(&entries, 5).1, packed(&entries, 6).1);
    }

    #[test]
    fn interrupted_packing_yields_no_layer() {
        let stopped = pack(&[entry("a", Some("1"))], format(5), || false, io::sink());
        assert!(matches!(stopped, Err(OciError::Interrupted)));
    }
}
