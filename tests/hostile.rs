//! Hostile sources: scripts that are generated together with the interface they must be read as, random and broken
//! text, and extremes of nesting and size. `PROPTEST_CASES` sets how many scripts are tried.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that can't go on fails")]
#![expect(clippy::format_push_string, reason = "scripts are put together piece by piece")]

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use c3::backend::{self, Operator, RequirementFile, Settings, TARGETS, prelude};
use c3::component::Component;
use c3::diagnostic::{Diagnostic, Severity};
use c3::display;
use c3::frontend;
use c3::job::Job;
use c3::language::Language;
use c3::reference::ImageName;
use c3::report::terminal::render;
use c3::source::Source;
use c3::stamp::Stamp;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use regex::Regex;
use ruff_python_ast::{DictItem, Expr, Number, Stmt};
use serde_json::{Map, Value, json};

mod effort;
mod patience;

use effort::cases;
use patience::status;

// ---------------------------------------------------------------------------------------------------------- texts

const FRAGMENTS: &[&str] = &[
    "\"",
    "'",
    "`",
    "\\",
    "\\n",
    "'''",
    "\"\"\"",
    "{{ x }}",
    "{{",
    "}}",
    "{% raw %}",
    "{# c #}",
    "${HOME}",
    "$(id)",
    "$$",
    "$",
    "#",
    " # ",
    ": ",
    ":",
    "- x",
    "yes",
    "1e3",
    "null",
    "~",
    "0o12",
    "!!str x",
    "&a",
    "*a",
    "|",
    ">",
    "%",
    "@",
    "?",
    "[",
    "]",
    ",",
    "=",
    "\n",
    "\r",
    "\r\n",
    "\t",
    " ",
    "   ",
    "\\\n",
    "\nRUN id\n",
    "\nFROM x\n",
    "\n---\n",
    "\n...\n",
    "<<EOF",
    "\nEOF\n",
    "; id",
    "&& id",
    "--x=",
    "%s",
    "true",
    "2026-11-21",
    "1_000",
    "0x1F",
    ".inf",
    "<<",
    "\0",
    "\u{1}",
    "\u{7}",
    "\u{c}",
    "\u{1b}[31m",
    "\u{1c}",
    "\u{7f}",
    "\u{80}",
    "\u{85}",
    "\u{9b}",
    "\u{a0}",
    "\u{2028}",
    "\u{2029}",
    "\u{200b}",
    "\u{202e}",
    "\u{2066}",
    "\u{feff}",
    "\u{fffd}",
    "\u{fffe}",
    "\u{ffff}",
    "é",
    "e\u{301}",
    "漢字",
    "🎉",
    "\u{10ffff}",
    "\u{1f468}\u{200d}\u{1f469}",
    "a",
    "Z9",
    "os.getenv('decoy')",
    "c3: ignore",
    "pip install evil",
    "/// script",
];

/// A text of fragments that break naive generators, sometimes very long.
fn text() -> impl Strategy<Value = String> {
    let fragment = prop_oneof![9 => select(FRAGMENTS).prop_map(ToOwned::to_owned), 2 => any::<char>().prop_map(String::from)];
    let short = vec(fragment, 0..7).prop_map(|fragments| fragments.concat());
    prop_oneof![60 => short.clone(), 1 => short.prop_map(|text| long(&text))]
}

/// A text without line ends, as a comment takes it.
/// A text as long as texts that are put together may be.
fn long(text: &str) -> String {
    text.repeat(4000.min((1 << 16) / text.len().max(1)))
}

fn line() -> impl Strategy<Value = String> {
    text().prop_map(|text| text.replace(['\n', '\r', '\0'], " "))
}

