//! One `pip install` as a list: its indexes, what it installs, and what needs to be built for it.

use crate::installers::pip::{self, Argument, Kind, Meaning, needs_build};

/// Options with indexes and other package sources.
pub(super) const INDEXES: [&str; 3] = ["--index-url", "--extra-index-url", "--find-links"];

/// The option for the main index, which resets the list of indexes.
pub(super) const MAIN: &str = INDEXES[0];

/// The text of a requirement file by its path.
pub(super) type Texts<'a> = &'a dyn Fn(&str) -> Option<String>;

/// An option with an address.
pub type Index = (String, String);

/// A `pip install`.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Installation {
    lines: Vec<Line>,
    /// Options that aren't packages.
    pub(super) options: Vec<String>,
    /// What isn't available as a wheel, and why.
    pub(super) beyond_wheels: Option<(String, &'static str)>,
}

/// A line of a requirement file; an address is kept apart between the two texts.
#[derive(Debug, Clone, PartialEq)]
struct Line {
    before: String,
    url: Option<String>,
    after: String,
    is_index: bool,
}

impl Line {
    /// A line that names an index.
    fn index(option: &str, url: &str) -> Self {
        Self { before: format!("{option} "), url: Some(url.to_owned()), after: String::new(), is_index: true }
    }

    /// Any other line.
    fn other(text: &str) -> Self {
        let start = ["https://", "http://"].iter().filter_map(|scheme| text.find(scheme)).min();
        let start = start
            .filter(|&start| text[..start].chars().next_back().is_none_or(|c| c == '@' || c.is_whitespace()));
        let Some(start) = start else {
            return Self { before: text.to_owned(), url: None, after: String::new(), is_index: false };
        };
        let end = text[start..].find(char::is_whitespace).map_or(text.len(), |length| start + length);
        Self {
            before: text[..start].to_owned(),
            url: Some(text[start..end].to_owned()),
            after: text[end..].to_owned(),
            is_index: false,
        }
    }

    fn with(&self, url: impl Fn(&str) -> String) -> String {
        format!("{}{}{}\n", self.before, self.url.as_deref().map(url).unwrap_or_default(), self.after)
    }
}

impl Installation {
    /// Reads the words of a `pip install` and its requirement files below a folder; `configured` are pip's
    /// default indexes.
    pub(super) fn read(words: &[String], configured: &[Index], folder: &str, texts: Texts) -> Self {
        let mut reader = Reader { folder, texts, open: Vec::new(), beyond_wheels: None };
        let (mut own, mut lines, mut options) = (Vec::new(), Vec::new(), Vec::new());
        for argument in pip::parse(words).unwrap_or_default() {
            reader.vet(&argument);
            match &argument.kind {
                Kind::Option(name, Some(url), _) if INDEXES.contains(name) => {
                    own.push(Line::index(name, url));
                }
                Kind::Requirements(path) => lines.extend(reader.file(path)),
                Kind::Option(..) | Kind::Constraints(_) | Kind::Editable(_) => options.extend(argument.words),
                Kind::Package(_) | Kind::Direct(..) | Kind::Location(_) => {
                    lines.push(Line::other(&argument.line()));
                }
            }
        }
        let lines = asked(own, configured).into_iter().chain(lines).collect();
        Self { lines, options, beyond_wheels: reader.beyond_wheels }
    }

    /// Its addresses.
    pub(super) fn urls(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().filter_map(|line| line.url.as_deref())
    }

    /// The equivalent requirement file, with its addresses transformed.
    pub(super) fn text(&self, url: impl Fn(&str) -> String) -> String {
        self.lines.iter().map(|line| line.with(&url)).collect()
    }

    /// The same without indexes, for fetched packages.
    pub(super) fn text_without_indexes(&self, url: impl Fn(&str) -> String) -> String {
        self.lines.iter().filter(|line| !line.is_index).map(|line| line.with(&url)).collect()
    }
}

/// A line of a requirement file with its address transformed.
pub(super) fn with_url(line: &str, url: impl Fn(&str) -> String) -> String {
    Line::other(line).with(url).trim_end_matches('\n').to_owned()
}

/// Reads requirement files.
struct Reader<'a> {
    /// Their folder.
    folder: &'a str,
    texts: Texts<'a>,
    /// The files being read, outermost first.
    open: Vec<String>,
    beyond_wheels: Option<(String, &'static str)>,
}

