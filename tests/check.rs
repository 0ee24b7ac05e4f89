//! `c3 check`: what is found, in every form, and the documentation of what may be found.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use c3::diagnostic::Severity;
use c3::rules::RULES;
use insta::{assert_snapshot, glob};
use regex::Regex;
use serde_json::Value;

fn c3(arguments: &[&str]) -> Output {
    c3_in(Path::new(env!("CARGO_MANIFEST_DIR")), arguments)
}

fn c3_in(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_c3"));
    command.args(arguments).current_dir(folder).env("NO_COLOR", "1").output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The codes in a report in JSON.
fn codes(report: &Value) -> Vec<String> {
    let diagnostics = report["diagnostics"].as_array().unwrap();
    diagnostics.iter().map(|diagnostic| diagnostic["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn check_findings_of_samples() {
    glob!("../samples/checks", "*.*", |sample| {
        let name = sample.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().to_str().unwrap();
        let output = c3(&["check", name]);
        let text = stdout(&output);
        let is_bad = text.lines().any(|line| line.starts_with("error[") || line.starts_with("warning["));
        assert_eq!(output.status.code(), Some(i32::from(is_bad)), "{text}");
        assert!(output.stderr.is_empty());
        assert_snapshot!("checked", text);
    });
}

#[test]
fn check_accepts_many_files() {
    let all = c3(&["check", "samples/checks", "--format", "json"]);
    assert_eq!(all.status.code(), Some(1));
    let files = json(&all)["diagnostics"].as_array().unwrap().clone();
    let files: BTreeSet<_> = files.iter().map(|found| found["file"].as_str().unwrap().to_owned()).collect();
    assert!(files.len() > 10, "{files:?}");
    assert_eq!(c3(&["check", "samples/example_script.py"]).status.code(), Some(0));
    assert_eq!(c3(&["check"]).status.code(), Some(2));
    assert_eq!(c3(&["check", "samples", "--format", "xml"]).status.code(), Some(2));
    let missing = c3(&["check", "missing.py", "--format", "json"]);
    assert_eq!((missing.status.code(), codes(&json(&missing))), (Some(1), vec!["unreadable-source".into()]));
}

/// The required properties of SARIF 2.1.0, and the limits of its schema for those that are there.
#[test]
fn sarif_output_follows_the_schema() {
    let log = json(&c3(&["check", "samples/checks", "samples/word_counts.ipynb", "--format", "sarif"]));
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert_eq!(run["tool"]["driver"]["name"], "c3");
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for rule in rules {
        assert!(rule["help"]["text"].as_str().is_some_and(|text| !text.is_empty()), "{rule}");
        assert!(rule["shortDescription"]["text"].is_string());
    }
    let results = run["results"].as_array().unwrap();
    assert!(results.len() > 10);
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(["note", "warning", "error"].contains(&result["level"].as_str().unwrap()));
        assert!(result["message"]["text"].is_string());
        let place = &result["locations"][0]["physicalLocation"];
        assert!(place["artifactLocation"]["uri"].as_str().unwrap().starts_with("samples/"));
        if let Some(region) = place.get("region") {
            assert!(region["startLine"].as_u64() >= Some(1) && region["startColumn"].as_u64() >= Some(1));
        }
    }
}

#[test]
fn github_annotations_are_one_line_each() {
    let output = c3(&["check", "samples/checks/removed_module.py", "--format", "github"]);
    assert_snapshot!(stdout(&output), @"::warning file=samples/checks/removed_module.py,line=3,col=8,title=removed-module::`imp` is not part of Python since 3.12%0Ahint: `importlib` takes its place; or take an older image with `--image-version python3.11`");
}

#[test]
fn findings_depend_on_the_base_image() {
    let check = |arguments: &[&str]| {
        let sample = ["check", "samples/checks/removed_module.py", "--format", "json"];
        codes(&json(&c3(&[&sample, arguments].concat())))
    };
    assert_eq!(check(&[]), ["removed-module"]);
    assert!(check(&["--image-version", "python3.11"]).is_empty());
    assert!(check(&["--base-image", "python:3.9"]).is_empty(), "nothing is known of it");
}

#[test]
fn codes_are_ignored_on_request() {
    let check = |code| c3(&["check", "samples/checks/removed_module.py", "--ignore", code]);
    assert_eq!(check("removed-module,stale-files").status.code(), Some(0));
    assert_eq!(check("stale-files").status.code(), Some(1));
    assert_eq!(check("no-such-code").status.code(), Some(2));
}

#[test]
fn requirement_files_and_neighbouring_modules_are_considered() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("own.py", "");
    write("r.txt", "-r more.txt\n# no\npyyaml==6.0  # yes\n");
    write("more.txt", "numpy\n");
    write("x.py", "'''D.'''\n# pip install -r r.txt\nimport own, yaml, numpy, pandas\n");
    let report = json(&c3_in(folder.path(), &["check", "x.py", "--format", "json"]));
    assert_eq!(codes(&report), ["local-module", "missing-package"]);
    write("x.py", "'''D.'''\n# pip install -r r.txt -r gone.txt\nimport strange\n");
    let report = json(&c3_in(folder.path(), &["check", "x.py", "--format", "json"]));
    assert_eq!(codes(&report), ["requirement-file"], "what is installed can't be told");
}

/// What would take minutes if each link walked down the whole chain.
#[test]
fn long_chains_of_calls_are_checked_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let chain = format!("\"\"\"D.\"\"\"\nimport os\nx = os{}\n", ".f(1)".repeat(8000));
    std::fs::write(folder.path().join("chain.py"), chain).unwrap();
    let start = std::time::Instant::now();
    let report = json(&c3_in(folder.path(), &["check", "chain.py", "--format", "json"]));
    assert!(codes(&report).is_empty());
    assert!(start.elapsed() < std::time::Duration::from_mins(1), "{:?}", start.elapsed());
}