/// White space and control characters folded to single blanks.
fn folded(text: &str) -> String {
    let words = text.split(|character: char| character.is_whitespace() || character.is_control());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A Python literal, in one of many spellings.
fn literal(text: &str, style: u8) -> String {
    let escape = |special: &str| -> String {
        text.chars()
            .map(|character| match character {
                '\n' if !special.contains('\n') => "\\n".to_owned(),
                '\r' => "\\r".to_owned(),
                '\0' => "\\x00".to_owned(),
                '{' | '}' if special.contains('{') => [character, character].iter().collect(),
                character if special.contains(character) && character != '\n' => format!("\\{character}"),
                character => character.to_string(),
            })
            .collect()
    };
    let raw = !text.contains(['\'', '\n', '\r', '\0', '\\']);
    match style % 9 {
        0 => format!("\"{}\"", escape("\\\"")),
        1 => format!("\"\"\"{}\"\"\"", escape("\\\"\n")),
        2 => format!("'''\\\n{}'''", escape("\\'\n")),
        3 => format!("'{}'", text.chars().map(numeric_escape).collect::<String>()),
        4 if raw => format!("r'{text}'"),
        5 => format!("f'{}'", escape("\\'{}")),
        6 => halves(text, |half| literal(half, style / 9), " "),
        7 => halves(text, |half| literal(half, style / 9), " + "),
        8 => format!("u'{}'", escape("\\'")),
        _ => format!("'{}'", escape("\\'")),
    }
}

fn numeric_escape(character: char) -> String {
    match u32::from(character) {
        code @ 0..0x40 => format!("\\{code:03o}"),
        code @ 0x40..0x100 => format!("\\x{code:02x}"),
        code @ 0x100..0x10000 => format!("\\u{code:04X}"),
        code => format!("\\U{code:08x}"),
    }
}

fn halves(text: &str, write: impl Fn(&str) -> String, between: &str) -> String {
    let middle = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
    // Literals of one kind on both sides, lest `u''` meets an f-string, which Python refuses to join.
    format!("{}{between}{}", write(&text[..middle]), write(&text[middle..]))
}

// -------------------------------------------------------------------------------------------------------- scripts

/// What a read gives when the variable isn't set, as source and as the value that is meant.
#[derive(Debug, Clone)]
enum Given {
    Missing,
    Optional(&'static str),
    Text(String),
    Code(&'static str, &'static str),
}

/// A variable, how it is written into the script and how it must be read.
#[derive(Debug, Clone)]
struct Variable {
    name: String,
    cast: &'static str,
    given: Given,
    style: u8,
    form: usize,
    place: usize,
    comments: Vec<String>,
    directive: Option<&'static str>,
    /// Before, after or instead of the read.
    written: Option<Written>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Written {
    First,
    Later,
    Only,
}

const STRINGS: &[(&str, &str)] = &[
    ("5", "5"),
    ("1.5", "1.5"),
    ("True", "True"),
    ("60*60", "3600"),
    ("1e16", "1e+16"),
    ("1e-5", "1e-05"),
    ("0.1+0.2", "0.30000000000000004"),
    ("f'{1+1}a'", "2a"),
    ("'a' \"b\"", "ab"),
    ("'ab'*2", "abab"),
    ("-0.0", "-0.0"),
    ("10**20", "100000000000000000000"),
    ("7//-2", "-4"),
    ("-7%3", "2"),
    ("1/4", "0.25"),
    ("0x1F", "31"),
    ("1_000", "1000"),
    ("~5", "-6"),
    ("CONSTANT", "constant"),
    ("CONSTANT + '/x'", "constant/x"),
    ("f'{CONSTANT}{SIZE}'", "constant42"),
    ("(\n'in '  # not part of it\n'parentheses'\n)", "in parentheses"),
    ("rb'x'[0]", ""),
];
const INTEGERS: &[(&str, &str)] = &[
    ("5", "5"),
    ("'5'", "5"),
    ("-3", "-3"),
    ("60*60", "3600"),
    ("0o17", "15"),
    ("'007'", "7"),
    ("' 8 '", "8"),
    ("'+9'", "9"),
    ("True", "1"),
    ("1.9", "1"),
    ("2**62", "4611686018427387904"),
    ("'1_000'", "1000"),
    ("SIZE // 4", "10"),
    ("-0", "0"),
    ("'-0'", "0"),
];
const FLOATS: &[(&str, &str)] = &[
    ("1.5", "1.5"),
    ("'1e3'", "1e3"),
    ("5", "5"),
    ("1e-7", "1e-07"),
    ("1e300", "1e+300"),
    ("'.5'", ".5"),
    ("-1.", "-1.0"),
    ("SIZE / 4", "10.5"),
    ("'1_0.5'", "1_0.5"),
    ("5e-324", "5e-324"),
    ("123456789.125", "123456789.125"),
];
const BOOLEANS: &[(&str, &str)] = &[
    ("True", "True"),
    ("False", "False"),
    ("1", "True"),
    ("0", "False"),
    ("'true'", "True"),
    ("'no'", "False"),
    ("''", "False"),
    ("0.0", "False"),
];

fn values(cast: &str) -> &'static [(&'static str, &'static str)] {
    match cast {
        "int" => INTEGERS,
        "float" => FLOATS,
        "bool" => BOOLEANS,
        _ => STRINGS,
    }
}

/// Reads with a default, `«` stands for the name and `»` for the default.
const WITH_DEFAULT: &[&str] = &[
    "os.getenv(«, »)",
    "os.getenv(«, default=»)",
    "os.getenv(key=«, default=»)",
    "os.environ.get(«, »)",
    "os.environ.get(«, default=»)",
    "o.getenv(«, »)",
    "g(«, »)",
    "e.get(«, »)",
    "env.get(«, »)",
    "os.environ.setdefault(«, »)",
    "os.environ.get(\n    «,\n    »,\n)",
    "os.getenv(  # why\n    «,  # 'what'\n    default=»  # os.getenv('decoy')\n)",
    "(os).environ . get ( « , » )",
];
const WITHOUT_DEFAULT: &[&str] = &[
    "os.getenv(«)",
    "os.environ.get(«)",
    "os.environ[«]",
    "e[«]",
    "g(«)",
    "g(key=«)",
    "o.environ[\n    «\n]",
    "env[ « ]",
    "os.getenv(\n«\n)",
];

/// Where a read may stand: `«` for the comments above it, `»` for the read.
const PLACES: &[&str] = &[
    "«v = »\n",
    "«print(»)\n",
    "«v: str = »\n",
    "«v = [», 1]\n",
    "«v = {'k': », **w}\n",
    "«v = f'{»}'\n",
    "«v = f\"a{» :>{w}}b{{\"\n",
    "«v = f'{f\"{»}\"}' 'x'\n",
    "«v = f'{w:{»}}'\n",
    "«v = t'{»}'\n",
    "«v = lambda: »\n",
    "«v = 1 if » else 2\n",
    "«v = [x for x in »]\n",
    "«v = [» for x in w]\n",
    "«if »: pass\n",
    "«while »: break\n",
    "«assert », 'message'\n",
    "«v = -len(»)\n",
    "«v = w[»]\n",
    "«v = (y := »)\n",
    "«print(*[», w], sep='')\n",
    "«print(**{'end': »})\n",
    "«v = (»).strip()\n",
    "«v = not » and w\n",
    "«v = w @ »\n",
    "«del w[»]\n",
    "if undecided:\n    «raise E(») from None\n",
    "«with open(») as w: pass\n",
    "«for i in »: pass\n",
    "def f():\n    «return »\nw(f)\n",
    "«def f(a=»): pass\n",
    "«@w(»)\ndef f(): pass\n",
    "class C(D):\n    a: int\n    «b = »\n",
    "async def f():\n    x = 1\n    «await w(»)\nw(f)\n",
    "def f():\n\t«yield »\nw(f)\n",
    "try:\n    «v = »\nexcept* E: pass\n",
    "match w:\n    case {'x': [*_]} if w:\n        «v = »\n",
    "«match »:\n    case _: pass\n",
    "v = [\n    1,\n    «»,\n]\n",
    "v = w(\n    1,\n    «k=»,\n)\n",
    "v = {\n    'a': 1,\n    «'b': »,\n}\n",
    "if w:\n    pass\nelif w:\n    def g1():\n        if w:\n            «v = »\n    w(g1)\n",
    "«v = 1; u = »; x = 2\n",
    "«type_ = 1, »,\n",
    "«def f() -> »: pass\n",
    "«global_ = w if w else (», 1)\n",
    "«v = w \\\n    + str(»)\n",
    "«x = w < » < w\n",
    "«with (open(») as a, b): pass\n",
    "«v = {**{'a': »}}['a']\n",
    "«if (z := 1) and »: pass\n",
    "«v = w[1:», ...]\n",
];

/// How places begin where a value is only tested.
const TESTS: &[&str] = &["«v = 1 if »", "«if »", "«while »", "«v = not »", "«if (z := 1)", "«match »"];

/// Where a variable is set: `«` for the comments above, `»` for the name.
const WRITES: &[&str] = &[
    "«os.environ[»] = str(1)\n",
    "«e[»] = 'x'\n",
    "«a, o.environ[»] = 1, 2\n",
    "def f():\n    «env[»] = '1'\n",
    "«os.environ[»]: str = 'v'\n",
    "«for os.environ[»] in undecided: pass\n",
    "«with open(a) as os.environ[»]: pass\n",
    "«a = os.environ[»] = 'b'\n",
    "if undecided:\n    «o.environ[»] = 'x'\n",
    "«(os.environ[»]) = 'x'\n",
    "«[a, *b, os.environ[»]] = 1, 2, 3\n",
    "«os.environ[\n    »\n] = 'x'\n",
];

/// Code that reads nothing.
const DECOYS: &[&str] = &[
    "s = \"os.getenv('decoy')\"\n",
    "# os.environ['decoy'] = 1\n",
    "def d():\n    '''os.getenv('decoy', 1)'''\n",
    "s = f'os.getenv(\"decoy\") {{os.getenv(1)}}'\n",
    "s = '''\n# pip install decoy\nos.environ['decoy'] = '1'\n'''\n",
    "x.environ['decoy'] = x.getenv('decoy')\n",
    "s = r\"\\\"  # pip install decoy\"\n",
    "v = w.get('decoy')\n",
    "s = b'os.getenv(\"decoy\")'\n",
    "if 0: pass; s = '# c3: ignore'\n",
    "os.getenv\n",
    "os.environ\n",
];

const NAMES: &[&str] = &[
    "yes",
    "null",
    "on",
    "~",
    "1e3",
    "0o12",
    "password",
    "api_key",
    "my token",
    "größe",
    "max_tokens",
    "tokenizer",
    "log_level",
    "class",
    "x-y",
    "x.y",
    "1st",
    "A B",
    "id",
    "name",
    "type",
    "DB_CONNECTION",
    "Secret_Name",
    "connection",
    "S3_ACCESS_KEY_ID",
    "private_keys",
    "PATH",
    "PYTHONPATH",
    "LC_ALL",
    "HOMER",
    "self",
    "inputs",
    "$(x)",
    "{{x}}",
    "a'b",
    "__class__",
    "ключ",
    "🎉",
    "--x",
    "-",
    "CREDENTIALS",
    "to_ken",
    "nontoken",
];

fn name() -> impl Strategy<Value = String> {
    let cut = |text: String| text.chars().take(40).collect();
    prop_oneof![4 => "[a-zA-Z][a-z0-9_]{0,12}", 2 => select(NAMES).prop_map(ToOwned::to_owned), 2 => text().prop_map(cut)]
}

fn given(cast: &'static str) -> impl Strategy<Value = Given> {
    let text =
        text().prop_map(move |text| if cast.is_empty() { Given::Text(text) } else { Given::Optional("w") });
    prop_oneof![
        2 => Just(Given::Missing),
        1 => select(&["None", "w", "len(w)", "os.path.join(w, 'b')"][..]).prop_map(Given::Optional),
        4 => text,
        3 => select(values(cast)).prop_map(|(code, value)| if value.is_empty() { Given::Optional(code) } else { Given::Code(code, value) }),
    ]
}

fn variable() -> impl Strategy<Value = Variable> {
    let cast = prop_oneof![6 => Just(""), 2 => Just("int"), 2 => Just("float"), 1 => Just("bool")];
    let directive =
        prop_oneof![8 => Just(None), 1 => select(&["secret", "not-secret", "ignore"][..]).prop_map(Some)];
    let written = prop_oneof![6 => Just(None), 1 => Just(Some(Written::First)), 1 => Just(Some(Written::Later)), 2 => Just(Some(Written::Only))];
    let comments = vec(line().prop_map(|text| format!("about {text}")), 0..3);
    let look = (any::<u8>(), any::<prop::sample::Index>(), any::<prop::sample::Index>());
    (name(), cast.prop_flat_map(|cast| (Just(cast), given(cast))), look, comments, directive, written)
        .prop_map(|(name, (cast, given), (style, form, place), comments, directive, written)| {
            let forms = if matches!(given, Given::Missing) { WITHOUT_DEFAULT } else { WITH_DEFAULT };
            let place = if directive.is_some() { 0 } else { place.index(PLACES.len()) };
            Variable {
                name,
                cast,
                given,
                style,
                form: form.index(forms.len()),
                place,
                comments,
                directive,
                written,
            }
        })
}

impl Variable {
    fn read(&self) -> String {
        let name = literal(&self.name, self.style);
        let read = match &self.given {
            Given::Missing => WITHOUT_DEFAULT[self.form].replacen('«', &name, 1),
            given => {
                let default = match given {
                    Given::Text(text) => literal(text, self.style.rotate_left(3)),
                    Given::Optional(code) | Given::Code(code, _) => (*code).to_owned(),
                    Given::Missing => unreachable!(),
                };
                fill(WITH_DEFAULT[self.form], &name, &default)
            }
        };
        if self.cast.is_empty() { read } else { format!("{}({read})", self.cast) }
    }

    /// The read at its place below its comments.
    fn reading(&self) -> String {
        let code = placed(PLACES[self.place], &self.comments, &self.read());
        match self.directive {
            Some(directive) => format!("{}  # c3: {directive}\n", code.trim_end()),
            None => code,
        }
    }

    fn writing(&self) -> String {
        let comments: &[String] = if self.written == Some(Written::Only) { &self.comments } else { &[] };
        placed(WRITES[self.form % WRITES.len()], comments, &literal(&self.name, self.style))
    }

    fn code(&self) -> String {
        match self.written {
            None => self.reading(),
            Some(Written::Only) => self.writing(),
            Some(Written::First) => format!("{}\n{}", self.writing(), self.reading()),
            Some(Written::Later) => format!("{}\n{}", self.reading(), self.writing()),
        }
    }

    /// A directive counts where it stands, beside the read.
    fn directed(&self, directive: &str) -> bool {
        self.written != Some(Written::Only) && self.directive == Some(directive)
    }

    fn is_part_of_interface(&self) -> bool {
        let possible = !self.name.is_empty() && !self.name.contains(['=', '\0']);
        let directed = self.directed("secret") || self.directed("not-secret");
        possible && (!is_system(&self.name) || directed) && !self.directed("ignore")
    }

    fn kind(&self) -> &'static str {
        match self.cast {
            "int" => "Integer",
            "float" => "Float",
            "bool" => "Boolean",
            _ => "String",
        }
    }

    fn is_secret(&self) -> bool {
        let is_string = self.cast.is_empty()
            || self.written == Some(Written::Only)
            || (self.written == Some(Written::First) && !self.is_perhaps_written());
        self.directed("secret") || (!self.directed("not-secret") && is_string && is_secret_name(&self.name))
    }

    fn description(&self) -> Option<String> {
        (!self.comments.is_empty()).then(|| folded(&self.comments.join(" ")))
    }

    fn is_input(&self) -> bool {
        self.is_part_of_interface()
            && (matches!(self.written, None | Some(Written::Later)) || self.is_perhaps_written())
    }

    /// Whether it is written before it is read, but not on every way.
    fn is_perhaps_written(&self) -> bool {
        let write = WRITES[self.form % WRITES.len()];
        self.written == Some(Written::First)
            && ["def", "if", "«for"].iter().any(|begin| write.starts_with(begin))
    }

    /// Whether a read that fails nowhere is only tested.
    fn is_tested(&self) -> bool {
        let is_soft = !WITHOUT_DEFAULT[self.form % WITHOUT_DEFAULT.len()].contains('[');
        let place = PLACES[self.place];
        let asks = TESTS.iter().any(|test| place.starts_with(test));
        is_soft && !place.starts_with("«assert") && (self.cast == "bool" || (self.cast.is_empty() && asks))
    }

    /// Whether it is read in a function that is run, if ever, when the variable is written for certain.
    fn is_called_later(&self) -> bool {
        let place = PLACES[self.place];
        let is_function = ["lambda: »", "return »", "await w(»)", "yield »", "def g1()"];
        let is_certain = !WRITES[self.form % WRITES.len()].starts_with("def");
        self.written == Some(Written::Later)
            && is_certain
            && is_function.iter().any(|part| place.contains(part))
    }

    /// Whether the program fails with the default that it has.
    fn is_demanded(&self) -> bool {
        let is_nothing = match &self.given {
            Given::Text(text) => text.is_empty(),
            Given::Optional(code) => *code == "None",
            Given::Code(code, value) => match self.cast {
                "" => ["''", "-0.0"].contains(code),
                // A text that says no is a text, which Python takes for true.
                "bool" => *value == "False" && *code != "'no'",
                _ => value.parse() == Ok(0.0),
            },
            Given::Missing => false,
        };
        let place = PLACES[self.place];
        let is_refused =
            place.starts_with("«assert") && is_nothing || place.contains("open(»)") && self.is_empty_text();
        is_refused && !self.is_perhaps_written()
    }

    /// Whether its default is an empty text.
    fn is_empty_text(&self) -> bool {
        let is_empty = match &self.given {
            Given::Text(text) => text.is_empty(),
            Given::Code(code, _) => *code == "''",
            Given::Optional(_) | Given::Missing => false,
        };
        is_empty && self.cast.is_empty()
    }

    fn is_required(&self) -> bool {
        let is_free = self.is_perhaps_written() || self.is_called_later() || self.is_tested();
        (matches!(self.given, Given::Missing) && !is_free) || self.is_demanded()
    }

    fn is_output(&self) -> bool {
        let is_key = self.name.to_lowercase().ends_with("_key") && !self.directed("not-secret");
        self.is_part_of_interface() && self.written.is_some() && !self.is_secret() && !is_key
    }

    fn default(&self) -> Option<&str> {
        match &self.given {
            // An environment can't hold NUL, and the parser has U+FFFD for whatever is no character.
            Given::Text(text) if text.contains(['\0', '\u{fffd}']) => None,
            Given::Text(text) => Some(text),
            Given::Code(_, value) => Some(value),
            _ => None,
        }
    }

    fn as_input(&self) -> Value {
        json!({
            "name": self.name, "type": self.kind(), "default": self.default().filter(|_| !self.is_secret() && !self.is_required()), "required": self.is_required(),
            "secret": self.is_secret(), "description": self.description(),
        })
    }

    fn as_output(&self) -> Value {
        json!({"name": self.name, "type": "String", "description": self.description()})
    }
}

/// The spec's list of names that belong to the system.
fn is_system(name: &str) -> bool {
    let names = "PATH HOME USER SHELL PWD LANG TMPDIR HOSTNAME DISPLAY JAVA_HOME R_HOME R_LIBS";
    let prefixes = "LC_ LD_ PYTHON CUDA_ NVIDIA_ NCCL_ OMP_ MKL_ OPENBLAS_ TF_ XLA_ KERAS_ TOKENIZERS_ PYTORCH_ PYSPARK_ KUBERNETES_";
    names.split(' ').any(|system| system == name)
        || prefixes.split(' ').any(|prefix| name.starts_with(prefix))
}

/// The spec's rule for secrets; what is no letter or digit parts words as `_` does.
fn is_secret_name(name: &str) -> bool {
    let name = name.to_lowercase().replace(|character: char| !character.is_alphanumeric(), "_");
    let words = ["password", "passwd", "secret", "token", "credential", "credentials"];
    let parts = ["api_key", "access_key", "private_key", "connection_string"];
    name.split('_').any(|word| words.contains(&word))
        || parts.iter().any(|part| name.contains(part))
        || name.ends_with("_connection")
}

/// Replaces `«` and `»` without looking at what was put in.
fn fill(template: &str, first: &str, second: &str) -> String {
    let (before, rest) = template.split_once('«').unwrap();
    let (between, after) = rest.split_once('»').unwrap();
    [before, first, between, second, after].concat()
}

/// Puts comments, each on a line of its own, and code into a template.
fn placed(template: &str, comments: &[String], code: &str) -> String {
    let before = template.split('«').next().unwrap();
    let indent = &before[before.rfind('\n').map_or(0, |at| at + 1)..];
    let comments: String = comments.iter().map(|comment| format!("# {comment}\n{indent}")).collect();
    fill(template, &comments, code)
}

/// A script with everything that it must be read as.
#[derive(Debug, Clone)]
struct Script {
    docstring: Option<(String, u8)>,
    variables: Vec<(Variable, &'static str)>,
    pip: Vec<Vec<String>>,
    metadata: Vec<String>,
    system: bool,
    settings: Settings,
}

/// Packages of an index, or with a URL of their own.
const PACKAGES: &[&str] = &[
    "numpy",
    "pandas==2.1",
    "torch[cpu]>=2,<3",
    "x; python_version<'3.13'",
    "y @ https://e.example/y-1-py3-none-any.whl?a=$HOME&b=*",
];

/// What else pip can be told, as one or two words.
const OPTIONS: &[&[&str]] = &[
    &["--index-url", "https://e.example/simple?a=b&c=d"],
    &["-U"],
    &["git+https://e.example/y@v1#egg=z"],
    &["$HOME/x"],
];

/// An argument of pip's, as one word or two: a package, an option, or a wheel whose name is all that a name can be.
fn argument() -> impl Strategy<Value = Vec<String>> {
    let owned = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
    let wheel = line().prop_map(|line| {
        let is_part = |c: &char| {
            !c.is_control() && !c.is_whitespace() && !"\\:`#?;@[]".contains(*c) && !display::is_hidden(*c)
        };
        let name: String = line.chars().filter(is_part).take(2000).collect();
        vec![format!("./{}.whl", name.replace("$(", "$"))]
    });
    prop_oneof![
        3 => select(PACKAGES.to_vec()).prop_map(|package| vec![package.to_owned()]),
        1 => select(OPTIONS.to_vec()).prop_map(owned),
        1 => wheel,
    ]
}

/// The arguments of one command, a package among them.
fn install() -> impl Strategy<Value = Vec<String>> {
    let package = select(PACKAGES.to_vec()).prop_map(|package| vec![package.to_owned()]);
    (package, vec(argument(), 0..3)).prop_map(|(first, rest)| [first, rest.concat()].concat())
}

/// A job with the volumes that can be written as such.
fn job(generate_name: bool, volumes: &[(String, String)]) -> Job {
    let volumes = volumes.iter().enumerate();
    let volumes = volumes.map(|(at, (folder, place))| format!("claim-{at}/{folder}:{at}{place}").parse());
    let volumes = volumes.filter_map(Result::ok).collect();
    Job { generate_name: Some(generate_name), volumes, ..Job::default() }
}

fn settings() -> impl Strategy<Value = Settings> {
    let path = || line().prop_map(|text| text.replace('/', "_").chars().take(60).collect::<String>());
    let folder =
        prop_oneof![2 => Just(String::new()), 1 => path().prop_map(|folder| format!("sub {folder}/"))];
    let stem = path().prop_map(|text| format!("op{text}").chars().take(40).collect::<String>());
    let base = prop_oneof![3 => Just("registry.access.redhat.com/ubi8/python-312".to_owned()), 1 => text().prop_map(|text| text.chars().take(1000).collect())];
    let job = (any::<bool>(), vec((path(), path()), 0..3))
        .prop_map(|(generate_name, volumes)| job(generate_name, &volumes));
    (stem, folder, vec(path(), 0..3), base, any::<bool>(), job).prop_map(
        |(stem, folder, files, base_image, logging, job)| Settings {
            stamp: Stamp { component: "0123456789ab".to_owned(), ..Stamp::now() },
            image: ImageName::new("registry.example:5000/ns/claimed-op", "0.1").unwrap(),
            base_image,
            folder,
            dockerfile: format!("{stem}.Dockerfile"),
            stem,
            files,
            logging,
            job,
            ..Settings::default()
        },
    )
}

fn script() -> impl Strategy<Value = Script> {
    let docstring = prop::option::weighted(0.9, (text(), any::<u8>()));
    let decoy = prop_oneof![2 => Just(""), 1 => select(DECOYS)];
    let pip = vec(install(), 0..3);
    let metadata = vec(select(PACKAGES.to_vec()).prop_map(ToOwned::to_owned), 0..3);
    (docstring, vec((variable(), decoy), 0..7), pip, metadata, any::<bool>(), settings()).prop_map(
        |(docstring, variables, pip, metadata, system, settings)| {
            Script { docstring, variables, pip, metadata, system, settings }.with_own_names()
        },
    )
}

impl Script {
    /// Renames variables that would fold to the name of another.
    fn with_own_names(mut self) -> Self {
        let mut taken = BTreeSet::from(["log_level".to_owned()]);
        let mut has_log_level = false;
        let key = |name: &str| id(name).to_lowercase().trim_matches('_').to_owned();
        for (at, (variable, _)) in self.variables.iter_mut().enumerate() {
            if variable.name == "log_level" && !std::mem::replace(&mut has_log_level, true) {
                continue;
            }
            if key(&variable.name).is_empty() || taken.contains(&key(&variable.name)) {
                variable.name += &format!("x{at}");
            }
            while !taken.insert(key(&variable.name)) {
                variable.name.push('y');
            }
        }
        self
    }

    fn source(&self) -> Source {
        Source::new(format!("{}.py", self.settings.stem), Language::Python, self.text())
    }

    fn text(&self) -> String {
        let mut text = String::new();
        if let Some((docstring, style)) = &self.docstring {
            // An f-string or a sum is no docstring.
            let style = if matches!(style % 9, 5..=7) { 0 } else { *style };
            text += &format!("{}\n", literal(docstring, style));
        }
        text += "import os, sys\nimport os as o\nfrom os import environ as e, getenv as g\nenv = os.environ\nCONSTANT = 'constant'\nSIZE: int = 42\n\n";
        text += &self
            .pip
            .iter()
            .map(|words| {
                format!("# pip install {}\n\n", shlex::try_join(words.iter().map(String::as_str)).unwrap())
            })
            .collect::<String>();
        if !self.metadata.is_empty() {
            let entries: String =
                self.metadata.iter().map(|entry| format!("#   {},\n", json!(entry))).collect();
            text += &format!(
                "# /// script\n# requires-python = '>=3.9'\n# dependencies = [\n{entries}# ]\n# ///\n\n"
            );
        }
        text += if self.system { "# dnf install -y git\n\n" } else { "" };
        text += &self
            .variables
            .iter()
            .map(|(variable, decoy)| format!("{}\n{decoy}\n", variable.code()))
            .collect::<String>();
        text
    }

    fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.variables.iter().map(|(variable, _)| variable)
    }

    /// The inputs as engines see them, `log_level` among them.
    fn parameters(&self) -> Vec<Value> {
        let mut inputs: Vec<Value> =
            self.variables().filter(|variable| variable.is_input()).map(Variable::as_input).collect();
        let declared = self
            .variables()
            .any(|variable| variable.name == "log_level" && (variable.is_input() || variable.is_output()));
        if self.settings.logging && !declared {
            inputs.push(json!({
                "name": "log_level", "type": "String", "default": "INFO", "required": false, "secret": false,
                "description": "Level of the log messages: DEBUG, INFO, WARNING, ERROR or CRITICAL",
            }));
        }
        for input in &mut inputs {
            input["id"] = json!(id(input["name"].as_str().unwrap()));
        }
        inputs
    }

    /// The outputs as engines see them: an id that an input has too gets the suffix `_output`.
    fn outcomes(&self) -> Vec<Value> {
        let outputs: Vec<&Variable> = self.variables().filter(|variable| variable.is_output()).collect();
        let inputs: BTreeSet<String> =
            self.parameters().iter().map(|input| input["id"].as_str().unwrap().to_owned()).collect();
        let mut taken: BTreeSet<String> =
            inputs.iter().cloned().chain(outputs.iter().map(|output| output_id(&output.name))).collect();
        let outcome = |output: &&Variable| {
            let mut id = output_id(&output.name);
            while inputs.contains(id.trim_end_matches("_output")) && taken.contains(&id) {
                id += "_output";
            }
            taken.insert(id.clone());
            json!({"id": id, "name": output.name, "type": "String", "description": output.description()})
        };
        outputs.iter().map(outcome).collect()
    }
}

/// The same for an output, whose name may not begin with `_` in kfp 1.8.
fn output_id(name: &str) -> String {
    let id = id(name);
    if id.starts_with('_') { format!("output{id}") } else { id }
}

/// A name in letters, digits and `_`, as Kubeflow and CWL need it.
fn id(name: &str) -> String {
    let first = if name.starts_with(|first: char| first.is_ascii_digit()) { "_" } else { "" };
    let letter = |character: char| match character {
        character if character.is_ascii_alphanumeric() || character == '_' => character.to_string(),
        character if character.is_ascii() => "_".to_owned(),
        character => format!("u{:04x}", u32::from(character)),
    };
    let reserved = "and as assert async await break class continue def del elif else except finally for from global \
                    if import in is lambda nonlocal not or pass raise return self try while with yield";
    let reserved: Vec<_> = reserved.split_whitespace().collect();
    let last = if reserved.contains(&name.to_lowercase().trim_matches('_')) { "_value" } else { "" };
    first
        .chars()
        .map(String::from)
        .chain(name.chars().map(letter))
        .chain(last.chars().map(String::from))
        .collect()
}

// --------------------------------------------------------------------------------------------------------- checks

/// Reads a source, shows every diagnostic in both ways, and compares with a second reading.
fn read(source: &Source) -> (Option<Component>, Vec<Diagnostic>) {
    let reading = frontend::read(source);
    for diagnostic in &reading.diagnostics {
        assert!(!render(diagnostic, source, false).is_empty());
        assert!(!render(diagnostic, source, true).is_empty());
    }
    let again = frontend::read(source);
    assert_eq!(reading.component, again.component);
    assert_eq!(reading.diagnostics, again.diagnostics);
    let failed = reading.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    assert_eq!(reading.component.is_none(), failed, "a component or an error: {:?}", reading.diagnostics);
    (reading.component, reading.diagnostics)
}

/// The files of an operator by their ending, and its entry point; a second time gives the same bytes.
fn emit(component: &Component, settings: &Settings) -> Result<Emitted, Vec<Diagnostic>> {
    let operator = Operator { component, settings };
    let targets: Vec<_> =
        TARGETS.iter().filter(|target| ["kubeflow", "kubernetes", "cwl"].contains(&target.name)).collect();
    let artifacts = backend::emit(&operator, &targets)?;
    assert_eq!(artifacts, backend::emit(&operator, &targets).unwrap());
    assert_eq!(prelude::emit(&operator), prelude::emit(&operator));
    let text = |suffix: &str| {
        let name = format!("{}{suffix}", settings.stem);
        let artifact = artifacts.iter().find(|artifact| artifact.name == name).unwrap();
        String::from_utf8(artifact.content.clone()).unwrap()
    };
    Ok(Emitted {
        dockerfile: text(".Dockerfile"),
        kubeflow: yaml(&text(".yaml")),
        job: yaml(&text(".job.yaml")),
        cwl: yaml(&text(".cwl")),
        prelude: String::from_utf8(prelude::emit(&operator).content).unwrap(),
    })
}

struct Emitted {
    dockerfile: String,
    kubeflow: Value,
    job: Value,
    cwl: Value,
    prelude: String,
}

/// Reads YAML; every document must also be free of what `PyYAML` refuses to read at all.
fn yaml(text: &str) -> Value {
    let refused = |character: &char| {
        let allowed = matches!(character, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
        !allowed || matches!(character, '\u{feff}')
    };
    assert_eq!(text.chars().find(refused), None, "a character that YAML doesn't allow in {text}");
    yaml_serde::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

/// The logical lines of a Dockerfile, as instruction and rest; comments and empty lines are left out.
fn instructions(dockerfile: &str) -> Vec<(String, String)> {
    let mut instructions = Vec::new();
    let mut lines = dockerfile.split('\n');
    while let Some(line) = lines.next() {
        assert!(line.len() < 65_536, "builders refuse lines of 64 KiB");
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let mut logical = line.to_owned();
        while let Some(rest) = logical.strip_suffix('\\') {
            logical = rest.to_owned() + lines.next().expect("a line that continues the last");
        }
        let (instruction, rest) = logical.split_once(' ').expect("an instruction and its arguments");
        let known = ["ARG", "FROM", "USER", "RUN", "COPY", "ENV", "WORKDIR", "ENTRYPOINT", "CMD", "LABEL"];
        assert!(known.contains(&instruction), "`{instruction}` in {dockerfile}");
        instructions.push((instruction.to_owned(), rest.trim().to_owned()));
    }
    instructions
}

/// The words of `ARG`, `ENV` and `LABEL` as Docker reads them: quotes, backslashes, and no variables.
fn docker_words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let word = words.last_mut().unwrap();
        match (quote, character) {
            (None, ' ') => words.push(String::new()),
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), character) if open == character => quote = None,
            (Some('\''), character) => word.push(character),
            (Some(_), '\\') if !matches!(characters.peek(), Some('"' | '$' | '\\')) => word.push('\\'),
            (_, '\\') => word.push(characters.next().expect("what a backslash escapes")),
            (_, '$') => panic!("a variable in {text}"),
            (_, character) => word.push(character),
        }
    }
    assert_eq!(quote, None, "an open quote in {text}");
    words.retain(|word| !word.is_empty());
    words
}