impl Reader<'_> {
    /// The lines of a requirement file, including those of files it names; for an unknown file, the option
    /// itself.
    fn file(&mut self, path: &str) -> Vec<Line> {
        let inside = path.strip_prefix(self.folder).map_or(path, |path| path.trim_start_matches('/'));
        let inside = inside.to_owned();
        let is_read = !pip::is_url(path) && !self.open.contains(&inside);
        let Some(text) = (self.texts)(&inside).filter(|_| is_read) else {
            return vec![Line::other(&format!("-r {path}"))];
        };
        self.open.push(inside.clone());
        let lines: Vec<_> = pip::lines(&text).into_iter().filter_map(|line| line.arguments.ok()).collect();
        let lines = lines.iter().flat_map(|line| self.line(line, &inside)).collect();
        self.open.pop();
        lines
    }

    /// The equivalent of a line.
    fn line(&mut self, arguments: &[Argument], file: &str) -> Vec<Line> {
        for argument in arguments {
            self.vet(argument);
        }
        let mut lines = Vec::new();
        let mut rest = Vec::new();
        for argument in arguments {
            match &argument.kind {
                Kind::Option(name, Some(url), _) if INDEXES.contains(name) => {
                    lines.push(Line::index(name, url));
                }
                Kind::Requirements(path) => lines.extend(self.file(&beside(file, path, self.folder))),
                Kind::Constraints(path) => rest.push(format!("-c {}", beside(file, path, self.folder))),
                Kind::Option(_, _, Meaning::PerRequirement) => rest.push(argument.words.join("=")),
                _ => rest.push(argument.line()),
            }
        }
        lines.extend((!rest.is_empty()).then(|| Line::other(&rest.join(" "))));
        lines
    }

    /// Records what isn't available as a wheel.
    fn vet(&mut self, argument: &Argument) {
        let refusal = || needs_build(argument).map(|why| (argument.words.join(" "), why));
        self.beyond_wheels = self.beyond_wheels.take().or_else(refusal);
    }
}

/// The indexes of a command in the order for a requirement file: the main one resets the list, so it comes
/// first.
fn asked(own: Vec<Line>, configured: &[Index]) -> Vec<Line> {
    let configured = configured.iter().map(|(option, url)| Line::index(option, url));
    let is_main = |line: &Line| line.before.trim() == MAIN;
    let (main, others): (Vec<Line>, Vec<Line>) = configured.chain(own).partition(is_main);
    main.into_iter().next_back().into_iter().chain(others).collect()
}

/// A path named in a file, relative to the common folder.
fn beside(file: &str, named: &str, folder: &str) -> String {
    if named.contains("://") || named.starts_with('/') {
        return named.to_owned();
    }
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    for part in named.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let path = parts.join("/");
    if folder.is_empty() { path } else { format!("{folder}/{path}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "--index-url=https://b.example/simple # ours\n# -r none.txt\nsix==1 \\\n    --hash=sha256:00\n-r more/base.txt\n-c limits.txt\n";

    fn read(command: &str, configured: &[Index]) -> Installation {
        let words = shlex::split(command).unwrap();
        let texts = |path: &str| {
            match path {
            "requirements.txt" => Some(FILE.to_owned()),
            "more/base.txt" => Some("-f https://c.example/links\n-r ../requirements.txt\nmine @ https://d.example/mine-1-py3-none-any.whl ; python_version > '3'\n".to_owned()),
            _ => None,
        }
        };
        Installation::read(&words, configured, "/app", &texts)
    }

    #[test]
    fn requirement_files_are_flattened_with_their_includes() {
        let read = read("-U --extra-index-url https://a.example/simple -r /app/requirements.txt numpy", &[]);
        let expected = [
            "--extra-index-url https://a.example/simple",
            "--index-url https://b.example/simple",
            "six==1 --hash=sha256:00",
            "--find-links https://c.example/links",
            "-r /app/requirements.txt",
            "mine @ https://d.example/mine-1-py3-none-any.whl ; python_version > '3'",
            "-c /app/limits.txt",
            "numpy",
        ];
        assert_eq!(read.text(ToOwned::to_owned).lines().collect::<Vec<_>>(), expected);
        assert_eq!(read.options, ["-U"]);
        assert_eq!(read.beyond_wheels, None);
        let urls = [
            "https://a.example/simple",
            "https://b.example/simple",
            "https://c.example/links",
            "https://d.example/mine-1-py3-none-any.whl",
        ];
        assert_eq!(read.urls().collect::<Vec<_>>(), urls);
    }

    #[test]
    fn configured_indexes_apply_unless_the_command_overrides_them() {
        let configured = [
            ("--index-url".to_owned(), "https://main.example".to_owned()),
            ("--extra-index-url".to_owned(), "https://more.example".to_owned()),
        ];
        let lines = |command| read(command, &configured).text(ToOwned::to_owned);
        assert_eq!(
            lines("six"),
            "--index-url https://main.example\n--extra-index-url https://more.example\nsix\n"
        );
        assert_eq!(
            lines("-ihttps://own.example six"),
            "--index-url https://own.example\n--extra-index-url https://more.example\nsix\n"
        );
    }

    #[test]
    fn source_builds_are_found_in_files_too() {
        assert_eq!(
            read("six git+https://a.example/b", &[]).beyond_wheels.unwrap().0,
            "git+https://a.example/b"
        );
        let texts = |_: &str| Some("six\n-e .\n".to_owned());
        let words = ["-r", "x.txt"].map(ToOwned::to_owned);
        assert_eq!(Installation::read(&words, &[], "", &texts).beyond_wheels.unwrap().0, "-e .");
    }

    #[test]
    fn urls_are_extracted_from_requirement_lines() {
        let url = |text: &str| Line::other(text).url;
        assert_eq!(url("a@https://x/a.whl").as_deref(), Some("https://x/a.whl"));
        assert_eq!(url("a @ git+https://x/a"), None);
        assert_eq!(url("a>=1"), None);
    }

    #[test]
    fn fetched_packages_are_installed_without_an_index() {
        let read = read("-i https://a.example/simple mine@https://d.example/mine-1.whl six", &[]);
        let text = read.text_without_indexes(|url| url.replace("https://d.example", "file:///fetched"));
        assert_eq!(text, "mine@file:///fetched/mine-1.whl\nsix\n");
    }
}
