//! Package indexes that need a login: which of them a build uses, and how their logins reach only these.

use std::collections::BTreeSet;

use thiserror::Error;

use crate::failure::Fault;

pub(super) use self::dockerfile::FETCH_PATH;
use self::dockerfile::{Fetch, LISTS, mounted, mounted_secrets, stage, variables, with_stages};
pub use self::installation::Index;
use self::installation::{INDEXES, Installation, MAIN, with_url};
use crate::context::{Context, ContextError};
use crate::installers::pip::Flat;
use crate::logins::{
    BuildSecret, BuildSecretError, Logins, NamedIndex, Origin, RESERVED, Secret, Secrets, with_login,
};
use crate::recipe::REQUIREMENTS;

mod dockerfile;
mod installation;
mod refusal;

pub use self::refusal::Refusal;

/// What pip and uv print if no index has a package, or hides it.
const NOTHING: [&str; 2] = ["No matching distribution found", "not found in the package registry"];

/// Indexes that need no login.
const OPEN: [&str; 2] = ["pypi.org", "test.pypi.org"];

/// The program that fetches packages.
const FETCH: &str = include_str!("../../../templates/fetch_packages.py");

/// Variables with pip's indexes, and the equivalent options.
const VARIABLES: [(&str, &str); 2] =
    [("PIP_INDEX_URL", "--index-url"), ("PIP_EXTRA_INDEX_URL", "--extra-index-url")];

/// The indexes that pip and uv are configured with on this machine.
#[must_use]
pub fn configured_here() -> Vec<Index> {
    let urls = crate::logins::addresses().into_iter();
    urls.map(|(_, url)| ("--extra-index-url".to_owned(), url)).collect()
}

/// The indexes that a Dockerfile configures for pip.
fn environment(dockerfile: &str) -> Vec<Index> {
    let variables = variables(dockerfile);
    configured(|name| variables.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str()))
}

/// The indexes that an environment configures for pip.
pub fn configured<'a>(variable: impl Fn(&str) -> Option<&'a str>) -> Vec<Index> {
    let values = VARIABLES.into_iter().filter_map(|(name, option)| Some((option, variable(name)?)));
    let urls = values.flat_map(|(option, value)| value.split_whitespace().map(move |url| (option, url)));
    urls.map(|(option, url)| (option.to_owned(), url.to_owned())).collect()
}

/// The user's input to a build.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    /// Build secrets.
    pub secrets: &'a [BuildSecret],
    /// Indexes named by the source.
    pub indexes: &'a [NamedIndex],
}

/// pip's part in a build.
#[derive(Debug, Clone, Copy)]
pub struct Pip<'a> {
    /// The arguments of each `pip install`.
    pub installs: &'a [Vec<String>],
    /// The folder with the requirement files, as the arguments name it.
    pub folder: &'a str,
    /// Its default indexes: options and values.
    pub configured: &'a [Index],
}

/// Why a build can't get a login or a secret.
#[derive(Debug, Error)]
pub enum IndexError {
    /// A secret can't be read.
    #[error(transparent)]
    Secret(#[from] BuildSecretError),
    /// The build context can't be changed.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// Something would have to be built with a login present.
    #[error("`{word}` {why}, and no build may see the login of `{host}`")]
    Build {
        /// What would be built.
        word: String,
        /// Why.
        why: &'static str,
        /// The index.
        host: String,
    },
    /// A Dockerfile asks for a secret that is reserved for c3.
    #[error("the Dockerfile mounts the secret `{0}`, and ids that begin with `c3-` are c3's own")]
    Reserved(String),
}

impl Fault for IndexError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Secret(error) => error.hint(),
            Self::Context(error) => error.hint(),
            Self::Build { host, .. } => Some(format!(
                "install it in a `# pip install` line of its own that doesn't ask `{host}`, or name a wheel"
            )),
            Self::Reserved(_) => Some("give it another id".to_owned()),
        }
    }
}

