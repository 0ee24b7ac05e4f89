//! Engines chosen by environment and configuration.

use super::*;
use tempfile::TempDir;

/// The choice for these variables and this configuration folder.
fn chosen(config: &TempDir, variables: &[(&str, &str)]) -> Result<Endpoint, EndpointError> {
    choose(&|name| match name {
        "DOCKER_CONFIG" => Some(config.path().display().to_string()),
        name => variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()),
    })
}

/// A configuration folder with the context `remote`.
fn config(current: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let id = "b71199ebd070b36beab7317920c2c2f1d777df8d05e5527d8458fda57cb17a7a";
    write(&folder, "config.json", &format!(r#"{{"auths": {{}}, "currentContext": "{current}"}}"#));
    let meta = r#"{"Name": "remote", "Metadata": {}, "Endpoints": {"docker": {"Host": "tcp://far:2376", "SkipTLSVerify": false}}}"#;
    write(&folder, &format!("contexts/meta/{id}/meta.json"), meta);
    write(&folder, &format!("contexts/tls/{id}/docker/ca.pem"), "");
    folder
}

fn write(folder: &TempDir, path: &str, text: &str) {
    let path = folder.path().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

#[test]
fn the_default_socket_is_the_last_resort() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = chosen(&folder, &[("DOCKER_HOST", "")]).unwrap();
    assert_eq!(endpoint.host, DEFAULT_HOST);
}

#[test]
fn docker_host_takes_precedence_over_contexts() {
    let variables = [("DOCKER_HOST", "unix:///x.sock"), ("DOCKER_CONTEXT", "remote")];
    let endpoint = chosen(&config("remote"), &variables).unwrap();
    assert_eq!((endpoint.host.as_str(), endpoint.rule), ("unix:///x.sock", Rule::DockerHost));
    let variables = [("DOCKER_CONTEXT", "default")];
    assert_eq!(chosen(&config("remote"), &variables).unwrap().rule, Rule::Default);
}

#[test]
fn contexts_are_looked_up() {
    let config = config("remote");
    let endpoint = chosen(&config, &[]).unwrap();
    assert_eq!(endpoint.host, "tcp://far:2376");
    assert_eq!(endpoint.rule, Rule::CurrentContext("remote".to_owned()));
    assert!(endpoint.certificates.unwrap().starts_with(config.path()));
    let error = chosen(&config, &[("DOCKER_CONTEXT", "nowhere")]).unwrap_err();
    assert_eq!(error.to_string(), "there is no Docker context `nowhere`");
}

#[test]
fn tls_needs_a_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let variables = [("DOCKER_HOST", "tcp://far:2376"), ("DOCKER_TLS_VERIFY", "1")];
    assert!(matches!(chosen(&folder, &variables), Err(EndpointError::Certificate { .. })));
    write(&folder, "ca.pem", "");
    assert_eq!(chosen(&folder, &variables).unwrap().certificates.unwrap(), folder.path());
    assert_eq!(chosen(&folder, &variables[..1]).unwrap().certificates, None);
}

#[test]
fn other_addresses_are_refused_with_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let error = chosen(&folder, &[("DOCKER_HOST", "ssh://me@far")]).unwrap_err();
    assert!(error.hint().unwrap().contains("docker.sock me@far`"));
    assert!(matches!(chosen(&folder, &[("DOCKER_HOST", "far:2375")]), Err(EndpointError::Address(_))));
}

#[test]
fn a_broken_configuration_is_named() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder, "config.json", "{");
    assert!(chosen(&folder, &[]).unwrap_err().to_string().contains("config.json`: "));
}
