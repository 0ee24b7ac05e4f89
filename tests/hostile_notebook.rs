//! Hostile notebooks: JSON whose structure is broken in every place, and cells put together of Python, magics and noise.
//! `PROPTEST_CASES` sets how many are tried; `cargo test --test hostile_notebook -- --ignored --nocapture` tries a
//! million, or as many as `C3_INPUTS` says.

#![expect(clippy::print_stderr, reason = "figures for people")]
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that can't go on fails")]

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use c3::diagnostic::Severity;
use c3::frontend;
use c3::language::Language;
use c3::load;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use ruff_python_parser::parse_module;
use serde_json::{Value, json};

mod effort;
mod long_run;
mod patience;

use effort::cases;
use long_run::long_run;
use patience::status;

/// Longest time that one input may take.
const PATIENCE: Duration = Duration::from_mins(1);

// ---------------------------------------------------------------------------------------------------------- cells

/// Lines that cells are put together of.
const LINES: &[&str] = &[
    "import os",
    "x = os.getenv('x', '1')",
    "y = int(os.environ['y'])  # c3: secret",
    "os.environ['z'] = 'done'",
    "# about the next line",
    "if x:",
    "    pass",
    "    !ls",
    "    y = %pwd",
    "    pip install inside",
    "def f(a,",
    "      b): return a",
    "f(x,",
    "  !ls",
    ")",
    "'''",
    "\"\"\"",
    "!pip install numpy pandas",
    "!pip install a \\",
    "  b",
    "!{sys.executable} -m pip install -q a>=1 | tail -1",
    "%pip install c",
    "pip install d",
    "!!ls",
    "!",
    "%",
    "%%",
    "??",
    "x?",
    "?x",
    "f(x)??",
    "a ? b",
    "z = !pip install e && ls",
    "z = %time f(x)",
    "z = %",
    "z = !",
    "%time os.getenv('t')",
    "%time x = os.getenv('t', \\",
    "%matplotlib inline",
    "%conda install g",
    "z = %conda install g",
    "!apt-get install -y git",
    ",f a b",
    ";f a b",
    "/f a b",
    "/",
    "from __future__ import annotations",
    "from __future__ import (annotations,  # why",
    "    division)",
    "from __future__ import",
    "await f()",
    "return 1",
    "# pip install h",
    "# c3: ignore",
    "# /// script",
    "# ///",
    "# %% cell 3",
    "%%bash",
    "%%bash --out x",
    "%%time",
    "%%capture out",
    "%%timeit",
    "%%script sh",
    "%%writefile x.py",
    "%%!",
    "cat <<EOF",
    "EOF",
    "if true; then pip install i; fi",
    "echo 'a; b' | tee \"$(date)\" &",
    "cd /tmp",
    "ls",
    ">>> x = 1",
    "... y",
    "In [3]: x",
    "   ...: y",
    "\ttabbed",
    "        deep",
    "rows = 5  # how many",
    "flag: bool = True",
    "name = f'{rows!r:>{rows}}'",
    "match x:",
    "  case {'a': [1, *_]} if y: pass",
    "lambda: (yield)",
    "x = \\",
    "\\",
    "",
    " ",
    "get_ipython().system('ls')",
    "display(x)",
    "\u{feff}x",
    "\u{0}",
    "\u{c}x = 1",
    "é = '漢字🎉'",
    "x\u{2028}!ls",
    "\r",
    "$x",
    "`x`",
];

/// Pieces that are spliced into a text anywhere.
const SPLICES: &[&str] = &[
    "!",
    "%",
    "%%",
    "?",
    "??",
    "=",
    "= !",
    "= %",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "'",
    "\"",
    "'''",
    "\\",
    "\\\n",
    "\n",
    "\r\n",
    "\r",
    "\t",
    " ",
    "#",
    ";",
    ",",
    "|",
    "&&",
    "<<",
    ">",
    "$",
    "`",
    "\u{0}",
    "\u{1b}",
    "\u{feff}",
    "\u{2028}",
    "é",
    "🎉",
    ">>> ",
    "pip install x",
    "!pip install y\n",
    "%%bash\n",
    "os.getenv('q')",
    "from __future__ import annotations\n",
    "await ",
    "f'{",
];

fn line() -> impl Strategy<Value = String> {
    let own = select(LINES).prop_map(ToOwned::to_owned);
    prop_oneof![12 => own.clone(), 2 => own.prop_map(|line| format!("    {line}")), 1 => "\\PC{0,12}"]
}

