//! Where logins are found, with helpers that speak the real protocol.

use crate::failure::Fault;
use std::process::Command;

use super::*;

/// A helper as `docker-credential-pass` behaves: host on stdin, JSON or a reason on stdout.
const HELPER: &str = r#"#!/bin/sh
read -r host || true
case "$1:$host" in
get:quay.io) echo '{"ServerURL":"quay.io","Username":"u","Secret":"p:w/1"}' ;;
get:https://index.docker.io/v1/) echo '{"ServerURL":"x","Username":"<token>","Secret":"t"}' ;;
get:broken.io) echo 'not a login' ;;
get:empty.io) echo '{"ServerURL":"","Username":"","Secret":""}' ;;
get:locked.io) echo 'the store is locked'; exit 1 ;;
get:slow.io) exec sleep 20 ;;
get:closed.io) exec >&-; exec sleep 20 ;;
get:endless.io) exec yes ;;
*) echo 'credentials not found in native keychain'; exit 1 ;;
esac
"#;

fn password(username: &str, password: &str) -> Credential {
    Credential::Password { username: username.to_owned(), password: password.to_owned() }
}

fn in_config(json: &str, host: &str) -> Result<Option<Credential>, CredentialError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.json");
    fs::write(&path, json).unwrap();
    credential_in(&path, host)
}

fn found(json: &str, host: &str) -> Option<Credential> {
    in_config(json, host).unwrap()
}

fn auths(key: &str) -> String {
    let auth = STANDARD_NO_PAD.encode("u:p:w/1");
    format!(r#"{{"auths": {{"{key}": {{"auth": "{auth}"}}}}}}"#)
}

fn fake_helper() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let [draft, program] = ["draft", "docker-credential-fake"].map(|name| folder.path().join(name));
    fs::write(&draft, HELPER).unwrap();
    // Written by a process of its own: what a test beside this one forks would keep the file busy.
    let status = Command::new("install").arg("-m755").args([&draft, &program]).status();
    assert!(status.unwrap().success());
    (folder, program.display().to_string())
}

fn from_helper(server: &str, seconds: u64) -> Result<Option<Credential>, HelperError> {
    let (_folder, program) = fake_helper();
    helper::ask(&program, server, Duration::from_secs(seconds))
}

#[test]
fn secrets_are_never_shown() {
    assert_eq!(format!("{:?}", password("u", "p")), "Password(u, ***)");
    assert_eq!(format!("{:?}", Credential::IdentityToken("t".to_owned())), "IdentityToken(***)");
}

#[test]
fn config_files_are_ordered_by_precedence() {
    let files = |given: &[(&str, &str)]| {
        let variables: BTreeMap<_, _> = given.iter().copied().collect();
        config_files(|name| variables.get(name).map(OsString::from))
    };
    let home = ("HOME", "/h");
    let paths = ["/h/.docker/config.json", "/h/.config/containers/auth.json"];
    assert_eq!(files(&[home]), paths.map(PathBuf::from));
    let all = [home, ("DOCKER_CONFIG", "/d"), ("REGISTRY_AUTH_FILE", "/a"), ("XDG_RUNTIME_DIR", "/x")];
    let paths = ["/d/config.json", "/a", "/h/.config/containers/auth.json"];
    assert_eq!(files(&all), paths.map(PathBuf::from));
    assert_eq!(files(&[("XDG_RUNTIME_DIR", "/x")]), [PathBuf::from("/x/containers/auth.json")]);
    assert!(files(&[]).is_empty());
}

#[test]
fn registry_keys_may_have_scheme_and_path() {
    for key in ["quay.io", "https://quay.io", "https://quay.io/v2/", "quay.io/", "http://QUAY.io/me"] {
        assert_eq!(found(&auths(key), "quay.io"), Some(password("u", "p:w/1")), "{key}");
    }
}

#[test]
fn registries_differ_by_port() {
    assert_eq!(found(&auths("h:5000"), "h:5001"), None);
    assert_eq!(found(&auths("h:5000"), "h"), None);
    assert_eq!(found(&auths("https://h:5000/v1/"), "h:5000"), Some(password("u", "p:w/1")));
}

#[test]
fn docker_hub_has_many_names() {
    for key in [DOCKER_HUB_LOGIN, "docker.io", "index.docker.io", "https://registry-1.docker.io/v2/"] {
        assert_eq!(found(&auths(key), DOCKER_HUB), Some(password("u", "p:w/1")), "{key}");
    }
}

#[test]
fn the_nearest_key_wins() {
    let config = r#"{"auths": {"https://quay.io/a": {"username": "far", "password": "x"},
        "quay.io": {"username": "near", "password": "x"}}}"#;
    assert_eq!(found(config, "quay.io"), Some(password("near", "x")));
}