/// The Rust files below a folder.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            sources(&entry, found);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            found.push(entry);
        }
    }
}

#[test]
fn every_code_is_documented_and_every_documented_code_exists() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let call = Regex::new(r#"Diagnostic::(error|warning|note)\(\s*"([a-z-]+)""#).unwrap();
    let mut used = BTreeSet::new();
    for text in files.iter().map(|path| std::fs::read_to_string(path).unwrap()) {
        used.extend(call.captures_iter(&text).map(|found| found[2].to_owned()));
    }
    let documented: BTreeSet<_> = RULES.iter().map(|rule| rule.code.to_owned()).collect();
    assert_eq!(used, documented);
    assert_eq!(documented.len(), RULES.len(), "each stands once");
    assert!(RULES.iter().any(|rule| rule.severity == Severity::Error));
    assert!(RULES.iter().all(|rule| !rule.meaning().is_empty() && !rule.remedy().is_empty()));
}

#[test]
fn every_promise_names_an_existing_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap_or_default();
    let link = Regex::new(r"\[([a-z0-9_]+)\]\(\.\./([^)]+)\)").unwrap();
    let promises = read("docs/security.md");
    let rows: Vec<_> =
        promises.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| promise")).collect();
    let mut missing = Vec::new();
    for row in &rows {
        let tests: Vec<_> =
            link.captures_iter(row).map(|found| (found[1].to_owned(), found[2].to_owned())).collect();
        assert!(!tests.is_empty() || row.contains("(../deny.toml)"), "nothing holds {row}");
        let is_gone = |(name, path): &(String, String)| {
            ![format!("fn {name}("), format!("def {name}(")].iter().any(|start| read(path).contains(start))
        };
        missing.extend(tests.into_iter().filter(is_gone));
    }
    assert!(rows.len() > 20 && missing.is_empty(), "{missing:#?}");
}

/// What `c3 check --target chaimeleon` says of a script with a dataset, but for what it says without that target.
fn codes_on_chaimeleon(code: &str) -> Vec<String> {
    let start =
        "'''D.'''\nimport glob, os, shutil, tempfile\nfrom pathlib import Path\nimport requests, helper\n";
    let inputs = "dataset = os.environ['dataset_path']\noutput_dir = os.environ['output_dir']\n";
    codes_of("x.py", &format!("{start}# pip install requests\n{inputs}{code}\n"), ("helper.py", HELPER))
}

