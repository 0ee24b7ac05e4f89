//! Generated files know whether they were edited: untouched ones are replaced, edited ones shown and refused.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::{TempDir, tempdir};

const SCRIPT: &str = "\"\"\"Reads.\"\"\"\nimport os\npath = os.environ['path']\nn = int(os.getenv('n', 5))\n";

const TARGETS: [&str; 2] =
    ["--target", "kubeflow,kubernetes,cwl,eoap,kfp-ir,argo,slurm,submarine,techila,onedata,chaimeleon"];

/// Runs `c3`, and gives its exit code and what it says on standard error.
fn c3(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_c3"));
    let command = command.args(arguments).current_dir(folder).env("NO_COLOR", "1").stdin(Stdio::null());
    let output = command.output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

fn done(folder: &Path, arguments: &[&str]) {
    let (code, said) = c3(folder, arguments);
    assert_eq!(code, 0, "{arguments:?}: {said}");
}

const CREATE: [&str; 3] = ["create-operator", "--no-build", "read.py"];

fn project() -> TempDir {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("read.py"), SCRIPT).unwrap();
    folder
}

/// A folder with the files of all targets.
fn compiled() -> TempDir {
    let folder = project();
    done(folder.path(), &[&CREATE, &TARGETS[..]].concat());
    folder
}

fn text(folder: &TempDir, name: &str) -> String {
    fs::read_to_string(folder.path().join(name)).unwrap()
}

/// The generated files that are texts.
fn generated(folder: &TempDir) -> Vec<String> {
    const SOURCES: [&str; 2] = ["read.py", "r.py"];
    let entries = folder.path().read_dir().unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names
        .filter(|name| {
            !SOURCES.contains(&name.as_str()) && Path::new(name).extension() != Some("zip".as_ref())
        })
        .collect();
    names.sort();
    names
}

/// Changes all generated files.
fn change(folder: &TempDir, change: impl Fn(&str) -> String) {
    let names = generated(folder);
    assert!(names.len() > 3, "{names:?}");
    for name in names {
        let changed = change(&text(folder, &name));
        fs::write(folder.path().join(name), changed).unwrap();
    }
}

fn edit_source(folder: &TempDir) {
    fs::write(folder.path().join("read.py"), SCRIPT.replace("'n', 5", "'n', 7")).unwrap();
}

#[test]
fn unedited_files_are_replaced() {
    let changes: [&[&str]; 5] = [
        &["-r", "127.0.0.1:5000/readme"],
        &["-v", "7"],
        &["--skip-logging"],
        &["--gpu", "1"],
        &["--base-image", "x:1"],
    ];
    for changed in changes {
        let folder = compiled();
        done(folder.path(), &[&CREATE, &TARGETS[..], changed].concat());
        done(folder.path(), &[&["compile", "read.py"], &TARGETS[..]].concat());
        edit_source(&folder);
        done(folder.path(), &[&CREATE, &TARGETS[..], changed].concat());
        assert!(text(&folder, "read.yaml").contains("default: \"7\""));
    }
}

#[test]
fn formatting_by_tools_is_not_an_edit() {
    let changes: [fn(&str) -> String; 4] = [
        |text| text.replace('\n', "\r\n"),
        |text| text.trim_end().to_owned(),
        |text| format!("{text}\n"),
        |text| text.replace('\n', "  \n"),
    ];
    for changed in changes {
        let folder = compiled();
        change(&folder, changed);
        let texts = || generated(&folder).iter().map(|name| text(&folder, name)).collect::<Vec<_>>();
        let before = texts();
        done(folder.path(), &[&CREATE, &TARGETS[..]].concat());
        assert_eq!(before, texts(), "what says the same is left alone");
        edit_source(&folder);
        done(folder.path(), &["compile", "--stale", "read.py"]);
        assert!(text(&folder, "read.yaml").contains("default: \"7\""));
    }
}

#[test]
fn every_edit_is_shown_and_not_overwritten() {
    let folder = compiled();
    edit_source(&folder);
    for name in generated(&folder) {
        let before = text(&folder, &name);
        let (last, _) = before.trim_end().char_indices().next_back().unwrap();
        let edited = format!("{}~{}", &before[..last], &before[last..]);
        fs::write(folder.path().join(&name), &edited).unwrap();
        for command in [&CREATE[..], &["compile", "read.py"], &["compile", "--stale", "read.py"]] {
            let (code, said) = c3(folder.path(), &[command, &TARGETS[..]].concat());
            assert_eq!(code, 1, "{name}: {said}");
            let line = edited.trim_end().lines().next_back().unwrap();
            assert!(said.contains(&format!("  -{line}\n")), "{line}: {said}");
            assert!(said.contains(&format!("--- {name} (edited)")) && said.contains("--overwrite"), "{said}");
            assert!(
                said.contains(&format!("error: `{name}` is there already and would be changed")),
                "{said}"
            );
            assert_eq!(text(&folder, &name), edited);
        }
        fs::write(folder.path().join(&name), &before).unwrap();
    }
}