/// What the entry point knows of its operator: one literal of Python's.
fn interface(prelude: &str) -> Value {
    assert!(prelude.is_ascii());
    let module = ruff_python_parser::parse_module(prelude).expect("the entry point is Python").into_syntax();
    let assigned = |statement: &Stmt| match statement {
        Stmt::Assign(assignment) => {
            matches!(&assignment.targets[..], [Expr::Name(name)] if name.id.as_str() == "INTERFACE")
                .then(|| evaluated(&assignment.value))
        }
        _ => None,
    };
    module.body.iter().find_map(assigned).expect("an interface")
}

/// The value of a literal of Python's.
fn evaluated(expression: &Expr) -> Value {
    match expression {
        Expr::NoneLiteral(_) => Value::Null,
        Expr::BooleanLiteral(literal) => json!(literal.value),
        Expr::NumberLiteral(number) => match &number.value {
            Number::Int(number) => json!(number.as_u64()),
            number => panic!("{number:?}"),
        },
        Expr::StringLiteral(text) => json!(text.value.to_str()),
        Expr::List(list) => list.elts.iter().map(evaluated).collect(),
        Expr::Dict(dict) => {
            let entry = |item: &DictItem| {
                let Value::String(key) = evaluated(item.key.as_ref().expect("a key")) else {
                    panic!("{item:?}")
                };
                (key, evaluated(&item.value))
            };
            Value::Object(dict.items.iter().map(entry).collect())
        }
        expression => panic!("{expression:?}"),
    }
}

