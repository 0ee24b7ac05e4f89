//! The user's settings for Amazon's tools, in the files that they share: keys, region and endpoint of a profile.
//!
//! Source: the AWS SDKs and Tools Reference Guide, "Using shared config and credentials files".

use std::collections::HashMap;
use std::path::PathBuf;
use std::{env, fs};

use configparser::ini::Ini;
use rusty_s3::Credentials;

use super::error::GridError;
use crate::logins::variable;

/// The profile that is taken unless one is named.
const DEFAULT: &str = "default";
/// Keys of a profile whose login is made by a program or a service, which `c3` doesn't ask.
const MADE_ELSEWHERE: &[&str] = &[
    "credential_process",
    "sso_session",
    "sso_start_url",
    "login_session",
    "role_arn",
    "web_identity_token_file",
];

type Sections = HashMap<String, HashMap<String, Option<String>>>;

/// A profile: what both files say of it, keys in lower case.
#[derive(Debug, Default)]
pub(super) struct Profile {
    name: String,
    values: HashMap<String, String>,
}

impl Profile {
    /// The profile of `AWS_PROFILE`, or the default one; an error if the named one is in no file.
    pub(super) fn of_user() -> Result<Self, GridError> {
        let named = variable("AWS_PROFILE").or_else(|| variable("AWS_DEFAULT_PROFILE"));
        let text = |variable: &str, name: &str| {
            let path = self::variable(variable).map(PathBuf::from);
            let path = path.or_else(|| Some(env::home_dir()?.join(".aws").join(name)))?;
            fs::read_to_string(path).ok()
        };
        let config = text("AWS_CONFIG_FILE", "config").unwrap_or_default();
        let credentials = text("AWS_SHARED_CREDENTIALS_FILE", "credentials").unwrap_or_default();
        let name = named.as_deref().unwrap_or(DEFAULT);
        match Self::new(name, &config, &credentials) {
            None if named.is_some() => Err(GridError::Profile(name.to_owned())),
            profile => Ok(profile.unwrap_or_default()),
        }
    }

    /// The profile of a name in the texts of both files; that of the credentials goes before.
    fn new(name: &str, config: &str, credentials: &str) -> Option<Self> {
        let (config, credentials) = (sections(config), sections(credentials));
        let of_config = if name == DEFAULT { config.get(DEFAULT) } else { None };
        let of_config = config.get(&format!("profile {name}")).or(of_config);
        let both = [of_config, credentials.get(name)];
        let found = both.iter().any(Option::is_some);
        let mut values: HashMap<_, _> = both.into_iter().flatten().flat_map(values).collect();
        let services = values.get("services").and_then(|name| config.get(&format!("services {name}")));
        values.extend(services.and_then(endpoint_of_s3).map(|url| ("endpoint_url".to_owned(), url)));
        found.then(|| Self { name: name.to_owned(), values })
    }

    /// The keys; none if the profile has none, an error if a program or a service makes them.
    pub(super) fn login(&self) -> Result<Option<Credentials>, GridError> {
        let value = |name: &str| self.values.get(name).cloned();
        if let (Some(key), Some(secret)) = (value("aws_access_key_id"), value("aws_secret_access_key")) {
            return Ok(Some(match value("aws_session_token") {
                Some(token) => Credentials::new_with_token(key, secret, token),
                None => Credentials::new(key, secret),
            }));
        }
        match MADE_ELSEWHERE.iter().find(|name| self.values.contains_key(**name)) {
            Some(by) => Err(GridError::Keyless { profile: self.name.clone(), by }),
            None => Ok(None),
        }
    }

    /// The region: that of the environment first.
    pub(super) fn region(&self) -> Option<String> {
        let named = variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION"));
        named.or_else(|| self.values.get("region").cloned())
    }

    /// The address of the object store: that of the environment first.
    pub(super) fn endpoint(&self) -> Option<String> {
        let named = variable("AWS_ENDPOINT_URL_S3").or_else(|| variable("AWS_ENDPOINT_URL"));
        named.or_else(|| self.values.get("endpoint_url").cloned())
    }
}

/// The sections of a file as botocore reads it: a comment has a line of its own; nothing of a malformed file.
fn sections(text: &str) -> Sections {
    let mut file = Ini::new_cs();
    file.set_multiline(true);
    file.set_inline_comment_symbols(Some(&[]));
    file.read(text.to_owned()).unwrap_or_default()
}

/// What a section says, without empty values.
fn values(section: &HashMap<String, Option<String>>) -> impl Iterator<Item = (String, String)> {
    let values = section.iter().filter_map(|(name, value)| Some((name.to_lowercase(), value.clone()?)));
    values.filter(|(_, value)| !value.is_empty())
}

/// The endpoint among the indented lines behind `s3 =`.
fn endpoint_of_s3(services: &HashMap<String, Option<String>>) -> Option<String> {
    let lines = services.get("s3")?.as_ref()?.lines().filter_map(|line| line.split_once('='));
    let mut named = lines.filter(|(name, _)| name.trim() == "endpoint_url");
    named.next().map(|(_, url)| url.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "[default]\nregion = eu-1\n# of the team\n[profile team]\nregion = eu-2\nservices = own\ns3 =\n  \
                          addressing_style = path\n  region = eu-9\n[profile sso]\nsso_session = x\n\
                          [services own]\ns3 =\n  endpoint_url = http://store:9000\n";
    const CREDENTIALS: &str = "[default]\naws_access_key_id = a\naws_secret_access_key = b#c;d=:e\n\
                               [team]\naws_access_key_id=k\naws_secret_access_key=s\naws_session_token=t\n";

    #[test]
    fn aws_files_are_parsed_as_by_botocore() {
        let profile = |name| Profile::new(name, CONFIG, CREDENTIALS).unwrap();
        let login = profile("default").login().unwrap().unwrap();
        assert_eq!((login.key(), login.secret(), login.token()), ("a", "b#c;d=:e", None));
        let team = profile("team");
        let login = team.login().unwrap().unwrap();
        assert_eq!((login.key(), login.secret(), login.token()), ("k", "s", Some("t")));
        assert_eq!(team.values["region"], "eu-2");
        assert_eq!(team.values["endpoint_url"], "http://store:9000");
        assert!(matches!(profile("sso").login(), Err(GridError::Keyless { by: "sso_session", .. })));
        assert!(Profile::new("nobody", CONFIG, CREDENTIALS).is_none());
        assert!(Profile::new("default", "no = section\n[", "").is_none());
    }
}
