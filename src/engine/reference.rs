//! What a name of an image says about where it lives.

/// The registry of an image whose name has none.
pub(super) const DOCKER_HUB: &str = "docker.io";

/// The registry an image name points to.
pub(super) fn registry(reference: &str) -> &str {
    match reference.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host,
        _ => DOCKER_HUB,
    }
}

/// An image name parted into repository and tag; what has a digest has no tag.
pub(super) fn repository_and_tag(reference: &str) -> (&str, &str) {
    let name = reference.rfind('/').map_or(0, |slash| slash + 1);
    match reference[name..].split_once(':') {
        Some((before, tag)) if !reference.contains('@') => (&reference[..name + before.len()], tag),
        _ => (reference, "latest"),
    }
}

/// The images a Dockerfile begins with, without its own stages and names it computes.
pub(super) fn base_images(dockerfile: &str) -> Vec<&str> {
    let mut stages = Vec::new();
    let mut images = Vec::new();
    for line in dockerfile.lines() {
        let words = line
            .split_whitespace()
            .filter(|word| !word.starts_with("--"));
        let words: Vec<_> = words.collect();
        let [from, image, rest @ ..] = words.as_slice() else {
            continue;
        };
        if from.eq_ignore_ascii_case("from") && !stages.contains(image) && !image.contains('$') {
            images.push(*image);
        }
        stages.extend(rest.last().filter(|_| from.eq_ignore_ascii_case("from")));
    }
    images.retain(|image| *image != "scratch");
    images
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_is_a_host() {
        assert_eq!(registry("quay.io/me/image:1"), "quay.io");
        assert_eq!(registry("localhost/image"), "localhost");
        assert_eq!(registry("127.0.0.1:5000/me/image"), "127.0.0.1:5000");
        assert_eq!(registry("me/image:1.2"), DOCKER_HUB);
        assert_eq!(registry("r-base:4.3.2"), DOCKER_HUB);
    }

    #[test]
    fn a_tag_is_behind_the_last_slash() {
        assert_eq!(
            repository_and_tag("localhost:5000/a"),
            ("localhost:5000/a", "latest")
        );
        assert_eq!(
            repository_and_tag("localhost:5000/a:1"),
            ("localhost:5000/a", "1")
        );
        assert_eq!(repository_and_tag("r-base:4.3.2"), ("r-base", "4.3.2"));
        assert_eq!(repository_and_tag("a@sha256:1"), ("a@sha256:1", "latest"));
    }

    #[test]
    fn stages_are_no_images() {
        let dockerfile = "ARG x\nFROM --platform=linux/amd64 quay.io/a:1 AS one\nfrom scratch\nFROM one\nFROM $x as two\nRUN from b c\nFROM b\n";
        assert_eq!(base_images(dockerfile), ["quay.io/a:1", "b"]);
    }
}