fn without(value: &Value, keys: &[&str]) -> Value {
    let entries = value
        .as_object()
        .unwrap()
        .iter()
        .filter(|(key, value)| !keys.contains(&key.as_str()) && !value.is_null());
    Value::Object(entries.map(|(key, value)| (key.clone(), value.clone())).collect::<Map<_, _>>())
}

fn is_label(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    name.len() <= 63
        && name.bytes().all(|byte| inner(byte) || byte == b'-')
        && name.starts_with(|c: char| c != '-')
        && name.ends_with(|c: char| c != '-')
}

fn is_environment_name(name: &str) -> bool {
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    !name.is_empty() && name.bytes().all(valid) && !name.starts_with(|c: char| c.is_ascii_digit())
}

fn check_component(script: &Script, component: &Component) {
    let found = |value: &Value| {
        let mut value = without(value, &["location", "reads", "read", "via"]);
        if let Some(description) = value.get("description").and_then(Value::as_str) {
            value["description"] = json!(folded(description));
        }
        value
    };
    let all = |side: &Value| side.as_array().unwrap().iter().map(found).collect::<Vec<_>>();
    let component_json = serde_json::to_value(component).unwrap();
    let wanted = |side: fn(&Variable) -> Value, is: fn(&Variable) -> bool| {
        script
            .variables()
            .filter(|variable| is(variable))
            .map(|variable| without(&side(variable), &[]))
            .collect::<Vec<_>>()
    };
    let mut ways = component_json["inputs"].as_array().unwrap().iter().map(|input| &input["via"]);
    assert!(ways.all(|via| via == "environment"));
    assert_eq!(all(&component_json["inputs"]), wanted(Variable::as_input, Variable::is_input));
    assert_eq!(all(&component_json["outputs"]), wanted(Variable::as_output, Variable::is_output));
    let description = folded(&component.description);
    match script.docstring.as_ref().map(|(text, _)| folded(text)) {
        Some(text) if !text.is_empty() => assert_eq!(description, text),
        _ => assert!(description.is_empty() || description == component.name, "{description}"),
    }
    assert!(is_label(&component.name), "{}", component.name);
    let wanted = script.pip.len() + script.metadata.len() + usize::from(script.system);
    assert_eq!(component.requirements.len(), wanted, "{:?}", component.requirements);
    let json = serde_json::to_string(component).unwrap();
    assert_eq!(
        serde_json::to_value(serde_json::from_str::<Component>(&json).unwrap()).unwrap(),
        component_json
    );
}

