//! How click and typer spell options: `-x`, `--long`, `--on/--off`, and the name of the value.

/// The names in a declaration.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Spelling {
    /// The name of the value, if given separately.
    pub(super) name: Option<String>,
    /// The first long option, or the first.
    pub(super) option: Option<String>,
    /// The option that makes a flag false.
    pub(super) negative: Option<String>,
}

impl Spelling {
    /// Parses the texts of a declaration.
    pub(super) fn of(texts: &[String]) -> Self {
        let mut found = Self::default();
        for text in texts {
            let sign = if text.starts_with('/') { ';' } else { '/' };
            if is_name(text) {
                found.name = Some(text.clone());
            } else if let Some((positive, negative)) = text.split_once(sign) {
                keep_longer(&mut found.option, positive.trim());
                keep_longer(&mut found.negative, negative.trim());
            } else {
                keep_longer(&mut found.option, text);
            }
        }
        found
    }

    /// The name of the value that click derives from the option.
    pub(super) fn name(&self) -> Option<String> {
        let option = || self.option.as_ref().or(self.negative.as_ref());
        let name = self.name.clone().or_else(|| option().map(|option| of_option(option)));
        name.filter(|name| !name.is_empty())
    }
}

fn of_option(option: &str) -> String {
    option.trim_start_matches(is_sign).replace('-', "_").to_lowercase()
}

fn is_sign(character: char) -> bool {
    !character.is_alphanumeric() && character != '_'
}

fn is_name(text: &str) -> bool {
    text.chars().all(|character| character.is_alphanumeric() || character == '_')
}

/// Keeps the option with more dashes.
fn keep_longer(known: &mut Option<String>, option: &str) {
    let dashes = |option: &str| option.len() - option.trim_start_matches(is_sign).len();
    if !option.is_empty() && known.as_ref().is_none_or(|known| dashes(known) < dashes(option)) {
        *known = Some(option.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_spelled_as_by_click() {
        let cases = [
            ("--n", "n", Some("--n"), None),
            ("-n|--Long-Name", "long_name", Some("--Long-Name"), None),
            ("-n|--name|who", "who", Some("--name"), None),
            ("--shout/--no-shout", "shout", Some("--shout"), Some("--no-shout")),
            ("-s/-S|--on/ --off", "on", Some("--on"), Some("--off")),
            ("--upper| /-U", "upper", Some("--upper"), Some("-U")),
            ("/debug;/no-debug", "debug", Some("/debug"), Some("/no-debug")),
        ];
        for (texts, name, option, negative) in cases {
            let texts: Vec<_> = texts.split('|').map(ToOwned::to_owned).collect();
            let found = Spelling::of(&texts);
            assert_eq!(found.name().as_deref(), Some(name), "{texts:?}");
            assert_eq!((found.option.as_deref(), found.negative.as_deref()), (option, negative), "{texts:?}");
        }
    }
}
