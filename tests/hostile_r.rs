//! Hostile R sources: scripts that are generated together with the interface they must be read as, scripts that something
//! has happened to, and extremes of nesting and size. `PROPTEST_CASES` sets how many scripts are tried.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that can't go on fails, a long one tells how far it is"
)]

use std::time::{Duration, Instant};

use c3::component::{Component, Requirement};
use c3::diagnostic::Severity;
use c3::frontend;
use c3::language::Language;
use c3::report::terminal::render;
use c3::source::Source;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

mod effort;
mod long_run;

use effort::cases;
use long_run::long_run;

// ---------------------------------------------------------------------------------------------------------- model

/// Pieces of texts that break naive readers.
const FRAGMENTS: &[&str] = &[
    "\"",
    "'",
    "`",
    "\\",
    "\\n",
    "#",
    " # ",
    "(",
    ")",
    "[[",
    "]]",
    "{",
    "}",
    ",",
    "=",
    "<-",
    "%in%",
    "\n",
    "\t",
    " ",
    "é",
    "漢字",
    "🎉",
    "\u{a0}",
    "\u{2028}",
    "a",
    "Z9",
    "Sys.getenv(\"decoy\")",
    "c3: ignore",
    "apt install evil",
    ")\"",
    ")--'",
    "%s",
    "$x",
    "${y}",
    "r\"(",
    "TRUE",
    "1e5",
    "NA",
];

fn text() -> impl Strategy<Value = String> {
    let fragment = prop_oneof![9 => select(FRAGMENTS).prop_map(ToOwned::to_owned), 1 => any::<char>().prop_map(String::from)];
    let clean = |fragments: Vec<String>| fragments.concat().replace(['\0', '\r', '\u{fffd}', '\u{feff}'], "");
    vec(fragment, 0..7).prop_map(clean)
}

/// A literal of R, in one of many spellings.
fn literal(text: &str, style: u8) -> String {
    let escaped = |quote: char| -> String {
        let escape = |character: char| match character {
            '\\' => "\\\\".to_owned(),
            '\n' if style.is_multiple_of(2) => "\\n".to_owned(),
            character if character == quote => format!("\\{character}"),
            character => character.to_string(),
        };
        text.chars().map(escape).collect()
    };
    let dashes = "-".repeat(usize::from(style / 8 % 4));
    match style % 8 {
        0 | 1 => format!("\"{}\"", escaped('"')),
        4 => format!("\"{}\"", text.chars().map(numeric).collect::<String>()),
        5 if !text.contains(&format!("){dashes}\"")) => format!("r\"{dashes}({text}){dashes}\""),
        6 if !text.contains(&format!("]{dashes}'")) => format!("R'{dashes}[{text}]{dashes}'"),
        7 if !text.contains(&format!("}}{dashes}\"")) => format!("R\"{dashes}{{{text}}}{dashes}\""),
        _ => format!("'{}'", escaped('\'')),
    }
}

fn numeric(character: char) -> String {
    match u32::from(character) {
        code @ 1..0x40 => format!("\\{code:03o}"),
        code @ 0x40..0x80 => format!("\\x{code:02x}"),
        code @ 0x80..0x10000 => format!("\\u{code:04X}"),
        code => format!("\\U{{{code:x}}}"),
    }
}