/// Whether a default is a number that Kubeflow, which has floating point numbers only, can hold.
fn kubeflow_holds(input: &Value) -> bool {
    let text = input["default"].as_str().unwrap_or_default();
    match input["type"].as_str() {
        Some("Integer") => text.parse::<i128>().is_ok_and(|value| value.abs() <= 1 << 53),
        Some("Float") => text.replace('_', "").parse::<f64>().is_ok_and(f64::is_finite),
        Some("String") => text.len() <= KUBEFLOW_LONGEST && !ALTERED.is_match(text),
        _ => true,
    }
}

/// Most bytes of a default: all values of a run together stay below 128 KiB.
const KUBEFLOW_LONGEST: usize = 32 << 10;

/// Texts that Kubeflow alters, or refuses a run for.
static ALTERED: LazyLock<Regex> = LazyLock::new(|| {
    let placeholder = r"\{\{\s*(pod\.|workflow\.|inputs\.|outputs\.|item|tasks\.|steps\.|\$|=)";
    Regex::new(&format!(r"[\n\r\u{{85}}\u{{2028}}\u{{2029}}]|\$\$|\$\([^)]+\)|{placeholder}")).unwrap()
});

fn check_kubeflow(script: &Script, component: &Component, document: &Value) {
    let port = |value: &Value| {
        let secret = value["secret"] == true;
        let default = if secret || !kubeflow_holds(value) { "default" } else { "" };
        let mut port = without(value, &["id", "required", "secret", default]);
        port["name"] = value["id"].clone();
        if value.get("required").is_some_and(|required| *required == false) || secret {
            port["optional"] = json!(true);
        }
        port
    };
    let ports = |values: &[Value]| values.iter().map(port).collect::<Vec<_>>();
    let empty = json!([]);
    assert_eq!(document["name"], json!(component.name));
    assert_eq!(document["description"], json!(folded(&component.description)));
    assert_eq!(document.get("inputs").unwrap_or(&empty), &json!(ports(&script.parameters())));
    assert_eq!(document.get("outputs").unwrap_or(&empty), &json!(ports(&script.outcomes())));
    let container = &document["implementation"]["container"];
    assert_eq!(container["image"], json!(script.settings.image.to_string()));
    let mut arguments = Vec::new();
    for input in script.parameters() {
        let pair =
            [json!(format!("--{}", input["id"].as_str().unwrap())), json!({"inputValue": input["id"]})];
        if input["required"] == true && input["secret"] == false {
            arguments.extend(pair);
        } else {
            arguments.push(json!({"if": {"cond": {"isPresent": input["id"]}, "then": pair}}));
        }
    }
    for output in script.outcomes() {
        arguments.extend([
            json!(format!("--{}", output["id"].as_str().unwrap())),
            json!({"outputPath": output["id"]}),
        ]);
    }
    arguments.extend([json!("--executor_input"), json!({"executorInput": null})]);
    assert_eq!(container["args"], json!(arguments));
    assert_eq!(container["command"], json!(command(&script.settings)));
}

