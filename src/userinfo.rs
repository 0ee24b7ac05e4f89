//! User names and passwords in URLs: where they stand in a text, and the text without them.

use std::borrow::Cow;
use std::ops::Range;

/// What stands in a secret's place.
pub(crate) const MASK: &str = "***";

/// Schemes whose passwords may hold any characters, as connections to object stores do.
const OPEN_SCHEMES: [&str; 2] = ["cos", "s3"];

/// Users that need no password and are nobody's secret.
const PUBLIC_USERS: [&str; 1] = ["git"];

/// Words that stand before a colon without being a user.
const NO_USERS: [&str; 12] =
    ["mailto", "sip", "sips", "xmpp", "acct", "im", "tel", "urn", "data", "cid", "mid", "pkg"];

/// Algorithms of digests, which follow an `@` in references of images.
const DIGESTS: [&str; 3] = ["sha256", "sha512", "sha384"];

/// What ends an authority.
const AUTHORITY_ENDS: [char; 3] = ['/', '?', '#'];

/// What ends a URL in a text that holds more than it, beside white space.
const URL_ENDS: [char; 4] = ['"', '`', '<', '>'];

/// What parts a word without a scheme from its neighbours, beside white space.
const WORD_ENDS: [char; 14] = ['"', '`', '<', '>', '\'', '(', ')', '[', ']', '{', '}', ',', ';', '='];

/// Whether a text holds a password, or a token in the place of a user, in a URL or as `user:password@host` by itself.
#[must_use]
pub fn has_userinfo(text: &str) -> bool {
    !find(text).is_empty()
}

/// The text with `***` in the place of every secret that [`has_userinfo`] knows.
#[must_use]
pub fn mask(text: &str) -> Cow<'_, str> {
    replaced(text, find(text), MASK, false)
}

/// The text of a message about what a user has given: secrets of words such as `user:password@host` are masked too, though
/// they may be none.
#[must_use]
pub fn mask_words(text: &str) -> Cow<'_, str> {
    let mut spans = in_urls(text);
    spans.extend(in_words(text));
    replaced(text, spans, MASK, false)
}

/// The text with what stands before the hosts of URLs taken out, `@` too; other programs still understand it.
#[must_use]
pub fn removed(text: &str) -> Cow<'_, str> {
    replaced(text, find(text), "", true)
}

/// The bytes of what [`mask_words`] masks.
pub(crate) fn secret_spans(text: &str) -> Vec<Range<usize>> {
    in_urls(text).into_iter().chain(in_words(text)).map(|span| span.secret).collect()
}

/// A secret in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct SecretSpan {
    /// Its bytes.
    secret: Range<usize>,
    /// The end of the `@` behind it.
    end: usize,
}

fn find(text: &str) -> Vec<SecretSpan> {
    let spans = in_urls(text);
    let blanks = text.len() - text.trim_start().len();
    if spans.is_empty() { before_host(text.trim(), blanks).into_iter().collect() } else { spans }
}

fn replaced<'a>(text: &'a str, mut spans: Vec<SecretSpan>, by: &str, with_at: bool) -> Cow<'a, str> {
    if spans.is_empty() {
        return text.into();
    }
    spans.sort_by_key(|span| span.secret.start);
    let (mut result, mut copied) = (String::with_capacity(text.len()), 0);
    for span in spans.into_iter().filter(|span| !span.secret.is_empty()) {
        if span.secret.start < copied {
            continue;
        }
        result.push_str(&text[copied..span.secret.start]);
        result.push_str(by);
        copied = if with_at { span.end } else { span.secret.end };
    }
    result.push_str(&text[copied..]);
    result.into()
}

/// Where a URL begins.
struct Start<'a> {
    /// Empty in `//host`.
    scheme: &'a str,
    /// The first byte of the scheme, or of the slashes.
    begin: usize,
    /// The first byte behind the slashes.
    authority: usize,
}

