//! Variables of the environment that a shell text reads.

use std::collections::BTreeSet;

/// Variables that a shell or system sets itself.
const OWN: &[&str] = &[
    "BASH",
    "BASHPID",
    "BASH_REMATCH",
    "BASH_SOURCE",
    "BASH_VERSION",
    "COLUMNS",
    "DIRSTACK",
    "EUID",
    "FUNCNAME",
    "GROUPS",
    "HOME",
    "HOSTNAME",
    "HOSTTYPE",
    "IFS",
    "LANG",
    "LINENO",
    "LINES",
    "LOGNAME",
    "MACHTYPE",
    "OLDPWD",
    "OPTARG",
    "OPTIND",
    "OSTYPE",
    "PATH",
    "PIPESTATUS",
    "PPID",
    "PS1",
    "PWD",
    "RANDOM",
    "REPLY",
    "SECONDS",
    "SHELL",
    "SHLVL",
    "TERM",
    "TMPDIR",
    "UID",
    "USER",
];

/// Words followed by names that they set.
const SETTERS: &[&str] = &[
    "for",
    "select",
    "read",
    "export",
    "local",
    "declare",
    "typeset",
    "readonly",
    "mapfile",
    "readarray",
    "getopts",
    "-v",
];

/// The names expanded but not set in the text, in order, with their positions in bytes.
pub(in crate::frontend::notebook) fn reads(script: &str) -> Vec<(usize, &str)> {
    let found = expansions(script);
    if found.is_empty() {
        return found;
    }
    let set = set(script);
    found.into_iter().filter(|(_, name)| !OWN.contains(name) && !set.contains(name)).collect()
}

/// `$NAME` and `${NAME…}` outside single quotes and comments.
fn expansions(script: &str) -> Vec<(usize, &str)> {
    let (mut found, mut quoted, mut doubly, mut escaped) = (Vec::new(), false, false, false);
    let (mut before, mut is_comment) = (' ', false);
    for (at, character) in script.char_indices() {
        match character {
            '\n' => is_comment = false,
            _ if is_comment => continue,
            _ if std::mem::take(&mut escaped) => {}
            '\\' if !quoted => escaped = true,
            '\'' if !doubly => quoted = !quoted,
            '"' if !quoted => doubly = !doubly,
            '#' if !quoted && !doubly && before.is_whitespace() => is_comment = true,
            '$' if !quoted => found.extend(expansion(script, at)),
            _ => {}
        }
        before = character;
    }
    found
}

fn expansion(script: &str, at: usize) -> Option<(usize, &str)> {
    let rest = &script[at + 1..];
    let rest = rest.strip_prefix('{').unwrap_or(rest);
    let rest = rest.strip_prefix(['#', '!']).unwrap_or(rest);
    let name = name(rest)?;
    (!script[..at].ends_with('$')).then_some((at, name))
}

/// The name that a text begins with.
fn name(text: &str) -> Option<&str> {
    let end = text
        .find(|character: char| !(character.is_ascii_alphanumeric() || character == '_'))
        .unwrap_or(text.len());
    let name = &text[..end];
    (!name.is_empty() && !name.starts_with(|first: char| first.is_ascii_digit())).then_some(name)
}

/// The names that a text sets: `NAME=…`, `NAME+=…`, `NAME[…]=…`, and those behind `for`, `read`, `export` and the like.
fn set(script: &str) -> BTreeSet<&str> {
    let mut set = BTreeSet::new();
    let mut is_setting = false;
    for word in script.split(|character: char| character.is_whitespace() || ";&|()".contains(character)) {
        let named = name(word).map(|name| (name, &word[name.len()..]));
        if let Some((name, rest)) = named {
            let is_assignment = rest.starts_with('=') || rest.starts_with("+=") || rest.starts_with('[');
            // `export NAME` hands on what is there already.
            if is_assignment || is_setting && rest.is_empty() {
                set.insert(name);
            }
        }
        is_setting = match word {
            "export" => false,
            word if SETTERS.contains(&word) => true,
            word => {
                is_setting
                    && (word.starts_with('-')
                        || named.is_some_and(|(_, rest)| rest.is_empty()) && word != "in")
            }
        };
    }
    set
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(script: &str) -> Vec<&str> {
        reads(script).into_iter().map(|(_, name)| name).collect()
    }

    #[test]
    fn unset_expansions_count_as_reads() {
        let cases: [(&str, &[&str]); 17] = [
            ("echo \"$a\" ${b:-3} ${#c} ${!d}", &["a", "b", "c", "d"]),
            ("echo '$a' \\$a $$a $1 $? $(ls) $((1+2))", &[]),
            ("it=\"don't $a\"", &["a"]),
            ("# $a\necho x#$b", &["b"]),
            ("echo $HOME $PATH $RANDOM", &[]),
            ("a=1; b=$a\necho $b", &[]),
            ("a+=x; echo $a", &[]),
            ("for f in $files; do echo $f; done", &["files"]),
            ("while read -r line rest; do echo $line $rest; done < $source", &["source"]),
            ("export a=1; export b; echo $a $b", &["b"]),
            ("local a b=2; echo $a $b", &[]),
            ("printf -v a %s x; echo $a", &[]),
            ("mapfile -t a < x; echo ${a[@]}", &[]),
            ("a[0]=1; echo ${a[0]}", &[]),
            ("awk '{print $NF}' x", &[]),
            ("a=1 b=2 run $c", &["c"]),
            ("(a=1); echo $a", &[]),
        ];
        for (script, wanted) in cases {
            assert_eq!(names(script), wanted, "{script}");
        }
    }
}