fn command(settings: &Settings) -> [String; 2] {
    ["python".to_owned(), format!("/opt/app-root/src/{}claimed_{}.py", settings.folder, settings.stem)]
}

fn check_job(script: &Script, component: &Component, document: &Value) {
    let container = &document["spec"]["template"]["spec"]["containers"][0];
    let name = document["metadata"]
        .get("name")
        .or(document["metadata"].get("generateName"))
        .unwrap()
        .as_str()
        .unwrap();
    assert!(is_label(name.trim_end_matches('-')));
    assert!(is_label(container["name"].as_str().unwrap()));
    assert_eq!(container["command"], json!(command(&script.settings)));
    let mounts = container.get("volumeMounts").and_then(Value::as_array).cloned().unwrap_or_default();
    assert_eq!(mounts.len(), script.settings.job.volumes.len());
    for (mount, volume) in mounts.iter().zip(&script.settings.job.volumes) {
        assert_eq!(mount["mountPath"], json!(format!("/opt/app-root/src/{}", volume.path())));
        assert_eq!(mount.get("subPath"), volume.folder().map(|folder| json!(folder)).as_ref());
    }
    let mut wanted = Vec::new();
    for input in script.parameters() {
        let (name, id) = (input["name"].as_str().unwrap(), &input["id"]);
        let name =
            if is_environment_name(name) && !name.starts_with("..") { json!(name) } else { id.clone() };
        assert!(is_environment_name(name.as_str().unwrap()));
        let default = input["default"].as_str().filter(|text| !text.contains('\0'));
        let required = input["required"] == true;
        if input["secret"] == true {
            let key = without(
                &json!({"name": component.name, "key": name, "optional": if required { Value::Null } else { json!(true) }}),
                &[],
            );
            wanted.push(json!({"name": name, "valueFrom": {"secretKeyRef": key}}));
        } else if let Some(default) = default {
            wanted.push(json!({"name": name, "value": default}));
        }
    }
    let mut found = container.get("env").cloned().unwrap_or(json!([]));
    for variable in found.as_array_mut().unwrap() {
        if let Some(value) = variable.get("value").and_then(Value::as_str) {
            assert!(!value.replace("$$", "").contains('$'), "a variable in {value}");
            variable["value"] = json!(value.replace("$$", "$"));
        }
    }
    assert_eq!(found, json!(wanted));
}

fn check_cwl(script: &Script, component: &Component, document: &Value) {
    assert_eq!(document["label"], json!(component.name));
    assert_eq!(document["doc"], json!(folded(&component.description)));
    assert_eq!(document["baseCommand"], json!(command(&script.settings)));
    assert_eq!(document["inputs"].as_object().unwrap().len(), script.parameters().len());
    assert_eq!(document["outputs"].as_object().unwrap().len(), script.outcomes().len());
    for input in script.parameters() {
        let port = &document["inputs"][input["id"].as_str().unwrap()];
        assert_eq!(port.get("doc").unwrap_or(&Value::Null), &input["description"]);
        let is_secret = input["secret"] == true;
        // The empty text stands for a secret that isn't given.
        let default = match input["default"].as_str() {
            _ if is_secret => (input["required"] == false).then_some(""),
            default => default,
        };
        let kind = if is_secret { "String" } else { input["type"].as_str().unwrap() };
        let (names, default) = match (kind, default) {
            ("String", default) => (&["string"][..], json!(default)),
            ("Integer", default) => {
                (&["int", "long"][..], json!(default.map(|text| text.parse::<i64>().unwrap())))
            }
            ("Float", default) => (
                &["float", "double"][..],
                json!(default.map(|text| text.replace('_', "").parse::<f64>().unwrap())),
            ),
            (_, default) => (&["boolean"][..], json!(default.map(|text| text == "True"))),
        };
        let same = match (default.as_f64(), port.get("default").and_then(Value::as_f64)) {
            (Some(wanted), Some(found)) => wanted.to_bits() == found.to_bits(),
            _ => default == *port.get("default").unwrap_or(&Value::Null),
        };
        assert!(same, "{default} is {port}");
        let kinds: Vec<&str> = port["type"].as_array().map_or_else(
            || vec![port["type"].as_str().unwrap()],
            |kinds| kinds.iter().map(|kind| kind.as_str().unwrap()).collect(),
        );
        assert!(kinds.iter().any(|kind| names.contains(kind)), "{port}");
        assert!(input["required"] == false || !kinds.contains(&"null"), "{port} is required");
        assert!(
            input["required"] == true || kinds.contains(&"null") || port.get("default").is_some(),
            "{port} is optional"
        );
    }
    for output in script.outcomes() {
        let port = &document["outputs"][output["id"].as_str().unwrap()];
        assert_eq!(port.get("doc").unwrap_or(&Value::Null), &output["description"]);
    }
}

fn check_dockerfile(script: &Script, component: &Component, dockerfile: &str) {
    let instructions = instructions(dockerfile);
    let order: Vec<&str> = instructions
        .iter()
        .map(|(instruction, _)| instruction.as_str())
        .filter(|name| !["RUN", "COPY"].contains(name))
        .collect();
    assert_eq!(order, ["ARG", "FROM", "USER", "ENV", "USER", "WORKDIR", "ENTRYPOINT", "CMD", "LABEL"]);
    let argument = |name: &str| &instructions.iter().find(|(instruction, _)| instruction == name).unwrap().1;
    assert_eq!(
        serde_json::from_str::<Value>(argument("ENTRYPOINT")).unwrap(),
        json!(command(&script.settings))
    );
    let base: String =
        script.settings.base_image.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    assert_eq!(docker_words(argument("ARG")), [format!("BASE_IMAGE={base}")]);
    check_labels(component, &docker_words(argument("LABEL")));

    let runs =
        instructions.iter().filter(|(instruction, _)| instruction == "RUN").map(|(_, command)| command);
    let words: Vec<String> = runs
        .flat_map(|command| shlex::split(command).unwrap().into_iter().chain(["&&".to_owned()]))
        .collect();
    let commands: Vec<&[String]> =
        words.split(|word| word == "&&").filter(|words| !words.is_empty()).collect();
    let install = ["python", "-m", "pip", "install", "--no-cache-dir"];
    let pip = commands
        .iter()
        .filter(|words| words[0] == "python")
        .map(|words| words.strip_prefix(&install.map(String::from)).unwrap().to_vec());
    let metadata = (!script.metadata.is_empty()).then(|| script.metadata.clone());
    assert_eq!(pip.collect::<Vec<_>>(), script.pip.iter().cloned().chain(metadata).collect::<Vec<_>>());
    let rest: BTreeSet<&str> =
        commands.iter().map(|words| words[0].as_str()).filter(|word| *word != "python").collect();
    assert!(rest.is_subset(&BTreeSet::from(["dnf", "mkdir", "chown", "chmod"])), "{rest:?}");
}