#[test]
fn yes_overwrites_edits_and_rename_keeps_them() {
    let cases = [(&["-y"][..], false), (&["--yes"], false), (&["--overwrite"], false), (&["--rename"], true)];
    for (options, is_kept) in cases {
        let folder = compiled();
        let edited = format!("{}# Ours.\n", text(&folder, "read.job.yaml"));
        fs::write(folder.path().join("read.job.yaml"), &edited).unwrap();
        edit_source(&folder);
        done(folder.path(), &[&["compile", "read.py"], &TARGETS[..], options].concat());
        assert!(!text(&folder, "read.job.yaml").contains("Ours"));
        let kept = fs::read_to_string(folder.path().join("modified_read.job.yaml")).ok();
        assert_eq!(kept, is_kept.then_some(edited));
    }
}

/// A text without its record.
fn unrecorded(text: &str) -> String {
    text.split_inclusive('\n').filter(|line| !line.contains(", made by c3 ")).collect()
}

/// A text with the record of 0.1.0.
fn old(text: &str) -> String {
    let line = |line: &str| match (line.find("; version "), line.find(')')) {
        (Some(start), Some(end)) if line.contains(", made by c3 ") => {
            format!("{}{}", &line[..start], &line[end..])
        }
        _ => line.to_owned(),
    };
    text.split_inclusive('\n').map(line).collect()
}

#[test]
fn files_without_a_digest_are_compared_with_current_output() {
    for changed in [unrecorded as fn(&str) -> String, old] {
        let folder = compiled();
        done(folder.path(), &[&CREATE, &TARGETS[..], &["-v", "0.7"]].concat());
        change(&folder, changed);
        assert!(!text(&folder, "read.yaml").contains("content"));
        done(folder.path(), &[&CREATE, &TARGETS[..]].concat());
        let component = text(&folder, "read.yaml");
        assert!(component.contains("claimed-read:0.7") && component.contains("content"), "{component}");
        change(&folder, changed);
        done(folder.path(), &[&CREATE, &TARGETS[..], &["-v", "0.8"]].concat());
        assert!(text(&folder, "read.yaml").contains("claimed-read:0.8"));
        change(&folder, changed);
        edit_source(&folder);
        let (code, said) = c3(folder.path(), &[&CREATE, &TARGETS[..]].concat());
        assert!(code == 1 && said.contains("read.yaml") && said.contains("-  default: \"5\""), "{said}");
    }
}

#[test]
fn files_of_another_source_are_not_replaced() {
    let folder = compiled();
    let cell = "{\"cells\": [{\"cell_type\": \"code\", \"metadata\": {}, \"outputs\": [], \
        \"execution_count\": null, \"source\": \"'''N.'''\"}], \"metadata\": {}, \"nbformat\": 4, \
        \"nbformat_minor\": 4}";
    fs::write(folder.path().join("read.ipynb"), cell).unwrap();
    let (code, said) = c3(folder.path(), &["create-operator", "--no-build", "read.ipynb"]);
    assert!(code == 1 && said.contains("read.yaml"), "{said}");
}

#[test]
fn images_named_in_text_are_not_mistaken_for_the_operator() {
    let named = "claimed-r:7.7";
    let scripts = [
        format!("'''Does the same as {named}, but faster.'''\nimport os\nprint(os.getenv('who', 'you'))\n"),
        format!("'''D.'''\nimport os\n# As {named}.\nprint(os.getenv('who', 'docker.io/x/{named}'))\n"),
        format!("'''D.'''\nimport os\n# image: {named}\nprint(os.getenv('image', 'image: {named}'))\n"),
    ];
    for script in scripts {
        let folder = tempdir().unwrap();
        fs::write(folder.path().join("r.py"), script).unwrap();
        let create = ["create-operator", "--no-build", "r.py"];
        for options in [&[][..], &[], &["--overwrite"], &["--rename"]] {
            done(folder.path(), &[&create[..], options].concat());
            let job = text(&folder, "r.job.yaml");
            assert!(job.contains("        image: claimed-r:0.1\n"), "{job}");
        }
        done(folder.path(), &["compile", "r.py"]);
        change(&folder, old);
        done(folder.path(), &create);
        assert!(text(&folder, "r.job.yaml").contains("        image: claimed-r:0.1\n"));
    }
}