/// The same of a script in R.
fn codes_of_r_on_chaimeleon(code: &str) -> Vec<String> {
    let start = "# D.\nsource('helper.R')\ninstall.packages(c('readr', 'httr', 'jsonlite'))\n";
    let inputs = "dataset <- Sys.getenv('dataset_path')\noutput_dir <- Sys.getenv('output_dir')\n";
    codes_of("x.R", &format!("{start}{inputs}{code}\n"), ("helper.R", R_HELPER))
}

/// What the target adds to the codes of a script with a module beside it; of its own it has downloads only.
fn codes_of(name: &str, text: &str, (beside, helper): (&str, &str)) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), text).unwrap();
    std::fs::write(folder.path().join(beside), helper).unwrap();
    let of = |more: &[&str]| {
        let arguments = [&["check", name, "--format", "json"], more].concat();
        let ignored = ["local-module", "no-crossing"];
        let codes = codes(&json(&c3_in(folder.path(), &arguments))).into_iter();
        codes.filter(|code| !ignored.contains(&code.as_str())).collect::<Vec<_>>()
    };
    assert!(of(&[]).iter().all(|code| code == "run-time-download"), "{:?}", of(&[]));
    of(&["--target", "chaimeleon"])
}

/// A module beside the script, which may walk through the index for it.
const HELPER: &str = "import json, os\ndef studies(path):\n    with open(os.path.join(path, 'index.json')) as file:\n        return json.load(file)\n";

/// The same in R.
const R_HELPER: &str = "studies <- function(path) jsonlite::read_json(file.path(path, 'index.json'))\n";

#[test]
fn writes_to_a_chaimeleon_dataset_are_reported() {
    let cases = [
        ("open(os.path.join(dataset, 'seen.txt'), 'w')", "dataset-write"),
        ("open(f'{dataset}/seen.txt', mode='a')", "dataset-write"),
        ("(Path(dataset) / 'out').mkdir()", "dataset-write"),
        ("cache = dataset + '/cache'\nos.makedirs(cache, exist_ok=True)", "dataset-write"),
        ("for study in Path(dataset).iterdir():\n    (study / 'done').write_text('')", "dataset-write"),
        (
            "for top, _, names in os.walk(dataset):\n    os.remove(os.path.join(top, names[0]))",
            "dataset-write",
        ),
        ("tempfile.mkdtemp(dir=dataset)", "dataset-write"),
        ("shutil.copy('/tmp/a', '/home/chaimeleon/datasets/abc/a')", "dataset-write"),
        ("with open('scratch.bin', 'wb') as file:\n    file.write(b'')", "temporary-file"),
        ("tempfile.NamedTemporaryFile(dir='/var/cache')", "temporary-file"),
        ("requests.get('https://example.org/model.bin')", "run-time-download"),
    ];
    for (code, told) in cases {
        assert_eq!(codes_on_chaimeleon(code), [told], "{code}");
    }
}

#[test]
fn reads_of_a_chaimeleon_dataset_are_not_reported() {
    let cases = [
        "print(helper.studies(dataset))",
        "open(os.path.join(dataset, 'image.dcm'), 'rb')\nopen(os.path.join(dataset, 'image.dcm'))",
        "open(os.path.join(output_dir, 'a'), 'w')\nos.makedirs(output_dir, exist_ok=True)",
        "open('/tmp/scratch', 'w')\ntempfile.mkdtemp()\ntempfile.mkdtemp(dir='/tmp/x')",
        "open(os.path.expanduser('~/persistent-home/a'), 'w')\nopen('/home/chaimeleon/persistent-home/a', 'w')",
        "open('model.json', 'w')\nos.environ['model'] = 'model.json'",
        "os.makedirs('out')\nopen('out/a', 'w')\nos.environ['table'] = 'out/a'",
        "shutil.copy(os.path.join(dataset, 'a'), '/tmp/a')",
        "def save(dataset):\n    open(dataset, 'w')\nsave('/tmp/x')",
        "open(os.devnull, 'w')\nopen(output_dir + '/x', 'w')",
    ];
    for code in cases {
        assert!(codes_on_chaimeleon(code).is_empty(), "{code}: {:?}", codes_on_chaimeleon(code));
    }
}

