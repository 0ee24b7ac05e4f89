//! What is told of engines.

use super::*;

#[test]
fn buildkit_is_in_dockers_engine_only() {
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
fn logins_are_written_in_the_safe_alphabet() {
    assert_eq!(url_safe("a+b/c="), "a-b_c=");
}
