//! Texts: what Python's paths, formats and string methods make of constants.

use super::specs;
use crate::value::Constant;

/// Longest text produced, in bytes.
const MAX_TEXT: usize = 1 << 16;

/// The result of `os.path.join`.
pub(crate) fn joined_path(parts: &[String]) -> String {
    let mut path = String::new();
    for part in parts {
        if part.starts_with('/') {
            path.clear();
        } else if !path.is_empty() && !path.ends_with('/') {
            path.push('/');
        }
        path.push_str(part);
    }
    path
}

/// The result of `str(Path(…))`.
pub(crate) fn path(parts: &[String]) -> String {
    let joined = joined_path(&parts.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>());
    let root = if joined.starts_with("//") && !joined.starts_with("///") {
        "//"
    } else if joined.starts_with('/') {
        "/"
    } else {
        ""
    };
    let kept: Vec<&str> = joined.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    match format!("{root}{}", kept.join("/")) {
        path if path.is_empty() => ".".to_owned(),
        path => path,
    }
}

/// The result of `os.path.dirname`.
pub(crate) fn folder(path: &str) -> String {
    let (head, _) = path.rsplit_once('/').map_or(("", path), |(head, _)| (&path[..=head.len()], head));
    let bare = head.trim_end_matches('/');
    (if bare.is_empty() { head } else { bare }).to_owned()
}

/// The result of `os.path.basename`.
pub(crate) fn last(path: &str) -> String {
    path.rsplit('/').next().unwrap_or_default().to_owned()
}

/// The result of `%` on a format with plain fields.
pub(crate) fn percent(format: &str, values: &[Constant]) -> Option<String> {
    let (mut text, mut values, mut rest) = (String::new(), values.iter(), format);
    while let Some(at) = rest.find('%') {
        text.push_str(&rest[..at]);
        let field = &rest[at + 1..];
        let end = field.find(|c: char| c.is_alphabetic() || c == '%')?;
        match (&field[..end], &field[end..=end]) {
            ("", "%") => text.push('%'),
            ("", "s") => text.push_str(&values.next()?.text()),
            (spec, kind @ ("d" | "i" | "f")) => match values.next()? {
                Constant::Bool(value) if spec.is_empty() => text.push_str(&u8::from(*value).to_string()),
                value => {
                    let spec = format!("{spec}{}", kind.replace('i', "d"));
                    text.push_str(&specs::formatted(value, &spec)?);
                }
            },
            _ => return None,
        }
        rest = &field[end + 1..];
    }
    text.push_str(rest);
    (values.next().is_none() && text.len() <= MAX_TEXT).then_some(text)
}

/// The result of `str.format` on a text with plain fields.
pub(crate) fn format(format: &str, values: &[Constant], named: &[(&str, Constant)]) -> Option<String> {
    let (mut text, mut rest, mut next) = (String::new(), format, 0);
    while let Some(at) = rest.find(['{', '}']) {
        text.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(brace) {
            text.push_str(brace);
            rest = after;
            continue;
        }
        let (field, after) = rest.split_once('}').filter(|_| brace == "{")?;
        let (field, spec) = field.split_once(':').unwrap_or((field, ""));
        let value = if field.is_empty() {
            next += 1;
            values.get(next - 1)?
        } else if let Ok(index) = field.parse::<usize>() {
            values.get(index)?
        } else {
            &named.iter().find(|(name, _)| *name == field)?.1
        };
        text.push_str(&specs::formatted(value, spec)?);
        rest = after;
    }
    text.push_str(rest);
    (text.len() <= MAX_TEXT).then_some(text)
}

/// The result of a string method.
pub(crate) fn method(text: &str, name: &str, arguments: &[String]) -> Option<String> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let is_ascii = text.is_ascii();
    let made = match (name, arguments.as_slice()) {
        ("upper", []) if is_ascii => text.to_uppercase(),
        ("lower" | "casefold", []) if is_ascii => text.to_lowercase(),
        ("capitalize", []) if is_ascii => {
            let (first, rest) = text.split_at(text.len().min(1));
            first.to_uppercase() + &rest.to_lowercase()
        }
        ("strip", []) if is_ascii => text.trim().to_owned(),
        ("lstrip", []) if is_ascii => text.trim_start().to_owned(),
        ("rstrip", []) if is_ascii => text.trim_end().to_owned(),
        ("strip", [set]) => text.trim_matches(|c| set.contains(c)).to_owned(),
        ("lstrip", [set]) => text.trim_start_matches(|c| set.contains(c)).to_owned(),
        ("rstrip", [set]) => text.trim_end_matches(|c| set.contains(c)).to_owned(),
        ("replace", [from, to]) if !from.is_empty() => text.replace(from, to),
        ("removeprefix", [prefix]) => text.strip_prefix(prefix).unwrap_or(text).to_owned(),
        ("removesuffix", [suffix]) => text.strip_suffix(suffix).unwrap_or(text).to_owned(),
        _ => return None,
    };
    (made.len() <= MAX_TEXT).then_some(made)
}