/// A build with its secrets.
#[derive(Debug)]
pub struct Prepared {
    /// Its files; the Dockerfile is the one for `BuildKit`.
    pub context: Context,
    /// Secrets that its steps may mount.
    pub secrets: Secrets,
    /// Texts to mask in all output.
    pub hidden: Vec<String>,
    /// Ids of build secrets that nothing uses.
    pub unused: Vec<String>,
    /// The indexes it uses.
    pub asked: UsedIndexes,
}

/// The addresses that a build uses, and the user's logins for them.
#[derive(Debug, Default)]
pub struct UsedIndexes {
    urls: Vec<String>,
    /// The logins.
    pub logins: Logins,
}

impl UsedIndexes {
    /// Finds the addresses that a build uses.
    pub fn of(context: &Context, pip: Pip, given: Given) -> Result<Self, BuildSecretError> {
        let installations = installations(context, pip);
        let configured = pip.configured.iter().map(|(_, url)| url.as_str());
        let urls: Vec<_> = installations.iter().flat_map(|(_, read)| read.urls()).chain(configured).collect();
        let logins = Logins::of_user(&urls, given.secrets, given.indexes)?;
        Ok(Self { urls: urls.into_iter().map(ToOwned::to_owned).collect(), logins })
    }

    /// The hosts with a login, or those without.
    #[must_use]
    pub fn hosts(&self, with_login: bool) -> BTreeSet<String> {
        let urls = self.urls.iter().filter(|url| self.logins.of(url).is_some() == with_login);
        urls.filter_map(|url| Some(Origin::of(url)?.name())).collect()
    }

    /// The build secrets that aren't a login for any of them.
    #[must_use]
    pub fn unused(&self, secrets: &[BuildSecret]) -> Vec<String> {
        let ids = secrets.iter().map(|secret| secret.id.clone());
        ids.filter(|id| !self.logins.has(id)).collect()
    }

    /// A hint where nothing was found: pip and uv skip an index that refuses them.
    #[must_use]
    pub fn doubt(&self, said: &[String]) -> Option<String> {
        let is_missing = said.iter().any(|line| NOTHING.iter().any(|words| line.contains(words)));
        let without = self.hosts(false).into_iter().filter(|host| !OPEN.contains(&host.as_str()));
        let without = without.map(|host| (format!("`{host}` is asked without a login"), host));
        let with = self.hosts(true).into_iter().filter_map(|host| {
            let place = self.place(&host)?;
            Some((format!("`{host}` is asked with the login that was found: {place}"), host))
        });
        let (asked, hosts): (Vec<_>, Vec<_>) = without.chain(with).unzip();
        let host = if let [host] = hosts.as_slice() { host } else { "HOST" };
        (is_missing && !asked.is_empty())
            .then(|| format!("{}; if that is why, {}", asked.join(", "), refusal::ways(host)))
    }

    /// Where the login of a host was found, for messages.
    #[must_use]
    pub fn place(&self, host: &str) -> Option<&'static str> {
        let mut urls =
            self.urls.iter().filter(|url| Origin::of(url).is_some_and(|origin| origin.name() == host));
        urls.find_map(|url| self.logins.place(url))
    }
}

/// Prepares a build: logins go to its indexes, secrets to where its Dockerfile mounts them.
pub fn prepare(context: &Context, dockerfile: &str, pip: Pip, given: Given) -> Result<Prepared, IndexError> {
    let text = context.read_text(dockerfile).unwrap_or_default();
    let mounted = mounted_secrets(&text);
    if let Some(id) = mounted.iter().find(|id| id.starts_with(RESERVED)) {
        return Err(IndexError::Reserved(id.clone()));
    }
    let configured = [pip.configured, &environment(&text)].concat();
    let pip = Pip { configured: &configured, ..pip };
    let asked = UsedIndexes::of(context, pip, given)?;
    let mut secrets = Secrets::new();
    for secret in given.secrets.iter().filter(|secret| mounted.contains(&secret.id)) {
        secrets.insert(secret.id.clone(), secret.read()?);
    }
    let mut hidden = asked.logins.hidden();
    hidden.extend(secrets.values().filter_map(Secret::line));
    let unused = asked.unused(given.secrets).into_iter().filter(|id| !mounted.contains(id)).collect();
    let private = private(installations(context, pip), &asked.logins)?;
    let fetches: Vec<_> = private.iter().map(|(words, read)| Fetch::new(words, &read.options)).collect();
    let mut context = context.clone();
    if let Some(enriched) = with_stages(&text, &fetches) {
        context = context.with_text(dockerfile, enriched)?;
        for (number, (_, read)) in private.iter().enumerate() {
            secrets.insert(stage(number), Secret::new(read.text(|url| with_login(url, &asked.logins))));
            for (name, text) in lists(number, read, &asked.logins) {
                context = context.with_text(&format!("{LISTS}/{number}/{name}"), text)?;
            }
        }
    }
    Ok(Prepared { context, secrets, hidden, unused, asked })
}

