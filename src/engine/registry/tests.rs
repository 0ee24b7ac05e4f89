//! Tests of pages, and of messages if a registry refuses.

use crate::failure::Fault;
use reqwest::header::HeaderValue;

use super::*;
use crate::reference::NameError;

fn url() -> Url {
    "http://localhost:5000/v2/x/tags/list?n=1000".parse().unwrap()
}

fn linked(link: &'static str) -> Option<String> {
    let headers = HeaderMap::from_iter([(LINK, HeaderValue::from_static(link))]);
    linked_page(&url(), &headers).map(String::from)
}

#[test]
fn links_are_followed_at_the_same_host() {
    let next = Some("http://localhost:5000/v2/x/tags/list?last=b&n=2".to_owned());
    assert_eq!(linked("</v2/x/tags/list?last=b&n=2>; rel=\"next\""), next);
    assert_eq!(linked("<https://elsewhere/v2/x/tags/list?last=b&n=2>; rel=next"), next);
    assert_eq!(linked("</first>; rel=\"first\", </v2/x/tags/list?last=b&n=2>; rel=\"next\""), next);
}

#[test]
fn invalid_links_end_the_listing() {
    assert_eq!(linked("</v2/x/tags/list?n=1000>; rel=\"next\""), None);
    assert_eq!(linked("</v2/x/tags/list?last=b>; rel=\"prev\""), None);
    assert_eq!(linked("nonsense; rel=\"next\""), None);
    assert_eq!(linked_page(&url(), &HeaderMap::new()), None);
}

#[test]
fn full_pages_without_a_link_are_followed() {
    let page: Vec<_> = (0..PAGE).map(|tag| format!("t/{tag}")).collect();
    let next = following_page(&url(), &page).unwrap();
    assert_eq!(next.query(), Some("n=1000&last=t%2F999"));
    assert_eq!(following_page(&url(), &page[1..]), None);
}

#[test]
fn the_variant_for_amd64_is_preferred() {
    let entry = |architecture: &str, digest: &str| {
        serde_json::json!({"mediaType": crate::engine::manifest::IMAGE, "digest": digest, "size": 1,
            "platform": {"os": "linux", "architecture": architecture}})
    };
    let index = |entries: &[serde_json::Value]| {
        let index = serde_json::json!({"schemaVersion": 2, "manifests": entries});
        preferred(&serde_json::from_value(index).unwrap())
    };
    let entries = [entry("arm64", "a"), entry("amd64", "b")];
    assert_eq!(index(&entries).as_deref(), Some("b"));
    assert_eq!(index(&entries[..1]).as_deref(), Some("a"));
    assert_eq!(index(&[]), None);
}

#[test]
fn denials_have_a_hint() {
    let denied = RegistryError::Denied { host: "quay.io".to_owned(), path: "me/x".to_owned() };
    assert_eq!(denied.to_string(), "registry `quay.io` denies access to `me/x`");
    assert!(denied.hint().unwrap().contains("`docker login quay.io`"));
    let unreachable = tags("localhost:1/x").unwrap_err();
    assert_eq!(
        unreachable.to_string(),
        "cannot reach registry `localhost:1`: Connection refused (os error 111)"
    );
    assert!(unreachable.hint().unwrap().contains("address"));
    assert!(matches!(tags("https://quay.io/x"), Err(RegistryError::Name(NameError::Scheme(_)))));
}