fn check_labels(component: &Component, labels: &[String]) {
    let label = |name: &str| labels.iter().find_map(|label| label.strip_prefix(name)?.strip_prefix('='));
    assert_eq!(label("org.opencontainers.image.title"), Some(component.name.as_str()));
    let description = label("org.opencontainers.image.description").unwrap();
    // Not every reader of Dockerfiles understands a backslash before a quote, so it is left out there, as is what nobody sees.
    let is_kept = |c: &char| *c != '\\' && !display::is_hidden(*c);
    let plain = |text: &str| text.chars().filter(is_kept).collect::<String>();
    assert!(plain(&folded(&component.description)).starts_with(&plain(description)), "{description}");
    let Some(json) = label(c3::recipe::COMPONENT_LABEL) else { return };
    let found: Component = serde_json::from_str(json).unwrap();
    assert_eq!(found.name, component.name);
    let defaults = |component: &Component| {
        component.inputs.iter().map(|input| (input.name.clone(), input.default.clone())).collect::<Vec<_>>()
    };
    assert_eq!(defaults(&found), defaults(component));
}

fn check_prelude(script: &Script, component: &Component, text: &str) {
    let interface = interface(text);
    assert_eq!(interface["script"], json!(component.source));
    assert_eq!(interface["files"], json!(script.settings.files));
    let inputs: Vec<Value> = script
        .parameters()
        .iter()
        .map(|input| {
            let mut wanted = without(input, &["required", "description"]);
            wanted["default"] = if input["secret"] == true { Value::Null } else { input["default"].clone() };
            wanted
        })
        .collect();
    let told: Vec<Value> = interface["inputs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|input| {
            let mut input = input.clone();
            input
                .as_object_mut()
                .unwrap()
                .retain(|key, _| !["required", "description", "via"].contains(&key.as_str()));
            input
        })
        .collect();
    assert_eq!(told, inputs);
    let outputs: Vec<Value> = interface["outputs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|output| without(output, &["read", "description"]))
        .collect();
    assert_eq!(
        json!(outputs),
        json!(script.outcomes().iter().map(|output| without(output, &["description"])).collect::<Vec<_>>())
    );
}

/// Every file of a source that needn't be one: whatever is read can be emitted or is refused with a reason.
fn check_any(source: &Source, settings: &Settings) {
    let (Some(component), _) = read(source) else { return };
    assert!(is_label(&component.name), "{}", component.name);
    match emit(&component, settings) {
        Ok(emitted) => {
            let instructions = instructions(&emitted.dockerfile);
            assert_eq!(instructions.iter().filter(|(instruction, _)| instruction == "FROM").count(), 1);
            let entry = instructions.iter().find(|(instruction, _)| instruction == "ENTRYPOINT").unwrap();
            assert_eq!(serde_json::from_str::<Value>(&entry.1).unwrap(), json!(command(settings)));
            assert_eq!(emitted.kubeflow["name"], json!(component.name));
            assert!(is_label(emitted.job["metadata"]["labels"]["app.kubernetes.io/name"].as_str().unwrap()));
            assert_eq!(interface(&emitted.prelude)["script"], json!(component.source));
        }
        Err(diagnostics) => {
            assert!(diagnostics.iter().all(|diagnostic| diagnostic.severity == Severity::Error));
        }
    }
}

const TOKENS: &[&str] = &[
    "os",
    ".",
    "getenv",
    "environ",
    "get",
    "setdefault",
    "pop",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "'a'",
    "\"b\"",
    "'",
    "\"",
    "\"\"\"",
    "f'",
    "f\"{",
    "}\"",
    "t'",
    "rb'",
    "\\",
    "\n",
    "\n",
    "\r",
    "\r\n",
    "\t",
    "    ",
    " ",
    "# ",
    "# c3: secret",
    "# c3: output=Model",
    "# c3: input=",
    "# pip install ",
    "# dnf install ",
    "numpy",
    "&&",
    "-r x",
    "# /// script\n",
    "# ///\n",
    "# dependencies = [",
    "# ]",
    "import os",
    "from os import ",
    "as",
    "if",
    "else",
    "elif",
    ":",
    ";",
    ",",
    "=",
    "+=",
    ":=",
    "==",
    "or",
    "and",
    "not",
    "in",
    "is",
    "lambda",
    "def f():",
    "class C:",
    "async",
    "await",
    "yield",
    "return",
    "for",
    "while",
    "with",
    "try:",
    "except",
    "match x:",
    "case",
    "_",
    "type X",
    "del",
    "@",
    "*",
    "**",
    "+",
    "-",
    "/",
    "//",
    "%",
    "<<",
    "->",
    "...",
    "!",
    "!=",
    "?",
    "$",
    "`",
    "int(",
    "float(",
    "bool(",
    "str(",
    "None",
    "True",
    "1",
    "0x",
    "1e999",
    "1_",
    "10**10**10",
    "9",
    "x",
    "é",
    "🎉",
    "\u{0}",
    "\u{c}",
    "\u{feff}",
    "\u{2028}",
    "os.getenv(",
    "os.environ[",
    "os.environ['x'] = ",
    "os.getenv('x', ",
    "os.getenv('password')",
];

/// Files that are no valid scripts any more: the samples with pieces taken out, doubled or put in.
fn mutilated() -> impl Strategy<Value = String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let mut samples: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    samples.retain(|path| path.extension().is_some_and(|extension| extension == "py"));
    samples.sort();
    let samples: Vec<String> = samples.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let cut = (any::<prop::sample::Index>(), 0..40_usize, 0..3_u8, select(TOKENS));
    (select(samples), vec(cut, 1..6)).prop_map(|(sample, cuts)| {
        let mut characters: Vec<char> = sample.chars().collect();
        for (at, length, action, token) in cuts {
            let at = at.index(characters.len() + 1);
            let piece = at..(at + length).min(characters.len());
            match action {
                0 => drop(characters.drain(piece)),
                1 => {
                    let copy = characters[piece].to_vec();
                    characters.splice(at..at, copy);
                }
                _ => drop(characters.splice(at..at, token.chars())),
            }
        }
        characters.into_iter().collect()
    })
}

