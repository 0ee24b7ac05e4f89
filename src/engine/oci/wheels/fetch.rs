//! Downloads of wheels, verified by the digest in their index.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use futures_util::stream::TryStreamExt;
use reqwest::Url;

use super::Failure;
use super::choice::Chosen;
use crate::engine::http::{Client, HttpError, origin};
use crate::engine::oci::error::OciError;
use crate::hashed::{Hashed, digest, digest_of};
use crate::logins::{Logins, with_login};
use crate::progress::{Event, Progress};

/// Downloads a wheel into a folder unless it is there; returns its path and SHA-256.
pub(super) async fn fetch(
    chosen: &Chosen,
    folder: &Path,
    logins: &Logins,
    progress: &Progress,
) -> Result<(PathBuf, String), Failure> {
    let path = if chosen.is_local() {
        folder.join(&chosen.place)
    } else {
        folder.join(digest(chosen.place.as_bytes()).replace(':', "-")).with_extension("whl")
    };
    if !path.exists() {
        progress.report(&Event::Started(format!("fetch {}", chosen.file())));
        download(&chosen.place, &path, logins, progress).await?;
    }
    let file = File::open(&path).map_err(OciError::io("read", path.display()))?;
    let (found, _) = digest_of(file).map_err(OciError::io("read", path.display()))?;
    let found = found.trim_start_matches("sha256:").to_owned();
    match &chosen.sha256 {
        Some(expected) if *expected != found => Err(OciError::Damaged(chosen.file()).into()),
        _ => Ok((path, found)),
    }
}

async fn download(place: &str, path: &Path, logins: &Logins, progress: &Progress) -> Result<(), Failure> {
    let unfit = |error: HttpError| Failure::Unfit(error.to_string());
    let url = Url::parse(&with_login(place, logins)).map_err(|error| Failure::Unfit(error.to_string()))?;
    let client = Client::new(format!("`{}`", origin(&url))).map_err(unfit)?;
    let answer = client.send(&url, |step| step.client.get(step.url.clone())).await.map_err(unfit)?;
    if !answer.status().is_success() {
        return Err(Failure::Unfit(format!("{} answers {}", answer.server, answer.status())));
    }
    let part = path.with_extension("part");
    let mut out = Hashed::new(File::create(&part).map_err(OciError::io("write", part.display()))?);
    let mut pieces = Box::pin(answer.pieces());
    while let Some(piece) = pieces.try_next().await.map_err(unfit)? {
        out.write_all(&piece).map_err(OciError::io("write", part.display()))?;
        progress.report(&Event::Moved { done: out.size(), total: None });
    }
    Ok(std::fs::rename(&part, path).map_err(OciError::io("write", path.display()))?)
}