fn in_urls(text: &str) -> Vec<SecretSpan> {
    if !text.contains(['@', '%']) {
        return Vec::new();
    }
    let is_url = text.trim_start().split("://").next().is_some_and(is_scheme) && !text.trim().contains('\n');
    let mut spans = Vec::new();
    let mut starts = starts(text).peekable();
    while let Some(start) = starts.next() {
        let next = starts.peek().map_or(text.len(), |next| next.begin).max(start.authority);
        let end = if is_url { next } else { end(text, &start, next) };
        spans.extend(secret_span(text, &start, end));
    }
    spans.extend(encoded(text));
    spans
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic()) && text.chars().all(is_scheme_character)
}

fn is_scheme_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || "+.-".contains(character)
}

/// URLs with `//` and, of those of the web, with one slash: paths are made of them where somebody takes one for a file.
fn starts(text: &str) -> impl Iterator<Item = Start<'_>> {
    text.match_indices('/').filter_map(|(slash, _)| start(text, slash))
}

fn start(text: &str, slash: usize) -> Option<Start<'_>> {
    let (before, is_double) = (&text[..slash], text[slash + 1..].starts_with('/'));
    let authority = slash + 1 + usize::from(is_double);
    if let Some(before) = before.strip_suffix(':') {
        let scheme = &before[before.trim_end_matches(is_scheme_character).len()..];
        let begin = before.len() - scheme.len();
        return (is_double || is_web(scheme)).then_some(Start { scheme, begin, authority });
    }
    let opens = |last: char| last.is_whitespace() || "\"'`=([{<>,;|@".contains(last);
    let begins = is_double && before.chars().next_back().is_none_or(opens);
    begins.then_some(Start { scheme: "", begin: slash, authority })
}

fn is_web(scheme: &str) -> bool {
    let end = |length: usize| scheme.len().checked_sub(length).map(|at| &scheme.as_bytes()[at..]);
    end(4).is_some_and(|end| end.eq_ignore_ascii_case(b"http"))
        || end(5).is_some_and(|end| end.eq_ignore_ascii_case(b"https"))
}

/// Where the URL ends that begins in a text, at the latest at `limit`: at the quote that closes the one before it, else
/// at white space.
fn end(text: &str, start: &Start, limit: usize) -> usize {
    let rest = &text[start.authority..limit];
    let quote = text[..start.begin].chars().next_back().filter(|last| "\"'`".contains(*last));
    let closing =
        quote.and_then(|quote| rest.find(['\n', quote]).filter(|at| rest[*at..].starts_with(quote)));
    let ends = |character: char| character.is_whitespace() || URL_ENDS.contains(&character);
    start.authority + closing.or_else(|| rest.find(ends)).unwrap_or(rest.len())
}

/// The secret of the URL that begins in a text and ends at `end`.
fn secret_span(text: &str, start: &Start, end: usize) -> Option<SecretSpan> {
    let (url, scheme) = (&text[start.authority..end], start.scheme.to_ascii_lowercase());
    let at = at(url, &scheme)?;
    let is_digest = url[at + 1..].split_once(':').is_some_and(|(name, _)| DIGESTS.contains(&name));
    let is_web = scheme.ends_with("http") || scheme.ends_with("https");
    (!is_digest && is_secret(&url[..at], is_web))
        .then(|| SecretSpan { secret: start.authority..start.authority + at, end: start.authority + at + 1 })
}

/// The `@` that ends what stands before the host of a URL whose scheme is cut off. Where no host could stand before a
/// slash, the slash is one of a password's.
fn at(url: &str, scheme: &str) -> Option<usize> {
    let authority = url.split(AUTHORITY_ENDS).next().unwrap_or(url);
    let is_open = OPEN_SCHEMES.contains(&scheme) && authority.contains(':');
    match authority.rfind('@') {
        Some(at) if !is_open && at + 1 < authority.len() => Some(at),
        None if !is_open && !lacks_port(authority) => None,
        _ => url.rfind('@'),
    }
}

/// Whether the colon of an authority has no port behind it.
fn lacks_port(authority: &str) -> bool {
    let name = authority.strip_prefix('[').and_then(|address| address.split_once(']'));
    let (_, rest) = name.unwrap_or(("", authority));
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    rest.split_once(':').is_some_and(|(_, port)| !is_port(port))
}

