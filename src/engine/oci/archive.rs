//! An image as an archive: in OCI's layout, with the list for `docker load` of every version.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Write};

use serde_json::{Value, json};
use tar::{EntryType, Header};

use super::assembly::Image;
use super::error::OciError;
use super::layer::{BLOCK, Blob};
use super::verified::Expected;
use super::{Assembled, Assembler};
use crate::hashed::Hashed;
use crate::progress::{Event, Progress};

/// Two empty blocks end an archive.
const END: [u8; 1024] = [0; 1024];

impl Assembler {
    /// Writes an image to an archive for `docker load` and `podman load`, with its names; Docker loads the
    /// first of several platforms.
    pub fn save(
        &self,
        image: &Assembled,
        tags: &[String],
        out: &mut dyn Write,
        progress: &Progress,
    ) -> Result<(), OciError> {
        progress.report(&Event::Started("write the archive".to_owned()));
        let mut archive = Archive { out, written: BTreeSet::new(), mtime: image.created };
        archive.file("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#)?;
        for one in &image.images {
            self.save_one(&mut archive, image, one, progress)?;
        }
        archive.blob(&image.top.digest, &image.top.bytes)?;
        archive.json("index.json", &layout_index(image, tags))?;
        archive.json("manifest.json", &docker_list(image, tags))?;
        archive.end()
    }

    fn save_one(
        &self,
        archive: &mut Archive,
        image: &Assembled,
        one: &Image,
        progress: &Progress,
    ) -> Result<(), OciError> {
        for layer in &one.base {
            let expected = Expected::of(layer);
            let size = expected.size;
            if archive.begin_blob(&layer.digest, size)? {
                self.work.wait(image.origin.copy(expected, &mut archive.out, progress))?;
                archive.pad(size)?;
            }
        }
        for layer in &one.layers {
            archive.layer(&layer.packed.digest, layer.packed.size, &layer.blob)?;
            if self.interrupted() {
                return Err(OciError::Interrupted);
            }
        }
        archive.blob(&one.config.digest, &one.config.bytes)?;
        archive.blob(&one.manifest.digest, &one.manifest.bytes)
    }
}

/// The index of the layout.
fn layout_index(image: &Assembled, tags: &[String]) -> Value {
    let entry = |tag: &String| {
        let version = tag.rsplit(':').next().unwrap_or_default();
        json!({
            "mediaType": image.top.kind, "digest": image.top.digest, "size": image.top.size(),
            "annotations": {"io.containerd.image.name": tag, "org.opencontainers.image.ref.name": version},
        })
    };
    json!({"schemaVersion": 2, "manifests": tags.iter().map(entry).collect::<Vec<_>>()})
}

/// The list for `docker load`.
fn docker_list(image: &Assembled, tags: &[String]) -> Value {
    let list = |one: &Image| {
        let base = one.base.iter().map(|layer| place(&layer.digest));
        let layers: Vec<_> = base.chain(one.layers.iter().map(|layer| place(&layer.packed.digest))).collect();
        json!({"Config": place(&one.config.digest), "RepoTags": tags, "Layers": layers})
    };
    image.images.iter().take(1).map(list).collect()
}

/// The path of a blob in the layout.
fn place(digest: &str) -> String {
    format!("blobs/{}", digest.replace(':', "/"))
}

/// An archive being written.
struct Archive<'a> {
    out: &'a mut dyn Write,
    /// The blobs written so far.
    written: BTreeSet<String>,
    mtime: u64,
}

impl Archive<'_> {
    fn json(&mut self, path: &str, content: &Value) -> Result<(), OciError> {
        self.file(path, content.to_string().as_bytes())
    }

    fn blob(&mut self, digest: &str, bytes: &[u8]) -> Result<(), OciError> {
        if self.begin_blob(digest, bytes.len() as u64)? { self.content(bytes) } else { Ok(()) }
    }

    fn layer(&mut self, digest: &str, size: u64, blob: &Blob) -> Result<(), OciError> {
        match blob {
            Blob::Bytes(bytes) => self.blob(digest, bytes),
            Blob::File(path) => {
                if self.begin_blob(digest, size)? {
                    let mut file = File::open(path).map_err(OciError::io("read", path.display()))?;
                    let mut out = Hashed::new(&mut self.out);
                    io::copy(&mut file, &mut out).map_err(failed)?;
                    if out.finish().1 != digest {
                        return Err(OciError::Damaged(digest.to_owned()));
                    }
                    self.pad(size)?;
                }
                Ok(())
            }
        }
    }

    /// Writes the header of a blob, unless the archive has it already.
    fn begin_blob(&mut self, digest: &str, size: u64) -> Result<bool, OciError> {
        if !self.written.insert(digest.to_owned()) {
            return Ok(false);
        }
        self.header(&place(digest), size).map(|()| true)
    }

    fn file(&mut self, path: &str, bytes: &[u8]) -> Result<(), OciError> {
        self.header(path, bytes.len() as u64)?;
        self.content(bytes)
    }

    fn content(&mut self, bytes: &[u8]) -> Result<(), OciError> {
        self.out.write_all(bytes).map_err(failed)?;
        self.pad(bytes.len() as u64)
    }

    fn header(&mut self, path: &str, size: u64) -> Result<(), OciError> {
        let mut header = Header::new_ustar();
        header.set_path(path).map_err(failed)?;
        header.set_entry_type(EntryType::Regular);
        header.set_size(size);
        header.set_mode(0o644);
        header.set_mtime(self.mtime);
        header.set_cksum();
        self.out.write_all(header.as_bytes()).map_err(failed)
    }

    fn pad(&mut self, size: u64) -> Result<(), OciError> {
        let rest = usize::try_from(size.next_multiple_of(BLOCK as u64) - size).unwrap_or_default();
        self.out.write_all(&vec![0; rest]).map_err(failed)
    }

    fn end(&mut self) -> Result<(), OciError> {
        self.out.write_all(&END).and_then(|()| self.out.flush()).map_err(failed)
    }
}

fn failed(error: io::Error) -> OciError {
    OciError::io("write", "the archive")(error)
}
