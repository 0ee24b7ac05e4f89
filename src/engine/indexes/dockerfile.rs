//! The Dockerfile for `BuildKit` if indexes need a login: stages with the logins fetch packages and run none
//! of their code, and packages are installed without a login.

use std::borrow::Cow;

use crate::engine::instructions::{instructions, is};

/// A `pip install` whose packages are fetched before.
pub(super) struct Fetch {
    /// Its arguments, as in the Dockerfile.
    pub(super) words: Vec<String>,
    /// The options that aren't packages.
    pub(super) options: Vec<String>,
}

impl Fetch {
    pub(super) fn new(words: &[String], options: &[String]) -> Self {
        Self { words: words.to_vec(), options: options.to_vec() }
    }
}

/// Folder of the build context with the lists to fetch, one folder for each.
pub(super) const LISTS: &str = "c3-index";

/// The program that fetches packages, in a stage.
pub(in crate::engine) const FETCH_PATH: &str = "/run/c3-index/fetch.py";

/// The fetched packages in a stage, and the list of what to install from them.
const FETCHED: &str = "/tmp/c3-index";

/// Mount point of fetched packages: a folder that every image has, on a tmpfs for the step, since empty mount
/// points would stay in the image.
const PLACE: &str = "/mnt";

/// The name of a stage, and of the secret it mounts.
pub(super) fn stage(number: usize) -> String {
    format!("c3-index-{number}")
}

/// The path of fetched packages during their installation.
pub(super) fn mounted(number: usize) -> String {
    format!("{PLACE}/c3-index-{number}")
}

/// The Dockerfile with stages that fetch the packages of some commands, or nothing if it has none of these.
pub(super) fn with_stages(dockerfile: &str, fetches: &[Fetch]) -> Option<String> {
    let instructions = instructions(dockerfile);
    let last_stage = instructions.iter().rposition(|instruction| is(instruction, "FROM"))?;
    let (stages, last) = instructions.split_at(last_stage);
    let installs = |instruction: &str| installation(instruction, fetches).is_some();
    let first = last.iter().position(|instruction| installs(instruction))?;
    let mut text: String = stages.concat();
    for (number, fetch) in fetches.iter().enumerate() {
        let found = last.iter().find_map(|instruction| around(instruction, fetch));
        let Some((python, rest)) = found else { continue };
        text.push_str(&named(last[0], &stage(number)));
        text.extend(last[1..first].iter().copied());
        text.push_str(&fetching(number, &python, &[&fetch.options[..], &rest].concat()));
    }
    for instruction in last {
        text.push_str(&installation(instruction, fetches).map_or(Cow::Borrowed(*instruction), Cow::Owned));
    }
    Some(text)
}

/// A `FROM` instruction with another stage name.
fn named(from: &str, name: &str) -> String {
    let mut words: Vec<_> = from.split_whitespace().collect();
    if words.len() > 2 && words[words.len() - 2].eq_ignore_ascii_case("as") {
        words.truncate(words.len() - 2);
    }
    format!("{} AS {name}\n", words.join(" "))
}

/// The commands of a `RUN` instruction written by `c3`, as words.
fn commands(instruction: &str) -> Option<Vec<Vec<String>>> {
    let text = instruction.trim().get(3..).filter(|_| is(instruction, "RUN"))?;
    let words = shlex::split(&text.replace("\\\n", " "))?;
    Some(words.split(|word| word == "&&").map(<[String]>::to_vec).collect())
}

/// The fetched packages that a command installs, and the index of their first word.
fn fetched<'a>(command: &[String], fetches: &'a [Fetch]) -> Option<(usize, &'a Fetch, usize)> {
    let is_pip = command.get(1..4).is_some_and(|words| words == ["-m", "pip", "install"]);
    let start = 4 + usize::from(command.get(4).is_some_and(|word| word == "--no-cache-dir"));
    let words = command.get(start..).filter(|_| is_pip)?;
    let numbered = fetches.iter().enumerate();
    let found = numbered
        .filter(|(_, fetch)| words.starts_with(&fetch.words))
        .max_by_key(|(_, fetch)| fetch.words.len());
    found.map(|(number, fetch)| (number, fetch, start))
}

