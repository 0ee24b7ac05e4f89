//! What people meet who don't know the program yet: tips, hints, help, a first operator, JSON that is always JSON.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use regex::Regex;
use serde_json::Value;
use tempfile::{TempDir, tempdir};

const SCRIPT: &str = "\"\"\"A.\"\"\"\nimport os\nn = os.getenv('n', '1')\n";

/// A folder with files in it.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// Runs a command line where no engine answers at the default socket.
fn c3(folder: &Path, line: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_c3"));
    let words = line.split(' ').filter(|word| !word.is_empty());
    command.args(words).current_dir(folder).env("NO_COLOR", "1");
    command.env("DOCKER_HOST", "unix:///nonexistent").env("XDG_CACHE_HOME", folder.join(".cache"));
    command.output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The one document on standard output.
fn json(output: &Output) -> Value {
    let document = serde_json::from_slice(&output.stdout);
    assert!(document.is_ok(), "{} / {}", String::from_utf8_lossy(&output.stdout), stderr(output));
    document.unwrap()
}

#[test]
fn every_command_reports_missing_packages_in_one_line() {
    let script = SCRIPT.replace("import os", "import os\nimport pandas, tabulate");
    let folder = folder(&[("read.py", &script)]);
    let told = "warning[missing-package]: `pandas` and `tabulate` are imported, but nowhere installed: \
                `c3 check read.py` says what to do\n";
    for line in ["inspect read.py", "create-operator --no-build read.py", "compile read.py", "run read.py"] {
        let told_by = stderr(&c3(folder.path(), line));
        assert_eq!(told_by.matches(told).count(), 1, "{line}: {told_by}");
    }
    let built = stderr(&c3(folder.path(), "compile --overwrite --base-image example.org/own:1 read.py"));
    assert!(!built.contains("missing-package"), "{built}");
}

#[test]
fn modules_beside_the_script_are_included() {
    let folder = folder(&[
        ("tool.py", "\"\"\"Uses a helper.\"\"\"\nfrom helper import f\nprint(f(1))\n"),
        ("helper.py", "from deeper import g\ndef f(x): return g(x)\n"),
        ("deeper.py", "def g(x): return x + 41\n"),
        ("other.py", "raise SystemExit(1)\n"),
    ]);
    let run = c3(folder.path(), "run --no-engine tool.py");
    assert_eq!((run.status.code(), String::from_utf8(run.stdout).unwrap().as_str()), (Some(0), "42\n"));
    let made = c3(folder.path(), "create-operator --no-build --keep-generated-files tool.py");
    assert!(
        stderr(&made).contains("`deeper.py` and `helper.py` beside the source go into the image with it")
    );
    let packed = |name: &str| folder.path().join("tool.context/files").join(name).exists();
    assert!(packed("helper.py") && packed("deeper.py") && !packed("other.py"));
    assert_eq!(c3(folder.path(), "check --stale tool.py").status.code(), Some(0));
    fs::write(folder.path().join("deeper.py"), "def g(x): return x\n").unwrap();
    let stale = c3(folder.path(), "check --stale tool.py");
    assert!(String::from_utf8(stale.stdout).unwrap().contains("stale-files"));
    assert_eq!(c3(folder.path(), "compile --stale tool.py").status.code(), Some(0));
    assert_eq!(c3(folder.path(), "check --stale tool.py").status.code(), Some(0));
}

#[test]
fn neighbouring_requirements_are_used_if_the_script_has_none() {
    let folder = folder(&[
        ("requirements.txt", "tabulate==0.9.0\n"),
        ("a.py", &SCRIPT.replace("import os", "import os, tabulate")),
        ("b.py", &SCRIPT.replace("import os", "# pip install tabulate==0.8.0\nimport os, tabulate")),
        ("c.py", SCRIPT),
    ]);
    let asked = |source: &str| {
        let component = json(&c3(folder.path(), &format!("inspect --format json {source}")));
        let requirements = component["requirements"].as_array().unwrap().clone();
        requirements.iter().map(|one| one["text"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(asked("a.py"), ["tabulate==0.9.0"]);
    assert_eq!(asked("b.py"), ["tabulate==0.8.0"]);
    assert!(asked("c.py").is_empty());
    assert_eq!(c3(folder.path(), "create-operator --no-build a.py").status.code(), Some(0));
    let dockerfile = || fs::read_to_string(folder.path().join("a.Dockerfile")).unwrap();
    assert!(dockerfile().contains("pip install --no-cache-dir 'tabulate==0.9.0'"), "{}", dockerfile());
    fs::create_dir(folder.path().join("lists")).unwrap();
    fs::write(folder.path().join("lists/all.txt"), "tabulate<1\n").unwrap();
    fs::write(folder.path().join("c3.toml"), "requirements = 'lists/all.txt'\n").unwrap();
    assert_eq!(asked("a.py"), ["tabulate<1"]);
    assert_eq!(asked("b.py"), ["tabulate==0.8.0"]);
}

#[test]
fn misspelled_commands_and_files_get_a_tip() {
    let folder = folder(&[("a.py", SCRIPT)]);
    for (line, code, tip) in [
        ("make a.py", 2, "c3 create-operator a.py"),
        ("a.py", 2, "c3 inspect a.py"),
        ("version", 2, "'--version'"),
        ("create-operater a.py", 2, "did you mean 'c3 create-operator a.py'?"),
        ("help run-it", 2, "'c3 run'"),
        ("create-operator --no-build --force a.py", 2, "'--overwrite'"),
        ("run --no-build a.py", 2, "'--no-engine'"),
        ("check --no-build a.py", 2, "'--no-build' is an option of 'c3 create-operator'"),
        ("create-operator aa.py", 1, "did you mean `a.py`?"),
    ] {
        let output = c3(folder.path(), line);
        assert_eq!(output.status.code(), Some(code), "{line}");
        assert!(stderr(&output).contains(tip), "{line}: {}", stderr(&output));
    }
}

#[test]
fn without_an_engine_the_hint_fits_the_command() {
    let folder = folder(&[("a.py", SCRIPT)]);
    for (line, has, lacks) in [
        ("run a.py", "`--no-engine`", "--no-build"),
        ("create-operator a.py", "`--no-build`", "--no-engine"),
        ("run quay.io/me/claimed-a:1", "DOCKER_HOST", "--no-"),
    ] {
        let output = c3(folder.path(), line);
        assert_eq!(output.status.code(), Some(3), "{line}");
        let said = stderr(&output);
        let hint = said.lines().find(|line| line.starts_with("hint: ")).unwrap();
        assert!(hint.contains(has) && !hint.contains(lacks), "{line}: {hint}");
    }
}

#[test]
fn run_reports_where_outputs_were_written() {
    let none = "\"\"\"A.\"\"\"\nopen('result.csv', 'w').write('1')\n";
    let one = "\"\"\"B.\"\"\"\nimport os\nos.environ['result'] = 'r.csv'\nopen('r.csv', 'w').write('1')\n";
    let folder = folder(&[("a.py", none), ("b.py", one), ("c.py", &format!("{one}raise SystemExit(4)\n"))]);
    for (source, code, said) in [
        ("a.py", 0, "warning: the operator declares no outputs, and nothing is put into `out`"),
        ("b.py", 0, "result: out/r.csv"),
        ("c.py", 4, "warning: the operator has failed: nothing is put into `out`"),
    ] {
        let output = c3(folder.path(), &format!("run --no-engine -o out {source}"));
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
        assert!(stderr(&output).contains(said), "{source}: {}", stderr(&output));
    }
}

#[test]
fn json_output_is_valid_even_after_errors() {
    let bad = "\"\"\"B.\"\"\"\nimport os\nn = int(os.getenv('n', 'five'))\n";
    let folder = folder(&[("open.py", "x = (\n"), ("b.py", bad), ("good.py", SCRIPT)]);
    for (line, code) in [
        ("inspect open.py --format json", 1),
        ("inspect nothing.py --format=json", 1),
        ("create-operator --no-build open.py --format json", 1),
        ("create-operator good.py --format json", 3),
        ("create-operator --no-build good.py --format json --nonsense", 2),
        ("create-workflow open.py --format json", 1),
        ("compile nothing.txt --format json", 1),
        ("check --format json nothing/", 1),
        ("config open.py --format json", 1),
        ("snippet open.py --format json", 1),
        ("doctor --format json", 3),
    ] {
        let output = c3(folder.path(), line);
        assert_eq!(output.status.code(), Some(code), "{line}: {}", stderr(&output));
        let document = json(&output);
        assert_eq!(document["schema_version"], 1, "{line}");
        let has_error = document["error"]["exit_code"] == code;
        assert!(
            has_error || document["operators"].is_array() || document["diagnostics"][0].is_object(),
            "{line}: {document}"
        );
    }
    let document = json(&c3(folder.path(), "inspect open.py --format json"));
    let found = &document["diagnostics"][0];
    assert_eq!((&found["code"], &found["file"]), (&"syntax-error".into(), &"open.py".into()), "{document}");
}

#[test]
fn json_output_includes_warnings() {
    let bad = "\"\"\"B.\"\"\"\nimport os\nn = int(os.getenv('n', 'five'))\n";
    let folder = folder(&[("b.py", bad), ("good.py", SCRIPT)]);
    for line in ["create-operator --no-build b.py -l ERROR", "compile b.py good.py"] {
        let document = json(&c3(folder.path(), &format!("{line} --format json")));
        assert_eq!(document["diagnostics"][0]["code"], "default-type", "{document}");
        assert_eq!(document["diagnostics"][0]["file"], "b.py");
    }
    let document = json(&c3(folder.path(), "create-workflow good.py b.py --format json"));
    let messages: Vec<_> =
        document["diagnostics"].as_array().unwrap().iter().map(|d| d["message"].to_string()).collect();
    assert!(messages.iter().any(|message| message.contains("CWL doesn't make it wait")), "{document}");
}

#[test]
fn doctor_runs_the_programs_it_finds() {
    let folder = folder(&[
        ("c3.toml", "[operators.no]\n"),
        ("python3.14", "#!/bin/sh\necho shim: gone >&2; exit 127\n"),
    ]);
    let shim = folder.path().join("python3.14");
    fs::set_permissions(&shim, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let doctor = |endpoint: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_c3"));
        command.args(["doctor", "--format", "json"]).current_dir(folder.path());
        json(&command.env("DOCKER_HOST", endpoint).env("PATH", &path).output().unwrap())
    };
    let document = doctor("unix:///nonexistent");
    let check = |name: &str| {
        let checks = document["checks"].as_array().unwrap().iter();
        let check = checks.clone().find(|check| check["name"] == name).unwrap();
        format!("{}: {}", check["state"].as_str().unwrap(), check["text"].as_str().unwrap())
    };
    let shown = format!("broken: `{}` doesn't work: shim: gone", shim.display());
    assert_eq!(check("python3.14"), shown);
    assert!(check("builder").contains("only the engine from `DOCKER_HOST` is asked"), "{}", check("builder"));
    assert!(
        check("settings").starts_with("broken: c3.toml: `[operators.no]` names no source"),
        "{}",
        check("settings")
    );
    assert!(check("engine").starts_with("missing: "));
    assert_eq!(document["error"]["exit_code"], 3);
    assert!(check("R").contains("R "), "{}", check("R"));
}

#[test]
fn every_read_only_command_supports_json() {
    let folder = folder(&[("a.py", "\"\"\"A.\"\"\"\nimport numpy\n"), ("c3.toml", "version = '7'\n")]);
    let document = json(&c3(folder.path(), "config a.py --format json"));
    assert_eq!((&document["settings"]["version"], &document["files"][0]), (&"7".into(), &"c3.toml".into()));
    let document = json(&c3(folder.path(), "snippet a.py --format json"));
    assert!(document["code"].as_str().unwrap().contains("def "), "{document}");
    let document = json(&c3(folder.path(), "fix --diff a.py --format json"));
    assert_eq!((&document["files"][0]["changed"], &document["written"]), (&true.into(), &false.into()));
    assert!(document["files"][0]["diff"].as_str().unwrap().contains("+# pip install numpy"), "{document}");
    assert!(json(&c3(folder.path(), "config --schema --format json"))["diagnostics"].is_null());
}

#[test]
fn codes_are_explained() {
    let folder = folder(&[]);
    let said = |line: &str| {
        let output = c3(folder.path(), line);
        (output.status.code(), String::from_utf8(output.stdout.clone()).unwrap() + &stderr(&output))
    };
    let (code, text) = said("explain warning[computed-name]");
    assert!(code == Some(0) && text.contains("write it as a literal"), "{text}");
    let (code, text) = said("explain computed-nam");
    assert!(code == Some(2) && text.contains("did you mean `computed-name`?"), "{text}");
    let all = json(&c3(folder.path(), "explain --format json"));
    assert_eq!(all["codes"].as_array().unwrap().len(), c3::rules::RULES.len());
}

#[test]
fn sources_without_inputs_get_a_hint() {
    let folder = folder(&[("none.py", "\"\"\"Says hello.\"\"\"\nprint('hello')\n")]);
    let printed = String::from_utf8(c3(folder.path(), "inspect none.py").stdout).unwrap();
    assert!(printed.contains("c3 explain no-inputs"), "{printed}");
    let explained = String::from_utf8(c3(folder.path(), "explain no-inputs").stdout).unwrap();
    assert!(explained.contains("os.getenv(\"rows\", \"10\")"), "{explained}");
}

#[test]
fn init_writes_an_operator_that_passes_check() {
    for (kind, source) in [("script", "words.py"), ("notebook", "words.ipynb"), ("r", "words.R")] {
        let folder = folder(&[]);
        let line = format!("init --kind {kind} --name words -r quay.io/me --ci github");
        let output = c3(folder.path(), &line);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(stderr(&output).contains("next: `c3 inspect"), "{}", stderr(&output));
        let component = json(&c3(folder.path(), &format!("inspect {source} --format json")));
        assert_eq!(component["inputs"].as_array().map(Vec::len), Some(2), "{component}");
        assert_eq!(component["outputs"][0]["type"], "File");
        assert_eq!(component["requirements"].as_array().map(Vec::len), Some(0), "{component}");
        assert_eq!(c3(folder.path(), "check .").status.code(), Some(0));
        let compiled = c3(folder.path(), "compile . -q");
        assert_eq!((compiled.status.code(), stderr(&compiled).as_str()), (Some(0), ""));
        let settings = json(&c3(folder.path(), &format!("config {source} --format json")));
        assert_eq!(settings["settings"]["repository"], "quay.io/me");
        let workflow = fs::read_to_string(folder.path().join(".github/workflows/c3.yml")).unwrap();
        let check = workflow.lines().find_map(|line| line.trim().strip_prefix("- run: c3 ")).unwrap();
        assert_eq!(c3(folder.path(), check).status.code(), Some(0), "{check}");
        let again = c3(folder.path(), &line);
        assert_eq!(again.status.code(), Some(1));
        assert!(stderr(&again).contains("already exists"), "{}", stderr(&again));
    }
    assert_eq!(c3(folder(&[]).path(), "init --name a/b").status.code(), Some(2));
    let second = folder(&[("c3.toml", "# mine\n")]);
    let said = stderr(&c3(second.path(), "init -r quay.io/me --ci gitlab"));
    assert!(
        said.contains("kept the existing `./c3.toml`: add `repository = \"quay.io/me\"` to it"),
        "{said}"
    );
    assert_eq!(fs::read_to_string(second.path().join("c3.toml")).unwrap(), "# mine\n");
    assert!(second.path().join(".gitlab-ci.yml").exists());
}

#[test]
fn next_step_is_shown_unless_quiet() {
    let folder = folder(&[("a.py", SCRIPT), ("b.py", SCRIPT)]);
    for (line, next) in [
        ("create-operator --no-build a.py", "next: the same command without `--no-build` builds the image"),
        ("compile a.py", "next: `c3 create-operator a.py` builds its image"),
        (
            "compile a.py b.py",
            "2 operators: 8 files written\nnext: `c3 create-operator FILE` builds its image",
        ),
    ] {
        let said = stderr(&c3(folder.path(), line));
        assert!(said.contains(next), "{line}: {said}");
        for silent in ["-q", "--quiet", "-l WARNING"] {
            let said = stderr(&c3(folder.path(), &format!("{line} {silent}")));
            assert_eq!(said, "", "{line} {silent}");
        }
        let said = stderr(&c3(folder.path(), &format!("{line} --format json")));
        assert!(!said.contains("next:"), "{said}");
    }
}

#[test]
fn check_exit_zero_ignores_findings() {
    let folder = folder(&[("open.py", "x = (\n")]);
    assert_eq!(c3(folder.path(), "check open.py").status.code(), Some(1));
    assert_eq!(c3(folder.path(), "check --exit-zero open.py").status.code(), Some(0));
}

#[test]
fn a_dangling_link_fails_only_its_own_file() {
    let folder = folder(&[("a.py", SCRIPT)]);
    std::os::unix::fs::symlink("nowhere.py", folder.path().join("b.py")).unwrap();
    let output = c3(folder.path(), "compile .");
    assert_eq!(output.status.code(), Some(1));
    assert!(folder.path().join("a.yaml").exists());
    let said = stderr(&output);
    assert!(said.contains("`./b.py` does not exist\nhint: it is a link that leads nowhere"), "{said}");
}

#[test]
fn dangling_links_in_additional_folders_are_reported_and_skipped() {
    let folder = folder(&[("a.py", SCRIPT)]);
    fs::create_dir(folder.path().join("data")).unwrap();
    fs::write(folder.path().join("data/b.csv"), "1\n").unwrap();
    std::os::unix::fs::symlink("nowhere", folder.path().join("data/c.csv")).unwrap();
    let output = c3(folder.path(), "create-operator --no-build --keep-generated-files a.py data");
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("warning[dangling-link]: `data/c.csv` is a link that leads nowhere"), "{said}");
    let context = folder.path().join("a.context/files");
    assert!(context.join("data/b.csv").exists() && !context.join("data/c.csv").is_symlink());
    let named = c3(folder.path(), "create-operator --no-build a.py data/c.csv");
    assert_eq!(named.status.code(), Some(1));
    assert!(
        stderr(&named).contains("error: `data/c.csv` is a link that leads nowhere"),
        "{}",
        stderr(&named)
    );
}

#[test]
fn run_passes_standard_input_on() {
    let folder = folder(&[("a.py", "\"\"\"A.\"\"\"\nimport sys\nprint(len(sys.stdin.read()))\n")]);
    fs::write(folder.path().join("text"), "x".repeat(200_000)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_c3"));
    command.args(["run", "--no-engine", "a.py"]).current_dir(folder.path());
    command.env("XDG_CACHE_HOME", folder.path().join(".cache"));
    let output = command.stdin(fs::File::open(folder.path().join("text")).unwrap()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "200000\n", "{}", stderr(&output));
}

/// The pages that people read: the README, and those of the documentation.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let below = |folder: &str| fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let folders = [".", "docs", "docs/ci", "docs/platforms", "docs/tutorials", "samples"];
    let files = folders.into_iter().flat_map(below);
    files.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

/// The anchor that a heading has.
fn anchor(heading: &str) -> String {
    let kept = |character: &char| character.is_alphanumeric() || " -_".contains(*character);
    heading
        .trim_start_matches('#')
        .trim()
        .to_lowercase()
        .chars()
        .filter(kept)
        .collect::<String>()
        .replace(' ', "-")
}

#[test]
fn documentation_links_resolve() {
    let link = Regex::new(r"\]\(([\w./-]*)(?:#([\w-]+))?\)").unwrap();
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for found in link.captures_iter(&text) {
            let target =
                if found[1].is_empty() { page.clone() } else { page.parent().unwrap().join(&found[1]) };
            assert!(target.exists(), "{}: {}", page.display(), &found[0]);
            let Some(name) = found.get(2) else { continue };
            let target = fs::read_to_string(target).unwrap();
            let has = target.lines().any(|line| line.starts_with('#') && anchor(line) == name.as_str());
            assert!(has, "{}: {}", page.display(), &found[0]);
        }
    }
}

#[test]
fn the_gallery_has_every_sample() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let gallery = fs::read_to_string(samples.join("README.md")).unwrap();
    for sample in fs::read_dir(samples).unwrap() {
        let name = sample.unwrap().file_name().into_string().unwrap();
        let is_shown =
            ["README.md", "run.sh", "requirements.txt", "more-requirements.txt"].contains(&name.as_str());
        assert!(is_shown || gallery.contains(&format!("]({name})")), "{name}");
    }
}

#[test]
fn the_readme_is_short_and_every_page_is_in_the_index() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    assert!(readme.split_whitespace().count() <= 650);
    let index = fs::read_to_string(root.join("docs/README.md")).unwrap();
    for page in fs::read_dir(root.join("docs")).unwrap() {
        let name = page.unwrap().file_name().into_string().unwrap();
        let is_listed =
            index.contains(&format!("]({name})")) || index.contains(&format!("]({name}/README.md)"));
        assert!(is_listed || ["README.md", "terminal.svg"].contains(&name.as_str()), "{name}");
    }
}

#[test]
fn folders_bare_names_and_nested_commands_get_a_tip() {
    let folder = folder(&[("read.py", SCRIPT)]);
    fs::create_dir(folder.path().join("ops")).unwrap();
    for (line, tip) in [
        ("ops", "c3 compile ops"),
        ("operators", "did you mean 'c3 create-operator'?"),
        ("cache clen", "did you mean 'c3 cache clean'?"),
        ("cache xyz", "'c3 cache' takes"),
        ("create-operator read", "did you mean `read.py`?"),
        ("run ops", "`c3 compile` and `c3 build` take whole folders"),
        ("run ops/none.yaml", "No such file or directory"),
        ("run read", "`read` is taken for an image; the source is `read.py`"),
        ("run --no-engine read.py -n 3", "did you mean `--n`?"),
        ("run --no-engine read.py --output-dir x", "before the operator: `c3 run --output-dir … read.py`"),
        ("run --no-engine read.py -o x", "before the operator: `c3 run -o … read.py`"),
        ("catalog ops", "did you mean 'c3 catalogue ops'?"),
        ("diagram read.py", "did you mean 'c3 graph read.py'?"),
    ] {
        let said = stderr(&c3(folder.path(), line));
        assert!(said.contains(tip), "{line}: {said}");
    }
}

#[test]
fn a_workflow_is_drawn() {
    let take = "\"\"\"B.\"\"\"\nimport os\nt = os.environ['t']\n";
    let make = "\"\"\"A.\"\"\"\nimport os\nos.environ['t'] = os.getenv('n', '1')\n";
    let folder = folder(&[("make.py", make), ("take.py", take)]);
    let drawn = c3(folder.path(), "graph make.py take.py");
    let picture = String::from_utf8(drawn.stdout).unwrap();
    assert!(picture.starts_with("flowchart TD\n") && picture.contains("-->|\"t\"|"), "{picture}");
    c3(folder.path(), "create-workflow make.py take.py --name both");
    for file in ["both.workflow.cwl", "both.pipeline.py"] {
        let drawn = c3(folder.path(), &format!("graph {file}"));
        assert_eq!(String::from_utf8(drawn.stdout).unwrap(), picture, "{file}");
    }
    let picture = c3(folder.path(), "graph both.workflow.cwl --format svg").stdout;
    assert!(String::from_utf8(picture).unwrap().starts_with("<svg "));
    let document = json(&c3(folder.path(), "graph make.py take.py --format json"));
    assert_eq!(document["nodes"][1]["names"][0], "make");
    for (line, hint) in [
        ("graph both.workflow.cwl make.py", "draw it alone"),
        ("graph make.cwl make.py", "give the source of the operator"),
        ("graph nothing.cwl", "cannot read `nothing.cwl`"),
    ] {
        let output = c3(folder.path(), line);
        assert_eq!(output.status.code(), Some(1), "{line}");
        assert!(stderr(&output).contains(hint), "{line}: {}", stderr(&output));
    }
}

#[test]
fn catalogue_is_written_for_a_library() {
    let secret = "\"\"\"B.\"\"\"\nimport os\npassword = os.getenv('db_password', 'hunter2')\n";
    let folder = folder(&[("a.py", SCRIPT), ("b.py", secret), ("bad.py", "x = (\n")]);
    let page = |name: &str| fs::read_to_string(folder.path().join("pages").join(name));
    let output = c3(folder.path(), "catalogue . -o pages --source");
    assert_eq!(output.status.code(), Some(1), "a source can't be read");
    assert!(page("index.html").unwrap().contains("was never closed"));
    assert!(page("operators/a.html").unwrap().contains("claimed-a:0.1"));
    let shown = page("operators/b.html").unwrap();
    assert!(shown.contains("db_password") && !shown.contains("hunter2"), "{shown}");
    fs::remove_file(folder.path().join("bad.py")).unwrap();
    fs::remove_file(folder.path().join("b.py")).unwrap();
    fs::write(folder.path().join("pages/operators/notes.html"), "mine").unwrap();
    c3(folder.path(), "compile a.py --target cwl,eoap");
    let document = json(&c3(folder.path(), "catalogue . -o pages --format json"));
    assert_eq!(document["files"].as_array().unwrap().len(), 2, "a package of one operator is no workflow");
    assert!(page("operators/b.html").is_err(), "the page of an operator that is gone stays");
    assert_eq!(page("operators/notes.html").unwrap(), "mine");
    fs::write(folder.path().join("pages/index.html"), "mine").unwrap();
    let refused = c3(folder.path(), "catalogue . -o pages");
    assert_eq!(refused.status.code(), Some(1));
    assert_eq!(page("index.html").unwrap(), "mine");
    assert_eq!(c3(folder.path(), "catalogue . -o pages --overwrite").status.code(), Some(0));
    assert_eq!(c3(folder.path(), "catalogue nowhere").status.code(), Some(1));
}

#[test]
fn check_reports_values_of_unknown_inputs() {
    let folder = folder(&[("a.py", SCRIPT), ("c3.toml", "[operators.a.job.values]\nm = \"1\"\n")]);
    let output = c3(folder.path(), "check a.py");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.code() == Some(1) && said.contains("[job]") && said.contains("`m`"), "{said}");
}