/// All `pip install`s of a build, each once.
fn installations(context: &Context, pip: Pip) -> Vec<(Vec<String>, Installation)> {
    let texts = |path: &str| context.read_text(&format!("{REQUIREMENTS}/{path}"));
    let mut installations: Vec<(Vec<String>, Installation)> = Vec::new();
    for words in pip.installs {
        if installations.iter().all(|(known, _)| known != words) {
            installations
                .push((words.clone(), Installation::read(words, pip.configured, pip.folder, &texts)));
        }
    }
    installations
}

/// Those that use an index with a login; their packages have to be wheels.
fn private(
    installations: Vec<(Vec<String>, Installation)>,
    logins: &Logins,
) -> Result<Vec<(Vec<String>, Installation)>, IndexError> {
    let mut private = Vec::new();
    for (words, read) in installations {
        let host =
            read.urls().find(|url| logins.of(url).is_some()).and_then(Origin::of).map(|origin| origin.name());
        match (host, &read.beyond_wheels) {
            (None, _) => {}
            (Some(host), Some((word, why))) => {
                return Err(IndexError::Build { word: word.clone(), why, host });
            }
            (Some(_), None) => private.push((words, read)),
        }
    }
    Ok(private)
}

/// What a stage mounts beside the login: the program, what it fetches (so that a change reruns the step), and
/// the list of what to install.
fn lists(number: usize, read: &Installation, logins: &Logins) -> [(&'static str, String); 3] {
    let fetched = |url: &str| {
        let path = url.split(['?', '#']).next().unwrap_or(url);
        let name = path.rsplit('/').next().unwrap_or(path);
        let digest = url.split_once('#').map(|(_, digest)| format!("#{digest}")).unwrap_or_default();
        let is_private = logins.of(url).is_some();
        if is_private { format!("file://{}/{name}{digest}", mounted(number)) } else { url.to_owned() }
    };
    [
        ("fetch.py", FETCH.to_owned()),
        ("asked.txt", read.text(ToOwned::to_owned)),
        ("install.txt", read.text_without_indexes(fetched)),
    ]
}

/// The list with the user's logins in the addresses of indexes and packages: index options become lines,
/// since everybody can see command lines.
pub(super) fn with_logins(flat: &Flat, logins: &Logins) -> Flat {
    let mut flat = flat.clone();
    if flat.options.iter().any(|word| logins.of(word).is_some()) {
        let (mut main, mut others, mut options) = (Vec::new(), Vec::new(), Vec::new());
        let mut words = flat.options.into_iter();
        while let Some(word) = words.next() {
            let lines = if word == MAIN { &mut main } else { &mut others };
            match INDEXES.contains(&word.as_str()).then(|| words.next()).flatten() {
                Some(url) => lines.push(format!("{word} {}", with_login(&url, logins))),
                None => options.push(word),
            }
        }
        flat.requirements = main.into_iter().chain(others).chain(flat.requirements).collect();
        flat.options = options;
    }
    for line in flat.requirements.iter_mut().chain(&mut flat.constraints) {
        *line = with_url(line, |url| with_login(url, logins));
    }
    flat
}

#[cfg(test)]
mod tests;