#[test]
fn values_are_given_by_option_and_settings() {
    let folder = project();
    let job = || text(&folder, "read.job.yaml");
    let values = ["--value", "path=data/a, b=$(c)", "--value", "n=7", "--value", "log_level=DEBUG"];
    done(folder.path(), &[&CREATE[..], &values].concat());
    assert!(job().contains("- name: \"path\"\n          value: \"data/a, b=$$(c)\"\n"), "{}", job());
    assert!(job().contains("value: \"7\"") && job().contains("value: \"DEBUG\""), "{}", job());
    assert!(text(&folder, "read.yaml").contains("default: \"5\""), "a component is not a call");
    let toml = "[job.values]\npath = 'data/'\nn = 8\nother = 'of another operator'\n";
    fs::write(folder.path().join("c3.toml"), toml).unwrap();
    for _ in 0..2 {
        done(folder.path(), &CREATE);
        assert!(job().contains("\"data/\"") && job().contains("\"8\""), "{}", job());
    }
    done(folder.path(), &[&CREATE[..], &["--value", "n=9", "--target", "kubernetes,submarine"]].concat());
    assert!(job().contains("\"data/\"") && job().contains("\"9\""), "{}", job());
    assert!(text(&folder, "read.submarine.experiment.yaml").contains("    \"path\": \"data/\"\n"));
}

#[test]
fn invalid_values_are_rejected() {
    let more =
        "key = os.environ['api_key']\nok = bool(os.getenv('ok', False))\nf = float(os.getenv('f', 1))\n";
    let cases = [
        ("paht=x", "no input is called `paht`", "there are `path`, `n`, `ok`, `f`, `log_level`"),
        ("api_key=x", "the input `api_key` is a secret and takes no plain value", "--secret api_key="),
        ("n=many", "the value `many` of the input `n` is not a valid Integer", "such as `5`"),
        ("f=x", "the value `x` of the input `f` is not a valid Float", "such as `0.5`"),
        ("ok=perhaps", "the value `perhaps` of the input `ok` is not a valid Boolean", "`true` or `false`"),
    ];
    for (value, message, hint) in cases {
        let folder = project();
        fs::write(folder.path().join("read.py"), format!("{SCRIPT}{more}")).unwrap();
        let (code, said) = c3(folder.path(), &[&CREATE[..], &["--value", value]].concat());
        assert!(code == 1 && said.contains(message) && said.contains(hint), "{said}");
        assert_eq!(generated(&folder), Vec::<String>::new());
    }
    let folder = project();
    assert_eq!(c3(folder.path(), &[&CREATE[..], &["--value", "path"]].concat()).0, 2);
    fs::write(folder.path().join("c3.toml"), "[operators.read.job.values]\nnone = 1\n").unwrap();
    let (code, said) = c3(folder.path(), &CREATE);
    assert!(code == 1 && said.contains("no input is called `none`"), "{said}");
}

#[test]
fn warns_about_values_no_file_contains() {
    let folder = project();
    let arguments = [&CREATE[..], &["--value", "n=7", "--target", "cwl"]].concat();
    let (code, said) = c3(folder.path(), &arguments);
    assert!(code == 0 && said.contains("the value of `n` stands in no file of these targets"), "{said}");
}

#[test]
fn edited_values_are_shown_with_their_option() {
    let folder = project();
    done(folder.path(), &CREATE);
    let open = "        # - name: \"path\"\n        #   value: \"\"\n";
    let given = "        - name: \"path\"\n          value: \"data/\"\n";
    let edited = text(&folder, "read.job.yaml").replacen(open, given, 1);
    assert!(edited.contains(given));
    fs::write(folder.path().join("read.job.yaml"), edited).unwrap();
    let (code, said) = c3(folder.path(), &CREATE);
    assert!(code == 1 && said.contains("-          value: \"data/\"\n"), "{said}");
    assert!(said.contains("hint: give the value with `--value path=data/`, replace with"), "{said}");
    done(folder.path(), &[&CREATE[..], &["--value", "path=data/"]].concat());
    assert!(text(&folder, "read.job.yaml").contains("value: \"data/\""));
}

#[test]
fn unedited_workflows_follow_their_operators() {
    let folder = project();
    let create = ["create-workflow", "read.py", "read.py", "--name", "two"];
    done(folder.path(), &create);
    done(folder.path(), &["create-workflow", "read.py", "read.py", "read.py", "--name", "two"]);
    let edited = format!("{}# Ours.\n", text(&folder, "two.workflow.cwl"));
    fs::write(folder.path().join("two.workflow.cwl"), edited).unwrap();
    let (code, said) = c3(folder.path(), &create);
    assert!(code == 1 && said.contains("-# Ours."), "{said}");
}
