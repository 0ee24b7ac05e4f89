//! Builds with logins and secrets.

use super::*;
use crate::context::{Content, Entry};

const DOCKERFILE: &str = "FROM base\nCOPY requirements/ /app/\nRUN python -m pip install --no-cache-dir -r /app/requirements.txt && mkdir -p /app\n";

fn context(dockerfile: &str, requirements: &str) -> Context {
    let entry = |path: &str, text: &str| Entry {
        path: path.to_owned(),
        content: Content::Bytes(text.into()),
        executable: false,
    };
    let entries = [entry("x.Dockerfile", dockerfile), entry("requirements/requirements.txt", requirements)];
    Context::new(entries, 0).unwrap()
}

/// Prepares a build for a user with the login `bob:pw` for `packages.example`.
fn prepared(dockerfile: &str, requirements: &str) -> Result<Prepared, IndexError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("login");
    std::fs::write(&file, "bob:p w\n").unwrap();
    let option = |id: &str| format!("{id}={}", file.display()).parse().unwrap();
    let secrets = [option("packages.example"), option("token")];
    let installs = [["-r", "/app/requirements.txt"].map(ToOwned::to_owned).to_vec()];
    let pip = Pip { installs: &installs, folder: "/app", configured: &[] };
    prepare(
        &context(dockerfile, requirements),
        "x.Dockerfile",
        pip,
        Given { secrets: &secrets, indexes: &[] },
    )
}

#[test]
fn credentials_appear_only_in_the_secret() {
    let lines = "--extra-index-url https://packages.example/simple\nmine\nother @ https://packages.example/other-1-py3-none-any.whl#sha256=00\n";
    let prepared = prepared(DOCKERFILE, lines).unwrap();
    let secret = String::from_utf8(prepared.secrets["c3-index-0"].expose().to_vec()).unwrap();
    assert_eq!(secret, lines.replace("://", "://bob:p%20w@"));
    let text = |path: &str| prepared.context.read_text(path).unwrap();
    assert_eq!(text("c3-index/0/asked.txt"), lines);
    assert_eq!(
        text("c3-index/0/install.txt"),
        "mine\nother @ file:///mnt/c3-index-0/other-1-py3-none-any.whl#sha256=00\n"
    );
    assert_eq!(text("requirements/requirements.txt"), lines);
    assert!(text("x.Dockerfile").contains("--mount=type=secret,id=c3-index-0"));
    let mut archive = Vec::new();
    prepared.context.write_tar(&mut archive).unwrap();
    let archive = String::from_utf8_lossy(&archive).into_owned();
    assert!(!archive.contains("p w") && !archive.contains("p%20w"));
    assert_eq!(prepared.hidden, ["p w", "p%20w"]);
    assert_eq!(prepared.unused, ["token"]);
}

#[test]
fn builds_without_a_private_index_are_unchanged() {
    let lines = "--extra-index-url https://other.example/simple\nmine\n";
    let prepared = prepared(DOCKERFILE, lines).unwrap();
    assert!(prepared.secrets.is_empty() && prepared.hidden.is_empty());
    assert_eq!(prepared.context.read_text("x.Dockerfile").unwrap(), DOCKERFILE);
    assert_eq!(prepared.context.paths().count(), 2);
    assert_eq!(prepared.unused, ["packages.example", "token"]);
}

#[test]
fn source_builds_are_rejected_only_with_credentials() {
    let lines = |host: &str| format!("-i https://{host}/simple\ngit+https://packages.example/mine\n");
    let refused = prepared(DOCKERFILE, &lines("packages.example")).unwrap_err().to_string();
    assert_eq!(
        refused,
        "`git+https://packages.example/mine` is a repository of sources, which have to be built, and no build may see the login of `packages.example`"
    );
    assert!(prepared(DOCKERFILE, &lines("other.example")).unwrap().secrets.is_empty());
}

#[test]
fn dockerfiles_get_only_the_secrets_they_mount() {
    let mounting = |id: &str| format!("FROM a\nRUN --mount=type=secret,id={id} cat /run/secrets/{id}\n");
    let given = prepared(&mounting("token"), "six\n").unwrap();
    assert_eq!(given.secrets.keys().collect::<Vec<_>>(), ["token"]);
    assert_eq!(given.unused, ["packages.example"]);
    assert!(prepared(&mounting("nobody-s"), "six\n").unwrap().secrets.is_empty());
    assert!(matches!(prepared(&mounting("c3-index-0"), "six\n"), Err(IndexError::Reserved(_))));
}

#[test]
fn indexes_set_in_the_dockerfile_get_credentials() {
    let text = DOCKERFILE.replace("COPY", "ENV PIP_INDEX_URL=https://packages.example/simple\nCOPY");
    let prepared = prepared(&text, "six\n").unwrap();
    let secret = String::from_utf8_lossy(prepared.secrets["c3-index-0"].expose()).into_owned();
    assert_eq!(secret, "--index-url https://bob:p%20w@packages.example/simple\nsix\n");
}

#[test]
fn hints_name_an_index_that_may_have_denied_access() {
    let asked = prepared(DOCKERFILE, "-i https://other.example/simple\nmine\n").unwrap().asked;
    let nothing = ["ERROR: No matching distribution found for mine".to_owned()];
    let doubt = asked.doubt(&nothing).unwrap();
    assert!(doubt.starts_with("`other.example` is asked without a login; if that is why, give it with `--build-secret other.example=FILE`"), "{doubt}");
    assert_eq!(asked.doubt(&["ERROR: something else".to_owned()]), None);
}
