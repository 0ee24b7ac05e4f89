//! The next version after those in a registry.

use std::cmp::Reverse;

const FIRST: &str = "0.1";

/// A run of digits, or of anything else; numbers compare by value, however long they are.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Chunk<'a> {
    Text(&'a [u8]),
    Number(usize, &'a [u8]),
}

/// The version after the highest of `tags`: one more in its last place.
///
/// A purely numeric tag goes before one like `0.1beta`; what does not start as a version does,
/// `latest` or `main`, never counts.
#[must_use]
pub fn next_version(tags: &[String]) -> String {
    let versions = tags.iter().map(String::as_str).filter(|tag| is_version(tag));
    let highest = versions.max_by_key(|tag| (is_numeric(tag), precedence(tag)));
    highest.map_or_else(|| FIRST.to_owned(), successor)
}

/// The versions among tags, highest first.
#[must_use]
pub fn newest_first(tags: &[String]) -> Vec<&str> {
    let mut versions: Vec<_> = tags.iter().map(String::as_str).filter(|tag| is_version(tag)).collect();
    versions.sort_by_key(|tag| Reverse((is_numeric(tag), precedence(tag))));
    versions
}

fn is_version(tag: &str) -> bool {
    tag.strip_prefix('v').unwrap_or(tag).starts_with(|c: char| c.is_ascii_digit())
}

fn is_numeric(tag: &str) -> bool {
    tag.split('.').all(is_number)
}

fn is_number(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
}

fn precedence(tag: &str) -> Vec<Chunk<'_>> {
    let same_kind = |a: &u8, b: &u8| a.is_ascii_digit() == b.is_ascii_digit();
    tag.as_bytes().chunk_by(same_kind).map(chunk).collect()
}

fn chunk(run: &[u8]) -> Chunk<'_> {
    if !run.iter().all(u8::is_ascii_digit) {
        return Chunk::Text(run);
    }
    let zeros = run.iter().take_while(|digit| **digit == b'0').count();
    Chunk::Number(run.len() - zeros, &run[zeros..])
}

/// The version after another: one more in its last place.
#[must_use]
pub fn successor(version: &str) -> String {
    let (head, last) = version.split_at(version.rfind('.').map_or(0, |dot| dot + 1));
    if is_number(last) { format!("{head}{}", increment(last)) } else { format!("{version}.1") }
}

/// One more than a number of any length; a fixed width, as in `2026.09`, is kept.
fn increment(number: &str) -> String {
    let mut head = number.trim_end_matches('9').to_owned();
    let zeros = "0".repeat(number.len() - head.len());
    match head.pop().and_then(|digit| digit.to_digit(10)) {
        Some(digit) => format!("{head}{}{zeros}", digit + 1),
        None => format!("1{zeros}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const VERSIONS: &str = "v?[0-9]{1,22}([.][0-9]{1,3}){0,3}(beta|-rc|_|[.]|)[0-9]{0,2}";

    fn next(tags: &[&str]) -> String {
        next_version(&tags.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn higher_versions_are_looked_at_first() {
        let tags = ["0.9", "latest", "0.10", "main", "0.2beta", "v1"].map(ToOwned::to_owned);
        assert_eq!(newest_first(&tags), ["0.10", "0.9", "0.2beta", "v1"]);
    }

    #[test]
    fn the_first_version_is_0_1() {
        assert_eq!(next(&[]), "0.1");
        assert_eq!(next(&["latest", "main", "sha256-0f.sig"]), "0.1");
    }

    #[test]
    fn the_last_component_is_incremented() {
        assert_eq!(next(&["0.9", "0.10", "latest"]), "0.11");
        assert_eq!(next(&["0.9"]), "0.10");
        assert_eq!(next(&["1"]), "2");
        assert_eq!(next(&["1.2.9", "1.2", "1"]), "1.2.10");
        assert_eq!(next(&["99"]), "100");
        assert_eq!(next(&["2026.09"]), "2026.10");
    }

    #[test]
    fn version_numbers_are_unbounded() {
        assert_eq!(next(&["20261121123456789012345"]), "20261121123456789012346");
        assert_eq!(next(&["99999999999999999999999"]), "100000000000000000000000");
    }

    #[test]
    fn numeric_tags_take_precedence() {
        assert_eq!(next(&["0.3", "0.9beta", "v2"]), "0.4");
    }

    #[test]
    fn non_numeric_versions_get_a_number_appended() {
        assert_eq!(next(&["0.1beta", "latest"]), "0.1beta.1");
        assert_eq!(next(&["0.1beta", "0.1beta.1"]), "0.1beta.2");
        assert_eq!(next(&["0.9beta", "0.10beta"]), "0.10beta.1");
        assert_eq!(next(&["v1.2"]), "v1.3");
    }

    proptest! {
        #[test]
        fn the_next_version_is_greater(tags in prop::collection::vec(VERSIONS, 1..8)) {
            let next = next_version(&tags);
            let rank = |tag| (is_numeric(tag), precedence(tag));
            for tag in &tags {
                prop_assert!(rank(&next) > rank(tag), "{next} after {tag}");
            }
        }

        #[test]
        fn numbers_grow_by_one(number in 0..u64::MAX) {
            prop_assert_eq!(increment(&number.to_string()), (number + 1).to_string());
        }
    }
}
