//! What names and references are taken, and which are refused.

use proptest::prelude::*;

use super::*;

fn image(repository: &str) -> Result<String, NameError> {
    image_repository(Some(repository), "x")
}

fn parts(reference: &str) -> (String, String, String) {
    let Reference { host, path, version } = Reference::parse(reference).unwrap();
    (host, path, version)
}

fn owned(host: &str, path: &str, version: &str) -> (String, String, String) {
    (host.to_owned(), path.to_owned(), version.to_owned())
}

fn is_label(name: &str) -> bool {
    is_domain_label(name) && name.len() <= 63 && name.to_ascii_lowercase() == name
}

#[test]
fn operators_are_named_after_their_file() {
    assert_eq!(operator_name("my_operator_name").unwrap(), "my-operator-name");
    assert_eq!(operator_name("__My  Operator.v2__").unwrap(), "my-operator-v2");
    assert_eq!(operator_name(&"a".repeat(63)).unwrap().len(), 63);
}

#[test]
fn unusable_file_names_are_rejected() {
    assert_eq!(operator_name("___"), Err(NameError::NoLabel("___".to_owned())));
    assert_eq!(operator_name("日本"), Err(NameError::NoLabel("日本".to_owned())));
    assert!(matches!(operator_name(&"a".repeat(64)), Err(NameError::LongLabel(_))));
}

#[test]
fn images_live_below_their_repository() {
    assert_eq!(image_repository(None, "x").unwrap(), "claimed-x");
    assert_eq!(image("me").unwrap(), "me/claimed-x");
    assert_eq!(image("quay.io/me/").unwrap(), "quay.io/me/claimed-x");
    assert_eq!(image("localhost:5000").unwrap(), "localhost:5000/claimed-x");
    assert_eq!(image("[::1]:5000/a__b/c--d").unwrap(), "[::1]:5000/a__b/c--d/claimed-x");
    assert_eq!(image("QUAY.io/me").unwrap(), "QUAY.io/me/claimed-x");
}

#[test]
fn invalid_repositories_have_specific_errors() {
    let scheme = image("https://quay.io/me").unwrap_err();
    assert_eq!(scheme.to_string(), "image repository `https://quay.io/me` is a web address");
    assert_eq!(scheme.hint().unwrap(), "leave the scheme out: `quay.io/me`");
    let upper = image("quay.io/Me").unwrap_err();
    assert_eq!(upper.hint().unwrap(), "write `quay.io/me`");
    assert_eq!(image(""), Err(NameError::NoRepository));
    assert!(matches!(image(&"a".repeat(250)), Err(NameError::LongRepository(_))));
    for bad in ["/", "a b", "quay.io/me:1", "a___b", "a..b", "-a", "h:port/a", "h:99999/a"] {
        assert_eq!(image(bad), Err(NameError::Repository(bad.to_owned())));
    }
}

#[test]
fn tags_follow_the_grammar() {
    for tag in ["0.1", "_x", "0.1beta.1", "V-1", &"1".repeat(128)] {
        assert_eq!(valid_tag(tag), Ok(()));
    }
    for tag in ["", ".1", "-1", "1 2", "1/2", "é", "1+2", &"1".repeat(129)] {
        assert_eq!(valid_tag(tag), Err(NameError::Tag(tag.to_owned())));
    }
}

#[test]
fn hosts_are_distinguished_from_paths_as_by_docker() {
    assert_eq!(registry_host("ubuntu:24.04"), "docker.io");
    assert_eq!(registry_host("me/ubuntu"), "docker.io");
    assert_eq!(registry_host("index.docker.io/me/ubuntu"), "docker.io");
    assert_eq!(registry_host("localhost/x"), "localhost");
    assert_eq!(registry_host("host:5000/x:1"), "host:5000");
    assert_eq!(registry_host("[::1]:5000/x"), "[::1]:5000");
}

#[test]
fn references_are_parsed() {
    assert_eq!(parts("ubuntu"), owned("docker.io", "library/ubuntu", "latest"));
    assert_eq!(parts("docker.io/ubuntu:24.04"), owned("docker.io", "library/ubuntu", "24.04"));
    assert_eq!(parts("localhost/x/y"), owned("localhost", "x/y", "latest"));
    assert_eq!(parts("h:5000/x:1"), owned("h:5000", "x", "1"));
    let digest = format!("sha256:{}", "0f".repeat(32));
    assert_eq!(parts(&format!("h.io/x:1@{digest}")), owned("h.io", "x", &digest));
}

#[test]
fn invalid_references_are_rejected() {
    for bad in ["", "x:", "x@sha256:0f", "h.io/X", "x:1:2", "http://x", "h.io/", "x@y/z"] {
        assert!(Reference::parse(bad).is_err(), "{bad}");
    }
}

proptest! {
    #[test]
    fn operator_names_are_labels(stem in any::<String>()) {
        if let Ok(name) = operator_name(&stem) {
            prop_assert!(is_label(&name), "{name}");
            prop_assert!(Reference::parse(&image_repository(None, &name).unwrap()).is_ok());
        }
    }

    #[test]
    fn valid_operator_names_are_unchanged(stem in "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?") {
        prop_assume!(!stem.contains("--"));
        prop_assert_eq!(operator_name(&stem).unwrap(), stem);
    }

    #[test]
    fn images_are_references(repository in "[a-z.:/_ -]{0,20}") {
        if let Ok(image) = image(&repository) {
            prop_assert!(Reference::parse(&format!("{image}:0.1")).is_ok(), "{image}");
        }
    }
}
