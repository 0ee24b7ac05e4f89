use proptest::prelude::*;

use super::*;

#[test]
fn secrets_of_urls_are_masked() {
    for (text, masked) in [
        ("'postgres://u:my \"pw@h.example/x'", "'postgres://***@h.example/x'"),
        ("f('https://h.example', 'a@b.example')", "f('https://h.example', 'a@b.example')"),
        (r#"{"a":"https://h.example","b":"x@y"}"#, r#"{"a":"https://h.example","b":"x@y"}"#),
        ("postgres://u:my pw@h.example/x", "postgres://***@h.example/x"),
        ("mongodb://u:p@a.example:1,b.example:2/x", "mongodb://***@a.example:1,b.example:2/x"),
        ("x@https://tok3n@h.example/x.whl", "x@https://***@h.example/x.whl"),
        ("-fhttps://tok3n@h.example", "-fhttps://***@h.example"),
        ("https://h.example/?to=https://u:p@i.example", "https://h.example/?to=https://***@i.example"),
        ("https://h.example/https://tok3n@i.example", "https://h.example/https://***@i.example"),
        ("https://h/?to=https%3A%2F%2Fu%3Ap%40i.example", "https://h/?to=https%3A%2F%2F***%40i.example"),
        ("ftp%3a%2f%2fanonymous%40i.example", "ftp%3a%2f%2fanonymous%40i.example"),
        ("https://u:p@", "https://***@"),
        ("https:/u:p@h.example/x", "https:/***@h.example/x"),
        ("C:/u:p@h.example/x", "C:/u:p@h.example/x"),
        ("https://u:p", "https://u:p"),
        ("file:///a:b@c", "file:///a:b@c"),
        ("//depot/a:b@123", "//depot/a:b@123"),
        ("https://{user}:{password}@h.example", "https://{user}:{password}@h.example"),
        ("https://$ecret:$ecret@h.example", "https://***@h.example"),
    ] {
        assert_eq!(mask(text), masked);
        assert_eq!(has_userinfo(text), text != masked, "{text}");
    }
}

#[test]
fn credentials_without_a_scheme_are_masked() {
    for (text, masked) in [
        ("`bob:pw@host/x` is not a repository", "`***@host/x` is not a repository"),
        ("proxy=bob:p@w@proxy:3128", "proxy=***@proxy:3128"),
        ("mail bob@h.example or mailto:bob@h.example", "mail bob@h.example or mailto:bob@h.example"),
        ("ubuntu:22.04@sha256:0123", "ubuntu:22.04@sha256:0123"),
        ("git@github.com:a/b.git", "git@github.com:a/b.git"),
        ("r.example:5000/a/b@sha256:01", "r.example:5000/a/b@sha256:01"),
        ("model:v1@main", "model:v1@main"),
        (r"C:\a@b.c", r"C:\a@b.c"),
    ] {
        assert_eq!(mask_words(text), masked);
    }
    assert!(has_userinfo("bob:pw@proxy.example:3128"));
    assert!(!has_userinfo("Note: mail bob@h.example"));
    assert!(!has_userinfo("as bob:pw@proxy.example says"), "only by itself");
}

#[test]
fn removing_credentials_leaves_a_valid_url() {
    for (text, left) in [
        ("x @ https://u:p@h.example/x.whl", "x @ https://h.example/x.whl"),
        ("git+https://tok3n@h.example/a.git@v1", "git+https://h.example/a.git@v1"),
        ("https://h/?to=https%3A%2F%2Fu%3Ap%40i", "https://h/?to=https%3A%2F%2Fi"),
        ("bob:pw@host/x", "host/x"),
        ("numpy>=1", "numpy>=1"),
    ] {
        assert_eq!(removed(text), left);
    }
}

#[test]
fn long_texts_are_masked_quickly() {
    let begun = std::time::Instant::now();
    for part in ["a://b:c", "//", "'x://y:z\"", "@", "a:b@c.d/", "%3a%2f%2f", "http://x:y z@"] {
        let _ = mask_words(&format!("{}@", part.repeat(100_000)));
        let _ = mask_words(&format!("see {}@", part.repeat(100_000)));
    }
    assert!(begun.elapsed().as_secs() < 60);
}

/// A password without what makes another URL of it, even one that should have been percent-encoded.
fn password() -> impl Strategy<Value = String> {
    "[!-~äß漢]{3,20}".prop_filter("is a password", |text| {
        let is_told = !text.contains('@') || !text.contains(AUTHORITY_ENDS);
        is_told
            && !text.contains("//")
            && !text.contains("%2")
            && !is_placeholder(text)
            && !text.contains(['"', '`', '<', '>'])
    })
}

proptest! {
    #[test]
    fn passwords_are_never_shown(password in password(), user in "[a-z0-9]{0,5}", scheme in "(git\\+)?https|postgres|amqps|rediss") {
        let secret = format!("§{password}§");
        for text in [
            format!("{scheme}://{user}:{secret}@host.example/path?x=1#y"),
            format!("see {scheme}://{user}:{secret}@host.example and mail"),
            format!("\"{scheme}://{user}:{secret}@host.example\", \"x@y\""),
            format!("a {scheme}://v:w@i.example/x {scheme}://{user}:{secret}@host.example"),
        ] {
            prop_assert!(has_userinfo(&text));
            let (shown, left) = (mask(&text), removed(&text));
            prop_assert!(!shown.contains('§') && shown.contains("://***@host.example"), "{shown}");
            prop_assert!(!left.contains('§') && left.contains("://host.example"), "{left}");
            prop_assert!(!has_userinfo(&shown), "{shown}");
        }
    }

    #[test]
    fn masking_is_idempotent(text in "\\PC{0,40}|[a-c:/@%*?# \"']{0,40}|(https?://|//|[a-c]{1,3}|[:@/? ]){0,12}") {
        let shown = mask(&text).into_owned();
        prop_assert_eq!(mask(&shown).into_owned(), shown.clone());
        prop_assert_eq!(has_userinfo(&text), shown != text);
        let words = mask_words(&text).into_owned();
        prop_assert_eq!(mask_words(&words).into_owned(), words.clone());
        let left = removed(&text).into_owned();
        prop_assert!(left.len() <= text.len());
    }

    #[test]
    fn texts_without_a_host_are_unchanged(text in "[^@%]*") {
        prop_assert_eq!(mask(&text), text.as_str());
        prop_assert_eq!(removed(&text), text.as_str());
    }
}
