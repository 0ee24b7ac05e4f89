//! Documents as YAML for people: block style, every text quoted.

use minijinja::Error;
use minijinja::value::{Value, ValueKind};

use super::template::{flow, quoted};

/// Words that YAML doesn't read as text.
const WORDS: &[&str] = &["y", "n", "yes", "no", "on", "off", "true", "false", "null"];

/// A map or list in block style, without a final newline.
pub(super) fn block(value: &Value) -> Result<String, Error> {
    Ok(lines(value)?.join("\n"))
}

fn lines(value: &Value) -> Result<Vec<String>, Error> {
    match value.kind() {
        ValueKind::Map if value.len() != Some(0) => {
            let entries = value.try_iter()?.map(|key| entry(&key, &value.get_item(&key)?));
            Ok(entries.collect::<Result<Vec<_>, _>>()?.concat())
        }
        ValueKind::Seq if is_tall(value)? => {
            Ok(value.try_iter()?.map(|item| listed(&item)).collect::<Result<Vec<_>, _>>()?.concat())
        }
        _ => Ok(vec![flow(value)?]),
    }
}

fn entry(name: &Value, value: &Value) -> Result<Vec<String>, Error> {
    let name = key(name.as_str().unwrap_or_default());
    let below = lines(value)?;
    Ok(match value.kind() {
        ValueKind::Map if value.len() != Some(0) => headed(format!("{name}:"), below, "  "),
        ValueKind::Seq if is_tall(value)? => headed(format!("{name}:"), below, ""),
        _ => vec![format!("{name}: {}", below.concat())],
    })
}

fn headed(head: String, below: Vec<String>, pad: &str) -> Vec<String> {
    std::iter::once(head).chain(below.into_iter().map(|line| format!("{pad}{line}"))).collect()
}

fn listed(item: &Value) -> Result<Vec<String>, Error> {
    let lines = lines(item)?.into_iter().enumerate();
    Ok(lines.map(|(number, line)| format!("{}{line}", if number == 0 { "- " } else { "  " })).collect())
}

/// Whether a list takes a line per item, as one of maps or lists does.
fn is_tall(value: &Value) -> Result<bool, Error> {
    let is_nested = |item: Value| matches!(item.kind(), ValueKind::Map | ValueKind::Seq);
    Ok(value.kind() == ValueKind::Seq && value.try_iter()?.any(is_nested))
}

fn key(name: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let begins = name.starts_with(|first: char| first.is_ascii_alphabetic());
    let is_word = WORDS.contains(&name.to_ascii_lowercase().as_str());
    if begins && name.bytes().all(is_plain) && !is_word { name.to_owned() } else { quoted(name) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn blocks_round_trip() {
        let document = json!({
            "a": {"b": [], "c": {}, "on": "yes", "1": null},
            "list": [1, "x: y", true],
            "tall": [{"k": {"deep": ["a"]}, "l": [{"m": 1.5}]}, [["n"]], {}],
            "text": "a\nb # \"c\" \u{85}\u{2028}",
        });
        let context = json!({"c3": "", "source": "", "title": "", "documents": [document]});
        let written = crate::backend::template::render("manifest.yaml", &context);
        let read: serde_json::Value = yaml_serde::from_str(&written).unwrap_or_default();
        assert_eq!(read, document, "{written}");
    }
}
