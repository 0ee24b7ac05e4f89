//! Messages of programs about a missing login, and what to do.

/// A server that needs a login, or another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// A package index, by its host.
    Index(String),
    /// A source repository, by host.
    Repository(String),
}

impl Refusal {
    /// Finds it in a line of pip, uv or git.
    pub(crate) fn find(line: &str) -> Option<Self> {
        if let Some((_, rest)) = line.split_once("could not read Username for '") {
            return Some(Self::Repository(host(rest)?));
        }
        if let Some(rest) = line.strip_prefix("User for ") {
            return prompted(rest).map(Self::Index);
        }
        let has = |words: &[&str]| words.iter().any(|word| line.contains(word));
        let is_refusal = has(&["401", "403"]) && has(&["rror", "Unauthorized", "Forbidden"]);
        is_refusal.then(|| host(line)).flatten().map(Self::Index)
    }

    /// What to do, given where the user's login was found, if it was.
    #[must_use]
    pub fn hint(&self, place: Option<&str>) -> String {
        match (self, place) {
            (Self::Index(host), None) => format!("`{host}` wants a login: {}", ways(host)),
            (Self::Index(host), Some(place)) => {
                format!(
                    "`{host}` refuses the login that was found: {place}; correct it, or give another with `--build-secret {host}=FILE`"
                )
            }
            (Self::Repository(host), _) => format!(
                "sources of `{host}` are built, and no build sees a login: publish a wheel in a package index and name that"
            ),
        }
    }

    /// The host.
    #[must_use]
    pub fn host(&self) -> &str {
        match self {
            Self::Index(host) | Self::Repository(host) => host,
        }
    }
}

/// The ways to give a login.
pub(super) fn ways(host: &str) -> String {
    format!(
        "give it with `--build-secret {host}=FILE` (`user:password` in the file), in the netrc file, or in `PIP_INDEX_URL`"
    )
}

/// The host in pip's prompt for a user, perhaps with a port.
fn prompted(text: &str) -> Option<String> {
    let name = text.split_whitespace().next()?.strip_suffix(':')?;
    crate::logins::Origin::of(&format!("http://{name}")).map(|origin| origin.name())
}

/// The host of the first address in a text.
fn host(text: &str) -> Option<String> {
    let start = ["https://", "http://"].iter().filter_map(|scheme| text.find(scheme)).min()?;
    let url = text[start..].split([' ', '\'', '"', ')', '`', ',']).next()?;
    Some(crate::logins::Origin::of(url)?.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn index_refusals_are_recognized() {
        for line in [
            "User for packages.example:8080: ERROR: Exception:",
            "User for packages.example:8080:",
            "WARNING: 401 Error, Credentials not correct for http://packages.example:8080/simple/mine/",
            "http://packages.example:8080/simple/mine/ answers with the HTTP error 403",
            "ERROR: HTTP error 403 while getting http://packages.example:8080/mine-1-py3-none-any.whl",
            "hint: An index URL (http://packages.example:8080/simple) could not be queried due to a lack of valid authentication credentials (401 Unauthorized).",
            "  403 Client Error: Forbidden for url: http://packages.example:8080/x",
        ] {
            assert_eq!(
                Refusal::find(line),
                Some(Refusal::Index("packages.example:8080".to_owned())),
                "{line}"
            );
        }
    }

    #[test]
    fn repository_refusals_are_distinguished_from_other_lines() {
        let line = "fatal: could not read Username for 'https://git.example': No such device or address";
        assert_eq!(Refusal::find(line), Some(Refusal::Repository("git.example".to_owned())));
        for line in [
            "Collecting x403",
            "Downloading https://a.example/401.whl (403 kB)",
            "error: 404 https://a.example",
        ] {
            assert_eq!(Refusal::find(line), None, "{line}");
        }
    }
}