/// The Python whose pip installs some packages, and the rest of the command, if an instruction has it.
fn around(instruction: &str, fetch: &Fetch) -> Option<(String, Vec<String>)> {
    commands(instruction)?.iter().find_map(|command| {
        let (_, _, start) = fetched(command, std::slice::from_ref(fetch))?;
        Some((command.first()?.clone(), command[start + fetch.words.len()..].to_vec()))
    })
}

/// The instruction that fetches packages.
fn fetching(number: usize, python: &str, rest: &[String]) -> String {
    let id = stage(number);
    let command = [python.to_owned(), FETCH_PATH.to_owned()].into_iter().chain(rest.iter().cloned());
    format!(
        "RUN --mount=type=bind,source={LISTS}/{number},target=/run/c3-index --mount=type=secret,id={id},target=/run/c3-login,mode=0444 {}\n",
        shell(&command.collect::<Vec<_>>())
    )
}

/// An instruction that installs fetched packages offline; nothing if it installs none.
fn installation(instruction: &str, fetches: &[Fetch]) -> Option<String> {
    let commands = commands(instruction)?;
    let mut mounts = Vec::new();
    let mut lines = Vec::new();
    for command in &commands {
        let Some((number, fetch, start)) = fetched(command, fetches) else {
            lines.push(shell(command));
            continue;
        };
        let folder = mounted(number);
        mounts.push(format!("--mount=type=bind,from={},source={FETCHED},target={folder}", stage(number)));
        let own = ["--no-index".to_owned(), "--find-links".to_owned(), folder.clone()];
        let list = ["-r".to_owned(), format!("{folder}/install.txt")];
        let rest = command[start + fetch.words.len()..].iter();
        let words = command[..start].iter().chain(&own).chain(&fetch.options).chain(&list).chain(rest);
        lines.push(shell(&words.cloned().collect::<Vec<_>>()));
    }
    let (mounts, lines) = (mounts.join(" "), lines.join(" \\\n && "));
    (!mounts.is_empty()).then(|| format!("RUN --mount=type=tmpfs,target={PLACE} {mounts} {lines}\n"))
}

fn shell(words: &[String]) -> String {
    shlex::try_join(words.iter().map(String::as_str)).unwrap_or_default()
}

