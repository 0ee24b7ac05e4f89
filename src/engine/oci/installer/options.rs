//! The options of `pip install`: which of them hold without an engine, and which ask for a build.

use std::path::Path;

/// What becomes of an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Both installers are given it.
    Kept,
    /// It says how pip looks or works, not what is installed.
    Dropped,
}

/// Options without a value.
const FLAGS: &[(&str, Fate)] = &[
    ("--no-index", Fate::Kept),
    ("--no-deps", Fate::Kept),
    ("--pre", Fate::Kept),
    ("--require-hashes", Fate::Kept),
    ("-U", Fate::Kept),
    ("--upgrade", Fate::Kept),
    ("--break-system-packages", Fate::Dropped),
    ("--compile", Fate::Dropped),
    ("--disable-pip-version-check", Fate::Dropped),
    ("--force-reinstall", Fate::Dropped),
    ("--ignore-installed", Fate::Dropped),
    ("-I", Fate::Dropped),
    ("--no-build-isolation", Fate::Dropped),
    ("--no-cache-dir", Fate::Dropped),
    ("--no-color", Fate::Dropped),
    ("--no-compile", Fate::Dropped),
    ("--no-input", Fate::Dropped),
    ("--no-warn-conflicts", Fate::Dropped),
    ("--no-warn-script-location", Fate::Dropped),
    ("--prefer-binary", Fate::Dropped),
    ("-q", Fate::Dropped),
    ("-qq", Fate::Dropped),
    ("-qqq", Fate::Dropped),
    ("--quiet", Fate::Dropped),
    ("-v", Fate::Dropped),
    ("--verbose", Fate::Dropped),
    ("--use-pep517", Fate::Dropped),
    ("-y", Fate::Dropped),
    ("--yes", Fate::Dropped),
];

/// Options with a value, behind `=` or in the next word.
const VALUED: &[(&str, Fate)] = &[
    ("-r", Fate::Kept),
    ("--requirement", Fate::Kept),
    ("-c", Fate::Kept),
    ("--constraint", Fate::Kept),
    ("-i", Fate::Kept),
    ("--index-url", Fate::Kept),
    ("--extra-index-url", Fate::Kept),
    ("-f", Fate::Kept),
    ("--find-links", Fate::Kept),
    ("--trusted-host", Fate::Kept),
    ("--default-timeout", Fate::Dropped),
    ("--only-binary", Fate::Dropped),
    ("--progress-bar", Fate::Dropped),
    ("--retries", Fate::Dropped),
    ("--root-user-action", Fate::Dropped),
    ("--timeout", Fate::Dropped),
    ("--upgrade-strategy", Fate::Dropped),
    ("--use-deprecated", Fate::Dropped),
    ("--use-feature", Fate::Dropped),
];

