//! The compressed form of a layer. With gzip it is a sequence of members: files of a wheel are compressed
//! already, and become members as they are.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::Arc;

use flate2::read::DeflateDecoder;
use flate2::{Compression, CrcReader, GzBuilder};

use super::compression::Compression as Form;
use super::layer::Packed;
use crate::hashed::Hashed;

/// Uncompressed size of a member, in bytes.
const MEMBER: usize = 4 << 20;

/// The header of a member, without time and system, so that it is the same on every machine.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// A file in a wheel, according to the wheel's directory.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) wheel: Arc<PathBuf>,
    /// Its offset in the wheel.
    pub(super) start: u64,
    /// Its compressed size in bytes.
    pub(super) compressed: u64,
    /// Its size in bytes.
    pub(super) size: u64,
    pub(super) crc: u32,
    /// Whether it is stored uncompressed.
    pub(super) is_stored: bool,
}

impl Member {
    fn raw(&self) -> io::Result<impl Read + use<>> {
        let mut file = File::open(&*self.wheel)?;
        file.seek(SeekFrom::Start(self.start))?;
        Ok(file.take(self.compressed))
    }

    /// Writes its content, verified by the wheel's directory. The compressed form goes to `compressed`.
    fn copy(&self, compressed: impl Write, content: &mut impl Write) -> io::Result<()> {
        let tee = Tee { from: self.raw()?, to: compressed };
        let (crc, used, size) = if self.is_stored {
            let mut stored = CrcReader::new(tee);
            let size = io::copy(&mut stored, content)?;
            (stored.crc().sum(), size, size)
        } else {
            let mut inflated = CrcReader::new(DeflateDecoder::new(tee));
            io::copy(&mut inflated, content)?;
            let decoder = inflated.get_ref();
            (inflated.crc().sum(), decoder.total_in(), decoder.total_out())
        };
        let is_whole = (crc, used, size) == (self.crc, self.compressed, self.size);
        let damaged = || io::Error::new(ErrorKind::InvalidData, "a file in it is not what its list says");
        if is_whole { Ok(()) } else { Err(damaged()) }
    }

    /// The whole content.
    pub(super) fn bytes(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.copy(io::sink(), &mut bytes)?;
        Ok(bytes)
    }
}

/// Copies everything that is read.
struct Tee<R, W> {
    from: R,
    to: W,
}

impl<R: Read, W: Write> Read for Tee<R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        self.to.write_all(&buffer[..read])?;
        Ok(read)
    }
}

/// A layer being written.
pub(super) struct Members<W: Write> {
    plain: Hashed<io::Sink>,
    compressor: Compressor<W>,
}

/// The compressor of a layer.
enum Compressor<W: Write> {
    Gzip(Gzip<W>),
    Zstd(zstd::Encoder<'static, Hashed<W>>),
}

/// A sequence of gzip members.
struct Gzip<W> {
    /// Data to compress.
    waiting: Vec<u8>,
    out: Hashed<W>,
}

impl<W: Write> Members<W> {
    pub(super) fn new(compression: Form, out: W) -> io::Result<Self> {
        let out = Hashed::new(out);
        let compressor = match compression {
            Form::Gzip => Compressor::Gzip(Gzip { waiting: Vec::new(), out }),
            Form::Zstd => Compressor::Zstd(zstd::Encoder::new(out, zstd::DEFAULT_COMPRESSION_LEVEL)?),
        };
        Ok(Self { plain: Hashed::new(io::sink()), compressor })
    }

    /// Adds the content of a file in a wheel; gzip takes its compressed form.
    pub(super) fn add(&mut self, member: &Member) -> io::Result<()> {
        match &mut self.compressor {
            Compressor::Gzip(gzip) if !member.is_stored => gzip.add(member, &mut self.plain),
            _ => member.copy(io::sink(), self),
        }
    }

    /// Finishes the layer.
    pub(super) fn finish(self) -> io::Result<Packed> {
        let (_, diff_id, _) = self.plain.finish();
        let (out, compression) = match self.compressor {
            Compressor::Gzip(mut gzip) => {
                gzip.compress()?;
                (gzip.out, Form::Gzip)
            }
            Compressor::Zstd(encoder) => (encoder.finish()?, Form::Zstd),
        };
        let (mut out, digest, size) = out.finish();
        out.flush()?;
        Ok(Packed { digest, size, diff_id, compression })
    }
}

impl<W: Write> Gzip<W> {
    /// Adds a file of a wheel in its compressed form; its content goes to `plain`.
    fn add(&mut self, member: &Member, plain: &mut impl Write) -> io::Result<()> {
        self.compress()?;
        self.out.write_all(&HEADER)?;
        member.copy(&mut self.out, plain)?;
        let size = u32::try_from(member.size & u64::from(u32::MAX)).unwrap_or_default();
        self.out.write_all(&member.crc.to_le_bytes())?;
        self.out.write_all(&size.to_le_bytes())
    }

    /// Takes what fits into the current member; returns how much.
    fn take(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(MEMBER - self.waiting.len());
        self.waiting.extend_from_slice(&bytes[..taken]);
        if self.waiting.len() == MEMBER {
            self.compress()?;
        }
        Ok(taken)
    }