/// The variables that the last stage of a Dockerfile sets.
pub(super) fn variables(dockerfile: &str) -> Vec<(String, String)> {
    let instructions = instructions(dockerfile);
    let last_stage = instructions.iter().rposition(|instruction| is(instruction, "FROM")).unwrap_or(0);
    let settings = instructions[last_stage..].iter().filter(|instruction| is(instruction, "ENV"));
    let words = settings.filter_map(|instruction| shlex::split(&instruction.replace("\\\n", " ")));
    let pairs = words.flat_map(|words| match words.as_slice() {
        [_, name, value] if !name.contains('=') => vec![(name.clone(), value.clone())],
        words => words
            .iter()
            .filter_map(|word| word.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
    });
    pairs.collect()
}

/// The ids of the secrets that a Dockerfile mounts.
pub(super) fn mounted_secrets(dockerfile: &str) -> Vec<String> {
    let runs = instructions(dockerfile).into_iter().filter(|instruction| is(instruction, "RUN"));
    let words: Vec<_> = runs.flat_map(str::split_whitespace).collect();
    let mounts = words.iter().filter_map(|word| word.strip_prefix("--mount="));
    mounts.filter_map(mounted_secret).collect()
}

/// The id of the secret in a mount such as `type=secret,id=token`.
fn mounted_secret(mount: &str) -> Option<String> {
    let pairs: Vec<_> =
        mount.trim_matches('"').split(',').map(|pair| pair.split_once('=').unwrap_or((pair, ""))).collect();
    let value =
        |names: &[&str]| pairs.iter().find(|pair| names.contains(&pair.0)).map(|pair| pair.1.to_owned());
    value(&["type"]).filter(|kind| kind == "secret")?;
    let target = || value(&["target", "dst", "destination"]);
    value(&["id"]).or_else(|| Some(target()?.rsplit('/').next()?.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(ToOwned::to_owned).collect()
    }

    const DOCKERFILE: &str = "# A comment\nARG BASE_IMAGE=base\nFROM tools AS tools\nRUN make\nFROM ${BASE_IMAGE} AS last\nUSER root\nCOPY requirements/ /app/\nRUN python -m pip install --no-cache-dir -i https://a.example mine 'x>1' \\\n && python -m pip install --no-cache-dir six \\\n && mkdir -p /app\nCOPY operator/ /app/\n";

    #[test]
    fn packages_are_fetched_in_a_stage_and_installed_without_an_index() {
        let fetch = Fetch { words: words("-i https://a.example mine x>1"), options: words("-U") };
        let text = with_stages(DOCKERFILE, &[fetch]).unwrap();
        let expected = "# A comment\nARG BASE_IMAGE=base\nFROM tools AS tools\nRUN make\nFROM ${BASE_IMAGE} AS c3-index-0\nUSER root\nCOPY requirements/ /app/\nRUN --mount=type=bind,source=c3-index/0,target=/run/c3-index --mount=type=secret,id=c3-index-0,target=/run/c3-login,mode=0444 python /run/c3-index/fetch.py -U\nFROM ${BASE_IMAGE} AS last\nUSER root\nCOPY requirements/ /app/\nRUN --mount=type=tmpfs,target=/mnt --mount=type=bind,from=c3-index-0,source=/tmp/c3-index,target=/mnt/c3-index-0 python -m pip install --no-cache-dir --no-index --find-links /mnt/c3-index-0 -U -r /mnt/c3-index-0/install.txt \\\n && python -m pip install --no-cache-dir six \\\n && mkdir -p /app\nCOPY operator/ /app/\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn additions_of_a_platform_to_a_command_are_kept() {
        let dockerfile =
            "FROM base\nRUN /usr/bin/python3 -m pip install -i https://a.example mine six==1 && true\n";
        let fetch = Fetch { words: words("-i https://a.example mine"), options: Vec::new() };
        let text = with_stages(dockerfile, &[fetch]).unwrap();
        assert!(text.contains("mode=0444 /usr/bin/python3 /run/c3-index/fetch.py 'six==1'\n"), "{text}");
        assert!(text.ends_with("/usr/bin/python3 -m pip install --no-index --find-links /mnt/c3-index-0 -r /mnt/c3-index-0/install.txt 'six==1' \\\n && true\n"), "{text}");
    }

    #[test]
    fn a_dockerfile_without_the_command_is_unchanged() {
        let fetch = || Fetch { words: words("-i https://b.example mine"), options: Vec::new() };
        assert_eq!(with_stages(DOCKERFILE, &[fetch()]), None);
        assert_eq!(with_stages("FROM a\nRUN pip install -i https://b.example mine\n", &[fetch()]), None);
        assert_eq!(with_stages("", &[fetch()]), None);
    }

    #[test]
    fn mounted_secrets_are_found() {
        let text = "FROM a\nRUN --mount=type=cache,target=/c --mount=type=secret,id=token \\\n  --mount=type=secret,target=/run/secrets/key cat /run/secrets/token\n# RUN --mount=type=secret,id=no x\nCOPY --mount=type=secret,id=no a b\n";
        assert_eq!(mounted_secrets(text), ["token", "key"]);
    }

    #[test]
    fn instructions_may_continue_after_comments() {
        let text = "RUN a \\\n# why\n\n  b\nCOPY c d\n";
        assert_eq!(instructions(text), ["RUN a \\\n# why\n\n  b\n", "COPY c d\n"]);
        assert_eq!(instructions(text).concat(), text);
    }
}
