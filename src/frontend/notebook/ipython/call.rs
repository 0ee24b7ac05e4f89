//! Python calls, on one line, for what IPython does.

/// A method call of the shell object.
pub(super) fn call(method: &str, arguments: &[&str]) -> String {
    let arguments: Vec<_> = arguments.iter().map(|argument| quoted(argument)).collect();
    format!("get_ipython().{method}({})", arguments.join(", "))
}

/// `,f a b` → `f("a", "b")`, `;f a b` → `f("a b")`, `/f a, b` → `f(a, b)`.
pub(super) fn autocall(mark: u8, command: &str) -> String {
    let (function, arguments) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
    let arguments = arguments.trim();
    let arguments = match mark {
        b',' => arguments.split_whitespace().map(quoted).collect::<Vec<_>>().join(", "),
        b';' => quoted(arguments),
        _ => arguments.split_whitespace().collect::<Vec<_>>().join(", ").replace(",,", ","),
    };
    format!("{function}({arguments})")
}

/// A Python string literal on one line.
pub(super) fn quoted(text: &str) -> String {
    let inner: String = text
        .chars()
        .map(|character| match character {
            '\\' => "\\\\".to_owned(),
            '\'' => "\\'".to_owned(),
            '\n' => "\\n".to_owned(),
            '\t' => "\\t".to_owned(),
            character if character.is_control() => format!("\\x{:02x}", u32::from(character)),
            character => character.to_string(),
        })
        .collect();
    format!("'{inner}'")
}