/// What is done to a text at some place.
#[derive(Debug, Clone)]
enum Slip {
    Delete(usize),
    Double(usize),
    Splice(&'static str),
    Cut,
}

fn slip() -> impl Strategy<Value = (prop::sample::Index, Slip)> {
    let slip = prop_oneof![
        (1..12_usize).prop_map(Slip::Delete),
        (1..40_usize).prop_map(Slip::Double),
        select(SPLICES).prop_map(Slip::Splice),
        Just(Slip::Cut),
    ];
    (any::<prop::sample::Index>(), slip)
}

fn slipped(text: &str, (place, slip): (prop::sample::Index, Slip)) -> String {
    let characters: Vec<char> = text.chars().collect();
    let at = place.index(characters.len() + 1);
    let to = |length: usize| (at + length).min(characters.len());
    let (before, after) = characters.split_at(at);
    let parts: [Vec<char>; 3] = match slip {
        Slip::Delete(length) => [before.into(), vec![], characters[to(length)..].into()],
        Slip::Double(length) => [before.into(), characters[at..to(length)].into(), after.into()],
        Slip::Splice(piece) => [before.into(), piece.chars().collect(), after.into()],
        Slip::Cut => [before.into(), vec![], vec![]],
    };
    parts.concat().into_iter().collect()
}

/// The text of a cell: lines that belong together or not, then some slips.
fn text() -> impl Strategy<Value = String> {
    let lines = prop_oneof![30 => vec(line(), 0..8), 1 => vec(line(), 8..60)];
    (lines, vec(slip(), 0..3), any::<bool>()).prop_map(|(lines, slips, ended)| {
        let text = lines.join("\n") + if ended { "\n" } else { "" };
        slips.into_iter().fold(text, |text, slip| slipped(&text, slip))
    })
}

fn cell() -> impl Strategy<Value = Value> {
    let kind = prop_oneof![8 => Just("code"), 1 => Just("markdown"), 1 => Just("raw")];
    let metadata = select(vec![
        json!({}),
        json!({"tags": ["parameters"]}),
        json!({"tags": "parameters"}),
        json!({"tags": [1]}),
    ]);
    (kind, text(), any::<bool>(), metadata).prop_map(|(kind, text, listed, metadata)| {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let source = if listed { json!(lines) } else { json!(text) };
        json!({"cell_type": kind, "metadata": metadata, "source": source, "outputs": [], "execution_count": null})
    })
}

fn model() -> impl Strategy<Value = Value> {
    let language = select(vec![
        json!({}),
        json!({"kernelspec": {"name": "python3", "language": "python"}}),
        json!({"language_info": {"name": "python"}}),
    ]);
    (vec(cell(), 0..6), language, 0..6).prop_map(|(cells, metadata, minor)| {
        json!({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": minor})
    })
}

/// The notebooks among the samples.
fn samples() -> Vec<Value> {
    let folders = ["samples", "samples/invalid"].map(|name| Path::new(env!("CARGO_MANIFEST_DIR")).join(name));
    let entries = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "ipynb")).collect();
    paths.sort();
    paths
        .iter()
        .filter_map(|path| serde_json::from_str(&std::fs::read_to_string(path).unwrap()).ok())
        .collect()
}

// ----------------------------------------------------------------------------------------------------------- JSON

/// Values that stand where others belong.
fn wrong() -> impl Strategy<Value = Value> {
    let deep = (0..200).fold(json!(1), |inner, _| json!([inner]));
    select(vec![
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1e300),
        json!(u64::MAX),
        json!(""),
        json!("text\n!ls"),
        json!([]),
        json!([[]]),
        json!(["a\n", 1]),
        json!([null]),
        json!({}),
        json!({"name": {"name": 1}}),
        json!("\u{0}\u{feff}"),
        json!("x".repeat(100_000)),
        deep,
    ])
}

/// What is done to a place of a document.
#[derive(Debug, Clone)]
enum Damage {
    Replace(Value),
    Remove,
    Repeat,
    Slip((prop::sample::Index, Slip)),
}

fn damage() -> impl Strategy<Value = (prop::sample::Index, Damage)> {
    let damage = prop_oneof![
        2 => wrong().prop_map(Damage::Replace),
        1 => Just(Damage::Remove),
        1 => Just(Damage::Repeat),
        6 => slip().prop_map(Damage::Slip),
    ];
    (any::<prop::sample::Index>(), damage)
}

/// All places of a document, as pointers.
fn places(value: &Value, here: &str, found: &mut Vec<String>) {
    found.push(here.to_owned());
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| places(item, &format!("{here}/{at}"), found));
        }
        Value::Object(fields) => {
            fields.iter().for_each(|(key, item)| places(item, &format!("{here}/{key}"), found));
        }
        _ => {}
    }
}

