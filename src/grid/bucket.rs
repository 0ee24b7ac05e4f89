//! Reads a folder of an object store: listings of a thousand marks per request, and single marks.

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use reqwest::{StatusCode, Url};
use rusty_s3::actions::{ListObjectsV2, ObjectIdentifier};
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};
use tokio::runtime::{Builder, Runtime};

use super::connection::Connection;
use super::error::GridError;
use super::profile::Profile;
use crate::engine::http::{Answer, Client, HttpError, Step};

/// Validity of presigned URLs.
const VALID: Duration = Duration::from_mins(5);
/// Concurrent requests.
const PARALLEL: usize = 8;
const REGION: &str = "us-east-1";
/// Largest page of a listing, which has a thousand names, or object, in bytes.
const PAGE: usize = 16 << 20;
const OBJECT: usize = 256 << 20;
/// Most pages of a listing: a longer one is taken for endless.
const PAGES: usize = 10_000;
/// Most bytes of an error that are read.
const ERROR: usize = 64 << 10;

/// A folder of an object store, not yet accessed.
#[derive(Debug)]
pub struct Store {
    place: String,
    folder: String,
    bucket: Bucket,
    login: Credentials,
    client: Client,
    runtime: Runtime,
}

impl Store {
    /// Opens a connection; a login that it lacks comes from the environment or the user's profile.
    pub fn open(connection: Connection) -> Result<Self, GridError> {
        let place = connection.to_string();
        let profile = match Profile::of_user() {
            Err(_) if connection.endpoint.is_some() && connection.login.is_some() => Profile::default(),
            profile => profile?,
        };
        let bucket = bucket(&connection, &profile)?;
        let login = connection.login.map(|(key, secret)| Credentials::new(key, secret));
        let login = match login.or_else(Credentials::from_env) {
            None => profile.login()?.ok_or_else(|| GridError::Login(place.clone()))?,
            Some(login) => login,
        };
        let server = format!("`{place}`");
        let client = Client::new(server.clone())?.without_redirects();
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime =
            runtime.map_err(|error| HttpError::Unreachable { server, reason: error.to_string() })?;
        let folder = if connection.path.is_empty() { String::new() } else { format!("{}/", connection.path) };
        Ok(Self { place, folder, bucket, login, client, runtime })
    }

    /// The names of all objects directly in the folder.
    pub fn list(&self) -> Result<Vec<String>, GridError> {
        self.runtime.block_on(async {
            let mut names = Vec::new();
            let mut token = None;
            for _ in 0..PAGES {
                let page = self.page(token.clone()).await?;
                names.extend(page.contents.iter().filter_map(|entry| self.name(&entry.key)));
                match page.next_continuation_token {
                    None => return Ok(names),
                    next if next == token => break,
                    next => token = next,
                }
            }
            Err(self.malformed("its listing has no end"))
        })
    }

    /// The contents of objects; none for missing ones.
    pub fn read(&self, names: &[&str]) -> Result<Vec<Option<Vec<u8>>>, GridError> {
        let objects = stream::iter(names).map(|name| self.object(name)).buffered(PARALLEL);
        self.runtime.block_on(objects.try_collect())
    }

    /// Removes objects, a thousand per request; missing ones are no error.
    pub fn remove(&self, names: &[&str]) -> Result<(), GridError> {
        self.runtime.block_on(async {
            for some in names.chunks(1000) {
                self.remove_some(some).await?;
            }
            Ok(())
        })
    }

    async fn remove_some(&self, names: &[&str]) -> Result<(), GridError> {
        let objects: Vec<_> =
            names.iter().map(|name| ObjectIdentifier::new(format!("{}{name}", self.folder))).collect();
        let mut action = self.bucket.delete_objects(Some(&self.login), objects.iter());
        action.set_quiet(true);
        let url = action.sign(VALID);
        let (body, digest) = action.body_with_md5();
        let post =
            |step: Step| step.client.post(step.url.clone()).header("Content-MD5", &digest).body(body.clone());
        let answer = self.client.send(&url, post).await?;
        if answer.status() != StatusCode::OK {
            return Err(self.refused(answer).await);
        }
        let text = answer.document(PAGE).await?;
        match element(&String::from_utf8_lossy(&text), "Code") {
            None => Ok(()),
            Some(code) => Err(GridError::Refused { place: self.place.clone(), reason: code.to_owned() }),
        }
    }