#[test]
fn every_form_of_auth_entry_is_read() {
    let entry = |fields: &str| found(&format!(r#"{{"auths": {{"h": {fields}}}}}"#), "h");
    assert_eq!(entry("{}"), None);
    assert_eq!(entry(r#"{"auth": ""}"#), None);
    assert_eq!(entry(r#"{"auth": "dTpw", "email": "x@y"}"#), Some(password("u", "p")));
    assert_eq!(entry(r#"{"auth": "dTpwdw=="}"#), Some(password("u", "pw")));
    assert_eq!(entry(r#"{"auth": "dTpw\r\ndw=="}"#), Some(password("u", "pw")));
    assert_eq!(entry(r#"{"auth": "dTpwAAA="}"#), Some(password("u", "p")));
    let token = Credential::IdentityToken("t".to_owned());
    assert_eq!(entry(r#"{"auth": "dTo=", "identitytoken": "t"}"#), Some(token));
    assert_eq!(entry("null"), None);
    assert_eq!(entry(r#"{"auth": null, "identitytoken": null, "username": "u"}"#), Some(password("u", "")));
}

#[test]
fn errors_about_bad_files_contain_no_secrets() {
    let error = in_config(r#"{"auths": {"h": "s3cret"}}"#, "h").unwrap_err();
    assert!(matches!(error, CredentialError::Syntax { line: 1, .. }));
    assert!(!error.to_string().contains("s3cret"));
    let error = in_config(r#"{"auths": {"h": {"auth": "s3cret!"}}}"#, "h").unwrap_err();
    assert!(error.to_string().starts_with("cannot decode the login for `h` in `/"));
    let nobody = STANDARD_NO_PAD.encode(":password");
    assert!(in_config(&format!(r#"{{"auths": {{"h": {{"auth": "{nobody}"}}}}}}"#), "h").is_err());
    assert!(credential_in(Path::new("/"), "h").unwrap_err().to_string().starts_with("cannot read `/`"));
    assert_eq!(credential_in(Path::new("/no/such/file"), "h").unwrap(), None);
    assert_eq!(credential_in(Path::new("/dev/null/.docker/config.json"), "h").unwrap(), None);
}

#[test]
fn credential_helpers_take_precedence_over_entries() {
    let config = Config {
        cred_helpers: Some(BTreeMap::from([("https://h".to_owned(), Some("one".to_owned()))])),
        creds_store: Some("two".to_owned()),
        auths: Some(BTreeMap::from([("h".to_owned(), Some(Login::default()))])),
    };
    let kinds: Vec<_> = sources(config, "h")
        .into_iter()
        .map(|source| match source {
            Source::Helper(name) => name,
            Source::Login(_) => "login".to_owned(),
        })
        .collect();
    assert_eq!(kinds, ["one", "two", "login"]);
}

#[test]
fn credential_helpers_return_logins_and_tokens() {
    assert_eq!(from_helper("quay.io", 10).unwrap(), Some(password("u", "p:w/1")));
    let token = Credential::IdentityToken("t".to_owned());
    assert_eq!(from_helper(DOCKER_HUB_LOGIN, 10).unwrap(), Some(token));
    assert_eq!(from_helper("empty.io", 10).unwrap(), None);
    assert_eq!(from_helper("unknown.io", 10).unwrap(), None);
}

#[test]
fn failing_credential_helpers_are_named_with_the_reason() {
    let text = |server: &str, seconds| from_helper(server, seconds).unwrap_err().to_string();
    assert_eq!(text("locked.io", 10), "failed: the store is locked");
    assert_eq!(text("broken.io", 10), "gave an answer that is not a login");
    assert_eq!(text("slow.io", 1), "gave no answer within 1 s");
    assert_eq!(text("closed.io", 1), "gave no answer within 1 s");
    assert_eq!(text("endless.io", 10), "gave an answer that is not a login");
}

#[test]
fn missing_credential_helpers_are_named_with_their_file() {
    let error = in_config(r#"{"credsStore": "no-such"}"#, DOCKER_HUB).unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("`docker-credential-no-such`, which `/"), "{text}");
    assert!(text.ends_with("/config.json` names for the login at `docker.io`, is not on `PATH`"), "{text}");
    assert!(error.hint().unwrap().starts_with("install `docker-credential-no-such`, or take it out of `/"));
}

/// A helper beside the configuration, or anywhere but on the `PATH`, is not run.
#[test]
fn credential_helpers_run_only_from_the_path() {
    let (folder, _) = fake_helper();
    let elsewhere = folder.path().join("docker-credential-fake");
    for name in ["../x", "/bin/sh", "x/../../bin/sh", "a b", "a\\u0000b", "é", "-\\n"] {
        for config in [
            format!(r#"{{"credsStore": "{name}"}}"#),
            format!(r#"{{"credHelpers": {{"quay.io": "{name}"}}}}"#),
        ] {
            let error = in_config(&config, "quay.io").unwrap_err();
            assert!(error.to_string().ends_with("has a name that no helper has"), "{error}");
            assert!(error.hint().unwrap().starts_with("take `docker-credential-"));
        }
    }
    let path = elsewhere.display().to_string();
    assert!(matches!(helper::program(&path), Err(HelperError::Name)));
    assert_eq!(helper::program("ecr-login").unwrap(), "docker-credential-ecr-login");
}

/// Environment variables belong to a process, so this test runs itself in one of its own.
#[test]
fn credential_helpers_are_found_through_the_environment() {
    if env::var_os("C3_FAKE_HELPER").is_some() {
        assert_eq!(credentials("quay.io").unwrap(), Some(password("u", "p:w/1")));
        return;
    }
    let (folder, _) = fake_helper();
    let config = r#"{"credHelpers": {"quay.io": "fake"}}"#;
    fs::write(folder.path().join("config.json"), config).unwrap();
    let path = format!("{}:{}", folder.path().display(), env::var("PATH").unwrap());
    let (_, module) = module_path!().split_once("::").unwrap();
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", &format!("{module}::credential_helpers_are_found_through_the_environment")])
        .envs([("PATH", path.as_str()), ("C3_FAKE_HELPER", "1")])
        .env("DOCKER_CONFIG", folder.path())
        .output();
    assert!(String::from_utf8_lossy(&output.unwrap().stdout).contains("1 passed"));
}