fn damaged(mut document: Value, (place, damage): (prop::sample::Index, Damage)) -> Value {
    let mut found = Vec::new();
    places(&document, "", &mut found);
    let pointer = place.get(&found).clone();
    let Some((parent, key)) = pointer.rsplit_once('/') else {
        return if let Damage::Replace(value) = damage { value } else { document };
    };
    match damage {
        Damage::Replace(value) => *document.pointer_mut(&pointer).unwrap() = value,
        Damage::Slip(slip) => {
            let value = document.pointer_mut(&pointer).unwrap();
            if let Value::String(text) = value {
                *value = json!(slipped(text, slip));
            }
        }
        Damage::Remove | Damage::Repeat => match document.pointer_mut(parent) {
            Some(Value::Array(items)) => {
                let item = items.remove(key.parse().unwrap());
                if matches!(damage, Damage::Repeat) {
                    items.extend([item.clone(), item]);
                }
            }
            Some(Value::Object(fields)) => drop(fields.remove(key)),
            _ => {}
        },
    }
    document
}

/// What is done to the JSON itself.
fn spoilt(json: &str, how: u8, (place, slip): (prop::sample::Index, Slip)) -> String {
    match how {
        0 => format!("\u{feff}{json}"),
        1 => json.replace("\\n", "\\ud800\\n"),
        2 => json.replacen("\"metadata\":", "\"metadata\":{},\"metadata\":", 1),
        3 => json.replacen("\"outputs\":[]", "\"outputs\":[NaN,-Infinity,\"NaN\\\"\"]", 1),
        4 => slipped(json, (place, slip)),
        5 => json.replacen(
            "\"outputs\":[]",
            &format!("\"outputs\":{}1{}", "[".repeat(5000), "]".repeat(5000)),
            1,
        ),
        _ => json.to_owned(),
    }
}

fn notebook() -> impl Strategy<Value = String> {
    let document = prop_oneof![3 => model(), 1 => select(samples())];
    let damages = prop_oneof![6 => Just(0..1), 4 => Just(1..4)].prop_flat_map(|count| vec(damage(), count));
    (document, damages, 0..60_u8, slip()).prop_map(|(document, damages, how, slip)| {
        spoilt(&damages.into_iter().fold(document, damaged).to_string(), how, slip)
    })
}

// ------------------------------------------------------------------------------------------------------- properties

/// How far an input came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reached {
    /// It is no notebook.
    Nothing,
    /// A notebook that isn't Python.
    Cells,
    /// A syntax tree.
    Tree,
    /// A component.
    Component,
}

/// Reads a notebook and looks at everything that must hold.
fn check(json: &str) -> Reached {
    let Ok(source) = load::from_notebook(Path::new("hostile.ipynb"), json) else { return Reached::Nothing };
    let notebook = source.notebook().expect("a notebook has cells");
    let bound = 40 * json.len() + 1000;
    assert!(source.text().len() < bound && notebook.script.len() < bound, "memory is bounded");
    let reading = frontend::read(&source);
    let cells: Vec<_> = source.cells().collect();
    for diagnostic in &reading.diagnostics {
        let Some(span) = &diagnostic.span else { continue };
        let within = |offset: usize| cells.iter().any(|cell| cell.start <= offset && offset <= cell.end);
        assert!(within(span.start) && within(span.end), "{span:?} of {diagnostic:?} is in a cell");
        let location = source.locate(span.start);
        let cell = &cells[location.cell.expect("a cell has a number") as usize - 1];
        assert!(location.line as usize <= source.text()[cell.clone()].matches('\n').count() + 1);
    }
    for number in 1..=cells.len() {
        assert!(
            notebook.script.contains(&format!("\n# %% cell {number}\n")),
            "cell {number} is in the script"
        );
    }
    if reading
        .diagnostics
        .iter()
        .any(|found| found.code == "syntax-error" && found.severity == Severity::Error)
    {
        return Reached::Cells;
    }
    if source.language() == Language::Python
        && let Err(error) = parse_module(&notebook.script)
    {
        panic!("{error} in\n{}", notebook.script);
    }
    if reading.component.is_some() { Reached::Component } else { Reached::Tree }
}