/// What a read gives when the variable isn't set.
#[derive(Debug, Clone)]
enum Given {
    Missing,
    Optional(&'static str),
    Text(String),
    Code(&'static str, &'static str),
}

#[derive(Debug, Clone)]
struct Variable {
    name: String,
    cast: &'static str,
    given: Given,
    style: u8,
    form: usize,
    place: usize,
    comments: Vec<String>,
    written: bool,
    secret: bool,
}

const STRINGS: &[(&str, &str)] = &[
    ("5", "5"),
    ("1e5", "1e+05"),
    ("100000L", "100000"),
    ("TRUE", "TRUE"),
    ("60 * 60", "3600"),
    ("paste0('a', 1)", "a1"),
    ("paste('a', CONSTANT, sep = '/')", "a/constant"),
    ("CONSTANT", "constant"),
    ("0.1 + 0.2", "0.3"),
    ("-1", "-1"),
    ("file.path(CONSTANT, 'x')", "constant/x"),
    ("(\n'in brackets' # no\n)", "in brackets"),
    ("7 %/% 2", "3"),
];
const INTEGERS: &[(&str, &str)] = &[
    ("5", "5"),
    ("5L", "5"),
    ("'7'", "7"),
    ("1e5", "100000"),
    ("SIZE * 2L", "84"),
    ("2.9", "2"),
    ("-3L", "-3"),
    ("0x1F", "31"),
];
const FLOATS: &[(&str, &str)] =
    &[("0.5", "0.5"), ("1e-7", "1e-07"), ("'1e3'", "1e3"), ("5L", "5"), ("1/4", "0.25")];
const BOOLEANS: &[(&str, &str)] =
    &[("TRUE", "True"), ("F", "False"), ("'true'", "True"), ("!TRUE", "False"), ("\"FALSE\"", "False")];

fn values(cast: &str) -> &'static [(&'static str, &'static str)] {
    match cast {
        "as.integer" => INTEGERS,
        "as.numeric" | "as.double" => FLOATS,
        "as.logical" => BOOLEANS,
        _ => STRINGS,
    }
}

/// Reads, `«` stands for the name and `»` for the default.
const WITH_DEFAULT: &[&str] = &[
    "Sys.getenv(«, »)",
    "Sys.getenv(«, unset = »)",
    "Sys.getenv(x = «, unset = »)",
    "Sys.getenv(unset = », «)",
    "Sys.getenv(«, u = »)",
    "base::Sys.getenv(«, »)",
    "getenv(«, »)",
    "`Sys.getenv`(«, », names = FALSE)",
    "Sys.getenv(\n  «,\n  »\n)",
    "Sys.getenv( # why\n  «, # 'what'\n  » # Sys.getenv('decoy')\n)",
    "Sys.getenv (c(«), »)",
];
const WITHOUT_DEFAULT: &[&str] = &[
    "Sys.getenv(«)",
    "Sys.getenv(x = «)",
    "base :: Sys.getenv(«)",
    "getenv(«)",
    "« |> Sys.getenv()",
    "Sys.getenv(\n«\n)",
    "Sys.getenv(«, names = TRUE)",
    "Sys.getenv(c(«))",
    "Sys.getenv(«, )",
    "'Sys.getenv'(«)",
];

/// Where a read may stand: `«` for the comments above it, `»` for the read.
const PLACES: &[&str] = &[
    "«v <- »\n",
    "«v = »\n",
    "«» -> v\n",
    "«print(»)\n",
    "f <- function(x) {\n  «return(»)\n}\nprint(f)\n",
    "«v <- c(1, », x)\n",
    "«if (x) v <- » else w\n",
    "«for (i in ») { }\n",
    "«while (x) »\n",
    "«v <- \\(x) »\nprint(v)\n",
    "v <- list(\n  a = 1,\n  «b = »\n)\n",
    "«v[[»]] <- 2\n",
    "«v <- -»\n",
    "«x$y <- »; 2\n",
    "«tryCatch(», error = function(e) NULL)\n",
    "«v <- y[», 1]\n",
    "if (x) {\n  «v <<- »\n} else {\n  w\n}\n",
    "«v <- y %in% »\n",
    "«v ~ w + »\n",
    "«function(a = ») a\n",
    "«repeat » \n",
    "«(»)\n",
    "«v <-\n  »\n",
    "«!»\n",
    "«a <- b <- »\n",
    "«switch(2, a, »)\n",
];

const WRITES: &[&str] = &[
    "«Sys.setenv(» = 'x')\n",
    "«base::Sys.setenv(» = f(1))\n",
    "f <- function() {\n  «Sys.setenv(» = 1)\n}\n",
    "Sys.setenv(\n  «» = 'x'\n)\n",
    "«x <- Sys.setenv(» = 'y')\n",
    "«do.call(Sys.setenv, list(» = 'z'))\n",
];

