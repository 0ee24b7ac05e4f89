//! Sources of logins for package indexes: addresses in pip's and uv's settings, variables, the netrc file.

use std::path::PathBuf;

use super::address::{Audience, Origin, userinfo};
use super::settings::configured_indexes;
use super::{Known, Login, netrc};

/// A named index of uv: name and address.
pub type NamedIndex = (String, String);

/// A variable of the environment by its name.
type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Variables of uv with addresses of indexes, perhaps named.
pub(crate) const UV: [&str; 5] =
    ["UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS"];

/// A variable of the environment; none if it is empty.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The addresses of indexes that pip and uv are configured with on this machine, each with its name if it has
/// one.
pub(crate) fn addresses() -> Vec<(Option<String>, String)> {
    let uv = UV.iter().filter_map(|name| variable(name)).flat_map(|value| named(&value));
    configured_indexes().into_iter().map(|url| (None, url)).chain(uv).collect()
}

/// The user's logins, by precedence.
pub(super) fn of_user(indexes: &[NamedIndex]) -> Vec<Known> {
    let settings = addresses();
    let given = indexes.iter().map(|(name, url)| (Some(name.clone()), url.clone()));
    let in_addresses = settings.iter().filter_map(|(_, url)| userinfo(url));
    let in_addresses = found(in_addresses, "an address in pip's or uv's settings");
    let of_names =
        settings.iter().cloned().chain(given).filter_map(|(name, url)| {
            Some((Audience::Origin(Origin::of(&url)?), of_name(&name?, &variable)?))
        });
    let of_names = found(of_names, "`UV_INDEX_…_USERNAME` and `…_PASSWORD`");
    let netrc = netrc_file(&variable).and_then(|path| std::fs::read_to_string(path).ok());
    let of_hosts = netrc.map(|text| netrc::logins(&text)).unwrap_or_default().into_iter();
    let of_hosts = found(of_hosts.map(|(host, login)| (Audience::named(&host), login)), "the netrc file");
    in_addresses.into_iter().chain(of_names).chain(of_hosts).collect()
}

fn found(logins: impl Iterator<Item = (Audience, Login)>, place: &'static str) -> Vec<Known> {
    logins.map(|(audience, login)| Known { audience, login, place }).collect()
}

/// The addresses in a variable of uv, with their names.
fn named(value: &str) -> Vec<(Option<String>, String)> {
    let words = value.split([' ', ',', '\t', '\n']).filter(|word| !word.is_empty());
    let words = words.map(|word| match word.split_once('=') {
        Some((name, url)) if !name.contains("://") => (Some(name.to_owned()), url.to_owned()),
        _ => (None, word.to_owned()),
    });
    words.collect()
}

/// The login in uv's variables for a named index.
fn of_name(name: &str, set: Lookup) -> Option<Login> {
    let name: String =
        name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
    let name = name.to_uppercase();
    let [username, password] = ["USERNAME", "PASSWORD"].map(|part| set(&format!("UV_INDEX_{name}_{part}")));
    (username.is_some() || password.is_some())
        .then(|| Login::new(&username.unwrap_or_default(), &password.unwrap_or_default()))
}

/// The netrc file: `NETRC`, or else the one in the home directory.
fn netrc_file(set: Lookup) -> Option<PathBuf> {
    set("NETRC").map(PathBuf::from).or_else(|| Some(PathBuf::from(set("HOME")?).join(".netrc")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn index_urls_may_have_names() {
        let found = named("company=https://a.example/simple?x=1 https://b.example/y=z");
        assert_eq!(
            found,
            [
                (Some("company".to_owned()), "https://a.example/simple?x=1".to_owned()),
                (None, "https://b.example/y=z".to_owned())
            ]
        );
    }

    #[test]
    fn uv_credential_variables_are_named_after_the_index() {
        let set = |name: &str| (name == "UV_INDEX_MY_COMPANY_PASSWORD").then(|| "pw".to_owned());
        assert_eq!(of_name("my-company", &set), Some(Login::new("", "pw")));
        assert_eq!(of_name("company", &set), None);
    }

    #[test]
    fn the_netrc_variable_names_another_file() {
        let set = |name: &str| (name == "HOME").then(|| "/home/x".to_owned());
        assert_eq!(netrc_file(&set), Some("/home/x/.netrc".into()));
        let set = |name: &str| (name == "NETRC").then(|| "/n".to_owned());
        assert_eq!(netrc_file(&set), Some("/n".into()));
    }
}
