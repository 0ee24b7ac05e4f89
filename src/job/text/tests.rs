//! Tests of formats.

use super::*;

#[test]
fn text_formats_are_validated() {
    for text in ["a", "my-secret", "a.b-c.d"] {
        assert!(text.parse::<Name>().is_ok(), "{text}");
    }
    for text in ["", "A", "-a", "a_b", "a..b", "a\n", &"a".repeat(254)] {
        assert!(text.parse::<Name>().is_err(), "{text}");
    }
    for text in ["cpu", "memory", "ephemeral-storage", "nvidia.com/gpu", "amd.com/gpu"] {
        assert!(text.parse::<Resource>().is_ok(), "{text}");
    }
    for text in ["gpu", "cpus", "/gpu", "nvidia.com/", "Nvidia.com/gpu"] {
        assert!(text.parse::<Resource>().is_err(), "{text}");
    }
    for text in ["s", "s/key", "my.secret/ACCESS_key.1"] {
        assert!(text.parse::<SecretKey>().is_ok(), "{text}");
    }
    for text in ["/key", "s/", "s/a/b", "S/key"] {
        assert!(text.parse::<SecretKey>().is_err(), "{text}");
    }
    assert!("".parse::<LabelValue>().is_ok());
    assert!("-".parse::<LabelValue>().is_err());
}

#[test]
fn quantities_have_an_amount() {
    for (text, amount) in [("500m", 0.5), ("2", 2.0), ("1.5", 1.5), ("2Ki", 2048.0), ("3G", 3e9)] {
        assert_eq!(
            text.parse::<Quantity>().map(|quantity| quantity.amount().to_string()),
            Ok(amount.to_string())
        );
    }
    for text in ["", "m", "-1", "1gb", "1 Gi", "0,5", "1e3", "1Mib"] {
        assert!(text.parse::<Quantity>().is_err(), "{text}");
    }
}

#[test]
fn volumes_have_parts() {
    let cases = [
        ("pvc:/data", ("pvc", None, "/data", false)),
        ("pvc/a/b:data:ro", ("pvc", Some("a/b"), "data", true)),
        ("a.b:data:rw", ("a.b", None, "data", false)),
    ];
    for (text, expected) in cases {
        let volume = text.parse::<Volume>();
        let parts = volume.as_ref().map(|it| (it.claim(), it.folder(), it.path(), it.read_only()));
        assert_eq!(parts, Ok(expected));
    }
    for text in ["pvc", "pvc:", ":/data", "/data:/data", "pvc:/data:x", "pvc:/da\nta", "C:/a:/b:/c"] {
        assert!(text.parse::<Volume>().is_err(), "{text}");
    }
}

#[test]
fn tolerations_have_parts() {
    let cases = [
        ("gpu", ("gpu", None, None)),
        ("gpu:NoExecute", ("gpu", None, Some("NoExecute"))),
        ("nvidia.com/gpu=present:NoSchedule", ("nvidia.com/gpu", Some("present"), Some("NoSchedule"))),
        ("dedicated=", ("dedicated", Some(""), None)),
    ];
    for (text, expected) in cases {
        let toleration = text.parse::<Toleration>();
        assert_eq!(toleration.as_ref().map(|it| (it.key(), it.value(), it.effect())), Ok(expected));
    }
    for text in ["", "=x", ":NoSchedule", "gpu:Never", "gpu=a b", "a/b/c"] {
        assert!(text.parse::<Toleration>().is_err(), "{text}");
    }
    for text in ["1A", "", "a b", "A=B"] {
        assert!(text.parse::<EnvName>().is_err(), "{text}");
    }
    let bundle = "company-ca/ca.pem".parse::<ConfigKey>();
    assert_eq!(bundle.as_ref().map(|it| (it.name(), it.key())), Ok(("company-ca", Some("ca.pem"))));
}
