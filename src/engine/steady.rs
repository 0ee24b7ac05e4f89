//! Exports with reproducible bytes: files that an engine creates in each container lose their time.

use std::io::{self, Write};

use tar::Header;

/// Block size of tar archives, in bytes.
const BLOCK: usize = 512;

/// Files and folders that Docker creates or touches in a new container.
const MADE: &[&str] =
    &[".dockerenv", "dev", "dev/console", "etc", "etc/hostname", "etc/hosts", "etc/mtab", "etc/resolv.conf"];

/// Passes a tar archive on, with the times of [`MADE`] set to zero.
pub(super) struct Steady<W> {
    out: W,
    /// The start of the next header.
    header: Vec<u8>,
    /// Remaining bytes of the current content.
    contents: u64,
}

impl<W: Write> Steady<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, header: Vec::with_capacity(BLOCK), contents: 0 }
    }

    fn write_header(&mut self) -> io::Result<()> {
        let mut header = Header::from_byte_slice(&self.header).clone();
        if is_made(&header) {
            header.set_mtime(0);
            header.set_cksum();
        }
        let is_end = self.header.iter().all(|byte| *byte == 0);
        self.contents = if is_end { 0 } else { header.entry_size()?.next_multiple_of(BLOCK as u64) };
        self.header.clear();
        self.out.write_all(if is_end { &[0; BLOCK] } else { header.as_bytes() })
    }
}

/// Whether an entry is one of [`MADE`].
fn is_made(header: &Header) -> bool {
    let name = header.path_bytes();
    let name = name.strip_prefix(b"./").unwrap_or(&name);
    let name = name.strip_suffix(b"/").unwrap_or(name);
    MADE.iter().any(|made| made.as_bytes() == name)
}

impl<W: Write> Write for Steady<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.contents > 0 {
            let length = bytes.len().min(usize::try_from(self.contents).unwrap_or(usize::MAX));
            self.out.write_all(&bytes[..length])?;
            self.contents -= length as u64;
            return Ok(length);
        }
        let length = bytes.len().min(BLOCK - self.header.len());
        self.header.extend_from_slice(&bytes[..length]);
        if self.header.len() == BLOCK {
            self.write_header()?;
        }
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(time: u64) -> Vec<u8> {
        let mut archive = tar::Builder::new(Vec::new());
        let entries =
            [("etc/", "", time), ("etc/hosts", "", time), ("etc/issue", "x", 7), (".dockerenv", "", time)];
        for (name, text, time) in entries {
            let mut header = Header::new_ustar();
            header.set_mtime(time);
            header.set_size(text.len() as u64);
            if name.ends_with('/') {
                header.set_entry_type(tar::EntryType::Directory);
            }
            archive.append_data(&mut header, name, text.as_bytes()).unwrap();
        }
        archive.into_inner().unwrap()
    }

    fn steady(bytes: &[u8], piece: usize) -> Vec<u8> {
        let mut out = Steady::new(Vec::new());
        bytes.chunks(piece).for_each(|piece| out.write_all(piece).unwrap());
        out.out
    }

    #[test]
    fn archives_of_one_image_are_reproducible() {
        let expected = steady(&archive(1), 1);
        assert_eq!(expected, archive(0));
        for piece in [100, 512, 700, 1 << 20] {
            assert_eq!(steady(&archive(2), piece), expected);
        }
    }
}
