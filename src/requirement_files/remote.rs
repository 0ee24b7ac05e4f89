//! Requirement files at URLs: fetched once when an image is built, vetted like others, and copied into it.

use reqwest::Url;
use sha2::{Digest, Sha256};

use super::Reader;
use crate::context::Content;
use crate::diagnostic::Diagnostic;
use crate::hashed::hex;
use crate::installers::pip::{self, Argument, Kind};

/// Folder of fetched files in the image.
const FOLDER: &str = "fetched";

/// How to treat requirement files at URLs.
#[derive(Clone, Copy)]
pub enum Remote<'a> {
    /// Nothing is fetched: the line stays, with a warning.
    Left,
    /// They are fetched by this function.
    Fetched(&'a dyn Fn(&str) -> Result<String, Unfetched>),
}

/// Why a requirement file wasn't fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfetched {
    /// The reason and what to do, in one sentence.
    pub reason: String,
    /// Whether the network or the server is at fault, rather than the address.
    pub is_network: bool,
}

/// SHA-256 of everything fetched, in hexadecimal.
pub(super) fn digest_of(fetched: &[(String, String)]) -> Option<String> {
    let mut hash = Sha256::new();
    for text in fetched.iter().flat_map(|(url, text)| [url, text]) {
        hash.update(text.len().to_le_bytes());
        hash.update(text);
    }
    (!fetched.is_empty()).then(|| hex(&hash.finalize()))
}

impl Reader<'_> {
    /// Fetches a file; returns its path in the image and its vetted text.
    pub(super) fn fetch(&mut self, url: &str) -> Option<(String, String)> {
        let Remote::Fetched(fetch) = self.remote else {
            self.resolved.incomplete = true;
            let message = format!("the requirement file `{url}` isn't read: only a build fetches it");
            self.report(Diagnostic::note("remote-requirements", message).hint(
                "`c3 create-operator` fetches it once, checks it and puts it into the image; a copy beside the source is read everywhere",
            ));
            return None;
        };
        let Ok(address) = Url::parse(url) else {
            self.refuse(format!("`{url}` is not a URL"), "write it as `https://HOST/PATH`");
            return None;
        };
        let path = path(&address);
        if let Some(known) = self.resolved.files.iter().find(|file| file.path == path) {
            return Some((path, known.text().unwrap_or_default()));
        }
        let text = match fetch(url) {
            Ok(text) => text,
            Err(Unfetched { reason, is_network }) => {
                self.resolved.is_network_down |= is_network;
                self.refuse(
                    format!("failed to fetch the requirement file `{url}`: {reason}"),
                    "check the address, or put a copy beside the source",
                );
                return None;
            }
        };
        if !self.add(path.clone(), Content::Bytes(Vec::new())) {
            return None;
        }
        self.fetched.push((url.to_owned(), text.clone()));
        let (vetted, _) = self.vetted(url, &text, |reader, argument| reader.linked(argument, &address));
        self.replace(&path, vetted.clone().into_bytes());
        Some((path, vetted))
    }

    /// The words of a fetched line's argument: files beside it are fetched too, local ones rejected.
    fn linked(&mut self, argument: &Argument, base: &Url) -> Option<Vec<String>> {
        let place = argument.place()?.to_owned();
        if !matches!(argument.kind, Kind::Requirements(_) | Kind::Constraints(_)) {
            if !pip::is_url(&place) {
                let message = format!("`{base}` names `{place}`, a file of this machine");
                self.refuse(message, "a requirement file from elsewhere names packages by name or URL");
            }
            return None;
        }
        let Ok(url) = base.join(&place) else {
            self.refuse(format!("`{base}` names `{place}`, which is not a URL"), "correct it there");
            return None;
        };
        let (path, _) = self.fetch(url.as_str())?;
        Some(argument.placed(path.strip_prefix(FOLDER)?.trim_start_matches('/')))
    }
}

/// The path of a fetched file in the image, determined by its URL.
fn path(url: &Url) -> String {
    let mut url = url.clone();
    let _ = (url.set_username(""), url.set_password(None));
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || "-_.".contains(*c);
    let last = url.path().rsplit('/').next().unwrap_or_default();
    let name: String = last.chars().filter(is_plain).take(40).collect();
    let digest = hex(&Sha256::digest(url.as_str())[..6]);
    format!("{FOLDER}/{digest}-{}", name.trim_start_matches('.'))
}