    fn name(&self, key: &str) -> Option<String> {
        key.strip_prefix(&self.folder).map(str::to_owned)
    }

    async fn page(
        &self,
        token: Option<String>,
    ) -> Result<rusty_s3::actions::ListObjectsV2Response, GridError> {
        let mut action = self.bucket.list_objects_v2(Some(&self.login));
        action.with_prefix(self.folder.as_str());
        action.with_delimiter("/");
        if let Some(token) = token {
            action.with_continuation_token(token);
        }
        let answer = self.get(action.sign(VALID)).await?;
        let text = match answer.status() {
            StatusCode::OK => answer.document(PAGE).await?,
            _ => return Err(self.refused(answer).await),
        };
        let text = String::from_utf8_lossy(&text);
        ListObjectsV2::parse_response(&text).map_err(|error| self.malformed(&error.to_string()))
    }

    async fn object(&self, name: &str) -> Result<Option<Vec<u8>>, GridError> {
        let key = format!("{}{name}", self.folder);
        let answer = self.get(self.bucket.get_object(Some(&self.login), &key).sign(VALID)).await?;
        match answer.status() {
            StatusCode::OK => Ok(Some(answer.document(OBJECT).await?.into())),
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(self.refused(answer).await),
        }
    }

    /// Gets a presigned URL.
    async fn get(&self, url: Url) -> Result<Answer, GridError> {
        Ok(self.client.send(&url, |step| step.client.get(step.url.clone())).await?)
    }

    /// The error in a response; a server that isn't an object store doesn't use its format.
    async fn refused(&self, answer: Answer) -> GridError {
        let status = answer.status();
        let text = answer.document(ERROR).await.unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let words = [element(&text, "Code"), element(&text, "Message")];
        let words: Vec<_> = words.into_iter().flatten().filter(|text| !text.is_empty()).collect();
        if words.is_empty() {
            return self.malformed(&status.to_string());
        }
        GridError::Refused { place: self.place.clone(), reason: format!("{} ({status})", words.join(": ")) }
    }

    fn malformed(&self, reason: &str) -> GridError {
        GridError::Malformed { place: self.place.clone(), reason: reason.to_owned() }
    }
}

/// The bucket of a connection; the default endpoint is the user's, else Amazon's.
fn bucket(connection: &Connection, profile: &Profile) -> Result<Bucket, GridError> {
    let region = profile.region().unwrap_or_else(|| REGION.to_owned());
    let endpoint = connection.endpoint.clone().or_else(|| profile.endpoint());
    let endpoint = endpoint.unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com"));
    let url = Url::parse(&endpoint).map_err(|_| GridError::Connection)?;
    let style = style(&url, &connection.bucket);
    Bucket::new(url, style, connection.bucket.clone(), region).map_err(|_| GridError::Connection)
}

/// Path style, except for Amazon, which no longer supports it everywhere; names with dots have no
/// certificate.
fn style(endpoint: &Url, bucket: &str) -> UrlStyle {
    let amazon = endpoint.host_str().is_some_and(|host| host.ends_with(".amazonaws.com"));
    if amazon && !bucket.contains('.') { UrlStyle::VirtualHost } else { UrlStyle::Path }
}

/// The text of an element in an error.
fn element<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(text, _)| text.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_names_are_placed_as_the_store_expects() {
        let url = |endpoint: &str, name: &str| {
            let connection = Connection {
                endpoint: Some(endpoint.to_owned()),
                bucket: name.to_owned(),
                path: String::new(),
                login: None,
            };
            bucket(&connection, &Profile::default()).unwrap().base_url().to_string()
        };
        assert_eq!(url("http://127.0.0.1:7480", "b"), "http://127.0.0.1:7480/b/");
        assert_eq!(url("https://s3.eu-west-1.amazonaws.com", "b"), "https://b.s3.eu-west-1.amazonaws.com/");
        assert_eq!(
            url("https://s3.eu-west-1.amazonaws.com", "b.c"),
            "https://s3.eu-west-1.amazonaws.com/b.c/"
        );
    }

    #[test]
    fn error_codes_of_the_store_are_parsed() {
        let text = "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message></Message></Error>";
        assert_eq!(element(text, "Code"), Some("AccessDenied"));
        assert_eq!(element(text, "Message"), Some(""));
        assert_eq!(element("<html>", "Code"), None);
    }
}