/// A word of a command, or two that belong together.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    /// A package, or a file or address of one.
    Package(&'a str),
    /// An option, as it is written.
    Option(Vec<&'a str>, Fate),
    /// An option that isn't known.
    Unknown(&'a str),
}

/// The arguments for pip.
pub(super) fn for_pip(words: &[String]) -> Vec<String> {
    kept(words).map(ToOwned::to_owned).collect()
}

/// The arguments for uv, which has no `-f` with a value in the same word and calls some options otherwise.
pub(super) fn for_uv(words: &[String]) -> Vec<String> {
    let word = |word: &str| match word {
        "--trusted-host" => "--allow-insecure-host".to_owned(),
        "--pre" => "--prerelease=allow".to_owned(),
        word => match word.strip_prefix("--trusted-host=") {
            Some(host) => format!("--allow-insecure-host={host}"),
            None => word.to_owned(),
        },
    };
    kept(words).map(word).collect()
}

fn kept(words: &[String]) -> impl Iterator<Item = &str> {
    let words = pieces(words).into_iter().filter_map(|piece| match piece {
        Piece::Package(word) => Some(vec![word]),
        Piece::Option(words, Fate::Kept) => Some(words),
        Piece::Option(..) | Piece::Unknown(_) => None,
    });
    words.flatten()
}

/// What in the arguments of a `pip install`, or in a line of a requirement file, asks for more than wheels: the word, and
/// what it asks for.
pub(in crate::engine::oci) fn beyond_wheels(words: &[String]) -> Option<(String, &'static str)> {
    pieces(words).into_iter().find_map(|piece| match piece {
        Piece::Unknown(word) => Some((word.to_owned(), "is an option that only an engine's pip can follow")),
        Piece::Package(word) => source(word).map(|what| (word.to_owned(), what)),
        Piece::Option(..) => None,
    })
}

/// Why a package has to be built, if that can be seen.
fn source(word: &str) -> Option<&'static str> {
    let place = word.split_once(" @ ").map_or(word, |(_, place)| place.trim());
    let place = place
        .split_once('@')
        .map_or(place, |(name, rest)| if rest.contains("://") && !name.contains(':') { rest } else { place });
    let path = place.split(['#', '?']).next().unwrap_or(place);
    let is_archive = [".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".zip"].iter().any(|end| path.ends_with(end));
    if ["git+", "hg+", "svn+", "bzr+"].iter().any(|scheme| place.starts_with(scheme)) {
        Some("is a repository of sources, which have to be built")
    } else if is_archive {
        Some("is an archive of sources, which have to be built")
    } else if is_folder(place) && Path::new(path).extension().is_none_or(|end| end != "whl") {
        Some("is a folder of sources, which have to be built")
    } else {
        None
    }
}

/// Whether a word names a folder, not a package of an index.
fn is_folder(word: &str) -> bool {
    word == "." || word.starts_with("./") || word.starts_with("../") || word.ends_with('/')
}

fn pieces(words: &[String]) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut words = words.iter().map(String::as_str);
    while let Some(word) = words.next() {
        pieces.push(piece(word, &mut words));
    }
    pieces
}

fn piece<'a>(word: &'a str, rest: &mut impl Iterator<Item = &'a str>) -> Piece<'a> {
    if !word.starts_with('-') {
        return Piece::Package(word);
    }
    let fate =
        |list: &[(&str, Fate)], name: &str| list.iter().find(|entry| entry.0 == name).map(|entry| entry.1);
    if let Some(fate) = fate(FLAGS, word) {
        return Piece::Option(vec![word], fate);
    }
    if let Some(fate) = fate(VALUED, word) {
        return Piece::Option(std::iter::once(word).chain(rest.next()).collect(), fate);
    }
    let name = word.split('=').next().unwrap_or(word);
    let joined = fate(VALUED, name).filter(|_| name.len() < word.len());
    // A short option may have its value right behind it.
    let short =
        || word.get(..2).filter(|short| !short.starts_with("--")).and_then(|short| fate(VALUED, short));
    match joined.or_else(short) {
        Some(fate) => Piece::Option(vec![word], fate),
        None => Piece::Unknown(word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(ToOwned::to_owned).collect()
    }

    #[test]
    fn what_says_what_is_installed_is_kept() {
        let line = "-q --no-cache-dir -U -rreq.txt --extra-index-url https://x/simple --root-user-action=ignore six>=1";
        assert_eq!(for_pip(&words(line)).join(" "), "-U -rreq.txt --extra-index-url https://x/simple six>=1");
        let line = "--trusted-host x --trusted-host=y --pre a";
        assert_eq!(
            for_uv(&words(line)).join(" "),
            "--allow-insecure-host x --allow-insecure-host=y --prerelease=allow a"
        );
        assert_eq!(for_pip(&words("--timeout 60 six")), ["six"]);
    }

    #[test]
    fn what_has_to_be_built_is_named() {
        let named = |line: &str| beyond_wheels(&words(line)).map(|(word, _)| word);
        for line in [
            "git+https://github.com/a/b",
            "b@git+https://github.com/a/b.git@main",
            "https://x/a-1.tar.gz",
            "a.zip",
            ".",
            "./package",
            "-e.",
            "--no-binary=:all:",
            "--target",
        ] {
            assert_eq!(named(&format!("six {line}")).as_deref(), Some(line));
        }
        for line in [
            "six==1.17.0",
            "a[b]>=1",
            "./a-1-py3-none-any.whl",
            "https://x/a-1-py3-none-any.whl",
            "-r requirements.txt",
        ] {
            assert_eq!(named(line), None, "{line}");
        }
    }
}