proptest! {
    #![proptest_config(cases(96))]

    /// A valid script, whatever its texts, gives exactly the interface that was meant, in every file.
    #[test]
    fn valid_scripts_yield_the_intended_interface(script in script()) {
        let source = script.source();
        let (component, diagnostics) = read(&source);
        let component = component.unwrap_or_else(|| panic!("{diagnostics:?} in {}", script.text()));
        check_component(&script, &component);
        let emitted = emit(&component, &script.settings).unwrap_or_else(|diagnostics| panic!("{diagnostics:?} in {}", script.text()));
        check_kubeflow(&script, &component, &emitted.kubeflow);
        check_job(&script, &component, &emitted.job);
        check_cwl(&script, &component, &emitted.cwl);
        check_dockerfile(&script, &component, &emitted.dockerfile);
        check_prelude(&script, &component, &emitted.prelude);
    }

    /// Texts of any kind are read or refused.
    #[test]
    fn token_soup_does_not_crash(tokens in vec(select(TOKENS), 0..60), blanks in any::<bool>(), settings in settings()) {
        let text = tokens.join(if blanks { " " } else { "" });
        check_any(&Source::new(format!("{}.py", settings.stem), Language::Python, text), &settings);
    }

    /// Broken scripts are read or refused.
    #[test]
    fn mutilated_scripts_do_not_crash(text in mutilated(), settings in settings()) {
        check_any(&Source::new(format!("{}.py", settings.stem), Language::Python, text), &settings);
    }

    /// A file name gives a valid name for the operator or is refused.
    #[test]
    fn file_names_are_normalized_or_rejected(stem in text(), settings in settings()) {
        let stem = stem.replace(['/', '\0'], "");
        let text = "import os\nx = os.getenv('x')\n";
        let source = Source::new(format!("a folder/{stem}.py"), Language::Python, text.to_owned());
        let stem = source.stem();
        let letters = stem.chars().filter(char::is_ascii_alphanumeric).count();
        let (component, diagnostics) = read(&source);
        let refused = || letters == 0 || stem.len() > 63;
        prop_assert!(component.is_none() || letters > 0);
        prop_assert!(component.is_some() || (diagnostics[0].code == "operator-name" && refused()), "{:?}", diagnostics);
        check_any(&source, &Settings { dockerfile: format!("{stem}.Dockerfile"), stem, ..settings });
    }

    /// A template of the user's gets the same words, and nothing of the script's leaves its line.
    #[test]
    fn templates_are_rendered_safely(script in script(), reference in line()) {
        let template = "FROM ${base_image}\nUSER root\n$requirements_docker\n${additional_files_docker}\nUSER 1001\nWORKDIR ${working_dir}\n\
                        ENV X=$$HOME\nCMD [\"${command}\", \"${working_dir}${target_dir}${target_code}\"]\n";
        let mut settings = script.settings.clone();
        settings.dockerfile_template = Some(template.to_owned());
        settings.base_image = "base:1".to_owned();
        settings.requirement_files = vec![RequirementFile { named: reference, path: "requirements.txt".to_owned(), text: String::new() }];
        let component = read(&script.source()).0.unwrap();
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte));
        match emit(&component, &settings) {
            Ok(emitted) => {
                let names = instructions(&emitted.dockerfile).into_iter().map(|(name, _)| name);
                let names: Vec<_> = names.filter(|name| name != "RUN" && name != "COPY").collect();
                prop_assert_eq!(names, ["FROM", "USER", "USER", "WORKDIR", "ENV", "CMD"]);
            }
            Err(diagnostics) => prop_assert!(!plain(&settings.stem) || !plain(&settings.folder), "{:?}", diagnostics),
        }
    }
}

/// Longest time that any of the extremes may take, far above what it should.
const PATIENCE: Duration = Duration::from_mins(1);

/// Texts of extreme depth or size.
fn extremes() -> Vec<(&'static str, String)> {
    let nested = |open: &str, middle: &str, close: &str, depth| {
        format!("x = {}{middle}{}\n", open.repeat(depth), close.repeat(depth))
    };
    let chain = |piece: &str, end: &str, length| format!("x = {}{end}\n", piece.repeat(length));
    let blocks = |head: &str, depth| {
        let heads: String = (0..depth).map(|at| format!("{}{head}\n", " ".repeat(at))).collect();
        heads + &" ".repeat(depth) + "pass\n"
    };
    let lines = |line: fn(usize) -> String, count| (0..count).map(line).collect::<String>();
    let reads = |count| lines(|at| format!("os.getenv('a{at}'), "), count);
    vec![
        ("brackets", nested("(", "1", ")", 40_000)),
        ("open brackets", "[".repeat(400_000)),
        ("brackets that just pass", nested("(", "1", ")", 190)),
        ("lists of calls", nested("f([{1: ", "1", "}])", 300)),
        ("minus", chain("-", "1", 40_000)),
        ("not", chain("not ", "1", 40_000)),
        ("lambda", chain("lambda: ", "1", 40_000)),
        ("lambda defaults", chain("lambda x=", "1", 30_000)),
        ("await", format!("async def f():\n    {}x\n", "await ".repeat(30_000))),
        ("conditional expressions", chain("a if b else ", "c", 30_000)),
        ("powers", chain("a**", "1", 40_000)),
        ("signed powers", chain("a**-", "1", 30_000)),
        ("sum", chain("1+", "1", 40_000)),
        ("sum as default", format!("import os\nx = os.getenv('a', {}'a')\n", "'a' + ".repeat(20_000))),
        ("comparisons", chain("a < ", "b", 40_000)),
        ("boolean", chain("a or b and ", "c", 30_000)),
        ("attributes", format!("x{}\n", ".y".repeat(40_000))),
        ("calls", format!("x{}\n", "()".repeat(40_000))),
        ("subscripts", format!("x{}\n", "[0]".repeat(40_000))),
        ("assignments", "x = ".repeat(40_000) + "1\n"),
        ("walrus", nested("(x := ", "1", ")", 500)),
        ("f-strings", nested("f'{", "1", "}'", 30_000)),
        ("format specifications", format!("f'{}{}'\n", "{1:".repeat(30_000), "}".repeat(30_000))),
        ("blocks", blocks("if 1:", 2000)),
        ("functions", blocks("def f():", 500)),
        ("one-line blocks", "if 1: ".repeat(30_000) + "pass\n"),
        ("elif", "if 1: pass\n".to_owned() + &"elif 1: pass\n".repeat(20_000)),
        ("decorators", "@a\n".repeat(30_000) + "def f(): pass\n"),
        ("patterns", format!("match x:\n    case {}1: pass\n", "1 | ".repeat(30_000))),
        ("type unions", format!("type X = {}b\n", "a | ".repeat(30_000))),
        ("generators", format!("x = [1{}]\n", " for i in x".repeat(30_000))),
        ("comments", lines(|at| format!("# {at}\n"), 40_000)),
        ("reads", "import os\n".to_owned() + &lines(|at| format!("x = os.getenv('a{at}', 'b')\n"), 3_000)),
        (
            "reads of one name",
            "import os\n".to_owned() + &lines(|at| format!("x = os.getenv('a', 'b{at}')\n"), 3_000),
        ),
        ("reads in one line", format!("import os\nx = [{}]\n", reads(3_000))),
        (
            "reads in one line under comments",
            format!("import os\n{}x = [{}]\n", "# a\n".repeat(1_000), reads(1_000)),
        ),
        ("nested reads", format!("import os\nx = {}1{}\n", "os.getenv('a', ".repeat(190), ")".repeat(190))),
        (
            "growing constants",
            "a0 = 'x'\n".to_owned() + &lines(|at| format!("a{} = a{at} + a{at}\n", at + 1), 100),
        ),
        (
            "powers of powers",
            "import os\nx = os.getenv('x', 10**10**10)\ny = os.getenv('y', 1 << (1 << 60))\n".to_owned(),
        ),
        ("long product", "import os\nx = os.getenv('x', 'a' * 10**12)\n".to_owned()),
        ("huge number", format!("import os\nx = os.getenv('x', {})\n", "9".repeat(40_000))),
        ("huge string", format!("import os\nx = os.getenv('x', '{}')\n", "a".repeat(800_000))),
        ("huge name", format!("import os\nx = os.getenv('{}')\n", "a".repeat(200_000))),
        ("huge docstring", format!("'''{}'''\n", "a\n".repeat(200_000))),
        ("requirements", "# pip install a \\\n".to_owned() + &"# b \\\n".repeat(30_000)),
        (
            "metadata",
            format!("# /// script\n# dependencies = {}{}\n# ///\n", "[".repeat(30_000), "]".repeat(30_000)),
        ),
        ("ends of metadata", "# /// script\n".to_owned() + &"# ///\n".repeat(30_000)),
        ("starts of metadata", "# /// script\n".repeat(3_000)),
        ("empty lines", "\n".repeat(800_000)),
        ("continued lines", "\\\n".repeat(400_000)),
        ("quotes", "\"\n".repeat(40_000)),
        ("aliases", "import os\no0 = os\n".to_owned() + &lines(|at| format!("o{} = o{at}\n", at + 1), 3_000)),
    ]
}

/// A text of extreme depth or size is read or refused, and a stack that overflows would end the process.
#[test]
fn extreme_inputs_do_not_crash() {
    let folder = tempfile::tempdir().unwrap();
    let mut failures = Vec::new();
    for (name, text) in extremes() {
        let path = folder.path().join(format!("{}.py", name.replace(' ', "_")));
        std::fs::write(&path, text).unwrap();
        let start = Instant::now();
        let mut command = Command::new(env!("CARGO_BIN_EXE_c3"));
        match status(command.args(["inspect", "--format", "json"]).arg(&path), PATIENCE) {
            Some(0 | 1) => {}
            status => failures.push(format!("{name}: {status:?} after {:?}", start.elapsed())),
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}
