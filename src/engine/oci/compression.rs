//! Compression of layers, and reading compressed layers.

use std::io::{self, BufRead, Read};

use clap::ValueEnum;
use flate2::bufread::MultiGzDecoder;
use serde::{Deserialize, Serialize};

use crate::engine::manifest::{LAYER, LAYER_GZIP, LAYER_ZSTD};

/// How the layers of an image are compressed.
#[derive(ValueEnum, Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// Every engine reads it, and what is compressed in a wheel isn't compressed again
    #[default]
    Gzip,
    /// Smaller, and faster to unpack; takes Docker 23, containerd 1.5, Podman 4 or newer
    Zstd,
}

/// Magic numbers of compressed layers.
const MAGIC: [(&[u8], Compression); 2] =
    [(&[0x1f, 0x8b], Compression::Gzip), (&[0x28, 0xb5, 0x2f, 0xfd], Compression::Zstd)];

impl Compression {
    /// The compression of a layer, judged by its first bytes.
    fn of(start: &[u8]) -> Option<Self> {
        MAGIC.iter().find(|(magic, _)| start.starts_with(magic)).map(|(_, compression)| *compression)
    }

    /// The suffix of an archive with this compression.
    pub(super) const fn suffix(self) -> &'static str {
        match self {
            Self::Gzip => "gz",
            Self::Zstd => "zst",
        }
    }

    /// OCI's media type of layers with this compression.
    pub(super) const fn media_type(self) -> &'static str {
        match self {
            Self::Gzip => LAYER_GZIP,
            Self::Zstd => LAYER_ZSTD,
        }
    }
}

/// The media type of a layer, judged by its first bytes.
pub(super) fn media_type(start: &[u8]) -> &'static str {
    Compression::of(start).map_or(LAYER, Compression::media_type)
}

/// The archive in a layer, decompressed.
pub(super) fn plain<'a>(mut layer: impl BufRead + 'a) -> io::Result<Box<dyn Read + 'a>> {
    Ok(match Compression::of(layer.fill_buf()?) {
        None => Box::new(layer),
        Some(Compression::Gzip) => Box::new(MultiGzDecoder::new(layer)),
        Some(Compression::Zstd) => Box::new(zstd::Decoder::with_buffer(layer)?),
    })
}
