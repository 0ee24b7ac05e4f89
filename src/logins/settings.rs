//! Where the user gets packages from: uv follows pip's variables and files, unless it has its own.

use std::collections::BTreeMap;
use std::path::PathBuf;

use configparser::ini::Ini;

use super::sources::{UV, variable};

/// Settings of pip by option, such as `index-url`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    pip: BTreeMap<String, String>,
    /// uv's own variables that are set.
    own: Vec<&'static str>,
}

/// Settings of pip, uv's equivalents, and whether there may be several.
const NAMES: &[(&str, &str, bool)] = &[
    ("index-url", "UV_DEFAULT_INDEX", false),
    ("extra-index-url", "UV_INDEX", true),
    ("find-links", "UV_FIND_LINKS", true),
    ("no-index", "UV_NO_INDEX", false),
    ("trusted-host", "UV_INSECURE_HOST", true),
    ("cert", "SSL_CERT_FILE", false),
    ("constraint", "UV_CONSTRAINT", true),
    ("pre", "UV_PRERELEASE", false),
];

/// Settings that make uv behave like pip.
const LIKE_PIP: &[(&str, &str)] = &[("UV_INDEX_STRATEGY", "unsafe-best-match"), ("UV_NATIVE_TLS", "1")];

/// The addresses of indexes in the user's pip settings.
pub(crate) fn configured_indexes() -> Vec<String> {
    let settings = Settings::from_user();
    let values = ["index-url", "extra-index-url", "find-links"].map(|name| settings.pip.get(name));
    let urls = values.into_iter().flatten().flat_map(|value| value.split_whitespace());
    urls.map(ToOwned::to_owned).collect()
}

impl Settings {
    /// The user's settings: files first, then the environment.
    pub(crate) fn from_user() -> Self {
        let files = files(&variable).into_iter().filter_map(|path| std::fs::read_to_string(path).ok());
        Self::new(files, variable)
    }

    fn new(files: impl IntoIterator<Item = String>, variable: impl Fn(&str) -> Option<String>) -> Self {
        let mut pip = BTreeMap::new();
        for text in files {
            pip.extend(settings_in(&text));
        }
        for (name, _, _) in NAMES {
            let value = variable(&format!("PIP_{}", name.replace('-', "_").to_uppercase()));
            pip.extend(value.map(|value| ((*name).to_owned(), value)));
        }
        let uv = NAMES.iter().map(|name| name.1).chain(LIKE_PIP.iter().map(|pair| pair.0));
        let own = uv.chain(["UV_INDEX_URL", "UV_EXTRA_INDEX_URL"]).filter(|name| variable(name).is_some());
        Self { pip, own: own.collect() }
    }

    /// Package sources: variables with addresses for pip and uv.
    pub(crate) fn addresses(&self) -> Vec<(String, String)> {
        let pip = ["index-url", "extra-index-url", "find-links"].into_iter().filter_map(|name| {
            let value = self.pip.get(name)?.split_whitespace().collect::<Vec<_>>().join(" ");
            Some((format!("PIP_{}", name.replace('-', "_").to_uppercase()), value))
        });
        let own = UV.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)));
        let translated = self.for_uv().into_iter().filter(|(name, _)| UV.contains(name));
        let translated = translated.map(|(name, value)| (name.to_owned(), value));
        pip.chain(own).chain(translated).collect()
    }

    /// The equivalent variables for uv.
    pub(crate) fn for_uv(&self) -> BTreeMap<&'static str, String> {
        let said = |name: &str| match name {
            "UV_DEFAULT_INDEX" => self.own.iter().any(|own| [name, "UV_INDEX_URL"].contains(own)),
            "UV_INDEX" => self.own.iter().any(|own| [name, "UV_EXTRA_INDEX_URL"].contains(own)),
            name => self.own.contains(&name),
        };
        let translated = NAMES.iter().filter_map(|(name, uv, several)| {
            let value = self.pip.get(*name)?;
            let values = value.split_whitespace().collect::<Vec<_>>();
            let value = match *uv {
                "UV_PRERELEASE" => "allow".to_owned(),
                "UV_FIND_LINKS" => values.join(","),
                _ if *several => values.join(" "),
                _ => value.trim().to_owned(),
            };
            Some((*uv, value))
        });
        let like_pip = LIKE_PIP.iter().map(|(name, value)| (*name, (*value).to_owned()));
        translated.chain(like_pip).filter(|(name, _)| !said(name)).collect()
    }
}

/// pip's configuration files, by increasing precedence.
fn files(variable: &impl Fn(&str) -> Option<String>) -> Vec<PathBuf> {
    let home = variable("HOME").map(PathBuf::from);
    let config =
        variable("XDG_CONFIG_HOME").map(PathBuf::from).or(home.as_ref().map(|home| home.join(".config")));
    let named = variable("PIP_CONFIG_FILE").map(PathBuf::from);
    [
        Some("/etc/xdg/pip/pip.conf".into()),
        Some("/etc/pip.conf".into()),
        home.map(|home| home.join(".pip/pip.conf")),
        config.map(|config| config.join("pip/pip.conf")),
        named,
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The settings for `pip install` in a file: `[global]`, then `[install]`.
fn settings_in(text: &str) -> BTreeMap<String, String> {
    let mut file = Ini::new();
    file.set_multiline(true);
    let mut sections = file.read(text.to_owned()).unwrap_or_default();
    let sections = ["global", "install"].map(|name| sections.remove(name).unwrap_or_default());
    let settings = sections.into_iter().flatten();
    settings.filter_map(|(name, value)| Some((name.replace('_', "-"), value?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn for_uv(file: &str, variables: &[(&str, &str)]) -> Vec<String> {
        let variable =
            |name: &str| variables.iter().find(|pair| pair.0 == name).map(|pair| pair.1.to_owned());
        let settings = Settings::new([file.to_owned()], variable);
        let told =
            settings.for_uv().into_iter().filter(|(name, _)| !LIKE_PIP.iter().any(|pair| pair.0 == *name));
        told.map(|(name, value)| format!("{name}={value}")).collect()
    }

    #[test]
    fn pip_settings_are_translated_for_uv() {
        let file = "[global]\nindex-url = https://a/simple\nextra-index-url =\n    https://b/simple\n    https://c/simple\n[install]\nfind-links = /w /x\n";
        let expected = [
            "UV_DEFAULT_INDEX=https://a/simple",
            "UV_FIND_LINKS=/w,/x",
            "UV_INDEX=https://b/simple https://c/simple",
        ];
        assert_eq!(for_uv(file, &[]), expected);
    }

    #[test]
    fn precedence_is_uv_variables_then_pip_variables_then_files() {
        let file = "[global]\nindex-url = https://a/simple\n";
        assert_eq!(for_uv(file, &[("PIP_INDEX_URL", "https://b")]), ["UV_DEFAULT_INDEX=https://b"]);
        assert!(for_uv(file, &[("UV_INDEX_URL", "https://c")]).is_empty());
        assert_eq!(for_uv("", &[("PIP_CERT", "/c.pem")]), ["SSL_CERT_FILE=/c.pem"]);
        assert_eq!(for_uv("", &[("PIP_CERT", "/c.pem"), ("SSL_CERT_FILE", "/d.pem")]), [""; 0]);
    }
}
