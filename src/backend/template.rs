//! Templates: the shape of every generated file, and the quoting that no user's text can break out of.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value, ValueKind};
use minijinja::{AutoEscape, Environment, Error, Output, State, UndefinedBehavior};
use serde::Serialize;

use super::block;
use super::parameter::one_line;
use super::templates::TEMPLATES;
use crate::display::is_hidden;

/// Quoting of the values in a Dockerfile: double quotes as its instructions read them.
const DOCKERFILE: &str = "dockerfile";

/// Quoting of the values in a script of the shell: words.
const SHELL: &str = "shell";

/// Length from which a command takes a line per word, in bytes: builders reject lines of 64 KiB.
const LONG_LINE: usize = 1000;

/// Parsed templates, by folder.
static PARSED: Mutex<BTreeMap<&str, Arc<Environment<'static>>>> = Mutex::new(BTreeMap::new());

/// Renders a template.
///
/// # Panics
///
/// Never for templates of this crate: each is rendered over all samples in the tests.
pub(crate) fn render(name: &'static str, context: &impl Serialize) -> String {
    let folder = name.rsplit_once('/').map_or(name, |(folder, _)| folder);
    let environment = {
        let mut parsed = PARSED.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(parsed.entry(folder).or_insert_with(|| Arc::new(environment(folder))))
    };
    let rendered = environment.get_template(name).and_then(|template| template.render(Serde(context)));
    rendered.unwrap_or_else(|error| unreachable!("template {name}: {error:#}"))
}

/// The templates of a folder, or those in none, with their quoting.
fn environment(folder: &str) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|name| match name {
        name if name.ends_with("Dockerfile") => AutoEscape::Custom(DOCKERFILE.into()),
        name if name.ends_with(".sbatch") => AutoEscape::Custom(SHELL.into()),
        "platforms/techila.py" | "platforms/onedata.py" => AutoEscape::None,
        name if Path::new(name).extension().is_some_and(|end| end == "html") => AutoEscape::Html,
        _ => AutoEscape::Json,
    });
    environment.set_formatter(format);
    environment.add_filter("line", |text: &str| Value::from_safe_string(comment(text)));
    environment.add_filter("image", |text: &str| Value::from_safe_string(image(text)));
    environment.add_filter("block", |value: Value| block::block(&value).map(Value::from_safe_string));
    environment.add_filter("word", |text: &str| Value::from_safe_string(word(text)));
    environment.add_filter("shell", |commands: Vec<Vec<String>>| Value::from_safe_string(shell(&commands)));
    let mut parts = TEMPLATES.iter().filter(|template| template.0.starts_with(folder));
    SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build()
        .map(|syntax| environment.set_syntax(syntax))
        .and_then(|()| parts.try_for_each(|(part, text)| environment.add_template(part, text)))
        .unwrap_or_else(|error| unreachable!("templates of {folder}: {error:#}"));
    environment
}

/// Writes a value; a user's text is always a quoted scalar.
fn format(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    let quoting = match state.auto_escape() {
        AutoEscape::Html => return minijinja::escape_formatter(out, state, value),
        AutoEscape::Custom(quoting) => quoting.as_ref(),
        _ => "",
    };
    let text = match (value.as_str(), quoting) {
        (Some(text), _) if value.is_safe() || matches!(state.auto_escape(), AutoEscape::None) => {
            text.to_owned()
        }
        (Some(text), DOCKERFILE) => docker_quoted(text),
        (Some(text), SHELL) => bash_word(text),
        (None, SHELL) if value.kind() == ValueKind::Seq => {
            let words = value.try_iter()?.map(|word| bash_word(word.as_str().unwrap_or_default()));
            words.collect::<Vec<_>>().join(" ")
        }
        _ => flow(value)?,
    };
    out.write_str(&text).map_err(Error::from)
}

/// A value as YAML in flow style, which is JSON too.
pub(super) fn flow(value: &Value) -> Result<String, Error> {
    Ok(match value.kind() {
        ValueKind::String => quoted(value.as_str().unwrap_or_default()),
        ValueKind::Seq => {
            let items: Vec<_> = value.try_iter()?.map(|item| flow(&item)).collect::<Result<_, _>>()?;
            format!("[{}]", items.join(", "))
        }
        ValueKind::Map => {
            let keys = value.try_iter()?;
            let entry = |key: Value| Ok(format!("{}: {}", flow(&key)?, flow(&value.get_item(&key)?)?));
            format!("{{{}}}", keys.map(entry).collect::<Result<Vec<_>, Error>>()?.join(", "))
        }
        ValueKind::None => "null".to_owned(),
        _ => value.to_string(),
    })
}

/// A text in double quotes for JSON, YAML and Python. Whatever a YAML parser rejects, or a terminal would act
/// on or hide, is escaped.
pub(crate) fn quoted(text: &str) -> String {
    let inner: String = text.chars().map(escaped).collect();
    format!("\"{inner}\"")
}

/// A list of texts for Python and JSON.
pub(crate) fn list<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> String {
    let texts: Vec<_> = texts.into_iter().map(|text| quoted(text.as_ref())).collect();
    format!("[{}]", texts.join(", "))
}

fn escaped(character: char) -> String {
    match character {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        // Beyond 16 bits, JSON and YAML have no escape in common.
        character if is_hidden(character) && character <= '\u{ffff}' => {
            format!("\\u{:04x}", u32::from(character))
        }
        character => character.to_string(),
    }
}

/// A text for a comment: on one line, nothing hidden.
pub(crate) fn comment(text: &str) -> String {
    one_line(text).chars().filter(|&character| !is_hidden(character)).collect()
}

