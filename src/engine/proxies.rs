//! Proxies for builds and containers: `proxies` in Docker's `config.json`, as passed on by `docker build` and
//! `docker run`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::endpoint::{Endpoint, EndpointError, configuration};

/// The relevant part of Docker's `config.json`.
#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    proxies: BTreeMap<String, Proxies>,
}

/// The proxies of an engine.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Proxies {
    #[serde(rename = "httpProxy")]
    http: String,
    #[serde(rename = "httpsProxy")]
    https: String,
    #[serde(rename = "noProxy")]
    none: String,
    #[serde(rename = "ftpProxy")]
    ftp: String,
    #[serde(rename = "allProxy")]
    all: String,
}

/// The proxy variables for an engine, in upper and lower case.
pub fn variables(endpoint: &Endpoint) -> Result<BTreeMap<String, String>, EndpointError> {
    let config: Option<Config> = configuration()?;
    Ok(config.map(|config| chosen(config, &endpoint.host)).unwrap_or_default())
}

fn chosen(mut config: Config, host: &str) -> BTreeMap<String, String> {
    let own = config.proxies.remove(host).or_else(|| config.proxies.remove("default"));
    let Proxies { http, https, none, ftp, all } = own.unwrap_or_default();
    let named = [
        ("HTTP_PROXY", http),
        ("HTTPS_PROXY", https),
        ("NO_PROXY", none),
        ("FTP_PROXY", ftp),
        ("ALL_PROXY", all),
    ];
    let set = named.into_iter().filter(|(_, value)| !value.is_empty());
    set.flat_map(|(name, value)| [(name.to_owned(), value.clone()), (name.to_lowercase(), value)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engine_proxies_take_precedence_over_the_default() {
        let read = || {
            serde_json::from_str::<Config>(
                r#"{"proxies": {
                    "default": {"httpProxy": "http://a:1", "noProxy": "b", "new": "c"},
                    "tcp://host:2375": {"httpsProxy": "http://d:2"}
                }}"#,
            )
            .unwrap()
        };
        let default = chosen(read(), "unix:///var/run/docker.sock");
        let names: Vec<_> = default.keys().map(String::as_str).collect();
        assert_eq!(names, ["HTTP_PROXY", "NO_PROXY", "http_proxy", "no_proxy"]);
        assert_eq!(default["http_proxy"], "http://a:1");
        let own = chosen(read(), "tcp://host:2375");
        assert_eq!(own.into_iter().next(), Some(("HTTPS_PROXY".to_owned(), "http://d:2".to_owned())));
        assert!(chosen(serde_json::from_str("{}").unwrap(), "x").is_empty());
    }
}