/// Code that reads nothing.
const DECOYS: &[&str] = &[
    "s <- \"Sys.getenv('decoy')\"\n",
    "# Sys.setenv(decoy = 1)\n\n",
    "s <- r\"(Sys.getenv(\"decoy\"))\"\n",
    "x$Sys.getenv('decoy')\n",
    "other::Sys.getenv('decoy')\n",
    "`Sys.getenv('decoy')`\n",
    "Sys.unsetenv('decoy')\n",
    "s <- '\n# apt install decoy\n'\n",
    "install('decoy')\n",
    "if (FALSE) 1 # c3: ignore\n",
    "",
];

fn given(cast: &'static str) -> impl Strategy<Value = Given> {
    let text =
        text().prop_map(move |text| if cast.is_empty() { Given::Text(text) } else { Given::Optional("NA") });
    prop_oneof![
        2 => Just(Given::Missing),
        1 => select(&["NA", "NULL", "f(1)", "paste(x)", "NA_character_"][..]).prop_map(Given::Optional),
        3 => text,
        3 => select(values(cast)).prop_map(|(code, value)| Given::Code(code, value)),
    ]
}

fn variable() -> impl Strategy<Value = Variable> {
    let cast = prop_oneof![5 => Just(""), 2 => Just("as.integer"), 1 => Just("as.numeric"), 1 => Just("as.double"), 1 => Just("as.logical")];
    let name = prop_oneof![3 => "[a-zA-Z][a-z0-9_]{0,8}", 1 => text().prop_map(|text| text.chars().take(20).collect())];
    let comments = vec("[a-z]{1,5} [a-z ]{0,9}", 0..3);
    let look = (any::<u8>(), any::<usize>(), any::<usize>(), any::<bool>(), prop::bool::weighted(0.1));
    (name, cast.prop_flat_map(|cast| (Just(cast), given(cast))), look, comments).prop_map(
        |(name, (cast, given), (style, form, place, written, secret), comments)| Variable {
            name,
            cast,
            given,
            style,
            form,
            place: if secret { 0 } else { place % PLACES.len() },
            comments,
            written,
            secret,
        },
    )
}

impl Variable {
    fn read(&self) -> String {
        let name = literal(&self.name, self.style);
        let read = match &self.given {
            Given::Missing => WITHOUT_DEFAULT[self.form % WITHOUT_DEFAULT.len()].replacen('«', &name, 1),
            given => {
                let default = match given {
                    Given::Text(text) => literal(text, self.style.rotate_left(3)),
                    Given::Optional(code) | Given::Code(code, _) => (*code).to_owned(),
                    Given::Missing => unreachable!(),
                };
                filled(WITH_DEFAULT[self.form % WITH_DEFAULT.len()], &name, &default)
            }
        };
        match (self.cast, self.style / 64) {
            ("", _) => read,
            (cast, 0) => format!("{read} |> {cast}()"),
            (cast, 1) => format!("{cast}(({read}))"),
            (cast, 2) => format!("base::{cast}(x = {read})"),
            (cast, _) => format!("{cast}({read})"),
        }
    }

    fn code(&self) -> String {
        let read = match self.place {
            // A pipe binds less than what stands here.
            12.. if self.read().contains("|>") => format!("({})", self.read()),
            _ => self.read(),
        };
        let code = placed(PLACES[self.place], &self.comments, &read);
        let code = if self.secret { format!("{} # c3: secret\n", code.trim_end()) } else { code };
        if !self.written {
            return code;
        }
        let name = match self.style % 3 {
            0 => format!("`{}`", self.name.replace('\\', "\\\\").replace('`', "\\`")),
            _ => literal(&self.name, self.style % 4),
        };
        code + "\n" + &placed(WRITES[self.form % WRITES.len()], &[], &name)
    }

    fn kind(&self) -> &'static str {
        match self.cast {
            "as.integer" => "Integer",
            "as.numeric" | "as.double" => "Float",
            "as.logical" => "Boolean",
            _ => "String",
        }
    }

    fn default(&self) -> Option<String> {
        match &self.given {
            _ if self.secret => None,
            Given::Text(text) => Some(text.clone()),
            Given::Code(_, value) => Some((*value).to_owned()),
            _ => None,
        }
    }
}