#[test]
fn r_writes_to_a_chaimeleon_dataset_are_reported() {
    let cases = [
        ("saveRDS(1, file.path(dataset, 'seen.rds'))", "dataset-write"),
        ("write.csv(data.frame(), file = paste0(Sys.getenv('dataset_path'), '/seen.csv'))", "dataset-write"),
        ("cache <- file.path(dataset, 'cache')\ndir.create(cache)", "dataset-write"),
        ("readr::write_csv(data.frame(), sprintf('%s/a.csv', dataset))", "dataset-write"),
        ("for (f in list.files(dataset, full.names = TRUE)) unlink(f)", "dataset-write"),
        ("lapply(list.files(dataset), function(f) file.remove(f))", "dataset-write"),
        ("con <- file(file.path(dataset, 'a'), 'w')\nclose(con)", "dataset-write"),
        ("cat('x', 1, file = '~/datasets/abc/log.txt')", "dataset-write"),
        ("file.copy('/tmp/a', '/home/chaimeleon/datasets/abc/a')", "dataset-write"),
        ("png('plot.png')", "temporary-file"),
        ("write.table(1, 'scratch/out.txt')", "temporary-file"),
        ("x <- read.csv('https://example.org/a.csv')", "run-time-download"),
        ("httr::GET(url = 'https://example.org/a')", "run-time-download"),
        ("download.file('https://example.org/a', '/tmp/a')", "run-time-download"),
    ];
    for (code, told) in cases {
        assert_eq!(codes_of_r_on_chaimeleon(code), [told], "{code}");
    }
}

#[test]
fn r_reads_of_a_chaimeleon_dataset_are_not_reported() {
    let cases = [
        "print(studies(dataset))",
        "x <- readRDS(file.path(dataset, 'a.rds'))\nx <- file(file.path(dataset, 'b'), 'r')\nx <- file(dataset)",
        "saveRDS(1, file.path(output_dir, 'a.rds'))\ndir.create(output_dir)",
        "saveRDS(1, tempfile())\nunlink(file.path(tempdir(), 'x'))\npng('/tmp/a.png')",
        "write.csv(data.frame(), '~/persistent-home/a.csv')\nsaveRDS(1, '/home/chaimeleon/persistent-home/a')",
        "write.csv(data.frame(), 'model.csv')\nSys.setenv(model = 'model.csv')",
        "dir.create('out')\nsaveRDS(1, 'out/a')\nSys.setenv(table = 'out/a')",
        "file.copy(file.path(dataset, 'a'), '/tmp/a')",
        "keep <- function(dataset) saveRDS(1, dataset)\nkeep('/tmp/x')",
        "cat('to the log', dataset, '\\n')\nwriteLines(dataset)\nx <- read.csv('http://localhost:8080/a.csv')",
        "saveRDS <- function(x, file) NULL\nsaveRDS(1, file.path(dataset, 'a'))",
    ];
    for code in cases {
        let told = codes_of_r_on_chaimeleon(code);
        assert!(told.is_empty(), "{code}: {told:?}");
    }
    let unindexed = "# D.\n\nd <- Sys.getenv('dataset_path')\nlist.files(d)\nlist.dirs(d)\n";
    assert_eq!(codes_of("x.R", unindexed, ("y.R", "")), ["dataset-index"]);
}

#[test]
fn warns_once_about_a_dataset_read_without_its_index() {
    let folder = tempfile::tempdir().unwrap();
    let check = |text: &str| {
        std::fs::write(folder.path().join("x.py"), format!("'''D.'''\nimport os\n{text}")).unwrap();
        let arguments = ["check", "x.py", "--target", "chaimeleon", "--format", "json"];
        codes(&json(&c3_in(folder.path(), &arguments)))
    };
    assert_eq!(check("d = os.environ['dataset_path']\nos.listdir(d)\nos.walk(d)\n"), ["dataset-index"]);
    assert_eq!(check("d = os.environ['dataset_path']\n"), ["dataset-index"]);
    assert_eq!(check("d = os.environ['input_dir']\nos.listdir(d)\n"), ["dataset-index"]);
    assert!(check("d = os.environ['input_dir']\n").is_empty());
    assert!(check("d = os.environ['dataset_path']\nopen(os.path.join(d, 'index.json'))\n").is_empty());
}
