//! Tests of what is known about engines.

use super::*;

#[test]
fn only_docker_supports_buildkit() {
    let version = |api: &str| SystemVersion {
        api_version: Some(api.to_owned()),
        os: Some("linux".to_owned()),
        ..SystemVersion::default()
    };
    assert!(has_buildkit(&version("1.41")));
    assert!(!has_buildkit(&version("1.38")));
    let podman =
        bollard::models::SystemVersionComponents { name: "Podman Engine".to_owned(), ..Default::default() };
    let podman = SystemVersion { components: Some(vec![podman]), ..version("1.41") };
    assert_eq!(kind(&podman), Kind::Podman);
    assert!(!has_buildkit(&podman));
}

#[test]
fn logins_are_encoded_url_safe() {
    assert_eq!(url_safe("a+b/c="), "a-b_c=");
}

#[test]
fn builds_with_our_session_use_buildkit() {
    let asked = "/v1.41/build?t=a&version=1&session=c3-1-2";
    assert_eq!(by_buildkit(asked).as_deref(), Some("/v1.41/build?t=a&version=2&session=c3-1-2"));
    for other in [
        "/build?version=1",
        "/build",
        "/images/json?session=c3-1&version=1",
        "/build?version=1&t=session=c3-",
    ] {
        assert_eq!(by_buildkit(other), None, "{other}");
    }
}
