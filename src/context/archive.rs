//! A build context as a tar archive.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use tar::{Builder, EntryType, Header};

use super::{Content, Context, ContextError, Node, failure};
use crate::reader;

impl Context {
    /// Writes the context as a tar archive; files of any size pass through a small buffer.
    pub fn write_tar(&self, out: impl Write) -> Result<(), ContextError> {
        let mut tar = Builder::new(out);
        for (path, node) in &self.nodes {
            self.append(&mut tar, path, node)?;
        }
        let finished = tar.into_inner().and_then(|mut out| out.flush());
        finished.map_err(failure("write", "the build context"))
    }

    fn append(&self, tar: &mut Builder<impl Write>, path: &str, node: &Node) -> Result<(), ContextError> {
        let mode = node.mode();
        match node {
            Node::Folder => {
                let mut header = self.header(EntryType::Directory, 0, mode);
                let added = tar.append_data(&mut header, format!("{path}/"), io::empty());
                added.map_err(failure("write", path))
            }
            Node::File(Content::Bytes(bytes), _) => {
                let mut header = self.header(EntryType::Regular, bytes.len() as u64, mode);
                let added = tar.append_data(&mut header, path, bytes.as_slice());
                added.map_err(failure("write", path))
            }
            Node::File(Content::Disk(disk), _) => {
                let mut content = Exactly::open(disk).map_err(failure("read", disk.display()))?;
                let mut header = self.header(EntryType::Regular, content.left, mode);
                let added = tar.append_data(&mut header, path, &mut content);
                added.map_err(failure("pack", disk.display()))?;
                content.finish(disk)
            }
        }
    }

    fn header(&self, kind: EntryType, size: u64, mode: u32) -> Header {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(size);
        header.set_mode(mode);
        header.set_mtime(self.mtime);
        header.set_uid(0);
        header.set_gid(0);
        header
    }
}

/// A file that must have as many bytes as its header says.
pub(super) struct Exactly {
    pub(super) file: File,
    pub(super) left: u64,
}

impl Exactly {
    fn open(disk: &Path) -> io::Result<Self> {
        let file = reader::open(disk)?;
        let left = file.metadata()?.len();
        Ok(Self { file, left })
    }

    /// Checks that the file neither shrank nor grew.
    pub(super) fn finish(mut self, disk: &Path) -> Result<(), ContextError> {
        let more = self.file.read(&mut [0]).map_err(failure("read", disk.display()))?;
        match (self.left, more) {
            (0, 0) => Ok(()),
            _ => Err(ContextError::Changed(disk.to_owned())),
        }
    }
}

impl Read for Exactly {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = (&self.file).take(self.left).read(buffer)?;
        self.left -= read as u64;
        Ok(read)
    }
}