/// The variables that `os.path.expandvars` expands in a text.
pub(crate) fn expanded(text: &str) -> Vec<String> {
    let (mut names, mut rest) = (Vec::new(), text);
    while let Some(at) = rest.find('$') {
        rest = &rest[at + 1..];
        let name = if let Some(inner) = rest.strip_prefix('{') {
            inner.split_once('}').map_or("", |(name, _)| name)
        } else {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            &rest[..end]
        };
        if !name.is_empty() {
            names.push(name.to_owned());
        }
    }
    names
}

/// The names that `str.format` looks up in a text.
pub(crate) fn fields(format: &str) -> Vec<String> {
    let (mut names, mut rest) = (Vec::new(), format);
    while let Some(at) = rest.find('{') {
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('{') {
            rest = after;
            continue;
        }
        let name = rest.split(['}', ':', '!', '.', '[']).next().unwrap_or_default();
        if !name.is_empty() && name.parse::<usize>().is_err() {
            names.push(name.to_owned());
        }
    }
    names
}

/// The names that `%` looks up in a mapping.
pub(crate) fn keys(format: &str) -> Vec<String> {
    let parts = format.split("%(").skip(1).zip(format.split("%("));
    let named = parts.filter(|(_, before)| !before.ends_with('%'));
    named.filter_map(|(part, _)| part.split_once(')')).map(|(name, _)| name.to_owned()).collect()
}

/// The names that `string.Template` looks up in a text.
pub(crate) fn placeholders(text: &str) -> Vec<String> {
    expanded(&text.replace("$$", ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_evaluated_as_in_python() {
        let owned = |parts: &[&str]| parts.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>();
        let text = |text: &str| Constant::Text(text.to_owned());
        assert_eq!(joined_path(&owned(&["a", "b/", "c"])), "a/b/c");
        assert_eq!(joined_path(&owned(&["a", "/b"])), "/b");
        assert_eq!(path(&owned(&["a/./b//", "c"])), "a/b/c");
        assert_eq!(
            (folder("a/b/c"), folder("/a"), folder("a")),
            ("a/b".to_owned(), "/".to_owned(), String::new())
        );
        assert_eq!((last("a/b"), last("a/"), last("a")), ("b".to_owned(), String::new(), "a".to_owned()));
        assert_eq!(path(&owned(&[""])), ".");
        assert_eq!(path(&owned(&["/"])), "/");
        assert_eq!(percent("%s/%d%%", &[text("a"), Constant::Int(5)]).as_deref(), Some("a/5%"));
        assert_eq!(percent("%s", &[]), None);
        assert_eq!(
            percent("%05d-%.1f", &[Constant::Int(5), Constant::Float(0.5)]).as_deref(),
            Some("00005-0.5")
        );
        assert_eq!(percent("%-5d", &[Constant::Int(5)]), None);
        assert_eq!(percent("%5", &[Constant::Int(5)]), None);
        assert_eq!(
            format("{:02d}{n:>3}", &[Constant::Int(5)], &[("n", text("b"))]).as_deref(),
            Some("05  b")
        );
        assert_eq!(format("{}-{}", &[text("a"), text("b")], &[]).as_deref(), Some("a-b"));
        assert_eq!(format("{{{x}}}{0}", &[text("a")], &[("x", text("b"))]).as_deref(), Some("{b}a"));
        assert_eq!(format("{x.y}", &[], &[]), None);
        assert_eq!(method("Ab", "upper", &[]).as_deref(), Some("AB"));
        assert_eq!(method("a_b", "replace", &owned(&["_", "-"])).as_deref(), Some("a-b"));
        assert_eq!(method("ab", "encode", &[]), None);
        assert_eq!(fields("{{x}} {a} {b!r:>5} {c.d} {0} {}"), ["a", "b", "c"]);
        assert_eq!(keys("%(a)s %%(b)s %(c)d"), ["a", "c"]);
        assert_eq!(placeholders("$a $$b ${c}"), ["a", "c"]);
        assert_eq!(expanded("$a/${b-c}/$$d $"), ["a", "b-c", "d"]);
    }
}
