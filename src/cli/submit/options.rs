//! Options of `c3 submit` after the file.

use c3::failure::{Failure, USAGE};
use c3::invocation::Interface;
use clap::Parser;

use super::{Behind, Own};

/// The options allowed there, and whether they take a value.
const OPTIONS: &[(&str, bool)] = &[
    ("--follow", false),
    ("-f", false),
    ("--output-dir", true),
    ("-o", true),
    ("--on", true),
    ("--context", true),
    ("--namespace", true),
    ("-n", true),
];

/// Splits the words into options of the command and words of the operator, whose inputs take precedence.
pub(super) fn split(
    before: &Own,
    words: &[String],
    interface: &Interface,
) -> Result<(Own, Vec<String>), Failure> {
    let (own, rest) = parted(words, |word| {
        interface
            .inputs
            .iter()
            .any(|(id, input)| [id.as_str(), &input.name].contains(&word.trim_start_matches('-')))
    });
    let behind = Behind::try_parse_from(own).map_err(|error| {
        let text = error.to_string();
        let text = text.lines().next().unwrap_or_default();
        Failure::new(USAGE, text.trim_start_matches("error: ")).hint("`c3 submit --help` lists the options")
    })?;
    let (mut own, behind) = (before.clone(), behind.own);
    own.follow |= behind.follow;
    own.outputs = own.outputs.or(behind.outputs);
    own.reach = own.reach.or(behind.reach);
    Ok((own, rest))
}

fn parted(words: &[String], is_input: impl Fn(&str) -> bool) -> (Vec<String>, Vec<String>) {
    let (mut own, mut rest) = (Vec::new(), Vec::new());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word == "--" {
            rest.push(word.clone());
            rest.extend(words.by_ref().cloned());
            break;
        }
        let name = word.split_once('=').map_or(word.as_str(), |(name, _)| name);
        match OPTIONS.iter().find(|(option, _)| *option == name && !is_input(name)) {
            None => rest.push(word.clone()),
            Some((_, has_value)) => {
                own.push(word.clone());
                own.extend(words.by_ref().take(usize::from(*has_value && name == word)).cloned());
            }
        }
    }
    (own, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(ToOwned::to_owned).collect()
    }

    #[test]
    fn options_may_follow_the_file() {
        let (own, rest) =
            parted(&words("--rows 3 --follow --on=slurm --namespace a --text b -- --follow"), |_| false);
        assert_eq!(own, words("--follow --on=slurm --namespace a"));
        assert_eq!(rest, words("--rows 3 --text b -- --follow"));
        let (own, rest) = parted(&words("--on 3 --follow"), |word| word == "--on");
        assert_eq!((own, rest), (words("--follow"), words("--on 3")));
    }
}
