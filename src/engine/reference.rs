//! What an image name says about its registry.

/// The registry of an image whose name has none.
pub(super) const DOCKER_HUB: &str = "docker.io";

/// Splits an image name into repository and tag; with a digest there is no tag.
pub(super) fn repository_and_tag(reference: &str) -> (&str, &str) {
    let name = reference.rfind('/').map_or(0, |slash| slash + 1);
    match reference[name..].split_once(':') {
        Some((before, tag)) if !reference.contains('@') => (&reference[..name + before.len()], tag),
        _ => (reference, "latest"),
    }
}

/// The base images of a Dockerfile, without its own stages and computed names.
pub(super) fn base_images(dockerfile: &str) -> Vec<&str> {
    let lines: Vec<_> = dockerfile.lines().filter_map(from).collect();
    let is_stage = |name: &str| name == "scratch" || lines.iter().any(|line| line.1 == Some(name));
    let images = lines.iter().map(|line| line.0);
    images.filter(|image| !image.contains('$') && !is_stage(image)).collect()
}

/// The image of a `FROM` line, and the name of its stage.
fn from(line: &str) -> Option<(&str, Option<&str>)> {
    let mut words = line.split_whitespace();
    words.next().filter(|word| word.eq_ignore_ascii_case("from"))?;
    let mut words = words.filter(|word| !word.starts_with("--"));
    Some((words.next()?, words.nth(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_follows_the_last_slash() {
        assert_eq!(repository_and_tag("localhost:5000/a"), ("localhost:5000/a", "latest"));
        assert_eq!(repository_and_tag("localhost:5000/a:1"), ("localhost:5000/a", "1"));
        assert_eq!(repository_and_tag("r-base:4.3.2"), ("r-base", "4.3.2"));
        assert_eq!(repository_and_tag("a@sha256:1"), ("a@sha256:1", "latest"));
    }

    #[test]
    fn build_stages_are_not_base_images() {
        let dockerfile = "ARG x\nFROM --platform=linux/amd64 quay.io/a:1 AS one\nfrom scratch\nFROM one\nFROM $x as two\nRUN from b c\nFROM b\n";
        assert_eq!(base_images(dockerfile), ["quay.io/a:1", "b"]);
    }
}
