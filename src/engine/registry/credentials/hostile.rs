//! Hostile configurations of Docker: JSON of any shape, and what is nearly right. Nothing of it may end the program, give
//! a login to another host, or name a program outside of the `PATH`.
//! `PROPTEST_CASES` sets how many are tried; `cargo test --lib hostile -- --ignored --nocapture` tries a million, or as
//! many as `C3_INPUTS` says.

#![expect(clippy::print_stderr, reason = "figures for people")]

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value, json};

use self::effort::cases;
use self::long_run::long_run;
use super::*;

#[path = "../../../../tests/effort/mod.rs"]
mod effort;
#[path = "../../../../tests/long_run/mod.rs"]
mod long_run;

/// Registries that are asked for.
const HOSTS: &[&str] =
    &["quay.io", "docker.io", "index.docker.io", "localhost:5000", "127.0.0.1:5000", "[::1]:5000", "h"];

/// Names under which logins may be filed, right ones and others that look like them.
const KEYS: &[&str] = &[
    "quay.io",
    "QUAY.io",
    "https://quay.io",
    "http://quay.io/v1/",
    "https://quay.io/me/deep",
    "quay.io.evil.com",
    "evil.com/quay.io",
    "https://evil.com/https://quay.io",
    "https://evil.com://quay.io",
    "https://quay.io@evil.com",
    "https://evil.com#quay.io",
    "https://evil.com?quay.io/",
    "quay.io:443",
    "quay.io.",
    " quay.io",
    "quay.io\u{0}",
    "evil.com\\quay.io",
    "//quay.io",
    "://quay.io",
    "quay.iо",
    "*.io",
    "*",
    "",
    "/",
    "https://",
    "https://index.docker.io/v1/",
    "docker.io",
    "registry-1.docker.io",
    "https://index.docker.io.evil.com/v1/",
    "localhost",
    "localhost:5000",
    "http://localhost:5000/v2/",
    "localhost:50000",
    "127.0.0.1:5000",
    "[::1]:5000",
    "h",
    "H",
    "hh",
];

/// Names of helpers, right ones and others.
const HELPERS: &[&str] = &[
    "desktop",
    "ecr-login",
    "osxkeychain",
    "",
    "../x",
    "/bin/sh",
    "x/y",
    "..",
    ".",
    "a b",
    "a;id",
    "$(id)",
    "a\u{0}b",
    "a\nb",
    "-",
    "é",
    "~/x",
    "a\\b",
];

/// Something in a login: what Docker writes, what it nearly writes, and what it never does.
fn field(key: &str) -> impl Strategy<Value = (String, Value)> {
    let name =
        select(vec!["auth", "username", "password", "identitytoken", "registrytoken", "email", "Auth", ""]);
    let secret = format!("secret of <{key}>");
    let encoded = |text: &str| json!(STANDARD_NO_PAD.encode(text));
    let value = select(vec![
        encoded(&format!("user:{secret}")),
        encoded(&format!("user:{secret}:with:colons\0")),
        encoded(&secret),
        encoded(&format!(":{secret}")),
        json!(format!("{}==", STANDARD_NO_PAD.encode(format!("u:{secret}")))),
        json!(secret),
        json!(""),
        json!(null),
    ]);
    (name, value).prop_map(|(name, value)| (name.to_owned(), value))
}

/// An entry of `auths`, each text of it with its key, so that it can be told from all others.
fn entry() -> impl Strategy<Value = (String, Value)> {
    select(KEYS).prop_flat_map(|key| {
        let fields = vec(field(key), 0..4).prop_map(|fields| Value::Object(fields.into_iter().collect()));
        let login = prop_oneof![9 => fields, 1 => select(vec![json!(null), json!({})])];
        login.prop_map(move |login| (key.to_owned(), login))
    })
}

/// What Docker could have written.
fn config() -> impl Strategy<Value = Value> {
    let auths = vec(entry(), 0..6).prop_map(|entries| Value::Object(entries.into_iter().collect()));
    let helpers = btree_map(select(KEYS), select(HELPERS), 0..3).prop_map(|helpers| json!(helpers));
    let store = select(HELPERS).prop_map(|name| json!(name));
    let rarely = |value: BoxedStrategy<Value>| prop::option::weighted(0.3, value);
    let optional = (rarely(helpers.boxed()), rarely(store.boxed()), rarely(anything().boxed()));
    (auths, optional).prop_map(|(auths, (helpers, store, other))| {
        let mut config = Map::from_iter([("auths".to_owned(), auths)]);
        let others = [("credHelpers", helpers), ("credsStore", store), ("HttpHeaders", other)];
        config.extend(others.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        Value::Object(config)
    })
}

/// JSON of any shape, with the words of a configuration in it.
fn anything() -> impl Strategy<Value = Value> {
    let words = vec![
        "auths",
        "credHelpers",
        "credsStore",
        "auth",
        "identitytoken",
        "quay.io",
        "dTpw",
        "../x",
        "\u{0}",
    ];
    let leaf = prop_oneof![
        3 => select(words.clone()).prop_map(|word| json!(word)),
        1 => select(vec![json!(null), json!(true), json!(0), json!(-1.5e300), json!(u64::MAX), json!(""), json!("x".repeat(5000))]),
        1 => any::<String>().prop_map(|text| json!(text)),
    ];
    leaf.prop_recursive(5, 30, 4, move |inner| {
        let name = prop_oneof![4 => select(words.clone()).prop_map(ToOwned::to_owned), 1 => any::<String>()];
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::Array),
            vec((name, inner), 0..4).prop_map(|it| Value::Object(it.into_iter().collect()))
        ]
    })
}

