//! Values of JSON as Python writes them.

use serde_json::Value;

use super::template::quoted;

/// Longest line, in characters.
const WIDTH: usize = 100;

/// A value on one line.
pub(crate) fn flat(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(value) => truth(*value).to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(values) => format!("[{}]", values.iter().map(flat).collect::<Vec<_>>().join(", ")),
        Value::Object(entries) => {
            let entry = |(key, value): (&String, &Value)| format!("{}: {}", quoted(key), flat(value));
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
    }
}

/// A value at an indentation, in spaces; a long one takes several lines.
pub(crate) fn block(value: &Value, indent: usize) -> String {
    let line = flat(value);
    let (open, close, entries): (_, _, Vec<String>) = match value {
        _ if indent + line.chars().count() <= WIDTH => return line,
        Value::Array(values) => ('[', ']', values.iter().map(|it| block(it, indent + 4)).collect()),
        Value::Object(entries) => {
            let entry =
                |(key, value): (&String, &Value)| format!("{}: {}", quoted(key), block(value, indent + 4));
            ('{', '}', entries.iter().map(entry).collect())
        }
        _ => return line,
    };
    let lines: String =
        entries.iter().map(|entry| format!("{:width$}{entry},\n", "", width = indent + 4)).collect();
    format!("{open}\n{lines}{:indent$}{close}", "")
}

/// A truth value.
pub(crate) fn truth(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn long_values_are_wrapped() {
        let value = json!({"a": [1, null, true], "b": "x".repeat(90)});
        let text = format!("{{\n    \"a\": [1, None, True],\n    \"b\": \"{}\",\n}}", "x".repeat(90));
        assert_eq!(block(&value, 0), text);
        assert_eq!(block(&json!([1, {}]), 8), "[1, {}]");
    }
}
