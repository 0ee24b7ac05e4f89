//! The netrc file: logins by host.

use super::Login;

/// The logins in a netrc file, with hosts; `default`, which would apply to every host, is ignored.
pub(super) fn logins(text: &str) -> Vec<(String, Login)> {
    let mut words = words(text).into_iter();
    let mut entries: Vec<Entry> = Vec::new();
    while let Some(word) = words.next() {
        match word.as_str() {
            "machine" => entries.push(Entry { host: words.next(), ..Entry::default() }),
            "default" => entries.push(Entry::default()),
            "login" | "user" => set(&mut entries, &mut words, |entry, word| entry.username = word),
            "password" => set(&mut entries, &mut words, |entry, word| entry.password = word),
            "account" => drop(words.next()),
            _ => {}
        }
    }
    let logins = entries.into_iter().filter_map(|entry| {
        let login = (entry.username.is_some() || entry.password.is_some())
            .then(|| Login::new(&entry.username.unwrap_or_default(), &entry.password.unwrap_or_default()));
        Some((entry.host?, login?))
    });
    logins.collect()
}

/// The entry of a host.
#[derive(Default)]
struct Entry {
    host: Option<String>,
    username: Option<String>,
    password: Option<String>,
}

fn set(
    entries: &mut [Entry],
    words: &mut impl Iterator<Item = String>,
    set: impl Fn(&mut Entry, Option<String>),
) {
    let word = words.next();
    if let Some(entry) = entries.last_mut() {
        set(entry, word);
    }
}

/// The words of a netrc file, without comments and macros.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut in_macro = false;
    for line in text.lines() {
        if in_macro {
            in_macro = !line.trim().is_empty();
            continue;
        }
        let mut rest = line.trim_start();
        while !rest.is_empty() && (!rest.starts_with('#') || words.last().is_some_and(|word| has_value(word)))
        {
            let (word, after) = word(rest);
            in_macro |= word == "macdef";
            words.push(word);
            rest = after.trim_start();
        }
        if in_macro {
            words.retain(|word| word != "macdef");
        }
    }
    words
}

/// Whether the next word is a value, in which `#` starts no comment.
fn has_value(word: &str) -> bool {
    matches!(word, "machine" | "login" | "user" | "password" | "account")
}

/// The first word of a text, perhaps quoted, and the rest; a `#` inside a word is part of it.
fn word(text: &str) -> (String, &str) {
    let mut word = String::new();
    let mut quoted = false;
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' if word.is_empty() && !quoted => quoted = true,
            '"' if quoted => return (word, &text[at + 1..]),
            '\\' => word.extend(letters.next().map(|(_, letter)| letter)),
            letter if letter.is_whitespace() && !quoted => return (word, &text[at..]),
            letter => word.push(letter),
        }
    }
    (word, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn netrc_tokens_may_come_in_any_order_and_line() {
        let text = "# mine\nmachine a.example login bob password #s3cret#1 # old\nmachine b.example\n\tpassword \"two words\"\n\tlogin eve\n";
        let expected = [
            ("a.example".to_owned(), Login::new("bob", "#s3cret#1")),
            ("b.example".to_owned(), Login::new("eve", "two words")),
        ];
        assert_eq!(logins(text), expected);
    }

    #[test]
    fn netrc_default_entries_are_ignored() {
        assert_eq!(logins("default login bob password pw\n"), []);
        assert_eq!(logins("machine a login b password c default login d password e").len(), 1);
    }

    #[test]
    fn netrc_macros_are_skipped() {
        let text = "macdef init\nmachine evil login a password b\n\nmachine a.example login b password c\n";
        assert_eq!(logins(text), [("a.example".to_owned(), Login::new("b", "c"))]);
    }

    #[test]
    fn truncated_netrc_entries_are_ignored() {
        assert_eq!(logins("machine"), []);
        assert_eq!(logins("machine a"), []);
        assert_eq!(logins("machine a login"), []);
        assert_eq!(logins("login b password c machine"), []);
        assert_eq!(logins("machine a password \"c"), [("a".to_owned(), Login::new("", "c"))]);
    }
}