/// Replaces `«` and `»` without looking at what was put in.
fn filled(template: &str, first: &str, second: &str) -> String {
    let piece = |piece: &str| match piece {
        "«" => first.to_owned(),
        "»" => second.to_owned(),
        piece => piece.to_owned(),
    };
    template
        .split_inclusive(['«', '»'])
        .flat_map(|part| {
            let code = part.trim_end_matches(['«', '»']);
            [code.to_owned(), piece(&part[code.len()..])]
        })
        .collect()
}

/// Puts comments, each on a line of its own, and code into a template.
fn placed(template: &str, comments: &[String], code: &str) -> String {
    let before = template.split('«').next().unwrap();
    let indent = &before[before.rfind('\n').map_or(0, |at| at + 1)..];
    let comments: String = comments.iter().map(|comment| format!("# {comment}\n{indent}")).collect();
    filled(template, &comments, code)
}

/// A script with everything that it must be read as.
#[derive(Debug, Clone)]
struct Script {
    variables: Vec<(Variable, &'static str)>,
    packages: Vec<String>,
}

fn script() -> impl Strategy<Value = Script> {
    let packages = vec("[a-zA-Z][a-zA-Z0-9.]{1,8}", 0..4);
    (vec((variable(), select(DECOYS)), 0..6), packages).prop_map(|(variables, packages)| {
        let mut script = Script { variables, packages };
        for (at, (variable, _)) in script.variables.iter_mut().enumerate() {
            // Names of their own, which no rule for secrets or the system is for.
            variable.name = format!("v{at}{}", variable.name.replace('=', ""));
        }
        script.packages.sort();
        script.packages.dedup();
        script
    })
}

impl Script {
    fn text(&self) -> String {
        let mut text =
            "# A script\n\nCONSTANT <- 'constant'\nSIZE = 42L\nSys.getenv -> getenv\n\n".to_owned();
        let quoted: Vec<_> = self.packages.iter().map(|package| format!("'{package}'")).collect();
        if !quoted.is_empty() {
            text += &["install.packages(c(", &quoted.join(", "), "))\n\n"].concat();
        }
        for (variable, decoy) in &self.variables {
            text += &[&variable.code(), "\n", decoy, "\n"].concat();
        }
        text
    }