proptest! {
    #![proptest_config(cases(2500))]

    /// Whatever a notebook is, it is read or refused, and every place that is told is in a cell.
    #[test]
    fn broken_notebooks_do_not_crash(json in notebook()) {
        check(&json);
    }

    /// What is read of a cell has as many lines as the cell.
    #[test]
    fn line_counts_are_preserved(texts in vec(text(), 1..4)) {
        let cells: Vec<_> = texts.iter().map(|text| json!({"cell_type": "code", "source": text})).collect();
        let json = json!({"cells": cells, "metadata": {}, "nbformat": 4}).to_string();
        let source = load::from_notebook(Path::new("hostile.ipynb"), &json).unwrap();
        for (cell, text) in source.cells().zip(&texts) {
            let text = text.replace("\r\n", "\n").replace('\r', "\n");
            let wanted = text.trim_end().matches('\n').count();
            let found = source.text()[cell.clone()].matches('\n').count();
            prop_assert!(found >= wanted, "{found} lines, not {wanted}: {}", &source.text()[cell]);
            prop_assert!(found <= text.matches('\n').count() + 2);
        }
    }
}

/// The long run.
#[test]
#[ignore = "takes minutes"]
fn a_million_notebooks() {
    let mut counts = [0_u32; 4];
    let run = long_run(&notebook(), |json| counts[check(json) as usize] += 1);
    let [nothing, cells, tree, component] = counts;
    let parsed = tree + component;
    eprintln!(
        "{run}: {nothing} refused, {cells} not Python, {parsed} reached the tree, {component} became components"
    );
}

// ---------------------------------------------------------------------------------------------------------- extremes

/// Cells of extreme depth or size.
fn extremes() -> Vec<(&'static str, String)> {
    vec![
        ("brackets", "(".repeat(100_000)),
        ("magics in magics", "%%time\n".repeat(50_000)),
        ("captures in captures", "%%capture\n".repeat(50_000) + &"'\\".repeat(1000)),
        ("statements in one line", "a;".repeat(200_000)),
        ("installs in one line", "pip install a;".repeat(20_000)),
        ("installs", "!pip install a\n".repeat(20_000)),
        ("shell installs", "%%bash\n".to_owned() + &"pip install a\n".repeat(20_000)),
        ("conda installs", "%%bash\n".to_owned() + &"conda install a\n".repeat(20_000)),
        ("here-documents", "%%bash\n".to_owned() + &"cat <<E\n".repeat(20_000)),
        ("questions", "a ? ".repeat(100_000)),
        ("help", "a?\n".repeat(20_000)),
        ("continued", "!ls \\\n".repeat(100_000)),
        ("futures", "from __future__ import annotations;".repeat(10_000)),
        ("future brackets", "from __future__ import (".repeat(10_000)),
        ("prompts", ">>> x\n".repeat(50_000)),
        ("quotes", "%%bash\n".to_owned() + &"'\"`".repeat(50_000)),
        ("pipes", "!".to_owned() + &"| & ( ) ; ".repeat(20_000)),
        ("prefixes", "!".to_owned() + &"sudo time x=1 ".repeat(20_000)),
        ("huge line", format!("x = '{}'", "a".repeat(2_000_000))),
        ("empty lines", "\n".repeat(500_000)),
        ("marks", "!%?,;/".repeat(50_000)),
        ("redirections", "!pip install ".to_owned() + &"> a 2>&1 ".repeat(20_000)),
    ]
}

/// A cell of extreme depth or size is read or refused, and a stack that overflows would end the process.
#[test]
fn extreme_inputs_do_not_crash() {
    let folder = tempfile::tempdir().unwrap();
    let mut failures = Vec::new();
    for (name, text) in extremes() {
        let path = folder.path().join(format!("{}.ipynb", name.replace(' ', "_")));
        let document =
            json!({"cells": [{"cell_type": "code", "source": text}], "metadata": {}, "nbformat": 4});
        std::fs::write(&path, document.to_string()).unwrap();
        let start = Instant::now();
        let mut command = Command::new(env!("CARGO_BIN_EXE_c3"));
        match status(command.args(["inspect", "--format", "json"]).arg(&path), PATIENCE) {
            Some(0 | 1) => {}
            status => failures.push(format!("{name}: {status:?} after {:?}", start.elapsed())),
        }
        if start.elapsed() > Duration::from_secs(2) {
            eprintln!("{name}: {:?}", start.elapsed());
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// Pictures in outputs and attachments are skipped, as deep and as big as they are.
#[test]
fn pictures_are_skipped() {
    let picture = "iVBORw0KGgo".repeat(1_000_000);
    let cells = json!([
        {"cell_type": "markdown", "source": "# Pictures", "attachments": {"a.png": {"image/png": picture}}},
        {"cell_type": "code", "source": "x = 1", "outputs": [{"data": {"image/png": picture}}]},
    ]);
    let json = json!({"cells": cells, "metadata": {}, "nbformat": 4}).to_string();
    let start = Instant::now();
    assert_eq!(check(&json), Reached::Component);
    eprintln!("{} MB in {:?}", json.len() >> 20, start.elapsed());
}