/// The bytes of a file: JSON, and what is left of it when something happens to it.
fn file() -> impl Strategy<Value = Vec<u8>> {
    let json = prop_oneof![6 => config(), 2 => anything()];
    let damage = prop_oneof![
        3 => Just(None),
        1 => (any::<Index>(), 0..9_usize, vec(any::<u8>(), 0..6)).prop_map(Some),
    ];
    (json, damage).prop_map(|(json, damage)| {
        let mut bytes = json.to_string().into_bytes();
        if let Some((place, length, new)) = damage {
            let at = place.index(bytes.len() + 1);
            let end = (at + length).min(bytes.len());
            bytes.splice(at..end, new);
        }
        bytes
    })
}

/// What a configuration has for a registry, but for helpers, whose programs are named and not asked.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Refused,
    Nothing,
    Program(String),
    Login(Credential),
}

fn outcome(bytes: &[u8], host: &str) -> Outcome {
    let Ok(config) = serde_json::from_slice::<Config>(bytes) else { return Outcome::Refused };
    for source in sources(config, host) {
        let found = match source {
            Source::Helper(name) => helper::program(&name).map_or(Outcome::Refused, Outcome::Program),
            Source::Login(login) => match decode(login, Path::new("config.json"), host) {
                Ok(login) => login.map_or(Outcome::Nothing, Outcome::Login),
                Err(error) => {
                    assert!(!error.to_string().contains("secret of"), "{error}");
                    Outcome::Refused
                }
            },
        };
        if found != Outcome::Nothing {
            return found;
        }
    }
    Outcome::Nothing
}

/// Looks at everything that must hold, whatever the file is.
fn survives(bytes: &[u8], host: &str) -> Outcome {
    let found = outcome(bytes, host);
    if let Outcome::Program(program) = &found {
        let name = program.strip_prefix("docker-credential-").unwrap();
        assert!(
            !name.is_empty() && !name.contains(|c: char| c == '/' || c == '\0' || c.is_whitespace()),
            "{program}"
        );
    }
    found
}

/// The registry that a key is for, read in another way than the code does.
fn registry(key: &str) -> String {
    let bare = key.find("://").map_or(key, |at| &key[at + 3..]);
    let host = bare.split('/').next().unwrap_or_default().to_ascii_lowercase();
    if ["index.docker.io", "registry-1.docker.io"].contains(&host.as_str()) {
        "docker.io".to_owned()
    } else {
        host
    }
}

/// A login that is found was filed under the registry that was asked for.
fn belongs(config: &Value, host: &str) -> Outcome {
    let found = survives(config.to_string().as_bytes(), host);
    if let Outcome::Login(login) = &found {
        let shown = match login {
            Credential::IdentityToken(token) => token.clone(),
            Credential::Password { username, password } => format!("{username}:{password}"),
        };
        let keys = KEYS.iter().filter(|key| config["auths"].get(key).is_some());
        let owners: Vec<_> = keys.filter(|key| registry(key) == registry(host)).collect();
        let told = owners.iter().any(|key| shown.contains(&format!("secret of <{key}>")));
        assert!(told || !shown.contains("secret of"), "{shown} for {host}: {config}");
    }
    found
}

proptest! {
    #![proptest_config(cases(5000))]

    /// Whatever a configuration is, it is read or refused.
    #[test]
    fn broken_configurations_do_not_crash(bytes in file(), host in select(HOSTS)) {
        survives(&bytes, host);
    }

    /// A login goes to the registry that it was filed under, and to no other.
    #[test]
    fn credentials_go_only_to_their_own_host(config in config(), host in select(HOSTS)) {
        belongs(&config, host);
    }

    /// Whatever a user and a password are, they are found as they were filed.
    #[test]
    fn credentials_round_trip(user in "[^:\u{0}]{1,12}", password in "[^\u{0}]{0,20}", padded in any::<bool>()) {
        let mut auth = STANDARD_NO_PAD.encode(format!("{user}:{password}"));
        auth.extend(std::iter::repeat_n('=', if padded { (4 - auth.len() % 4) % 4 } else { 0 }));
        let config = json!({"auths": {"quay.io": {"auth": auth}}}).to_string();
        let expected = Credential::Password { username: user, password };
        prop_assert_eq!(outcome(config.as_bytes(), "quay.io"), Outcome::Login(expected));
    }
}

/// The long run.
#[test]
#[ignore = "takes minutes"]
fn a_million_configurations() {
    let mut counts = [0_u32; 4];
    let mut count = |outcome: &Outcome| match outcome {
        Outcome::Refused => counts[0] += 1,
        Outcome::Nothing => counts[1] += 1,
        Outcome::Program(_) => counts[2] += 1,
        Outcome::Login(_) => counts[3] += 1,
    };
    let whole = (config(), select(HOSTS))
        .prop_map(|(config, host)| (config.to_string().into_bytes(), host, Some(config)));
    let broken = (file(), select(HOSTS)).prop_map(|(bytes, host)| (bytes, host, None));
    let run = long_run(&prop_oneof![whole, broken], |(bytes, host, config)| {
        count(&config.as_ref().map_or_else(|| survives(bytes, host), |config| belongs(config, host)));
    });
    let [refused, nothing, helpers, logins] = counts;
    eprintln!(
        "{run}: {refused} refused, {nothing} without a login, {helpers} name a helper, {logins} give a login"
    );
}
