//! Digests of bytes and streams.

use std::io::{self, Read, Write};

use sha2::{Digest, Sha256};

/// The digest of bytes, as registries write it.
pub(crate) fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(&Sha256::digest(bytes)))
}

/// The digest and size of a stream.
pub(crate) fn digest_of(mut content: impl Read) -> io::Result<(String, u64)> {
    let mut hashed = Hashed::new(io::sink());
    io::copy(&mut content, &mut hashed)?;
    let (_, digest, size) = hashed.finish();
    Ok((digest, size))
}

/// Hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Counts and hashes what is written.
pub(crate) struct Hashed<W> {
    inner: W,
    hasher: Sha256,
    size: u64,
}

impl<W> Hashed<W> {
    pub(crate) fn new(inner: W) -> Self {
        Self { inner, hasher: Sha256::new(), size: 0 }
    }

    /// The size so far, in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// The inner writer, the digest and the size.
    pub(crate) fn finish(self) -> (W, String, u64) {
        (self.inner, format!("sha256:{}", hex(&self.hasher.finalize())), self.size)
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