/// Whether what stands before a host is to be hidden: a password, or what a web server takes for a token.
fn is_secret(userinfo: &str, is_web: bool) -> bool {
    match userinfo.split_once(':') {
        Some((_, password)) if !password.is_empty() => !is_placeholder(password),
        Some((user, _)) => is_web && is_token(user),
        None => is_web && is_token(userinfo),
    }
}

fn is_token(user: &str) -> bool {
    !user.is_empty() && !PUBLIC_USERS.contains(&user) && !is_placeholder(user)
}

/// Whether a text only tells where a secret is to be put: `***`, `<password>`, `{password}` or `${PASSWORD}`.
fn is_placeholder(text: &str) -> bool {
    let within = |open: &str, close: &str| {
        let inner = text.strip_prefix(open).and_then(|text| text.strip_suffix(close));
        inner.is_some_and(|inner| !inner.contains(['<', '>', '{', '}', '$', ':', '@']))
    };
    let is_mask = !text.is_empty() && text.chars().all(|character| character == '*');
    is_mask || within("<", ">") || within("{", "}") || within("{{", "}}") || within("${", "}")
}

/// Secrets of URLs that are percent-encoded as a whole, as in the query of another.
fn encoded(text: &str) -> Vec<SecretSpan> {
    const SLASHES: &str = "%3a%2f%2f";
    let mut spans = Vec::new();
    if !text.contains("%2") {
        return spans;
    }
    let lower = text.to_ascii_lowercase();
    for (slashes, _) in lower.match_indices(SLASHES) {
        let start = slashes + SLASHES.len();
        let ends = |character: char| character.is_whitespace() || "\"'`<>&".contains(character);
        let rest = lower[start..].split(SLASHES).next().unwrap_or_default();
        let rest = rest.split(ends).next().unwrap_or_default();
        let authority_end = ["%2f", "%3f", "%23"].iter().filter_map(|end| rest.find(end)).min();
        let Some(at) = rest[..authority_end.unwrap_or(rest.len())].rfind("%40") else { continue };
        if is_secret(&rest[..at].replace("%3a", ":"), is_web(&lower[..slashes])) {
            spans.push(SecretSpan { secret: start..start + at, end: start + at + 3 });
        }
    }
    spans
}

/// Secrets of words such as `user:password@host/path`.
fn in_words(text: &str) -> Vec<SecretSpan> {
    let ends = |character: char| character.is_whitespace() || WORD_ENDS.contains(&character);
    let words = text.split(ends).filter(|word| word.contains('@') && !word.contains("//"));
    let offset = |word: &str| word.as_ptr().addr() - text.as_ptr().addr();
    words.filter_map(|word| before_host(word, offset(word))).collect()
}

/// The secret of a word such as `user:password@host/path`, which begins at an offset of a text.
fn before_host(word: &str, offset: usize) -> Option<SecretSpan> {
    let authority = word.split(AUTHORITY_ENDS).next().unwrap_or(word);
    let at = authority.rfind('@')?;
    let (user, password) = authority[..at].split_once(':')?;
    let is_user = !user.is_empty()
        && user.chars().all(|character| character.is_alphanumeric() || "._-+%".contains(character))
        && !NO_USERS.contains(&user.to_ascii_lowercase().as_str());
    let is_password = !password.is_empty()
        && !password.starts_with('\\')
        && !password.contains(char::is_whitespace)
        && !is_placeholder(password);
    let host = &authority[at + 1..];
    let has_path = word[authority.len()..].starts_with('/');
    (is_user && is_password && is_host(host, has_path))
        .then(|| SecretSpan { secret: offset..offset + at, end: offset + at + 1 })
}

/// Whether a text is certainly a host, with or without a port.
fn is_host(text: &str, has_path: bool) -> bool {
    let (name, port) = text.split_once(':').unwrap_or((text, ""));
    let is_name = |character: char| character.is_alphanumeric() || "._-".contains(character);
    let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    name.starts_with(char::is_alphanumeric)
        && name.chars().all(is_name)
        && !DIGESTS.contains(&name)
        && (is_port || port.is_empty())
        && (is_port || has_path || name.contains('.') || name == "localhost")
}

#[cfg(test)]
mod tests;
