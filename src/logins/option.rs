//! Build secrets on the command line: `ID=FILE`, `ID=env:NAME`, or in the syntax of `docker build`.

use std::io;
use std::path::PathBuf;
use std::str::FromStr;

use thiserror::Error;

use crate::failure::Fault;

use super::{Login, Secret};

/// Prefix of the ids of c3's own secrets.
pub(crate) const RESERVED: &str = "c3-";

/// Largest secret in bytes, as in BuildKit.
const LIMIT: usize = 500 << 10;

/// A build secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildSecret {
    /// The id, or the host of a login.
    pub id: String,
    source: Source,
}

/// The source of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    File(PathBuf),
    Variable(String),
}

/// Why a build secret can't be used.
#[derive(Debug, Error)]
pub enum BuildSecretError {
    /// Its file is unreadable.
    #[error("cannot read the build secret `{id}` from `{}`: {source}", path.display())]
    File {
        /// The secret.
        id: String,
        /// Its file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Its variable isn't set.
    #[error("the build secret `{id}` is not there: `{name}` is not set")]
    Variable {
        /// The secret.
        id: String,
        /// The variable.
        name: String,
    },
    /// It is too large.
    #[error("the build secret `{0}` is larger than 500 KiB")]
    Large(String),
    /// It is for a host and isn't a login.
    #[error("the build secret `{0}` is not a login for that host")]
    Login(String),
}

impl Fault for BuildSecretError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::File { .. } => "check the path given with `--build-secret`".to_owned(),
            Self::Variable { name, .. } => format!("set and export `{name}`"),
            Self::Large(_) => "give a smaller file".to_owned(),
            Self::Login(_) => "write `user:password` into it, on one line".to_owned(),
        })
    }
}

impl BuildSecret {
    /// Reads the secret.
    pub fn read(&self) -> Result<Secret, BuildSecretError> {
        let id = self.id.clone();
        let bytes = match &self.source {
            Source::File(path) => std::fs::read(path).map_err(|source| BuildSecretError::File {
                id,
                path: path.clone(),
                source,
            })?,
            Source::Variable(name) => std::env::var_os(name)
                .ok_or_else(|| BuildSecretError::Variable { id, name: name.clone() })?
                .into_encoded_bytes(),
        };
        if bytes.len() > LIMIT {
            Err(BuildSecretError::Large(self.id.clone()))
        } else {
            Ok(Secret::new(bytes))
        }
    }

    /// Reads the secret as a login of a host.
    pub(super) fn login(&self) -> Result<Login, BuildSecretError> {
        let text = String::from_utf8_lossy(self.read()?.expose()).into_owned();
        Login::parse(&text).ok_or_else(|| BuildSecretError::Login(self.id.clone()))
    }
}

impl FromStr for BuildSecret {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (id, source) = if text.starts_with("id=") { pairs(text) } else { short(text) }
            .ok_or("write it as ID=FILE, ID=env:NAME, id=ID,src=FILE or id=ID,env=NAME")?;
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "._:-".contains(letter);
        if id.is_empty() || !id.chars().all(is_plain) {
            return Err("an id has letters, digits, `.`, `_`, `-` and `:`".to_owned());
        }
        if id.starts_with(RESERVED) {
            return Err(format!("ids that begin with `{RESERVED}` are c3's own"));
        }
        Ok(Self { id, source })
    }
}

/// `ID=FILE` or `ID=env:NAME`.
fn short(text: &str) -> Option<(String, Source)> {
    let (id, place) = text.split_once('=').filter(|(_, place)| !place.is_empty())?;
    let source = match place.strip_prefix("env:") {
        Some("") => return None,
        Some(name) => Source::Variable(name.to_owned()),
        None => Source::File(place.into()),
    };
    Some((id.to_owned(), source))
}

/// `id=ID,src=FILE` or `id=ID,env=NAME`, as in `docker build --secret`: a type is allowed, and an id alone is
/// a variable.
fn pairs(text: &str) -> Option<(String, Source)> {
    let (mut id, mut source) = (None, None);
    for pair in text.split(',') {
        match pair.split_once('=').filter(|(_, value)| !value.is_empty())? {
            ("id", value) => id = Some(value.to_owned()),
            ("src" | "source", value) => source = Some(Source::File(value.into())),
            ("env", value) => source = Some(Source::Variable(value.to_owned())),
            ("type", "file" | "env") => {}
            _ => return None,
        }
    }
    let id = id?;
    let source = source.unwrap_or_else(|| Source::Variable(id.clone()));
    Some((id, source))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(String, Source)> {
        text.parse().ok().map(|secret: BuildSecret| (secret.id, secret.source))
    }

    #[test]
    fn both_spellings_are_read() {
        let file = |id: &str, path: &str| Some((id.to_owned(), Source::File(path.into())));
        let variable = |id: &str, name: &str| Some((id.to_owned(), Source::Variable(name.to_owned())));
        assert_eq!(read("a.example:8443=./f=1"), file("a.example:8443", "./f=1"));
        assert_eq!(read("token=env:TOKEN"), variable("token", "TOKEN"));
        assert_eq!(read("id=token,src=/f"), file("token", "/f"));
        assert_eq!(read("id=token,type=file,source=/f"), file("token", "/f"));
        assert_eq!(read("id=token,env=TOKEN"), variable("token", "TOKEN"));
        assert_eq!(read("id=TOKEN"), variable("TOKEN", "TOKEN"));
    }

    #[test]
    fn invalid_build_secrets_are_rejected() {
        for text in [
            "",
            "a",
            "a=",
            "=f",
            "a=env:",
            "id=",
            "id=a,src=",
            "id=a,uid=3",
            "a b=f",
            "a/b=f",
            "c3-0=f",
            "src=f,x",
        ] {
            assert!(text == "src=f,x" || read(text).is_none(), "{text}");
        }
    }

    #[test]
    fn missing_build_secrets_are_reported_with_a_hint() {
        let error = |text: &str| text.parse::<BuildSecret>().unwrap().read().unwrap_err();
        assert_eq!(
            error("a=env:C3_NOT_SET").to_string(),
            "the build secret `a` is not there: `C3_NOT_SET` is not set"
        );
        assert!(
            error("a=/nonexistent")
                .to_string()
                .starts_with("cannot read the build secret `a` from `/nonexistent`")
        );
    }
}