    fn check(&self, component: &Component) {
        let found: Vec<_> = component
            .inputs
            .iter()
            .map(|input| {
                (
                    input.name.as_str(),
                    input.kind.name(),
                    input.default.clone(),
                    input.required,
                    input.description.clone(),
                )
            })
            .collect();
        let wanted: Vec<_> = self
            .variables
            .iter()
            .map(|(variable, _)| {
                let description =
                    variable.comments.iter().map(|comment| comment.trim()).collect::<Vec<_>>().join(" ");
                (
                    variable.name.as_str(),
                    variable.kind(),
                    variable.default(),
                    matches!(variable.given, Given::Missing),
                    Some(description).filter(|text| !text.is_empty()),
                )
            })
            .collect();
        assert_eq!(found, wanted);
        let outputs: Vec<_> = component.outputs.iter().map(|output| output.name.as_str()).collect();
        let written: Vec<_> = self
            .variables
            .iter()
            .filter(|(variable, _)| variable.written && !variable.secret)
            .map(|(variable, _)| variable.name.as_str())
            .collect();
        assert_eq!(outputs, written);
        let packages: Vec<_> = component
            .requirements
            .iter()
            .map(|requirement| match requirement {
                Requirement::R { text, .. }
                | Requirement::System { text, .. }
                | Requirement::Conda { text, .. }
                | Requirement::Pip { text, .. } => text.as_str(),
            })
            .collect();
        assert_eq!(packages, self.packages);
        assert_eq!(component.description, "A script");
    }
}

/// Reads a text, shows every diagnostic; gives the component unless there is an error.
fn read(text: &str) -> Option<Component> {
    let source = Source::new("script.R", Language::R, text.to_owned());
    let reading = frontend::read(&source);
    for diagnostic in &reading.diagnostics {
        assert!(!render(diagnostic, &source, false).is_empty());
    }
    let failed = reading.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    assert_eq!(reading.component.is_none(), failed, "a component or an error: {:?}", reading.diagnostics);
    reading.component
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn valid_r_scripts_yield_the_intended_interface(script in script()) {
        let text = script.text();
        let component = read(&text);
        prop_assert!(component.is_some(), "{text}");
        script.check(&component.unwrap());
    }

    #[test]
    fn mutilated_r_scripts_are_parsed_or_rejected(text in mutated()) {
        read(&text);
    }
}

// ------------------------------------------------------------------------------------------------------- mutations

/// Words and signs of the language, which random texts are made of too.
const TOKENS: &[&str] = &[
    "Sys.getenv",
    "Sys.setenv",
    "install.packages",
    "library",
    "base",
    "::",
    "c",
    "paste0",
    "as.integer",
    "do.call",
    "lapply",
    "(",
    ")",
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    ",",
    ";",
    "\n",
    " ",
    "<-",
    "<<-",
    "->",
    "->>",
    "=",
    "==",
    "!=",
    "<",
    "+",
    "-",
    "*",
    "/",
    "^",
    "!",
    "&",
    "|",
    "&&",
    "~",
    "?",
    ":",
    ":=",
    "$",
    "@",
    "|>",
    "%>%",
    "%in%",
    "%",
    "if",
    "else",
    "for",
    "in",
    "while",
    "repeat",
    "function",
    "\\",
    "break",
    "x",
    "y",
    "`a b`",
    "``",
    "'a'",
    "\"b\"",
    "'",
    "\"",
    "`",
    "r\"(a)\"",
    "r\"",
    ")\"",
    "\\n",
    "\\x",
    "\\u{e9}",
    "1",
    "1L",
    "1e5",
    "1e",
    "0x",
    ".5",
    "TRUE",
    "NULL",
    "NA",
    "Inf",
    "...",
    "..1",
    "_",
    "# c",
    "#|",
    "# c3: output",
    "# apt install x",
    "\u{0}",
    "\u{a0}",
    "é",
    "\r\n",
    "unset",
    "names",
    "remotes::install_github",
    "pacman::p_load",
];

const SAMPLES: &[&str] =
    &[include_str!("../samples/model_training.R"), include_str!("../samples/packages.R")];

/// The pieces of a text: words, blanks and single signs.
fn pieces(text: &str) -> Vec<&str> {
    let class = |character: char| match character {
        character if character.is_alphanumeric() || matches!(character, '.' | '_') => 0,
        ' ' => 1,
        _ => 2,
    };
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut last = None;
    for (at, character) in text.char_indices() {
        if last.is_some_and(|last| last != class(character) || last == 2) {
            pieces.push(&text[start..at]);
            start = at;
        }
        last = Some(class(character));
    }
    pieces.push(&text[start..]);
    pieces
}

/// One change of a text.
#[derive(Debug, Clone)]
enum Change {
    Delete(usize, usize),
    Double(usize, usize),
    Swap(usize, usize),
    Insert(usize, &'static str),
    Splice(usize, usize, usize),
}

fn change() -> impl Strategy<Value = Change> {
    let place = any::<usize>;
    prop_oneof![
        2 => (place(), 1_usize..4).prop_map(|(at, count)| Change::Delete(at, count)),
        1 => (place(), 1_usize..8).prop_map(|(at, count)| Change::Double(at, count)),
        2 => (place(), place()).prop_map(|(one, other)| Change::Swap(one, other)),
        2 => (place(), select(TOKENS)).prop_map(|(at, token)| Change::Insert(at, token)),
        1 => (place(), place(), 1_usize..20).prop_map(|(at, from, count)| Change::Splice(at, from, count)),
    ]
}

fn changed(text: &str, donor: &str, changes: &[Change]) -> String {
    let donor = pieces(donor);
    let mut parts = pieces(text);
    for change in changes {
        let length = parts.len().max(1);
        match *change {
            Change::Delete(at, count) => {
                let at = at % length;
                parts.drain(at.min(parts.len())..(at + count).min(parts.len()));
            }
            Change::Double(at, count) => {
                let at = at % length;
                let copy: Vec<&str> = parts.iter().skip(at).take(count).copied().collect();
                parts.splice(at.min(parts.len())..at.min(parts.len()), copy);
            }
            Change::Swap(one, other) if !parts.is_empty() => parts.swap(one % length, other % length),
            Change::Swap(..) => {}
            Change::Insert(at, token) => parts.insert(at % length.min(parts.len() + 1), token),
            Change::Splice(at, from, count) => {
                let from = from % donor.len();
                let at = (at % length).min(parts.len());
                parts.splice(at..at, donor.iter().skip(from).take(count).copied());
            }
        }
    }
    parts.concat()
}

fn mutated() -> impl Strategy<Value = String> {
    let base = prop_oneof![
        4 => script().prop_map(|script| script.text()),
        3 => select(SAMPLES).prop_map(ToOwned::to_owned),
        2 => vec(select(TOKENS), 0..40).prop_map(|tokens| tokens.concat()),
        2 => vec(select(TOKENS), 0..40).prop_map(|tokens| tokens.join(" ")),
    ];
    (base, script(), vec(change(), 0..4))
        .prop_map(|(base, donor, changes)| changed(&base, &donor.text(), &changes))
}

/// The long run; tells how many had a syntax tree.
#[test]
#[ignore = "takes many minutes"]
fn a_million_inputs() {
    let mut parsed = 0_u32;
    let run = long_run(&mutated(), |text| parsed += u32::from(is_parsed(text)));
    eprintln!("{run}: {parsed} with a syntax tree");
    assert!(parsed > run.inputs / 5, "mutations leave too little that parses: {parsed} of {}", run.inputs);
    assert!(run.slowest < Duration::from_secs(10), "{:?}", run.slowest);
}

/// Reads a text; whether it has a syntax tree.
fn is_parsed(text: &str) -> bool {
    let source = Source::new("script.R", Language::R, text.to_owned());
    let reading = frontend::read(&source);
    reading.diagnostics.iter().all(|diagnostic| diagnostic.code != "syntax-error")
}

// -------------------------------------------------------------------------------------------------------- extremes

#[test]
fn extreme_inputs_are_handled_in_time() {
    let many = 300_000;
    let cases = [
        "(".repeat(1_000_000),
        "{".repeat(1_000_000),
        "x[".repeat(1_000_000),
        "\"".repeat(1_000_001),
        "`".repeat(1_000_001),
        "r\"(".repeat(many),
        "!".repeat(1_000_000),
        "a$".repeat(many),
        "if (a)\n".repeat(many),
        "function(x) ".repeat(many),
        "f()".repeat(many),
        "a b ".repeat(50_000),
        "a b\n".repeat(50_000),
        "f(1 2)\n".repeat(50_000),
        "+* ".repeat(many),
        format!("x <- {}1", "a -> ".repeat(4000)),
        format!("{}1", "a +\n".repeat(4000)),
        "x |> f() |> ".repeat(3000) + "g()",
        format!("x <- '{}'", "a".repeat(16_000_000)),
        "# comment\n".repeat(100_000),
        "\n".repeat(1_000_000),
        ";".repeat(1_000_000),
        format!("install.packages(c({}))", "'p', ".repeat(20_000) + "'q'"),
        "Sys.getenv('x')\n".repeat(20_000),
        (0..20_000).map(|at| format!("install.packages('p{at}')\nlibrary(q{at})\n")).collect(),
        (0..20_000).map(|at| format!("Sys.setenv(v{at} = 1)\n")).collect(),
        format!("{}1{}", "f(".repeat(99), ")".repeat(99)),
        (0..5_000).map(|at| format!("x{} <- paste0(x{at}, x{at})\n", at + 1)).collect::<String>(),
        "\\".repeat(many),
        "%".repeat(many),
        "\u{0}".repeat(many),
        "é".repeat(many),
        "Sys.getenv(".repeat(90) + "'x'" + &")".repeat(90),
    ];
    for text in cases {
        let begun = Instant::now();
        read(&text);
        let start: String = text.chars().take(20).collect();
        assert!(begun.elapsed() < Duration::from_mins(1), "{start:?} took {:?}", begun.elapsed());
    }
}