    fn compress(&mut self) -> io::Result<()> {
        if !self.waiting.is_empty() {
            let member = GzBuilder::new().operating_system(255);
            let mut member = member.write(&mut self.out, Compression::default());
            member.write_all(&self.waiting)?;
            member.finish()?;
            self.waiting.clear();
        }
        Ok(())
    }
}

impl<W: Write> Write for Members<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = match &mut self.compressor {
            Compressor::Gzip(gzip) => gzip.take(bytes)?,
            Compressor::Zstd(encoder) => encoder.write(bytes)?,
        };
        self.plain.write_all(&bytes[..taken])?;
        Ok(taken)
    }

    /// Data is compressed only when a member is full, since member boundaries must not depend on flushes.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use flate2::read::MultiGzDecoder;
    use flate2::write::DeflateEncoder;

    use super::*;
    use crate::hashed::digest;

    /// A file that holds a stream with something before and behind it.
    fn member(folder: &tempfile::TempDir, content: &[u8], is_stored: bool) -> Member {
        let mut deflate = DeflateEncoder::new(Vec::new(), Compression::best());
        deflate.write_all(content).unwrap();
        let stream = if is_stored { content.to_vec() } else { deflate.finish().unwrap() };
        let wheel = folder.path().join("x.whl");
        std::fs::write(&wheel, [b"before", stream.as_slice(), b"behind"].concat()).unwrap();
        let mut crc = flate2::Crc::new();
        crc.update(content);
        Member {
            wheel: Arc::new(wheel),
            start: 6,
            compressed: stream.len() as u64,
            size: content.len() as u64,
            crc: crc.sum(),
            is_stored,
        }
    }

    fn written(parts: &[&[u8]], member: &Member) -> io::Result<(Packed, Vec<u8>)> {
        let mut out = Vec::new();
        let mut members = Members::new(Form::Gzip, &mut out)?;
        for part in parts {
            members.write_all(part)?;
            members.add(member)?;
        }
        let packed = members.finish()?;
        Ok((packed, out))
    }

    fn plain(bytes: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        MultiGzDecoder::new(bytes).read_to_end(&mut plain).unwrap();
        plain
    }

    #[test]
    fn concatenated_members_decompress_as_one_stream() {
        let folder = tempfile::tempdir().unwrap();
        for is_stored in [false, true] {
            let (packed, bytes) = written(&[b"a", b"", b"c"], &member(&folder, b"text", is_stored)).unwrap();
            assert_eq!(plain(&bytes), b"atexttextctext");
            assert_eq!(packed.diff_id, digest(b"atexttextctext"));
            assert_eq!((packed.digest, packed.size), (digest(&bytes), bytes.len() as u64));
        }
    }

    #[test]
    fn compressed_wheel_streams_are_reused() {
        let folder = tempfile::tempdir().unwrap();
        let member = member(&folder, &b"word ".repeat(1000), false);
        let stream =
            &std::fs::read(&*member.wheel).unwrap()[6..6 + usize::try_from(member.compressed).unwrap()];
        let (_, bytes) = written(&[b"a"], &member).unwrap();
        assert!(bytes.windows(stream.len()).any(|window| window == stream));
    }

    #[test]
    fn streams_that_contradict_the_wheel_listing_are_rejected() {
        let folder = tempfile::tempdir().unwrap();
        for is_stored in [false, true] {
            let good = member(&folder, b"some text", is_stored);
            let others = [
                Member { crc: good.crc ^ 1, ..good.clone() },
                Member { size: good.size + 1, ..good.clone() },
                Member { compressed: good.compressed - 1, ..good.clone() },
                Member { compressed: good.compressed + 1, ..good.clone() },
                Member { start: 5, ..good.clone() },
            ];
            for other in others {
                assert!(written(&[b"a"], &other).is_err(), "{other:?}");
            }
        }
    }

    #[test]
    fn large_content_is_split_the_same_for_any_chunking() {
        let folder = tempfile::tempdir().unwrap();
        let (large, none) = (vec![7; MEMBER + 5], member(&folder, b"", false));
        let (packed, bytes) = written(&[&large], &none).unwrap();
        assert_eq!(plain(&bytes), large);
        let mut other = Members::new(Form::Gzip, Vec::new()).unwrap();
        for piece in large.chunks(999) {
            other.write_all(piece).unwrap();
            other.flush().unwrap();
        }
        other.add(&none).unwrap();
        assert_eq!(other.finish().unwrap(), packed);
    }

    #[test]
    fn layer_content_is_independent_of_compression() {
        let folder = tempfile::tempdir().unwrap();
        let member = member(&folder, b"content", false);
        let packed = |compression| {
            let mut out = Vec::new();
            let mut members = Members::new(compression, &mut out).unwrap();
            members.write_all(b"header").unwrap();
            members.add(&member).unwrap();
            let packed = members.finish().unwrap();
            let mut plain = Vec::new();
            super::super::compression::plain(out.as_slice()).unwrap().read_to_end(&mut plain).unwrap();
            assert_eq!(plain, b"headercontent");
            assert_eq!((&packed.digest, packed.size), (&digest(&out), out.len() as u64));
            packed
        };
        let (gzip, zstd) = (packed(Form::Gzip), packed(Form::Zstd));
        assert_eq!(gzip.diff_id, zstd.diff_id);
        assert_ne!(gzip.digest, zstd.digest);
    }
}