/// An image reference without quotes, so that shell scripts can read the line `image: …` as well as YAML
/// parsers; anything else is quoted.
fn image(text: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "-._/:@".contains(character);
    let is_reference = text.contains("claimed-")
        && text.chars().all(is_plain)
        && text.starts_with(|character: char| character.is_ascii_alphanumeric())
        && text.ends_with(|character: char| character.is_ascii_alphanumeric());
    if is_reference { text.to_owned() } else { quoted(text) }
}

/// A text in double quotes for a Dockerfile instruction.
fn docker_quoted(text: &str) -> String {
    let inner: String = text
        .chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .flat_map(|character| {
            let special = matches!(character, '"' | '\\' | '$');
            special.then_some('\\').into_iter().chain(std::iter::once(character))
        })
        .collect();
    format!("\"{inner}\"")
}

/// A word of a Dockerfile instruction that `c3` has vetted; anything unusual in it is quoted.
fn word(text: &str) -> String {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./:@".contains(&byte));
    if plain { text.to_owned() } else { docker_quoted(text) }
}

/// Words quoted for the shell.
pub(super) fn words(words: &[String]) -> Vec<String> {
    words.iter().map(|word| shell_word(word)).collect()
}

/// Commands joined by `&&`, every word quoted for the shell.
pub(super) fn shell(commands: &[Vec<String>]) -> String {
    let line = |words: &Vec<String>| {
        let words = self::words(words);
        let long = words.iter().map(String::len).sum::<usize>() > LONG_LINE;
        words.join(if long { " \\\n    " } else { " " })
    };
    commands.iter().map(line).collect::<Vec<_>>().join(" \\\n && ")
}

/// Fills `${name}` and `$name` as Python's `string.Template` does; `$$` is a dollar sign.
pub(super) fn substitute(text: &str, values: &BTreeMap<&str, String>) -> Result<String, String> {
    let mut result = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        result.push_str(before);
        let (value, length) = placeholder(after, values)?;
        result.push_str(value);
        rest = &after[length..];
    }
    result.push_str(rest);
    Ok(result)
}

/// The value of the placeholder at the start of a text that follows `$`, and its length in bytes.
fn placeholder<'a>(text: &str, values: &'a BTreeMap<&str, String>) -> Result<(&'a str, usize), String> {
    if text.starts_with('$') {
        return Ok(("$", 1));
    }
    let braced = text.strip_prefix('{');
    let inner = braced.unwrap_or(text);
    let end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inner.len());
    let name = &inner[..end];
    if name.is_empty() || (braced.is_some() && !inner[end..].starts_with('}')) {
        return Err("has a `$` that begins no placeholder".to_owned());
    }
    let value = values.get(name).ok_or_else(|| format!("names `${{{name}}}`, which is unknown"))?;
    Ok((value, end + if braced.is_some() { 2 } else { 0 }))
}

/// A text in double quotes for R, in ASCII; R has no NUL.
pub(super) fn r_quoted(text: &str) -> String {
    let inner: String = text.chars().filter(|&character| character != '\0').map(r_escaped).collect();
    format!("\"{inner}\"")
}

fn r_escaped(character: char) -> String {
    match character {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        '\n' => "\\n".to_owned(),
        ' '..='~' => character.to_string(),
        character => format!("\\U{{{:x}}}", u32::from(character)),
    }
}

fn shell_word(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| String::new(), std::borrow::Cow::into_owned)
}

/// A word for bash; what a terminal would act on or hide is escaped.
fn bash_word(word: &str) -> String {
    if !word.chars().any(|character| is_hidden(character) && character != '\n') {
        return shell_word(word);
    }
    let escaped = |character: char| match character {
        '\'' | '\\' => format!("\\{character}"),
        '\n' => "\\n".to_owned(),
        character if is_hidden(character) => {
            let bytes = character.to_string().into_bytes();
            bytes.iter().map(|byte| format!("\\{byte:03o}")).collect()
        }
        character => character.to_string(),
    };
    format!("$'{}'", word.chars().map(escaped).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bash_words_are_escaped_visibly() {
        assert_eq!(bash_word("plain"), "plain");
        assert_eq!(bash_word(""), "''");
        assert_eq!(bash_word("a\nb"), "'a\nb'");
        assert_eq!(bash_word("\u{1b}[31m'\\\u{202e}"), r"$'\033[31m\'\\\342\200\256'");
    }

    #[test]
    fn placeholders_are_substituted_as_in_python() {
        let values = BTreeMap::from([("base_image", "b".to_owned()), ("x", "$x".to_owned())]);
        assert_eq!(substitute("FROM ${base_image} $base_image.$x$$", &values), Ok("FROM b b.$x$".to_owned()));
        for text in ["${unknown}", "$", "${x", "a $ b", "${}"] {
            assert!(substitute(text, &values).is_err(), "{text}");
        }
    }

    #[test]
    fn shell_words_are_quoted() {
        let words = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            shell(&[words(&["a", "b c"]), words(&["$(x)", "it's"])]),
            "a 'b c' \\\n && '$(x)' \"it's\""
        );
    }

    #[test]
    fn image_references_need_no_quotes() {
        let reference = "127.0.0.1:5000/ns/claimed-x:0.1";
        assert_eq!(image(reference), reference);
        for text in ["x", "claimed-x:", "@claimed-x", "a: claimed-x", "claimed-x:1 # y", "claimed-x\n"] {
            assert_eq!(image(text), quoted(text));
        }
    }

    #[test]
    fn r_strings_are_ascii() {
        assert_eq!(r_quoted("a\"\\\n\tü🎉\0"), r#""a\"\\\n\U{9}\U{fc}\U{1f389}""#);
    }

    #[test]
    fn docker_words_never_break_a_line() {
        assert_eq!(docker_quoted("a\n\"$x\" \\"), r#""a \"\$x\" \\""#);
    }
}
